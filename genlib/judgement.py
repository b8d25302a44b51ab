"""What is more than chance, decided in one place for the lead, the tiles, the titles, the colours
and the text of a report.

A share, a mean or a score has changed if the 95% interval of the *difference* leaves zero out:

    42% (37-47) after 34% (29-39): gap 8 points, interval 1-15: it rose

although the two intervals overlap. Counts and money have no interval: they have changed if the
change is larger than any of the at least twelve in the steps before it, their swing, which by
chance happens to two of thirteen at most; and a change is usual only if many were as large:

    after 23 changes of −5 … +5% and one of +300%, a change of +90% is neither: it is told as it is
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["rose", "fell", "steady", "unknown"]
LEVEL = 0.95
FEWEST_STEPS = 12
"""A swing is not known from fewer changes than this."""
USUAL_PART = 0.1
"""A change is usual if at least this part of the earlier ones were as large, and two of them."""


@dataclass(frozen=True)
class Figure:
    """A figure and the ends of its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """How a figure changed, and whether that is more than chance.

    Of a share, mean or score `gap` is the difference and `low`, `high` the ends of its interval. Of
    a count or of money `gap` is the part by which it changed, and `low`, `high` are the ends of its
    usual swing. Nothing of it is known where a figure is hidden.
    """

    gap: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Verdict = "unknown"


def difference(  # noqa: PLR0913, PLR0917 - two figures and their intervals
    value: Any,
    low: Any,
    high: Any,
    other_value: Any,
    other_low: Any,
    other_high: Any,
) -> tuple[Any, Any, Any]:
    """The difference of two independent figures, and the ends of its interval at their level.

    By square-and-add (MOVER; Zou and Donner 2008, Statistics in Medicine 27): with Wilson's
    intervals it is method 10 of Newcombe 1998, with symmetric ones the usual z. Takes numbers,
    arrays and expressions alike.
    """
    gap = value - other_value
    below = ((value - low) ** 2 + (other_high - other_value) ** 2) ** 0.5
    above = ((high - value) ** 2 + (other_value - other_low) ** 2) ** 0.5
    return gap, gap - below, gap + above


def compare(now: Figure, before: Figure) -> Change:
    """Whether a share, a mean or a score changed by more than chance."""
    gap, low, high = difference(now.value, now.low, now.high, before.value, before.low, before.high)
    return Change(gap, low, high, judge_interval(low, high))


def judge_interval(low: float, high: float) -> Verdict:
    """What an interval of a difference says: nothing unless it leaves zero out."""
    if low > 0:
        return "rose"
    if high < 0:
        return "fell"
    return "steady"


def compare_to_swing(gap: float, earlier: Sequence[float]) -> Change:
    """Whether a count or money changed by more than in any of the steps before: more than the
    largest rise, or less than the deepest fall. Unknown on fewer than twelve steps.

    A change within the swing is steady, which is said as usual, only if a tenth of the earlier
    ones and at least two were as large in its direction; one exceptional month makes nothing
    usual. No change at all is always usual, so a rise that is only smaller than the others is no
    fall.

    Where all changes are alike by chance, the last of n + 1 is the largest or the smallest with a
    chance of 2 / (n + 1): after 12 steps 15 %, after 24 8 %, after 36 5 %.
    """
    if len(earlier) < FEWEST_STEPS:
        return Change(gap)
    low = min(0.0, *earlier)
    high = max(0.0, *earlier)
    verdict = judge_interval(gap - high, gap - low)
    if verdict == "steady" and not _is_usual(gap, earlier):
        return Change(gap)
    return Change(gap, low, high, verdict)


def _is_usual(gap: float, earlier: Sequence[float]) -> bool:
    """Whether many of the earlier changes were as large as this one in its direction."""
    if gap == 0:
        return True
    direction = 1 if gap > 0 else -1
    as_large = [change for change in earlier if direction * change >= direction * gap]
    return len(as_large) >= max(2, USUAL_PART * len(earlier))


def level_among(groups: int) -> float:
    """The level at which each of so many groups is compared with all others, so that in one of
    twenty reports at most any of them is said to differ where none does (Bonferroni). Of two
    groups there is one comparison."""
    comparisons = groups if groups > 2 else 1
    return 1 - (1 - LEVEL) / comparisons
