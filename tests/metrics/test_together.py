"""All campaigns together: Mantel and Haenszel's difference, and of which campaigns it is."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from messages import SENT, contact, figured, release

from genlib.metrics import campaigns
from genlib.metrics.lookup import on_total
from genlib.metrics.together import MANY, Together, pool
from genlib.period import Period

OCTOBER = Period.parse("2026-10")
BOUGHT = date(2026, 10, 20)


def strata(*rows: tuple[int, int, int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["n", "buyers", "m", "held_buyers"], orient="row")


def test_two_campaigns_of_other_shares_are_not_thrown_together() -> None:
    """As they stand 22 of 50 and 6 of 50: 32 points, though no campaign brought more than 30."""
    value, low, high, weight = pool(strata((40, 20, 10, 2), (10, 2, 40, 4)))
    assert (value, weight) == (pytest.approx(0.2), 16)
    assert low < 0.2 < high


def test_the_figure_is_that_of_mantel_and_haenszel_with_satos_variance() -> None:
    """Two campaigns worked through by hand: weights 12 and 8, differences 0.2 and 0.1."""
    value, low, high, _ = pool(strata((30, 15, 20, 6), (10, 5, 40, 16)))
    assert value == pytest.approx((12 * 0.2 + 8 * 0.1) / 20)
    slope = (30**2 * 6 - 20**2 * 15 + 30 * 20 * (20 - 30) / 2) / 50**2
    slope += (10**2 * 16 - 40**2 * 5 + 10 * 40 * (40 - 10) / 2) / 50**2
    level = (15 * 14 + 6 * 15) / 100 + (5 * 24 + 16 * 5) / 100
    for end in (low, high):  # the ends are where the test is just passed
        assert (value - end) ** 2 == pytest.approx(
            1.96**2 * (end * slope + level) / 20**2, rel=1e-3
        )


@pytest.mark.parametrize(
    ("size", "share", "step"),
    [(1, 40, 0.01), (MANY, 40, 0.001), (1, 30, 0.05), (MANY, 30, 0.001), (1, 10, None)],
)
def test_a_figure_is_rounded_until_ten_buyers_may_be_of_either_campaign(
    size: int, share: int, step: float | None
) -> None:
    """Two campaigns of 80, of which one held out 40 and the other so many."""
    first = (40 * size, 13 * size, 40 * size, 8 * size)
    second = ((80 - share) * size, 13 * size, share * size, 8 * size)
    assert Together.of(strata(first, second)).find_step(10) == step


def drawn(code: int, first: int, contacted: int, held: int) -> list[dict[str, Any]]:
    arms = ["contacted"] * contacted + ["holdout"] * held
    return [
        contact(first + n, *([SENT] if arm == "contacted" else []), arm=arm, campaign=code)
        for n, arm in enumerate(arms)
    ]


def plan(share: float) -> pl.LazyFrame:
    rows = {"campaign": [1, 2], "code": ["A", "B"], "name": ["A", "B"], "cost_cents": [1, 1]}
    frame = pl.DataFrame(rows).with_columns(
        pl.col("campaign").cast(pl.UInt32),
        holdout_share=pl.lit(share),
        starts_on=pl.lit(SENT.date()),
        ends_on=pl.lit(SENT.date()),
    )
    return frame.lazy()


@pytest.mark.parametrize(("held", "people"), [(40, 160), (0, 80), (2, 80)])
def test_a_campaign_that_held_nobody_out_or_not_as_planned_is_not_among_them(
    held: int, people: int
) -> None:
    contacts = [*drawn(1, 0, 40, 40), *drawn(2, 100, 80 - held, held)]
    bought = dict.fromkeys([*range(20), *range(40, 50), *range(100, 110)], BOUGHT)
    tables = release(*contacts, bought=bought) | {"campaign": plan(0.5)}
    cells = campaigns.uplift_together(tables, OCTOBER)
    assert cells.frame.filter(on_total("arm", "outcome"))["drawn"].item() == people


def test_the_uplift_of_all_stands_on_the_total_where_five_of_the_smaller_arm_would_buy() -> None:
    contacts = drawn(1, 0, 40, 40)
    for buyers, is_told in ((10, True), (4, False)):
        bought = dict.fromkeys([*range(buyers), *range(40, 40 + buyers // 2)], BOUGHT)
        tables = release(*contacts, bought=bought) | {"campaign": plan(0.5)}
        shown = figured(campaigns.uplift_together(tables, OCTOBER)).drop_nulls("uplift")
        assert shown.select("arm", "outcome").rows() == ([(None, None)] if is_told else [])


def test_a_customer_counts_in_every_campaign_that_drew_him() -> None:
    contacts = [*drawn(1, 0, 40, 40), *drawn(2, 0, 40, 40)]
    tables = release(*contacts, bought={}) | {"campaign": plan(0.5)}
    total = campaigns.uplift_together(tables, OCTOBER).frame.filter(arm="contacted")
    assert total.filter(pl.col("outcome").is_null()).select("people", "drawn").row(0) == (40, 80)
