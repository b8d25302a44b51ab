"""What a refresh did to one table, in counts that name nobody.

Example: `customer: 5 read, 1 new, 2 changed (phone 2), 1 unchanged, 1 refused (bad_format 1)`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import polars as pl
import sqlalchemy as sa

from genlib.register.batches import Payments
from genlib.register.expiry import tell_past
from genlib.register.holds import tell_held
from genlib.register.numbering import give_numbers
from genlib.register.runs import RunKey
from genlib.register.schema import table
from genlib.register.tombstones import tell_erased
from genlib.register.unknown_codes import UnknownCodes


@dataclass
class Outcome:
    """Counts of rows. `columns`: column → how often it changed; `rules`: rule → how often it
    refused a cell; `past`: how many of the refused rows were so for their age, `erased`: since they
    are of people who were erased; `customers`: whose rows were added or changed; `joined`: keys of
    customers who were there; `contested`: column → how often it changed of customers whom another
    source names too; `closed_months`: changed amounts of invoices of earlier months;
    `missing`: rows that a whole file did not send, else None; `newly_missing`: numbers of those
    that were not missing before; `undecided`: how many of all wait for a decision; `payments`:
    what open amounts say; `codes`: those that nobody translates; `decisions`: what a person must
    decide, a line each."""

    feed: str
    table: str
    run: int = 0
    read: int = 0
    fresh: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    past: int = 0
    erased: int = 0
    columns: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    customers: pl.Series = field(default_factory=partial(pl.Series, dtype=pl.Int64))
    held_back: int = 0
    closed_months: int = 0
    joined: int = 0
    contested: Counter[str] = field(default_factory=Counter)
    missing: int | None = None
    newly_missing: pl.Series = field(default_factory=partial(pl.Series, dtype=pl.Int64))
    undecided: int = 0
    payments: Payments = field(default_factory=Payments)
    newest: dt.datetime | None = None
    codes: UnknownCodes = field(default_factory=UnknownCodes)
    decisions: list[str] = field(default_factory=list)

    @property
    def people(self) -> int:
        """How many customers had a row added or changed."""
        return len(self.customers)

    def add_customers(self, ids: pl.Series) -> None:
        """Note whose rows were added or changed."""
        self.customers = self.customers.append(ids.cast(pl.Int64)).drop_nulls().unique()

    def add_newest(self, newest: dt.datetime | None) -> None:
        """Note when the newest of some rows happened."""
        instants = [instant for instant in (self.newest, newest) if instant]
        self.newest = max(instants, default=None)

    def add_payments(self, payments: Payments) -> None:
        """Count the invoices whose open amounts say something of their payment days."""
        partly = self.payments.partly + payments.partly
        self.payments = Payments(partly, self.payments.undated + payments.undated)

    @property
    def listed(self) -> int:
        """How many rows the report of refused rows tells: all but those refused for their age."""
        return self.refused - self.past

    @property
    def to_mend(self) -> int:
        """How many of them somebody must mend: all but those of people who were erased."""
        return self.listed - self.erased

    @property
    def counts(self) -> dict[str, int]:
        """The counts that the history keeps."""
        names = ("read", "fresh", "changed", "unchanged", "refused", "held_back")
        return {name: getattr(self, name) for name in names}

    @property
    def detail(self) -> dict[str, str | int]:
        """What the audit trail tells: columns and counts."""
        detail: dict[str, str | int] = {"feed": self.feed, "table": self.table, "run": self.run}
        columns = {"columns": list_counts(self.columns)} if self.columns else {}
        joined = {"joined": self.joined} if self.joined else {}
        return detail | self.counts | joined | columns

    @property
    def notices(self) -> list[str]:
        """What a steward must know beside the counts, a line each."""
        lines = tell_held(self.table, self.held_back) + tell_past(self.table, self.past)
        lines += tell_erased(self.table, self.erased)
        if self.joined:
            lines.append(
                f"{self.table}: joined {self.joined}: so many keys of this source are of customers "
                "who were there, by an identifier"
            )
        if self.contested:
            lines.append(
                f"{self.table}: changed of customers whom another source names too: "
                f"{list_counts(self.contested)}; if the sources differ each changes it back: let "
                "one alone give the column (columns, or master, of the feeds)"
            )
        if self.closed_months:
            lines.append(f"{self.table}: changed amounts of earlier months: {self.closed_months}")
        lines += self._tell_payments()
        if self.undecided:
            lines.append(
                f"{self.table}: not sent any more, for a decision: {self.undecided}; nothing was "
                "removed (genlib register missing)"
            )
        return [*lines, *self.decisions]

    def _tell_payments(self) -> list[str]:
        lines = []
        if self.payments.partly:
            lines.append(
                f"{self.table}: partly paid: {self.payments.partly}: so many have a payment day "
                "while something is open; they count as unpaid until nothing is"
            )
        if self.payments.undated:
            lines.append(
                f"{self.table}: closed without a payment day: {self.payments.undated}: credited, "
                "or paid nobody knows when; they count as unpaid"
            )
        return lines

    def write(self, connection: sa.Connection, key: RunKey) -> None:
        """Enter the counts into the history."""
        self.run = key.run
        [number] = give_numbers(connection, "refresh_run", 1)
        row = {"id": number, "run": key.run, "feed": key.feed, "table": key.table}
        instants = {"at": key.at, "as_of": key.as_of, "newest": self.newest}
        counts = self.counts | {"missing": self.missing}
        connection.execute(table("refresh_run").insert().values(**row, **instants, **counts))

    def __str__(self) -> str:
        changed = f" ({list_counts(self.columns)})" if self.columns else ""
        refused = f" ({list_counts(self.rules)})" if self.rules else ""
        return (
            f"{self.table}: {self.read} read, {self.fresh} new, {self.changed} changed{changed}, "
            f"{self.unchanged} unchanged, {self.refused} refused{refused}"
        )


def list_counts(counts: Counter[str]) -> str:
    """Each name with its count, the most frequent first."""
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
