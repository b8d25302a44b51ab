"""What those who have bought will buy in the next 52 weeks, by a model that is believed only as far
as it has been right.

The model of last year's purchases is asked for this year's, and what came is held against it. Of
100 consumers who had bought by the end of last October, 9,200 € were forecast and 10,000 € came:
the forecast is 0.92 of that, so the next one is told. Had it been 49.9 million €, there would be
none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from genlib.errors import BadInput
from genlib.metrics.models import BgNbd, GammaGamma, Vector, fit_bg_nbd, fit_gamma_gamma

DAYS = 52 * 7
"""What is forecast, and what it is held against. Purchases have a week and a year: 52 weeks have
as many of each weekday."""
REPEATERS = 50
"""The fewest who bought again for a model to be fitted."""
LEAST_Q = 1.5
"""The values that customers give to a purchase have a mean only if gamma-gamma's q is above 1, and
it goes with 1 / (q - 1): at 1.5 an error of 0.1 in q moves it by a fifth, which is as much as may
be missed; nearer to 1 a sum of it is worth nothing."""
LEAST, MOST = 0.8, 1.25
"""The forecast of last year over what came: beyond these the next one is not believed."""


@dataclass(frozen=True)
class Model:
    """How often and for how much the customers of one kind buy; time in days."""

    buying: BgNbd
    value: GammaGamma

    @property
    def is_steady(self) -> bool:
        """Whether a sum of expected values means anything."""
        return self.value.q >= LEAST_Q

    def chance(self, summary: pl.DataFrame) -> Any:
        """The chance of each customer that he still buys."""
        return self.buying.probability_alive(*_history(summary))

    def money(self, summary: pl.DataFrame) -> Any:
        """What to expect of each customer in the next 52 weeks."""
        x, recency, horizon = _history(summary)
        purchases = self.buying.expected_purchases(DAYS, x, recency, horizon)
        monetary = summary["monetary"].fill_null(0).to_numpy()
        return purchases * self.value.expected_value(x, monetary)


def _history(summary: pl.DataFrame) -> list[Vector]:
    return [summary[name].to_numpy() for name in ("frequency", "recency", "T")]


@dataclass(frozen=True)
class Verdict:
    """Whether a forecast is believed; if not, the one reason that comes first. `has_past`: whether
    there is a forecast of the last year to hold against what came."""

    has_past: bool = False
    is_few: bool = False
    is_short: bool = False
    is_spread: bool = False
    is_missed: bool = False

    @property
    def is_believed(self) -> bool:
        return not (self.is_few or self.is_short or self.is_spread or self.is_missed)


def fit(summary: pl.DataFrame) -> Model | None:
    """The model of a purchase summary in days; none if too few bought again."""
    again = summary.filter(pl.col("frequency") > 0, pl.col("monetary") > 0)
    if again.height < REPEATERS:
        return None
    try:
        return Model(fit_bg_nbd(summary), fit_gamma_gamma(summary))
    except BadInput:
        return None


def judge(
    now: Model | None, before: Model | None, *, days: float, forecast: float, came: float
) -> Verdict:
    """What the models of the purchases up to now and up to a year ago are worth, where purchases go
    back so many `days`, and so much was `forecast` of the last year and `came`."""
    if now is None:
        return Verdict(is_few=True)
    if days < 2 * DAYS:
        return Verdict(is_short=True)
    if before is None:
        return Verdict(is_few=True)
    if not (now.is_steady and before.is_steady):
        return Verdict(is_spread=True, has_past=before.is_steady)
    is_near = LEAST * came <= forecast <= MOST * came
    return Verdict(is_missed=not is_near, has_past=True)


def outlook(
    summary: pl.DataFrame, now: Model | None, past: pl.DataFrame
) -> tuple[pl.DataFrame, Verdict]:
    """Of each customer of one kind the money that was `forecast` of the last 52 weeks, that `came`
    in them and that is `expected` of the next; and what that is worth.

    `summary`: the purchase summary up to now, and the model of it; `past`: that of 52 weeks ago,
    with `came`, the money since then; both in days. What is not believed is nobody's: its column is
    0 for all.
    """
    before = fit(past)
    forecast = before.money(past) if before and before.is_steady else np.zeros(past.height)
    verdict = judge(
        now,
        before,
        days=summary.select(pl.col("T").max().fill_null(0)).item() + 1,
        forecast=forecast.sum(),
        came=float(past["came"].sum()),
    )
    expected = now.money(summary) if now and verdict.is_believed else np.zeros(summary.height)
    if not verdict.has_past:
        forecast = np.zeros(past.height)
    ahead = summary.select("customer", expected_cents=_whole(expected))
    behind = past.select("customer", forecast_cents=_whole(forecast), came_cents="came")
    both = ahead.join(behind, on="customer", how="left").fill_null(0)
    return both.select("customer", "forecast_cents", "came_cents", "expected_cents"), verdict


def _whole(money: Vector) -> pl.Series:
    return pl.Series(np.rint(money)).cast(pl.Int64)
