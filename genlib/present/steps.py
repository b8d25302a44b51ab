"""Steps: which two steps of time a report compares, and what a change is since.

Of October 2026 the comparison `previous` is with September, "from the previous month"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genlib.disclosure.table import ProtectedTable
from genlib.errors import UsageError
from genlib.period import Period, read_period
from genlib.present.sentences import read_words

COMPARED = {
    "previous": "from the previous {unit}",
    "year_ago": "from a year ago",
}
COMPARED_SO_FAR = {
    "previous": "from the same days of the previous {unit}",
    "year_ago": "from the same days a year ago",
}


def since(period: Period | str, comparison: str) -> str:
    """What a change of a period is since, as an English phrase that every language knows: "from the
    previous quarter", or of one that is not over "from the same days of the previous quarter".
    `comparison` is previous or year_ago."""
    _check_comparison(comparison)
    period = read_period(period)
    phrases = COMPARED if period.is_over else COMPARED_SO_FAR
    return phrases[comparison].format(unit=period.unit)


def _check_comparison(comparison: str) -> None:
    if not isinstance(comparison, str) or comparison not in COMPARED:
        raise UsageError(f"comparison is one of {', '.join(COMPARED)}")


@dataclass(frozen=True)
class Compared:
    """The two `places` of a comparison, what the change is `since` (see `since`), and the `unit` of
    the steps, which may be larger than the report's."""

    places: tuple[dict[str, Any], dict[str, Any]]
    since: str
    unit: str

    @property
    def this(self) -> dict[str, Any]:
        return self.places[0]


def compare_steps(table: ProtectedTable, period: Period | str, comparison: str) -> Compared:
    """The last step that a table tells, and the one that it is compared with: those of the period,
    or the last whole quarter or year where its steps had to be larger."""
    _check_comparison(comparison)
    read_words(table)
    period = read_period(period)
    column = period.unit
    rows = table.rows(column)
    unit = f"{column}_unit"
    step = period
    if unit in rows.columns and rows.height:
        step = Period.around(rows[column].max(), rows[unit][0])  # type: ignore[arg-type]
    before = step.year_ago() if comparison == "year_ago" else step.previous()
    places = ({column: step.start}, {column: before.start})
    return Compared(places, since(step, comparison), step.unit)
