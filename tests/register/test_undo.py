"""A refresh is taken back while nothing builds on it, checked before it is kept, told afterwards,
and leaves the old or the new state whenever it is killed."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from next_state import (
    CAMPAIGN,
    CONTACT,
    CUSTOMER,
    INVOICE,
    NOW,
    PERMISSION,
    read_table,
    refresh,
    write,
)

from genlib.errors import Refused, UsageError
from genlib.register.batches import read_folder
from genlib.register.database import Register, create_register, open_register
from genlib.register.holds import check_everybody_is_named, held_people
from genlib.register.intake import load
from genlib.register.refresh import Refresh
from genlib.register.runs import read_feeds, tell_history
from genlib.register.schema import table
from genlib.register.undo import undo_run
from genlib.register.undo_marks import Ended
from genlib.register.vault import IdentityKey

STAND = {"customer": CUSTOMER, "campaign": CAMPAIGN, "campaign_contact": CONTACT}
NEXT = {**CUSTOMER, "family_name": "Esimerkki", "postal_code": "90310"}
TABLES = ("customer", "invoice", "permission")


def test_a_refresh_taken_back_leaves_the_register_as_it_was(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", **STAND, invoice=INVOICE, permission=PERMISSION)
    refresh(register, key, folder)
    before = {name: pl.concat(register.scan(name)) for name in TABLES}
    wrong = {
        "customer": [NEXT, {**CUSTOMER, "id": "2"}],
        "invoice": [{**INVOICE, "paid_on": "2026-10-01"}, {**INVOICE, "id": "2"}],
        "permission": {**PERMISSION, "id": "2", "act": "prohibition"},
    }
    refresh(register, key, write(tmp_path / "in", **wrong))
    assert register.count("suppression") > 0
    taken_back = undo_run(register, key, 2, NOW)
    assert taken_back.counts == {"permission": 1, "invoice": 2, "customer": 2}
    for name in TABLES:
        assert pl.concat(register.scan(name)).equals(before[name])
    assert register.count("suppression") == 0


def test_a_refresh_that_a_later_one_builds_on_is_not_taken_back(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER))
    refresh(register, key, write(tmp_path / "in", customer=NEXT))
    refresh(register, key, write(tmp_path / "in", customer={**NEXT, "family_name": "Kolmas"}))
    with pytest.raises(Refused, match="later refreshes touched 1 rows of refresh 2"):
        undo_run(register, key, 2, NOW)
    undo_run(register, key, 3, NOW)
    undo_run(register, key, 2, NOW)
    assert read_table(register, key, "customer")["family_name"].to_list() == ["Kuuralehto"]


def test_no_number_of_a_refresh_is_given_again_when_the_log_was_swept(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    """Of a key that a source gave in refresh 9 nothing else tells, and it must not go when another
    refresh is taken back."""
    folder = write(tmp_path / "in", **STAND)
    runs = [refresh(register, key, folder)["customer"].run for _ in range(2)]
    with register.writing() as connection:
        for name in ("refresh_run", "refresh_row"):
            connection.execute(table(name).delete())
    runs.append(refresh(register, key, folder)["customer"].run)
    named = {"source": "shop", "table": "customer", "key": "k", "id": 9, "run": 9}
    with register.writing() as connection:
        connection.execute(table("source_key").insert().values(**named))
    runs.append(refresh(register, key, folder)["customer"].run)
    assert runs == [1, 2, 7, 10]


def test_rows_that_others_point_at_are_not_taken_back(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER))
    refresh(register, key, write(tmp_path / "other", invoice=INVOICE))
    with pytest.raises(Refused, match="other rows point at rows"):
        undo_run(register, key, 1, NOW)
    assert register.count("customer") == 1


def test_only_a_refresh_that_was_is_taken_back_and_once(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="there is no refresh 7"):
        undo_run(register, key, 7, NOW)
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER))
    undo_run(register, key, 1, NOW)
    with pytest.raises(UsageError, match="taken back already"):
        undo_run(register, key, 1, NOW)


def test_a_check_tells_what_a_refresh_would_do_and_keeps_nothing(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", customer=[CUSTOMER, {**CUSTOMER, "id": "x"}], invoice=INVOICE)
    work = Refresh(register, key, tmp_path / "rejected", at=NOW)
    found = {
        outcome.table: (outcome, faults) for outcome, faults in work.check(read_folder(folder))
    }
    assert found["customer"][0].fresh == 1
    assert found["customer"][1] == b"row,column,rule\n3,id,not_an_integer\n"
    assert found["invoice"][0].fresh == 1
    empty = ("customer", "invoice", "refresh_run", "held_back", "audit_event", "fingerprint")
    assert {register.count(name) for name in empty} == {0}


def test_the_history_tells_the_last_refresh_of_each_table(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER))
    refresh(register, key, write(tmp_path / "in", customer=NEXT))
    assert tell_history(register, NOW + dt.timedelta(days=2)) == [
        "own customer: refresh 2 at 2026-11-01 00:00 UTC, file of 2026-11-01 00:00 UTC; 1 read, "
        "0 new, 1 changed, 0 refused, 0 held back; newest event 305 days old",
        "own: newest event 305 days old",
    ]


def test_of_feeds_the_newest_event_in_some_tables_is_told_by_day(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    assert read_feeds(register, {"customer"}, "Europe/Helsinki").is_empty()
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER, invoice=INVOICE))
    paid = {**INVOICE, "paid_on": "2026-10-01"}
    refresh(register, key, write(tmp_path / "later", invoice=paid))
    told = read_feeds(register, {"customer"}, "Europe/Helsinki").rows()
    day = dt.date(2026, 11, 1)
    assert told == [("own", 1, day, dt.date(2026, 1, 1))]
    both = read_feeds(register, {"customer", "invoice"}, "Europe/Helsinki").rows()
    assert both == [("own", 2, day, dt.date(2026, 10, 1))]
    undo_run(register, key, 2, NOW)
    undone = read_feeds(register, {"customer", "invoice"}, "Europe/Helsinki").rows()
    assert undone == [("own", 1, day, dt.date(2026, 9, 1))]


def test_a_refresh_killed_at_any_instant_leaves_the_old_or_the_new_state(
    url: str, tmp_path: Path
) -> None:
    key = IdentityKey(bytes(range(32)))
    people = [{**CUSTOMER, "id": str(number)} for number in range(1, 3_001)]
    register = create_register(url)
    refresh(register, key, write(tmp_path / "in", customer=people), as_of=NOW)
    old = read_table(register, key, "customer")
    moved = [person | {"postal_code": "90310"} for person in people]
    folder = write(tmp_path / "in", customer=moved)
    program = (
        "import sys, pathlib, datetime as dt\n"
        "from next_state import refresh\n"
        "from genlib.register.database import open_register\n"
        "from genlib.register.vault import IdentityKey\n"
        "print('begun', flush=True)\n"
        "refresh(open_register(sys.argv[1]), IdentityKey(bytes(range(32))),"
        " pathlib.Path(sys.argv[2]))\n"
    )
    register.engine.dispose()
    new = old.with_columns(postal_code=pl.lit("90310"))
    for pause in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5):
        process = subprocess.Popen(
            [sys.executable, "-c", program, url, str(folder)],
            env={"PYTHONPATH": ":".join(sys.path), "GENLIB_HOME": str(tmp_path / "home")},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(pause)
        process.kill()
        process.communicate()
        state = read_table(open_register(url), key, "customer")
        assert state.equals(old) or state.equals(new)
    refresh(open_register(url), key, folder)
    assert read_table(open_register(url), key, "customer").equals(new)


def test_an_opting_out_and_an_end_taken_back_leave_the_suppression_list_as_it_was(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    prohibition = {**PERMISSION, "act": "prohibition", "scope": "phone"}
    refresh(register, key, write(tmp_path / "in", **STAND, permission=prohibition))
    columns = ["identifier", "digest", "scope", "since"]
    before = pl.concat(register.scan("suppression", columns))
    ended = {**prohibition, "ended_at": "2026-10-30T08:00:00Z"}
    opted = {**CONTACT, "opted_out_at": CONTACT["sent_at"]}
    refresh(register, key, write(tmp_path / "in", permission=ended, campaign_contact=opted))
    between = pl.concat(register.scan("suppression", columns))
    undo_run(register, key, 2, NOW)
    after = pl.concat(register.scan("suppression", columns))
    assert (set(before["scope"]), set(between["scope"])) == ({"phone"}, {"email"})
    assert after.sort(columns).equals(before.sort(columns))


PROHIBITION = {**PERMISSION, "act": "prohibition"}
ENTRY = ["identifier", "digest", "scope", "since"]


def read_list(register: Register) -> pl.DataFrame:
    return pl.concat(register.scan("suppression", ENTRY)).sort(ENTRY)


def test_what_another_customer_of_the_address_prohibits_stays_on_the_list(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    refresh(register, key, write(tmp_path / "in", customer=people))
    refresh(register, key, write(tmp_path / "first", permission=PROHIBITION))
    refresh(register, key, write(tmp_path / "own", customer=people))
    also = {**PROHIBITION, "id": "2", "customer_id": "2"}
    refresh(register, key, write(tmp_path / "second", permission=also))
    before = read_list(register)
    assert before.height == 1
    undo_run(register, key, 2, NOW)
    assert read_list(register).equals(before)
    undo_run(register, key, 4, NOW)
    assert read_list(register).equals(before)


def test_what_was_on_the_list_before_the_refresh_stays_when_it_is_taken_back(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER, permission=PROHIBITION))
    before = read_list(register)
    with register.writing() as connection:
        connection.execute(table("permission").delete())
    refresh(register, key, write(tmp_path / "again", permission={**PROHIBITION, "id": "2"}))
    undo_run(register, key, 2, NOW)
    assert read_list(register).equals(before)


def test_what_an_erased_customer_prohibited_stays_when_its_refresh_is_taken_back(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER, permission=PROHIBITION))
    before = read_list(register)
    with register.writing() as connection:
        for name in ("permission", "customer"):
            connection.execute(table(name).delete())
    undo_run(register, key, 1, NOW)
    assert before.height == 1
    assert read_list(register).equals(before)


def test_an_end_lifts_nothing_that_another_customer_of_the_address_prohibits(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    acts = [PROHIBITION, {**PROHIBITION, "id": "2", "customer_id": "2"}]
    refresh(register, key, write(tmp_path / "in", customer=people, permission=acts))
    before = read_list(register)
    ended = [{**act, "ended_at": "2026-10-30T08:00:00Z"} for act in acts]
    refresh(register, key, write(tmp_path / "one", permission=ended[:1]))
    assert read_list(register).equals(before)
    refresh(register, key, write(tmp_path / "two", permission=ended[1:]))
    assert read_list(register).is_empty()


DAYS = [NOW + dt.timedelta(days=number) for number in range(4)]
UNREADABLE = {**PERMISSION, "id": "7", "ended_at": "1.13.2026"}


def read_held(register: Register) -> list[int]:
    with register.engine.connect() as connection:
        return held_people(connection)["customer_id"].to_list()


def test_marks_of_a_whole_file_go_with_it(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    refresh(register, key, write(tmp_path / "in", customer=people), at=DAYS[0])
    wrong = write(tmp_path / "wrong", customer=CUSTOMER)
    refresh(register, key, wrong, at=DAYS[1], is_whole=True)
    assert register.count("missing_row") == 1
    assert undo_run(register, key, 2, NOW).counts == {"missing_row": 1}
    assert register.count("missing_row") == 0


def test_a_mark_stays_while_a_later_whole_file_says_the_same(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    refresh(register, key, write(tmp_path / "in", customer=people), at=DAYS[0])
    part = write(tmp_path / "part", customer=CUSTOMER)
    for day in DAYS[1:3]:
        refresh(register, key, part, at=day, is_whole=True)
    taken_back = undo_run(register, key, 2, NOW)
    assert taken_back.marks == Ended(0, 1)
    assert "1 rows stay marked as not sent any more" in taken_back.notices[0]
    assert undo_run(register, key, 3, NOW).counts == {"missing_row": 1}
    assert register.count("missing_row") == 0


def test_the_mark_of_a_row_goes_with_the_row(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER), at=DAYS[0])
    second = write(tmp_path / "wrong", customer={**CUSTOMER, "id": "2"})
    refresh(register, key, second, at=DAYS[1])
    refresh(register, key, tmp_path / "in", at=DAYS[2], is_whole=True)
    assert register.count("missing_row") == 1
    assert undo_run(register, key, 2, NOW).counts == {"customer": 1, "missing_row": 1}


def test_holds_of_refused_rows_go_with_their_refresh(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    first = write(tmp_path / "in", customer=people, permission={**UNREADABLE, "customer_id": "2"})
    refresh(register, key, first, at=DAYS[0])
    strange = {**CUSTOMER, "id": "3", "kind": "?"}
    wrong = write(tmp_path / "wrong", customer=strange, permission=UNREADABLE)
    refresh(register, key, wrong, at=DAYS[1])
    assert read_held(register) == [1, 2, 3]
    taken_back = undo_run(register, key, 2, NOW)
    assert (taken_back.counts, taken_back.notices) == ({"held_back": 2}, [])
    assert read_held(register) == [2]
    assert register.count("held_identifier") == 0


def test_nobody_is_on_a_list_after_a_refresh_that_ended_a_hold_is_taken_back(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    """Until the right file is in, which may refuse the row again."""
    first = write(tmp_path / "in", customer=CUSTOMER, permission=UNREADABLE)
    refresh(register, key, first, at=DAYS[0])
    assert read_held(register) == [1]
    mended = write(tmp_path / "wrong", permission={**UNREADABLE, "ended_at": ""})
    refresh(register, key, mended, at=DAYS[1])
    assert read_held(register) == []
    taken_back = undo_run(register, key, 2, NOW)
    assert taken_back.unsure == ("permission",)
    assert "no contact list is exported until a file of it is in" in taken_back.notices[-1]
    with register.engine.connect() as connection, pytest.raises(Refused, match="not_loaded 1"):
        check_everybody_is_named(connection)
    refresh(register, key, first, at=DAYS[2])
    with register.engine.connect() as connection:
        check_everybody_is_named(connection)
    assert read_held(register) == [1]


def test_a_hold_stays_while_a_later_refresh_may_say_the_same(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER), at=DAYS[0])
    wrong = write(tmp_path / "wrong", permission=UNREADABLE)
    for day in DAYS[1:3]:
        refresh(register, key, wrong, at=day)
    taken_back = undo_run(register, key, 2, NOW)
    assert taken_back.holds == Ended(0, 1)
    assert "genlib register release-hold" in taken_back.notices[0]
    assert read_held(register) == [1]
    assert undo_run(register, key, 3, NOW).counts == {"held_back": 1}
    assert read_held(register) == []


def test_a_hold_of_the_same_second_as_another_refresh_stays(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    """Nothing tells which of the two held the customer back."""
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER), at=DAYS[0])
    for name in ("first", "second"):
        refresh(register, key, write(tmp_path / name, permission=UNREADABLE), at=DAYS[1])
    assert undo_run(register, key, 3, NOW).holds == Ended(0, 1)
    assert read_held(register) == [1]


def test_a_hold_stays_when_a_load_brought_its_table_since(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER), at=DAYS[0])
    wrong = write(tmp_path / "wrong", permission=UNREADABLE)
    refresh(register, key, wrong, at=DAYS[1])
    (wrong / "rejected").rename(tmp_path / "rejected")
    load(register, wrong, key, rejected_to=tmp_path / "rejected", at=DAYS[2])
    with register.writing() as connection:
        events = table("audit_event")
        loads = events.update().where(events.c.action == "load")
        connection.execute(loads.values(at=DAYS[2]))
    assert undo_run(register, key, 2, NOW).holds == Ended(0, 1)
    assert read_held(register) == [1]
