"""How often a printed interval holds the truth, and how often a difference is called more than
chance: drawn many times from populations that are known.

95% of the intervals should hold the truth; of few answers a little more or less, since counts jump.
The figures are printed as the tests run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from genlib import judgement
from genlib.metrics import intervals

pytestmark = pytest.mark.slow
DRAWS = 20_000
SEED = 12
FEW, SOME, MANY = 50, 500, 5_000
BOUNDS = {FEW: (0.92, 0.99), SOME: (0.93, 0.97), MANY: (0.93, 0.97)}
Print = Callable[[str], None]


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Print:
    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n  {line}", end="")

    return say


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(SEED)


def coverage(ends: tuple[Any, Any], truth: float) -> float:
    low, high = ends
    return float(np.mean((low <= truth) & (truth <= high)))


def check(report: Print, what: str, n: int, found: float) -> None:
    report(f"{what}, n = {n}: {found:.3f}")
    lowest, highest = BOUNDS[n]
    assert lowest <= found <= highest, (what, n, found)


def scores(chance: np.random.Generator, n: int, shares: tuple[float, float]) -> list[Any]:
    """Promoters, detractors and answers of each draw."""
    promoters, detractors = shares
    drawn = chance.multinomial(n, [promoters, detractors, 1 - promoters - detractors], DRAWS)
    return [drawn[:, 0], drawn[:, 1], n]


def score_interval(counts: list[Any]) -> tuple[Any, Any, Any]:
    return intervals.nps(*counts)[0], *intervals.nps_interval(*counts)


def share_interval(chance: np.random.Generator, n: int, share: float) -> tuple[Any, Any, Any]:
    drawn = chance.binomial(n, share, DRAWS)
    return drawn / n, *intervals.wilson(drawn, n)


SIZES = pytest.mark.parametrize("n", [FEW, SOME, MANY])


@SIZES
@pytest.mark.parametrize("shares", [(0.45, 0.2), (0.3, 0.3), (0.7, 0.08), (0.15, 0.5)])
def test_a_net_promoter_score(
    report: Print, chance: np.random.Generator, n: int, shares: tuple[float, float]
) -> None:
    ends = intervals.nps_interval(*scores(chance, n, shares))
    check(report, f"score of {shares}", n, coverage(ends, shares[0] - shares[1]))


@SIZES
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.85])
def test_a_share(report: Print, chance: np.random.Generator, n: int, share: float) -> None:
    _, low, high = share_interval(chance, n, share)
    check(report, f"share of {share}", n, coverage((low, high), share))


@SIZES
def test_the_two_highest_answers_of_five(
    report: Print, chance: np.random.Generator, n: int
) -> None:
    drawn = chance.multinomial(n, [0.05, 0.1, 0.2, 0.35, 0.3], DRAWS)
    figures = intervals.likert([drawn[:, place] for place in range(5)], n)
    ends = (figures["top_two_low"], figures["top_two_high"])
    check(report, "two highest answers", n, coverage(ends, 0.65))


@pytest.mark.parametrize(("n", "churn"), [(FEW, 0.05), (SOME, 0.012), (SOME, 0.05), (MANY, 0.011)])
def test_churn_of_an_opening_stock(
    report: Print, chance: np.random.Generator, n: int, churn: float
) -> None:
    _, low, high = share_interval(chance, n, churn)
    check(report, f"churn of {churn}", n, coverage((low, high), churn))


@SIZES
@pytest.mark.parametrize("pair", [(0.3, 0.2), (0.1, 0.05), (0.6, 0.6)])
def test_the_difference_of_two_shares(
    report: Print, chance: np.random.Generator, n: int, pair: tuple[float, float]
) -> None:
    first, second = (share_interval(chance, n, share) for share in pair)
    _, low, high = judgement.difference(*first, *second)
    found = coverage((low, high), pair[0] - pair[1])
    check(report, f"difference of shares {pair}", n, found)


@SIZES
@pytest.mark.parametrize(
    "pair", [((0.45, 0.16), (0.53, 0.12)), ((0.3, 0.3), (0.3, 0.3)), ((0.7, 0.08), (0.4, 0.2))]
)
def test_the_difference_of_two_scores(
    report: Print,
    chance: np.random.Generator,
    n: int,
    pair: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    first, second = (score_interval(scores(chance, n, shares)) for shares in pair)
    _, low, high = judgement.difference(*first, *second)
    truth = (pair[0][0] - pair[0][1]) - (pair[1][0] - pair[1][1])
    check(report, f"difference of scores {pair}", n, coverage((low, high), truth))


def called(first: tuple[Any, Any, Any], second: tuple[Any, Any, Any]) -> float:
    """How often two figures are called different."""
    _, low, high = judgement.difference(*first, *second)
    return float(np.mean((low > 0) | (high < 0)))


def called_by_overlap(first: tuple[Any, Any, Any], second: tuple[Any, Any, Any]) -> float:
    """How often the two intervals do not meet, which is no test of a difference."""
    return float(np.mean((first[1] > second[2]) | (first[2] < second[1])))


@pytest.mark.parametrize("n", [200, 500, 2_000])
def test_equal_shares_are_called_different_once_in_twenty(
    report: Print, chance: np.random.Generator, n: int
) -> None:
    first = share_interval(chance, n, 0.3)
    second = share_interval(chance, n, 0.3)
    size = called(first, second)
    by_overlap = called_by_overlap(first, second)
    report(f"size for shares, n = {n}: {size:.3f} (by overlap {by_overlap:.3f})")
    assert 0.04 <= size <= 0.06
    assert by_overlap < 0.01


@pytest.mark.parametrize("n", [200, 500, 2_000])
def test_equal_scores_are_called_different_once_in_twenty(
    report: Print, chance: np.random.Generator, n: int
) -> None:
    first = score_interval(scores(chance, n, (0.45, 0.2)))
    second = score_interval(scores(chance, n, (0.45, 0.2)))
    size = called(first, second)
    report(f"size for scores, n = {n}: {size:.3f}")
    assert 0.04 <= size <= 0.06


def test_a_difference_that_can_be_seen_in_half_of_the_cases_is(
    report: Print, chance: np.random.Generator
) -> None:
    n = 2_000
    gap = 2.065 * (2 * 0.5 * 0.5 / n) ** 0.5
    first = share_interval(chance, n, 0.5 + gap / 2)
    second = share_interval(chance, n, 0.5 - gap / 2)
    power = called(first, second)
    by_overlap = called_by_overlap(first, second)
    report(f"power for shares: {power:.3f} (by overlap {by_overlap:.3f})")
    assert power == pytest.approx(0.54, abs=0.02)
    assert by_overlap == pytest.approx(0.24, abs=0.02)


@pytest.mark.parametrize("groups", [2, 5, 19])
@pytest.mark.parametrize("kind", ["shares", "scores"])
def test_of_equal_groups_any_is_called_different_once_in_twenty(
    report: Print, chance: np.random.Generator, groups: int, kind: str
) -> None:
    n = 300
    level = judgement.level_among(groups)
    shape = (DRAWS // 2, groups)
    whole = n * (groups - 1)
    if kind == "shares":
        part = chance.binomial(n, 0.35, shape)
        others = part.sum(axis=1, keepdims=True) - part
        low, high = intervals.newcombe(part, n, others, whole, level=level)
    else:
        drawn = chance.multinomial(n, [0.45, 0.2, 0.35], shape)
        total = drawn.sum(axis=1, keepdims=True) - drawn
        _, low, high = intervals.nps_difference(
            (drawn[..., 0], drawn[..., 1], n), (total[..., 0], total[..., 1], whole), level=level
        )
    size = float(np.mean(((low > 0) | (high < 0)).any(axis=1)))
    report(f"any of {groups} equal groups by {kind}: {size:.3f}")
    assert 0.03 <= size <= 0.06


@pytest.mark.parametrize("n", [15, FEW, SOME])
@pytest.mark.parametrize("shares", [(0.5, 0.2), (0.35, 0.3), (0.7, 0.05), (0.3, 0.4), (0.2, 0.0)])
def test_an_interval_of_a_balance_alone_holds_the_truth_at_least_as_often(
    report: Print, chance: np.random.Generator, n: int, shares: tuple[float, float]
) -> None:
    """Nobody knows how many were passive; as many as can be are taken for one of the others."""
    promoters, detractors, n = scores(chance, n, shares)
    balance = promoters - detractors
    ends = intervals.nps_interval((n + balance) / 2, (n - balance) / 2, n)
    found = coverage(ends, shares[0] - shares[1])
    report(f"balance of {shares}, n = {n}: {found:.3f}")
    assert found >= BOUNDS[FEW][0]
