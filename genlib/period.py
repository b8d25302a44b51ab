"""`Period`: a month, a quarter or a year, as people write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from genlib.errors import UsageError

UNITS = {"month": 1, "quarter": 3, "year": 12}
"""How many months each is long."""
_FORM = re.compile(r"([12]\d{3})(?:-(0[1-9]|1[0-2])|-Q([1-4]))?")


@dataclass(frozen=True, order=True)
class Period:
    """From `start` to `end`, which is the first day after it. Written "2026-10", "2026-Q3" or
    "2026"."""

    start: date
    end: date
    label: str

    @classmethod
    def parse(cls, text: str) -> Period:
        """The period that `text` names; `UsageError` if it names none."""
        match = _FORM.fullmatch(text)
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

    @property
    def length(self) -> int:
        """In months: 1, 3 or 12."""
        return months_between(self.start, self.end)

    @property
    def unit(self) -> str:
        """month, quarter or year."""
        return next(unit for unit, length in UNITS.items() if length == self.length)

    def _moved(self, months: int) -> Period:
        moved = _first_day(self.start.year, self.start.month + months)
        return self._of(moved.year, moved.month, self.length)

    def previous(self) -> Period:
        """The period of the same length just before this one."""
        return self._moved(-self.length)

    def year_ago(self) -> Period:
        """The same period of the year before."""
        return self._moved(-12)

    def months(self, n: int) -> list[Period]:
        """The last `n` months, oldest first; the last of them is the last month of this period."""
        return [
            self._of(day.year, day.month, 1)
            for day in (_first_day(self.end.year, self.end.month - k) for k in range(n, 0, -1))
        ]

    def __str__(self) -> str:
        return self.label


def months_between(start: date, end: date) -> int:
    """How many months the one begins after the other."""
    return 12 * (end.year - start.year) + end.month - start.month


def _first_day(year: int, month: int) -> date:
    """Months may be under 1 or over 12."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
