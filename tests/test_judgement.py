"""More than chance: one answer for what is said and for how it is coloured."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib import judgement
from genlib.disclosure.cells import PEOPLE, Dimension
from genlib.disclosure.table import SEAL, ProtectedTable
from genlib.judgement import Figure
from genlib.metrics import intervals
from genlib.metrics.figures import Nps, Rate
from genlib.present import charts, findings, theme

REGIONS = [
    f"{code:02}" for code in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
]
REGIONS.append("21")
NEUTRAL = theme.color("mute")
NEUTRAL_ON_MAP = theme.color("hair")


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1),
    ],
)
def test_of_shares_it_is_newcombes_method_10(
    cells: tuple[int, int, int, int], low: float, high: float
) -> None:
    part, n, other_part, other_n = cells
    found = judgement.difference(
        part / n,
        *intervals.wilson(part, n),
        other_part / other_n,
        *intervals.wilson(other_part, other_n),
    )
    assert found == pytest.approx((part / n - other_part / other_n, low, high), abs=5e-5)


def test_of_symmetric_intervals_it_is_z() -> None:
    z = intervals.z()
    found = judgement.difference(
        0.41, 0.41 - z * 0.03, 0.41 + z * 0.03, 0.3, 0.3 - z * 0.04, 0.3 + z * 0.04
    )
    assert found == pytest.approx((0.11, 0.11 - z * 0.05, 0.11 + z * 0.05))


def test_a_score_that_rose_by_two_and_a_half_standard_errors_rose() -> None:
    margin = intervals.z() * 0.12 / 2.48 / 2**0.5
    now = Figure(0.41, 0.41 - margin, 0.41 + margin)
    before = Figure(0.29, 0.29 - margin, 0.29 + margin)
    assert now.low < before.high
    assert judgement.compare(now, before).verdict == "rose"
    assert judgement.compare(before, now).verdict == "fell"


@given(st.floats(-1, 1), st.floats(0.001, 0.5))
def test_a_figure_does_not_differ_from_itself(value: float, margin: float) -> None:
    figure = Figure(value, value - margin, value + margin)
    assert judgement.compare(figure, figure).verdict == "steady"


CHANGES = st.lists(st.floats(-1, 1), min_size=12, max_size=30)


@given(CHANGES, st.floats(-1, 1))
def test_a_change_no_larger_than_one_before_is_not_pointed_out(
    earlier: list[float], gap: float
) -> None:
    assert judgement.compare_to_swing(gap, [*earlier, gap]).verdict in {"steady", "unknown"}


@given(CHANGES, st.floats(-2, 2))
def test_no_change_outside_all_before_is_usual(earlier: list[float], gap: float) -> None:
    if gap and not min(earlier) <= gap <= max(earlier):
        is_between_none_and_least = 0 < gap < min(earlier) or max(earlier) < gap < 0
        verdict = judgement.compare_to_swing(gap, earlier).verdict
        assert (verdict == "steady") == is_between_none_and_least


SMALL_CHANGES = [0.01, -0.02, 0.03, 0.0, 0.02, 0.01, 0.03, -0.02, 0.01, 0.0, 0.02, -0.01]


@pytest.mark.parametrize(
    ("gap", "verdict"),
    [(0.031, "rose"), (0.03, "steady"), (0.0, "steady"), (-0.02, "steady"), (-0.021, "fell")],
)
def test_a_change_larger_than_all_before_is_not_usual(gap: float, verdict: str) -> None:
    assert judgement.compare_to_swing(gap, SMALL_CHANGES).verdict == verdict


def test_one_exceptional_month_makes_no_large_change_usual() -> None:
    earlier = [*SMALL_CHANGES, 3.0, *SMALL_CHANGES[:11]]
    assert judgement.compare_to_swing(0.927, earlier) == judgement.Change(0.927)
    twice = [*earlier, 3.0]
    assert judgement.compare_to_swing(0.927, twice).verdict == "unknown"
    assert judgement.compare_to_swing(0.927, [*twice, 2.0]).verdict == "steady"


@pytest.mark.parametrize(("count", "verdict"), [(11, "unknown"), (12, "rose"), (13, "rose")])
def test_a_swing_of_eleven_changes_is_not_known(count: int, verdict: str) -> None:
    assert judgement.compare_to_swing(0.5, [0.01] * count).verdict == verdict


@pytest.mark.parametrize("steps", [12, 24])
@pytest.mark.parametrize("history", ["walk", "level", "heavy"])
def test_chance_alone_is_pointed_out_no_oftener_than_is_said(history: str, steps: int) -> None:
    """Two of n + 1 at most: 15% after 12 changes, 8% after 24; give or take three standard errors
    of 2,000 histories."""
    rng = np.random.default_rng(2026)
    noise = {
        "walk": lambda: np.cumsum(rng.normal(0, 0.05, steps + 2)),
        "level": lambda: rng.normal(0, 0.2, steps + 2),
        "heavy": lambda: np.cumsum(0.05 * rng.standard_t(2, steps + 2)),
    }[history]
    pointed_out = 0
    for _ in range(2_000):
        values = np.exp(noise())
        *earlier, last = values[1:] / values[:-1] - 1
        verdict = judgement.compare_to_swing(float(last), [float(one) for one in earlier]).verdict
        pointed_out += verdict in {"rose", "fell"}
    most = 2 / (steps + 1)
    assert pointed_out / 2_000 <= most + 3 * (most * (1 - most) / 2_000) ** 0.5
    assert pointed_out / 2_000 >= most / 2


@pytest.mark.parametrize(
    ("groups", "level"), [(1, 0.95), (2, 0.95), (3, 1 - 0.05 / 3), (19, 0.9974)]
)
def test_more_groups_are_compared_at_a_higher_level(groups: int, level: float) -> None:
    assert judgement.level_among(groups) == pytest.approx(level, abs=5e-5)


def table(frame: pl.DataFrame, *by: str) -> ProtectedTable:
    shown = frame.with_columns(reason=pl.lit(None, pl.String))
    return ProtectedTable("regions", shown, tuple(map(Dimension, by)), (PEOPLE,), 0, "en", SEAL)


def cells(answered: list[int], asked: list[int]) -> pl.DataFrame:
    """People by region and outcome, with all totals."""
    each = pl.DataFrame({"region": REGIONS[: len(asked)], "yes": answered, "all": asked})
    whole = each.select(pl.lit(None, pl.String).alias("region"), pl.col("yes", "all").sum())
    both = pl.concat([each, whole])
    parts = [
        both.select("region", outcome=pl.lit("complete"), people="yes"),
        both.select("region", outcome=pl.lit("silent"), people=pl.col("all") - pl.col("yes")),
        both.select("region", outcome=pl.lit(None, pl.String), people="all"),
    ]
    return pl.concat(parts).with_columns(pl.col("people").cast(pl.Int64))


RATE = Rate("response_rate", "outcome", ("complete",), among="region")


def judged(answered: list[int], asked: list[int]) -> tuple[str, set[str], set[str]]:
    """What the title says, and the colours of the dots and of the map."""
    shown = table(RATE(cells(answered, asked)), "region", "outcome")
    title = findings.contrast(shown, "region", "response_rate", "Who answers")
    dots = charts.dots(shown, x="response_rate", y="region").plot.frame
    regions = charts.map(shown, value="response_rate").plot.frame
    return title, set(dots["tone"]) - {NEUTRAL}, set(regions["tone"]) - {NEUTRAL_ON_MAP}


def test_title_and_colours_never_contradict_and_equal_regions_are_rarely_coloured() -> None:
    chance = np.random.default_rng(19)
    draws = 150
    asked = [250] * 19
    colored = 0
    for _ in range(draws):
        answered = chance.binomial(asked, 0.35).tolist()
        title, dots, regions = judged(answered, asked)
        says_none = title == "Who answers: the differences are not more than chance"
        assert says_none == (dots == set()) == (regions == set())
        colored += not says_none
    noise = 3 * (0.05 * 0.95 / draws) ** 0.5
    assert colored / draws <= 0.05 + noise


def test_a_region_that_differs_is_named_and_coloured() -> None:
    title, dots, regions = judged([88] * 18 + [140], [250] * 19)
    assert title == "Who answers: above the others Åland (56.0%)"
    assert dots == {theme.color("teal")}
    assert regions == {theme.color("seq4")}


def test_a_region_below_the_others_has_another_colour() -> None:
    title, dots, regions = judged([88] * 18 + [40], [250] * 19)
    assert title == "Who answers: below the others Åland (16.0%)"
    assert dots == {theme.color("brick")}
    assert regions == {theme.color("sand")}


def test_where_more_is_worse_the_colours_change_places() -> None:
    shown = table(RATE(cells([88] * 18 + [140], [250] * 19)), "region", "outcome")
    plot = charts.dots(shown, x="response_rate", y="region", good="down").plot.frame
    assert set(plot["tone"]) - {NEUTRAL} == {theme.color("brick")}


def test_the_others_are_the_total_less_the_group() -> None:
    found = RATE(cells([40, 20, 30], [100, 100, 100]))
    gap = found.filter(pl.col("region") == "01", pl.col("outcome").is_null())
    ends = intervals.newcombe(40, 100, 50, 200, level=1 - 0.05 / 3)
    assert gap["response_rate_gap"].item() == pytest.approx(0.15)
    assert gap.select("response_rate_gap_low", "response_rate_gap_high").row(0) == pytest.approx(
        ends
    )


def test_where_the_total_is_hidden_no_group_is_compared() -> None:
    frame = cells([40, 20, 30], [100, 100, 100]).with_columns(
        people=pl.when(pl.col("region").is_not_null()).then("people")
    )
    assert RATE(frame)["response_rate_gap"].null_count() == frame.height


def test_a_hidden_group_is_not_compared_and_the_others_are_among_fewer() -> None:
    frame = cells([40, 20, 30], [100, 100, 100])
    hidden = frame.with_columns(people=pl.when(pl.col("region").ne_missing("04")).then("people"))
    gaps = RATE(hidden).drop_nulls("response_rate_gap")
    assert gaps["region"].to_list() == ["01", "02"]
    low = intervals.newcombe(40, 100, 50, 200)[0]
    assert gaps["response_rate_gap_low"][0] == pytest.approx(low)


def test_without_a_total_the_others_are_the_sum_of_the_others() -> None:
    frame = cells([40, 20, 30], [100, 100, 100]).drop_nulls("region")
    assert RATE(frame).drop_nulls("response_rate_gap")["response_rate_gap"].to_list() == (
        pytest.approx([0.15, -0.15, 0])
    )


def test_scores_of_groups_are_compared_by_their_counts() -> None:
    groups = {"promoter": (60, 30), "passive": (20, 40), "detractor": (20, 30)}
    rows = [
        {"kind": kind, "group": group, "outcome": "complete", "people": n}
        for group, counts in groups.items()
        for kind, n in zip(("a", "b", None), (*counts, sum(counts)), strict=True)
    ]
    rows += [
        {"kind": kind, "group": None, "outcome": outcome, "people": n}
        for outcome in ("complete", None)
        for kind, n in (("a", 100), ("b", 100), (None, 200))
    ]
    found = Nps(among="kind")(pl.DataFrame(rows)).drop_nulls("nps_gap")
    gap, low, high = intervals.nps_difference((60, 20, 100), (30, 30, 100))
    assert found["kind"].to_list() == ["a", "b"]
    assert found.select("nps_gap", "nps_gap_low", "nps_gap_high").rows() == [
        pytest.approx((gap, low, high)),
        pytest.approx((-gap, -high, -low)),
    ]
