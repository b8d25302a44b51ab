"""Changes: how a number moves from one step of time to the next, and how many are there at the end.

Of 100 there, 10 joined and 4 left: the stock is 106, its change 6 %, the churn 4 %."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from genlib.disclosure.cells import Figure
from genlib.metrics import intervals
from genlib.metrics.intervals import interval
from genlib.metrics.lookup import at, dimensions, on_total, with_figures
from genlib.period import Period

Figures = tuple[Figure, ...]
MOVEMENTS = ("opening", "joined", "left", "joined later", "left later")


@dataclass(frozen=True)
class Change:
    """The value less that of so many months earlier, as a part of it. `by` is the column of
    time.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"month": [date(2026, 9, 1), date(2026, 10, 1)], "people": [100, 106]})
    >>> Change("change", "people", "month", 1)(frame)["change"].to_list()
    [None, 0.06]
    """

    name: str
    of: str
    by: str
    months: int

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        keys = dimensions(frame)
        later = pl.col(self.by).dt.offset_by(f"{self.months}mo")
        earlier = frame.with_columns(later).select(*keys, _before=self.of)
        joined = frame.join(
            earlier,
            on=keys,
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        before = pl.col("_before")
        part = (pl.col(self.of) - before) / before
        is_comparable = pl.col(self.by).is_not_null() & (before > 0)
        change = pl.when(is_comparable).then(part)
        return joined.select(*frame.columns, change.alias(self.name))


def changes(of: str, period: Period) -> Figures:
    """The `change` since the step before (month, quarter or year, as the period is), and
    `change_year` in twelve months."""
    since_step = Change("change", of, period.unit, period.length)
    since_year = Change("change_year", of, period.unit, 12)
    return since_step, since_year


@dataclass(frozen=True)
class Stock:
    """Customers at the end of each step (`stock`): the opening ones, and those who joined less
    those who left up to then. A hidden cell hides the stock from its step on. Also `joined`,
    `left`, and `churn`: the part of those there at the beginning of the step who left in it, with
    Wilson's interval. `by` is the column of time.

    Where a step is told only up to some day of it, as the last one is, who joined and left later in
    it is counted in the stock of the next step.

    Of 100 there, 10 joined and 4 left:

    >>> from datetime import date
    >>> months = [date(2026, 9, 1), date(2026, 10, 1)]
    >>> movements = ["opening", "joined", "left", "joined later", "left later", None]
    >>> rows = [
    ...     (month, movement, 0)
    ...     for month in months
    ...     for movement in movements
    ... ]
    >>> frame = pl.DataFrame(rows, schema=["month", "movement", "people"], orient="row")
    >>> people = pl.Series([100, 0, 0, 0, 0, 100, 0, 10, 4, 0, 0, 14])
    >>> steps = Stock("month")(frame.with_columns(people=people)).filter(on_total("movement"))
    >>> steps.select("stock", "joined", "left", "churn").rows()
    [(100, None, None, None), (106, 10, 4, 0.04)]
    """

    by: str

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        steps = self._steps(frame)
        now = pl.col("opening") + pl.col("joined") - pl.col("left")
        later = pl.col("joined later") - pl.col("left later")
        is_known = (now + later).is_null().cum_max().not_()
        at_end = pl.when(is_known).then((now + later).cum_sum())
        before_step = at_end.shift(fill_value=0)
        steps = steps.with_columns(before=before_step, stock=before_step + now)
        before = steps["before"]
        left = steps["left"]
        ends = intervals.wilson(left, before)
        churn = interval("churn", left / before, ends)
        rated = with_figures(steps, pl.lit(True), before, churn)
        keys = dimensions(frame)
        figures = rated.select(*keys, *self._flows(), "stock", *churn)
        return frame.join(figures, on=keys, how="left", nulls_equal=True, maintain_order="left")

    def _steps(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One row a step, with how many moved in it, by column."""
        moved = {name: at(frame, "people", {"movement": name}) for name in MOVEMENTS}
        is_step = on_total("movement") & pl.col(self.by).is_not_null()
        return frame.with_columns(**moved).filter(is_step).sort(self.by)

    def _flows(self) -> list[pl.Expr]:
        """Who joined and left; not known of the step that holds the opening stock alone."""
        is_step = pl.col("opening") == 0
        return [pl.when(is_step).then(name).alias(name) for name in ("joined", "left")]
