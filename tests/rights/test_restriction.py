"""Restriction and objection end the use of data at once; a correction holds and tells no value."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from asking import SENTINEL, add_person, count_events, read_rows

from genlib.errors import BadInput, Refused, UsageError
from genlib.register.database import Register
from genlib.register.store import find
from genlib.register.vault import IdentityKey
from genlib.rights.correction import Correction, correct, list_columns, list_correctable
from genlib.rights.requests import Officer, receive, record_identity, refuse
from genlib.rights.restriction import (
    grant_objection,
    lift,
    object_to_marketing,
    object_to_processing,
    restrict,
)


def ask(officer: Officer, kind: str) -> int:
    return receive(officer, kind, customer=17, form="letter").id


def restricted_since(register: Register) -> list[dt.datetime | None]:
    return [row["restricted_from"] for row in read_rows(register, "customer")]


def test_a_restriction_holds_for_all_rows_of_the_person(officer: Officer) -> None:
    for number in (17, 18):
        add_person(officer.register, number, personal_id="010180-900T")
    add_person(officer.register, 19)
    done = restrict(officer, ask(officer, "restriction"), ground="accuracy")
    assert (done.decision, done.details["law"]) == ("granted", "GDPR 18(1)(a)")
    assert restricted_since(officer.register).count(officer.now) == 2


def test_it_is_lifted_after_the_person_was_told_and_no_other_restricts(officer: Officer) -> None:
    add_person(officer.register)
    first, second = ask(officer, "restriction"), ask(officer, "restriction")
    restrict(officer, first, ground="accuracy")
    restrict(officer, second, ground="claims")
    with pytest.raises(Refused, match="18"):
        lift(officer, first, told_on=officer.today + dt.timedelta(days=1))
    lift(officer, first, told_on=officer.today)
    assert restricted_since(officer.register) == [officer.now]
    lift(officer, second, told_on=officer.today)
    assert restricted_since(officer.register) == [None]
    with pytest.raises(UsageError, match="restricts nothing"):
        lift(officer, second, told_on=officer.today)


@pytest.mark.notice("N11.2")
def test_an_objection_to_marketing_is_a_prohibition_at_once(
    officer: Officer, key: IdentityKey
) -> None:
    add_person(officer.register)
    object_to_marketing(officer, key, ask(officer, "objection"), via="letter")
    [act] = read_rows(officer.register, "permission")
    assert (act["act"], act["scope"], act["given_at"]) == (
        "prohibition",
        "marketing_use",
        officer.now,
    )
    assert restricted_since(officer.register) == [None]


def test_another_objection_restricts_until_it_is_decided(officer: Officer) -> None:
    add_person(officer.register)
    number = ask(officer, "objection")
    with pytest.raises(Refused, match="cannot be refused"):
        refuse(officer, number, ground="compelling_grounds")
    object_to_processing(officer, number)
    assert restricted_since(officer.register) == [officer.now]
    refuse(officer, number, ground="compelling_grounds")
    assert restricted_since(officer.register) == [officer.now]
    lift(officer, number, told_on=officer.today)
    assert restricted_since(officer.register) == [None]


def test_a_granted_objection_stays_restricted(officer: Officer) -> None:
    add_person(officer.register)
    number = ask(officer, "objection")
    with pytest.raises(UsageError, match="not pending"):
        grant_objection(officer, number)
    object_to_processing(officer, number)
    assert grant_objection(officer, number).decision == "granted"
    assert restricted_since(officer.register) == [officer.now]


@pytest.mark.notice("N10.4", "N10.10", "N10.12")
def test_a_corrected_telephone_is_found_and_the_old_one_is_not(
    officer: Officer, key: IdentityKey
) -> None:
    add_person(officer.register)
    number = ask(officer, "correction")
    change = Correction("phone", "rectify", ("outdated",), "049 123 4567")
    with pytest.raises(Refused, match="identity check"):
        correct(officer, key, number, change, artificial=True)
    record_identity(officer, number, method="call_back", is_confirmed=True)
    later = replace(officer, now=officer.now + dt.timedelta(minutes=1))
    done = correct(later, key, number, change, artificial=True)
    assert done.details["before"] == done.details["after"] == "filled"
    register = officer.register
    assert find(register, key, purpose="test", phone="0491234567") == [17]
    assert find(register, key, purpose="test", phone="+358490000017") == []
    [row] = read_rows(register, "customer")
    assert row["updated_at"] == later.now


@pytest.mark.notice("N10.10")
def test_a_value_that_breaks_a_rule_is_not_kept_and_not_told(
    officer: Officer, key: IdentityKey
) -> None:
    add_person(officer.register)
    number = ask(officer, "correction")
    change = Correction("language", "rectify", ("erroneous",), SENTINEL)
    with pytest.raises(BadInput, match="language: unknown_code") as error:
        correct(officer, key, number, change, artificial=True)
    assert SENTINEL not in str(error.value)
    assert count_events(officer.register, "correction decided") == 0


@pytest.mark.notice("N10.4", "N10.5", "N10.6")
def test_an_erased_value_is_empty(officer: Officer, key: IdentityKey) -> None:
    add_person(officer.register)
    change = Correction("given_names", "erase", ("unnecessary", "contrary_to_purpose"))
    done = correct(officer, key, ask(officer, "correction"), change, artificial=True)
    [row] = read_rows(officer.register, "customer")
    assert row["given_names"] is None
    assert row["given_names_digest"] is None
    assert done.ground == "unnecessary,contrary_to_purpose"


@pytest.mark.notice("N10.4", "N10.5")
def test_a_missing_value_is_supplemented(officer: Officer, key: IdentityKey) -> None:
    add_person(officer.register, birth_year=None)
    change = Correction("birth_year", "supplement", ("incomplete",), "1980")
    done = correct(officer, key, ask(officer, "correction"), change, artificial=True)
    [row] = read_rows(officer.register, "customer")
    assert row["birth_year"] == 1980
    assert (done.details["before"], done.details["after"]) == ("empty", "filled")


def test_no_row_of_another_is_corrected(officer: Officer, key: IdentityKey) -> None:
    add_person(officer.register)
    change = Correction("topic", "erase", ("erroneous",), table="feedback", row=1)
    with pytest.raises(UsageError, match="no row of this number"):
        correct(officer, key, ask(officer, "correction"), change, artificial=True)


@pytest.mark.notice("N10.5")
@pytest.mark.parametrize(
    ("words", "match"),
    [
        ({"column": "id"}, "no such column"),
        ({"column": "phone", "table": "permission"}, "no such table"),
        ({"column": "phone", "grounds": ("dislike",)}, "no such ground"),
        ({"column": "phone", "grounds": ()}, "needs a ground"),
        ({"column": "phone", "operation": "erase"}, "none to erase"),
        ({"column": "phone", "row": 3}, "name the row"),
    ],
)
def test_a_correction_is_of_the_notices_lists(words: dict[str, object], match: str) -> None:
    usual = {"operation": "rectify", "grounds": ("erroneous",), "value": "x"}
    with pytest.raises(UsageError, match=match):
        Correction(**usual | words)  # type: ignore[arg-type]


@pytest.mark.notice("N11.19")
def test_keys_and_acts_are_not_corrected() -> None:
    assert "permission" not in list_correctable()
    assert not {"id", "customer_id", "source"} & set(list_columns("feedback"))
