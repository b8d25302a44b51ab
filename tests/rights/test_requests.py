"""A request has a deadline, an identity check, one decision, and its events in the audit trail."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from asking import add_person, count_events, read_rows

from genlib.errors import Refused, UsageError
from genlib.rights import codes
from genlib.rights.identity import check_identity, find_rule
from genlib.rights.requests import (
    Officer,
    Request,
    deciding,
    extend,
    list_requests,
    receive,
    record_identity,
    refuse,
)

CAME_ON = dt.date(2026, 11, 24)


@pytest.fixture
def letter(officer: Officer) -> Request:
    customer = add_person(officer.register)
    return receive(officer, "inspection", customer=customer, form="letter", received_on=CAME_ON)


@pytest.mark.notice("N9.3")
def test_a_letter_is_to_be_answered_within_a_month(letter: Request, officer: Officer) -> None:
    assert (letter.target_on, letter.due_on) == (dt.date(2026, 12, 24), dt.date(2026, 12, 28))
    assert letter.find_state(officer.today) == "open"
    assert letter.find_state(dt.date(2026, 12, 28)) == "open"
    assert letter.find_state(dt.date(2026, 12, 29)) == "overdue"
    assert count_events(officer.register, "inspection received") == 1


@pytest.mark.notice("N9.2", "N10.8")
@pytest.mark.parametrize("form", codes.FORMS)
def test_every_form_of_asking_counts(officer: Officer, form: str) -> None:
    add_person(officer.register)
    assert receive(officer, "erasure", customer=17, form=form).form == form


@pytest.mark.parametrize(
    ("kind", "customer", "form", "match"),
    [
        ("inspection", 18, "letter", "no customer of this number"),
        ("wish", 17, "letter", "no such kind of request"),
        ("inspection", 17, "pigeon", "no such form"),
        ("erasure", None, "letter", "name the customer"),
    ],
)
def test_a_wrong_request_is_not_entered(
    officer: Officer, kind: str, customer: int | None, form: str, match: str
) -> None:
    add_person(officer.register)
    with pytest.raises(UsageError, match=match):
        receive(officer, kind, customer=customer, form=form)
    assert read_rows(officer.register, "subject_request") == []


def test_a_request_of_tomorrow_is_not_entered(officer: Officer) -> None:
    add_person(officer.register)
    tomorrow = officer.today + dt.timedelta(days=1)
    with pytest.raises(UsageError, match="yet to come"):
        receive(officer, "inspection", customer=17, form="letter", received_on=tomorrow)


@pytest.mark.notice("N9.5")
@pytest.mark.parametrize("method", codes.NOT_ENOUGH)
def test_a_code_and_a_name_do_not_show_who_asks(
    officer: Officer, letter: Request, method: str
) -> None:
    with pytest.raises(Refused, match="29"):
        record_identity(officer, letter.id, method=method, is_confirmed=True)
    with pytest.raises(Refused, match="needs an identity check"):
        check_identity(letter)


@pytest.mark.notice("N9.5")
def test_what_is_given_out_needs_a_confirmed_identity(officer: Officer, letter: Request) -> None:
    doubtful = record_identity(officer, letter.id, method="call_back", is_confirmed=False)
    with pytest.raises(Refused, match="was not confirmed"):
        check_identity(doubtful)
    sure = record_identity(officer, letter.id, method="photo_document", is_confirmed=True)
    assert check_identity(sure) == "data_is_given"
    [row] = read_rows(officer.register, "subject_request")
    assert row["identity_checked_by"] == "privacy officer"


@pytest.mark.notice("N10.11")
def test_only_what_needs_an_identity_check_has_a_rule_for_it() -> None:
    assert find_rule("restriction") == find_rule("objection") == ""
    assert find_rule("correction", ["language"]) == ""
    assert find_rule("correction", ["email"]) == "address_changes"
    assert find_rule("erasure") == "cannot_be_undone"


def test_two_more_months_once_and_in_time(officer: Officer, letter: Request) -> None:
    later = extend(officer, letter.id, reason="complexity")
    assert later.due_on == dt.date(2027, 2, 24)
    assert later.find_state(officer.today) == "extended"
    with pytest.raises(Refused, match="once"):
        extend(officer, letter.id, reason="complexity")


def test_what_is_overdue_is_not_extended(officer: Officer, letter: Request) -> None:
    late = replace(officer, now=officer.now + dt.timedelta(days=60))
    with pytest.raises(Refused, match="overdue"):
        extend(late, letter.id, reason="complexity")


@pytest.mark.notice("N9.4", "N9.6")
def test_a_refusal_needs_a_ground_of_its_kind(officer: Officer, letter: Request) -> None:
    with pytest.raises(UsageError, match="rights_of_others"):
        refuse(officer, letter.id, ground="compelling_grounds")
    refused = refuse(officer, letter.id, ground="unfounded")
    assert refused.find_state(officer.today) == "refused"
    assert refused.details == {"law": "GDPR 12(5)"}
    with pytest.raises(UsageError, match="decided before"):
        refuse(officer, letter.id, ground="unfounded")


@pytest.mark.notice("N10.2")
def test_requests_are_listed_by_their_last_day(officer: Officer) -> None:
    add_person(officer.register)
    days = [CAME_ON, dt.date(2026, 10, 1), dt.date(2026, 11, 2)]
    for day in days:
        receive(officer, "erasure", customer=17, form="letter", received_on=day)
    with officer.register.engine.connect() as connection:
        dues = [one.due_on for one in list_requests(connection)]
    assert dues == sorted(dues)
    assert len(dues) == 3


def test_who_is_not_in_the_register_may_ask_too(officer: Officer) -> None:
    asked = receive(officer, "inspection", customer=None, form="email")
    with pytest.raises(UsageError, match="does not know"):
        _ = asked.customer


@pytest.mark.notice("N9.4")
def test_what_stops_in_between_leaves_the_request_as_it_was(
    officer: Officer, letter: Request
) -> None:
    before = read_rows(officer.register, "subject_request")
    events = count_events(officer.register, "inspection decided")
    with pytest.raises(KeyboardInterrupt):
        _decide_and_stop(officer, letter)
    assert read_rows(officer.register, "subject_request") == before
    assert count_events(officer.register, "inspection decided") == events == 0


def _decide_and_stop(officer: Officer, letter: Request) -> None:
    with deciding(officer, letter.id) as case:
        case.decide("granted", [17])
        raise KeyboardInterrupt
