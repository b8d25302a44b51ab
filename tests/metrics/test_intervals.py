"""Published intervals: Newcombe 1998 (both papers), Rocks 2016; Holm's own rule."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.errors import UsageError
from genlib.metrics import intervals


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson(successes: int, n: int, low: float, high: float) -> None:
    assert intervals.wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 10), 0.6075, 1),
    ],
)
def test_newcombe_method_10(cells: tuple[int, int, int, int], low: float, high: float) -> None:
    assert intervals.newcombe(*cells) == pytest.approx((low, high), abs=5e-5)


def test_difference_has_value_and_people() -> None:
    found = intervals.difference(56, 70, 48, 80)
    assert (found.value, found.n) == (pytest.approx(0.2), 150)


@pytest.mark.parametrize("cells", [(3, 2, 0, 1), (0, 0, 0, 1), (0, 1, -1, 2)])
def test_impossible_counts_are_an_error(cells: tuple[int, int, int, int]) -> None:
    with pytest.raises(UsageError, match="no more successes than people"):
        intervals.difference(*cells)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_share(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    low, high = intervals.wilson(successes, n)
    assert -1e-12 <= low <= successes / n + 1e-12
    assert successes / n - 1e-12 <= high <= 1 + 1e-12


def test_adjusted_wald_of_a_net_promoter_score() -> None:
    value, se = intervals.nps(19, 5, 36)
    assert (value, se) == pytest.approx((0.3889, 0.1197), abs=5e-5)
    assert intervals.nps(19.75, 5.75, 39)[0] == pytest.approx(0.3590, abs=5e-5)
    assert intervals.nps_interval(19, 5, 36) == pytest.approx((0.1316, 0.5864), abs=5e-5)


def test_the_interval_of_a_score_ends_where_the_scale_ends() -> None:
    low, high = intervals.nps_interval(10, 0, 10)
    assert (low, high) == (pytest.approx(0.4750, abs=5e-5), 1)
    assert intervals.nps_interval(0, 10, 10) == (-1, pytest.approx(-low))


def test_the_interval_of_a_score_ends_there_in_columns_too() -> None:
    counts = [pl.Series([10, 19]), pl.Series([0, 5]), pl.Series([10, 36])]
    assert intervals.nps_interval(*counts)[1].to_list() == [1, pytest.approx(0.5864, abs=5e-5)]


@given(st.integers(1, 200), st.data())
def test_a_score_never_leaves_its_scale(n: int, data: st.DataObject) -> None:
    promoters = data.draw(st.integers(0, n))
    detractors = data.draw(st.integers(0, n - promoters))
    low, high = intervals.nps_interval(promoters, detractors, n)
    assert -1 <= low <= high <= 1


def test_the_difference_of_two_scores_of_the_whole_scale() -> None:
    gap, low, high = intervals.nps_difference((50, 0, 50), (0, 50, 50))
    assert (gap, low < 2 <= high + 1e-12) == (2, True)


def test_a_planned_split_is_no_mismatch() -> None:
    assert intervals.ratio_statistic(800, 1000, 0.8) == 0


def test_holm_multiplies_the_smallest_by_all_and_never_turns_back() -> None:
    assert intervals.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_makes_a_p_value_smaller(p_values: list[float]) -> None:
    assert all(
        math.isclose(a, p) or a > p for a, p in zip(intervals.holm(p_values), p_values, strict=True)
    )
