"""What a refresh said beside its rows, when it is taken back: its marks of rows that are not sent
any more end, and so do the holds of the rows that it refused.

None of them names its refresh, but each is of its instant, table and (a mark) feed. What a later
refresh may say too stays, for nothing tells that it does not: a mark if another whole file came
since, a hold if a row of its table was refused since, or a load brought that table. It ends when
the last such refresh is taken back.

Example: refresh 7 was of the wrong file and held back customer 5. Taken back at once, it leaves
nobody held back. After refresh 8 with two refused rows of the same table customer 5 stays held
back, until refresh 8 is taken back too, the refused row is accepted or a steward releases it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from genlib.register.holds import LOADING
from genlib.register.schema import table

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Ended:
    """How many marks or holds ended, and how many of the refresh stay."""

    count: int
    remaining: int


def end_marks(connection: sa.Connection, run: int) -> Ended:
    """End the marks of missing rows that only refreshes that were taken back set, `run` too; also
    those of the rows that it added."""
    marks = table("missing_row")

    def is_of(runs: sa.FromClause) -> Condition:
        is_of_feed = sa.and_(runs.c.feed == marks.c.feed, runs.c.table == marks.c.table)
        return sa.and_(is_of_feed, runs.c.at == marks.c.since, runs.c.missing.is_not(None))

    def may_repeat(later: sa.FromClause, runs: sa.FromClause) -> Condition:
        return sa.and_(later.c.feed == runs.c.feed, later.c.missing.is_not(None))

    rows = table("refresh_row")
    is_row = sa.and_(rows.c.table == marks.c.table, rows.c.row_id == marks.c.row_id)
    is_added = sa.exists().where(rows.c.run == run, is_row, rows.c.before.is_(None))
    is_over = sa.or_(is_added, _is_taken_back(is_of, may_repeat))
    count = connection.execute(marks.delete().where(is_over)).rowcount
    return Ended(count, _count(connection, marks, is_of, run))


def end_holds(connection: sa.Connection, run: int) -> Ended:
    """End the holds that only refreshes that were taken back set, `run` too."""
    holds = table("held_back")

    def is_of(runs: sa.FromClause) -> Condition:
        is_refused = sa.and_(holds.c.rule != LOADING, runs.c.refused > 0)
        return sa.and_(is_refused, runs.c.table == holds.c.table, runs.c.at == holds.c.since)

    def may_repeat(later: sa.FromClause, _: sa.FromClause) -> Condition:
        return later.c.refused > 0

    is_over = sa.and_(_is_taken_back(is_of, may_repeat), ~_was_loaded_since(holds))
    count = connection.execute(holds.delete().where(is_over)).rowcount
    return Ended(count, _count(connection, holds, is_of, run))


def is_number_of_hold(keys: sa.Table) -> Condition:
    """Whether a hold names the number of a source's key: without the key nothing would ever end
    it, and the customer would come under another number that is not held back."""
    holds = table("held_back")
    is_row = sa.and_(holds.c.table == keys.c.table, holds.c.refused_id == keys.c.id)
    is_customer = sa.and_(keys.c.table == "customer", holds.c.customer_id == keys.c.id)
    return sa.exists().where(sa.or_(is_row, is_customer))


def _is_taken_back(
    is_of: Callable[[sa.FromClause], Condition],
    may_repeat: Callable[[sa.FromClause, sa.FromClause], Condition],
) -> Condition:
    """Whether what is there is of a refresh that was taken back, and no other may say it too."""
    runs = table("refresh_run").alias("taken_back")
    later = table("refresh_run").alias("later")
    # instants are kept to the second: of two refreshes in one second either may have said it
    is_since = sa.or_(later.c.run > runs.c.run, later.c.at == runs.c.at)
    is_valid = sa.and_(later.c.undone_at.is_(None), later.c.table == runs.c.table)
    is_repeated = sa.exists().where(is_valid, is_since, may_repeat(later, runs))
    return sa.exists().where(is_of(runs), runs.c.undone_at.is_not(None), ~is_repeated)


def _was_loaded_since(holds: sa.Table) -> Condition:
    events = table("audit_event")
    named = sa.literal('"table": "') + holds.c.table + sa.literal('"')
    is_load = sa.and_(events.c.action == "load", events.c.detail.contains(named))
    return sa.exists().where(is_load, events.c.at >= holds.c.since)


def _count(
    connection: sa.Connection,
    rows: sa.Table,
    is_of: Callable[[sa.FromClause], Condition],
    run: int,
) -> int:
    """How many marks or holds of a refresh are there."""
    runs = table("refresh_run").alias("of_run")
    is_there = sa.exists().where(is_of(runs), runs.c.run == run)
    return connection.scalar(sa.select(sa.func.count()).select_from(rows).where(is_there)) or 0
