"""Membership: how many customers there are, and how many joined and left in each step of time.

Of 100 there, 10 joined and 4 left, and 3 more came and went: the stock is 106, the churn 4 %."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Step, Tables
from genlib.disclosure.counting import tabulate, with_unit
from genlib.disclosure.ladder import Steps, dropped_columns
from genlib.metrics.figures import Change, Stock
from genlib.metrics.names import metric
from genlib.metrics.population import LOOK_BACK, complete, count_stepwise
from genlib.metrics.rows import Rows, beginning, rows, within
from genlib.period import UNITS as UNITS_OF_TIME
from genlib.period import Period, months_between


@metric()
def growth(release: Tables, period: Period, *, months: int | None = None) -> Cells:
    """Customers who joined and left in each month (quarter or year, as the period is); the one
    before the first holds the opening stock. Figures on the row of a month: `stock` at its end,
    `joined`, `left`, `churn` with its interval, `change` of the stock since the step before, and
    `change_year`.

    Joined are those who came and were there at the end, left those who were there at the beginning;
    who came and left within the same step is neither, so the stock is that of the step before with
    those who joined and without those who left, and the churn is the part of those there at the
    beginning who left. Of 100 there, 10 joined and 4 left, and 3 more came and went: the stock is
    106, the churn 4 %.

    Always of everybody: of those who came and went no more is known than that, so a part could not
    be held against the whole. Of a period that is not over the whole months are counted; one of
    which no month is over ends with the period before it.
    """
    counted = _of_whole_months(period)
    larger = _larger_steps(counted)
    ladder: tuple[Step, ...] = tuple({} for _ in larger)
    units = tuple(step.unit for step in larger)
    by = (
        Dimension(counted.unit, total=False, ladder=ladder, units=units, is_page=True),
        Dimension("movement", is_subject=True),
    )

    def recount(steps: Steps) -> Cells:
        taken = steps.get(counted.unit, 0)
        coarser = _count_members(release, larger[taken - 1] if taken else counted, by)
        untold = [pl.col(column).is_null() for column in dropped_columns(by, steps)]
        return replace(coarser, frame=coarser.frame.filter(*untold))

    return replace(_count_members(release, counted, by, months), recount=recount)


def _larger_steps(period: Period) -> list[Period]:
    """The last whole quarter and the last whole year, as far as they are longer than the step."""
    units = [unit for unit, length in UNITS_OF_TIME.items() if length > period.length]
    around = [Period.around(period.last_day, unit) for unit in units]
    return [step if step.end <= period.end else step.previous() for step in around]


def _count_members(
    release: Tables, period: Period, by: tuple[Dimension, ...], months: int | None = None
) -> Cells:
    """`growth` by the steps of a period, in the column of the first dimension."""
    column = by[0].name
    length = months or LOOK_BACK[period.length]
    steps = period.whole.steps(length)
    events = _list_movements(release, period, steps[0], column)
    stock = (
        Stock(by=column),
        Change("change", "stock", column, period.length),
        Change("change_year", "stock", column, 12),
    )
    named = (partial(with_unit, column=column, unit=period.unit),) if column != period.unit else ()
    cells = tabulate(
        events.to_native(),
        person="member",
        by=by,
        population=count_stepwise("members", period, length),
        figures=(*stock, *named),
    )
    every = pl.DataFrame({column: [step.start for step in steps]})
    movements = pl.DataFrame({"movement": ["joined", "left", None]})
    return complete(cells, every.join(movements, how="cross"))


def _list_movements(release: Tables, period: Period, first: Period, column: str) -> Rows:
    """Who was there before the first step, who joined and who left since, each with the step."""
    members = rows(release, "membership").filter(nw.col("joined_month") < period.end)
    members = members.with_row_index("member", order_by=["joined_month", "left_month", "kind"])
    had_joined = nw.col("joined_month") < first.start
    had_not_left = nw.col("left_month").is_null() | (nw.col("left_month") >= first.start)
    there = members.filter(had_joined, had_not_left)
    moved = members.filter(~_came_and_left(period))
    came = moved.filter(~had_joined)
    left = moved.filter(within("left_month", first.start, period.end))
    opening = nw.lit(first.previous().start)
    joined_in = beginning("joined_month", period.unit)
    left_in = beginning("left_month", period.unit)
    movements = [
        _movement(there, opening, column, nw.lit("opening"), 0),
        _movement(came, joined_in, column, _way("joined", period), 1),
        _movement(left, left_in, column, _way("left", period), 2),
    ]
    return nw.concat(movements)


def _of_whole_months(period: Period) -> Period:
    """The period as far as whole months of it are counted; the one before, if none is."""
    if period.is_over:
        return period
    months_over = months_between(period.start, period.end)
    return period.so_far(period.end.replace(day=1)) if months_over else period.whole.previous()


def _is_later(month: str, period: Period) -> nw.Expr:
    """Whether a month lies in its step behind those that are counted of the last step."""
    if period.is_over:
        return nw.lit(False)
    place = (nw.col(month).dt.month().cast(nw.Int64) - 1) % period.length
    return place >= months_between(period.start, period.end)


def _came_and_left(period: Period) -> nw.Expr:
    same_step = beginning("joined_month", period.unit) == beginning("left_month", period.unit)
    same_side = _is_later("joined_month", period) == _is_later("left_month", period)
    return (same_step & same_side).fill_null(False)


def _way(name: str, period: Period) -> nw.Expr:
    later = _is_later(f"{name}_month", period)
    return nw.when(later).then(nw.lit(f"{name} later")).otherwise(nw.lit(name))


def _movement(members: Rows, when: nw.Expr, column: str, name: nw.Expr, code: int) -> Rows:
    person = (nw.col("member").cast(nw.Int64) * 3 + code).alias("member")
    return members.select(person, when.cast(nw.Date).alias(column), name.alias("movement"))
