"""A server is written to by several people at once and may go away in the middle: what is kept is
whole, and the one line says what to do."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import psycopg
import pytest
import sqlalchemy as sa

from genlib.errors import GenlibError
from genlib.register import audit
from genlib.register.database import Register, create_register, open_register
from genlib.register.schema import table

PROCESSOR = {"name": "Posti", "service": "post", "country": "FI", "contract": "1"}
HEADER = "id,kind,joined_on,non_disclosure,source,updated_at,family_name\n"
ROW = "{id},consumer,2020-01-01,false,DATA_SUBJECT,2026-01-01T00:00:00Z,Kuuralehto\n"
LOAD = """
import sys
from genlib.register.database import open_register
from genlib.register.intake import load
from genlib.register.vault import IdentityKey
from pathlib import Path
key = IdentityKey(bytes(range(32)))
load(open_register(sys.argv[1]), Path(sys.argv[2]), key, rejected_to=Path(sys.argv[3]))
"""


@pytest.fixture
def server(postgresql_url: str) -> Register:
    return create_register(postgresql_url)


def test_two_stewards_load_the_same_file_at_once_and_it_is_there_once(
    server: Register, postgresql_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    rows = "".join(ROW.format(id=number) for number in range(1, 201))
    (folder / "customer.csv").write_text(HEADER + rows)
    with server.writing():  # both wait for their turn behind this one
        loads = [
            subprocess.Popen(
                [sys.executable, "-c", LOAD, postgresql_url, folder, tmp_path / f"rejected{n}"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for n in range(2)
        ]
        wait_for_turns(server, loads)
    answers = [load.communicate(timeout=300) for load in loads]
    assert [load.returncode for load in loads] == [0, 0], answers
    assert server.count("customer") == 200
    with server.engine.connect() as connection:
        events = table("audit_event")
        query = sa.select(events.c.people).where(events.c.action == "load")
        assert sorted(connection.scalars(query)) == [0, 200]
    assert audit.verify(server) == 2


def wait_for_turns(register: Register, loads: list[subprocess.Popen[str]]) -> None:
    """Until each of them waits for its turn to write."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    pause = threading.Event()
    with register.engine.connect() as connection:
        while connection.scalar(waiting) < len(loads):
            assert [load.poll() for load in loads] == [None] * len(loads)
            pause.wait(0.05)


def test_who_waits_too_long_is_told_so(server: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genlib.register.database.BUSY_SECONDS", 0.1)
    other = open_register(address(server))
    busy = pytest.raises(GenlibError, match="another process is writing to the register")
    with server.writing(), busy, other.writing():
        pass


def test_a_connection_that_is_lost_in_the_middle_leaves_the_register_as_it_was(
    server: Register, postgresql_url: str
) -> None:
    def write_and_lose() -> None:
        with server.writing() as connection:
            connection.execute(table("processor").insert().values(id=1, **PROCESSOR))
            end_session(postgresql_url, connection)
            connection.execute(table("processor").insert().values(id=2, **PROCESSOR))

    with pytest.raises(GenlibError, match="connection to the register's server was lost") as lost:
        write_and_lose()
    assert "\n" not in str(lost.value)
    assert "Posti" not in str(lost.value)
    assert server.count("processor") == 0
    with server.writing() as connection:
        connection.execute(table("processor").insert().values(id=1, **PROCESSOR))
    assert server.count("processor") == 1


def test_a_connection_that_is_lost_before_the_end_keeps_nothing(
    server: Register, postgresql_url: str
) -> None:
    lost = pytest.raises(GenlibError, match="connection to the register's server was lost")
    with lost, audit.told(server) as (connection, tell):
        tell(audit.Event("register", "load", 1))
        end_session(postgresql_url, connection)
    assert server.count("audit_event") == 0


def test_a_bulk_of_rows_whose_connection_is_lost_keeps_none(
    server: Register, postgresql_url: str
) -> None:
    rows = pl.DataFrame({"id": [1, 2], **PROCESSOR})
    lost = pytest.raises(GenlibError, match="connection to the register's server was lost")
    with lost, server.writing() as connection:
        server.append("processor", rows.head(1))
        end_session(postgresql_url, connection)
        server.append("processor", rows.tail(1))
    assert server.count("processor") == 0


def test_a_reading_whose_connection_is_lost_says_so(server: Register, postgresql_url: str) -> None:
    ending = (
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    lost = pytest.raises(GenlibError, match="connection to the register's server was lost")
    with lost, server.snapshot():
        list(server.scan("processor"))
        with psycopg.connect(postgresql_url, autocommit=True) as root:
            root.execute(ending)
        list(server.scan("processor"))


def end_session(postgresql_url: str, connection: sa.Connection) -> None:
    """As an administrator, a restart or a broken network does."""
    number = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    with psycopg.connect(postgresql_url, autocommit=True) as root:
        root.execute("SELECT pg_terminate_backend(%s, 10000)", [number])


def address(register: Register) -> str:
    url = register.engine.url
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
