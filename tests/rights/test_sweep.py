"""The sweep removes what the notice says must go, to the day, and tells it by table and ground."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from asking import add_person, add_rows, count_events, read_rows
from erasing import YEARS, add_history, erase_person
from small import IDENTITY

from genlib import notice as notices
from genlib.register import journal
from genlib.register.schema import table
from genlib.rights.erasure import Workplace
from genlib.rights.requests import Officer, read_request, receive, refuse
from genlib.rights.restriction import restrict
from genlib.rights.retention import sweep

NOTICE = notices.load()
REVIEW = {"suppression suppression": 1}
"""What was prohibited ten years before is to be looked at, and stays."""


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(IDENTITY, tmp_path / "home", YEARS)


def run(officer: Officer, place: Workplace, *, is_trial: bool = False) -> dict[str, int]:
    """Table and rule → how many go."""
    found = sweep(officer, place, NOTICE, is_trial=is_trial)
    return {f"{one.table} {one.rule}": one.count for one in found}


def at(officer: Officer, day: dt.date) -> Officer:
    return replace(officer, now=dt.datetime(day.year, day.month, day.day, 3, tzinfo=dt.UTC))


def test_each_table_goes_by_its_own_rule(officer: Officer, place: Workplace) -> None:
    add_history(officer.register)
    assert run(officer, place) == {"invoice bookkeeping": 1}
    assert run(at(officer, dt.date(2028, 10, 1)), place) == {}
    opinions = {"survey_invitation opinion": 1, "feedback opinion": 1}
    assert run(at(officer, dt.date(2028, 10, 2)), place) == opinions
    assert officer.register.count("survey_answer") == 0
    events = {"campaign_contact history": 1, "interaction history": 1}
    log = {"disclosure_customer evidence": 1, "disclosure evidence": 1}
    assert run(at(officer, dt.date(2029, 10, 2)), place) == events | log
    assert officer.register.count("follow_up") == 0
    assert officer.register.count("permission") == 1
    assert run(at(officer, dt.date(2030, 12, 31)), place) == REVIEW
    assert count_events(officer.register, "sweep") == 5


def test_a_dry_run_keeps_everything(officer: Officer, place: Workplace) -> None:
    add_history(officer.register)
    later = at(officer, dt.date(2031, 1, 1))
    promised = run(later, place, is_trial=True)
    assert officer.register.count("invoice") == 2
    assert promised["invoice bookkeeping"] == 2
    assert run(later, place) == promised
    assert run(later, place, is_trial=True) == REVIEW


def test_the_sweep_finishes_an_erasure_when_the_books_are_over(
    officer: Officer, place: Workplace
) -> None:
    add_history(officer.register)
    request = erase_person(officer, place.home)
    mark_releases(officer, request.id)
    assert run(at(officer, dt.date(2030, 12, 31)), place).get("customer bookkeeping") is None
    done = run(at(officer, dt.date(2031, 1, 1)), place)
    assert (done["invoice bookkeeping"], done["customer bookkeeping"]) == (1, 1)
    assert officer.register.count("customer") == 0
    assert done["subject_request request"] == 1


def test_who_joined_again_after_an_erasure_is_swept_as_others_are(
    officer: Officer, place: Workplace
) -> None:
    """The invoices of before go when their time is over; the customer of today stays."""
    add_history(officer.register)
    mark_releases(officer, erase_person(officer, place.home).id)
    customers = table("customer")
    again = customers.update().where(customers.c.id == 17)
    with officer.register.writing() as connection:
        connection.execute(again.values(joined_on=dt.date(2028, 5, 1), restricted_from=None))
    later = at(officer, dt.date(2035, 1, 2))
    assert "customer bookkeeping" not in run(later, place)
    assert [row["id"] for row in read_rows(officer.register, "customer") if row["id"] == 17]


def test_a_list_loses_contacts_that_the_register_has_no_more(
    officer: Officer, place: Workplace
) -> None:
    add_history(officer.register)
    lists = place.home / "audiences"
    lists.mkdir(parents=True)
    (lists / "A.csv").write_text("contact,email\n17,a@post.example\n99,b@post.example\n")
    (lists / "B.csv").write_text("contact,email\n99,b@post.example\n")
    run(officer, place)
    assert (lists / "A.csv").read_text() == "contact,email\n17,a@post.example\n"
    assert not (lists / "B.csv").exists()


def mark_releases(officer: Officer, number: int) -> None:
    """As if the holder of the pseudonym key had been there."""
    requests = table("subject_request")
    with officer.register.writing() as connection:
        told = read_request(connection, number).detail or ""
        detail = told[:-1] + ', "releases": {}}'
        connection.execute(sa.update(requests).values(detail=detail))


def test_customers_go_three_years_after_they_left_unless_something_keeps_them(
    officer: Officer, place: Workplace
) -> None:
    left = dt.date(2023, 11, 23)
    for number in (17, 18, 19, 20, 21):
        add_person(officer.register, number, left_on=left)
    bill = {"issued_on": dt.date(2024, 1, 1), "due_on": dt.date(2024, 1, 1), "amount_cents": 1}
    add_rows(
        officer.register, "invoice", {"id": 1, "customer_id": 18, "product_line": "filter"} | bill
    )
    receive(officer, "inspection", customer=19, form="letter")
    asked = receive(officer, "restriction", customer=20, form="letter").id
    restrict(officer, asked, ground="claims")
    add_person(officer.register, 22, left_on=left + dt.timedelta(days=1))
    key = {"source": "shop", "table": "customer", "run": 1}
    with officer.register.writing() as connection:
        for number in (17, 18):
            row = key | {"key": f"k{number}", "id": number}
            connection.execute(table("source_key").insert().values(**row))
    swept = {"customer relationship": 2, "source_key relationship": 1}
    assert run(officer, place) == swept
    assert [row["id"] for row in read_rows(officer.register, "customer")] == [18, 19, 20, 22]


def test_old_requests_go_with_their_answers_and_standing_ones_stay(
    officer: Officer, place: Workplace
) -> None:
    add_person(officer.register)
    refused = receive(officer, "inspection", customer=17, form="letter").id
    refuse(officer, refused, ground="unfounded")
    standing = receive(officer, "restriction", customer=17, form="letter").id
    restrict(officer, standing, ground="claims")
    for number in (refused, standing):
        (place.home / "rights" / str(number)).mkdir(parents=True)
    assert run(at(officer, dt.date(2029, 11, 24)), place) == {}
    assert run(at(officer, dt.date(2029, 11, 25)), place) == {"subject_request request": 1}
    assert [path.name for path in (place.home / "rights").iterdir()] == [str(standing)]


def test_what_a_refresh_changed_goes_with_the_log_of_it(officer: Officer, place: Workplace) -> None:
    old = dt.datetime(2021, 11, 23, tzinfo=dt.UTC)
    none = dict.fromkeys(("read", "fresh", "changed", "unchanged", "refused", "held_back"), 0)
    with officer.register.writing() as connection:
        for number, instant in ((1, old), (2, officer.now)):
            line = {"run": number, "feed": "shop", "table": "company"}
            line |= {"at": instant, "as_of": instant, **none}
            connection.execute(table("refresh_run").insert().values(**line))
            copy = {"run": number, "table": "company", "row_id": 4}
            connection.execute(table("refresh_row").insert().values(**copy))
    assert run(officer, place) == {"refresh_row log": 1, "refresh_run log": 1}
    assert [row["run"] for row in read_rows(officer.register, "refresh_row")] == [2]


def test_tombstones_go_after_ten_years_with_the_journal(officer: Officer, place: Workplace) -> None:
    add_person(officer.register)
    erase_person(officer, place.home)
    assert len(journal.read(place.home)) == 1
    assert run(at(officer, dt.date(2036, 11, 25)), place)["tombstone erasure"] == 3
    assert journal.read(place.home) == []
    journal.check_finished(officer.register, place.home)
