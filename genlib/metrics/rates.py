"""Rates: the part that some people or events are of others, a sum per person, and the scores of
answers, of a table as it is shown.

Of 8 buyers among 40 people asked the rate is 20 %, from 10 to 35 by Wilson's interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from genlib.arguments import check_class
from genlib.disclosure.units import DECIMAL, PERCENT, name_interval
from genlib.metrics import intervals
from genlib.metrics.gaps import share_gap, with_gaps
from genlib.metrics.intervals import interval
from genlib.metrics.lookup import at, attach_columns, least, on_total, with_figures


@check_class
@dataclass(frozen=True)
class Share:
    """The part that a cell has of the total over `over` (name a dimension with its coarser groups),
    or of the cell where it is `base`. It stands on people, or on events where no people are told.

    >>> frame = pl.DataFrame({"region": ["01", "06", None], "people": [30, 10, 40]})
    >>> Share(("region",))(frame)["share"].to_list()
    [0.75, 0.25, 1.0]
    """

    over: tuple[str, ...]
    of: str = "people"
    name: str = "share"
    base: Any = None

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        whole = dict.fromkeys(self.over, self.base)
        counted = self.of if frame["people"].is_null().all() else "people"
        base, total = frame.select(base=at(frame, counted, whole), total=at(frame, self.of, whole))
        return with_figures(frame, pl.lit(True), base, {self.name: frame[self.of] / total})

    def read_units(self, _: Mapping[str, str]) -> dict[str, str]:
        """A share."""
        return {self.name: PERCENT}


@check_class
@dataclass(frozen=True)
class Rate:
    """The share of `part` in `base` (values of one dimension; no base: all of them) with Wilson's
    interval as `<name>_low`, `<name>_high`. `besides`: values that are not in the base; where they
    are told together with others there is no rate.

    `finer` are the dimensions below it, which stay at their total. `among`: the dimension whose
    codes are compared, each with all others (see `with_gaps`). `clusters`: where a person may stand
    in several of the events counted, the `persons` and the design `effect` of each value of its
    first column (null: the total), and those of all other values (`other_persons`,
    `other_effect`) where codes are compared; intervals are those of so many fewer events, and the
    base is the people.

    Of 40 people 8 bought:

    >>> frame = pl.DataFrame({"outcome": ["bought", "not", None], "people": [8, 32, 40]})
    >>> Rate("bought_rate", "outcome", ("bought",))(frame)["bought_rate"].to_list()
    [None, None, 0.2]
    """

    name: str
    dimension: str
    part: tuple[Any, ...]
    base: tuple[Any, ...] = ()
    besides: tuple[Any, ...] = ()
    of: str = "people"
    finer: tuple[str, ...] = ()
    clusters: pl.DataFrame | None = None
    among: str = ""

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        part = self._count(frame, self.part)
        base = self._count(frame, self.base)
        if self.besides:
            base -= self._count(frame, self.besides)
        people, effects = self._find_effects(frame, base)
        effect = effects[0] if effects else 1
        ends = intervals.wilson(part / effect, base / effect)
        figures = interval(self.name, part / base, ends)
        rated = with_figures(frame, on_total(self.dimension, *self.finer), people, figures)
        if not self.among:
            return rated
        counts = (part, base)
        return with_gaps(rated, self.name, self.among, counts, share_gap, effects=effects)

    def _find_effects(
        self, frame: pl.DataFrame, base: pl.Series
    ) -> tuple[pl.Series, tuple[pl.Series, ...]]:
        """The people that the rate stands on; and where they may stand in several of the events,
        the design effect of each row, and that of all its others."""
        if self.clusters is None:
            return base, ()
        by = self.clusters.columns[0]
        clusters = attach_columns(by, self.clusters)(frame.select(by))
        effects = ["effect"]
        if self.among:
            effects.append("other_effect")
            enough = pl.col("other_persons") >= least(frame)
            clusters = clusters.with_columns(other_effect=pl.when(enough).then("other_effect"))
        return clusters["persons"], tuple(clusters[effects])

    def _count(self, frame: pl.DataFrame, values: tuple[Any, ...]) -> pl.Series:
        where = {**dict.fromkeys(self.finer), self.dimension: values or None}
        count = at(frame, self.of, where)
        return frame.select(count).to_series()

    def read_units(self, _: Mapping[str, str]) -> dict[str, str]:
        """A share, and the ends of its interval."""
        return dict.fromkeys(name_interval(self.name), PERCENT)

    def read_codes(self) -> tuple[str, tuple[Any, ...]]:
        """What is counted of what."""
        return self.dimension, (*self.part, *self.base, *self.besides)


@check_class
@dataclass(frozen=True)
class Mean:
    """A sum per person.

    >>> frame = pl.DataFrame({"region": ["01"], "people": [40], "cents": [6_000]})
    >>> Mean("each", of="cents")(frame)["each"].to_list()
    [150.0]
    """

    name: str
    of: str

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        people = frame["people"]
        mean = {self.name: frame[self.of] / people}
        return with_figures(frame, pl.lit(True), people, mean)

    def read_units(self, units: Mapping[str, str]) -> dict[str, str]:
        """Money per person of money, else a number with decimals."""
        return {self.name: units.get(self.of, DECIMAL)}


@dataclass(frozen=True)
class Nps:
    """Net promoter score (-1 to 1) of `promoter`, `passive` and `detractor` in dimension `group`,
    of those whose `outcome` is complete, with its adjusted Wald interval; and the share of
    `detractors` with Wilson's, which stands where too few promoters leave no score to show.
    `finer`: dimensions below the group; `among`: the dimension whose codes are compared, each with
    all others (see `with_gaps`)."""

    finer: tuple[str, ...] = ()
    among: str = ""

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        below = dict.fromkeys(self.finer)
        whole = {**below, "group": None, "outcome": "complete"}
        promoters, detractors, n = frame.select(
            promoters=at(frame, "people", {**below, "group": "promoter"}, ("outcome",)),
            detractors=at(frame, "people", {**below, "group": "detractor"}, ("outcome",)),
            n=at(frame, "people", whole),
        )
        score, _ = intervals.nps(promoters, detractors, n)
        ends = intervals.nps_interval(promoters, detractors, n)
        detractor_ends = intervals.wilson(detractors, n)
        figures = interval("nps", score, ends)
        figures |= interval("detractors", detractors / n, detractor_ends)
        scored = with_figures(frame, on_total("group", "outcome", *self.finer), n, figures)
        if not self.among:
            return scored
        scored = with_gaps(
            scored, "nps", self.among, (promoters, detractors, n), intervals.nps_difference
        )
        return with_gaps(scored, "detractors", self.among, (detractors, n), share_gap)


def balanced_nps(frame: pl.DataFrame) -> pl.DataFrame:
    """`nps` from the `balance` of those whose `outcome` is complete, with the interval of a score
    that nobody was in between of: the widest of that balance, since how many were is not told.

    Of 40 scores 16 more are promoters than detractors:

    >>> counts = {"outcome": ["complete", None], "people": [40, 90], "balance": [16, 16]}
    >>> balanced_nps(pl.DataFrame(counts))["nps"].to_list()
    [None, 0.4]
    """
    balance, n = frame.select(
        balance=at(frame, "balance", {"outcome": "complete"}),
        n=at(frame, "people", {"outcome": "complete"}),
    )
    ends = intervals.nps_interval((n + balance) / 2, (n - balance) / 2, n)
    figures = interval("nps", balance / n, ends)
    return with_figures(frame, on_total("outcome"), n, figures)


def likert(frame: pl.DataFrame) -> pl.DataFrame:
    """Mean, standard deviation, and the shares of the two highest and of the two lowest of the
    answers 1-5, each with Wilson's interval."""
    answers = (None, *range(1, 6))
    n, *counts = frame.select(
        at(frame, "people", {"answer": answer}).alias(str(answer)) for answer in answers
    )
    return with_figures(frame, on_total("answer"), n, intervals.likert(counts, n))
