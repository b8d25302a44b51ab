"""Stages: how many came at least as far as each of them.

Of 100 drawn 90 were sent a message and 80 received it: reached are 100, 90 and 80."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from genlib.disclosure.ladder import split_joined
from genlib.metrics import intervals
from genlib.metrics.gaps import share_gap, with_gaps
from genlib.metrics.intervals import interval
from genlib.metrics.lookup import at, is_untold, with_figures


@dataclass(frozen=True)
class Reached:
    """People who came at least as far as each stage, `reached`; and for the stages from delivery on
    which part of those delivered they are (`of_delivered`), with Wilson's interval. Stages `aside`
    lie beside the way: who is there came as far as the one before, and they are counted alone.
    `among`: the dimension whose codes are compared at each stage, each with all others (see
    `with_gaps`); `unknown`: the stages of which some of these codes know nothing.

    Of 100 people 10 stayed undelivered, 70 came to delivery and 20 further:

    >>> people = {"stage": ["sent", "delivered", "clicked"], "people": [10, 70, 20]}
    >>> reached = Reached(("sent", "delivered", "clicked"))(pl.DataFrame(people))
    >>> reached["reached"].to_list()
    [100, 90, 20]
    >>> reached["of_delivered"].round(2).to_list()
    [None, 1.0, 0.22]
    """

    stages: tuple[str, ...]
    aside: tuple[str, ...] = ()
    among: str = ""
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        people = {stage: self._count_people(frame, stage) for stage in self.stages}
        by_stage = [
            pl.when(pl.col("stage") == stage).then(count) for stage, count in people.items()
        ]
        is_known = ~self._is_unknown(frame)
        count = pl.when(is_known).then(pl.coalesce(by_stage))
        counted = frame.with_columns(reached=count)
        reached = counted["reached"]
        delivered = frame.select(people["delivered"]).to_series()
        ends = intervals.wilson(reached, delivered)
        rate = interval("of_delivered", reached / delivered, ends)
        late = self.stages[self.stages.index("delivered") :]
        rated = with_figures(counted, pl.col("stage").is_in(late), delivered, rate)
        if not self.among:
            return rated
        return with_gaps(rated, "of_delivered", self.among, (reached, delivered), share_gap)

    def _is_unknown(self, frame: pl.DataFrame) -> pl.Expr:
        """Rows of a stage of which none of the codes that stand together knows anything.

        Example: of letters nobody knows who opened them, of e-mails one does; so of both together
        the stage is told.
        """
        is_unknown = pl.lit(False)
        if not self.unknown:
            return is_unknown
        for code in frame[self.among].drop_nulls().unique().to_list():
            parts = split_joined(code) or [code]
            stages = [set(self.unknown.get(part, ())) for part in parts]
            is_stage = pl.col("stage").is_in(set.intersection(*stages))
            is_unknown |= (pl.col(self.among) == code) & is_stage
        return is_unknown.fill_null(False)

    def _count_people(self, frame: pl.DataFrame, stage: str) -> pl.Expr:
        """Those who came so far; null of a stage that is told with another."""
        if is_untold(frame, {"stage": stage}):
            return pl.lit(None, pl.Int64)
        further = self.stages[self.stages.index(stage) :]
        stages = (stage,) if stage in self.aside else further
        told_apart = tuple(one for one in stages if not is_untold(frame, {"stage": one}))
        return at(frame, "people", {"stage": told_apart})
