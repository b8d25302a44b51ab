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
    """The standard normal deviate that leaves (1 - level) / 2 outside on each side."""
    return NormalDist().inv_cdf((1 + level) / 2)


def interval(name: str, value: Any, ends: Sequence[Any]) -> dict[str, Any]:
    """A figure and the ends of its interval, by the names of their columns."""
    return dict(zip(name_interval(name), (value, *ends), strict=True))


def wilson(successes: Any, n: Any, *, level: float = 0.95) -> tuple[Any, Any]:
    """Low and high end of a share."""
    zz = z(level) ** 2
    centre = successes + zz / 2
    spread = z(level) * (successes * (n - successes) / n + zz / 4) ** 0.5
    people = n + zz
    return (centre - spread) / people, (centre + spread) / people


def newcombe(
    successes: Any, n: Any, other_successes: Any, other_n: Any, *, level: float = 0.95
) -> tuple[Any, Any]:
    """Low and high end of the difference of two independent shares (hybrid score)."""
    ends = wilson(successes, n, level=level)
    other_ends = wilson(other_successes, other_n, level=level)
    other = other_successes / other_n
    return judgement.difference(successes / n, *ends, other, *other_ends)[1:]


def nps(promoters: Any, detractors: Any, n: Any) -> tuple[Any, Any]:
    """Net promoter score (share of promoters less share of detractors, -1 to 1) and its standard
    error."""
    value = (promoters - detractors) / n
    return value, (((promoters + detractors) / n - value**2) / n) ** 0.5


def nps_interval(
    promoters: Any, detractors: Any, n: Any, *, level: float = 0.95
) -> tuple[Any, Any]:
    """Low and high end of a net promoter score, within -1 to 1.

    Adjusted Wald (3, T): three answers more, a quarter of them promoters and a quarter detractors.
    Holds its level for small n too.
    """
    value, se = nps(promoters + 0.75, detractors + 0.75, n + 3)
    margin = z(level) * se
    return _within_scale(value - margin), _within_scale(value + margin)


def nps_difference(
    counts: Sequence[Any], other_counts: Sequence[Any], *, level: float = 0.95
) -> tuple[Any, Any, Any]:
    """The difference of the net promoter scores of two groups of people, each (promoters,
    detractors, n), with the ends of its interval."""
    value = nps(*counts)[0]
    other_value = nps(*other_counts)[0]
    ends = nps_interval(*counts, level=level)
    other_ends = nps_interval(*other_counts, level=level)
    return judgement.difference(value, *ends, other_value, *other_ends)


def _within_scale(score: Any) -> Any:
    """A score no lower than -1 and no higher than 1."""
    return score.clip(-1, 1) if hasattr(score, "clip") else max(-1.0, min(1.0, score))


def likert(counts: Sequence[Any], n: Any, *, level: float = 0.95) -> dict[str, Any]:
    """Of the counts of answers 1, 2, ... `mean`, `sd`, and the shares of the two highest
    (`top_two`) and lowest (`bottom_two`), with Wilson's intervals."""
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
    """Difference of two independent shares with Newcombe's interval."""
    if not (0 <= successes <= n and 0 <= other_successes <= other_n and n and other_n):
        raise UsageError("each group needs people, and no more successes than people")
    p = successes / n
    q = other_successes / other_n
    se = sqrt(p * (1 - p) / n + q * (1 - q) / other_n)
    ends = newcombe(successes, n, other_successes, other_n, level=level)
    return Estimate(p - q, se, *ends, n + other_n)


def difference_statistic(successes: Any, n: Any, other_successes: Any, other_n: Any) -> Any:
    """Squared test statistic of equal shares (chi-square, one degree of freedom)."""
    pooled = (successes + other_successes) / (n + other_n)
    gap = successes / n - other_successes / other_n
    variance = pooled * (1 - pooled) * (1 / n + 1 / other_n)
    return gap**2 / variance


def ratio_statistic(n: Any, total: Any, share: Any) -> Any:
    """Chi-square (one degree of freedom) of `n` of `total` against a planned share."""
    return (n - total * share) ** 2 / (total * share * (1 - share))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for looking at all of them (family-wise error)."""
    count = len(p_values)
    order = sorted(range(count), key=p_values.__getitem__)
    adjusted = [0.0] * count
    worst = 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (count - rank) * p_values[place]))
        adjusted[place] = worst
    return adjusted
