"""Customers: how many there are, what they buy, who are worth most and who still buy. Each function
for a report gives `Cells`."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Unpack

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Figure, Tables, tabulate
from genlib.errors import UsageError
from genlib.metrics import intervals
from genlib.metrics.figures import (
    BASE,
    Mean,
    Rate,
    Share,
    Stock,
    changes,
    share_gap,
    with_gaps,
)
from genlib.metrics.intervals import interval
from genlib.metrics.models import fit_bg_nbd, fit_gamma_gamma
from genlib.metrics.population import (
    LOOK_BACK,
    MONEY,
    OVERLAPPING,
    Narrowed,
    active,
    complete,
    lately,
    named,
    named_lately,
    of_people,
    since,
    tabulated,
)
from genlib.metrics.rest import looking_back, narrowable
from genlib.metrics.rows import (
    Rows,
    banded,
    beginning,
    case,
    collect,
    day_number,
    lazy,
    rows,
    within,
)
from genlib.period import Period, months_between

SPENT = (PEOPLE, MONEY)
POSTAL_AREAS = Path(__file__).resolve().parents[2] / "data" / "finland" / "postal_areas.csv"
EPOCH = date(1970, 1, 1).toordinal()
UNITS = {"day": 1, "week": 7, "year": 365.25}
PURCHASE = nw.col("product_line") != "rental"
ALIVE = {"70-100": 0.7, "30-70": 0.3, "0-30": 0.0}
"""Bands of the chance, in per cent, that a customer still buys."""


def purchase_summary(  # noqa: PLR0913 - the columns of any table of purchases
    purchases: Any, *, customer: str, date: str, amount: str, as_of: date | str, unit: str = "week"
) -> Any:
    """One row a customer, of purchases up to `as_of`; purchases of one day are one.

    `frequency`: days with a repeat purchase; `recency`: first to last purchase, and `T`: first
    purchase to `as_of`, both in `unit` (day, week, year); `monetary`: mean value of the repeat
    days, null if there is none. Lazy in, lazy out, of the same engine.
    """
    if unit not in UNITS:
        raise UsageError(f"unit is one of {', '.join(UNITS)}")
    native = nw.from_native(purchases)
    summary = _summary(
        native.lazy().select(
            customer=nw.col(customer), date=nw.col(date).cast(nw.Date), amount=nw.col(amount)
        ),
        _day(as_of),
        UNITS[unit],
    )
    return (summary if isinstance(native, nw.LazyFrame) else summary.collect()).to_native()


def _summary(purchases: Rows, as_of: date, days: float) -> Rows:
    known = purchases.filter(nw.col("date") <= as_of)
    day = nw.col("date")
    money = nw.col("amount")
    history = known.group_by("customer").agg(
        day.min().alias("first"),
        day.max().alias("last"),
        day.n_unique().alias("days"),
        money.sum().alias("all"),
    )
    on_first = known.join(
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


def _day(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


@looking_back
def growth(release: Tables, period: Period, *, months: int | None = None) -> Cells:
    """Customers who joined and left in each month (quarter or year, as the period is); the one
    before the first holds the opening stock. Figures on the row of a month: `stock` at its end,
    `joined`, `left`, `churn` (of the stock at its beginning) with its interval, `change` of the
    stock since the step before, and `change_year`.

    What is counted are comings and goings, so that every total is the sum of its parts. Always of
    everybody: of those who came and went no more is known than that, so a part could not be held
    against the whole.
    """
    start = since(period, months or LOOK_BACK[period.length])
    unit = period.unit
    step = period.length
    opening = Period.parse(f"{start:%Y-%m}").months(1 + step)[0].start
    members = rows(release, "membership").filter(nw.col("joined_month") < period.end)
    members = members.with_row_index("member", order_by=["joined_month", "left_month", "kind"])
    there = members.filter(
        nw.col("joined_month") < start,
        nw.col("left_month").is_null() | (nw.col("left_month") >= start),
    )
    came = members.filter(nw.col("joined_month") >= start)
    left = members.filter(within("left_month", start, period.end))
    events = nw.concat(
        [
            _movement(there, nw.lit(opening), unit, "opening", 0),
            _movement(came, beginning("joined_month", unit), unit, "joined", 1),
            _movement(left, beginning("left_month", unit), unit, "left", 2),
        ]
    ).to_native()
    by = (Dimension(unit, total=False), Dimension("movement"))
    population = f"members {start} {period.end}"
    cells = tabulate(
        events,
        person="member",
        by=by,
        population=population,
        figures=(Stock(by=unit), *changes("stock", period)),
    )
    shown = period.months(months_between(start, period.end))
    every = pl.DataFrame({unit: [month.start for month in shown[::step]]})
    return complete(
        cells, every.join(pl.DataFrame({"movement": ["joined", "left", None]}), how="cross")
    )


def _movement(members: Rows, when: nw.Expr, unit: str, name: str, code: int) -> Rows:
    person = (nw.col("member").cast(nw.Int64) * 3 + code).alias("member")
    return members.select(person, when.cast(nw.Date).alias(unit), nw.lit(name).alias("movement"))


@narrowable
def by_region(
    release: Tables, period: Period, *, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Active customers (billed in the last months) of each region, with their `share` and how many
    they are of a thousand inhabitants (`per_thousand`, with Wilson's interval); of one region, by
    municipality."""
    region = narrowed.get("region", "all")
    place = "region" if region == "all" or region.startswith("!") else "municipality"
    figures = (Share((place,)), partial(_per_thousand, place=place, region=region))
    return _active(release, period, months, (Dimension(place),), *figures, **narrowed)


