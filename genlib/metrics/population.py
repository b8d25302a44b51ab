"""Populations: whom a table counts and of what time, what it is called by that, and its cells.

Example: of October 2026, looking back fourteen months, from September 2025 on.

>>> october = Period.parse("2026-10")
>>> str(count_lately("buyers", october, 14, region="06"))
'buyers 2025-09-01 2026-11-01 region=06'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypedDict

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Figure, Measure, Tables
from genlib.disclosure.counting import tabulate
from genlib.disclosure.ladder import Steps, dropped_columns, step_down
from genlib.disclosure.population import Population, narrow_to
from genlib.disclosure.slices import LEAST_PEOPLE, OTHERS, SLICE, name_slices
from genlib.errors import TooFewCustomers, UsageError
from genlib.metrics.rows import Rows, beginning, collect, count_by, rows, within
from genlib.period import Period, months_between
from genlib.release import Release

MONEY = Measure("amount_cents", "money")
OVERLAPPING = Measure("people", "people", additive=False)
"""For tables where one person stands in several cells."""
CUTS = ("region", "kind")
"""What a table may be narrowed by: one slice of all."""
LOOK_BACK = {1: 14, 3: 27, 12: 48}
"""Months that a report of a month, a quarter or a year looks back on. A month's last change is held
against the twelve before it, which are fourteen months (`judgement.FEWEST_STEPS`)."""


@dataclass(frozen=True)
class Form:
    """What may be done with a table whose groups are too small: whether it `has_steps`, or makes no
    sense in coarser groups; whether it is left out then; and the dimension of which each code is
    told by itself (`apart`). Of its rows: whether nobody has two in one cell (`is_unique`)."""

    has_steps: bool = True
    is_optional: bool = False
    apart: str = ""
    is_unique: bool = False


STEPS = Form()
OPTIONAL = Form(has_steps=False, is_optional=True)


class Narrowed(TypedDict, total=False):
    """Whom a table is of: those of one region, and consumers or company contacts."""

    region: str
    kind: str


def check_covered(tables: Tables, period: Period) -> None:
    """PeriodNotCovered if the tables are a release that does not reach to the end of the period."""
    if isinstance(tables, Release):
        tables.check_covers(period)


def lately(column: str, period: Period, months: int) -> nw.Expr:
    """Within the last `months` months, counted back from the end of the period."""
    return within(column, period.back(months), period.end)


def stepwise(column: str, period: Period, months: int) -> nw.Expr:
    """Within the steps (months, quarters or years, as the period is) of the last `months` months;
    of a period that is not over, the same days of each step, so that like is held against like.

    Example: of the first 12 days of October, the first 12 days of each month before it too.
    """
    inside = within(column, steps_since(period, months), period.end)
    if period.is_over:
        return inside
    day = nw.col(column)
    month = (day.dt.month().cast(nw.Int64) - 1) % period.length
    whole_months = months_between(period.start, period.end)
    is_early = (month == whole_months) & (day.dt.day() < period.end.day)
    return inside & ((month < whole_months) | is_early)


def place_in_steps(found: Rows, column: str, period: Period, months: int) -> Rows:
    """The rows with a day in the steps of the last months, and the first day of the step of each in
    a column called by the unit."""
    inside = found.filter(stepwise(column, period, months))
    return inside.with_columns(beginning(column, period.unit).alias(period.unit))


def steps_since(period: Period, months: int) -> date:
    """The first day of the steps of the last `months` months: of a quarter that of a quarter.

    >>> steps_since(Period.parse("2026-Q3"), 27)
    datetime.date(2024, 7, 1)
    """
    return period.whole.steps(months)[0].start


def with_slices(
    tables: Tables, persons: Rows, cut: Sequence[tuple[str, str]], person: str = "customer"
) -> Rows:
    """The rows with the slice that each person stands in (see `slices`); as they are, if nothing is
    cut. Whose value is not known stands with the others. Raises TooFewCustomers if too few have
    the value."""
    if not cut or SLICE in persons.collect_schema().names():
        return persons
    name, value = _check_one_cut(cut)
    number = nw.col("customer").cast(nw.Int64)
    customers = read_customers(tables).with_columns(code=name)
    contributors = customers.select("code", who=nw.coalesce("company", number)).unique()
    codes = name_slices(collect(count_by(contributors, "code")), value)
    if not codes:
        raise TooFewCustomers(
            f"this {name} has fewer than {LEAST_PEOPLE} customers in the release, too few for a "
            "report of their own: take a report of all"
        )
    named = customers.filter(nw.col("code").is_in(codes))
    slices = named.select(number.alias("_person"), nw.col("code").alias(SLICE))
    numbered = persons.with_columns(nw.col(person).cast(nw.Int64).alias("_person"))
    joined = numbered.join(slices, on="_person", how="left").drop("_person")
    return joined.with_columns(nw.col(SLICE).fill_null(OTHERS))


def _check_one_cut(cut: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The column that a table is cut by, and the value; UsageError if there are several.

    >>> _check_one_cut([("region", "06")])
    ('region', '06')
    """
    if len(cut) > 1:
        names = " and ".join(name for name, _ in cut)
        raise UsageError(f"a report is narrowed by one thing at a time, not by {names}")
    return cut[0]


