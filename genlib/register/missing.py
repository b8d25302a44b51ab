"""What a person decides of rows that a source which sends everything does not send any more.

Example: customers 1 and 2 are not in this month's list. Customer 1 has left, and the register says
when; 2 was moved to another system and stays. Decided so, neither is listed next month. Who comes
again is not missing, and if he is missing once more somebody decides anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from genlib.errors import UsageError
from genlib.register import audit
from genlib.register.database import Register
from genlib.register.schema import table

DECISIONS = ("left", "stays")


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


def count_undecided(connection: sa.Connection, feed: str, name: str) -> int:
    """How many missing rows of a feed's table wait for a decision."""
    marks = table("missing_row")
    is_open = sa.and_(marks.c.feed == feed, marks.c.table == name, marks.c.decision.is_(None))
    return connection.scalar(sa.select(sa.func.count()).select_from(marks).where(is_open)) or 0


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
            "left_on first, or decide that they stay"
        )
