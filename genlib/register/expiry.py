"""When a row has been kept as long as the notice says: one rule for the sweep, which removes such
rows, and for what comes from sources, which are not taken then.

A register that is swept takes nothing that the sweep would remove: else a source that still sends
everything would bring it back every day until the night. Before the first sweep all is taken. What
an end depends on must stand in the row itself; so these come back until the next sweep: contacts
that were planned and never sent (their campaign says when they end), customers who left or died
(their invoices keep them), disclosures with the log of whose data. Answers have no end of their
own: they are refused for the same with their invitation.

Nobody has to mend such rows: they are counted among the refused and told in a line, but neither
listed one by one nor a failure, so that what is to be mended can be seen.

Example: with three years for history, on 24 November 2026 an order of 23 November 2023 is refused
as `past_retention`, one of the 24th is taken.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from genlib.register.columns import Day
from genlib.register.contradictions import FAULTS
from genlib.register.schema import table
from genlib.workdays import add_months, find_instant

RULE = "past_retention"
PastRows = dict[tuple[str, str], pl.Series]
"""Table and rule → the numbers of rows that a load refused though there is nothing to mend: for
their age, or since they are of people who were erased (`tombstones`)."""
SWEEP = "sweep"
"""The act of the audit trail that tells of a sweep."""
BOOKKEEPING = "bookkeeping"


@dataclass(frozen=True)
class Terms:
    """How many years each rule keeps, and the company's day from which they are counted back."""

    years: Mapping[str, int]
    today: dt.date
    time_zone: str

    def find_day(self, rule: str) -> dt.date:
        """What happened before this day is older than the rule; vouchers are kept for whole years
        (Accounting Act 2:10; the financial year is the calendar year)."""
        if rule == BOOKKEEPING:
            return dt.date(self.today.year - self.years[rule], 1, 1)
        return add_months(self.today, -12 * self.years[rule])

    def find_instant(self, rule: str) -> dt.datetime:
        """The beginning of that day."""
        return find_instant(self.find_day(rule), dt.time(), ZoneInfo(self.time_zone))


@dataclass(frozen=True)
class Ending:
    """How the rows of a table end: by which rule of the notice, counted from the first of `columns`
    that is filled, and never if `unless` is."""

    rule: str
    table: str
    columns: tuple[str, ...]
    unless: str = ""

    def find_limit(self, terms: Terms) -> dt.date | dt.datetime:
        """What is earlier is over."""
        is_day = isinstance(table(self.table).c[self.columns[0]].type, Day)
        return terms.find_day(self.rule) if is_day else terms.find_instant(self.rule)

    def is_over(self, terms: Terms) -> pl.Expr:
        """Whether a row that came is over."""
        began = pl.coalesce(self.columns)
        is_early = (began < pl.lit(self.find_limit(terms))).fill_null(value=False)
        return is_early & pl.col(self.unless).is_null() if self.unless else is_early

    def is_row_over(self, terms: Terms) -> sa.ColumnElement[bool]:
        """Whether a row of the register is over."""
        columns = [table(self.table).c[name] for name in self.columns]
        began = sa.func.coalesce(*columns) if columns[1:] else columns[0]
        is_early = began < sa.literal(self.find_limit(terms), columns[0].type)
        if self.unless:
            return sa.and_(is_early, table(self.table).c[self.unless].is_(None))
        return is_early


ENDINGS = (
    Ending("history", "campaign_contact", ("sent_at",), unless="opted_out_at"),
    Ending("history", "interaction", ("occurred_at",)),
    Ending("opinion", "survey_invitation", ("responded_at", "sent_at")),
    Ending("opinion", "feedback", ("received_at",)),
    Ending("evidence", "permission", ("ended_at",)),
    Ending(BOOKKEEPING, "invoice", ("issued_on",)),
)


def read_terms(
    connection: sa.Connection, years: Mapping[str, int], now: dt.datetime, time_zone: str
) -> Terms | None:
    """The terms in force for what comes; nothing while the register was never swept, or of whom no
    notice says how long (`years` of each rule)."""
    events = table("audit_event")
    swept = sa.select(events.c.action).where(events.c.action == SWEEP).limit(1)
    if not years or connection.scalar(swept) is None:
        return None
    return Terms(years, now.astimezone(ZoneInfo(time_zone)).date(), time_zone)


def find_past(terms: Terms | None, name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The faults of new rows that the next sweep would remove."""
    over = [one for one in ENDINGS if one.table == name]
    if terms is None or not over:
        return pl.DataFrame(schema=FAULTS)
    past = rows.filter(over[0].is_over(terms))
    column = over[0].columns[-1]
    return past.select("row", column=pl.lit(column), rule=pl.lit(RULE)).cast(FAULTS)


def note_past(
    past: PastRows, name: str, rows: pl.DataFrame, faults: pl.DataFrame, rule: str = RULE
) -> pl.DataFrame:
    """Those of the rows that the rule refuses, by which there is nothing to mend; their numbers are
    noted."""
    over = rows.join(faults.filter(rule=rule), on="row", how="semi")
    if "id" in over.columns:
        before = past.get((name, rule), over["id"].clear())
        past[name, rule] = pl.concat([before, over["id"]])
    return over


def tell_past(name: str, count: int) -> list[str]:
    """What a steward must know of rows that were refused for their age, a line; no line if there
    are none."""
    if not count:
        return []
    return [
        f"{name}: past_retention {count}: so many rows were not taken, since the sweep would "
        "remove them; there is nothing to mend"
    ]
