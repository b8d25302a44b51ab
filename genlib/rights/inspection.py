"""The right of inspection: a copy of everything, as a page and as JSON, once the person's identity
was confirmed (notice, clause 9; GDPR 15).

The files are complete before the decision is kept. Whoever is stopped in between leaves a request
that is not decided, and the same command finishes it.

Example: request 5 of customer 17 is granted, and rights/5/ holds answer.html and answer.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from genlib.atomic import replacing
from genlib.errors import UsageError
from genlib.notice import Notice
from genlib.present.words import Words
from genlib.private import make_folder
from genlib.register import fingerprints
from genlib.register.database import frame_schema
from genlib.register.schema import table
from genlib.register.vault import IdentityKey
from genlib.rights import codes
from genlib.rights.answering import Answer, write_json, write_page
from genlib.rights.gathering import gather_person, list_tellable
from genlib.rights.identity import check_identity
from genlib.rights.judging import judge_contacts, list_counted, summarise_purchases
from genlib.rights.lookups import list_lookups
from genlib.rights.people import find_rows
from genlib.rights.requests import Case, Officer, Request, deciding, read_request

PAGE = "answer.html"
DATA = "answer.json"


@dataclass(frozen=True)
class Office:
    """Where answers are written, and what they cite: the workbench's `home`, its catalogue of
    `reports` and the notice."""

    home: Path
    reports: Path
    notice: Notice

    def find_folder(self, number: int) -> Path:
        """Where the files of a request lie."""
        return self.home / "rights" / str(number)


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
        folder = make_folder(office.find_folder(number))
        write_file(folder / PAGE, write_page(answer, manner.language))
        write_file(folder / DATA, write_json(answer))
        case.decide(
            "partly" if manner.withheld else "granted",
            people,
            ground=manner.ground,
            detail=_tell_answer(answer, manner),
        )
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
    customers = holdings.tables["customer"]
    return Answer(
        case.request,
        holdings.leave_out(manner.withheld),
        office.notice,
        officer.time_zone,
        officer.now,
        figures=summarise_purchases(holdings.tables, officer.today),
        lookups=list_lookups(case.connection, people),
        reports=list_counted(office.reports, customers, officer.time_zone),
        processors=_read_processors(case.connection),
    )


def _read_processors(connection: sa.Connection) -> pl.DataFrame:
    processors = table("processor")
    rows = connection.execute(sa.select(processors).order_by(processors.c.name))
    return pl.DataFrame([tuple(row) for row in rows], frame_schema("processor"), orient="row")


def _tell_answer(answer: Answer, manner: Manner) -> dict[str, object]:
    """How much was given, in counts and codes."""
    rows = sum(one.height for one in answer.holdings.tables.values())
    counts: dict[str, object] = {"language": manner.language, "rows": rows}
    if manner.withheld:
        counts["withheld"] = list(manner.withheld)
        counts["law"] = codes.REFUSAL_GROUNDS[manner.ground].law
    return counts


def write_file(path: Path, text: str) -> None:
    """Put a file of an answer in place at once, for its owner only."""
    with replacing(path) as file:
        file.write(text.encode())