def read_customers(tables: Tables) -> Rows:
    """The customers, with the company that each stands for: none, if the release does not tell."""
    customers = rows(tables, "customer")
    if "company" in customers.collect_schema():
        return customers
    return customers.with_columns(nw.lit(None).cast(nw.Int64).alias("company"))


def active(tables: Tables, period: Period, *, months: int = 24) -> Rows:
    """Customers who were billed in the last months, for which a credit note alone is no bill: a
    release does not tell who of its people has left."""
    bills = rows(tables, "invoice").filter(nw.col("amount_cents") > 0)
    billed = bills.filter(lately("issued_on", period, months))
    return rows(tables, "customer").join(billed.select("customer"), on="customer", how="semi")


def count_at(what: str, end: date, **narrowed: str) -> Population:
    """Those who are so on the day before `end`.

    >>> str(count_at("contacted", date(2026, 11, 1), campaign="all"))
    'contacted 2026-11-01'
    """
    return Population(what, None, end, narrow_to(narrowed))


def count_lately(what: str, period: Period, months: int, **narrowed: str) -> Population:
    """Those of the last months."""
    return Population(what, period.back(months), period.end, narrow_to(narrowed))


def count_stepwise(what: str, period: Period, months: int, **narrowed: str) -> Population:
    """Those of the steps of the last months. Of a period that is not over they are other people:
    its earlier steps are not those of other reports."""
    days = (period.end - period.start).days
    whose = what if period.is_over else f"{what} of the first {days} days"
    return Population(whose, steps_since(period, months), period.end, narrow_to(narrowed))


def count_over(what: str, days: pl.Series, **narrowed: str) -> Population:
    """Those of the months in which these days lie: so it is known which wholes they are a part
    of.

    >>> days = pl.Series([date(2026, 9, 12), date(2026, 10, 2)])
    >>> str(count_over("contacts", days, campaign="spring"))
    'contacts 2026-09-01 2026-11-01 campaign=spring'
    """
    first, last = days.min(), days.max()
    if not (isinstance(first, date) and isinstance(last, date)):
        return Population(what, cut=narrow_to(narrowed))
    start = Period.around(first, "month").start
    end = Period.around(last, "month").end
    return Population(what, start, end, narrow_to(narrowed))


def tabulated(  # noqa: PLR0913 - what a table is
    release: Tables,
    counted: Rows,
    by: Sequence[Dimension],
    population: Population,
    *figures: Figure,
    measures: Sequence[Measure] = (PEOPLE,),
    person: str = "customer",
    form: Form = STEPS,
) -> Cells:
    """The cells of rows of a release, by person."""
    cut = [one for one in population.cut if one[0] in CUTS]
    if cut:
        by = (*by, Dimension(SLICE, total=False))
    sliced = with_slices(release, counted, cut, person)
    cells = tabulate(
        sliced.to_native(),
        person=person,
        by=by,
        measures=measures,
        population=population,
        figures=figures,
        release=release,
        is_unique=form.is_unique,
        allow_absent=True,
    )
    return replace(
        cells,
        recount=cells.recount if form.has_steps else None,
        is_optional=form.is_optional,
        apart=form.apart,
    )


def complete(cells: Cells, values: pl.DataFrame) -> Cells:
    """The cells with a zero for each value of a dimension (and of its parents) that nobody has, so
    that no step of a chart is missing."""
    count = cells.recount
    if count is None:
        return replace(cells, frame=_fill_gaps(cells, values))

    def recount(steps: Steps) -> Cells:
        there = [dimension for dimension in cells.by if dimension.name in values.columns]
        dropped = dropped_columns(there, steps)
        coarse = step_down(nw.from_native(values), there, steps).drop(dropped)
        coarser = count(steps)
        return complete(coarser, coarse.to_native().unique()) if coarse.columns else coarser

    return replace(cells, frame=_fill_gaps(cells, values), recount=recount)


def _fill_gaps(cells: Cells, values: pl.DataFrame) -> pl.DataFrame:
    """The frame of the cells with a zero for each of the values that it lacks.

    Nobody was open:

    >>> frame = pl.DataFrame({"handling": ["handled", None], "people": [7, 7]})
    >>> cells = Cells(frame, (Dimension("handling"),))
    >>> _fill_gaps(cells, pl.DataFrame({"handling": ["handled", "open"]})).rows()
    [('handled', 7), ('open', 0), (None, 7)]
    """
    ours = values.columns
    columns = cells.dimensions
    without_total = [one.name for one in cells.by if one.name in ours and not one.total]
    depths = [values.select(ours[depth:]).unique() for depth in range(len(ours))]
    wanted = pl.concat(depths, how="diagonal").drop_nulls(without_total)
    others = cells.frame.select(column for column in columns if column not in ours)
    if others.width:
        wanted = others.unique().join(wanted, how="cross")
    schema = {column: cells.frame.schema[column] for column in columns}
    every = wanted.select(pl.col(column).cast(kind) for column, kind in schema.items())
    missing = every.join(cells.frame, on=columns, how="anti", nulls_equal=True)
    padded = pl.concat([cells.frame, missing], how="diagonal")
    totals_last = [pl.col(column).is_null() for column in columns]
    return padded.with_columns(pl.exclude(columns).fill_null(0)).sort(*totals_last, *columns)
