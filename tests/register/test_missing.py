"""What is decided of rows that a whole file did not bring."""

from __future__ import annotations

from pathlib import Path

import pytest
from next_state import CUSTOMER, NOW, refresh, write

from genlib.errors import Refused, UsageError
from genlib.register import audit
from genlib.register.database import Register
from genlib.register.missing import decide_missing
from genlib.register.vault import IdentityKey

LEFT = {**CUSTOMER, "id": "2", "left_on": "2026-09-30", "email": "", "phone": "", "personal_id": ""}

OWN = ("own", "customer")


@pytest.fixture
def folder(register: Register, key: IdentityKey, tmp_path: Path) -> Path:
    """A whole file without customers 1 and 2, who are in the register."""
    others = [{**LEFT, "id": "3"}, {**LEFT, "id": "4"}]
    folder = write(tmp_path / "in", customer=[CUSTOMER, LEFT, *others])
    refresh(register, key, folder)
    write(folder, customer=others)
    outcome = refresh(register, key, folder, is_whole=True)["customer"]
    assert (outcome.missing, outcome.undecided) == (2, 2)
    return folder


def test_what_was_decided_is_not_asked_again(
    register: Register, key: IdentityKey, folder: Path
) -> None:
    assert decide_missing(register, OWN, [2], "left", NOW) == 1
    assert decide_missing(register, OWN, [1], "stays", NOW) == 1
    outcome = refresh(register, key, folder, is_whole=True)["customer"]
    assert (outcome.missing, outcome.undecided, outcome.notices) == (2, 0, [])
    events = audit.list_events(register, action="decide missing")
    expected = '{"decision": "stays", "feed": "own", "rows": 1, "table": "customer"}'
    assert expected in [event.detail for event in events]


def test_who_comes_again_and_is_missing_once_more_is_asked_anew(
    register: Register, key: IdentityKey, folder: Path
) -> None:
    decide_missing(register, OWN, [1, 2], "stays", NOW)
    fewer = (folder / "customer.csv").read_text()
    write(folder, customer=[CUSTOMER, LEFT, {**LEFT, "id": "3"}, {**LEFT, "id": "4"}])
    assert refresh(register, key, folder, is_whole=True)["customer"].missing == 0
    (folder / "customer.csv").write_text(fewer)
    assert refresh(register, key, folder, is_whole=True)["customer"].undecided == 2


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (("customer", [1], "left"), "does not say of 1 of them when they left"),
        (("customer", [1, 3], "stays"), "1 of these rows are not missing"),
        (("invoice", [1], "left"), "only customers have left"),
        (("customer", [1], "erased"), "a decision is one of left, stays"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_whole(
    register: Register, folder: Path, decision: tuple[str, list[int], str], message: str
) -> None:
    name, rows, what = decision
    with pytest.raises(UsageError, match=message):
        decide_missing(register, ("own", name), rows, what, NOW)
    assert audit.list_events(register, action="decide missing") == []


def test_a_whole_file_without_a_row_marks_nobody(
    register: Register, key: IdentityKey, folder: Path
) -> None:
    header = (folder / "customer.csv").read_text().splitlines()[0]
    (folder / "customer.csv").write_text(f"{header}\n")
    for may_be_fewer in (False, True):
        with pytest.raises(Refused, match=r"own, table customer: the file has no row, .* has 4"):
            refresh(register, key, folder, is_whole=True, may_be_fewer=may_be_fewer)
    assert register.count("missing_row") == 2


def test_a_whole_file_that_lacks_more_than_half_is_refused_unless_that_is_said(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [{**LEFT, "id": str(number)} for number in range(1, 6)]
    refresh(register, key, write(tmp_path / "in", customer=people))
    folder = write(tmp_path / "in", customer=people[:2])
    with pytest.raises(Refused, match=r"lacks 3 of the 5 rows that its source had: .*--fewer"):
        refresh(register, key, folder, is_whole=True)
    assert register.count("missing_row") == 0
    said = refresh(register, key, folder, is_whole=True, may_be_fewer=True)["customer"]
    assert said.missing == 3
    again = refresh(register, key, folder, is_whole=True)["customer"]
    assert again.missing == 3


def test_a_row_that_came_and_was_refused_is_not_missing(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    refresh(register, key, write(tmp_path / "in", customer=people))
    wrong = [{**row, "joined_on": "29.2.2020"} for row in people]
    outcome = refresh(register, key, write(tmp_path / "in", customer=wrong), is_whole=True)
    assert (outcome["customer"].refused, outcome["customer"].missing) == (2, 0)


@pytest.mark.parametrize("doubled", ["1", "3"])
def test_of_rows_that_were_refused_none_is_missing_though_another_of_them_came_twice(
    register: Register, key: IdentityKey, tmp_path: Path, doubled: str
) -> None:
    people = [{**LEFT, "id": str(number)} for number in range(1, 6)]
    refresh(register, key, write(tmp_path / "in", customer=people))
    unreadable = [{**people[1], "joined_on": "?"}, {**people[3], "joined_on": "?"}]
    twice = {**people[0], "id": doubled, "family_name": "Esimerkki"}
    came = [people[0], unreadable[0], people[2], unreadable[1], people[4], twice]
    outcome = refresh(register, key, write(tmp_path / "in", customer=came), is_whole=True)
    assert (outcome["customer"].refused, outcome["customer"].missing) == (3, 0)


def test_a_row_that_came_twice_the_first_time_makes_no_other_missing(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [{**LEFT, "id": str(number)} for number in range(1, 6)]
    twice = {**people[2], "family_name": "Esimerkki"}
    folder = write(tmp_path / "in", customer=[*people, twice])
    outcome = refresh(register, key, folder, is_whole=True)["customer"]
    assert (outcome.rules, outcome.missing) == ({"duplicate": 1}, 0)
