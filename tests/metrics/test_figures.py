"""Figures on shown tables: right by hand, null where something needed is hidden, null on a base
under 10."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from genlib.disclosure.cells import Figure
from genlib.metrics import figures, intervals
from genlib.metrics.figures import (
    Believed,
    Change,
    Mean,
    Nps,
    Rate,
    Reached,
    Share,
    Stock,
    Worth,
    attach_columns,
    cost_each,
    likert,
    uplift,
)


def table(*rows: tuple[Any, ...], by: tuple[str, ...], more: tuple[str, ...] = ()) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=[*by, "people", *more], orient="row", infer_schema_length=None)


REGIONS = [("01", 30), ("02", 10), (None, 40)]
GROUPS = [("promoter", 19), ("passive", 12), ("detractor", 5), (None, 36)]
ANSWERED = ("group", "outcome")
OUTCOMES = [("complete", 20), ("silent", 60), ("undelivered", 20), (None, 100)]


def test_share_of_the_total() -> None:
    found = Share(("region",))(table(*REGIONS, by=("region",)))
    assert found["share"].to_list() == [0.75, 0.25, 1.0]


def test_share_is_null_where_the_part_is_hidden() -> None:
    found = Share(("region",))(
        table(("01", 35), ("02", None), ("03", None), (None, 40), by=("region",))
    )
    assert found["share"].to_list() == [0.875, None, None, 1.0]


@pytest.mark.parametrize(("base", "share"), [(9, None), (10, 0.5), (11, 5 / 11)])
def test_no_share_on_a_base_under_ten(base: int, share: float | None) -> None:
    found = Share(("region",))(table(("01", 5), ("02", base - 5), (None, base), by=("region",)))
    assert found["share"][0] == (share if share is None else pytest.approx(share))


def test_share_within_the_other_dimension() -> None:
    rows = [("a", "x", 15), ("a", "y", 5), ("b", "x", 10), ("a", None, 20), ("b", None, 10)]
    assert Share(("what",))(table(*rows, by=("who", "what")))["share"].to_list() == [
        0.75,
        0.25,
        1.0,
        1.0,
        1.0,
    ]


def test_share_of_a_chosen_cell() -> None:
    rows = [(0, 40), (1, 10), (2, None)]
    assert Share(("later",), base=0)(table(*rows, by=("later",)))["share"].to_list() == [
        1.0,
        0.25,
        None,
    ]


def scored(*rows: tuple[str | None, int | None]) -> pl.DataFrame:
    """Groups of those who gave a score, and 64 who gave none."""
    silent = [("silent", "silent", 64), (None, "silent", 64), (None, None, 100)]
    return table(*[(group, "complete", n) for group, n in rows], *silent, by=ANSWERED)


def test_nps_of_rocks_stands_on_the_total_alone() -> None:
    found = Nps()(scored(*GROUPS)).drop_nulls("nps").rows_by_key("group", named=True)
    assert list(found) == [None]
    assert [found[None][0][name] for name in ("nps", "nps_low", "nps_high")] == pytest.approx(
        [0.3889, 0.1316, 0.5864], abs=5e-5
    )


@pytest.mark.parametrize(
    ("hidden", "score", "detractors"),
    [
        ("promoter", None, 5 / 36),
        ("detractor", None, None),
        (None, None, None),
        ("passive", 14 / 36, 5 / 36),
    ],
)
def test_nps_needs_promoters_detractors_and_their_number(
    hidden: str | None, score: float | None, detractors: float | None
) -> None:
    found = Nps()(scored(*[(name, None if name == hidden else n) for name, n in GROUPS])).row(
        -1, named=True
    )
    assert (found["nps"], found["detractors"]) == pytest.approx((score, detractors))


def test_a_group_that_is_not_there_counts_nothing() -> None:
    assert Nps()(scored(("promoter", 12), (None, 12)))["nps"][-1] == 1


def test_rate_names_its_base() -> None:
    found = Rate("response_rate", "outcome", ("complete",), ("complete", "silent"))(
        table(*OUTCOMES, by=("outcome",))
    )
    assert pytest.approx(found.row(3)[2:], abs=1e-4) == (0.25, 0.1681, 0.3548)


def test_rate_of_everyone() -> None:
    assert (
        Rate("lost", "outcome", ("undelivered",))(table(*OUTCOMES, by=("outcome",)))["lost"][3]
        == 0.2
    )


def test_rate_is_null_if_a_part_of_the_base_is_hidden() -> None:
    rows = [(name, None if name == "silent" else n) for name, n in OUTCOMES]
    assert (
        Rate("rate", "outcome", ("complete",), ("complete", "silent"))(
            table(*rows, by=("outcome",))
        )["rate"][3]
        is None
    )


def test_mean_per_person() -> None:
    found = Mean("each", "cents")(
        table(("a", 10, 500), ("b", 9, 900), ("c", 20, None), by=("who",), more=("cents",))
    )
    assert found["each"].to_list() == [50.0, None, None]


def test_likert_figures() -> None:
    rows = [(1, 2), (2, 3), (3, 2), (4, 7), (5, 6), (None, 20)]
    found = likert(table(*rows, by=("answer",))).row(5, named=True)
    assert (found["mean"], found["sd"], found["top_two"], found["bottom_two"]) == pytest.approx(
        (3.6, 1.3534, 0.65, 0.25), abs=1e-4
    )


def test_change_against_the_month_before_and_the_year_before() -> None:
    rows = [(date(2025, 10, 1), 50), (date(2026, 9, 1), 80), (date(2026, 10, 1), 100), (None, 230)]
    months = table(*rows, by=("month",))
    assert Change("change", "people", "month", 1)(months)["change"].to_list() == [
        None,
        None,
        0.25,
        None,
    ]
    assert Change("change", "people", "month", 12)(months)["change"].to_list() == [
        None,
        None,
        1.0,
        None,
    ]


def test_no_change_from_or_to_what_is_hidden() -> None:
    rows = [(date(2026, 9, 1), 80), (date(2026, 10, 1), None), (date(2026, 11, 1), 60)]
    assert Change("more", "people", "month", 1)(table(*rows, by=("month",)))["more"].to_list() == [
        None,
        None,
        None,
    ]


MOVEMENTS = [
    (date(2026, 8, 1), "opening", 100),
    (date(2026, 9, 1), "joined", 20),
    (date(2026, 9, 1), "left", 5),
    (date(2026, 10, 1), "joined", 10),
    (date(2026, 8, 1), None, 100),
    (date(2026, 9, 1), None, 25),
    (date(2026, 10, 1), None, 10),
    (None, None, 135),
]


def test_stock_and_churn() -> None:
    found = Stock("month")(table(*MOVEMENTS, by=("month", "movement"))).tail(4)
    assert found["stock"].to_list() == [100, 115, 125, None]
    assert found["churn"].to_list() == [None, 0.05, 0.0, None]


def test_who_comes_and_goes_later_in_a_step_is_in_the_stock_of_the_next() -> None:
    """Told up to some day: 100 + 20 - 5 on that day of the first year; 8 come and 3 leave later in
    it, so 120 are there at the end; 30 of these leave by that day of the second."""
    years = [date(year, 1, 1) for year in (2024, 2025, 2026)]
    rows = [
        (years[0], "opening", 100),
        (years[1], "joined", 20),
        (years[1], "left", 5),
        (years[1], "joined later", 8),
        (years[1], "left later", 3),
        (years[2], "left", 30),
        *[(year, None, 0) for year in years],
    ]
    found = Stock("year")(table(*rows, by=("year", "movement"))).tail(3)
    assert found["stock"].to_list() == [100, 115, 90]
    assert found["churn"].to_list() == [None, 0.05, 0.25]


VERDICTS = pl.DataFrame(
    {
        "kind": ["company_contact", "consumer"],
        "has_past": [True, True],
        "is_spread": [False, False],
        "is_missed": [True, False],
    }
)
MONEY = ("forecast_cents", "came_cents", "expected_cents")


def forecast(verdicts: pl.DataFrame) -> pl.DataFrame:
    rows = [("company_contact", 20, 7, 8, 9), ("consumer", 30, 4, 5, 6), (None, 50, 11, 13, 15)]
    return Believed(verdicts)(table(*rows, by=("kind",), more=MONEY))


def test_money_is_expected_only_of_a_kind_whose_forecast_is_believed() -> None:
    assert forecast(VERDICTS)["expected_cents"].to_list() == [None, 6, None]
    assert forecast(VERDICTS)["forecast_cents"].to_list() == [7, 4, 11]
    assert forecast(VERDICTS)["is_missed"].to_list() == [True, False, None]


def test_money_is_expected_of_all_if_it_is_of_each() -> None:
    believed = VERDICTS.with_columns(is_missed=False)
    assert forecast(believed)["expected_cents"].to_list() == [9, 6, 15]


def test_no_past_forecast_is_shown_where_there_is_none() -> None:
    new = VERDICTS.with_columns(has_past=pl.Series([True, False]))
    assert forecast(new)["forecast_cents"].to_list() == [7, None, None]
    assert forecast(new)["came_cents"].to_list() == [8, 5, 13]


def test_a_hidden_movement_hides_the_stock_from_then_on() -> None:
    rows = [
        (month, movement, None if movement == "left" else people)
        for month, movement, people in MOVEMENTS
    ]
    assert Stock("month")(table(*rows, by=("month", "movement"))).tail(4)["stock"].to_list() == [
        100,
        None,
        None,
        None,
    ]


STAGES = ("eligible", "delivered", "opened", "bought")


def funnel(*people: int | None, everyone: int = 200) -> pl.DataFrame:
    """People by their furthest stage."""
    rows = [*zip(STAGES, people, strict=True), (None, everyone)]
    return table(*rows, by=("stage",))


def came(frame: pl.DataFrame, column: str = "reached") -> dict[str, Any]:
    found = Reached(STAGES)(frame).drop_nulls("stage")
    return dict(found.select("stage", pl.col(column).round(3)).rows())


def test_reached_counts_everyone_who_came_at_least_so_far() -> None:
    frame = funnel(100, 60, 30, 10)
    assert came(frame) == {"eligible": 200, "delivered": 100, "opened": 40, "bought": 10}
    assert came(frame, "of_delivered") == {
        "eligible": None,
        "delivered": 1.0,
        "opened": 0.4,
        "bought": 0.1,
    }
    assert came(frame, "of_delivered_low") == {
        "eligible": None,
        "delivered": 0.963,
        "opened": 0.309,
        "bought": 0.055,
    }


def test_who_lies_beside_the_way_is_counted_alone() -> None:
    """Bounced: sent, and no further."""
    rows = [("sent", 10), ("bounced", 20), ("delivered", 30), ("eligible", 40), (None, 100)]
    stages = ("eligible", "sent", "bounced", "delivered")
    found = Reached(stages, ("bounced",))(table(*rows, by=("stage",)))
    assert found["reached"].to_list() == [60, 20, 30, 100, None]


def test_what_hangs_on_a_hidden_stage_is_not_reckoned() -> None:
    hidden = funnel(100, 60, None, 10)
    assert came(hidden) == {"eligible": None, "delivered": None, "opened": None, "bought": 10}


def test_nothing_is_reckoned_of_a_stage_that_is_told_with_another() -> None:
    frame = funnel(100, 90, None, 10).filter(pl.col("stage").ne_missing("opened"))
    untold = pl.lit(pl.Series([["stage=opened"]], dtype=pl.List(pl.String))).first()
    found = came(frame.with_columns(_untold=untold))
    assert found == {"eligible": 200, "delivered": 100, "bought": 10}


BY = ("campaign", "arm", "outcome")


def arms(
    bought: int | None,
    n: int,
    holdout_bought: int,
    holdout_n: int,
    campaign: str = "A",
    **known: float,
) -> pl.DataFrame:
    """A campaign; each buyer of it spent 100 cents. `known`: its holdout_share (a half) and
    cost_cents."""
    rows = [
        (campaign, "contacted", "bought", bought),
        (campaign, "contacted", None, n),
        (campaign, "holdout", "bought", holdout_bought),
        (campaign, "holdout", None, holdout_n),
        (campaign, None, None, n + holdout_n),
    ]
    spent = pl.when(outcome="bought").then(100 * pl.col("people")).otherwise(0)
    return table(*rows, by=BY).with_columns(
        amount_cents=spent, **{"holdout_share": 0.5, "cost_cents": 7000} | known
    )


def two() -> pl.DataFrame:
    return pl.concat([arms(56, 70, 48, 80), arms(30, 70, 34, 80, "B", cost_cents=700)])


def test_uplift_with_newcombe_interval() -> None:
    found = uplift(arms(56, 70, 48, 80, holdout_share=80 / 150)).row(4, named=True)
    assert (found["uplift"], found["uplift_low"], found["uplift_high"]) == pytest.approx(
        (0.2, 0.0524, 0.3339), abs=5e-5
    )
    assert (
        found["rate"],
        found["holdout_rate"],
        found["extra"],
        found["mismatch_p"],
    ) == pytest.approx((0.8, 0.6, 14, 1))


def test_p_values_are_adjusted_for_all_campaigns_shown() -> None:
    found = uplift(two()).filter(pl.col("p_value").is_not_null())
    assert found["p_holm"].to_list() == pytest.approx(
        [2 * found["p_value"][0], found["p_value"][1]]
    )


def test_a_wrong_split_raises_the_alarm() -> None:
    found = uplift(arms(10_000, 821_588, 10_000, 815_482)).row(4, named=True)
    assert found["mismatch_p"] == pytest.approx(1.8e-6, rel=0.02)
    assert (found["uplift"], found["extra"], found["p_value"]) == (None, None, None)


@pytest.mark.parametrize(("buyers", "is_told"), [(9, False), (10, True), (90, True), (91, False)])
def test_an_uplift_needs_a_holdout_in_which_five_would_buy_and_five_not(
    buyers: int, is_told: bool
) -> None:
    """Of 50 in each arm."""
    bought = buyers // 2
    found = uplift(arms(bought, 50, buyers - bought, 50)).row(4, named=True)
    assert (found["uplift"] is not None, found["p_value"] is not None) == (is_told, is_told)
    assert found["rate"] == bought / 50


def worth(frame: pl.DataFrame, **spreads: float) -> pl.DataFrame:
    """With the money that each campaign brought; spreads by its code (1: all spend the same)."""
    known = spreads or {"A": 1.0, "B": 1.0}
    return Worth(pl.DataFrame({"campaign": [*known], "spread": [*known.values()]}))(uplift(frame))


def test_the_worth_is_the_difference_of_the_mean_money_of_all_who_were_assigned() -> None:
    """80 cents a person beside 60, of 70 people."""
    found = worth(arms(56, 70, 48, 80))
    assert found["extra_cents"].drop_nulls().to_list() == pytest.approx([1400])


def test_a_campaign_whose_buyers_only_spend_more_is_worth_it() -> None:
    """As many buyers in both arms; those contacted spent twice as much."""
    spent = pl.when(arm="contacted").then(2 * pl.col("amount_cents")).otherwise("amount_cents")
    found = worth(arms(40, 100, 40, 100).with_columns(amount_cents=spent))
    assert found["extra"].drop_nulls().to_list() == [0]
    assert found["extra_cents"].drop_nulls().to_list() == pytest.approx([4000])


def test_the_interval_of_the_worth_is_of_money_a_person() -> None:
    """Two of five bought, or three: at 100 cents each, variances of (p - p²) 100²."""
    found = worth(arms(4_000, 10_000, 6_000, 10_000)).row(4, named=True)
    error = 1.96 * 10_000 * (2 * 0.24 * 100**2 / 10_000) ** 0.5
    assert found["extra_cents"] == pytest.approx(-200_000)
    assert found["extra_cents_high"] - found["extra_cents"] == pytest.approx(error, rel=1e-3)
    assert found["extra_cents"] - found["extra_cents_low"] == pytest.approx(error, rel=1e-3)


def test_buyers_who_spend_unlike_each_other_widen_the_interval() -> None:
    alike, unlike = (worth(arms(56, 70, 48, 80), A=spread) for spread in (1.0, 2.0))
    assert width(unlike) > 2 * width(alike)


def width(found: pl.DataFrame) -> float:
    ends = found.row(4, named=True)
    return float(ends["extra_cents_high"] - ends["extra_cents_low"])


def test_no_worth_where_too_few_bought_to_know_how_they_spend() -> None:
    found = worth(two(), A=1.0)
    assert found.filter(campaign="B")["extra_cents"].null_count() == 5


def test_a_rate_of_events_of_a_few_people_is_wide_and_stands_on_the_people() -> None:
    """20 of 80 messages, two each, as 10 of 40; of nine people there is no rate."""
    rows = [
        ("A", "responded", 20, 20),
        ("A", None, 80, 80),
        ("B", "responded", 20, 20),
        ("B", None, 80, 80),
    ]
    effects = {"campaign": ["A", "B"], "persons": [40, 9], "effect": [2.0, 2.0]}
    found = Rate(
        "rate",
        "outcome",
        ("responded",),
        of="contacts",
        clusters=pl.DataFrame(effects),
    )(table(*rows, by=("campaign", "outcome"), more=("contacts",)))
    low, high = intervals.wilson(10, 40)
    assert found.select("rate", "rate_low", "rate_high").row(1) == pytest.approx((0.25, low, high))
    assert found["rate"].to_list() == [None, 0.25, None, None]


def test_the_cost_of_each_message_that_was_responded_to() -> None:
    rows = [
        ("A", "responded", 4, 5, 100),
        ("A", "no response", 10, 20, 100),
        ("A", None, 14, 25, 100),
    ]
    found = cost_each(
        table(*rows, by=("campaign", "outcome"), more=("contacts", "cost_cents")),
        outcome="responded",
    )
    assert found["cents_each"].to_list() == [None, None, 20.0]


def test_uplift_is_null_without_a_holdout_or_where_buyers_are_hidden() -> None:
    found = uplift(pl.concat([arms(None, 70, 48, 80), arms(12, 70, 0, 0, "B", holdout_share=0.0)]))
    assert found["uplift"].null_count() == found.height
    assert found["p_holm"].null_count() == found.height


def test_cost_per_buyer_only_if_the_campaign_surely_brought_any() -> None:
    assert worth(two())["cents_per_extra"].drop_nulls().to_list() == pytest.approx([500])


def test_given_words() -> None:
    known = pl.DataFrame({"question": ["speed"], "fi": ["Nopeus"], "driver": [0.5]})
    found = attach_columns("question", known)(table(("speed", 10), ("other", 10), by=("question",)))
    assert found.select("fi", "driver").rows() == [("Nopeus", 0.5), (None, None)]


ALL: list[tuple[Figure, tuple[str, ...]]] = [
    (Share(("region",)), ("region",)),
    (Rate("rate", "outcome", ("complete",)), ("outcome",)),
    (Mean("mean", "cents"), ("who",)),
    (Nps(), ANSWERED),
    (likert, ("answer",)),
    (Stock("month"), ("month", "movement")),
    (Change("change", "people", "month", 1), ("month",)),
    (Reached(("delivered", "bought")), ("stage",)),
    (uplift, BY),
    (attach_columns("who", pl.DataFrame(schema={"who": pl.String, "fi": pl.String})), ("who",)),
]


@pytest.mark.parametrize(("figure", "by"), ALL)
def test_every_figure_takes_an_empty_table(figure: Figure, by: tuple[str, ...]) -> None:
    kinds = {
        name: pl.Date if name == "month" else pl.Int64 if name == "answer" else pl.String
        for name in by
    }
    empty = pl.DataFrame(
        schema={**kinds, "people": pl.Int64, "cents": pl.Int64, "holdout_share": pl.Float64}
    )
    assert figure(empty).height == 0


def test_dimensions_are_what_stands_before_people() -> None:
    assert figures.dimensions(arms(1, 2, 3, 4)) == ["campaign", "arm", "outcome"]
