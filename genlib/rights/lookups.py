"""When, and for which purpose, somebody's data was looked up: from the audit trail, without the
employees, who are no recipients (CJEU C-579/21).

Example: customer 17 was found by an e-mail address on 3 November, for customer service.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from genlib.register.schema import table


@dataclass(frozen=True)
class Lookup:
    """An event about the person: when, for which purpose, and what was done, in codes."""

    at: dt.datetime
    purpose: str
    action: str


def list_lookups(connection: sa.Connection, people: Sequence[int]) -> list[Lookup]:
    """The events of the audit trail that name one of these customers, the newest first."""
    events = table("audit_event")
    names = [_is_named(events.c.subjects, number) for number in people]
    query = sa.select(events.c.at, events.c.purpose, events.c.action).where(
        sa.or_(sa.false(), *names)
    )
    newest = query.order_by(events.c.id.desc())
    return [Lookup(*row) for row in connection.execute(newest)]


def _is_named(subjects: sa.Column[str], number: int) -> sa.ColumnElement[bool]:
    """Whether a list of numbers in JSON, such as [5, 17], has this one."""
    places = (f"[{number}]", f"[{number},%", f"% {number},%", f"% {number}]")
    return sa.or_(*(subjects.like(place) for place in places))
