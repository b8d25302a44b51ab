"""Customers: how many there are, what they buy, who are worth most and who still buy. Each function
for a report gives `Cells`."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import date, timedelta
from functools import cache, partial
from typing import Any, Unpack

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Figure, Measure, Step, Tables
from genlib.disclosure.counting import tabulate, with_unit
from genlib.disclosure.ladder import Steps, dropped_columns
from genlib.disclosure.population import Population, narrow_to
from genlib.disclosure.slices import OTHERS, SLICE
from genlib.errors import UsageError
from genlib.metrics import forecast as forecasts
from genlib.metrics import intervals
from genlib.metrics.companies import companies  # noqa: F401 - analysts find it here
from genlib.metrics.figures import (
    Believed,
    Change,
    Mean,
    Rate,
    Share,
    Stock,
    changes,
    share_gap,
    with_gaps,
)
from genlib.metrics.intervals import interval
from genlib.metrics.ladders import (
    POSTAL_AREAS,
    at_least,
    by_age_band,
    by_number,
    by_place,
    by_product_line,
    by_segment,
    by_time,
)
from genlib.metrics.models import fit_bg_nbd, fit_gamma_gamma  # noqa: F401 - analysts find them here
from genlib.metrics.names import metric
from genlib.metrics.population import (
    LOOK_BACK,
    MONEY,
    OPTIONAL,
    OVERLAPPING,
    Narrowed,
    active,
    check_covered,
    complete,
    count_at,
    count_lately,
    count_stepwise,
    lately,
    stepwise,
    tabulated,
    with_slices,
)
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
from genlib.period import UNITS as UNITS_OF_TIME
from genlib.period import Period, months_between

SPENT = (PEOPLE, MONEY)
EPOCH = date(1970, 1, 1).toordinal()
UNITS = {"day": 1, "week": 7, "year": 365.25}
PURCHASE = nw.col("product_line") != "rental"
ALIVE = {"70-100": 0.7, "30-70": 0.3, "0-30": 0.0}
"""Bands of the chance, in per cent, that a customer still buys."""
ALIVE_OR_NOT = {"30-70": "0-70", "0-30": "0-70"}
FORECAST = ("forecast_cents", "came_cents", "expected_cents")
"""The money forecast of the last 52 weeks, what came in them, and what is expected of the next."""
VERDICTS = {"kind": pl.String} | {field.name: pl.Boolean for field in fields(forecasts.Verdict)}


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
    native = nw.from_native(purchases)
    _check_days(native, date)
    summary = _summary(
        native.lazy().select(customer=nw.col(customer), date=nw.col(date), amount=nw.col(amount)),
        _day(as_of),
        UNITS[unit],
    )
    return (summary if isinstance(native, nw.LazyFrame) else summary.collect()).to_native()


def _check_days(purchases: Any, date: str) -> None:
    kind = purchases.lazy().collect_schema()[date]
    if kind != nw.Date:
        raise UsageError(
            f"purchases are dated by days, and the column of dates is {kind}; make days of it, "
            "instants by .dt.convert_time_zone(the company's).dt.date()"
        )


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


@metric()
def growth(release: Tables, period: Period, *, months: int | None = None) -> Cells:
    """Customers who joined and left in each month (quarter or year, as the period is); the one
    before the first holds the opening stock. Figures on the row of a month: `stock` at its end,
    `joined`, `left`, `churn` with its interval, `change` of the stock since the step before, and
    `change_year`.

    Joined are those who came and were there at the end, left those who were there at the beginning;
    who came and left within the same step is neither, so the stock is that of the step before with
    those who joined and without those who left, and the churn is the part of those there at the
    beginning who left. Of 100 there, 10 joined and 4 left, and 3 more came and went: the stock is
    106, the churn 4 %.

    Always of everybody: of those who came and went no more is known than that, so a part could not
    be held against the whole. Of a period that is not over the whole months are counted; one of
    which no month is over ends with the period before it.
    """
    check_covered(release, period)
    told = _of_whole_months(period)
    larger = _larger_steps(told)
    ladder: tuple[Step, ...] = tuple({} for _ in larger)
    units = tuple(step.unit for step in larger)
    by = (
        Dimension(told.unit, total=False, ladder=ladder, units=units, is_page=True),
        Dimension("movement", is_subject=True),
    )

    def recount(steps: Steps) -> Cells:
        taken = steps.get(told.unit, 0)
        coarser = _count_members(release, larger[taken - 1] if taken else told, by)
        untold = [pl.col(column).is_null() for column in dropped_columns(by, steps)]
        return replace(coarser, frame=coarser.frame.filter(*untold))

    return replace(_count_members(release, told, by, months), recount=recount)


def _larger_steps(told: Period) -> list[Period]:
    """The last whole quarter and the last whole year, as far as they are longer than the step."""
    units = [unit for unit, length in UNITS_OF_TIME.items() if length > told.length]
    around = [Period.around(told.last_day, unit) for unit in units]
    return [step if step.end <= told.end else step.previous() for step in around]


def _count_members(
    release: Tables, told: Period, by: tuple[Dimension, ...], months: int | None = None
) -> Cells:
    """`growth` by the steps of a period, in the column of the first dimension."""
    column = by[0].name
    length = months or LOOK_BACK[told.length]
    steps = told.whole.steps(length)
    start = steps[0].start
    members = rows(release, "membership").filter(nw.col("joined_month") < told.end)
    members = members.with_row_index("member", order_by=["joined_month", "left_month", "kind"])
    there = members.filter(
        nw.col("joined_month") < start,
        nw.col("left_month").is_null() | (nw.col("left_month") >= start),
    )
    moved = members.filter(~_came_and_left(told))
    came = moved.filter(nw.col("joined_month") >= start)
    left = moved.filter(within("left_month", start, told.end))
    opening = nw.lit(steps[0].previous().start)
    joined_in, left_in = (beginning(f"{way}_month", told.unit) for way in ("joined", "left"))
    events = nw.concat(
        [
            _movement(there, opening, column, nw.lit("opening"), 0),
            _movement(came, joined_in, column, _way("joined", told), 1),
            _movement(left, left_in, column, _way("left", told), 2),
        ]
    ).to_native()
    stock = (
        Stock(by=column),
        Change("change", "stock", column, told.length),
        Change("change_year", "stock", column, 12),
    )
    named = (partial(with_unit, column=column, unit=told.unit),) if column != told.unit else ()
    cells = tabulate(
        events,
        person="member",
        by=by,
        population=count_stepwise("members", told, length),
        figures=(*stock, *named),
    )
    every = pl.DataFrame({column: [step.start for step in steps]})
    movements = pl.DataFrame({"movement": ["joined", "left", None]})
    return complete(cells, every.join(movements, how="cross"))


def _of_whole_months(period: Period) -> Period:
    """The period as far as whole months of it are counted; the one before, if none is."""
    if period.is_over:
        return period
    months_over = months_between(period.start, period.end)
    return period.so_far(period.end.replace(day=1)) if months_over else period.whole.previous()


def _is_later(month: str, told: Period) -> nw.Expr:
    """Whether a month lies in its step behind those that are counted of the last step."""
    if told.is_over:
        return nw.lit(False)
    place = (nw.col(month).dt.month().cast(nw.Int64) - 1) % told.length
    return place >= months_between(told.start, told.end)


def _came_and_left(told: Period) -> nw.Expr:
    same_step = beginning("joined_month", told.unit) == beginning("left_month", told.unit)
    same_side = _is_later("joined_month", told) == _is_later("left_month", told)
    return (same_step & same_side).fill_null(False)


def _way(name: str, told: Period) -> nw.Expr:
    later = _is_later(f"{name}_month", told)
    return nw.when(later).then(nw.lit(f"{name} later")).otherwise(nw.lit(name))


def _movement(members: Rows, when: nw.Expr, column: str, name: nw.Expr, code: int) -> Rows:
    person = (nw.col("member").cast(nw.Int64) * 3 + code).alias("member")
    return members.select(person, when.cast(nw.Date).alias(column), name.alias("movement"))


@metric()
def by_region(
    release: Tables, period: Period, *, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Active customers (billed in the last months) of each region, with their `share` and how many
    they are of a thousand inhabitants (`per_thousand`, with Wilson's interval); of one region, by
    municipality."""
    region = narrowed.get("region", "all")
    place = "region" if region == "all" else "municipality"
    figures = (Share((place,)), partial(_per_thousand, place=place, region=region))
    return _active(release, period, months, (by_place(place),), *figures, **narrowed)


