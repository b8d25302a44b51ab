"""Pages: what a table tells at one time, which is told again as it was, or told anew as a whole.

1. A page is a whole table; of a table by months, surveys or campaigns it is what that tells of one
   of them.
2. A page whose month, quarter or year is over is told once, and repeated as it was told.
3. Another page is told anew if none of its figures is a near twin of one that was told before;
   else the last page of its kind is repeated as it was, with its day.

Example: the customers of 1 November by region are the page after those of 1 October. If three
people joined in Uusimaa and nobody moved elsewhere, the whole table of October is told again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any

import numpy as np
import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.figures import FIGURE, TELLER
from genlib.disclosure.ladder import Steps, list_units
from genlib.disclosure.slices import SLICE
from genlib.period import UNITS, Period, months_between

PLACE: dict[str, Any] = {
    "of": pl.String,
    "part": pl.String,
    "start": pl.Date,
    "end": pl.Date,
    "whole": pl.String,
    "slice": pl.String,
    "slice_start": pl.Date,
    "slice_end": pl.Date,
}
"""Whom a page counts, and of which part and of which slice of a whole it tells (see
`leftovers`)."""


@dataclass(frozen=True)
class Page:
    """Which page it is. `series`: the same for the pages of one table at all times, as JSON;
    `steps` down the ladders of its dimensions, as JSON; the survey or campaign that it tells of
    (`code`); `start` and `end` of what it tells, as far as they are known."""

    series: str
    steps: str
    code: str = ""
    start: date | None = None
    end: date | None = None

    def is_closed(self, day: date) -> bool:
        """Whether it tells of a month, quarter or year that is over on this day.

        >>> october = Page("customers", "{}", "", date(2026, 10, 1), date(2026, 11, 1))
        >>> october.is_closed(date(2026, 11, 1)), october.is_closed(date(2026, 10, 31))
        (True, False)
        """
        if self.start is None or self.end is None or self.end > day:
            return False
        around = [Period.around(self.start, unit) for unit in UNITS]
        ends = [period.end for period in around if period.start == self.start]
        return self.end in ends

    @property
    def window(self) -> tuple[date, date] | None:
        """The time that it tells of, if that is more than a month."""
        if self.start is None or self.end is None or months_between(self.start, self.end) <= 1:
            return None
        return self.start, self.end

    def name_part(self) -> tuple[str, str, date | None, date | None]:
        """Whom it counts, of whatever time, and of which part of them it tells: of the month,
        quarter or year that begins on a day, or of the survey or campaign of a code (of one series,
        for codes of other tables may be spelt alike and mean something else); of none "".

        >>> october = Page('["new", "joined", []]', "{}", "", date(2026, 10, 1), date(2026, 11, 1))
        >>> october.name_part()[:2]
        ('["joined", []]', '2026-10-01')
        """
        _, what, cut, *_ = json.loads(self.series)
        of = json.dumps([what, cut])
        if self.start and self.end and self.is_closed(self.end):
            return of, self.start.isoformat(), self.start, self.end
        return self.series, self.code, None, None

    def name_slice(self) -> tuple[str, str, date | None, date | None]:
        """Of which whole it tells a slice, which value that has, and of what time; "" if the report
        is not narrowed.

        >>> spring = Page('["steps", "drawn", [["campaign", "spring"]], [], [], 1]', "{}")
        >>> spring.name_slice()[:2]
        ('["steps", "drawn", ["campaign"], [], [], 1]', 'spring')
        """
        name, what, cut, *others = json.loads(self.series)
        whole = json.dumps([name, what, [column for column, _ in cut], *others])
        values = "\x1f".join(value for _, value in cut)
        return whole if cut else "", values, self.start, self.end

    def place(self) -> tuple[Any, ...]:
        """The columns of `PLACE`."""
        return *self.name_part(), *self.name_slice()

    def overlaps(self, other: Page) -> bool:
        """Whether both tell of the same, and of some of the same time; what has no beginning tells
        of any.

        >>> october = Page("customers", "{}", "", date(2026, 10, 1), date(2026, 11, 1))
        >>> november = Page("customers", "{}", "", date(2026, 11, 1), date(2026, 12, 1))
        >>> october.overlaps(november), october.overlaps(Page("customers", "{}"))
        (False, True)
        """
        if self.code != other.code:
            return False
        if self.start is None or other.start is None:
            return True
        begins_before_its_end = self.start < (other.end or date.max)
        ends_after_its_start = other.start < (self.end or date.max)
        return begins_before_its_end and ends_after_its_start


@dataclass(frozen=True)
class ToldPage:
    """A page as it was told on a `day` in a `run`: its rows (`content`, as Arrow writes them), its
    `figures` (see `FIGURE`), and how its groups are larger than they might be. It is told anew,
    though its time is over, if it was `withdrawn`."""

    page: Page
    day: date
    run: str
    content: bytes
    figures: pl.DataFrame
    coarser: Mapping[str, str] = field(default_factory=dict)
    is_withdrawn: bool = False

    @property
    def frame(self) -> pl.DataFrame:
        """Its rows."""
        return pl.read_ipc(BytesIO(self.content))


class Past:
    """The pages that were told, the oldest first; `standing`: each page as it was last told, but
    for those that are withdrawn."""

    def __init__(self, pages: Iterable[ToldPage] = ()) -> None:
        self.pages = sorted(pages, key=lambda page: (page.day, page.run))
        self.standing = {one.page: one for one in self.pages if not one.is_withdrawn}

    def find_last(self, page: Page) -> ToldPage | None:
        """The last page of this kind that tells of some of the same time."""
        of_series = [one for one in self.standing.values() if one.page.series == page.series]
        overlapping = [one for one in of_series if one.page.overlaps(page)]
        return max(overlapping, key=lambda one: (one.day, one.run), default=None)

    def is_withdrawn(self, page: Page) -> bool:
        """Whether the page was told, and is withdrawn."""
        return any(one.is_withdrawn for one in self.pages if one.page == page)

    def find_steps(self, series: str, day: date) -> Steps:
        """The steps of the last page of the series in this year: a table gets finer once a year."""
        pages = [one for one in self.pages if one.page.series == series]
        if not pages or pages[-1].day.year != day.year:
            return {}
        steps: Steps = json.loads(pages[-1].page.steps)
        return steps

    def list_figures(self) -> pl.DataFrame:
        """All that was told: the columns of `FIGURE`, of `TELLER` and of `PLACE`."""
        figures = [pl.DataFrame(schema=FIGURE), *(one.figures for one in self.pages)]
        sizes = [one.figures.height for one in self.pages]
        tellers = [(one.page.series, one.is_withdrawn, *one.page.place()) for one in self.pages]
        by_page = pl.DataFrame(tellers, schema={**TELLER, **PLACE}, orient="row")
        return pl.concat(figures).hstack(by_page[np.repeat(np.arange(len(sizes)), sizes)])


def name_series(name: str, cells: Cells) -> str:
    """The series that the pages of a table belong to: of equal tables at other times the same.

    The table of October and that of November belong to one, for both are of one month:

    >>> from genlib.disclosure.population import Population
    >>> def name_month(month: int) -> str:
    ...     times = date(2026, month, 1), date(2026, month + 1, 1)
    ...     return name_series("growth", Cells(pl.DataFrame(), (), (), Population("new", *times)))
    >>> name_month(10) == name_month(11)
    True
    """
    population = cells.population
    parts = [
        name,
        population.what,
        list(population.cut),
        [name for name in cells.dimensions if name != SLICE],
        [measure.name for measure in cells.measures],
        None if cells.page else _months(population.start, population.end),
    ]
    return json.dumps(parts)


def _months(start: date | None, end: date | None) -> int | None:
    return None if start is None or end is None else months_between(start, end)


def list_pages(name: str, cells: Cells) -> dict[str, Page]:
    """The pages of a table, by their codes; of a table that is one page by ""."""
    series = name_series(name, cells)
    steps = json.dumps(dict(sorted(cells.steps.items())))
    if not cells.page:
        return {"": Page(series, steps, "", cells.population.start, cells.population.end)}
    unit = list_units(cells.by, cells.steps).get(cells.page, cells.page)
    pages = {}
    for code in cells.frame[cells.page].drop_nulls().unique().sort():
        page = Page(series, steps, str(code))
        if unit in UNITS:
            period = Period.around(code, unit)
            page = Page(series, steps, "", period.start, period.end)
        pages[str(code)] = page
    return pages
