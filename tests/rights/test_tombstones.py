"""The erased never come back: whatever a source sends of them is refused, counted and holds nobody
back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from asking import read_rows
from erasing import CODE, add_history, erase_person, read_row
from next_state import (
    ANSWER,
    CUSTOMER,
    INVITATION,
    INVOICE,
    PERMISSION,
    QUESTION,
    read_rejected,
    refresh,
    write,
)

from genlib.register.feeds.source import read_feed
from genlib.register.intake import load
from genlib.register.refresh import Refresh
from genlib.register.vault import IdentityKey
from genlib.rights.requests import Officer
from genlib.rights.restriction import lift

SAME = {**CUSTOMER, "id": "17", "joined_on": "2020-05-17"}
LATER = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
SHOP = """\
source = "shop"
[[table]]
table = "customer"
file = "people.csv"
key = "no"
[table.columns]
family_name = "name"
email = "mail"
joined_on = "since"
[table.constants]
kind = "consumer"
source = "DATA_SUBJECT"
non_disclosure = "false"
updated_at = "2026-01-01T08:00:00Z"
"""


@pytest.fixture
def erased(officer: Officer, tmp_path: Path) -> Officer:
    """Customer 17 was erased, with an invoice kept."""
    add_history(officer.register)
    erase_person(officer, tmp_path / "home")
    return officer


COME = [
    ({}, True),
    ({"id": "91", "personal_id": CODE}, True),
    ({"id": "92", "email": "person17@post.example"}, True),
    ({"id": "93", "phone": "049 000 0017"}, True),
    ({"id": "94", "phone": "049 000 0017", "personal_id": "020280-901L"}, False),
    ({"id": "95"}, False),
    ({"id": "96", "personal_id": CODE, "joined_on": "2026-11-24"}, True),
    ({"id": "97", "personal_id": CODE, "joined_on": "2026-11-25"}, False),
]
"""What comes of a row of customer 17, and whether it is of the erased person."""


def test_who_was_erased_is_refused_and_others_are_taken(
    erased: Officer, key: IdentityKey, tmp_path: Path
) -> None:
    rows = [{"personal_id": "", **SAME, **row} for row, _ in COME]
    folder = write(tmp_path / "in", customer=rows)
    outcome = refresh(erased.register, key, folder, as_of=LATER, at=LATER)["customer"]
    refused = [
        (at, next(iter({*row} & {"email", "phone"}), "id"), "erased")
        for at, (row, is_erased) in enumerate(COME, 2)
        if is_erased
    ]
    assert read_rejected(folder, "customer") == refused
    assert (outcome.rules["erased"], outcome.held_back, outcome.to_mend) == (5, 0, 0)
    [line] = outcome.notices
    assert line.startswith("customer: erased 5: so many rows were not taken")


def test_a_load_refuses_and_counts_them(erased: Officer, key: IdentityKey, tmp_path: Path) -> None:
    tables = {"customer": [SAME, CUSTOMER], "permission": {**PERMISSION, "customer_id": "17"}}
    folder = write(tmp_path / "in", **tables, invoice={**INVOICE, "id": "7", "customer_id": "17"})
    done = load(erased.register, folder, key, rejected_to=tmp_path / "out", at=erased.now)
    counts = {one.table: (one.read, one.loaded, one.rules["erased"]) for one in done.tables}
    assert counts == {"customer": (2, 1, 1), "permission": (1, 0, 1), "invoice": (1, 0, 1)}
    assert (done.rejected, done.to_mend) == (3, 0)
    assert ["erased 1" in line for one in done.tables for line in one.notices] == [True] * 3
    assert read_rows(erased.register, "held_back") == []


@pytest.mark.parametrize("by_load", [True, False])
def test_what_hangs_on_rows_of_the_erased_is_refused_for_the_same(
    erased: Officer, key: IdentityKey, tmp_path: Path, *, by_load: bool
) -> None:
    """The mailing tool knows the person as customer 91, by the code; and an answer names an
    invitation only."""
    people = [CUSTOMER, {**SAME, "id": "91", "personal_id": CODE}]
    invitation = {**INVITATION, "id": "5", "customer_id": "17"}
    answers = [{**ANSWER, "invitation_id": number} for number in ("5", "8")]
    folder = write(
        tmp_path / "in",
        customer=people,
        permission={**PERMISSION, "customer_id": "91"},
        survey_question=QUESTION,
        survey_invitation=invitation,
        survey_answer=answers,
    )
    if by_load:
        options = {"rejected_to": tmp_path / "out", "at": erased.now}
        every = load(erased.register, folder, key, **options).tables
    else:
        every = refresh(erased.register, key, folder, as_of=erased.now, at=erased.now).values()
    found = {one.table: (one.rules["erased"], one.to_mend) for one in every if one.rules}
    hanging = dict.fromkeys(("customer", "permission", "survey_invitation"), (1, 0))
    assert found == {**hanging, "survey_answer": (1, 1)}
    assert read_rows(erased.register, "held_back") == []


@pytest.mark.parametrize("by_load", [True, False])
def test_whoever_has_only_the_address_of_the_erased_may_be_somebody_else(
    erased: Officer, key: IdentityKey, tmp_path: Path, *, by_load: bool
) -> None:
    """Their prohibition is not lost without a word: they are held back until it is mended."""
    person = {**SAME, "id": "92", "personal_id": "", "email": "person17@post.example"}
    prohibition = {**PERMISSION, "customer_id": "92"}
    folder = write(tmp_path / "in", customer=person, permission=prohibition)
    if by_load:
        load(erased.register, folder, key, rejected_to=folder / "rejected", at=erased.now)
    else:
        refresh(erased.register, key, folder, as_of=erased.now, at=erased.now)
    assert read_rejected(folder, "customer") == [(2, "email", "erased")]
    assert read_rejected(folder, "permission") == [(2, "customer_id", "unknown_customer")]
    assert [one["customer_id"] for one in read_rows(erased.register, "held_back")] == [92]


def test_the_log_of_disclosures_outlives_the_person(
    erased: Officer, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", disclosure_customer={"disclosure_id": "1", "customer_id": "17"})
    [done] = load(erased.register, folder, key, rejected_to=tmp_path / "out", at=erased.now).tables
    assert (done.unchanged, done.rejected) == (1, 0)


def test_rows_of_a_customer_who_joined_again_are_taken(
    erased: Officer, key: IdentityKey, tmp_path: Path
) -> None:
    again = {**SAME, "joined_on": "2026-11-25", "updated_at": "2026-11-30T08:00:00Z"}
    bill = {**INVOICE, "id": "7", "customer_id": "17"}
    folder = write(tmp_path / "in", customer=again, invoice=bill)
    outcomes = refresh(erased.register, key, folder, as_of=LATER, at=LATER)
    assert [outcomes[name].refused for name in ("customer", "invoice")] == [0, 0]
    assert read_row(erased.register, "customer", 17)["email"]
    assert read_row(erased.register, "customer", 17)["restricted_from"]
    [request] = read_rows(erased.register, "subject_request")
    lift(replace(erased, now=LATER), request["id"], told_on=erased.today)
    assert read_row(erased.register, "customer", 17)["restricted_from"] is None


def test_kept_rows_of_the_erased_are_not_missing(
    erased: Officer, key: IdentityKey, tmp_path: Path
) -> None:
    bill = {**INVOICE, "id": "171", "customer_id": "17", "paid_on": "2024-06-01"}
    folder = write(tmp_path / "in", customer=SAME, invoice=bill)
    outcomes = refresh(erased.register, key, folder, as_of=erased.now, at=erased.now, is_whole=True)
    assert [outcomes[name].missing for name in ("customer", "invoice")] == [0, 0]
    assert read_row(erased.register, "invoice", 171)["paid_on"] is None


def test_a_feed_brings_nobody_back(officer: Officer, key: IdentityKey, tmp_path: Path) -> None:
    """The shop knows the customer by a key of its own, before the erasure and after it."""
    feed = tmp_path / "shop.toml"
    feed.write_text(SHOP)
    people = tmp_path / "people.csv"
    people.write_text("no,name,mail,since\nS-7,Kuuralehto,aino@firma.example,2020-01-01\n")
    assert run_feed(officer, key, feed) == (1, 0)
    [customer] = read_rows(officer.register, "customer")
    erase_person(officer, tmp_path / "home", customer["id"])
    assert run_feed(officer, key, feed) == (0, 1)
    people.write_text("no,name,mail,since\nS-8,Kuuralehto,aino@firma.example,2020-01-01\n")
    assert run_feed(officer, key, feed) == (0, 1)
    assert officer.register.count("customer") == 0


def test_the_number_of_the_erased_is_nobody_elses(
    officer: Officer, key: IdentityKey, tmp_path: Path
) -> None:
    feed = tmp_path / "shop.toml"
    feed.write_text(SHOP)
    people = tmp_path / "people.csv"
    people.write_text("no,name,mail,since\nS-7,Kuuralehto,aino@firma.example,2020-01-01\n")
    run_feed(officer, key, feed)
    [first] = read_rows(officer.register, "customer")
    erase_person(officer, tmp_path / "home", first["id"])
    people.write_text("no,name,mail,since\nS-9,Pilvi,muu@firma.example,2020-01-01\n")
    assert run_feed(officer, key, feed) == (1, 0)
    [second] = read_rows(officer.register, "customer")
    assert second["id"] > first["id"]


def run_feed(officer: Officer, key: IdentityKey, feed: Path) -> tuple[int, int]:
    """New and refused rows."""
    work = Refresh(officer.register, key, feed.parent / "rejected", at=officer.now)
    sources = read_feed(feed, feed.parent, officer.now)
    [outcome] = work.run(sources, ["customer"])
    return outcome.fresh, outcome.refused


MAILING = """\
source = "mailing"
[[table]]
table = "permission"
file = "answers.csv"
key = "no"
[table.columns]
given_at = "at"
[table.references]
customer_id = {by = "token", column = "contact"}
[table.constants]
act = "prohibition"
scope = "email"
source = "COMMUNICATION"
"""


def test_answers_of_the_erased_hold_nobody_back(
    erased: Officer, key: IdentityKey, tmp_path: Path
) -> None:
    """A mailing tool names people by the contacts of a list; contact 17 was of the erased one."""
    feed = tmp_path / "mailing.toml"
    feed.write_text(MAILING)
    answers = "no,at,contact\n1,2026-11-01T08:00:00Z,17\n2,2026-11-01T08:00:00Z,99\n"
    (tmp_path / "answers.csv").write_text(answers)
    work = Refresh(erased.register, key, tmp_path / "rejected", at=erased.now)
    [outcome] = work.run(read_feed(feed, tmp_path, erased.now), [])
    assert (outcome.rules["erased"], outcome.rules["unreadable_person"]) == (1, 1)
    assert erased.register.count("held_back") == 1
