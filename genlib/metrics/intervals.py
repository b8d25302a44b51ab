"""Intervals for shares, differences of shares and net promoter scores: arithmetic that takes
numbers, arrays and expressions alike.

Wilson 1927; Newcombe 1998, Statistics in Medicine 17 (method 10); Rocks 2016 for the net promoter
score; Holm 1979.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Any

from genlib import judgement
from genlib.disclosure.units import name_interval
from genlib.errors import UsageError


@dataclass(frozen=True)
class Estimate:
    """A figure with its standard error, the ends of its interval and the number of people behind
    it."""

    value: float
    se: float
    low: float
    high: float
    n: int


def z(level: float = 0.95) -> float:
    """The standard normal deviate that leaves (1 - level) / 2 outside on each side.

    >>> round(z(), 2), round(z(0.99), 2)
    (1.96, 2.58)
    """
    if not 0 < level < 1:
        raise UsageError("level is a part of one, such as 0.95")
    return NormalDist().inv_cdf((1 + level) / 2)


def interval(name: str, value: Any, ends: Sequence[Any]) -> dict[str, Any]:
    """A figure and the ends of its interval, by the names of their columns.

    >>> interval("churn", 0.04, (0.02, 0.1))
    {'churn': 0.04, 'churn_low': 0.02, 'churn_high': 0.1}
    """
    return dict(zip(name_interval(name), (value, *ends), strict=True))


def wilson(successes: Any, n: Any, *, level: float = 0.95) -> tuple[Any, Any]:
    """Low and high end of a share.

    Of 40 people 8 bought, 20 %:

    >>> [round(end, 3) for end in wilson(8, 40)]
    [0.105, 0.348]
    """
    zz = z(level) ** 2
    centre = successes + zz / 2
    spread = z(level) * (successes * (n - successes) / n + zz / 4) ** 0.5
    people = n + zz
    return (centre - spread) / people, (centre + spread) / people


def newcombe(
    successes: Any, n: Any, other_successes: Any, other_n: Any, *, level: float = 0.95
) -> tuple[Any, Any]:
    """Low and high end of the difference of two independent shares (hybrid score).

    56 of 70 less 48 of 80 are 20 points (Newcombe 1998, table II):

    >>> [round(end, 4) for end in newcombe(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    ends = wilson(successes, n, level=level)
    other_ends = wilson(other_successes, other_n, level=level)
    other = other_successes / other_n
    return judgement.difference(successes / n, *ends, other, *other_ends)[1:]


def nps(promoters: Any, detractors: Any, n: Any) -> tuple[Any, Any]:
    """Net promoter score (share of promoters less share of detractors, -1 to 1) and its standard
    error.

    Of 4 answers 2 are promoters and 1 is a detractor:

    >>> [round(number, 3) for number in nps(2, 1, 4)]
    [0.25, 0.415]
    """
    value = (promoters - detractors) / n
    return value, (((promoters + detractors) / n - value**2) / n) ** 0.5


def nps_interval(
    promoters: Any, detractors: Any, n: Any, *, level: float = 0.95
) -> tuple[Any, Any]:
    """Low and high end of a net promoter score, within -1 to 1.

    Adjusted Wald (3, T): three answers more, a quarter of them promoters and a quarter detractors.
    Holds its level for small n too.

    >>> [round(end, 2) for end in nps_interval(50, 20, 100)]
    [0.14, 0.44]
    """
    value, se = nps(promoters + 0.75, detractors + 0.75, n + 3)
    margin = z(level) * se
    return _within_scale(value - margin), _within_scale(value + margin)


def nps_difference(
    counts: Sequence[Any], other_counts: Sequence[Any], *, level: float = 0.95
) -> tuple[Any, Any, Any]:
    """The difference of the net promoter scores of two groups of people, each (promoters,
    detractors, n), with the ends of its interval.

    Scores of .30 and .10:

    >>> [round(end, 2) for end in nps_difference((50, 20, 100), (40, 30, 100))]
    [0.2, -0.02, 0.42]
    """
    value = nps(*counts)[0]
    other_value = nps(*other_counts)[0]
    ends = nps_interval(*counts, level=level)
    other_ends = nps_interval(*other_counts, level=level)
    return judgement.difference(value, *ends, other_value, *other_ends)


def _within_scale(score: Any) -> Any:
    """A score no lower than -1 and no higher than 1.

    >>> _within_scale(1.2)
    1.0
    """
    return score.clip(-1, 1) if hasattr(score, "clip") else max(-1.0, min(1.0, score))


def likert(counts: Sequence[Any], n: Any, *, level: float = 0.95) -> dict[str, Any]:
    """Of the counts of answers 1, 2, ... `mean`, `sd`, and the shares of the two highest
    (`top_two`) and lowest (`bottom_two`), with Wilson's intervals.

    Of 10 answers one is 1, one 3, four are 4 and four 5:

    >>> figures = likert([1, 0, 1, 4, 4], 10)
    >>> round(figures["mean"], 2), round(figures["sd"], 2), figures["top_two"]
    (4.0, 1.25, 0.8)
    """
    total = sum(count * place for place, count in enumerate(counts, start=1))
    squares = sum(count * place**2 for place, count in enumerate(counts, start=1))
    top = counts[-2] + counts[-1]
    bottom = counts[0] + counts[1]
    return {
        "mean": total / n,
        "sd": ((n * squares - total**2) / (n * (n - 1))) ** 0.5,
        **interval("top_two", top / n, wilson(top, n, level=level)),
        **interval("bottom_two", bottom / n, wilson(bottom, n, level=level)),
    }


def difference(
    successes: int, n: int, other_successes: int, other_n: int, *, level: float = 0.95
) -> Estimate:
    """Difference of two independent shares with Newcombe's interval.

    >>> gap = difference(56, 70, 48, 80)
    >>> round(gap.value, 2), round(gap.se, 3), gap.n
    (0.2, 0.073, 150)
    """
    if not (0 <= successes <= n and 0 <= other_successes <= other_n and n and other_n):
        raise UsageError("each group needs people, and no more successes than people")
    p = successes / n
    q = other_successes / other_n
    se = sqrt(p * (1 - p) / n + q * (1 - q) / other_n)
    ends = newcombe(successes, n, other_successes, other_n, level=level)
    return Estimate(p - q, se, *ends, n + other_n)


def difference_statistic(successes: Any, n: Any, other_successes: Any, other_n: Any) -> Any:
    """Squared test statistic of equal shares (chi-square, one degree of freedom).

    >>> round(difference_statistic(56, 70, 48, 80), 2)
    7.02
    """
    pooled = (successes + other_successes) / (n + other_n)
    gap = successes / n - other_successes / other_n
    variance = pooled * (1 - pooled) * (1 / n + 1 / other_n)
    return gap**2 / variance


def ratio_statistic(n: Any, total: Any, share: Any) -> Any:
    """Chi-square (one degree of freedom) of `n` of `total` against a planned share.

    Of 100 people 20 were to be held out and 28 were:

    >>> ratio_statistic(28, 100, 0.2)
    4.0
    """
    return (n - total * share) ** 2 / (total * share * (1 - share))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for looking at all of them (family-wise error): the least times their
    number, the next times one less, and none less than one before it.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    count = len(p_values)
    order = sorted(range(count), key=p_values.__getitem__)
    adjusted = [0.0] * count
    worst = 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (count - rank) * p_values[place]))
        adjusted[place] = worst
    return adjusted
