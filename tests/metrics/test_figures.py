"""Figures on shown tables: right by hand, null where something needed is hidden, null on a base under 10."""

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from genlib.metrics import figures
from genlib.metrics.figures import Change, Cost, CostEach, Given, Likert, Mean, Nps, Rate, Reached, Share, Stock, Uplift, Worth


def table(*rows: tuple[Any, ...], by: tuple[str, ...], more: tuple[str, ...] = ()) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=[*by, "people", *more], orient="row", infer_schema_length=None)


REGIONS = [("01", 30), ("02", 10), (None, 40)]
GROUPS = [("promoter", 19), ("passive", 12), ("detractor", 5), (None, 36)]
OUTCOMES = [("complete", 20), ("silent", 60), ("undelivered", 20), (None, 100)]


def test_share_of_the_total() -> None:
    found = Share(("region",))(table(*REGIONS, by=("region",)))
    assert found["share"].to_list() == [0.75, 0.25, 1.0]


def test_share_is_null_where_the_part_is_hidden() -> None:
    found = Share(("region",))(table(("01", 35), ("02", None), ("03", None), (None, 40), by=("region",)))
    assert found["share"].to_list() == [0.875, None, None, 1.0]


@pytest.mark.parametrize(("base", "share"), [(9, None), (10, 0.5), (11, 5 / 11)])
def test_no_share_on_a_base_under_ten(base: int, share: float | None) -> None:
    found = Share(("region",))(table(("01", 5), ("02", base - 5), (None, base), by=("region",)))
    assert found["share"][0] == (share if share is None else pytest.approx(share))


def test_share_within_the_other_dimension() -> None:
    rows = [("a", "x", 15), ("a", "y", 5), ("b", "x", 10), ("a", None, 20), ("b", None, 10)]
    assert Share(("what",))(table(*rows, by=("who", "what")))["share"].to_list() == [0.75, 0.25, 1.0, 1.0, 1.0]


def test_share_of_a_chosen_cell() -> None:
    rows = [(0, 40), (1, 10), (2, None)]
    assert Share(("later",), base=0)(table(*rows, by=("later",)))["share"].to_list() == [1.0, 0.25, None]


def test_nps_of_rocks() -> None:
    found = Nps()(table(*GROUPS, by=("group",))).row(3, named=True)
    assert (found["nps"], found["nps_low"], found["nps_high"]) == pytest.approx((0.3889, 0.1316, 0.5864), abs=5e-5)


def test_nps_stands_on_the_total_alone() -> None:
    assert Nps()(table(*GROUPS, by=("group",)))["nps"].to_list()[:3] == [None, None, None]


@pytest.mark.parametrize("hidden", ["promoter", "detractor", None])
def test_nps_is_null_if_a_group_is_hidden(hidden: str | None) -> None:
    rows = [(name, None if name == hidden else n) for name, n in GROUPS]
    assert Nps()(table(*rows, by=("group",)))["nps"][3] is None


def test_the_share_of_detractors_stands_without_the_promoters() -> None:
    rows = [(name, None if name == "promoter" else n) for name, n in GROUPS]
    assert Nps()(table(*rows, by=("group",)))["detractors"][3] == pytest.approx(5 / 36)


def test_nps_needs_no_passives_to_be_shown() -> None:
    rows = [(name, None if name == "passive" else n) for name, n in GROUPS]
    assert Nps()(table(*rows, by=("group",)))["nps"][3] == pytest.approx(14 / 36)


def test_a_group_that_is_not_there_counts_nothing() -> None:
    assert Nps()(table(("promoter", 12), (None, 12), by=("group",)))["nps"][1] == 1


def test_nps_among_those_who_gave_a_score() -> None:
    rows = [
        ("promoter", "complete", 8),
        ("detractor", "complete", 4),
        ("silent", "silent", 88),
        (None, "complete", 12),
        (None, "silent", 88),
        (None, None, 100),
    ]
    found = Nps(outcome=("outcome",))(table(*rows, by=("group", "outcome")))
    assert [None, None, None, None, None, pytest.approx(1 / 3)] == found["nps"].to_list()


def test_rate_names_its_base() -> None:
    found = Rate("response_rate", "outcome", ("complete",), ("complete", "silent"))(table(*OUTCOMES, by=("outcome",)))
    assert pytest.approx(found.row(3)[2:], abs=1e-4) == (0.25, 0.1681, 0.3548)


def test_rate_of_everyone() -> None:
    assert Rate("lost", "outcome", ("undelivered",))(table(*OUTCOMES, by=("outcome",)))["lost"][3] == 0.2


