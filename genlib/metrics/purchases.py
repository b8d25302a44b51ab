"""Purchases: when each customer bought first and last, how often and for how much.

Who bought for 10 € on 1 October and for 20 € on the 15th has, at the end of the 31st, a frequency
of 1, a recency of 2 weeks, and 20 € as the mean value of the repeat days."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import narwhals as nw

from genlib.arguments import check_call
from genlib.disclosure.cells import Tables
from genlib.errors import UsageError
from genlib.metrics.rows import Rows, day_number, read_frame, rows

EPOCH = date(1970, 1, 1).toordinal()
UNITS = {"day": 1, "week": 7, "year": 365.25}
PURCHASE = nw.col("product_line") != "rental"


@check_call
def purchase_summary(  # noqa: PLR0913 - the columns of any table of purchases
    purchases: Any, *, customer: str, date: str, amount: str, as_of: date | str, unit: str = "week"
) -> Any:
    """One row a customer, of purchases up to `as_of`; purchases of one day are one.

    `frequency`: days with a repeat purchase; `recency`: first to last purchase, and `T`: first
    purchase to `as_of`, both in `unit` (day, week, year); `monetary`: mean value of the repeat
    days, null if there is none. Lazy in, lazy out, of the same engine. UsageError if `date` holds
    anything but dates: the day of an instant depends on where one stands.
    """
    if unit not in UNITS:
        raise UsageError(f"unit is one of {', '.join(UNITS)}")
    last_day = _read_day(as_of)
    native = read_frame(purchases, "purchases", customer, date, amount)
    _check_columns(native, date, amount)
    named = native.lazy().select(
        customer=nw.col(customer), date=nw.col(date), amount=nw.col(amount)
    )
    summary = _summarise(named, last_day, UNITS[unit])
    if isinstance(native, nw.LazyFrame):
        return summary.to_native()
    return summary.collect().to_native()


def _check_columns(purchases: Any, date: str, amount: str) -> None:
    schema = purchases.lazy().collect_schema()
    if not schema[amount].is_numeric():
        raise UsageError(f"the column of amounts is of numbers, and this is {schema[amount]}")
    kind = schema[date]
    if kind != nw.Date:
        raise UsageError(
            f"purchases are dated by days, and the column of dates is {kind}; make days of it, "
            "instants by .dt.convert_time_zone(the company's).dt.date()"
        )


def _summarise(purchases: Rows, as_of: date, days: float) -> Rows:
    past = purchases.filter(nw.col("date") <= as_of)
    day = nw.col("date")
    money = nw.col("amount")
    history = past.group_by("customer").agg(
        day.min().alias("first"),
        day.max().alias("last"),
        day.n_unique().alias("days"),
        money.sum().alias("all"),
    )
    on_first = past.join(
        history.select("customer", "first"),
        left_on=["customer", "date"],
        right_on=["customer", "first"],
        how="semi",
    )
    history = history.join(on_first.group_by("customer").agg(money.sum()), on="customer")
    first = day_number("first")
    last = day_number("last")
    repeats = nw.col("days").cast(nw.Int64) - 1
    return history.select(
        "customer",
        repeats.alias("frequency"),
        ((last - first) / days).alias("recency"),
        ((as_of.toordinal() - EPOCH - first) / days).alias("T"),
        nw.when(repeats > 0).then((nw.col("all") - money) / repeats).alias("monetary"),
    )


def _read_day(day: date | str) -> date:
    """The day; UsageError for what is none."""
    if type(day) is date:
        return day
    try:
        return date.fromisoformat(cast("str", day))
    except (TypeError, ValueError):
        raise UsageError('as_of is a day such as "2026-10-31"') from None


def read_profiled_invoices(release: Tables) -> Rows:
    """The invoices of those who may be profiled."""
    return rows(release, "invoice").join(
        rows(release, "profile").select("customer"), on="customer", how="semi"
    )
