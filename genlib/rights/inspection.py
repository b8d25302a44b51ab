"""The right of inspection: a copy of everything, as a page and as JSON, once the person's identity
was confirmed (notice, clause 9; GDPR 15).

The files are complete before the decision is kept. Whoever is stopped in between leaves a request
that is not decided, and the same command finishes it.

Example: request 5 of customer 17 is granted, and rights/5/ holds answer.html and answer.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl
import sqlalchemy as sa

from genlib.errors import UsageError
from genlib.present.words import Words
from genlib.register import audit, fingerprints
from genlib.register.database import frame_schema
from genlib.register.schema import table
from genlib.register.vault import IdentityKey
from genlib.rights import codes
from genlib.rights.answering import Answer, write_json, write_page
from genlib.rights.copies import find_lists
from genlib.rights.gathering import gather_person, list_tellable
from genlib.rights.handing import Decision, Office, hand_over
from genlib.rights.identity import check_identity
from genlib.rights.judging import judge_contacts, list_counted, summarise_purchases
from genlib.rights.people import find_rows
from genlib.rights.pseudonymised import Copy, find_copies, list_kept
from genlib.rights.requests import Case, Officer, Request, deciding, read_request

PAGE = "answer.html"
DATA = "answer.json"


@dataclass(frozen=True)
class Manner:
    """How a request is answered: in which language, and without which columns (`table.column`), on
    which ground of the law."""

    language: str = "fi"
    withheld: tuple[str, ...] = ()
    ground: str = ""

    def __post_init__(self) -> None:
        Words(self.language)
        if bool(self.withheld) != bool(self.ground):
            raise UsageError("what is left out needs a ground, and a ground something left out")
        for one in self.withheld:
            codes.check_code(one, list_tellable(), "column that can be left out")
        if self.ground:
            codes.check_refusal(self.ground, "inspection")


def inspect(
    officer: Officer, key: IdentityKey, number: int, office: Office, manner: Manner
) -> Request:
    """Answer a request of inspection: granted, or partly where columns are left out. Refused before
    the identity check, unless nobody is known."""
    with deciding(officer, number, "inspection") as case:
        fingerprints.keep_key(case.connection, key)
        people = _find_people(case)
        answer = _compose(case, key, people, office, manner)
        files = {PAGE: write_page(answer, manner.language), DATA: write_json(answer)}
        hand_over(case, people, office, _decide(answer, manner), files)
        return read_request(case.connection, number)


def _find_people(case: Case) -> list[int]:
    """The rows of who asks; none of somebody unknown, of whom nothing can be given."""
    if case.request.customer_id is None:
        return []
    check_identity(case.request)
    return find_rows(case.connection, case.request.customer)


def _compose(
    case: Case, key: IdentityKey, people: Sequence[int], office: Office, manner: Manner
) -> Answer:
    officer = case.officer
    gathered = gather_person(officer.register, case.connection, key, people)
    contacts = judge_contacts(officer.register, gathered.tables, office.notice, officer.time_zone)
    holdings = replace(gathered, tables={**gathered.tables, "campaign_contact": contacts})
    copies = _find_copies(officer, office, people)
    searched = {} if copies is None else _list_searched(office, copies)
    customers = holdings.tables["customer"]
    return Answer(
        case.request,
        holdings.leave_out(manner.withheld),
        office.notice,
        officer.time_zone,
        officer.now,
        figures=summarise_purchases(holdings.tables, officer.today),
        lookups=audit.list_events_of(officer.register, key, people),
        copies=copies,
        reports=list_counted(office.reports, customers, officer.time_zone, searched),
        lists=find_lists(office.home, contacts["id"]),
        processors=_read_processors(case.connection),
    )


def _find_copies(officer: Officer, office: Office, people: Sequence[int]) -> list[Copy] | None:
    """The coded copies; None if whoever answers does not hold their key."""
    if office.pseudonym is None:
        return None
    fingerprints.check_key(officer.register, office.pseudonym)
    return find_copies(office.releases, office.pseudonym, people)


def _list_searched(office: Office, copies: Sequence[Copy]) -> dict[str, bool]:
    """Release → whether the person is in it, of those that are kept."""
    holding = {copy.release for copy in copies}
    return {release: release in holding for release in list_kept(office.releases)}


def _read_processors(connection: sa.Connection) -> pl.DataFrame:
    processors = table("processor")
    rows = connection.execute(sa.select(processors).order_by(processors.c.name))
    return pl.DataFrame([tuple(row) for row in rows], frame_schema("processor"), orient="row")


def _decide(answer: Answer, manner: Manner) -> Decision:
    """Granted, or partly; with how much was given, in counts and codes."""
    rows = sum(one.height for one in answer.holdings.tables.values())
    copies = None if answer.copies is None else len(answer.copies)
    detail: dict[str, object] = {"language": manner.language, "rows": rows, "copies": copies}
    if not manner.withheld:
        return Decision("granted", detail=detail)
    law = codes.REFUSAL_GROUNDS[manner.ground].law
    left_out = {"left_out": list(manner.withheld), "law": law}
    return Decision("partly", manner.ground, detail | left_out)
