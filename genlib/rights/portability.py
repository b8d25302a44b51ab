"""The right to take data along: what the person provided, and what was observed of the person, on
consent or contract, as JSON (GDPR 20).

A row goes along if its source is the person, or the person's own use, communication or dealings;
and a column if one of its purposes in the notice rests on the contract or on consent. What is
computed, concluded or set by the company stays: digests, verdicts, segments, restrictions.

Example: an invoice is kept for billing, which rests on the contract, so it goes along. A campaign
contact is kept for history and targeting, so it does not; nor does an address that an address
service sent.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from polars import col

from genlib.errors import Refused
from genlib.notice import Notice
from genlib.register import fingerprints
from genlib.register.schema import OF_THE_REGISTER, table
from genlib.register.store import plain_schema
from genlib.register.vault import IdentityKey
from genlib.rights.gathering import Holdings, gather_person, list_owned
from genlib.rights.handing import Decision, Office, hand_over
from genlib.rights.identity import check_identity
from genlib.rights.people import find_rows
from genlib.rights.requests import Officer, Request, deciding, read_request
from genlib.rights.sections import is_number

FILE = "export.json"
FORMAT = "genlib-export-1"
SOURCES = ("DATA_SUBJECT", "SERVICE_USE", "COMMUNICATION", "DEALING_EVENT")
"""What the person provides, or is observed of the person."""
GROUNDS = {
    "customer_relationship": "contract",
    "customer_service": "contract",
    "billing": "contract",
    "direct_marketing": "consent",
}
"""The purposes of the notice that rest on the contract (GDPR 6(1)(b)) or on consent (6(1)(a)); the
others rest on legitimate interest or law, and their data stays."""
OF_THE_CONTROLLER = {"customer": ("kind", "updated_at")}
"""Columns that the controller sets."""
SCHEMA = {
    "tables": "rows by table; a column of null is empty",
    "source": "from where the row came: " + ", ".join(SOURCES),
    "_at": "an instant in UTC, ISO 8601",
    "_on": "a day, ISO 8601",
    "_cents": "euro cents, whole numbers",
}


@dataclass(frozen=True)
class Portable:
    """What goes along. `grounds`: the ground of each table. `left_out`: how many rows of these
    tables stay because of their source."""

    tables: Mapping[str, pl.DataFrame]
    grounds: Mapping[str, str]
    left_out: int

    @property
    def rows(self) -> int:
        return sum(rows.height for rows in self.tables.values())


def export(officer: Officer, key: IdentityKey, number: int, office: Office) -> Request:
    """Carry out a request of portability. Refused before the identity check, and if nothing goes
    along: then the request is refused as `not_provided`."""
    with deciding(officer, number, "portability") as case:
        fingerprints.keep_key(case.connection, key)
        check_identity(case.request)
        people = find_rows(case.connection, case.request.customer)
        holdings = gather_person(officer.register, case.connection, key, people)
        portable = select_portable(holdings, office.notice)
        if not portable.rows:
            raise Refused(
                f"request {number}: nothing was provided on consent or contract; genlib subject "
                f"refuse {number} --ground not_provided"
            )
        decision = Decision("granted", detail={"rows": portable.rows, "stay": portable.left_out})
        text = _write_json(portable, office.notice, case.request, officer.now)
        hand_over(case, people, office, decision, {FILE: text})
        return read_request(case.connection, number)


def select_portable(holdings: Holdings, notice: Notice) -> Portable:
    """The rows and columns that go along."""
    tables = {}
    grounds = {}
    left_out = 0
    for name in list_owned():
        columns = list_portable(name, notice)
        if not columns:
            continue
        grounds[name] = _find_ground(name, columns, notice)
        rows = holdings.tables[name]
        if grounds[name] == "consent":
            rows = rows.filter(act="consent")
        provided = rows.filter(col("source").is_in(SOURCES))
        left_out += rows.height - provided.height
        tables[name] = provided.select(columns)
    return Portable(tables, grounds, left_out)


def list_portable(name: str, notice: Notice) -> list[str]:
    """The columns of a table that go along: none of a table that the register keeps of its own
    work, or whose rows name no source."""
    stored = table(name).columns
    if name in OF_THE_REGISTER or "source" not in stored:
        return []
    columns = [
        column
        for column in plain_schema(name)
        if not is_number(name, column)
        and column not in OF_THE_CONTROLLER.get(name, ())
        and "guarded" not in stored[column].info
        and GROUNDS.keys() & set(notice.columns[name][column].purposes)
    ]
    return columns if columns != ["source"] else []


def _find_ground(name: str, columns: list[str], notice: Notice) -> str:
    """Contract, if one of the columns rests on it; else consent."""
    purposes = {one for column in columns for one in notice.columns[name][column].purposes}
    grounds = {GROUNDS[one] for one in purposes & GROUNDS.keys()}
    return "contract" if "contract" in grounds else "consent"


def _write_json(portable: Portable, notice: Notice, request: Request, now: dt.datetime) -> str:
    content: dict[str, Any] = {
        "format": FORMAT,
        "schema": SCHEMA,
        "controller": notice.controller.name,
        "notice": notice.reference,
        "request": request.id,
        "exported_at": now,
        "grounds": portable.grounds,
        "rows_that_stay_because_of_their_source": portable.left_out,
        "tables": {name: rows.to_dicts() for name, rows in portable.tables.items()},
    }
    return json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"
