"""A register that is swept takes nothing that the sweep would remove, to the day; its people are
not held back for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from asking import add_person, add_rows, read_rows
from erasing import YEARS
from next_state import (
    ANSWER,
    CAMPAIGN,
    CONTACT,
    INVITATION,
    INVOICE,
    PERMISSION,
    QUESTION,
    SURVEY,
    write,
)
from small import IDENTITY

from genlib import notice as notices
from genlib.register.batches import read_folder
from genlib.register.expiry import ENDINGS, RULE
from genlib.register.intake import load
from genlib.register.refresh import Refresh
from genlib.rights.erasure import Workplace
from genlib.rights.requests import Officer, receive
from genlib.rights.retention import Swept, sweep

NOTICE = notices.load()
WHOSE = {"customer_id": "17"}
BEFORE = {
    "campaign_contact": {**CONTACT, **WHOSE, "sent_at": "2023-11-23T21:59:59Z"},
    "interaction": {
        **WHOSE,
        "occurred_at": "2023-11-23T21:59:59Z",
        "kind": "order",
        "source": "SERVICE_USE",
    },
    "survey_invitation": {
        **INVITATION,
        **WHOSE,
        "sent_at": "2024-11-01T08:00:00Z",
        "responded_at": "2024-11-23T21:59:59Z",
    },
    "feedback": {
        **WHOSE,
        "received_at": "2024-11-23T21:59:59Z",
        "channel": "email",
        "source": "DATA_SUBJECT",
    },
    "permission": {
        **PERMISSION,
        **WHOSE,
        "given_at": "2020-01-01T08:00:00Z",
        "ended_at": "2023-11-23T21:59:59Z",
    },
    "invoice": {**INVOICE, **WHOSE, "issued_on": "2019-12-31", "due_on": "2019-12-31"},
}
"""Rows that ended the evening before 24 November 2026, in Helsinki."""
JUST = {
    "2023-11-23T21:59:59Z": "2023-11-23T22:00:00Z",
    "2024-11-23T21:59:59Z": "2024-11-23T22:00:00Z",
}
JUST["2019-12-31"] = "2020-01-01"
"""What has not ended then."""


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(IDENTITY, tmp_path / "home", YEARS)


@pytest.fixture
def swept(officer: Officer, place: Workplace) -> Officer:
    """Customer 17, without a history, in a register that was swept."""
    add_person(officer.register)
    run_sweep(officer, place)
    return officer


def run_sweep(officer: Officer, place: Workplace) -> list[Swept]:
    return sweep(officer, place, NOTICE)


def write_rows(folder: Path, *numbers: int) -> Path:
    """Of each kind a row that ended, of each of these numbers, and number 9 that did not."""
    tables = {}
    for name, row in BEFORE.items():
        over = [{**row, "id": f"{number}"} for number in numbers]
        kept = {column: JUST.get(value, value) for column, value in row.items()}
        tables[name] = [*over, {**kept, "id": "9"}]
    return write(folder, campaign=CAMPAIGN, survey=SURVEY, **tables)


def take(officer: Officer, folder: Path, *, by_load: bool = False) -> dict[str, int]:
    """Table → how many rows were refused for their age."""
    options = {"years_kept": NOTICE.years_kept, "at": officer.now}
    target = folder.parent / "rejected"
    if by_load:
        done = load(officer.register, folder, IDENTITY, rejected_to=target, **options)
        return {one.table: one.rules[RULE] for one in done.tables if one.rules[RULE]}
    work = Refresh(officer.register, IDENTITY, target, **options)
    outcomes = work.run(read_folder(folder, officer.now), list(BEFORE))
    return {one.table: one.rules[RULE] for one in outcomes if one.rules[RULE]}


def test_every_kind_of_row_is_here() -> None:
    assert sorted(BEFORE) == sorted(one.table for one in ENDINGS)


@pytest.mark.parametrize("by_load", [True, False])
def test_what_ended_is_refused_and_the_next_sweep_finds_nothing(
    swept: Officer, place: Workplace, tmp_path: Path, *, by_load: bool
) -> None:
    folder = write_rows(tmp_path / "in", 1, 2)
    assert take(swept, folder, by_load=by_load) == dict.fromkeys(BEFORE, 2)
    for name in BEFORE:
        assert [row["id"] for row in read_rows(swept.register, name)] == [9], name
    assert read_rows(swept.register, "held_back") == []
    assert run_sweep(swept, place) == []


@pytest.mark.parametrize("by_load", [True, False])
def test_the_same_row_twice_is_refused_for_its_age_twice(
    swept: Officer, tmp_path: Path, *, by_load: bool
) -> None:
    folder = write_rows(tmp_path / "in", 1, 1)
    assert take(swept, folder, by_load=by_load) == dict.fromkeys(BEFORE, 2)
    assert read_rows(swept.register, "held_back") == []


@pytest.mark.parametrize("by_load", [True, False])
def test_an_answer_goes_with_its_invitation_and_neither_is_to_be_mended(
    swept: Officer, tmp_path: Path, *, by_load: bool
) -> None:
    """Of invitation 1, which is past its retention, and of 8, which nobody knows."""
    answers = [{**ANSWER, "invitation_id": number} for number in ("1", "8")]
    asked = {**BEFORE["survey_invitation"], "id": "1"}
    tables = {"survey_invitation": asked, "survey_answer": answers}
    folder = write(tmp_path / "in", survey=SURVEY, survey_question=QUESTION, **tables)
    options = {"years_kept": NOTICE.years_kept, "at": swept.now}
    target = tmp_path / "rejected"
    if by_load:
        done = list(load(swept.register, folder, IDENTITY, rejected_to=target, **options).tables)
    else:
        work = Refresh(swept.register, IDENTITY, target, **options)
        done = work.run(read_folder(folder, swept.now), list(tables))
    by_table = {one.table: one for one in done}
    assert dict(by_table["survey_answer"].rules) == {RULE: 1, "unknown_survey_invitation": 1}
    assert [by_table[name].to_mend for name in tables] == [0, 1]
    [line] = by_table["survey_answer"].notices
    assert line.startswith("survey_answer: past_retention 1: so many rows were not taken")
    assert [path.name for path in target.iterdir()] == ["survey_answer.csv"]
    assert (target / "survey_answer.csv").read_text().splitlines() == [
        "row,column,rule",
        "3,invitation_id,unknown_survey_invitation",
    ]


@pytest.mark.parametrize("by_load", [True, False])
def test_a_mended_row_that_is_past_its_retention_ends_its_hold(
    swept: Officer, tmp_path: Path, *, by_load: bool
) -> None:
    """But not while it comes with another fault."""
    over = {**BEFORE["permission"], "id": "1"}
    unreadable, other = {**over, "ended_at": "1.13.2020"}, {**over, "scope": "x"}
    rules = []
    for row in (unreadable, other, over):
        take(swept, write(tmp_path / "in", permission=row), by_load=by_load)
        holds = read_rows(swept.register, "held_back")
        rules.append([one["rule"] for one in holds if one["customer_id"] == 17])
    assert rules == [["not_an_instant"], ["not_an_instant", "unknown_code"], []]


def test_before_the_first_sweep_all_is_taken(officer: Officer, tmp_path: Path) -> None:
    add_person(officer.register)
    assert take(officer, write_rows(tmp_path / "in", 1)) == {}
    assert officer.register.count("invoice") == 2


def test_an_opting_out_is_taken_whenever_it_was(swept: Officer, tmp_path: Path) -> None:
    stopped = {**BEFORE["campaign_contact"], "opted_out_at": "2023-11-23T21:59:59Z"}
    folder = write(tmp_path / "in", campaign=CAMPAIGN, campaign_contact=stopped)
    assert take(swept, folder) == {}
    assert swept.register.count("campaign_contact") == 1


def test_a_row_that_the_sweep_had_to_leave_is_unchanged_and_not_missing(
    officer: Officer, place: Workplace, tmp_path: Path
) -> None:
    """Of whoever has an open request nothing goes."""
    add_person(officer.register)
    day = dt.date(2019, 12, 31)
    bill = {"id": 1, "customer_id": 17, "issued_on": day, "due_on": day, "amount_cents": 2500}
    add_rows(officer.register, "invoice", {**bill, "product_line": "filter"})
    receive(officer, "inspection", customer=17, form="letter")
    run_sweep(officer, place)
    row = {**BEFORE["invoice"], "source": "DATA_SUBJECT", "id": "1"}
    folder = write(tmp_path / "in", invoice=row)
    assert take(replace(officer), folder) == {}
    assert officer.register.count("invoice") == 1