@metric()
def by_age(
    release: Tables, period: Period, *, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Active customers (billed in the last months) by age band and kind, with the band's `share` of
    its kind."""
    return _active(
        release,
        period,
        months,
        (by_age_band(), Dimension("kind")),
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
    told = with_slices(release, active(release, period, months=months), _read_cut(narrowed))
    if "municipality" in by[0].columns:  # of regions that are not told, no towns are counted
        is_other = nw.col(SLICE) == OTHERS
        told = told.with_columns(municipality=case({OTHERS: is_other}, nw.col("municipality")))
    population = count_lately("active", period, months, **narrowed)
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


@metric()
def billing(
    release: Tables, period: Period, *, months: int | None = None, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Money billed (credit notes taken off), payers and `cents_per_payer` by month (quarter or
    year, as the period is), with `change` since the step before and `change_year` of the money."""
    dated, by, population = _billed(release, period, months, **narrowed)
    each = Mean("cents_per_payer", "amount_cents")
    changed = changes("amount_cents", period)
    measures = (OVERLAPPING, MONEY)
    return tabulated(release, dated, (by,), population, each, *changed, measures=measures)


@metric()
def billing_by_line(
    release: Tables, period: Period, *, months: int | None = None, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Money billed by month (quarter or year) and product line, with the line's `share` of the
    month, `change` and `change_year`. Who pays for several lines is in each of them, so payers are
    told by `billing` alone."""
    dated, by, population = _billed(release, period, months, **narrowed)
    share = Share(("product_line",), of="amount_cents")
    changed = changes("amount_cents", period)
    by_line = (by, by_product_line())
    return tabulated(release, dated, by_line, population, share, *changed, measures=(MONEY,))


def _billed(
    release: Tables, period: Period, months: int | None, **narrowed: Unpack[Narrowed]
) -> tuple[Rows, Dimension, Population]:
    """The invoices of the steps of a period, the steps, and whose they are."""
    length = months or LOOK_BACK[period.length]
    inside = rows(release, "invoice").filter(stepwise("issued_on", period, length))
    dated = inside.with_columns(beginning("issued_on", period.unit).alias(period.unit))
    return dated, by_time(period, length), count_stepwise("payers", period, length, **narrowed)


def _buyers(
    release: Tables, period: Period, months: int, *only: nw.Expr, **narrowed: Unpack[Narrowed]
) -> Rows:
    """One row a customer who may be profiled: purchase days, day of the last purchase and money of
    the last months."""
    recent = _profiled(release).filter(lately("issued_on", period, months), *only)
    days = (
        recent.filter(nw.col("amount_cents") > 0)
        .group_by("customer", "issued_on")
        .agg(nw.len().alias("invoices"))
    )
    history = days.group_by("customer").agg(
        nw.len().alias("days"), nw.col("issued_on").max().alias("last")
    )
    money = recent.group_by("customer").agg(nw.col("amount_cents").sum())
    cut = _read_cut(narrowed)
    buyers = with_slices(release, history.join(money, on="customer"), cut)
    among = nw.col(SLICE) if cut else nw.lit("all")
    return buyers.with_columns(among.alias("_among"), last_day=day_number("last"))


def _read_cut(narrowed: Narrowed) -> tuple[tuple[str, str], ...]:
    return narrow_to({name: str(value) for name, value in narrowed.items()})


def _profiled(release: Tables) -> Rows:
    """The invoices of those who may be profiled."""
    return rows(release, "invoice").join(
        rows(release, "profile").select("customer"), on="customer", how="semi"
    )


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
    told = find_segments(release, period, months, **narrowed)
    figures = (Share(("segment",)), _of_money("segment"), Mean("cents_per_person", "amount_cents"))
    population = count_lately("buyers", period, months, **narrowed)
    return tabulated(release, told, (by_segment(),), population, *figures, measures=SPENT)


def find_segments(
    release: Tables, period: Period, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Rows:
    """Each customer who may be profiled and bought in the last `months`, with the `segment` that
    `rfm` counts."""
    buyers = _buyers(release, period, months, **narrowed)
    scored = buyers.with_columns(
        recent=_score("last_day"), worth=_score("days") + _score("amount_cents")
    )
    return scored.with_columns(segment=_segment(nw.col("recent"), nw.col("worth")))


def _segment(recent: nw.Expr, worth: nw.Expr) -> nw.Expr:
    rules = {
        "champions": (recent >= 4) & (worth >= 8),
        "loyal": (recent >= 3) & (worth >= 6),
        "at risk": worth >= 6,
        "new": recent >= 4,
        "occasional": recent >= 3,
    }
    return case(rules, "lapsed")


def _of_money(dimension: str) -> Share:
    """The part of the money."""
    return Share((dimension,), of="amount_cents", name="money_share")


@metric()
def concentration(
    release: Tables, period: Period, *, months: int = 12, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Those who may be profiled, by tenths of the money they brought (1 the greatest payers), with
    each tenth's `money_share`."""
    told = _buyers(release, period, months, **narrowed).with_columns(
        tenth=(11 - _score("amount_cents", 10))
    )
    figures = (_of_money("tenth"), Mean("cents_per_person", "amount_cents"))
    population = count_lately("buyers", period, months, **narrowed)
    return tabulated(release, told, (Dimension("tenth"),), population, *figures, measures=SPENT)


@metric()
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
        _repeat_rate,
        _of_money("purchases"),
    )
    population = count_lately("purchasers", period, months, **narrowed)
    return tabulated(
        release, told, (by_number("purchases", most=5),), population, *figures, measures=SPENT
    )


def _repeat_rate(frame: pl.DataFrame) -> pl.DataFrame:
    """The part who bought on two days or more."""
    return Rate("repeat_rate", "purchases", at_least(frame, "purchases", 2))(frame)


@metric()
def cohorts(release: Tables, period: Period, **narrowed: Unpack[Narrowed]) -> Cells:
    """Customers by the quarter of their first purchase (rental is none), and how many of them
    bought `later` quarters after it (whole quarters only, six of them); `share` of the cohort."""
    last = Period.around(period.end, "quarter").previous()
    bought = rows(release, "invoice").filter(
        nw.col("amount_cents") > 0, nw.col("issued_on") < last.end, PURCHASE
    )
    bought = bought.select("customer", quarter=beginning("issued_on", "quarter")).unique()
    bought = bought.with_columns(cohort=nw.col("quarter").min().over("customer"))
    bought = bought.filter(nw.col("cohort") >= last.back(18))
    bought = bought.with_columns(later=_quarter("quarter") - _quarter("cohort"))
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
    return (
        nw.col(column).dt.year().cast(nw.Int64) * 4
        + (nw.col(column).dt.month().cast(nw.Int64) - 1) // 3
    )


@metric()
def activity(release: Tables, period: Period, **narrowed: Unpack[Narrowed]) -> Cells:
    """Those who may be profiled, by the chance (per cent, BG/NBD, fitted by kind of customer) that
    they still buy. Those who bought `once` stand apart: of them the model knows nothing (it holds
    them all to be there still); of a kind too few of whom bought again it is `unknown`. Rental is
    left out: a contract does not fade away unseen. Figure: `share`."""
    chances = find_chances(release, period.end)
    population = count_at("prospects", period.end, **narrowed)
    by = (Dimension("alive", ladder=(ALIVE_OR_NOT,)),)
    return tabulated(release, lazy(chances), by, population, Share(("alive",)))


def find_chances(release: Tables, end: date) -> pl.DataFrame:
    """Each customer who may be profiled and bought before `end`, with the band (`alive`) that
    `activity` counts."""
    summaries = _summaries(release, end)
    kinds = _by_kind(summaries) or [summaries]
    return pl.concat([_chances(one) for one in kinds])


def _chances(summary: pl.DataFrame) -> pl.DataFrame:
    """Each customer of one kind with the band of the chance."""
    model = forecasts.fit(summary)
    if model is None:
        return summary.select("customer", alive=_unless_once(pl.lit("unknown")))
    chances = summary.with_columns(chance=pl.Series(model.chance(summary)))
    return chances.select("customer", alive=_unless_once(_band("chance")))


@metric()
def forecast(release: Tables, period: Period, **narrowed: Unpack[Narrowed]) -> Cells:
    """What those who may be profiled and have bought are expected to buy in the next 52 weeks, by
    kind of customer (BG/NBD times gamma-gamma, fitted by kind), without rental: `expected_cents`.
    And what would have been forecast of the last 52 weeks (`forecast_cents`) of those who had
    bought before them, and what came of these (`came_cents`).

    `expected_cents` is told of a kind only if its forecast is believed (see
    `genlib.metrics.forecast`), and of all together only if that of each is; else the kind
    `is_few`, `is_short`, `is_spread` or `is_missed`. People are not told: who has ever bought
    changes by a few from month to month, and a year of such counts beside each other tells who.
    """
    year_ago = period.end - timedelta(days=forecasts.DAYS)
    now = _summaries(release, period.end)
    past = _summaries(release, year_ago)
    came = collect(_came(release, year_ago, period.end))
    past = past.join(came, on="customer", how="left").with_columns(pl.col("came").fill_null(0))
    parts = [_outlook(one, past) for one in _by_kind(now)]
    money = [Measure(name, "money") for name in FORECAST]
    nobody = now.select("customer", "kind", **dict.fromkeys(FORECAST, pl.lit(0))).clear()
    customers = pl.concat([nobody, *(part for part, _ in parts)], how="vertical_relaxed")
    kinds = pl.DataFrame([judged for _, judged in parts], schema=VERDICTS)
    return tabulated(
        release,
        lazy(customers),
        (Dimension("kind"),),
        count_at("forecast", period.end, **narrowed),
        Believed(kinds),
        measures=money,
    )


def _outlook(now: pl.DataFrame, past: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The customers of one kind with their money, and what the forecast is worth."""
    kind = now["kind"][0]
    money, verdict = forecasts.outlook(now, past.filter(pl.col("kind") == kind))
    return money.select("customer", pl.lit(kind).alias("kind"), *FORECAST), {
        "kind": kind,
        **asdict(verdict),
    }


def _summaries(release: Tables, end: date) -> pl.DataFrame:
    """The purchase summary, in days, of those who may be profiled and bought before `end`, with
    their kind, in order."""
    summary = purchase_summary(
        _purchases(release).filter(nw.col("issued_on") < end).to_native(),
        customer="customer",
        date="issued_on",
        amount="amount_cents",
        as_of=end - timedelta(days=1),
        unit="day",
    )
    kinds = rows(release, "customer").select("customer", "kind")
    return collect(lazy(summary).join(kinds, on="customer")).sort("customer")


def _purchases(release: Tables) -> Rows:
    return _profiled(release).filter(nw.col("amount_cents") > 0, PURCHASE)


def _came(release: Tables, start: date, end: date) -> Rows:
    """The money of the purchases of each customer in this time."""
    inside = _purchases(release).filter(within("issued_on", start, end))
    return inside.group_by("customer").agg(nw.col("amount_cents").sum().alias("came"))


def _by_kind(summaries: pl.DataFrame) -> list[pl.DataFrame]:
    return summaries.partition_by("kind", maintain_order=True)


def _band(chance: str) -> pl.Expr:
    *upper, last = ALIVE
    band = pl.lit(last)
    for name in reversed(upper):
        band = pl.when(pl.col(chance) >= ALIVE[name]).then(pl.lit(name)).otherwise(band)
    return band


def _unless_once(band: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("frequency") > 0).then(band).otherwise(pl.lit("once"))
