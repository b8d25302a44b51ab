"""`tabulate`: from rows to `Cells`, and to those of coarser groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from itertools import product
from typing import Any

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import (
    CONTRIBUTORS,
    PEOPLE,
    Cells,
    Dimension,
    Figure,
    Measure,
    Rows,
    Tables,
)
from genlib.disclosure.codes import check_codes
from genlib.disclosure.drawing import (
    COMPANY,
    company_of,
    draw_cells,
    knows_pseudonyms,
)
from genlib.disclosure.ladder import Steps, dropped_columns, list_units, step_down
from genlib.disclosure.population import Population
from genlib.errors import UsageError
from genlib.period import Period


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

    `is_unique`: nobody has two rows in a cell, nor stands in two parts of any whole, so rows are
    not summed by person, and many more than fit into memory are counted. Without `release` each
    person stands for himself. `allow_absent`: a code that a figure names may be nobody's; else that
    is a mistake, unless the dimension's `order` or `labels` have it.

    Raises `UsageError` for a measure that is not in whole numbers (a fraction would be cut row by
    row), for a row without a value in a dimension (null is the total), for a dimension of
    fractions, for a figure of a code that there is not, and for people who are no customers of
    `release`.
    """
    whom = Population(population) if isinstance(population, str) else population

    def count(some: Rows) -> Cells:
        cells = _count(
            some,
            person=person,
            by=by,
            measures=measures,
            whom=whom,
            release=release,
            is_unique=is_unique,
        )
        return replace(cells, figures=tuple(figures))

    cells = recountable(rows, by, count)
    if not allow_absent:
        check_codes(cells)
    return cells


def recountable(rows: Rows, by: Sequence[Dimension], count: Callable[[Rows], Cells]) -> Cells:
    """The cells that `count` finds in rows, and in the same rows at any steps down the ladders."""

    def recount(steps: Steps) -> Cells:
        coarse = count(step_down(nw.from_native(rows), by, steps))
        untold = [pl.col(column).is_null() for column in dropped_columns(by, steps)]
        units = list_units(by, steps)
        units_of_time = tuple(
            partial(with_unit, column=column, unit=unit) for column, unit in units.items()
        )
        return replace(
            coarse,
            population=_within_wholes(coarse, units),
            figures=(*coarse.figures, *units_of_time),
            frame=coarse.frame.filter(*untold),
        )

    return replace(count(rows), recount=recount)


def _within_wholes(cells: Cells, units: Mapping[str, str]) -> Population:
    """Of time in larger steps only what lies in whole ones is counted: they are fewer people."""
    population = cells.population
    for column, unit in units.items():
        days = cells.frame[column].drop_nulls().sort()
        if len(days):
            end = Period.around(days[-1], unit).end
            population = replace(population, start=days[0], end=end)
    return population


def with_unit(frame: pl.DataFrame, *, column: str, unit: str) -> pl.DataFrame:
    """The frame with what the codes of a column of time are, in `<column>_unit`."""
    return frame.with_columns(pl.lit(unit).alias(f"{column}_unit"))


