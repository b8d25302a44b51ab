"""`Cells`: what a metric hands to door 2 - aggregated cells with what is needed to judge and to
protect them, and no rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any, Literal, Protocol, get_args

import polars as pl

from genlib.arguments import check_class
from genlib.disclosure.population import Population
from genlib.errors import UsageError

Figure = Callable[[pl.DataFrame], pl.DataFrame]
"""Adds derived columns to a table *as it is shown* (hidden cells are null already), so it can
reveal nothing that is not shown."""


MeasureKind = Literal["people", "count", "money", "balance"]
Rows = Any
"""A frame of any engine that Narwhals knows."""
Step = Mapping[Any, Any]
"""The coarser code of each code that has one at this step of a ladder; None: it is left out, since
it is in no whole group."""


@check_class
@dataclass(frozen=True)
class Dimension:
    """A grouping column. `total`: the sum over it is shown too. `parents`: columns of coarser
    groups, finest first (municipality has parent region), each shown as a level of its own.
    `sensitive`: group disclosure is checked. `ladder`: its coarser steps, each from the finest
    codes, which a table takes where groups are too small (see `ladder`), and without which each of
    these is hidden; of regions and the like, `metrics.ladders.by_attribute` has one. `units`: of
    time, what the codes are at each step ("quarter"). `is_subject`: it is what the table is about,
    and given up last. `is_page`: what the table tells of each of its codes (a month, a survey, a
    campaign) is a page of its own over time (see `pages`).
    `order`: its codes as they are read; else the largest first. `head` and
    `labels`: what it and each of its codes are called, by language (fi, sv, en), where the
    catalogue does not know them. `codes`: all that there may be, if they are fixed: who asks
    for another is told these, where a code that nobody has is a group of nobody.

    Example: `Dimension("waited", order=("0-14", "15-"), head={"en": "Waited"},
    labels={"0-14": {"en": "two weeks at most"}, "15-": {"en": "longer"}})`.
    """

    name: str
    total: bool = True
    parents: tuple[str, ...] = ()
    sensitive: bool = False
    ladder: tuple[Step, ...] = ()
    units: tuple[str, ...] = ()
    is_subject: bool = False
    is_page: bool = False
    order: tuple[Any, ...] = ()
    head: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[Any, Mapping[str, str]] = field(default_factory=dict)
    codes: tuple[Any, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.name, *self.parents)

    @property
    def levels(self) -> list[tuple[str, ...]]:
        """Columns that are set at each shown level, finest first: everything, then each parent
        alone, then nothing (the total)."""
        finer = [self.columns[depth:] for depth in range(len(self.columns))]
        return [*finer, ()] if self.total else finer


@check_class
@dataclass(frozen=True)
class Measure:
    """A summed column. `people` counts distinct persons; `count` sums events; `money` sums cents,
    judged by the p% rule too; `balance` sums what each person is, 1 for, 0 between and -1 against,
    and is judged by how many it leaves in doubt. `additive`: a total is the sum of its parts
    (people are additive only if nobody stands in two cells). `of`: the measure that this one is a
    part of (answered of asked): those who are not in the part are a group too, and too few of them
    is as unsafe as too few in it."""

    name: str
    kind: MeasureKind = "count"
    additive: bool = True
    of: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in get_args(MeasureKind):
            raise UsageError(f"the kind of a measure is one of {', '.join(get_args(MeasureKind))}")


PEOPLE = Measure("people", "people")
CONTRIBUTORS = "contributors"
"""The column of cells that tells how many of those who could be harmed are in each."""
NOBODY_SAID = Population("")
"""Of a table by itself: it has no cell in common with another."""


def list_columns(by: Sequence[Dimension]) -> list[str]:
    """The columns of these dimensions, each with its coarser groups."""
    return [column for dimension in by for column in dimension.columns]


@dataclass(frozen=True)
class Cells:
    """All cells of one table, margins included.

    `frame`: one row a cell; the dimension columns (null = total over it), `people` (Int64, distinct
    persons), one Int64 column per further measure and, for each measure with kind `money`,
    `<name>_1` and `<name>_2`: the two largest contributions (in absolute value). Optional:
    `contributors`, as whom a cell's people count where it is judged: each by himself, but all
    contact persons of a company as one (else `people`); `<name>_people`, those of them with
    something other than zero in it (else all), and for money `<name>_rest`, the absolute sum of all
    but the two largest (else the sum less the two). People are told of only if they are among the
    `measures`; their contributors judge the cells in any case.
    `population`: whom the table counts; cells of equal population, measure and dimension values are
    the same cell wherever they stand, which links the tables of a report. `draw` gives the
    dimension columns and a sketch of the people and of each sum, which tell by how many people
    figures differ, and by which numbers they are drawn (`_numbering`); None where `tabulate` does
    not know people by pseudonym. `is_polars`: rows of
    Polars were counted. `recount` gives the cells of coarser groups: so many steps down the ladder
    of each dimension; `steps` are those that were taken. `is_optional`: it has no steps, and is
    left out where many cells are unsafe.
    `apart`: the dimension each of whose codes is told by itself, if all its cells are safe.
    `left_out`: that so it was, of all cells or of some codes of `apart`.
    """

    frame: pl.DataFrame
    by: tuple[Dimension, ...]
    measures: tuple[Measure, ...] = (PEOPLE,)
    population: Population = NOBODY_SAID
    figures: tuple[Figure, ...] = ()
    draw: Callable[[], pl.DataFrame] | None = field(default=None, repr=False)
    is_polars: bool = True
    recount: Callable[[Mapping[str, int]], Cells] | None = None
    steps: Mapping[str, int] = field(default_factory=dict)
    is_optional: bool = False
    apart: str = ""
    left_out: Literal["", "all", "some"] = ""

    @property
    def dimensions(self) -> list[str]:
        return list_columns(self.by)

    @property
    def page(self) -> str:
        """The dimension of whose codes each is a page of its own, or ""."""
        return next((dimension.name for dimension in self.by if dimension.is_page), "")

    @property
    def occupied(self) -> pl.DataFrame:
        """The cells that anybody is in."""
        return self.frame.filter(pl.col("people") > 0)

    @cached_property
    def sketched(self) -> pl.DataFrame:
        """The frame, with the sketch of each measure (`_sketch_<name>`), and `_numbering`."""
        names = {measure.name: f"_sketch_{measure.name}" for measure in self.measures}
        # one column more: there may be no dimension to join by
        frame = self.frame.with_columns(_=0)
        if self.draw is None:
            nothing = [pl.lit(None, pl.Binary).alias(column) for column in names.values()]
            return frame.with_columns(*nothing, _numbering=pl.lit(None, pl.String))
        drawings = self.draw()
        codes = [column for column in self.dimensions if column in drawings.columns]
        renamed = drawings.rename(names).select(*codes, *names.values(), "_numbering", _=0)
        return frame.join(renamed, on=[*codes, "_"], how="left", nulls_equal=True)

    def _repr_html_(self) -> str:
        """What it counts, as a table in JupyterLab. A report that shows it is stopped by its
        gate."""
        counted = [*self.dimensions, "people", *(measure.name for measure in self.measures)]
        cells = self.frame.select([*dict.fromkeys(counted)])
        return show_frame(cells, "Not protected: for the lab alone, until genlib.protect")


def show_frame(frame: pl.DataFrame, caption: str) -> str:
    """A frame as JupyterLab shows it, under a line of text."""
    with pl.Config(tbl_rows=40, tbl_cols=20):
        return f"<p><b>{escape(caption)}</b></p>{frame._repr_html_()}"


class Tables(Protocol):
    """A release, or a dictionary of frames by name."""

    def __getitem__(self, name: str, /) -> Any: ...
