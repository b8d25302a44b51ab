"""When a report is late: when it is not over so many hours as its entry says after somebody began
to wait for it.

That is since it was due, or since it was opened again. Nobody waits for a report that is new: one
that is put down for the first time after it would be late, while none of the same name, parameters
and language, of an earlier month (quarter, year: as its own), was ever put down. It is late only if
it is opened again; after a gap of the scheduler, one that had come before is.

Example: an entry of every month from January is written into the schedule on 3 November. Its ten
reports of the past wait and are not late; November's, due on 1 December at 06:00, is at 18:00.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from genlib.schedule.plan import Slot
from genlib.schedule.store import is_over


def is_late(slot: Slot, row: Mapping[str, Any], now: dt.datetime) -> bool:
    """Whether somebody has waited for a slot too long, however often it was tried meanwhile."""
    since: dt.datetime | None = row["awaited_since"]
    if since is None or is_over(row):
        return False
    # another entry of the report may have been due before this one
    return now > max(since, slot.due_at) + slot.patience


def find_awaited_since(
    slots: Sequence[Slot], earlier: Collection[str], now: dt.datetime
) -> dict[str, dt.datetime | None]:
    """Since when each of these slots is waited for, if it is put down now; None if nobody waits.
    `slots` are the oldest first; `earlier`: the keys that were put down before."""
    came_before: set[str] = set()
    since: dict[str, dt.datetime | None] = {}
    for slot in slots:
        if slot.key in earlier:
            came_before.add(slot.series)
        is_new = slot.series not in came_before and now > slot.late_at
        since[slot.key] = None if is_new else slot.due_at
    return since
