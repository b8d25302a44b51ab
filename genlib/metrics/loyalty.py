"""Loyalty: who bought again, how often, and how long after the first purchase.

Of 100 who bought, 30 bought on two days or more: the repeat rate is 30 %."""

from __future__ import annotations

from typing import Unpack

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Tables
from genlib.metrics.buyers import SPENT, read_buyers, share_of_money
from genlib.metrics.figures import Rate, Share
from genlib.metrics.ladders import at_least, by_number, list_bands
from genlib.metrics.names import metric
from genlib.metrics.population import (
    OPTIONAL,
    OVERLAPPING,
    Narrowed,
    count_at,
    count_lately,
    tabulated,
)
from genlib.metrics.purchases import PURCHASE, read_profiled_invoices
from genlib.metrics.rows import banded, beginning
from genlib.period import Period

MOST = 5
"""So many purchases, or more, are one band."""


@metric()
def repeat(
    release: Tables, period: Period, *, months: int = 12, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Those who may be profiled, by the number of days on which they bought; `repeat_rate` on the
    total: bought on two or more. Rental is left out: its bills are no purchases."""
    buyers = read_buyers(release, period, months, PURCHASE, **narrowed).with_columns(
        purchases=banded(nw.col("days"), list_bands(MOST))
    )
    figures = (
        Share(("purchases",)),
        _repeat_rate,
        share_of_money("purchases"),
    )
    population = count_lately("purchasers", period, months, **narrowed)
    return tabulated(
        release, buyers, (by_number("purchases", most=MOST),), population, *figures, measures=SPENT
    )


def _repeat_rate(frame: pl.DataFrame) -> pl.DataFrame:
    """The part who bought on two days or more."""
    return Rate("repeat_rate", "purchases", at_least(frame, "purchases", 2))(frame)


@metric()
def cohorts(release: Tables, period: Period, **narrowed: Unpack[Narrowed]) -> Cells:
    """Those who may be profiled, by the quarter of their first purchase (rental is none), and how
    many of them bought `later` quarters after it (whole quarters only, six of them); `share` of
    the cohort."""
    last = Period.around(period.end, "quarter").previous()
    invoices = read_profiled_invoices(release).filter(
        nw.col("amount_cents") > 0, nw.col("issued_on") < last.end, PURCHASE
    )
    quarters = invoices.select("customer", quarter=beginning("issued_on", "quarter")).unique()
    joined = quarters.with_columns(cohort=nw.col("quarter").min().over("customer"))
    recent = joined.filter(nw.col("cohort") >= last.back(18))
    bought = recent.with_columns(later=_quarter("quarter") - _quarter("cohort"))
    by = (Dimension("cohort", total=False), Dimension("later", total=False))
    return tabulated(
        release,
        bought,
        by,
        count_at("cohorts", period.end, **narrowed),
        Share(("later",), base=0),
        measures=(OVERLAPPING,),
        form=OPTIONAL,
    )


def _quarter(column: str) -> nw.Expr:
    year = nw.col(column).dt.year().cast(nw.Int64)
    month = nw.col(column).dt.month().cast(nw.Int64)
    return year * 4 + (month - 1) // 3
