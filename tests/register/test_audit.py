"""Whatever is done to the trail afterwards shows."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from genlib.errors import GenlibError
from genlib.register import audit
from genlib.register.database import Register, create_register
from genlib.register.schema import table

EVENT = {"user": "anna", "purpose": "customer_analysis", "action": "publish", "people": 3}
EVENTS = table("audit_event")


@pytest.fixture
def trail(register: Register) -> Iterator[Register]:
    for people in range(5):
        audit.record(
            register, **EVENT | {"people": people}, subjects=[9, 7], detail={"rows": people}
        )
    return register


def execute(register: Register, statement: sa.Executable) -> None:
    with register.writing() as connection:
        connection.execute(statement)


def test_events_are_numbered_and_the_trail_holds(trail: Register) -> None:
    assert audit.record(trail, **EVENT) == 6
    assert audit.verify(trail) == 6


def test_an_empty_trail_holds(register: Register) -> None:
    assert audit.verify(register) == 0


def test_an_event_says_who_when_why_what_and_whom(register: Register) -> None:
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    audit.record(register, **EVENT, subjects=[2, 1], at=noon)
    with register.engine.connect() as connection:
        row = connection.execute(EVENTS.select()).one()
    assert (row.at, row.user, row.purpose, row.action, row.people, row.subjects) == (
        noon,
        "anna",
        "customer_analysis",
        "publish",
        3,
        "[1, 2]",
    )


@pytest.mark.parametrize("column", ["user", "purpose", "action", "subjects", "detail"])
def test_a_changed_text_is_found(trail: Register, column: str) -> None:
    execute(trail, EVENTS.update().where(EVENTS.c.id == 3).values({column: "other"}))
    with pytest.raises(GenlibError, match="broken at event 3"):
        audit.verify(trail)


def test_a_changed_number_or_time_is_found(trail: Register) -> None:
    execute(trail, EVENTS.update().where(EVENTS.c.id == 2).values(people=99))
    with pytest.raises(GenlibError, match="broken at event 2"):
        audit.verify(trail)
    execute(trail, EVENTS.update().where(EVENTS.c.id == 2).values(people=1))
    assert audit.verify(trail) == 5
    execute(
        trail,
        EVENTS.update().where(EVENTS.c.id == 5).values(at=dt.datetime(2001, 1, 1, tzinfo=dt.UTC)),
    )
    with pytest.raises(GenlibError, match="broken at event 5"):
        audit.verify(trail)


def test_a_removed_event_is_found(trail: Register) -> None:
    execute(trail, EVENTS.delete().where(EVENTS.c.id == 2))
    with pytest.raises(GenlibError, match="broken at event 2"):
        audit.verify(trail)


def test_a_cut_off_trail_is_found(trail: Register) -> None:
    execute(trail, EVENTS.delete().where(EVENTS.c.id > 3))
    with pytest.raises(GenlibError, match="cut off after event 3: the anchor knows 5 events"):
        audit.verify(trail)


def test_a_trail_written_anew_is_found(trail: Register) -> None:
    anchor = audit.anchor_path(trail).read_text()
    execute(trail, EVENTS.delete())
    audit.anchor_path(trail).unlink()
    for _ in range(5):
        audit.record(trail, **EVENT)
    audit.anchor_path(trail).write_text(anchor)
    with pytest.raises(GenlibError, match="broken at event 1"):
        audit.verify(trail)


def test_a_lost_anchor_is_said(trail: Register) -> None:
    audit.anchor_path(trail).unlink()
    with pytest.raises(GenlibError, match="anchor of the audit trail is missing"):
        audit.verify(trail)


def test_an_anchor_kept_elsewhere_can_be_named(trail: Register, tmp_path: Path) -> None:
    kept = audit.anchor_path(trail).rename(tmp_path / "kept")
    assert audit.verify(trail, anchor=kept) == 5


def test_a_crash_between_event_and_anchor_is_no_tampering(trail: Register) -> None:
    path = audit.anchor_path(trail)
    lines = path.read_text()
    path.write_text("".join(lines)[:-40])
    assert audit.verify(trail) == 5
    assert audit.record(trail, **EVENT) == 6
    assert audit.verify(trail) == 6
    execute(trail, EVENTS.delete().where(EVENTS.c.id == 6))
    with pytest.raises(GenlibError, match="cut off after event 5"):
        audit.verify(trail)


def test_writers_at_the_same_time_keep_one_chain(url: str, register: Register) -> None:
    def write() -> None:
        own = create_register(url)
        for _ in range(5):
            audit.record(own, **EVENT)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert audit.verify(register) == 20


def test_the_anchor_lies_outside_the_database(register: Register) -> None:
    audit.record(register, **EVENT)
    assert audit.anchor_path(register).is_file()


def test_tampering_by_another_program_is_found(sqlite_url: str) -> None:
    register = create_register(sqlite_url)
    audit.record(register, **EVENT)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    other.execute("UPDATE audit_event SET people = 0")
    other.commit()
    other.close()
    with pytest.raises(GenlibError, match="broken at event 1"):
        audit.verify(register)
