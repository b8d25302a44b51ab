"""Rows of a release, the same on Polars and on Spark: what Narwhals leaves to each engine is
bridged here, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import narwhals as nw

from genlib.disclosure import members
from genlib.disclosure.cells import Tables
from genlib.errors import NoSuchTable, UsageError

Rows = nw.LazyFrame[Any]
collect = members.collect
"""The rows in memory, in any order; for small results only."""


def check_release(release: object) -> None:
    """UsageError for what is no open release."""
    if not isinstance(release, Mapping) and not hasattr(release, "manifest"):
        raise UsageError(
            "a metric takes an open release first, and then the period: "
            'genlib.open_release("customer_analysis")'
        )


def rows(tables: Tables, name: str) -> Rows:
    """One table of a release as a Narwhals lazy frame; NoSuchTable if a dictionary that stands for
    a release lacks it."""
    check_release(tables)
    if isinstance(tables, dict) and name not in tables:
        raise NoSuchTable(f"the release has no table {name}, by which this metric counts")
    return lazy(tables[name])


def lazy(frame: Any) -> Rows:
    """Any frame as a Narwhals lazy frame."""
    return nw.from_native(frame).lazy()  # type: ignore[no-any-return]


def read_frame(frame: Any, called: str, *columns: str) -> Any:
    """A frame of the caller's own, eager or lazy as it is; UsageError, in which it is `called` so,
    for what is no frame and for one without these columns."""
    try:
        native = nw.from_native(frame)
    except TypeError:
        raise UsageError(f"{called} is a frame, not {type(frame).__name__}") from None
    schema = native.lazy().collect_schema()
    missing = [column for column in columns if column not in schema]
    if missing:
        raise UsageError(
            f"{called} has no column {', '.join(missing)}; it has {', '.join(schema) or 'none'}"
        )
    return native


def read_once(frame: Rows, *columns: str) -> Rows:
    """The rows with these columns alone, in memory if they are of Polars: what several figures
    stand on is read and joined once, and again only in other engines."""
    narrow = frame.select(*dict.fromkeys(columns))
    if not narrow.implementation.is_polars():
        return narrow
    return lazy(collect(narrow))


def count_by(frame: Rows, *columns: str) -> Rows:
    """How many rows there are (`n`) of each value of these columns."""
    return frame.group_by(*columns).agg(nw.len().cast(nw.Int64).alias("n"))


def list_by_size(frame: Rows, column: str) -> list[str]:
    """The codes of a column, from the one with the fewest rows on.

    >>> import polars as pl
    >>> list_by_size(lazy(pl.DataFrame({"topic": ["bill", "bill", "advice"]})), "topic")
    ['advice', 'bill']
    """
    sizes = collect(count_by(frame, column)).sort("n", column)
    return sizes[column].to_list()


def day_number(column: str) -> nw.Expr:
    """Days since 1970-01-01 as a whole number (Spark has no durations): the days of the years
    before, and those of its own."""
    before = nw.col(column).dt.year().cast(nw.Int64) - 1
    return (
        before * 365
        + before // 4
        - before // 100
        + before // 400
        + nw.col(column).dt.ordinal_day().cast(nw.Int64)
        - 719163
    )


def at_once(later: str, earlier: str, seconds: int) -> nw.Expr:
    """Whether an instant is at most so many seconds after another; false where one is missing.

    Instants are compared and never taken apart: hours and days of an instant are those of the
    session's time zone on Spark, and those of UTC on Polars.
    """
    latest = nw.col(earlier).dt.offset_by(f"{seconds}s")
    return (nw.col(later) <= latest).fill_null(False)


def beginning(column: str, unit: str) -> nw.Expr:
    """The first day of the month, quarter or year that a day lies in."""
    return (
        nw.col(column)
        .dt.truncate({"month": "1mo", "quarter": "1q", "year": "1y"}[unit])
        .cast(nw.Date)
    )


def within(column: str, start: date, end: date) -> nw.Expr:
    """Days from `start` up to the day before `end`."""
    return (nw.col(column) >= start) & (nw.col(column) < end)


def case(rules: Mapping[Any, nw.Expr], otherwise: Any) -> nw.Expr:
    """The name of the first rule that holds; else `otherwise`, a name or an expression."""
    named = otherwise if isinstance(otherwise, nw.Expr) else nw.lit(otherwise)
    for name, holds in reversed(list(rules.items())):
        named = nw.when(holds).then(nw.lit(name)).otherwise(named)
    return named


def banded(value: nw.Expr, bands: Mapping[str, float]) -> nw.Expr:
    """The name of the first band whose lower end is not above the value, else of the last; give the
    bands highest first."""
    *upper, last = bands
    return case({name: value >= bands[name] for name in upper}, last)
