"""Buyers: those who may be profiled and bought lately, how they rank among each other, and which
part of the money comes from the greatest.

Of 100 buyers the 20 with the latest purchases score 5 in recency; those of them who also bought
often and for much are champions."""

from __future__ import annotations

from typing import Unpack

import narwhals as nw

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Tables
from genlib.disclosure.population import narrow_to
from genlib.disclosure.slices import SLICE
from genlib.metrics.figures import Mean, Share
from genlib.metrics.ladders import by_segment
from genlib.metrics.names import metric
from genlib.metrics.population import MONEY, Narrowed, count_lately, lately, tabulated, with_slices
from genlib.metrics.purchases import read_profiled_invoices
from genlib.metrics.rows import Rows, case, day_number
from genlib.period import Period

SPENT = (PEOPLE, MONEY)


def read_buyers(
    release: Tables, period: Period, months: int, *only: nw.Expr, **narrowed: Unpack[Narrowed]
) -> Rows:
    """One row a customer who may be profiled: purchase days, day of the last purchase and money of
    the last months."""
    recent = read_profiled_invoices(release).filter(lately("issued_on", period, months), *only)
    bought = recent.filter(nw.col("amount_cents") > 0)
    days = bought.group_by("customer", "issued_on").agg(nw.len().alias("invoices"))
    history = days.group_by("customer").agg(
        nw.len().alias("days"),
        nw.col("issued_on").max().alias("last"),
    )
    money = recent.group_by("customer").agg(nw.col("amount_cents").sum())
    cut = narrow_to(narrowed)
    buyers = with_slices(release, history.join(money, on="customer"), cut)
    among = nw.col(SLICE) if cut else nw.lit("all")
    return buyers.with_columns(among.alias("_among"), last_day=day_number("last"))


def _score(column: str, classes: int = 5) -> nw.Expr:
    """Quantile score 1 to `classes` among those of the same slice, the greatest value best; equal
    values have equal scores.

    In whole numbers, so that every engine puts a customer into the same class: of the 4 values 1,
    2, 2, 9 in two classes, 1 has none before it: (2 * 0 + 1) * 2 // 8 + 1 = 1; the two 2 have one:
    (2 * 1 + 2) * 2 // 8 + 1 = 2.
    """
    before = nw.col(column).rank("min").over("_among").cast(nw.Int64) - 1
    equal = nw.col("customer").len().over("_among", column).cast(nw.Int64)
    everybody = nw.col("customer").len().over("_among").cast(nw.Int64)
    return (2 * before + equal) * classes // (2 * everybody) + 1


@metric()
def rfm(
    release: Tables, period: Period, *, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Those who may be profiled and bought in the last `months`, in six named segments: quintile
    scores of recency (last purchase), frequency (days with a purchase) and money, the last two
    added up. Figures: `share` of people, `money_share`, `cents_per_person`."""
    buyers = find_segments(release, period, months, **narrowed)
    figures = (
        Share(("segment",)),
        share_of_money("segment"),
        Mean("cents_per_person", "amount_cents"),
    )
    population = count_lately("buyers", period, months, **narrowed)
    return tabulated(release, buyers, (by_segment(),), population, *figures, measures=SPENT)


@metric()
def find_segments(
    release: Tables, period: Period, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Rows:
    """Each customer who may be profiled and bought in the last `months`, with the `segment` that
    `rfm` counts."""
    buyers = read_buyers(release, period, months, **narrowed)
    scored = buyers.with_columns(
        recent=_score("last_day"),
        worth=_score("days") + _score("amount_cents"),
    )
    return scored.with_columns(segment=_segment(nw.col("recent"), nw.col("worth")))


def _segment(recent: nw.Expr, worth: nw.Expr) -> nw.Expr:
    """The segment by the scores of recency (1-5) and of frequency and money together (2-10).

    Example: 5 and 9 is a champion, 2 and 9 at risk, 5 and 2 new, 1 and 2 lapsed.
    """
    rules = {
        "champions": (recent >= 4) & (worth >= 8),
        "loyal": (recent >= 3) & (worth >= 6),
        "at risk": worth >= 6,
        "new": recent >= 4,
        "occasional": recent >= 3,
    }
    return case(rules, "lapsed")


def share_of_money(dimension: str) -> Share:
    """The part of the money."""
    return Share((dimension,), of="amount_cents", name="money_share")


@metric()
def concentration(
    release: Tables, period: Period, *, months: int = 12, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Those who may be profiled, by tenths of the money they brought (1 the greatest payers), with
    each tenth's `money_share`."""
    buyers = read_buyers(release, period, months, **narrowed).with_columns(
        tenth=(11 - _score("amount_cents", 10))
    )
    figures = (share_of_money("tenth"), Mean("cents_per_person", "amount_cents"))
    population = count_lately("buyers", period, months, **narrowed)
    return tabulated(release, buyers, (Dimension("tenth"),), population, *figures, measures=SPENT)
