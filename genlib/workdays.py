"""Days and their instants: which days are working days in Finland, for deadlines and for the rhythm
of reports.

Example: Easter Sunday 5 April 2026 moves to Tuesday 7 April, for Easter Monday is a holiday too.
"""

from __future__ import annotations

import calendar
import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

FRIDAY = 4


def move_to_working_day(day: dt.date) -> dt.date:
    """The day, or the next one that is neither on a weekend nor a Finnish holiday."""
    while day.weekday() > FRIDAY or day in _find_holidays(day.year):
        day += dt.timedelta(days=1)
    return day


def find_instant(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The instant, in UTC, at which it is that time of the day in the zone."""
    return dt.datetime.combine(day, time, zone).astimezone(dt.UTC)


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last."""
    month = day.month - 1 + months
    year = day.year + month // 12
    number = month % 12 + 1
    last = calendar.monthrange(year, number)[1]
    return dt.date(year, number, min(day.day, last))


@lru_cache(maxsize=8)
def _find_holidays(year: int) -> frozenset[dt.date]:
    import holidays

    return frozenset(holidays.country_holidays("FI", years=year))
