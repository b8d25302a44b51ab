"""Rows of a release, the same on Polars and on Spark: what Narwhals leaves to each engine is bridged here, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Tables
from genlib.period import Period

Rows = nw.LazyFrame[Any]


def rows(tables: Tables, name: str) -> Rows:
    """One table of a release as a Narwhals lazy frame."""
    return lazy(tables[name])


def lazy(frame: Any) -> Rows:
    """Any frame as a Narwhals lazy frame."""
    return nw.from_native(frame).lazy()  # type: ignore[no-any-return]


def collect(frame: Rows) -> pl.DataFrame:
    """The rows in memory; for small results only."""
    return frame.collect("polars").to_native()  # type: ignore[no-any-return]


def day_number(column: str) -> nw.Expr:
    """Days since 1970-01-01 as a whole number (Spark has no durations): the days of the years before, and those of its own."""
    before = nw.col(column).dt.year().cast(nw.Int64) - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + nw.col(column).dt.ordinal_day().cast(nw.Int64) - 719163


def seconds(column: str) -> nw.Expr:
    """Seconds since 1970 of an instant."""
    clock = nw.col(column).dt
    return (
        day_number(column) * 86400 + clock.hour().cast(nw.Int64) * 3600 + clock.minute().cast(nw.Int64) * 60 + clock.second().cast(nw.Int64)
    )


def month(column: str) -> nw.Expr:
    """The first day of the month."""
    return nw.col(column).dt.truncate("1mo").cast(nw.Date)


def within(column: str, start: date, end: date) -> nw.Expr:
    """From `start` up to the day before `end`."""
    return (nw.col(column).cast(nw.Date) >= start) & (nw.col(column).cast(nw.Date) < end)


def lately(column: str, period: Period, months: int) -> nw.Expr:
    """Within the last `months` months, counted back from the end of the period."""
    return within(column, since(period, months), period.end)


def since(period: Period, months: int) -> date:
    """The first day of the last `months` months of the period."""
    return period.months(months)[0].start


def banded(value: nw.Expr, bands: Mapping[str, float]) -> nw.Expr:
    """The name of the first band whose lower end is not above the value; give the bands highest first."""
    names = list(bands)
    named = nw.lit(names[-1])
    for name in reversed(names[:-1]):
        named = nw.when(value >= bands[name]).then(nw.lit(name)).otherwise(named)
    return named


def people(tables: Tables, *, region: str = "all", kind: str = "all") -> Rows:
    """Table customer, narrowed to a region or to consumers or company contacts."""
    chosen = rows(tables, "customer")
    for column, value in (("region", region), ("kind", kind)):
        chosen = chosen if value == "all" else chosen.filter(nw.col(column) == value)
    return chosen


def active(tables: Tables, period: Period, *, months: int = 24, region: str = "all", kind: str = "all") -> Rows:
    """Customers who were billed in the last months: a release does not tell who of its people has left."""
    billed = rows(tables, "invoice").filter(lately("issued_on", period, months))
    return people(tables, region=region, kind=kind).join(billed.select("customer"), on="customer", how="semi")


def named(what: str, **narrowed: str) -> str:
    """The name of a population, with the values of dimensions that it was narrowed to."""
    return " ".join([what, *(f"{key}={value}" for key, value in narrowed.items() if value != "all")])


def complete(cells: Cells, values: pl.DataFrame) -> Cells:
    """The cells with a zero for each value of a dimension (and of its parents) that nobody has, so that no step of a chart is missing."""
    ours, columns = values.columns, cells.dimensions
    levels = pl.concat([values.select(ours[depth:]).unique() for depth in range(len(ours))], how="diagonal").select(ours)
    others = [column for column in columns if column not in ours]
    wanted = cells.frame.select(others).unique().join(levels, how="cross") if others else levels
    missing = wanted.cast({c: cells.frame.schema[c] for c in columns}).join(cells.frame, on=columns, how="anti", nulls_equal=True)
    filled = pl.concat([cells.frame, missing], how="diagonal").with_columns(pl.exclude(columns).fill_null(0))
    return replace(cells, frame=filled.sort([pl.col(c).is_null() for c in columns] + [pl.col(c) for c in columns]))
