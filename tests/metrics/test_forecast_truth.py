"""The forecast against the truth, on simulated customers whose next year is known: where it is
told, it is near; where the model does not fit, nothing is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from genlib.metrics import forecast
from genlib.metrics.customers import purchase_summary
from genlib.metrics.forecast import DAYS, Verdict

NOW = 4 * 365
"""Days from the first customer to the day of the forecast."""
FAR = 1.25
"""What is told is less than so many times too high or too low, as last year's had to be."""


@dataclass(frozen=True)
class World:
    """Customers who begin on any day, buy at random at a rate of their own until they drop out, and
    whose purchases are worth something around a mean of their own, in cents."""

    name: str
    people: int = 4000
    rate: float = 0.7 / 100
    spread: float | None = None
    """Of the logarithms of the customers' means; none: gamma-gamma's own."""
    firms: float = 0.0
    """The part that buys three times as often and for twenty times as much."""
    tied: bool = False
    """Whether who buys often also buys for more."""
    shrinking: bool = False
    """Whether everybody buys half as much from the day of the forecast less a year on."""

    def purchases(self, seed: int) -> pl.DataFrame:
        draw = np.random.default_rng(seed)
        born = draw.integers(0, NOW, self.people)
        rates = draw.gamma(0.7, 1, self.people) * self.rate / 0.7
        dropout = draw.beta(1.2, 6, self.people)
        means = self._means(draw)
        is_firm = draw.random(self.people) < self.firms
        rates = np.where(is_firm, 3 * rates, rates)
        means = np.where(is_firm, 20 * means, means)
        if self.tied:
            means = means * (rates / rates.mean()) ** 0.5
        parts = [self._bought(draw, n, born[n], rates[n], dropout[n]) for n in range(self.people)]
        who = np.repeat(np.arange(self.people), [len(days) for days in parts])
        values = means[who] * draw.gamma(6, 1 / 6, len(who))
        frame = pl.DataFrame({"customer": who, "day": np.concatenate(parts), "amount": values})
        return frame.with_columns(pl.col("amount").round().cast(pl.Int64).clip(1))

    def _means(self, draw: np.random.Generator) -> np.ndarray:
        if self.spread is not None:
            return 3000 * np.exp(draw.normal(0, self.spread, self.people))
        return 6 * 1500 / draw.gamma(3.7, 1, self.people)

    def _bought(
        self, draw: np.random.Generator, who: int, born: int, rate: float, dropout: float
    ) -> np.ndarray:
        """The days of one customer's purchases: the first one, then until he drops out."""
        purchases = draw.geometric(dropout)
        gaps = draw.exponential(1 / rate, min(purchases, 400))
        days = born + np.concatenate([[0], np.cumsum(gaps[: purchases - 1])])
        days = days[days < NOW + DAYS]
        if not self.shrinking:
            return days.astype(np.int64)
        stays = (days < NOW - DAYS) | (draw.random(len(days)) < 0.5)
        stays[0] = True
        return days[stays].astype(np.int64)


def held_against(world: World, seed: int) -> tuple[Verdict, float, float]:
    """The verdict, and the forecast over what came: of the year held out, and of the next one."""
    bought = world.purchases(seed).with_columns(
        date=pl.lit("2020-01-01").str.to_date() + pl.duration(days="day")
    )
    now = _summary(bought.filter(pl.col("day") < NOW))
    past = _summary(bought.filter(pl.col("day") < NOW - DAYS), days=NOW - DAYS)
    came = _money(bought, NOW - DAYS, NOW)
    past = past.join(came, on="customer", how="left").with_columns(pl.col("came").fill_null(0))
    model = forecast.fit(now)
    assert model is not None
    money, verdict = forecast.outlook(now, model, past)
    coming = _money(bought, NOW, NOW + DAYS).join(now, on="customer", how="semi")["came"].sum()
    raw = model.money(now).sum()
    if verdict.is_believed:
        assert money["expected_cents"].sum() == pytest.approx(raw, rel=1e-3)
    else:
        assert money["expected_cents"].sum() == 0
    behind = money["forecast_cents"].sum() / money["came_cents"].sum()
    return verdict, behind, raw / coming


def _summary(bought: pl.DataFrame, days: int = NOW) -> pl.DataFrame:
    last_day = bought.select(pl.lit("2020-01-01").str.to_date() + pl.duration(days=days - 1)).item()
    columns = {"customer": "customer", "date": "date", "amount": "amount"}
    return purchase_summary(bought, **columns, as_of=last_day, unit="day").sort("customer")


def _money(bought: pl.DataFrame, start: int, end: int) -> pl.DataFrame:
    inside = bought.filter(pl.col("day") >= start, pl.col("day") < end)
    return inside.group_by("customer").agg(came=pl.col("amount").sum())


WELL_SPECIFIED = [World("gamma-gamma")]
HARMLESS = [World("lognormal, 0.5", spread=0.5), World("often and for more", tied=True)]
HOPELESS = [
    World("lognormal, 1.5", spread=1.5),
    World("lognormal, 2", spread=2.0),
    World("firms among consumers", firms=0.15),
    World("half as much from the last year on", shrinking=True),
]
UNSURE = [World("lognormal, 1", spread=1.0), World("lognormal, 1.25", spread=1.25)]
SEEDS = (1, 2)


def named(worlds: list[World]) -> list[object]:
    return [pytest.param(world, id=world.name) for world in worlds]


def reckoned(world: World, seed: int) -> tuple[Verdict, float, float]:
    """As `held_against`, and printed for who wants to look (pytest -s)."""
    verdict, behind, ahead = held_against(world, seed)
    said = "told" if verdict.is_believed else "not told"
    print(f"{world.name:36} seed {seed}: last year {behind:6.2f}, next year {ahead:7.2f}, {said}")
    return verdict, behind, ahead


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("world", named(WELL_SPECIFIED))
def test_customers_as_the_model_has_them_are_forecast_within_a_tenth(
    world: World, seed: int
) -> None:
    verdict, behind, ahead = reckoned(world, seed)
    assert verdict.is_believed
    assert (behind, ahead) == pytest.approx((1, 1), abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("world", named(HARMLESS))
def test_customers_nearly_so_are_forecast_within_a_quarter(world: World, seed: int) -> None:
    verdict, _, ahead = reckoned(world, seed)
    assert verdict.is_believed
    assert ahead == pytest.approx(1, abs=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("world", named(HOPELESS))
def test_customers_whom_the_model_does_not_fit_have_no_figure(world: World, seed: int) -> None:
    """A hundred times what came, or twice as much, is never told."""
    verdict, _, _ = reckoned(world, seed)
    assert not verdict.is_believed


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("world", named(UNSURE))
def test_what_is_told_is_never_far_from_what_comes(world: World, seed: int) -> None:
    verdict, _, ahead = reckoned(world, seed)
    assert not verdict.is_believed or 1 / FAR < ahead < FAR