def _count(  # noqa: PLR0913 - what a table is
    rows: Rows,
    *,
    person: str,
    by: Sequence[Dimension],
    measures: Sequence[Measure],
    whom: Population,
    release: Tables | None,
    is_unique: bool,
) -> Cells:
    _check_kinds(by, measures)
    columns = [column for dimension in by for column in dimension.columns]
    sums = [measure for measure in measures if measure.kind != "people"]
    _check_columns(rows, [person, *columns, *(measure.name for measure in sums)])
    frame = nw.from_native(rows).select(person, *columns, *(nw.col(m.name) for m in sums))
    _check_groups(frame, columns, whom)
    _check_whole(frame, sums, whom)
    whole_numbers = frame.with_columns(nw.col(m.name).cast(nw.Int64) for m in sums)
    is_polars = frame.implementation.is_polars()
    one = whole_numbers if is_unique else _sum_by(whole_numbers, [person, *columns], sums)
    is_small = not is_unique and (is_polars or isinstance(one, nw.DataFrame))
    one = nw.from_native(_collect(one)) if is_small else one.lazy()
    customers = _customers_of(release)
    one = _with_companies(one, person, customers)
    sets = list(grouping_sets(by))
    levels: list[pl.DataFrame] = []
    for keys in sets:
        is_each = is_unique or set(keys) == set(columns)
        who = [person, *company_of(one), *keys]
        levels.append(_count_level(one if is_each else _sum_by(one, who, sums), keys, sums))
    _check_complete(levels[0], columns, whom)
    order = [pl.col(c).is_null() for c in columns] + [pl.col(c) for c in columns]
    table = pl.concat(levels, how="diagonal_relaxed").select(
        *columns, "people", pl.exclude(*columns, "people")
    )
    names = [measure.name for measure in sums]
    is_known = is_polars and (customers is None or _is_polars(customers))
    can_draw = is_known and knows_pseudonyms(person, customers)
    by_set = dict(zip(map(tuple, sets), levels, strict=True))
    draw = cache(partial(draw_cells, one, person, by_set, names, customers)) if can_draw else None
    ordered = table.sort(order)
    return Cells(ordered, tuple(by), tuple(measures), whom, draw=draw, is_polars=is_known)


def _check_kinds(by: Sequence[Dimension], measures: Sequence[Measure]) -> None:
    for name, listed, kind in (("by", by, Dimension), ("measures", measures, Measure)):
        if isinstance(listed, str) or not all(isinstance(one, kind) for one in listed):
            raise UsageError(f'{name} is a list such as [{kind.__name__}("column")]')


def _check_columns(rows: Rows, wanted: Sequence[str]) -> None:
    """UsageError for a person, a dimension or a measure that the rows do not have."""
    columns = nw.from_native(rows).lazy().collect_schema().names()
    missing = [column for column in wanted if column not in columns]
    if missing:
        raise UsageError(
            f"the rows have no column {', '.join(missing)}; they have {', '.join(columns)}"
        )


def _check_whole(frame: Any, sums: Sequence[Measure], population: Population) -> None:
    schema = frame.collect_schema()
    for measure in sums:
        dtype = schema[measure.name]
        if not (dtype.is_integer() or dtype == nw.Boolean):
            cure = (
                ": round it to whole cents or units first, as "
                f'(pl.col("{measure.name}") * 100).round().cast(pl.Int64) does for euros'
            )
            raise UsageError(
                f"measure {measure.name} of {population} is {dtype}, and sums are of whole "
                f"numbers{cure if dtype.is_numeric() else ''}"
            )


def _check_groups(frame: Any, columns: Sequence[str], population: Population) -> None:
    schema = frame.collect_schema()
    for column in columns:
        if schema[column].is_float():
            raise UsageError(
                f"dimension {column} of {population} is {schema[column]}, and groups are of codes: "
                f'cut it into bands first, as pl.col("{column}").cut(...) does'
            )


def _check_complete(cells: pl.DataFrame, columns: Sequence[str], population: Population) -> None:
    for column in columns:
        blank = cells.filter(pl.col(column).is_null()).height
        if blank:
            raise UsageError(
                f"dimension {column} of {population} has no value in {blank} of {cells.height} "
                "groups, and null stands for the total: give these rows a value first, as "
                f'pl.col("{column}").fill_null("unknown") does'
            )


def _customers_of(release: Tables | None) -> Any:
    """Table customer of a release, if there is one."""
    with suppress(KeyError):
        return None if release is None else release["customer"]
    return None


def _is_polars(frame: Any) -> bool:
    return isinstance(frame, pl.DataFrame | pl.LazyFrame)


