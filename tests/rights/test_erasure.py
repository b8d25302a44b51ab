"""Erasure: the person goes, the books stay until their day, and what was stopped is finished."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from asking import add_person, count_events, read_rows
from erasing import add_history, ask_erasure, erase_person, read_row, restore
from small import IDENTITY

from genlib.errors import GenlibError, Refused, UsageError
from genlib.register import audit, journal
from genlib.register.numbering import give_numbers
from genlib.register.schema import Base
from genlib.rights.correction import Correction, correct
from genlib.rights.erasure import Workplace, erase, finish_erasures
from genlib.rights.receipt import tell_receipt, write_receipt
from genlib.rights.removing import Books
from genlib.rights.requests import Officer, receive, record_identity
from genlib.rights.restriction import lift, restrict
from genlib.rights.wills import Will, record_will

PLACES = {"permission", "feedback", "interaction", "campaign_contact", "survey_invitation"}
CORRECTION = Correction("language", "rectify", ("erroneous",), "sv")
BOOKS = Books(dt.date(2026, 11, 24), 6)


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(IDENTITY, tmp_path / "home", BOOKS.years)


def test_all_goes_but_what_the_books_need(officer: Officer, place: Workplace) -> None:
    for number in (17, 18):
        add_history(officer.register, number)
    done = erase_person(officer, place.home)
    assert (done.decision, done.ground, done.carried_out_at) == ("partly", "not_needed", None)
    for name in PLACES:
        assert [row["customer_id"] for row in read_rows(officer.register, name)] == [18], name
    for name in ("survey_answer", "follow_up", "held_back", "missing_row", "refresh_row"):
        assert officer.register.count(name) == 1, name
    invoices = read_rows(officer.register, "invoice")
    assert {row["id"] for row in invoices} == {171, 180, 181}


def test_the_customer_of_a_kept_invoice_says_nothing_and_is_restricted(
    officer: Officer, place: Workplace
) -> None:
    add_history(officer.register)
    erased = erase_person(officer, place.home)
    row = read_row(officer.register, "customer", 17)
    assert row is not None
    filled = {name for name, value in row.items() if value is not None}
    always = {"id", "kind", "joined_on", "non_disclosure", "source", "updated_at"}
    assert filled == always | {"restricted_from"}
    request = receive(officer, "restriction", customer=17, form="letter").id
    restrict(officer, request, ground="accuracy")
    lift(officer, request, told_on=officer.today)
    assert read_row(officer.register, "customer", 17)["restricted_from"]
    with pytest.raises(Refused, match="was erased"):
        lift(officer, erased.id, told_on=officer.today)
    with pytest.raises(Refused, match="nothing is added"):
        record_will(officer, IDENTITY, 17, Will("prohibition", "email", "letter"))
    wish = receive(officer, "correction", customer=17, form="letter").id
    with pytest.raises(Refused, match="nothing is added"):
        correct(officer, IDENTITY, wish, CORRECTION, artificial=True)


def test_who_has_no_invoice_to_keep_goes_whole(officer: Officer, place: Workplace) -> None:
    add_person(officer.register)
    assert erase_person(officer, place.home).decision == "granted"
    assert officer.register.count("customer") == 0


def test_no_table_holds_what_the_person_was_known_by(officer: Officer, place: Workplace) -> None:
    add_history(officer.register)
    customer = read_row(officer.register, "customer", 17)
    assert customer is not None
    known = {value for value in customer.values() if isinstance(value, bytes)}
    assert len(known) > 10
    erase_person(officer, place.home)
    for name in Base.metadata.tables.keys() - {"tombstone", "suppression"}:
        for row in read_rows(officer.register, name):
            assert not known & {one for one in row.values() if isinstance(one, bytes)}, name
    stones = {row["identifier"] for row in read_rows(officer.register, "tombstone")}
    assert stones == {"number", "personal_id", "email", "phone", "contact"}
    listed = {row["identifier"] for row in read_rows(officer.register, "suppression")}
    assert listed == {"email"}


def test_what_another_customer_has_too_gets_no_tombstone(
    officer: Officer, place: Workplace
) -> None:
    add_person(officer.register, phone="+358490009999")
    add_person(officer.register, 18, phone="+358490009999")
    erase_person(officer, place.home)
    stones = [row["identifier"] for row in read_rows(officer.register, "tombstone")]
    assert sorted(stones) == ["email", "number"]


@pytest.mark.notice("N10.13")
def test_the_receipt_names_what_stays_and_who_is_to_be_told(
    officer: Officer, place: Workplace
) -> None:
    add_history(officer.register)
    request = erase_person(officer, place.home)
    receipt = write_receipt(officer.register, request, BOOKS, place.home)
    lines = "\n".join(tell_receipt(receipt))
    assert "kept: invoice 171 until 2030-12-31 (GDPR 17(3)(b), Accounting Act 2:10)" in lines
    assert "to be told (GDPR 19): Kirjepalvelu Oy, disclosed on 2026-10-01" in lines
    assert "left to whoever holds the pseudonym key" in lines
    file = place.home / "rights" / str(request.id) / "erasure.json"
    assert json.loads(file.read_text())["removed"]["feedback"] == 1


def test_it_needs_identity_a_ground_and_an_open_request(officer: Officer, place: Workplace) -> None:
    add_person(officer.register)
    number = receive(officer, "erasure", customer=17, form="letter").id
    with pytest.raises(Refused, match="identity check"):
        erase(officer, place, number, ground="not_needed")
    record_identity(officer, number, method="login", is_confirmed=True)
    with pytest.raises(UsageError, match="no such ground to erase"):
        erase(officer, place, number, ground="wish")
    erase(officer, place, number, ground="consent_withdrawn")
    with pytest.raises(UsageError, match="decided before"):
        erase(officer, place, number, ground="not_needed")
    other = ask_erasure(officer, add_person(officer.register, 18))
    inspection = receive(officer, "inspection", customer=18, form="letter").id
    with pytest.raises(UsageError, match="another kind"):
        erase(officer, place, inspection, ground="not_needed")
    assert officer.register.count("customer") == 1
    assert other > number


def test_lists_and_earlier_answers_lose_the_person(officer: Officer, place: Workplace) -> None:
    for number in (17, 18):
        add_history(officer.register, number)
    earlier = receive(officer, "inspection", customer=17, form="letter").id
    answer = place.home / "rights" / str(earlier) / "answer.json"
    answer.parent.mkdir(parents=True)
    answer.write_text("{}")
    path = place.home / "audiences" / "A-email.csv"
    path.parent.mkdir()
    path.write_text("contact,email\n17,person17@post.example\n18,person18@post.example\n")
    erase_person(officer, place.home)
    assert path.read_text() == "contact,email\n18,person18@post.example\n"
    assert not answer.parent.exists()


def test_a_list_of_which_nobody_can_tell_who_is_on_it_stops_an_erasure(
    officer: Officer, place: Workplace
) -> None:
    add_history(officer.register)
    path = place.home / "audiences" / "A-email.csv"
    path.parent.mkdir(parents=True)
    path.write_text("number;email\n17;person17@post.example\n")
    with pytest.raises(Refused, match=r"audiences/A-email\.csv is no contact list"):
        erase_person(officer, place.home)
    assert read_row(officer.register, "customer", 17)["email"]
    path.write_text("contact;email\n17;person17@post.example\n18;person18@post.example\n")
    assert finish_erasures(officer, place) == 1
    assert path.read_text() == "contact,email\n18,person18@post.example\n"


def test_what_was_stopped_before_the_register_is_finished(
    officer: Officer, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_history(officer.register)
    number = ask_erasure(officer)
    with monkeypatch.context() as stopped:
        stopped.setattr("genlib.rights.erasure.carry_out", lambda *words: None)
        erase(officer, place, number, ground="not_needed")
    assert read_row(officer.register, "customer", 17)["email"]
    with pytest.raises(Refused, match="genlib subject finish"):
        journal.check_finished(officer.register, place.home)
    assert finish_erasures(officer, place) == 1
    assert read_row(officer.register, "customer", 17)["email"] is None
    assert finish_erasures(officer, place) == 0
    journal.check_finished(officer.register, place.home)


def test_it_is_applied_again_after_a_backup_is_restored(officer: Officer, place: Workplace) -> None:
    """A backup of before the request, with its anchor: the person is there, the request and
    tombstones are not."""
    add_history(officer.register)
    audit.record(officer.register, purpose="register", action="backup", people=0)
    anchor = audit.anchor_path(officer.register)
    lines = anchor.read_bytes()
    backup = {name: pl.concat(officer.register.scan(name)) for name in Base.metadata.tables}
    erase_person(officer, place.home)
    restore(officer.register, backup)
    with pytest.raises(GenlibError, match="put its anchor back too"):
        finish_erasures(officer, place)
    anchor.write_bytes(lines)
    assert read_row(officer.register, "customer", 17)["email"]
    assert len(journal.list_unfinished(officer.register, place.home)) == 1
    later = replace(officer, now=officer.now + dt.timedelta(days=1))
    assert finish_erasures(later, place) == 1
    assert read_row(officer.register, "customer", 17)["email"] is None
    [request] = read_rows(officer.register, "subject_request")
    assert (request["kind"], request["decision"]) == ("erasure", "partly")
    assert request["target_on"] == officer.today
    assert count_events(officer.register, "erasure decided") == 1


def test_in_a_restored_register_nobody_gets_a_number_of_the_erased(
    officer: Officer, place: Workplace
) -> None:
    """The backup is of before 17 and 18 came; 17 is erased, and the next customer is 19."""
    register = officer.register
    empty = {name: pl.concat(register.scan(name)) for name in Base.metadata.tables}
    for number in (17, 18):
        add_history(register, number)
    erase_person(officer, place.home)
    restore(register, empty)
    audit.anchor_path(register).unlink()
    assert finish_erasures(officer, place) == 1
    with register.writing() as connection:
        for name in ("customer", "campaign_contact"):
            assert list(give_numbers(connection, name, 1)) == [19], name
    assert [row["id"] for row in read_rows(register, "subject_request")] == [2]


def test_a_half_written_line_of_the_journal_does_no_harm(
    officer: Officer, place: Workplace
) -> None:
    add_person(officer.register)
    path = journal.locate(place.home)
    path.parent.mkdir(parents=True)
    path.write_text('{"request": 3, "erased_at"')
    erase_person(officer, place.home)
    assert len(journal.read(place.home)) == 1


def test_the_journal_holds_nobody(officer: Officer, place: Workplace) -> None:
    add_history(officer.register)
    erase_person(officer, place.home)
    text = journal.locate(place.home).read_text()
    assert "person17" not in text
    assert '"17"' not in text


def test_no_file_of_an_embedded_register_holds_what_was_sealed(
    officer: Officer, place: Workplace
) -> None:
    """The pages of the database too: what is deleted is overwritten."""
    if not officer.register.embedded:
        pytest.skip("a server's files are its own")
    add_history(officer.register)
    customer = read_row(officer.register, "customer", 17)
    assert customer is not None
    digests = {name: value for name, value in customer.items() if isinstance(value, bytes)}
    del digests["personal_id_index"]  # what its tombstone is
    erase_person(officer, place.home)
    database = Path(str(officer.register.engine.url.database))
    for path in database.parent.glob("register.sqlite*"):
        content = path.read_bytes()
        assert [name for name, value in digests.items() if value in content] == [], path.name