def test_rate_is_null_if_a_part_of_the_base_is_hidden() -> None:
    rows = [(name, None if name == "silent" else n) for name, n in OUTCOMES]
    assert Rate("rate", "outcome", ("complete",), ("complete", "silent"))(table(*rows, by=("outcome",)))["rate"][3] is None


def test_mean_per_person() -> None:
    found = Mean("each", "cents")(table(("a", 10, 500), ("b", 9, 900), ("c", 20, None), by=("who",), more=("cents",)))
    assert found["each"].to_list() == [50.0, None, None]


def test_likert_figures() -> None:
    rows = [(1, 2), (2, 3), (3, 2), (4, 7), (5, 6), (None, 20)]
    found = Likert()(table(*rows, by=("answer",))).row(5, named=True)
    assert (found["mean"], found["sd"], found["top_two"], found["bottom_two"]) == pytest.approx((3.6, 1.3534, 0.65, 0.25), abs=1e-4)


def test_change_against_the_month_before_and_the_year_before() -> None:
    rows = [(date(2025, 10, 1), 50), (date(2026, 9, 1), 80), (date(2026, 10, 1), 100), (None, 230)]
    months = table(*rows, by=("month",))
    assert Change("change", "people")(months)["change"].to_list() == [None, None, 0.25, None]
    assert Change("change", "people", months=12)(months)["change"].to_list() == [None, None, 1.0, None]


def test_change_as_it_is() -> None:
    rows = [(date(2026, 9, 1), 80), (date(2026, 10, 1), None), (date(2026, 11, 1), 60)]
    assert Change("more", "people", relative=False)(table(*rows, by=("month",)))["more"].to_list() == [None, None, None]


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
    found = Stock()(table(*MOVEMENTS, by=("month", "movement"))).tail(4)
    assert found["stock"].to_list() == [100, 115, 125, None]
    assert found["churn"].to_list() == [None, 0.05, 0.0, None]


def test_a_hidden_movement_hides_the_stock_from_then_on() -> None:
    rows = [(month, movement, None if movement == "left" else people) for month, movement, people in MOVEMENTS]
    assert Stock()(table(*rows, by=("month", "movement"))).tail(4)["stock"].to_list() == [100, None, None, None]


def test_reached_counts_everyone_who_came_at_least_so_far() -> None:
    stages = ("eligible", "delivered", "opened", "bought")
    rows = [("eligible", 100), ("delivered", 60), ("opened", 30), ("bought", 10), (None, 200)]
    found = Reached(stages)(table(*rows, by=("stage",)))
    assert found["reached"].to_list() == [200, 100, 40, 10, None]
    assert found["of_delivered"].to_list() == [None, 1.0, 0.4, 0.1, None]


def test_who_lies_beside_the_way_came_as_far_as_the_stage_before() -> None:
    rows = [("sent", 10), ("bounced", 20), ("delivered", 30), ("machine", 5), ("opened", 40), (None, 105)]
    found = Reached(("sent", "bounced", "delivered", "machine", "opened"), aside=("bounced", "machine"))(table(*rows, by=("stage",)))
    assert found["reached"].to_list() == [105, 20, 75, 5, 40, None]


def test_reached_is_null_before_a_hidden_stage() -> None:
    rows = [("eligible", 100), ("delivered", None), ("opened", None), ("bought", 10), (None, 200)]
    found = Reached(("eligible", "delivered", "opened", "bought"))(table(*rows, by=("stage",)))
    assert found["reached"].to_list() == [None, None, None, 10, None]


def arms(bought: int | None, n: int, holdout_bought: int, holdout_n: int, campaign: str = "A") -> list[tuple[Any, ...]]:
    return [
        (campaign, "contacted", "bought", bought),
        (campaign, "contacted", None, n),
        (campaign, "holdout", "bought", holdout_bought),
        (campaign, "holdout", None, holdout_n),
        (campaign, None, None, n + holdout_n),
    ]


BY = ("campaign", "arm", "outcome")


def test_uplift_with_newcombe_interval() -> None:
    found = Uplift((("A", 80 / 150),))(table(*arms(56, 70, 48, 80), by=BY)).row(4, named=True)
    assert (found["uplift"], found["uplift_low"], found["uplift_high"]) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert (found["rate"], found["holdout_rate"], found["extra"], found["mismatch_p"]) == pytest.approx((0.8, 0.6, 14, 1))


def test_p_values_are_adjusted_for_all_campaigns_shown() -> None:
    rows = arms(56, 70, 48, 80) + arms(30, 70, 34, 80, "B")
    found = Uplift((("A", 0.5), ("B", 0.5)))(table(*rows, by=BY)).filter(pl.col("p_value").is_not_null())
    assert found["p_holm"].to_list() == pytest.approx([2 * found["p_value"][0], found["p_value"][1]])


