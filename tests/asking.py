"""People written into a register by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import sqlalchemy as sa
from small import DEFAULTS, IDENTITY, LONG_AGO

from genlib.register.database import Register
from genlib.register.schema import table
from genlib.register.store import plain_schema, sealed

SENTINEL = "Quisling-Sentinel"


def add_rows(register: Register, name: str, *rows: dict[str, Any]) -> None:
    """Rows of a table in its plain form, with defaults for what a test does not care about."""
    schema = plain_schema(name)
    given = DEFAULTS if name == "customer" else {"source": "DATA_SUBJECT", "given_at": LONG_AGO}
    defaults = {column: given.get(column) for column in schema}
    frame = pl.DataFrame([defaults | row for row in rows], schema=schema)
    register.append(name, sealed(frame, name, IDENTITY))


def add_person(register: Register, number: int = 17, **own: Any) -> int:
    """A customer with a name, an address, a telephone and an e-mail."""
    row = {
        "id": number,
        "given_names": "Aino",
        "family_name": SENTINEL,
        "street_address": f"Keinokuja {number}",
        "phone": f"+35849000{number:04}",
        "email": f"person{number}@post.example",
    }
    add_rows(register, "customer", row | own)
    return number


def read_rows(register: Register, name: str) -> list[dict[str, Any]]:
    """All stored rows of a table."""
    with register.engine.connect() as connection:
        rows = connection.execute(sa.select(table(name)))
        return [dict(row._mapping) for row in rows]


def count_events(register: Register, action: str) -> int:
    """How many events of the audit trail are of this action."""
    return sum(event["action"] == action for event in read_rows(register, "audit_event"))


INSTANT = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)
