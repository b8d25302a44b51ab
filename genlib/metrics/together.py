"""All campaigns together: what they changed, each held against its own holdout and none told alone.

Example: of 40 contacted by one campaign 20 bought and of 10 held out 2; of 10 contacted by another
2 and of 40 held out 4. Each raised purchases: by 30 points and by 10, 20 together. Of all contacted
44% bought and of all held out 12%; these 32 points are wrong, since the campaign whose customers
buy more held out fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, sqrt

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Measure, Tables
from genlib.metrics import intervals
from genlib.metrics.drawn import read_buyers, read_drawn
from genlib.metrics.gains import ALARM, chance, has_enough, read_arms
from genlib.metrics.intervals import interval
from genlib.metrics.lookup import least, on_total, with_figures
from genlib.metrics.messages import plan
from genlib.metrics.names import metric
from genlib.metrics.population import OPTIONAL, count_lately, tabulated
from genlib.metrics.rows import Rows, collect, read_once
from genlib.period import Period

MONTHS = 12
DRAWN = Measure("drawn")
"""Customers drawn for a campaign, each in every campaign that drew him."""
MANY = 1_000
"""Customers of both arms that weigh as much as so many: from here on a tenth of a point is no
single customer."""
STEPS = (0.001, 0.01, 0.02, 0.05, 0.1)
"""What a difference may be rounded to, the finest first."""


@metric()
def uplift_together(release: Tables, period: Period) -> Cells:
    """Everyone drawn for the campaigns of the last twelve months, by arm and outcome as in
    `uplift_by_campaign`, once in each campaign (`drawn`); `uplift` of all together on the total.

    Without campaigns that held nobody out, or whose arms were not drawn as planned."""
    contacts = read_drawn(release, period, "all", MONTHS)
    described = read_buyers(release, contacts).with_columns(drawn=nw.lit(1))
    draws = read_once(described, "customer", "code", "arm", "outcome", "drawn")
    strata = _take_fair(count_strata(draws), plan(release))
    return tabulated(
        release,
        draws.filter(nw.col("code").is_in(strata["code"].to_list())),
        (Dimension("arm"), Dimension("outcome", is_subject=True)),
        count_lately("drawn for campaigns", period, MONTHS),
        Together.of(strata),
        measures=(DRAWN,),
        form=OPTIONAL,
    )


def count_strata(draws: Rows) -> pl.DataFrame:
    """One row a campaign (`code`): how many were contacted (`n`) and bought (`buyers`), how many
    were held out (`m`) and bought (`held_buyers`).

    >>> from genlib.metrics.rows import lazy
    >>> arms = ["contacted", "contacted", "holdout"]
    >>> draws = {"arm": arms, "outcome": ["bought", "not bought", "bought"]}
    >>> count_strata(lazy(pl.DataFrame({"code": ["spring"] * 3} | draws))).rows()
    [('spring', 2, 1, 1, 1)]
    """
    is_contacted = nw.col("arm") == "contacted"
    has_bought = nw.col("outcome") == "bought"
    counts = {
        "n": is_contacted,
        "buyers": is_contacted & has_bought,
        "m": ~is_contacted,
        "held_buyers": ~is_contacted & has_bought,
    }
    marked = draws.select("code", **{name: one.cast(nw.Int64) for name, one in counts.items()})
    return collect(marked.group_by("code").agg(nw.col(*counts).sum())).sort("code")


def _take_fair(strata: pl.DataFrame, planned: pl.DataFrame) -> pl.DataFrame:
    """The campaigns with people in both arms, of which the draw gave as many as it was to."""
    shares = planned.select("code", "holdout_share")
    both = strata.filter(pl.col("n") > 0, pl.col("m") > 0).join(shares, on="code")
    people = both["n"] + both["m"]
    mismatch = chance(intervals.ratio_statistic(both["m"], people, both["holdout_share"]))
    return both.filter(mismatch.fill_null(1) >= ALARM)


@dataclass(frozen=True)
class Together:
    """`uplift` of all campaigns on the total, with its interval: nothing where the arms together
    are too few for one (`gains.has_enough`) or a part of them is hidden.

    The estimate of Mantel and Haenszel, in whole points, or in tenths from `MANY` on; coarser where
    the shares held out differ, since then it tells, beside the counts of all, of which campaign the
    buyers were. A buyer in another campaign moves it by the difference of their shares (`spread`),
    divided by the `weight`: so many as a figure must stand on may change their campaign unseen."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    weight: float = 0
    spread: float = 0

    @classmethod
    def of(cls, strata: pl.DataFrame) -> Together:
        """The figure of these campaigns.

        >>> counts = {"n": [40, 10], "buyers": [20, 2], "m": [10, 40], "held_buyers": [2, 4]}
        >>> together = Together.of(pl.DataFrame(counts))
        >>> round(together.value, 3), together.weight, together.find_step(10)
        (0.2, 16.0, None)
        """
        if strata.is_empty():
            return cls()
        shares = (strata["m"] / (strata["n"] + strata["m"])).to_list()
        return cls(*pool(strata), max(shares) - min(shares))

    def find_step(self, least: int) -> float | None:
        """What the figure is rounded to; None if that would be more than a tenth."""
        finest = STEPS if self.weight >= MANY else STEPS[1:]
        fine_enough = (step for step in finest if step * self.weight >= least * self.spread)
        return next(fine_enough, None)

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        n, buyers, m, held_buyers = read_arms(frame, "drawn")
        where = on_total("arm", "outcome") & pl.lit(has_enough(n, buyers, m, held_buyers))
        smaller = pl.select(pl.min_horizontal(n, m)).to_series()
        step = self.find_step(least(frame))
        roundings = ((self.value, round), (self.low, floor), (self.high, ceil))
        numbers = [
            None if step is None or number is None else nearest(number / step) * step
            for number, nearest in roundings
        ]
        value, *ends = (pl.Series([number], dtype=pl.Float64) for number in numbers)
        return with_figures(frame, where, smaller, interval("uplift", value, ends))


def pool(strata: pl.DataFrame) -> tuple[float, float, float, float]:
    """Mantel and Haenszel's difference of risks, the ends of its 95% interval, and how many
    customers of each arm it weighs as.

    The interval is that of the score test with Sato's variance, which holds for many small
    campaigns and for few large ones (Sato 1989, Biometrics 45; Klingenberg 2014, Statistics in
    Medicine 33). It takes each campaign's draw as its own: where the same customers are held out of
    all of them it is too short.
    """
    names = ("n", "buyers", "m", "held_buyers")
    n, x, m, y = (pl.col(name).cast(pl.Float64) for name in names)
    people = n + m
    halves = n * m * (m - n) / 2
    terms = strata.select(
        weight=n * m / people,
        brought=(x * m - y * n) / people,
        slope=(n**2 * y - m**2 * x + halves) / people**2,
        level=(x * (m - y) + y * (n - x)) / (2 * people),
    )
    weight, brought, slope, level = terms.sum().row(0)
    zz = intervals.z() ** 2 / weight**2
    value = brought / weight
    middle = value + zz * slope / 2
    reach = sqrt(max(middle**2 - value**2 + zz * level, 0))
    return value, middle - reach, middle + reach, weight
