"""`Population`: whom a table counts - what they are, of which time, and how they were narrowed.

Cells of equal population, dimension values and measure are the same cell wherever they stand, which
links the tables of a report and of several reports.

Example: `Population("contacts", date(2026, 10, 1), date(2026, 11, 1), (("channel", "email"),))`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from genlib.period import Period


@dataclass(frozen=True)
class Population:
    """`what` they are ("contacts"); from `start` to before `end`, or as they were on the day before
    `end` if there is no start; `cut`: the values of dimensions that they are narrowed to."""

    what: str
    start: date | None = None
    end: date | None = None
    cut: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, what: str, period: Period, **cut: str) -> Self:
        """Those of a period; "all" narrows to nothing."""
        return cls(what, period.start, period.end, narrow_to(cut))

    def __str__(self) -> str:
        days = [str(day) for day in (self.start, self.end) if day is not None]
        return " ".join([self.what, *days, *(f"{name}={value}" for name, value in self.cut)])


def narrow_to(cut: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """The values that narrow to something, in the order of their names; "all" does not.

    >>> narrow_to({"region": "06", "kind": "all"})
    (('region', '06'),)
    """
    return tuple(sorted((name, str(value)) for name, value in cut.items() if value != "all"))