def test_a_wrong_split_raises_the_alarm() -> None:
    found = Uplift((("A", 0.5),))(table(*arms(10_000, 821_588, 10_000, 815_482), by=BY)).row(4, named=True)
    assert found["mismatch_p"] == pytest.approx(1.8e-6, rel=0.02)
    assert (found["uplift"], found["extra"], found["p_value"]) == (None, None, None)


def test_all_campaigns_together() -> None:
    rows = arms(56, 70, 48, 80) + arms(30, 70, 34, 80, "B")
    total = Uplift((("A", 0.5), ("B", 0.5)))(table(*rows, by=BY)).row(10, named=True)
    assert (total["campaign"], total["extra"], total["uplift"]) == (None, pytest.approx(14.25), pytest.approx(14.25 / 140))
    assert total["extra_low"] < total["extra"] < total["extra_high"]


def test_one_campaign_alone_is_all_of_them() -> None:
    found = Uplift((("A", 0.5),))(table(*arms(56, 70, 48, 80), by=BY)).select("uplift", "uplift_low", "extra_high")
    assert found.row(4) == found.row(5)


def test_the_worth_of_the_buyers_that_a_campaign_brought() -> None:
    rows = [(*row, 100 * row[-1] if row[2] == "bought" else 0) for row in arms(56, 70, 48, 80)]
    found = Worth()(Uplift((("A", 0.5),))(table(*rows, by=BY, more=("amount_cents",))))
    assert found["extra_cents"].drop_nulls().to_list() == pytest.approx([1400, 1400])


def test_the_cost_of_each_message_that_was_responded_to() -> None:
    rows = [("A", "responded", 4, 5), ("A", "no response", 10, 20), ("A", None, 14, 25)]
    found = CostEach((("A", 100),), "responded")(table(*rows, by=("campaign", "outcome"), more=("contacts",)))
    assert found["cents_each"].drop_nulls().to_list() == [20.0]


def test_uplift_is_null_without_a_holdout_or_where_buyers_are_hidden() -> None:
    rows = arms(None, 70, 48, 80) + arms(12, 70, 0, 0, "B")
    found = Uplift((("A", 0.5), ("B", 0.0)))(table(*rows, by=BY))
    assert found["uplift"].null_count() == found.height
    assert found["p_holm"].null_count() == found.height


def test_cost_per_buyer_only_if_the_campaign_surely_brought_any() -> None:
    rows = arms(56, 70, 48, 80) + arms(30, 70, 34, 80, "B")
    found = Cost((("A", 7000), ("B", 700)))(Uplift((("A", 0.5), ("B", 0.5)))(table(*rows, by=BY)))
    assert found["cost_cents"].drop_nulls().to_list() == [7000, 700]
    assert found["cents_per_person"].drop_nulls().to_list() == [100.0, 10.0]
    assert found["cents_per_extra"].drop_nulls().to_list() == pytest.approx([500])


def test_given_words() -> None:
    found = Given("question", ("fi", "driver"), (("speed", "Nopeus", 0.5),))(table(("speed", 10), ("other", 10), by=("question",)))
    assert found.select("fi", "driver").rows() == [("Nopeus", 0.5), (None, None)]


ALL: list[tuple[Callable[[pl.DataFrame], pl.DataFrame], tuple[str, ...]]] = [
    (Share(("region",)), ("region",)),
    (Rate("rate", "outcome", ("complete",)), ("outcome",)),
    (Mean("mean", "cents"), ("who",)),
    (Nps(), ("group",)),
    (Likert(), ("answer",)),
    (Stock(), ("month", "movement")),
    (Change("change", "people"), ("month",)),
    (Reached(("delivered", "bought")), ("stage",)),
    (Uplift((("A", 0.5),)), BY),
    (Given("who", ("fi",), ()), ("who",)),
]


@pytest.mark.parametrize(("figure", "by"), ALL)
def test_every_figure_takes_an_empty_table(figure: Callable[[pl.DataFrame], pl.DataFrame], by: tuple[str, ...]) -> None:
    kinds = {name: pl.Date if name == "month" else pl.Int64 if name == "answer" else pl.String for name in by}
    empty = pl.DataFrame(schema={**kinds, "people": pl.Int64, "cents": pl.Int64})
    assert figure(empty).height == 0


def test_dimensions_are_what_stands_before_people() -> None:
    assert figures.dimensions(table(*arms(1, 2, 3, 4), by=BY)) == ["campaign", "arm", "outcome"]
