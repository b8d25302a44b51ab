"""Rows of people leave the register, with all that was kept of these rows: but what bookkeeping
must keep stays, with a customer row that says nothing.

Example: customer 17 has invoices of 2019 and 2024. In November 2026 the one of 2019 goes (the books
of 2019 were to be kept until the end of 2025) and the one of 2024 stays until 31 December 2030. Of
the customer there is a row of a number, without a name or an address, restricted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from genlib.register.expiry import BOOKKEEPING, Terms
from genlib.register.schema import table

OWNED = (
    "permission",
    "campaign_contact",
    "interaction",
    "survey_invitation",
    "feedback",
    "invoice",
)
"""Tables with rows of a customer; answers go with their invitation."""
OF_STUB = {"company_id"}
"""What a customer row keeps beside what may not be empty."""
CHUNK = 5_000
"""How many people one statement names."""


@dataclass(frozen=True)
class Books:
    """What bookkeeping must keep on a day: the vouchers of a year for so many `years` from its end
    (Accounting Act 2:10; the financial year is the calendar year)."""

    today: dt.date
    years: int

    @property
    def first_day(self) -> dt.date:
        """Invoices from this day on stay."""
        return Terms({BOOKKEEPING: self.years}, self.today, "").find_day(BOOKKEEPING)

    def find_end(self, issued_on: dt.date) -> dt.date:
        """The last day on which an invoice must be kept."""
        return dt.date(issued_on.year + self.years, 12, 31)


def remove_people(
    connection: sa.Connection, people: Sequence[int], books: Books, now: dt.datetime
) -> dict[str, int]:
    """Remove all rows of these customers but what the books need: table → how many went."""
    counts: dict[str, int] = {}
    for first in range(0, len(people), CHUNK):
        for name, count in _remove_some(connection, people[first : first + CHUNK], books, now):
            counts[name] = counts.get(name, 0) + count
    return {name: count for name, count in counts.items() if count}


def forget_keys(connection: sa.Connection, people: Sequence[int]) -> int:
    """Remove by which keys sources name customers who are gone; returns how many."""
    keys = table("source_key")
    count = 0
    for first in range(0, len(people), CHUNK):
        is_theirs = keys.c.id.in_(people[first : first + CHUNK])
        gone = keys.delete().where(keys.c.table == "customer", is_theirs)
        count += connection.execute(gone).rowcount
    return count


def remove_rows(connection: sa.Connection, name: str, chosen: sa.ColumnElement[bool]) -> int:
    """Remove rows of a table that has numbers, with what refreshes keep of them; returns how
    many. The number that a source's customer has stays: by it the customer is recognised."""
    rows = table(name)
    numbers = sa.select(rows.c.id).where(chosen)
    if name == "survey_invitation":
        answers = table("survey_answer")
        connection.execute(answers.delete().where(answers.c.invitation_id.in_(numbers)))
        _forget_copies(connection, "survey_answer", numbers)
    _forget_copies(connection, name, numbers)
    _forget_keys(connection, name, numbers)
    return connection.execute(rows.delete().where(chosen)).rowcount


def list_kept(
    connection: sa.Connection, people: Sequence[int], books: Books
) -> list[tuple[int, dt.date]]:
    """The invoices of these customers that stay: number, and the last day on which each must be
    kept."""
    invoices = table("invoice")
    chosen = sa.select(invoices.c.id, invoices.c.issued_on).where(
        invoices.c.customer_id.in_(people)
    )
    rows = connection.execute(chosen.order_by(invoices.c.id))
    return [(row.id, books.find_end(row.issued_on)) for row in rows]


def _remove_some(
    connection: sa.Connection, people: Sequence[int], books: Books, now: dt.datetime
) -> list[tuple[str, int]]:
    customers, invoices = table("customer"), table("invoice")
    counts = []
    for name in OWNED:
        is_theirs: sa.ColumnElement[bool] = table(name).c.customer_id.in_(people)
        if name == "invoice":
            _forget_copies(connection, name, sa.select(invoices.c.id).where(is_theirs))
            is_theirs = sa.and_(is_theirs, invoices.c.issued_on < books.first_day)
        counts.append((name, remove_rows(connection, name, is_theirs)))
    _release_holds(connection, people)
    is_person = customers.c.id.in_(people)
    has_invoices = sa.exists().where(invoices.c.customer_id == customers.c.id)
    _forget_copies(connection, "customer", sa.select(customers.c.id).where(is_person))
    _empty(connection, sa.and_(is_person, has_invoices), now)
    gone = sa.and_(is_person, ~has_invoices)
    counts.append(("customer", connection.execute(customers.delete().where(gone)).rowcount))
    return counts


def _empty(connection: sa.Connection, chosen: sa.ColumnElement[bool], now: dt.datetime) -> None:
    """Leave of customers a number that is restricted, for the books."""
    customers = table("customer")
    columns = [one for one in customers.columns if one.nullable and one.name not in OF_STUB]
    nothing: dict[str, object] = {column.name: None for column in columns}
    instant = sa.literal(now, customers.c.restricted_from.type)
    since = sa.func.coalesce(customers.c.restricted_from, instant)
    values = nothing | {"restricted_from": since, "updated_at": now}
    connection.execute(customers.update().where(chosen).values(values))


def _release_holds(connection: sa.Connection, people: Sequence[int]) -> None:
    """Nobody is held back who is not there; what the refused row was known by goes with it."""
    holds = table("held_back")
    is_their_row = sa.and_(holds.c.table == "customer", holds.c.refused_id.in_(people))
    connection.execute(holds.delete().where(sa.or_(holds.c.customer_id.in_(people), is_their_row)))


def release_holds_of(connection: sa.Connection, marks: pl.DataFrame) -> None:
    """Nobody is held back by a refused row that is known by these marks (identifier, digest) of an
    erased person alone."""
    holds, identifiers = table("held_back"), table("held_identifier")
    numbers = sa.select(identifiers.c.held_back_id).where(
        identifiers.c.digest.in_(marks["digest"].to_list())
    )
    connection.execute(holds.delete().where(holds.c.id.in_(numbers)))


def _forget_copies(connection: sa.Connection, name: str, numbers: sa.Select[tuple[int]]) -> None:
    """Remove what refreshes keep of these rows of a table, so that they may be taken back."""
    for copy in ("refresh_row", "missing_row"):
        copies = table(copy)
        is_copy = sa.and_(copies.c.table == name, copies.c.row_id.in_(numbers))
        connection.execute(copies.delete().where(is_copy))


def _forget_keys(connection: sa.Connection, name: str, numbers: sa.Select[tuple[int]]) -> None:
    """Remove by which keys sources name these rows of a table."""
    keys = table("source_key")
    is_key = sa.and_(keys.c.table == name, keys.c.id.in_(numbers))
    connection.execute(keys.delete().where(is_key))