def _with_companies(one: Any, person: str, customers: Any) -> Any:
    """The rows, with the number of the `_company` that each person stands for (null: for himself);
    as they are, if the release does not tell, or the rows are of companies. UsageError if it does
    and `person` is no customer of it, for then nobody knows who is one contributor."""
    if customers is None or person == COMPANY:
        return one
    companies = nw.from_native(customers).lazy()
    if COMPANY not in companies.collect_schema():
        return one
    is_number = one.collect_schema()[person].is_integer()
    if not (is_number or person == "pseudonym"):
        raise UsageError(
            f"person {person} is neither the whole number of a customer of the release nor the "
            "pseudonym, so nobody knows which of them stand for the same company"
        )
    key = nw.col("customer").cast(nw.Int64) if is_number else nw.col("pseudonym")
    contacts = companies.filter(~nw.col(COMPANY).is_null())
    named = contacts.select(key.alias("_person"), nw.col(COMPANY).alias("_company"))
    ours = nw.col(person).cast(nw.Int64) if is_number else nw.col(person)
    placed = one.with_columns(ours.alias("_person"))
    same = nw.from_native(_collect(named)) if isinstance(one, nw.DataFrame) else named
    return placed.join(same, on="_person", how="left").drop("_person")


def grouping_sets(by: Sequence[Dimension]) -> Iterator[list[str]]:
    """The dimension columns that are set, for every level that is shown, the finest first."""
    for levels in product(*(dimension.levels for dimension in by)):
        yield [column for level in levels for column in level]


def _count_level(by_person: Any, keys: list[str], sums: list[Measure]) -> pl.DataFrame:
    """The cells of one level, from one row a person and cell."""
    if not keys:
        by_person, keys = by_person.with_columns(nw.lit(1).alias("_all")), ["_all"]
    contributors = _join_contacts(by_person, keys, sums)
    money = [m.name for m in sums if m.kind == "money"]
    places = [
        nw.col(name).abs().rank("ordinal", descending=True).over(*keys).alias(f"_{name}")
        for name in money
    ]
    ranked = contributors.with_columns(*places) if places else contributors
    having = [(nw.col(m.name) != 0).cast(nw.Int64).sum().alias(f"{m.name}_people") for m in sums]
    cells = ranked.group_by(*keys).agg(
        nw.col("_people").sum().alias("people"),
        nw.len().alias(CONTRIBUTORS),
        *(nw.col(m.name).sum() for m in sums),
        *_find_largest(money),
        *having,
    )
    whole = _collect(cells).with_columns(pl.col("people", CONTRIBUTORS).cast(pl.Int64))
    return whole.drop("_all", strict=False)


def _sum_by(rows: Any, keys: Sequence[str], sums: Sequence[Measure], *more: nw.Expr) -> Any:
    return rows.group_by(*keys).agg(*(nw.col(measure.name).sum() for measure in sums), *more)


def _join_contacts(by_person: Any, keys: list[str], sums: list[Measure]) -> Any:
    """One row a contributor and cell, with its `_people`: the contact persons of a company are
    one."""
    one = nw.lit(1).cast(nw.Int64).alias("_people")
    if not company_of(by_person):
        return by_person.with_columns(one)
    columns = [*keys, *(measure.name for measure in sums)]
    is_alone = nw.col("_company").is_null()
    lone_people = by_person.filter(is_alone).select(*columns, one)
    people = nw.len().cast(nw.Int64).alias("_people")
    contacts = _sum_by(by_person.filter(~is_alone), ["_company", *keys], sums, people)
    return nw.concat([lone_people, contacts.select(*columns, "_people")])


def _find_largest(money: Sequence[str]) -> list[nw.Expr]:
    """The two largest contributions to each sum, in absolute value, and the `rest` of it."""
    sizes = {name: (nw.col(f"_{name}"), nw.col(name).abs()) for name in money}
    zero = nw.lit(0)
    largest = [
        nw.when(place == wanted).then(size).otherwise(zero).max().alias(f"{name}_{wanted}")
        for name, (place, size) in sizes.items()
        for wanted in (1, 2)
    ]
    rest = [
        nw.when(place > 2).then(size).otherwise(zero).sum().alias(f"{name}_rest")
        for name, (place, size) in sizes.items()
    ]
    return [*largest, *rest]


def _collect(frame: Any) -> pl.DataFrame:
    if isinstance(frame, nw.LazyFrame) and frame.implementation.is_polars():
        native: pl.LazyFrame = frame.to_native()
        return native.collect(engine="streaming")
    frame = frame.collect("polars") if isinstance(frame, nw.LazyFrame) else frame
    collected: pl.DataFrame = frame.to_polars()
    return collected