@narrowable
def by_age(
    release: Tables, period: Period, *, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Active customers (billed in the last months) by age band and kind, with the band's `share` of
    its kind."""
    return _active(
        release,
        period,
        months,
        (Dimension("age_band"), Dimension("kind")),
        Share(("age_band",)),
        **narrowed,
    )


def _active(
    release: Tables,
    period: Period,
    months: int,
    by: tuple[Dimension, ...],
    *figures: Figure,
    **narrowed: Unpack[Narrowed],
) -> Cells:
    told = active(release, period, months=months, **narrowed)
    population = named_lately("active", period, months, **narrowed)
    return tabulated(release, told, by, population, *figures)


def _per_thousand(frame: pl.DataFrame, *, place: str, region: str) -> pl.DataFrame:
    inhabitants = frame.select(place).join(
        _inhabitants(place, region), on=place, how="left", nulls_equal=True, maintain_order="left"
    )["n"]
    figures = interval(
        "per_thousand",
        frame["people"] / inhabitants,
        intervals.wilson(frame["people"], inhabitants),
    )
    rated = frame.with_columns((1000 * value).alias(name) for name, value in figures.items())
    counts = (frame["people"], inhabitants)
    return with_gaps(rated, "per_thousand", place, counts, share_gap)


@cache
def _inhabitants(place: str, region: str) -> pl.DataFrame:
    """Of each place, and of all on the row null."""
    codes = {"region": pl.String, "municipality": pl.String}
    areas = pl.read_csv(POSTAL_AREAS, columns=[*codes, "population_2022"], schema_overrides=codes)
    there = areas if region == "all" else areas.filter(pl.col("region") == region)
    each = there.group_by(place)
    whole = there.group_by(pl.lit(None, pl.String).alias(place))
    return pl.concat(
        [each.agg(n=pl.col("population_2022").sum()), whole.agg(n=pl.col("population_2022").sum())]
    )


@narrowable
@looking_back
def billing(
    release: Tables, period: Period, *, months: int | None = None, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Money billed (credit notes taken off), payers and `cents_per_payer` by month (quarter or
    year, as the period is) and product line, with `change` since the step before and `change_year`
    of the money."""
    length = months or LOOK_BACK[period.length]
    unit = period.unit
    invoices = of_people(release, "invoice", **narrowed).filter(lately("issued_on", period, length))
    dated = invoices.with_columns(beginning("issued_on", unit).alias(unit))
    by = (Dimension(unit, total=False), Dimension("product_line"))
    population = named_lately("payers", period, length, **narrowed)
    each = Mean("cents_per_payer", "amount_cents")
    return tabulated(
        release,
        dated,
        by,
        population,
        each,
        *changes("amount_cents", period),
        measures=(OVERLAPPING, MONEY),
    )


def _buyers(
    release: Tables, period: Period, months: int, *only: nw.Expr, **narrowed: Unpack[Narrowed]
) -> Rows:
    """One row a customer who may be profiled: purchase days, day of the last purchase and money of
    the last months."""
    recent = _profiled(release, **narrowed).filter(lately("issued_on", period, months), *only)
    days = (
        recent.filter(nw.col("amount_cents") > 0)
        .group_by("customer", "issued_on")
        .agg(nw.len().alias("invoices"))
    )
    history = days.group_by("customer").agg(
        nw.len().alias("days"), nw.col("issued_on").max().alias("last")
    )
    money = recent.group_by("customer").agg(nw.col("amount_cents").sum())
    return history.join(money, on="customer").with_columns(
        _all=nw.lit(1), last_day=day_number("last")
    )


def _profiled(release: Tables, **narrowed: Unpack[Narrowed]) -> Rows:
    """The invoices of those who may be profiled."""
    return of_people(release, "invoice", **narrowed).join(
        rows(release, "profile").select("customer"), on="customer", how="semi"
    )


def _score(column: str, classes: int = 5) -> nw.Expr:
    """Quantile score 1 to `classes`, the greatest value best; equal values have equal scores."""
    place = (nw.col(column).rank("average") - 0.5) / nw.col(column).count().over("_all")
    return (place * classes).floor().cast(nw.Int64) + 1


@narrowable
def rfm(
    release: Tables, period: Period, *, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Those who may be profiled and bought in the last `months`, in six named segments: quintile
    scores of recency (last purchase), frequency (days with a purchase) and money, frequency and
    money averaged. Figures: `share` of people, `money_share`, `cents_per_person`."""
    buyers = _buyers(release, period, months, **narrowed)
    scored = buyers.with_columns(
        recent=_score("last_day"), worth=(_score("days") + _score("amount_cents")) / 2
    )
    told = scored.with_columns(segment=_segment(nw.col("recent"), nw.col("worth")))
    figures = (Share(("segment",)), _of_money("segment"), Mean("cents_per_person", "amount_cents"))
    population = named_lately("buyers", period, months, **narrowed)
    return tabulated(release, told, (Dimension("segment"),), population, *figures, measures=SPENT)


def _segment(recent: nw.Expr, worth: nw.Expr) -> nw.Expr:
    rules = {
        "champions": (recent >= 4) & (worth >= 4),
        "loyal": (recent >= 3) & (worth >= 3),
        "at risk": worth >= 3,
        "new": recent >= 4,
        "occasional": recent >= 3,
    }
    return case(rules, "lapsed")


def _of_money(dimension: str) -> Share:
    """The part of the money."""
    return Share((dimension,), of="amount_cents", name="money_share")


@narrowable
def concentration(
    release: Tables, period: Period, *, months: int = 12, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Those who may be profiled, by tenths of the money they brought (1 the greatest payers), with
    each tenth's `money_share`."""
    told = _buyers(release, period, months, **narrowed).with_columns(
        tenth=(11 - _score("amount_cents", 10))
    )
    figures = (_of_money("tenth"), Mean("cents_per_person", "amount_cents"))
    population = named_lately("buyers", period, months, **narrowed)
    return tabulated(release, told, (Dimension("tenth"),), population, *figures, measures=SPENT)


@narrowable
def repeat(
    release: Tables, period: Period, *, months: int = 12, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Those who may be profiled, by the number of days on which they bought; `repeat_rate` on the
    total: bought on two or more. Rental is left out: its bills are no purchases."""
    bands = {"5+": 5, "4": 4, "3": 3, "2": 2, "1": 1}
    told = _buyers(release, period, months, PURCHASE, **narrowed).with_columns(
        purchases=banded(nw.col("days"), bands)
    )
    figures = (
        Share(("purchases",)),
        Rate("repeat_rate", "purchases", ("2", "3", "4", "5+")),
        _of_money("purchases"),
    )
    population = named_lately("purchasers", period, months, **narrowed)
    return tabulated(release, told, (Dimension("purchases"),), population, *figures, measures=SPENT)


def cohorts(release: Tables, period: Period) -> Cells:
    """Customers by the quarter of their first purchase (rental is none), and how many of them
    bought `later` quarters after it (whole quarters only, six of them); `share` of the cohort."""
    end = date(period.end.year, (period.end.month - 1) // 3 * 3 + 1, 1)
    bought = rows(release, "invoice").filter(
        nw.col("amount_cents") > 0, nw.col("issued_on") < end, PURCHASE
    )
    bought = bought.select("customer", quarter=beginning("issued_on", "quarter")).unique()
    bought = bought.with_columns(cohort=nw.col("quarter").min().over("customer")).filter(
        lately("cohort", period, 18)
    )
    bought = bought.with_columns(later=_quarter("quarter") - _quarter("cohort"))
    by = (Dimension("cohort", total=False), Dimension("later", total=False))
    return tabulated(
        release,
        bought,
        by,
        f"cohorts {period.end}",
        Share(("later",), base=0),
        measures=(OVERLAPPING,),
    )


def _quarter(column: str) -> nw.Expr:
    return (
        nw.col(column).dt.year().cast(nw.Int64) * 4
        + (nw.col(column).dt.month().cast(nw.Int64) - 1) // 3
    )


@narrowable
def activity(release: Tables, period: Period, **narrowed: Unpack[Narrowed]) -> Cells:
    """Those who may be profiled, by the chance (per cent, BG/NBD) that they still buy, with the
    money to expect of them in the next 52 weeks (times gamma-gamma). Those who bought `once` stand
    apart: of them the model knows nothing (it holds them all to be there still). Rental is left
    out: a contract does not fade away unseen. Figures: `share`, `money_share`."""
    bought = (
        _profiled(release, **narrowed)
        .filter(nw.col("amount_cents") > 0, PURCHASE, nw.col("issued_on") < period.end)
        .to_native()
    )
    last_day = period.end - timedelta(days=1)
    summary = purchase_summary(
        bought, customer="customer", date="issued_on", amount="amount_cents", as_of=last_day
    )
    chance = (
        nw.when(nw.col("frequency") > 0)
        .then(banded(nw.col("probability"), ALIVE))
        .otherwise(nw.lit("once"))
    )
    outlook = lazy(_outlook(collect(lazy(summary)))).with_columns(alive=chance)
    figures = (Share(("alive",)), _of_money("alive"))
    population = named(f"prospects {period.end}", **narrowed)
    return tabulated(release, outlook, (Dimension("alive"),), population, *figures, measures=SPENT)


def _outlook(summary: pl.DataFrame, weeks: float = 52) -> pl.DataFrame:
    """Chance of still buying and money to expect of each customer; of nobody, if too few came back
    for a model to be worth anything."""
    if summary.filter(pl.col("frequency") > 0, pl.col("monetary") > 0).height < BASE:
        return summary.select(
            "customer", "frequency", probability=pl.lit(0.0), amount_cents=pl.lit(0)
        ).clear()
    buying = fit_bg_nbd(summary)
    value = fit_gamma_gamma(summary)
    x, recency, horizon = (summary[c].to_numpy() for c in ("frequency", "recency", "T"))
    expected = buying.expected_purchases(weeks, x, recency, horizon) * value.expected_value(
        x, summary["monetary"].fill_null(0).to_numpy()
    )
    return summary.select(
        "customer",
        "frequency",
        pl.Series("probability", buying.probability_alive(x, recency, horizon)),
        pl.Series("amount_cents", expected).round().cast(pl.Int64),
    )
