"""What was planted can be found again in the rows alone, by plain arithmetic."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from polars import col

from genlib.metrics.customers import fit_bg_nbd, purchase_summary
from genlib.synthetic import AS_OF, Truth, collect
from genlib.synthetic.world import AGE_BANDS

Frames = dict[str, pl.DataFrame]
BIG = "2026-10-SUODATIN"


@pytest.fixture(scope="module")
def drawn() -> tuple[Frames, Truth]:
    return collect(20_000, 7)


@pytest.fixture(scope="module")
def tables(drawn: tuple[Frames, Truth]) -> Frames:
    return drawn[0]


@pytest.fixture(scope="module")
def uplifts(drawn: tuple[Frames, Truth]) -> pl.DataFrame:
    """code, planted, found, se: purchase rate of the contacted less that of the holdout."""
    tables, truth = drawn
    rows = [
        _uplift(tables, c, truth)
        for c in tables["campaign"].filter(col("holdout_share") > 0).iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=["code", "planted", "found", "se"], orient="row")


def test_the_big_campaign_raised_purchases_as_planted(uplifts: pl.DataFrame) -> None:
    [(_, planted, found, se)] = uplifts.filter(col("code") == BIG).rows()
    assert planted == 0.06
    assert found == pytest.approx(planted, abs=3 * se)
    assert found > 3 * se


def test_null_campaigns_raised_nothing_beyond_chance(uplifts: pl.DataFrame) -> None:
    z = uplifts.filter(col("planted") == 0).select(col("found") / col("se")).to_series()
    assert len(z) > 20
    assert abs(z.mean()) < 3 / len(z) ** 0.5
    assert z.std() < 1.5


def test_churn_differs_by_segment_as_planted(drawn: tuple[Frames, Truth]) -> None:
    tables, truth = drawn
    spent = (col("left_on").fill_null(AS_OF) - col("joined_on")).dt.total_days() / 365.25
    by_segment = (
        _segments(tables)
        .group_by("segment")
        .agg(left=col("left_on").count().cast(pl.Float64), years=spent.sum())
    )
    for segment, left, years in by_segment.rows():
        assert 1 - np.exp(-left / years) == pytest.approx(truth.planted.churn[segment], rel=0.15)


def test_repeat_purchases_follow_the_planted_bg_nbd(drawn: tuple[Frames, Truth]) -> None:
    tables, truth = drawn
    people = _segments(tables).filter(
        col("left_on").is_null() & ~col("segment").is_in(["company", "rental"])
    )
    bought = (
        tables["invoice"]
        .filter(col("amount_cents") > 0)
        .join(people, left_on="customer_id", right_on="id", how="semi")
    )
    fit = fit_bg_nbd(
        purchase_summary(
            bought, customer="customer_id", date="issued_on", amount="amount_cents", as_of=AS_OF
        )
    )
    law = truth.planted.bg_nbd
    assert fit.r / fit.alpha == pytest.approx(law["r"] / law["alpha"], rel=0.1)
    assert fit.a / (fit.a + fit.b) == pytest.approx(law["a"] / (law["a"] + law["b"]), rel=0.25)


def test_unlawful_contacts_become_fewer(drawn: tuple[Frames, Truth]) -> None:
    tables, truth = drawn
    sent = (
        tables["campaign_contact"]
        .drop_nulls("sent_at")
        .with_columns(bad=col("id").is_in(truth.unlawful_contacts))
    )
    share = (
        sent.group_by(col("sent_at").dt.truncate("6mo"))
        .agg(col("bad").mean())
        .sort("sent_at")["bad"]
    )
    assert share[0] > 0.02
    assert share[-1] < share[1] / 2


def test_a_complaint_costs_the_planted_points(drawn: tuple[Frames, Truth]) -> None:
    tables, truth = drawn
    score = _scores(tables, "recommend")
    complaints = (
        tables["interaction"]
        .filter(col("kind") == "complaint")
        .select("customer_id", "occurred_at")
    )
    recent = col("sent_at") - col("occurred_at") < timedelta(days=truth.planted.complaint_days)
    hurt = (
        score.join(complaints, on="customer_id")
        .filter((col("occurred_at") < col("sent_at")) & recent)["invitation_id"]
        .unique()
    )
    means = (
        score.group_by(col("invitation_id").is_in(hurt.to_list()).alias("hurt"))
        .agg(col("score").mean())
        .sort("hurt")["score"]
    )
    assert means[1] - means[0] == pytest.approx(truth.planted.complaint_effect, abs=0.35)


def test_response_depends_on_age_as_planted(drawn: tuple[Frames, Truth]) -> None:
    tables, truth = drawn
    invited = (
        tables["survey_invitation"]
        .filter("delivered")
        .join(tables["customer"], left_on="customer_id", right_on="id")
    )
    place = ((AS_OF.year - col("birth_year") - 15) // 10).clip(0, 6).fill_null(7)
    for band, answered, n in (
        invited.group_by(place).agg(col("responded_at").is_not_null().mean(), n=pl.len()).rows()
    ):
        assert answered == pytest.approx(
            truth.planted.response[AGE_BANDS[band]], abs=4 * (0.25 / n) ** 0.5
        )


def test_planted_comments_hold_an_identifier_and_others_none(drawn: tuple[Frames, Truth]) -> None:
    tables, truth = drawn
    people = tables["customer"].select("family_name", "given_names", customer_id="id")
    for frame, key, ids in (
        (tables["feedback"].join(people, on="customer_id"), "id", truth.feedback_with_identifiers),
        (
            tables["survey_answer"].drop_nulls("comment"),
            "invitation_id",
            truth.answers_with_identifiers,
        ),
    ):
        telling = frame["comment"].str.contains(
            r"\d|@|Terveisin|Regards|Hälsningar|perheen|familj|family"
        )
        assert (
            frame.filter(telling)[key].to_list() == frame.filter(col(key).is_in(ids))[key].to_list()
        )
        assert len(ids) == telling.sum() > 50


def test_machines_click_within_seconds_and_people_do_not(drawn: tuple[Frames, Truth]) -> None:
    tables, truth = drawn
    clicks = tables["campaign_contact"].drop_nulls("clicked_at")
    quick = (clicks["clicked_at"] - clicks["delivered_at"]).dt.total_seconds() < 5
    assert clicks.filter(quick)["id"].to_list() == list(truth.machine_clicks)


def test_purchases_follow_pollen_and_smoke(tables: Frames) -> None:
    monthly = tables["invoice"].filter(
        col("product_line") == "filter", col("issued_on").dt.year() == 2025
    )
    by_month = dict(monthly.group_by(col("issued_on").dt.month()).len().rows())
    assert min(by_month[4], by_month[12]) > 1.2 * max(by_month[2], by_month[7])


def _uplift(tables: Frames, campaign: dict[str, object], truth: Truth) -> tuple[object, ...]:
    start = pl.lit(campaign["starts_on"])
    within = col("issued_on").is_between(
        start, start + timedelta(days=truth.planted.window_days), closed="left"
    )
    buyers = (
        tables["invoice"]
        .filter(within & (col("amount_cents") > 0))
        .select("customer_id", bought=1.0)
        .unique()
    )
    people = (
        tables["campaign_contact"]
        .filter(col("campaign_id") == campaign["id"])
        .join(buyers, on="customer_id", how="left")
    )
    rate = people.group_by("arm").agg(p=col("bought").fill_null(0.0).mean(), n=pl.len()).sort("arm")
    (p, holdout), (n, m) = rate["p"].to_list(), rate["n"].to_list()
    pooled = (p * n + holdout * m) / (n + m)
    return (
        campaign["code"],
        truth.uplift[str(campaign["code"])],
        p - holdout,
        (pooled * (1 - pooled) * (1 / n + 1 / m)) ** 0.5,
    )


def _segments(tables: Frames) -> pl.DataFrame:
    bought = tables["invoice"].filter(col("amount_cents") > 0).sort("issued_on", "id")
    first = bought.group_by("customer_id", maintain_order=True).agg(
        line=col("product_line").first()
    )
    segment = (
        pl.when(col("kind") == "consumer")
        .then("line")
        .otherwise(pl.lit("company"))
        .alias("segment")
    )
    return (
        tables["customer"].join(first, left_on="id", right_on="customer_id").with_columns(segment)
    )


def _scores(tables: Frames, code: str) -> pl.DataFrame:
    asked = tables["survey_question"].filter(col("code") == code).select(question_id="id")
    scored = tables["survey_answer"].join(asked, on="question_id").select("invitation_id", "score")
    return scored.join(
        tables["survey_invitation"].select("customer_id", "sent_at", invitation_id="id"),
        on="invitation_id",
    )
