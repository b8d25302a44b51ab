"""The reports' tables find what was planted in a synthetic register."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from messages import figured

from genlib.disclosure.cells import Cells
from genlib.errors import PeriodNotCovered
from genlib.metrics import campaigns, contacts, customers, satisfaction
from genlib.period import Period
from genlib.release import Release
from genlib.synthetic import Truth

Planted = tuple[Callable[[str], Release], Truth]
OCTOBER = Period.parse("2026-10")
YEAR = Period.parse("2026").so_far(OCTOBER.end)
BIG = "2026-10-SUODATIN"


def shown(cells: Cells, *dimensions: str, **where: Any) -> pl.DataFrame:
    """One level with its figures, as if nothing were hidden."""
    fixed = {*dimensions, *where} | {
        parent for d in cells.by if {*dimensions, *where} & {d.name} for parent in d.parents
    }
    level = [
        pl.col(c).is_not_null() if c in fixed else pl.col(c).is_null() for c in cells.dimensions
    ]
    return figured(cells).filter(*level, *(pl.col(c) == value for c, value in where.items()))


def test_the_uplift_of_the_big_campaign_is_found(planted: Planted) -> None:
    releases, truth = planted
    found = shown(
        campaigns.uplift_by_campaign(releases("campaign_history"), OCTOBER), "campaign"
    ).row(by_predicate=pl.col("campaign") == BIG, named=True)
    assert found["uplift_low"] <= truth.uplift[BIG] <= found["uplift_high"]
    assert found["uplift_low"] > 0


def test_no_campaign_without_an_effect_passes_holm(planted: Planted) -> None:
    """At 1%, so that one seed in a hundred would pass by chance."""
    releases, truth = planted
    found = shown(
        campaigns.uplift_by_campaign(releases("campaign_history"), OCTOBER, months=22), "campaign"
    )
    null = found.filter(
        pl.col("campaign").is_in([code for code, uplift in truth.uplift.items() if uplift == 0]),
        pl.col("p_holm").is_not_null(),
    )
    assert null.height > 15
    assert null["p_holm"].min() > 0.01  # type: ignore[operator]


def test_holdouts_are_as_large_as_planned(planted: Planted) -> None:
    releases, _ = planted
    found = shown(
        campaigns.uplift_by_campaign(releases("campaign_history"), OCTOBER, months=22), "campaign"
    )
    assert found["mismatch_p"].min() > 0.001  # type: ignore[operator]


def test_contacts_against_the_rules_are_counted(planted: Planted) -> None:
    releases, truth = planted
    cells = contacts.lawfulness(releases("campaign_history"), OCTOBER, months=22)
    assert (
        len(truth.unlawful_contacts) == shown(cells, "month", verdict="refused")["contacts"].sum()
    )


def test_machine_clicks_are_set_apart(planted: Planted) -> None:
    """Machines that clicked for people who themselves opened nothing stand at their own stage."""
    releases, truth = planted
    funnel = shown(
        campaigns.funnel(releases("campaign_history"), YEAR),
        channel="email",
        stage="machine",
    )
    assert 0 < funnel["people"].sum() <= len(truth.machine_clicks)


def test_response_rises_with_age_as_planted(planted: Planted) -> None:
    releases, _ = planted
    found = shown(satisfaction.nps_by(releases("satisfaction"), OCTOBER), "age_band").sort(
        "age_band"
    )
    rates = dict(found.select("age_band", "response_rate").rows())
    assert rates["18-34"] < rates["45-54"] < rates["65-74"]


def test_a_complaint_costs_points(planted: Planted) -> None:
    releases, _ = planted
    found = dict(
        shown(satisfaction.nps_by(releases("satisfaction"), OCTOBER, by="complained"), "complained")
        .select("complained", "nps")
        .rows()
    )
    assert found["complaint"] < found["no complaint"] - 0.3


def test_service_drives_the_recommendation_most(planted: Planted) -> None:
    releases, _ = planted
    found = shown(satisfaction.drivers(releases("satisfaction"), OCTOBER), "question").sort(
        "driver", descending=True
    )
    assert found["question"][0] == "service"


def test_the_stock_is_that_of_the_register(planted: Planted) -> None:
    releases, _ = planted
    release = releases("customer_analysis")
    members = release["membership"].collect()
    there = members.filter(
        pl.col("left_month").is_null() | (pl.col("left_month") > date(2026, 10, 1))
    ).height
    assert there == shown(customers.growth(release, OCTOBER), "month")["stock"][-1]


def test_segments_hold_everyone_who_bought_and_may_be_profiled(planted: Planted) -> None:
    release = planted[0]("customer_analysis")
    bought = release["invoice"].filter(
        pl.col("issued_on") >= date(2024, 11, 1), pl.col("amount_cents") > 0
    )
    buyers = (
        bought.join(release["profile"], on="customer", how="semi")
        .select(pl.col("customer").n_unique())
        .collect()
        .item()
    )
    cells = customers.rfm(release, OCTOBER)
    assert buyers == shown(cells, "segment")["people"].sum() == shown(cells)["people"].item()


def test_those_who_left_are_less_alive(planted: Planted) -> None:
    found = shown(customers.activity(planted[0]("customer_analysis"), OCTOBER), "alive")
    assert set(found["alive"]) >= {"70-100", "0-30"}


def test_last_years_forecast_was_near_what_came(planted: Planted) -> None:
    release = planted[0]("customer_analysis")
    found = shown(customers.forecast(release, OCTOBER), "kind")
    ratio = found["forecast_cents"] / found["came_cents"]
    assert found["kind"].sort().to_list() == ["company_contact", "consumer"]
    assert ratio.is_between(0.8, 1.25).all()
    assert found["expected_cents"].null_count() == 0


@pytest.mark.parametrize(
    "metric",
    [customers.growth, customers.billing, customers.rfm, customers.cohorts, customers.forecast],
)
def test_nothing_is_told_of_a_period_that_the_release_does_not_cover(
    planted: Planted, metric: Callable[..., Cells]
) -> None:
    """No "0.0 % left" of a month that has not been."""
    release = planted[0]("customer_analysis")
    for text in ("2026-11", "2027-03", "2026"):
        with pytest.raises(PeriodNotCovered, match="the release of 1 November 2026 covers"):
            metric(release, Period.parse(text))


@pytest.mark.parametrize(
    ("purpose", "metric"),
    [
        ("satisfaction", satisfaction.nps_by),
        ("campaign_history", contacts.pressure_by_channel),
        ("campaign_history", campaigns.uplift_by_campaign),
        ("campaign_history", contacts.timeline),
    ],
)
def test_nor_by_the_other_purposes(
    planted: Planted, purpose: str, metric: Callable[..., Cells]
) -> None:
    with pytest.raises(PeriodNotCovered, match="covers months up to 2026-10"):
        metric(planted[0](purpose), Period.parse("2026-11"))
