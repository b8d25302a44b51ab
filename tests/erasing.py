"""A person with rows in every table, and everything that may not stay when they are erased."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from asking import add_person, add_rows, read_rows
from small import IDENTITY

from genlib.register import suppression
from genlib.register.database import Register
from genlib.register.numbering import COUNTERS
from genlib.register.schema import Base, table
from genlib.rights.erasure import Workplace, erase
from genlib.rights.requests import Officer, Request, receive, record_identity

AT = dt.datetime(2026, 10, 1, 8, tzinfo=dt.UTC)
CODE = "010180-9004"
YEARS = 6


def add_history(register: Register, number: int = 17, **own: Any) -> None:
    """A customer with a row in every table: invoices of 2019 and 2024."""
    is_first = not register.count("campaign")
    with register.writing() as connection:
        if is_first:
            add_campaign(register)
        add_own_rows(register, number, own)
        add_kept(register, connection, number)


def add_own_rows(register: Register, number: int, own: dict[str, Any]) -> None:
    """The customer, and a row of each table that has rows of customers."""
    add_person(register, number, personal_id=CODE if number == 17 else None, **own)
    whose = {"customer_id": number}
    ids = dict.fromkeys(("permission", "feedback", "interaction"), number * 10)
    way = {"channel": "email"}
    add_rows(
        register,
        "permission",
        {"id": ids["permission"], **whose, "act": "prohibition", "scope": "email"},
    )
    add_rows(
        register, "feedback", {"id": number, **whose, **way, "received_at": AT, "comment": "x"}
    )
    event = {"id": number, **whose, "occurred_at": AT, "kind": "order"}
    add_rows(register, "interaction", event)
    for at, day in enumerate((dt.date(2019, 5, 1), dt.date(2024, 5, 1))):
        bill = {"id": number * 10 + at, **whose, "issued_on": day, "due_on": day}
        money = {"amount_cents": 1250, "product_line": "filter", "reference": "1232"}
        add_rows(register, "invoice", bill | money)
    sent = {"id": number, "campaign_id": 1, **whose, "arm": "contacted", **way, "sent_at": AT}
    add_rows(register, "campaign_contact", sent | {"bounced": False})
    asked = {"id": number, "survey_id": 1, **whose, **way, "sent_at": AT, "delivered": True}
    add_rows(register, "survey_invitation", asked)
    answer = {"invitation_id": number, "question_id": 1, "score": 9, "comment": "y"}
    add_rows(register, "survey_answer", answer)


def add_campaign(register: Register) -> None:
    """A campaign, a survey with its question, and a disclosure."""
    days = {"starts_on": AT.date(), "ends_on": AT.date()}
    costs = {"holdout_share": 0.1, "cost_cents": 5}
    add_rows(register, "campaign", {"id": 1, "code": "A", "name": "A", "kind": "DM"} | days | costs)
    survey = {"id": 1, "code": "S", "name": "S", "kind": "satisfaction", "promise": "confidential"}
    add_rows(register, "survey", survey | {"opened_on": AT.date()})
    question = {"id": 1, "survey_id": 1, "code": "q", "scale": "nps_0_10", "text_fi": "?"}
    add_rows(register, "survey_question", question)
    log = {"recipient": "Kirjepalvelu Oy", "country": "FI", "basis": "contract", "evidence": "HT-1"}
    what = {"purpose": "communication", "data_categories": "email"}
    add_rows(register, "disclosure", {"id": 1, "disclosed_at": AT} | log | what)


def add_kept(register: Register, connection: sa.Connection, number: int) -> None:
    """What the register keeps of its own: holds, copies of rows, keys of sources, a follow-up, the
    suppression list and who was in the disclosure."""
    held = {"table": "customer", "column": "phone", "rule": "phone", "since": AT}
    copy = {"run": 1, "table": "customer", "row_id": number, "before": "{}", "after": "{}"}
    keys = {"source": "shop", "table": "feedback", "key": f"k{number}", "id": number, "run": 1}
    rows = {
        "held_back": {"customer_id": number, "refused_id": number, **held},
        "refresh_row": copy,
        "missing_row": {"feed": "f", "table": "feedback", "row_id": number, "since": AT},
        "source_key": keys,
        "follow_up": {"contact_id": number, "listed_at": AT},
        "disclosure_customer": {"disclosure_id": 1, "customer_id": number},
    }
    for name, row in rows.items():
        connection.execute(table(name).insert().values(**row))
    suppression.hold(register, connection, IDENTITY, pl.Series([number]), at=AT)


def ask_erasure(officer: Officer, customer: int = 17) -> int:
    """An erasure is asked for, and identity confirmed."""
    number = receive(officer, "erasure", customer=customer, form="letter").id
    record_identity(officer, number, method="login", is_confirmed=True)
    return number


def erase_person(officer: Officer, home: Path, customer: int = 17) -> Request:
    """Erase a customer who asks for it."""
    number = ask_erasure(officer, customer)
    return erase(officer, Workplace(IDENTITY, home, YEARS), number, ground="not_needed")


def read_row(register: Register, name: str, number: int) -> dict[str, Any] | None:
    """One stored row of a table by its number."""
    return next((row for row in read_rows(register, name) if row["id"] == number), None)


def restore(register: Register, backup: dict[str, pl.DataFrame]) -> None:
    """Put back all rows as they were, and the counters of their numbers."""
    with register.writing() as connection:
        if register.embedded:
            connection.execute(COUNTERS.delete())
        else:
            names = ", ".join(Base.metadata.tables)
            connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY"))
        for one in reversed(Base.metadata.sorted_tables):
            connection.execute(one.delete())
        for one in Base.metadata.sorted_tables:
            register.append(one.name, backup[one.name])
