"""Outlook: who still buys, and what they are expected to buy.

The models stand in `genlib.metrics.models`, and when a forecast is believed in
`genlib.metrics.forecast`."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date, timedelta
from typing import Unpack

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Measure, Tables
from genlib.metrics import forecast as forecasts
from genlib.metrics.figures import Believed, Share
from genlib.metrics.names import metric
from genlib.metrics.population import Narrowed, count_at, tabulated
from genlib.metrics.purchases import PURCHASE, purchase_summary, read_profiled_invoices
from genlib.metrics.rows import Rows, case, collect, lazy, read_once, rows, within
from genlib.period import Period

ALIVE = {"70-100": 0.7, "30-70": 0.3, "0-30": 0.0}
"""Bands of the chance, in per cent, that a customer still buys."""
ALIVE_OR_NOT = {"30-70": "0-70", "0-30": "0-70"}
FORECAST = ("forecast_cents", "came_cents", "expected_cents")
"""The money forecast of the last 52 weeks, what came in them, and what is expected of the next."""
VERDICTS = {"kind": pl.String} | {field.name: pl.Boolean for field in fields(forecasts.Verdict)}


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
    return pl.concat([_chances(summary, model) for summary, model in _fit_kinds(release, end)])


def _chances(summary: pl.DataFrame, model: forecasts.Model | None) -> pl.DataFrame:
    """Each customer of one kind with the band of the chance."""
    bands = {"once": nw.col("frequency") == 0}
    if model is not None:
        summary = summary.with_columns(chance=model.chance(summary))
        bands |= {name: nw.col("chance") >= least for name, least in ALIVE.items()}
    return collect(lazy(summary).select("customer", alive=case(bands, "unknown")))


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
    fits = _fit_kinds(release, period.end)
    bought = _read_purchases(release)
    past = _summaries(release, bought, year_ago)
    inside = bought.filter(within("issued_on", year_ago, period.end))
    came = collect(inside.group_by("customer").agg(nw.col("amount_cents").sum().alias("came")))
    past = past.join(came, on="customer", how="left").with_columns(pl.col("came").fill_null(0))
    customers = []
    verdicts = []
    for summary, model in fits:
        kind = summary["kind"].first()
        of_kind = past.filter(pl.col("kind") == pl.lit(kind, pl.String))
        money, verdict = forecasts.outlook(summary, model, of_kind)
        customers.append(money.with_columns(kind=pl.lit(kind, pl.String)))
        verdicts.append({"kind": kind, **asdict(verdict)})
    return tabulated(
        release,
        lazy(pl.concat(customers, how="vertical_relaxed")),
        (Dimension("kind"),),
        count_at("forecast", period.end, **narrowed),
        Believed(pl.DataFrame(verdicts, schema=VERDICTS).drop_nulls("kind")),
        measures=[Measure(name, "money") for name in FORECAST],
    )


def _fit_kinds(release: Tables, end: date) -> list[tuple[pl.DataFrame, forecasts.Model | None]]:
    """The purchase summary of each kind of customer, and the model of it; of nobody, if there is
    none. Worked out once for a release."""
    memory = getattr(release, "memory", {})
    name = f"purchases before {end}"
    if name not in memory:
        bought = _read_purchases(release)
        summaries = _summaries(release, bought, end)
        kinds = summaries.partition_by("kind", maintain_order=True) or [summaries]
        memory[name] = [(one, forecasts.fit(one)) for one in kinds]
    return memory[name]  # type: ignore[no-any-return]


def _summaries(release: Tables, bought: Rows, end: date) -> pl.DataFrame:
    """The purchase summary, in days, of those who bought before `end`, with their kind, in
    order."""
    summary = purchase_summary(
        bought.filter(nw.col("issued_on") < end).to_native(),
        customer="customer",
        date="issued_on",
        amount="amount_cents",
        as_of=end - timedelta(days=1),
        unit="day",
    )
    kinds = rows(release, "customer").select("customer", "kind")
    return collect(lazy(summary).join(kinds, on="customer")).sort("customer")


def _read_purchases(release: Tables) -> Rows:
    """What those who may be profiled have bought."""
    bought = read_profiled_invoices(release).filter(nw.col("amount_cents") > 0, PURCHASE)
    return read_once(bought, "customer", "issued_on", "amount_cents")
