"""Whatever is done to the trail afterwards shows."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from genlib.errors import GenlibError
from genlib.register import audit
from genlib.register.database import Register, create_register
from genlib.register.schema import table
from genlib.register.vault import IdentityKey

KEY = IdentityKey(bytes(range(32)))
EVENT = {"user": "anna", "purpose": "customer_analysis", "action": "publish", "people": 3}
EVENTS = table("audit_event")


@pytest.fixture
def trail(register: Register) -> Register:
    return fill_trail(register)


def fill_trail(register: Register) -> Register:
    """Five events of two people."""
    for people in range(5):
        audit.record(
            register, KEY, **EVENT | {"people": people}, subjects=[9, 7], detail={"rows": people}
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
    audit.record(register, KEY, **EVENT, subjects=[2, 1], at=noon)
    with register.engine.connect() as connection:
        row = connection.execute(EVENTS.select()).one()
    assert (row.at, row.user, row.purpose, row.action, row.people, row.subjects) == (
        noon,
        "anna",
        "customer_analysis",
        "publish",
        3,
        json.dumps(audit.name_subjects(KEY, [1, 2])),
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


def cut_anchor(trail: Register, lines: int) -> None:
    path = audit.anchor_path(trail)
    kept = path.read_bytes().splitlines(keepends=True)[:lines]
    path.write_bytes(b"".join(kept))


def test_the_next_event_brings_up_an_anchor_that_a_crash_left_behind(trail: Register) -> None:
    whole = audit.anchor_path(trail).read_bytes()
    cut_anchor(trail, 3)
    assert audit.verify(trail) == 5
    assert audit.record(trail, **EVENT) == 6
    assert audit.anchor_path(trail).read_bytes().startswith(whole)


def test_what_a_crash_left_without_a_line_is_verified_before_it_gets_one(
    sqlite_url: str,
) -> None:
    trail = fill_trail(create_register(sqlite_url))
    cut_anchor(trail, 3)
    execute(trail, EVENTS.update().where(EVENTS.c.id == 5).values(people=99))
    with pytest.raises(GenlibError, match="broken at event 5"):
        audit.record(trail, **EVENT)
    assert trail.count("audit_event") == 5


def test_on_a_server_an_event_that_was_changed_before_it_had_a_line_is_found_by_verify(
    postgresql_url: str,
) -> None:
    trail = fill_trail(create_register(postgresql_url))
    cut_anchor(trail, 3)
    execute(trail, EVENTS.update().where(EVENTS.c.id == 5).values(people=99))
    audit.record(trail, **EVENT)
    with pytest.raises(GenlibError, match="broken at event 5"):
        audit.verify(trail)


def test_on_a_server_an_event_that_is_missing_stops_the_next(postgresql_url: str) -> None:
    trail = fill_trail(create_register(postgresql_url))
    cut_anchor(trail, 3)
    execute(trail, EVENTS.delete().where(EVENTS.c.id == 4))
    with pytest.raises(GenlibError, match="lacks event 4"):
        audit.record(trail, **EVENT)


def test_nothing_is_done_on_a_trail_that_was_cut_off(trail: Register) -> None:
    execute(trail, EVENTS.delete().where(EVENTS.c.id > 3))
    with pytest.raises(GenlibError, match=r"not have event 5 as its anchor .* put its anchor"):
        audit.record(trail, **EVENT)
    assert trail.count("audit_event") == 3


def test_an_embedded_register_needs_its_anchor(sqlite_url: str) -> None:
    register = create_register(sqlite_url)
    for _ in range(6):
        audit.record(register, **EVENT)
    cut_anchor(register, 1)
    with pytest.raises(GenlibError, match="lacks the last 5 events"):
        audit.verify(register)
    with pytest.raises(GenlibError, match="lacks 5 events, so nothing was done"):
        audit.record(register, **EVENT)
    audit.anchor_path(register).unlink()
    with pytest.raises(GenlibError, match="lacks 6 events, so nothing was done"):
        audit.record(register, **EVENT)
    assert register.count("audit_event") == 6


def test_another_workbench_of_a_server_begins_an_anchor_of_its_own(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = create_register(postgresql_url)
    for _ in range(6):
        audit.record(register, **EVENT)
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "other"))
    assert audit.record(register, **EVENT) == 7
    assert audit.verify(register) == 7
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))
    assert audit.verify(register) == 7
    register.engine.dispose()


def tell_events(register: Register, events: list[audit.Event]) -> list[int]:
    with audit.told(register) as (_, tell):
        return [tell(event) for event in events]


def test_one_act_tells_a_few_events_at_most(register: Register) -> None:
    event = audit.Event("customer_analysis", "publish", 1)
    with pytest.raises(GenlibError, match="at most 4"):
        tell_events(register, [event] * 5)
    assert register.count("audit_event") == 0
    assert tell_events(register, [event] * 2) == [1, 2]
    assert audit.verify(register) == 2


def test_whom_an_event_is_of_is_told_with_the_key_only(register: Register) -> None:
    with pytest.raises(GenlibError, match="needs the identity key"):
        audit.record(register, **EVENT, subjects=[17])
    assert register.count("audit_event") == 0
    assert audit.record(register, **EVENT, subjects=[]) == 1


def test_pseudonyms_of_the_trail_are_of_their_own_domain() -> None:
    [one] = audit.name_subjects(KEY, [17])
    assert (one[:3], len(one)) == ("au-", 27)
    assert audit.name_subjects(KEY, [18, 17]) == sorted([one, *audit.name_subjects(KEY, [18])])
    assert audit.name_subjects(IdentityKey(bytes(32)), [17]) != [one]


def test_the_events_of_a_customer_tell_no_employee(register: Register) -> None:
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    audit.record(register, KEY, **EVENT, subjects=[1, 17], at=noon)
    audit.record(register, KEY, **EVENT, subjects=[1])
    audit.record(register, **EVENT)
    trace = audit.Trace(noon, "customer_analysis", "publish")
    assert audit.list_events_of(register, KEY, [17]) == [trace]
    assert audit.list_events_of(register, KEY, [2]) == []


def test_the_latest_events_are_chosen_by_action_and_instant(register: Register) -> None:
    for day in (1, 2, 3):
        at = dt.datetime(2026, 3, day, tzinfo=dt.UTC)
        audit.record(register, **EVENT | {"action": f"act {day % 2}"}, at=at)
    assert [row.id for row in audit.list_events(register, last=2)] == [2, 3]
    assert [row.id for row in audit.list_events(register, action="act 1")] == [1, 3]
    since = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    assert [row.id for row in audit.list_events(register, since=since)] == [2, 3]
