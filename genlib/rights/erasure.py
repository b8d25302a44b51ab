"""Erasure: the person leaves the register, contact lists and earlier answers; what the books need
stays, per record with its date and ground; no source brings the person back.

The order makes it safe to be killed at any instant: first a line in the journal (`journal`), then
contact lists and answers, then the register in one transaction, with the tombstones and the
decision. Whatever was not done is done by `finish_erasures`, also after a backup was restored.
Kept releases follow (`releases`), for which the register tells who left.

Example: request 5 of customer 17, with an invoice of 2024: decided `partly`; the invoice stays
until 31 December 2030 on the ground of the Accounting Act. The sweep of 1 January 2031 removes it
and the request is carried out.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.errors import UsageError
from genlib.register import audit, fingerprints, journal, numbering, suppression
from genlib.register.journal import COUNTED, Entry
from genlib.register.schema import table
from genlib.register.tombstones import (
    add_tombstones,
    digest_numbers,
    list_contacts,
    make_marks,
    read_marks,
)
from genlib.register.vault import IdentityKey
from genlib.rights import codes
from genlib.rights.copies import remove_answers, remove_from_lists
from genlib.rights.identity import check_identity
from genlib.rights.people import find_rows, list_recipients, to_series
from genlib.rights.removing import Books, list_kept, release_holds_of, remove_people
from genlib.rights.requests import Case, Officer, Request, list_requests, read_request

UNKNOWN_GROUND = "not_needed"
"""Of an erasure whose request is not in the register any more."""
FOUND = ["id", "personal_id_index", "joined_on"]


@dataclass(frozen=True)
class Workplace:
    """What an erasure needs beside the register: the identity key, the folder (`home`) that the
    workbenches have in common, and for how many years the books are kept."""

    key: IdentityKey
    home: Path
    years: int


def erase(officer: Officer, place: Workplace, number: int, *, ground: str) -> Request:
    """Carry out a request to be erased, on a ground of GDPR 17(1); its releases are left to do.

    UsageError for a request that is none to be erased or was decided, Refused before the identity
    check.
    """
    codes.check_code(ground, codes.ERASURE_GROUNDS, "ground to erase")
    with officer.register.engine.connect() as connection:
        request = read_request(connection, number)
        people = find_rows(connection, request.customer)
    request.check_undecided("erasure")
    check_identity(request)
    fingerprints.check_key(officer.register, place.key)
    marks = make_marks(officer.register, place.key, people)
    if marks.is_empty():
        raise UsageError(f"request {number}: the register has no such customer any more")
    entry = _make_entry(officer, number, officer.now, ground, marks)
    journal.append(place.home, entry)
    carry_out(officer, place, entry)
    with officer.register.engine.connect() as connection:
        return read_request(connection, number)


def finish_erasures(officer: Officer, place: Workplace) -> int:
    """Do what the journal says and the register does not have; how many erasures those were."""
    unfinished = journal.list_unfinished(officer.register, place.home)
    for entry in unfinished:
        carry_out(officer, place, entry)
    return len(unfinished)


def enter_untold(officer: Officer, place: Workplace) -> int:
    """Enter in the journal the erasures of the register of which it has no line: another workbench
    made them, or the journal was lost; how many."""
    untold = journal.list_untold(officer.register, place.home)
    if not untold:
        return 0
    with officer.register.engine.connect() as connection:
        requests = list_requests(connection)
    for number, instant in sorted(untold):
        marks = read_marks(officer.register, number, instant)
        named = [one for one in requests if _is_of(one, instant)]
        ground = str(named[0].ground) if named else UNKNOWN_GROUND
        entry = _make_entry(officer, number, instant, ground, marks)
        journal.append(place.home, entry)
    return len(untold)


def _make_entry(
    officer: Officer, number: int, instant: dt.datetime, ground: str, marks: pl.DataFrame
) -> Entry:
    with officer.register.engine.connect() as connection:
        counters = numbering.read_counters(connection, COUNTED)
    return journal.make_entry(
        number,
        at=instant,
        ground=ground,
        user=officer.user,
        marks=marks,
        counters=counters,
    )


def _is_of(request: Request, instant: dt.datetime) -> bool:
    erased_at: str = request.details.get("erased_at", "")
    return bool(erased_at) and dt.datetime.fromisoformat(erased_at) == instant


def carry_out(officer: Officer, place: Workplace, entry: Entry) -> None:
    """Erase whom a line of the journal means, wherever they are found."""
    people = _find_people(officer, place.key, entry)
    with audit.told(officer.register, officer.key) as (connection, tell):
        if _is_done(connection, entry):
            return
        # nobody else writes now; whatever stops it here, the journal has all of it done again
        numbering.move_counters(connection, entry.counters)
        requests = list_requests(connection, customers=people)
        remove_from_lists(place.home, list_contacts(connection, people))
        remove_answers(place.home, [request.id for request in requests])
        fingerprints.keep_key(connection, place.key)
        add_tombstones(connection, entry.request, entry.tombstones, entry.instant)
        case = _open_case(officer, connection, tell, entry, people)
        ids = to_series(people)
        suppression.hold(officer.register, connection, place.key, ids, at=officer.now)
        books = Books(officer.today, place.years)
        counts = remove_people(connection, people, books, officer.now)
        release_holds_of(connection, entry.tombstones)
        _decide(case, people, entry, books, counts)


def _find_people(officer: Officer, key: IdentityKey, entry: Entry) -> list[int]:
    """The customers whom the journal means, but for those who joined after the erasure."""
    marks = entry.tombstones
    codes_then = marks.filter(identifier="personal_id")["digest"].implode()
    numbers_then = marks.filter(identifier="number")["digest"].implode()
    people: list[int] = []
    for batch in officer.register.scan("customer", FOUND):
        numbers = digest_numbers(key, batch["id"])
        is_theirs = numbers.is_in(numbers_then) | col("personal_id_index").is_in(codes_then)
        earlier = col("joined_on") <= officer.day_of(entry.instant)
        people.extend(batch.filter(is_theirs.fill_null(value=False), earlier)["id"])
    return sorted(people)


def _is_done(connection: sa.Connection, entry: Entry) -> bool:
    stones = table("tombstone")
    is_entry = sa.and_(stones.c.request == entry.request, stones.c.erased_at == entry.instant)
    return connection.scalar(sa.select(sa.exists().where(is_entry))) or False


def _open_case(
    officer: Officer, connection: sa.Connection, tell: Any, entry: Entry, people: list[int]
) -> Case:
    """The request of the journal; a new one if a restored register does not have it."""
    requests = table("subject_request")
    query = sa.select(requests.c.id).where(
        requests.c.id == entry.request,
        requests.c.kind == "erasure",
        requests.c.decided_at.is_(None),
        requests.c.customer_id.in_(people),
    )
    number = connection.scalar(query)
    if number is None:
        row = {
            "kind": "erasure",
            "customer_id": people[0] if people else None,
            "received_at": entry.instant,
            "due_on": officer.day_of(entry.instant),
            "target_on": officer.day_of(entry.instant),
            "source": "DATA_SUBJECT",
        }
        number = connection.scalars(requests.insert().values(row).returning(requests.c.id)).one()
    return Case(officer, read_request(connection, number), connection, tell)


def _decide(
    case: Case, people: list[int], entry: Entry, books: Books, counts: dict[str, int]
) -> None:
    """Keep the decision by numbers and codes. Which rows were the person's is told to the request
    only, for the releases."""
    invoices = list_kept(case.connection, people, books)
    detail: dict[str, Any] = {
        "law": codes.ERASURE_GROUNDS[entry.ground],
        "erased_at": entry.erased_at,
        "removed": counts,
        "recipients": len(list_recipients(case.connection, people)),
    }
    if invoices:
        until = max(day for _, day in invoices)
        books_detail = {"invoice": len(invoices), "until": f"{until}", "law": codes.BOOKKEEPING}
        detail["kept"] = books_detail
    decision = "partly" if invoices else "granted"
    case.decide(decision, people, ground=entry.ground, detail=detail, is_done=False)
    details = case.request.details | detail | {"rows": people}
    case.update(detail=json.dumps(details, sort_keys=True))
