"""When the slots of an entry are due: pure functions of the plan and an instant.

Example: an entry of every month on day 1 at 06:00, from 2026-10-15: the slot of October is due on
Monday 2 November at 06:00 (1 November is a Sunday), which is 04:00 UTC; September's was due before
the entry began and is none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim

from genlib.period import Period
from genlib.schedule.plan import Entry, Plan, Slot, name_slot
from genlib.schedule.spreading import Campaign, list_values
from genlib.workdays import find_instant, move_to_working_day

ONE_DAY = dt.timedelta(days=1)
Due = tuple[dt.datetime, Period]


def find_due_slots(
    plan: Plan, now: dt.datetime, time_zone: str, campaigns: Sequence[Campaign] = ()
) -> list[Slot]:
    """Every slot that is due by now, the oldest first, and of one time in the order of the file.
    `campaigns`: those that an entry of every campaign may have."""
    zone = ZoneInfo(time_zone)
    slots = [slot for entry in plan.entries for slot in find_slots_of(entry, now, zone, campaigns)]
    return sorted(slots, key=lambda slot: slot.due_at)


def find_slots_of(
    entry: Entry, now: dt.datetime, zone: ZoneInfo, campaigns: Sequence[Campaign] = ()
) -> list[Slot]:
    """The slots of an entry that are due by now; all but the newest `catch_up` periods are
    missed."""
    dues = find_dues(entry, now, zone)
    first_made = len(dues) - entry.catch_up
    slots: list[Slot] = []
    for number, due in enumerate(dues):
        slots.extend(_spread(entry, due, number < first_made, campaigns))
    return slots


def find_dues(entry: Entry, now: dt.datetime, zone: ZoneInfo) -> list[Due]:
    """The instants (UTC) at which an entry is due until now, each with its period; a period once,
    at the first."""
    series = _find_dues_of_cron(entry, zone) if entry.cron else _find_dues_of_unit(entry, zone)
    dues: list[Due] = []
    for at, period in series:
        if at > now:
            break
        dues.append((at, period))
    return dues


def find_next(entry: Entry, now: dt.datetime, zone: ZoneInfo) -> Due:
    """The next instant after now, with its period."""
    series = _find_dues_of_cron(entry, zone) if entry.cron else _find_dues_of_unit(entry, zone)
    return next((at, period) for at, period in series if at > now)


def _find_dues_of_unit(entry: Entry, zone: ZoneInfo) -> Iterator[Due]:
    """For ever. Two periods back, what is due may have been moved to the first day."""
    period = Period.around(entry.starts, entry.every).previous().previous()
    while True:
        day = period.end + (entry.day - 1) * ONE_DAY
        if entry.working_days:
            day = move_to_working_day(day)
        if day >= entry.starts:
            yield find_instant(day, dt.time.fromisoformat(entry.at), zone), period
        period = Period.around(period.end, entry.every)


def _find_dues_of_cron(entry: Entry, zone: ZoneInfo) -> Iterator[Due]:
    """For ever: of each unit the first time that the line names."""
    start = dt.datetime.combine(entry.starts, dt.time(), zone)
    while True:
        at = next(CronSim(entry.cron, start - dt.timedelta(seconds=1)))
        running = Period.around(at.date(), entry.unit)
        day = move_to_working_day(at.date()) if entry.working_days else at.date()
        yield find_instant(day, at.time(), zone), running.previous()
        start = dt.datetime.combine(running.end, dt.time(), zone)


def _spread(
    entry: Entry, due: Due, is_missed: bool, campaigns: Sequence[Campaign]
) -> Iterator[Slot]:
    """The slots of one time: the whole before its parts, and each in every language."""
    at, period = due
    whole = dict(entry.parameters)
    for language in entry.languages:
        yield Slot(entry, at, period, language, whole, is_missed=is_missed)
    for name, values in entry.each.items():
        for value in list_values(name, values, period, campaigns):
            part = whole | {name: value}
            yield from _spread_part(entry, due, part, is_missed)


def _spread_part(
    entry: Entry, due: Due, part: Mapping[str, Any], is_missed: bool
) -> Iterator[Slot]:
    at, period = due
    for language in entry.languages:
        after = name_slot(entry.report, period, language, entry.parameters)
        yield Slot(entry, at, period, language, part, after, is_missed)
