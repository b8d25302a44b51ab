"""A server whose disk is full is told as one, nothing is lost, and the same command succeeds once
there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from workbench import ROOT, Bench

from genlib.cli import run
from genlib.register import audit
from genlib.register.database import open_register
from genlib.register.schema import Base

SIZE = "48m"
SERVERS_USER = "pgserver"
"""As whom the wheel runs a server that root starts."""
ENDS = (1, 2)
"""2 where the server cannot even begin a session, for it has no room for a list of its own."""
FULL = "no space left on the device"


@dataclass(frozen=True)
class Disk:
    """A small disk of the server, and the address of a database on it."""

    folder: Path
    url: str

    def fill(self) -> None:
        """Leave no byte."""
        with suppress(OSError), (self.folder / "zeros").open("wb", buffering=0) as zeros:
            while True:
                zeros.write(bytes(4096))

    def free(self) -> None:
        (self.folder / "zeros").unlink()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """An empty disk of its own that the server may write to."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = Path(tempfile.mkdtemp(prefix="genlib-disk-"))
    folder.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("this machine lets nobody mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def disk(postgresql: str, small_disk: Path) -> Iterator[Disk]:
    own = small_disk / "space"
    own.mkdir()
    shutil.chown(own, SERVERS_USER)
    server = sa.create_engine(
        sa.make_url(postgresql).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{own}'")
        connection.exec_driver_sql("CREATE DATABASE on_small_disk TABLESPACE small")
    url = sa.make_url(postgresql).set(database="on_small_disk")
    yield Disk(small_disk, url.render_as_string(hide_password=False))
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE on_small_disk WITH (FORCE)")
        connection.exec_driver_sql("DROP TABLESPACE small")
    server.dispose()


@pytest.fixture
def say(
    disk: Disk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """A command of a workbench with an empty register on the small disk, and its errors."""
    bench = Bench(tmp_path / "bench")
    bench.home.mkdir()
    (bench.home / "password").write_text("correct horse battery")
    for name in ("GENLIB_HOME", "GENLIB_USER", "GENLIB_PASSWORD_FILE"):
        monkeypatch.setenv(name, bench.environment[name])
    monkeypatch.setenv("GENLIB_REGISTER", disk.url)

    def say(*words: str, codes: tuple[int, ...] = (0,)) -> str:
        capsys.readouterr()
        done = run(list(words))
        assert done in codes, capsys.readouterr().err
        return capsys.readouterr().err

    say("keys", "create")
    say("register", "create")
    return say


@pytest.mark.slow
def test_a_load_a_refresh_and_a_request_hit_a_full_disk_and_succeed_afterwards(
    disk: Disk, say: Callable[..., str], tmp_path: Path
) -> None:
    letter = ["--kind", "restriction", "--customer", "1", "--form", "letter"]
    for words in (
        ["register", "load", f"{ROOT / 'data/sample'}"],
        ["register", "refresh", f"{write_next_state(tmp_path / 'next')}"],
        ["subject", "receive", *letter],
    ):
        before = count_rows(disk.url)
        disk.fill()
        lines = say(*words, codes=ENDS).splitlines()
        assert FULL in lines[-1].lower()
        assert [line for line in lines if "Traceback" in line] == []
        disk.free()
        assert count_rows(disk.url) == before
        say(*words)
        assert count_rows(disk.url) != before
    assert audit.verify(open_register(disk.url)) > 0


def count_rows(url: str) -> dict[str, int]:
    """Rows of all tables but the audit trail, which tells of the use of a key by itself, and the
    holds, where a load that did not end is marked."""
    register = open_register(url)
    names = Base.metadata.tables.keys() - {"audit_event", "held_back"}
    return {name: register.count(name) for name in names}


def write_next_state(folder: Path) -> Path:
    """The sample's customers, each with a new surname, and its interactions once more, numbered
    anew."""
    folder.mkdir()
    sample = ROOT / "data/sample"
    customers = pl.read_csv(sample / "customer.csv", infer_schema=False)
    renamed = customers.with_columns(
        family_name=pl.lit("Kuuralehto"), updated_at=pl.lit("2026-11-29T08:00:00Z")
    )
    renamed.write_csv(folder / "customer.csv")
    events = pl.read_csv(sample / "interaction.csv", infer_schema=False)
    number = pl.col("id").cast(pl.Int64) + 1_000_000
    events.with_columns(id=number).write_csv(folder / "interaction.csv")
    return folder
