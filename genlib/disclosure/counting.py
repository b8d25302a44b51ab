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
from genlib.disclosure.ladder import Steps, dropped_columns, list_units, step_down
from genlib.disclosure.population import Population
from genlib.disclosure.sketch import add_sketches, numbers, sketches
from genlib.errors import UsageError
from genlib.period import Period

COMPANY = "company"
"""The column of a release's customers that tells for which company somebody stands."""


def tabulate(  # noqa: PLR0913 - what a table is
    rows: Any,
    *,
    person: str,
    by: Sequence[Dimension],
    measures: Sequence[Measure] = (PEOPLE,),
    population: Population | str,
    figures: Sequence[Figure] = (),
    release: Tables | None = None,
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

    Without `release` each person stands for himself. Raises `UsageError` for a measure that is not
    in whole numbers (a fraction would be cut row by row), for a row without a value in a dimension
    (null is the total), and for people who are no customers of `release`.
    """
    whom = Population(population) if isinstance(population, str) else population

    def count(some: Rows) -> Cells:
        cells = _count(some, person=person, by=by, measures=measures, whom=whom, release=release)
        return replace(cells, figures=tuple(figures))

    return recountable(rows, by, count)


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
) -> Cells:
    _check_kinds(by, measures)
    columns = [column for dimension in by for column in dimension.columns]
    sums = [measure for measure in measures if measure.kind != "people"]
    _check_columns(rows, [person, *columns, *(measure.name for measure in sums)])
    frame = nw.from_native(rows).select(person, *columns, *(nw.col(m.name) for m in sums))
    _check_whole(frame, sums, whom)
    one = frame.group_by(person, *columns).agg(*(nw.col(m.name).cast(nw.Int64).sum() for m in sums))
    is_polars = one.implementation.is_polars()
    one = nw.from_native(_collect(one)) if is_polars or isinstance(one, nw.DataFrame) else one
    customers = _customers_of(release)
    one = _with_companies(one, person, customers)
    sets = list(grouping_sets(by))
    levels = [_level(one, person, keys, columns, sums) for keys in sets]
    _check_complete(levels[0], columns, whom)
    order = [pl.col(c).is_null() for c in columns] + [pl.col(c) for c in columns]
    table = pl.concat(levels, how="diagonal_relaxed").select(
        *columns, "people", pl.exclude(*columns, "people")
    )
    names = [measure.name for measure in sums]
    is_known = is_polars and (customers is None or _is_polars(customers))
    can_draw = is_known and _knows_pseudonyms(person, customers)
    by_set = dict(zip(map(tuple, sets), levels, strict=True))
    draw = cache(partial(_draw, one, person, by_set, names, customers)) if can_draw else None
    numbering = _name_numbering(one, person, customers) if can_draw else ""
    return Cells(
        table.sort(order),
        tuple(by),
        tuple(measures),
        whom,
        draw=draw,
        numbering=numbering,
        is_polars=is_known,
    )


def _name_numbering(one: Any, person: str, customers: Any) -> str:
    """By which numbers contributors are drawn: the purpose and epoch of their pseudonyms, and
    whether companies have one of their own. Those of another numbering cannot be compared."""
    if person == "pseudonym":
        first = one.to_native()[person].head(1)
    elif _knows_pseudonyms("customer", customers):
        first = customers.lazy().select(pl.col("pseudonym").head(1)).collect().to_series()
    else:
        first = pl.Series(dtype=pl.String)
    domain = str(first[0]).partition("-")[0] if len(first) else ""
    are_joined = person == COMPANY or "_company" in one.columns
    return f"{domain}/company" if are_joined else domain


def _draw(
    one: Any, person: str, levels: Mapping[tuple[str, ...], pl.DataFrame], sums: list[str], who: Any
) -> pl.DataFrame:
    """The sketches of all cells, by the dimension columns; `levels`: the cells by the columns that
    are set, the finest first. `who`: the customers, by pseudonym.

    Where nobody stands in two parts of a whole, its sketch is the sum of theirs. All contact
    persons of a company are drawn by its number, so together they are one in any difference.
    """
    numbered = _with_numbers(one.to_native(), person, who)
    finest, *_ = levels
    parts = sketches(numbered, finest, sums)
    drawings = [parts]
    for keys, cells in levels.items():
        if keys == finest:
            continue
        if _is_partition(levels[finest], cells, keys):
            drawings.append(add_sketches(parts, keys, ["people", *sums]))
        else:
            people = numbered.group_by(person, *keys).agg(
                pl.col("_number").first(), *(pl.col(name).sum() for name in sums)
            )
            drawings.append(sketches(people, keys, sums))
    return pl.concat(drawings, how="diagonal_relaxed")


def _is_partition(parts: pl.DataFrame, wholes: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Whether nobody stands in two parts of any whole."""
    together = parts.group_by(keys) if keys else parts.group_by(pl.lit(0).alias("_"))
    counted = together.agg(pl.col("people").sum())["people"].sum()
    return counted == wholes["people"].sum()


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
            raise UsageError(
                f"measure {measure.name} of {population} is {dtype}, and sums are of whole "
                "numbers: round it to whole cents or units first, as "
                f'(pl.col("{measure.name}") * 100).round().cast(pl.Int64) does for euros'
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


def _knows_pseudonyms(person: str, customers: Any) -> bool:
    if person in {"pseudonym", COMPANY}:
        return True
    return customers is not None and "pseudonym" in customers.lazy().collect_schema()


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


def _with_numbers(one: pl.DataFrame, person: str, customers: Any) -> pl.DataFrame:
    """The rows, with the stable `_number` of each contributor (null: not known)."""
    if person == COMPANY:
        return one.with_columns(_number=pl.col(COMPANY).cast(pl.UInt64))
    if person == "pseudonym":
        numbered = one.with_columns(_number=numbers(one[person]))
    else:
        names = customers.lazy().select("customer", "pseudonym").collect()
        names = names.select(pl.col("customer").cast(pl.Int64), _number=numbers(names["pseudonym"]))
        ours = pl.col(person).cast(pl.Int64, strict=False)
        numbered = one.join(names, left_on=ours, right_on="customer", how="left")
    if "_company" not in one.columns:
        return numbered
    return numbered.with_columns(_number=pl.coalesce(pl.col("_company").cast(pl.UInt64), "_number"))


def grouping_sets(by: Sequence[Dimension]) -> Iterator[list[str]]:
    """The dimension columns that are set, for every level that is shown, the finest first."""
    for levels in product(*(dimension.levels for dimension in by)):
        yield [column for level in levels for column in level]


def _level(
    one: Any, person: str, keys: list[str], columns: list[str], sums: list[Measure]
) -> pl.DataFrame:
    """The cells of one level."""
    by_person = (
        _sum_by(one, [person, *_company_of(one), *keys], sums) if set(keys) != set(columns) else one
    )
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


def _company_of(one: Any) -> list[str]:
    """The column that tells for which company a person stands, if there is one."""
    return ["_company"] if "_company" in one.collect_schema().names() else []


def _sum_by(rows: Any, keys: Sequence[str], sums: Sequence[Measure], *more: nw.Expr) -> Any:
    return rows.group_by(*keys).agg(*(nw.col(measure.name).sum() for measure in sums), *more)


def _join_contacts(by_person: Any, keys: list[str], sums: list[Measure]) -> Any:
    """One row a contributor and cell, with its `_people`: the contact persons of a company are
    one."""
    one = nw.lit(1).cast(nw.Int64).alias("_people")
    if not _company_of(by_person):
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
    frame = frame.collect("polars") if isinstance(frame, nw.LazyFrame) else frame
    collected: pl.DataFrame = frame.to_polars()
    return collected
