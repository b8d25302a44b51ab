"""What a person decides of rows that a source which sends everything does not send any more, and
which file cannot be everything.

Example: customers 1 and 2 are not in this month's list. Customer 1 has left, and the register says
when; 2 was moved to another system and stays. Decided so, neither is listed next month. Who comes
again is not missing, and if he is missing once more somebody decides anew.

Of 100 customers 51 cannot be missing at once, unless somebody says that it is right: a file that
was cut short says nothing of those whom it lost.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa

from genlib.errors import Refused, UsageError
from genlib.register import audit
from genlib.register.database import Register
from genlib.register.runs import RunKey
from genlib.register.schema import table

DECISIONS = ("left", "stays")
OfSource = sa.ColumnElement[bool]
"""Whether a row of the register is one of a source's."""


def decide_missing(
    register: Register, of: tuple[str, str], rows: Sequence[int], decision: str, at: dt.datetime
) -> int:
    """Enter what was decided of missing rows `of` a feed and its table, in one audited act; how
    many they are. UsageError, and nothing is entered, for another decision, for a row that is not
    missing, and for who shall have left without the day on which he did."""
    feed, name = of
    numbers = sorted(set(rows))
    if decision not in DECISIONS:
        raise UsageError(f"a decision is one of {', '.join(DECISIONS)}; erased: genlib subject")
    marks = table("missing_row")
    is_meant = sa.and_(marks.c.feed == feed, marks.c.table == name, marks.c.row_id.in_(numbers))
    with audit.told(register) as (connection, tell):
        if decision == "left":
            _check_left(connection, name, numbers)
        change = marks.update().where(is_meant).values(decision=decision, decided_at=at)
        count = connection.execute(change).rowcount
        if count != len(numbers):
            raise UsageError(
                f"{len(numbers) - count} of these rows are not missing; see genlib register missing"
            )
        detail = {"feed": feed, "table": name, "decision": decision, "rows": count}
        people = count if name == "customer" else 0
        tell(audit.Event("register", "decide missing", people, detail=detail, at=at))
    return count


def check_not_empty(connection: sa.Connection, run: RunKey, of_source: OfSource, read: int) -> None:
    """Refused if a whole file has no row and the register has some of its source. of_source: which
    rows of the register are the source's; read: how many rows the file has."""
    total = _count_rows(connection, run.table, of_source)
    if total and not read:
        raise Refused(
            f"{run.feed}, table {run.table}: the file has no row, and of this source the register "
            f"has {total}: nobody was marked as missing; send the whole file, or leave it out"
        )


def check_not_shrunk(
    connection: sa.Connection, run: RunKey, of_source: OfSource, missing: pl.Series
) -> None:
    """Refused if a whole file lacks more than half of the rows that its source had till now. Those
    that are marked as missing already it did not have. missing: numbers of the rows that did not
    come."""
    marks = table("missing_row")
    of_feed = sa.and_(marks.c.feed == run.feed, marks.c.table == run.table)
    marked = connection.scalars(sa.select(marks.c.row_id).where(of_feed)).all()
    lost_before = missing.is_in(list(marked)).sum()
    lost = len(missing) - lost_before
    total = _count_rows(connection, run.table, of_source) - lost_before
    if 2 * lost > total:
        raise Refused(
            f"{run.feed}, table {run.table}: the file lacks {lost} of the {total} rows that its "
            "source had: nobody was marked as missing; send the whole file, or if so many are gone "
            "say so with --fewer"
        )


def count_undecided(connection: sa.Connection, feed: str, name: str) -> int:
    """How many missing rows of a feed's table wait for a decision."""
    marks = table("missing_row")
    is_open = sa.and_(marks.c.feed == feed, marks.c.table == name, marks.c.decision.is_(None))
    return connection.scalar(sa.select(sa.func.count()).select_from(marks).where(is_open)) or 0


def _count_rows(connection: sa.Connection, name: str, of_source: OfSource) -> int:
    query = sa.select(sa.func.count()).select_from(table(name)).where(of_source)
    return connection.scalar(query) or 0


def _check_left(connection: sa.Connection, name: str, numbers: Sequence[int]) -> None:
    """UsageError unless all are customers of whom the register says when they left."""
    if name != "customer":
        raise UsageError("only customers have left; another row stays")
    people = table("customer")
    has_left = sa.and_(people.c.id.in_(numbers), people.c.left_on.is_not(None))
    count = connection.scalar(sa.select(sa.func.count()).select_from(people).where(has_left)) or 0
    if count < len(numbers):
        raise UsageError(
            f"the register does not say of {len(numbers) - count} of them when they left; enter "
            "left_on first (genlib subject correct), or decide that they stay"
        )
