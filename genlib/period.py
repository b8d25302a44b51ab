"""`Period`: a month, a quarter or a year, as people write it; whole, or as far as it has come."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from genlib.errors import PeriodNotCovered, UsageError

UNITS = {"month": 1, "quarter": 3, "year": 12}
"""How many months each is long."""
LAST = {"last": "month"} | {f"last-{unit}": unit for unit in UNITS}
"""Words for the unit that was over last: `last` is the last month."""
_FORM = re.compile(r"([12]\d{3})(?:-(0[1-9]|1[0-2])|-Q([1-4]))?")


@dataclass(frozen=True, order=True)
class Period:
    """From `start` to `end`, which is the first day after what is counted. Written "2026-10",
    "2026-Q3" or "2026".

    A period that is not over ends earlier than its name says (`so_far`); then those before it and
    a year ago have the same span: of 2026 up to 13 November, 2025 up to 13 November.
    """

    start: date
    end: date
    label: str

    @classmethod
    def parse(cls, text: str) -> Period:
        """The period that `text` names; `UsageError` if it names none."""
        match = _FORM.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise UsageError('a period is a month "2026-10", a quarter "2026-Q3" or a year "2026"')
        year, month, quarter = match.groups()
        if month:
            return cls._of(int(year), int(month), 1)
        return cls._of(int(year), 3 * int(quarter) - 2, 3) if quarter else cls._of(int(year), 1, 12)

    @classmethod
    def _of(cls, year: int, month: int, length: int) -> Period:
        label = {1: f"{year}-{month:02}", 3: f"{year}-Q{(month + 2) // 3}", 12: f"{year}"}[length]
        return cls(_first_day(year, month), _first_day(year, month + length), label)

    @classmethod
    def around(cls, day: date, unit: str) -> Period:
        """The month, quarter or year that a day lies in; UsageError for what is none of them."""
        if not isinstance(unit, str) or unit not in UNITS:
            raise UsageError(f"unit is one of {', '.join(UNITS)}")
        if not isinstance(day, date):
            raise UsageError("day is a date, as datetime.date(2026, 10, 1)")
        length = UNITS[unit]
        return cls._of(day.year, (day.month - 1) // length * length + 1, length)

    @property
    def length(self) -> int:
        """In months: 1, 3 or 12, also if it is not over."""
        if "Q" in self.label:
            return UNITS["quarter"]
        return UNITS["month"] if "-" in self.label else UNITS["year"]

    @property
    def unit(self) -> str:
        """month, quarter or year."""
        return next(unit for unit, length in UNITS.items() if length == self.length)

    @property
    def whole(self) -> Period:
        """All of the period, whether it is over or not."""
        return self._of(self.start.year, self.start.month, self.length)

    @property
    def is_over(self) -> bool:
        """Whether all of the period is counted."""
        return self.end == self.whole.end

    @property
    def last_day(self) -> date:
        """The last day that is counted."""
        return self.end - timedelta(days=1)

    def so_far(self, end: date) -> Period:
        """The period up to the day before `end`, all of it if it is over by then.

        `PeriodNotCovered` if no day of it is.
        """
        if end <= self.start:
            raise PeriodNotCovered(f"of {self.label} no day is over yet")
        return replace(self, end=min(end, self.whole.end))

    def _moved(self, months: int) -> Period:
        first = _first_day(self.start.year, self.start.month + months)
        moved = self._of(first.year, first.month, self.length)
        return moved if self.is_over else replace(moved, end=self._same_span(moved))

    def _same_span(self, other: Period) -> date:
        """Where another period ends after as many whole months and days."""
        months = months_between(self.start, self.end)
        month = _first_day(other.start.year, other.start.month + months)
        next_month = _first_day(month.year, month.month + 1)
        return min(month + timedelta(days=self.end.day - 1), next_month)

    def previous(self) -> Period:
        """The period of the same length just before this one; of one that is not over, its same
        span."""
        return self._moved(-self.length)

    def year_ago(self) -> Period:
        """The same period of the year before; of one that is not over, its same span."""
        return self._moved(-12)

    def back(self, months: int) -> date:
        """The day so many months before its end: where a window of that length begins."""
        month = _first_day(self.end.year, self.end.month - months)
        next_month = _first_day(month.year, month.month + 1)
        return min(month + timedelta(days=self.end.day - 1), next_month)

    def steps(self, months: int) -> list[Period]:
        """This period and the whole ones before it in so many months, oldest first; each with the
        same span."""
        count = max(1, months // self.length)
        return [self._moved(-self.length * k) for k in range(count - 1, -1, -1)]

    def months(self, n: int) -> list[Period]:
        """The last `n` months, oldest first; the last of them is the last month of this period that
        is counted, as far as it is."""
        last = self.around(self.last_day, "month")
        firsts = [_first_day(last.start.year, last.start.month - k) for k in range(n - 1, -1, -1)]
        return [self.around(day, "month").so_far(self.end) for day in firsts]

    def __str__(self) -> str:
        return self.label


def read_period(period: Period | str) -> Period:
    """A period, or the one that a text names; UsageError for what is neither, and for the words of
    the last period, whose meaning hangs on the day of a release."""
    if isinstance(period, Period):
        return period
    if isinstance(period, str) and period in LAST:
        raise UsageError(
            f'"{period}" hangs on a release: write release.period("{period}"), or a month '
            '"2026-10", a quarter "2026-Q3" or a year "2026"'
        )
    return Period.parse(period)


def name_period(text: str, today: date) -> str:
    """The name of the period that a word means on a day; what is no such word stays as it is.

    Example: on 3 January 2027 `last` and `last-month` are "2026-12", `last-quarter` is "2026-Q4"
    and `last-year` "2026".
    """
    if text not in LAST:
        return text
    return Period.around(today, LAST[text]).previous().label


def months_between(start: date, end: date) -> int:
    """How many months the one begins after the other."""
    return 12 * (end.year - start.year) + end.month - start.month


def _first_day(year: int, month: int) -> date:
    """Months may be under 1 or over 12."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
