"""`tabulate`: from rows to `Cells`, and to those of coarser groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import product
from typing import Any, cast

import narwhals as nw
import polars as pl

from genlib.arguments import check_call
from genlib.disclosure.cells import (
    PEOPLE,
    Cells,
    Dimension,
    Figure,
    Measure,
    Rows,
    Tables,
)
from genlib.disclosure.codes import check_codes
from genlib.disclosure.drawing import draw_cells, knows_pseudonyms
from genlib.disclosure.ladder import Steps, dropped_columns, list_units, step_down
from genlib.disclosure.members import Level, Members, customers_of, gather_members
from genlib.disclosure.population import Population
from genlib.disclosure.tally import count_level
from genlib.errors import UsageError
from genlib.period import Period

TOO_WIDE = (nw.UInt64, nw.UInt128, nw.Int128)
"""Types of whole numbers of which a sum may be too great for a figure."""


@check_call
def tabulate(  # noqa: PLR0913 - what a table is
    rows: Any,
    *,
    person: str,
    by: Sequence[Dimension],
    measures: Sequence[Measure] = (PEOPLE,),
    population: Population | str,
    figures: Sequence[Figure] = (),
    release: Tables | None = None,
    is_unique: bool = False,
    allow_absent: bool = False,
) -> Cells:
    """`Cells` of a lazy frame (Polars, or any engine that Narwhals knows) with columns `person`,
    the dimensions and the measures.

    Rows of one person in one cell are summed first, so `people` are distinct and the largest
    contributions are a person's, not a row's. The contact persons of one company are one
    contributor, if `release` tells for whom its customers stand. Sketches of who is in each cell
    can be drawn if `person` is the number of a customer of `release` or the `pseudonym` itself, of
    rows of Polars.

    Example: of Oy A four contact persons brought 960 euros, and two consumers 20 each: 6 people, 3
    contributors, and the largest contribution is 960.

    `is_unique`: nobody has two rows in a cell, nor stands in two parts of any whole, so people are
    not counted one by one; and rows are not held in memory whole, but who each is of and where it
    stands. Without `release` each person stands for himself. `allow_absent`: a code that a figure
    names may be nobody's; else that is a mistake, unless the dimension's `order` or `labels` have
    it.

    Raises `UsageError` for a measure that is not in whole numbers (a fraction would be cut row by
    row), for a row without a value in a dimension (null is the total), for a dimension of
    fractions, for a figure of a code that there is not, and for people who are no customers of
    `release`.
    """
    _check_others(population, figures, release)
    whom = population if isinstance(population, Population) else Population(population)
    _check_kinds(by, measures)
    columns = [column for dimension in by for column in dimension.columns]
    sums = [measure.name for measure in measures if measure.kind != "people"]
    _check_columns(rows, person, columns, sums, whom)
    members = gather_members(
        rows,
        person=person,
        columns=columns,
        sums=sums,
        release=release,
        is_unique=is_unique,
    )
    _check_complete(members.places, columns, whom)
    _check_balances(members, measures, whom)
    customers = customers_of(release)
    is_polars = _is_polars(rows) and (customers is None or _is_polars(customers))

    def count(some: Members) -> Cells:
        cells = _count_cells(some, by, measures, release, can_draw=is_polars)
        return replace(
            cells,
            population=whom,
            figures=tuple(figures),
            is_polars=is_polars,
        )

    def step(steps: Steps) -> Cells:
        return count(members.step_down(by, steps))

    cells = _with_recount(count(members), step)
    if not allow_absent:
        check_codes(cells)
    return cells


def with_rates(cells: Cells, rows: Rows, count: Callable[[Rows], Sequence[Figure]]) -> Cells:
    """The cells with figures that `count` finds in the rows, and in the same rows at any steps down
    the ladders.

    Post and text messages are a step that puts them together:

    >>> step = {"post": "others", "sms": "others"}
    >>> by = [Dimension("channel", ladder=(step,))]
    >>> rows = pl.DataFrame({"customer": [1, 2, 3], "channel": ["post", "sms", "email"]})
    >>> cells = tabulate(rows, person="customer", by=by, population="asked")
    >>> def count(some: Rows) -> list[Figure]:
    ...     groups = nw.from_native(some)["channel"].n_unique()
    ...     return [lambda table: table.with_columns(groups=groups)]
    >>> rated = with_rates(cells, rows, count).recount({"channel": 1})
    >>> rated.figures[0](rated.frame)["groups"].to_list()
    [2, 2, 2]
    """

    def step(steps: Steps) -> Cells:
        coarse = cells.recount(steps) if steps and cells.recount else cells
        rates = count(step_down(nw.from_native(rows), cells.by, steps))
        return replace(coarse, figures=(*rates, *coarse.figures))

    return replace(step({}), recount=step)


def _with_recount(cells: Cells, step: Callable[[Steps], Cells]) -> Cells:
    """The cells, and those that `step` counts in coarser groups."""
    by = cells.by

    def recount(steps: Steps) -> Cells:
        coarse = step(steps)
        are_dropped = [pl.col(column).is_null() for column in dropped_columns(by, steps)]
        units = list_units(by, steps)
        names_of_units = [
            partial(with_unit, column=column, unit=unit) for column, unit in units.items()
        ]
        return replace(
            coarse,
            population=_within_wholes(coarse, units),
            figures=(*coarse.figures, *names_of_units),
            frame=coarse.frame.filter(*are_dropped),
        )

    return replace(cells, recount=recount)


def _within_wholes(cells: Cells, units: Mapping[str, str]) -> Population:
    """Of time in larger steps only what lies in whole ones is counted: they are fewer people.

    Example: of the months from February to July the quarters are the second alone, so the
    population is that of April to June.
    """
    population = cells.population
    for column, unit in units.items():
        days = cells.frame[column].drop_nulls().sort()
        if len(days):
            end = Period.around(days[-1], unit).end
            population = replace(population, start=days[0], end=end)
    return population


def with_unit(frame: pl.DataFrame, *, column: str, unit: str) -> pl.DataFrame:
    """The frame with what the codes of a column of time are, in `<column>_unit`.

    >>> with_unit(pl.DataFrame({"month": ["2026-10"]}), column="month", unit="quarter").row(0)
    ('2026-10', 'quarter')
    """
    return frame.with_columns(pl.lit(unit).alias(f"{column}_unit"))


def _count_cells(
    members: Members,
    by: Sequence[Dimension],
    measures: Sequence[Measure],
    release: Tables | None,
    *,
    can_draw: bool,
) -> Cells:
    """The cells of all levels, and how they are drawn."""
    levels = [Level.of(members, keys) for keys in grouping_sets(by)]
    money = [measure.name for measure in measures if measure.kind == "money"]
    tallies = [count_level(members, level, money) for level in levels]
    columns = [column for dimension in by for column in dimension.columns]
    together = pl.concat(tallies, how="diagonal_relaxed")
    table = together.select(*columns, "people", pl.exclude(*columns, "people"))
    totals_last = [pl.col(column).is_null() for column in columns]
    cells = Cells(table.sort([*totals_last, *columns]), tuple(by), tuple(measures))
    if not (can_draw and knows_pseudonyms(members.person, customers_of(release))):
        return cells
    people = []
    if any(measure.kind == "people" for measure in measures):
        people = [int(tally["people"].sum()) for tally in tallies]
    draw = partial(draw_cells, members, levels, people, release)
    return replace(cells, draw=cache(draw))


def _check_kinds(by: Sequence[Dimension], measures: Sequence[Measure]) -> None:
    """UsageError for dimensions or measures that are given by their names alone, or in no list."""
    for name, listed, kind in (("by", by, Dimension), ("measures", measures, Measure)):
        is_list = isinstance(listed, Sequence) and not isinstance(listed, str)
        if not is_list or not all(isinstance(one, kind) for one in listed):
            raise UsageError(f'{name} is a list such as [{kind.__name__}("column")]')
    if not measures:
        raise UsageError('measures is one or more, such as [Measure("people", "people")]')


def _check_others(population: object, figures: object, release: object) -> None:
    """UsageError for whom nobody named, for what is no list of figures, and for no open release."""
    if not isinstance(population, Population | str):
        raise UsageError('population is a text that names whom the table counts, as "payers"')
    is_list = isinstance(figures, Sequence) and not isinstance(figures, str)
    if not is_list or not all(callable(one) for one in cast("Sequence[object]", figures)):
        raise UsageError('figures is a list such as [genlib.Mean("each", of="cents")]')
    is_open = isinstance(release, Mapping) or hasattr(release, "manifest")
    if release is not None and not is_open:
        raise UsageError('release is an open one: genlib.open_release("customer_analysis")')


def _check_columns(
    rows: Rows, person: str, columns: Sequence[str], sums: Sequence[str], population: Population
) -> None:
    """UsageError for what has no rows, for a person, a dimension or a measure that the rows do not
    have, for one that is named twice, for pseudonyms that are no texts, for a dimension that is not
    of codes, and for a measure in fractions, which would be cut row by row."""
    frame = nw.from_native(rows, pass_through=True)
    if not isinstance(frame, nw.DataFrame | nw.LazyFrame):
        raise UsageError(
            f'rows is a frame of people, as release["customer"] is, not {type(rows).__name__}'
        )
    wanted = [person, *columns, *sums]
    if len(set(wanted)) < len(wanted):
        raise UsageError("person, each dimension and each measure are another column each")
    schema = frame.collect_schema()
    missing = [column for column in wanted if column not in schema]
    if missing:
        raise UsageError(
            f"the rows have no column {', '.join(missing)}; they have {', '.join(schema)}"
        )
    if person == "pseudonym" and schema[person] != nw.String:
        raise UsageError(f"person pseudonym is {schema[person]}, and pseudonyms are texts")
    for column in columns:
        _check_codes(column, schema[column], population)
    for name in sums:
        _check_whole(name, schema[name], population)


def _check_codes(column: str, kind: Any, population: Population) -> None:
    """UsageError for a dimension of fractions, of which no two are alike, of lists or of bytes."""
    if not (kind.is_float() or kind.is_nested() or kind == nw.Binary):
        return
    cure = ""
    if kind.is_float():
        cure = f': cut it into bands first, as pl.col("{column}").cut(...) does'
    raise UsageError(f"dimension {column} of {population} is {kind}, and groups are of codes{cure}")


def _check_whole(name: str, kind: Any, population: Population) -> None:
    """UsageError for a measure that is not in whole numbers."""
    if kind in TOO_WIDE:
        raise UsageError(
            f"measure {name} of {population} is {kind}, and sums are of numbers of 64 bits with a "
            "sign: cast it to Int64 first"
        )
    if kind.is_integer() or kind == nw.Boolean:
        return
    cure = ""
    if kind.is_numeric():
        cure = (
            ": round it to whole cents or units first, as "
            f'(pl.col("{name}") * 100).round().cast(pl.Int64) does for euros'
        )
    raise UsageError(
        f"measure {name} of {population} is {kind}, and sums are of whole numbers{cure}"
    )


def _check_complete(cells: pl.DataFrame, columns: Sequence[str], population: Population) -> None:
    """UsageError for rows without a value in a dimension: they would be taken for the total."""
    for column in columns:
        blank = cells.filter(pl.col(column).is_null()).height
        if blank:
            raise UsageError(
                f"dimension {column} of {population} has no value in {blank} of {cells.height} "
                "groups, and null stands for the total: give these rows a value first, as "
                f'pl.col("{column}").fill_null("unknown") does'
            )


def _check_balances(members: Members, measures: Sequence[Measure], population: Population) -> None:
    """UsageError for a balance of more than 1, 0 and -1: what is told of it would not be safe."""
    for measure in measures:
        if measure.kind == "balance" and not members.rows[measure.name].is_between(-1, 1).all():
            raise UsageError(
                f"balance {measure.name} of {population} has rows beyond 1, 0 and -1, for, between "
                "and against: one row a person, or count events by kind count"
            )


def _is_polars(frame: Any) -> bool:
    return bool(nw.from_native(frame).implementation.is_polars())


def grouping_sets(by: Sequence[Dimension]) -> Iterator[list[str]]:
    """The dimension columns that are set, for every level that is shown, the finest first.

    >>> list(grouping_sets([Dimension("region"), Dimension("sex")]))
    [['region', 'sex'], ['region'], ['sex'], []]
    """
    for levels in product(*(dimension.levels for dimension in by)):
        yield [column for level in levels for column in level]
