"""When a forecast is believed: the bounds, at their edges."""

from __future__ import annotations

import polars as pl
import pytest

from genlib.metrics import forecast
from genlib.metrics.forecast import DAYS, LEAST_Q, Model, Verdict, judge
from genlib.metrics.models import BgNbd, GammaGamma

BUYING = BgNbd(0.7, 100.0, 1.2, 6.0, 0.0)
STEADY = Model(BUYING, GammaGamma(6.0, LEAST_Q, 10.0, 0.0))
SPREAD = Model(BUYING, GammaGamma(6.0, LEAST_Q - 0.01, 10.0, 0.0))
TWO_YEARS = 2 * DAYS


@pytest.mark.parametrize(
    ("foretold", "is_missed"), [(79, True), (80, False), (100, False), (125, False), (126, True)]
)
def test_a_forecast_is_missed_beyond_a_fifth_below_and_a_quarter_above(
    foretold: float, is_missed: bool
) -> None:
    found = judge(STEADY, STEADY, days=TWO_YEARS, forecast=foretold, came=100)
    assert found == Verdict(is_missed=is_missed, has_past=True)
    assert found.is_believed is not is_missed


@pytest.mark.parametrize(
    ("now", "before", "days", "verdict"),
    [
        (None, STEADY, TWO_YEARS, Verdict(is_few=True)),
        (STEADY, None, TWO_YEARS, Verdict(is_few=True)),
        (STEADY, STEADY, TWO_YEARS - 1, Verdict(is_short=True)),
        (STEADY, None, TWO_YEARS - 1, Verdict(is_short=True)),
        (SPREAD, STEADY, TWO_YEARS, Verdict(is_spread=True, has_past=True)),
        (STEADY, SPREAD, TWO_YEARS, Verdict(is_spread=True)),
    ],
)
def test_one_reason_not_to_believe_is_told(
    now: Model | None, before: Model | None, days: int, verdict: Verdict
) -> None:
    assert judge(now, before, days=days, forecast=100, came=100) == verdict
    assert not verdict.is_believed


def summary(repeaters: int) -> pl.DataFrame:
    """Customers who bought again once or more, and as many who did not."""
    frequency = [*(1 + n % 5 for n in range(repeaters)), *(0 for _ in range(repeaters))]
    return pl.DataFrame(
        {
            "customer": range(2 * repeaters),
            "frequency": frequency,
            "recency": [60.0 * x for x in frequency],
            "T": [400.0 + n for n in range(2 * repeaters)],
            "monetary": [
                1000.0 + 37 * (n % 11) if n < repeaters else None for n in range(2 * repeaters)
            ],
        }
    )


def test_a_model_needs_fifty_who_bought_again() -> None:
    assert forecast.fit(summary(49)) is None
    assert forecast.fit(summary(50)) is not None


def test_customers_who_were_not_there_a_year_ago_have_no_part_in_what_came() -> None:
    now = summary(60)
    past = now.head(50).with_columns(came=pl.lit(10))
    money, verdict = forecast.outlook(now, forecast.fit(now), past)
    assert (money.height, money["came_cents"].sum()) == (120, 500)
    assert verdict.is_short
    assert money["expected_cents"].sum() == 0
