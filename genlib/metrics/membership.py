"""Membership: how many customers there are, and how many joined and left in each step of time.

Of 100 there, 10 joined and 4 left, and 3 more came and went: the stock is 106, the churn 4 %."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Figure, Tables
from genlib.disclosure.counting import tabulate, with_unit
from genlib.disclosure.ladder import Steps, dropped_columns
from genlib.metrics.figures import Change, Stock
from genlib.metrics.names import metric
from genlib.metrics.population import LOOK_BACK, complete, count_stepwise
from genlib.metrics.rows import Rows, beginning, case, rows, within
from genlib.period import UNITS, Period, months_between


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
    time = Dimension(
        counted.unit,
        total=False,
        ladder=tuple({} for _ in larger),
        units=tuple(step.unit for step in larger),
        is_page=True,
    )
    by = (time, Dimension("movement", is_subject=True))

    def recount(steps: Steps) -> Cells:
        taken = steps.get(counted.unit, 0)
        coarser = _count_members(release, [counted, *larger][taken], by)
        untold = [pl.col(column).is_null() for column in dropped_columns(by, steps)]
        return replace(coarser, frame=coarser.frame.filter(*untold))

    return replace(_count_members(release, counted, by, months), recount=recount)


def _larger_steps(period: Period) -> list[Period]:
    """The last whole quarter and the last whole year, as far as they are longer than the step.

    >>> [str(step) for step in _larger_steps(Period.parse("2026-10"))]
    ['2026-Q3', '2025']
    """
    larger = []
    for unit, length in UNITS.items():
        if length > period.length:
            step = Period.around(period.last_day, unit)
            is_over = step.end <= period.end
            larger.append(step if is_over else step.previous())
    return larger


def _count_members(
    release: Tables, period: Period, by: tuple[Dimension, ...], months: int | None = None
) -> Cells:
    """`growth` by the steps of a period, in the column of the first dimension."""
    column = by[0].name
    length = months or LOOK_BACK[period.length]
    steps = period.whole.steps(length)
    figures: list[Figure] = [
        Stock(by=column),
        Change("change", "stock", column, period.length),
        Change("change_year", "stock", column, 12),
    ]
    if column != period.unit:
        figures.append(partial(with_unit, column=column, unit=period.unit))
    cells = tabulate(
        _list_movements(release, period, steps[0], column).to_native(),
        person="member",
        by=by,
        population=count_stepwise("members", period, length),
        figures=figures,
    )
    every = pl.DataFrame({column: [step.start for step in steps]})
    movements = pl.DataFrame({"movement": ["joined", "left", None]})
    return complete(cells, every.join(movements, how="cross"))


def _list_movements(release: Tables, period: Period, first: Period, column: str) -> Rows:
    """Who was there before the first step, who joined and who left since, each with the step."""
    members = rows(release, "membership").filter(nw.col("joined_month") < period.end)
    members = members.with_row_index("member", order_by=["joined_month", "left_month", "kind"])
    had_joined = nw.col("joined_month") < first.start
    had_left = nw.col("left_month") < first.start
    there = members.filter(had_joined, ~had_left.fill_null(False))
    moved = members.filter(~_came_and_left(period))
    came = moved.filter(~had_joined)
    left = moved.filter(within("left_month", first.start, period.end))
    opening = nw.lit(first.previous().start)
    return nw.concat(
        [
            _movement(there, 0, nw.lit("opening"), opening.alias(column)),
            _movement(came, 1, _way("joined", period), _step("joined", period).alias(column)),
            _movement(left, 2, _way("left", period), _step("left", period).alias(column)),
        ]
    )


def _of_whole_months(period: Period) -> Period:
    """The period as far as whole months of it are counted; the one before, if none is.

    >>> _of_whole_months(Period.parse("2026-Q3")).end
    datetime.date(2026, 10, 1)
    """
    if period.is_over:
        return period
    months_over = months_between(period.start, period.end)
    return period.so_far(period.end.replace(day=1)) if months_over else period.whole.previous()


def _step(way: str, period: Period) -> nw.Expr:
    """The first day of the step in which one `joined` or `left`."""
    return beginning(f"{way}_month", period.unit)


def _is_later(way: str, period: Period) -> nw.Expr:
    """Whether a month lies in its step behind those that are counted of the last step."""
    if period.is_over:
        return nw.lit(False)
    place = (nw.col(f"{way}_month").dt.month().cast(nw.Int64) - 1) % period.length
    return place >= months_between(period.start, period.end)


def _came_and_left(period: Period) -> nw.Expr:
    """Whether one joined and left within the same step, and so is in no stock."""
    is_same_step = _step("joined", period) == _step("left", period)
    is_same_side = _is_later("joined", period) == _is_later("left", period)
    return (is_same_step & is_same_side).fill_null(False)


def _way(name: str, period: Period) -> nw.Expr:
    """How one moved: `joined`, or `joined later` in the step than is counted of the last one."""
    return case({f"{name} later": _is_later(name, period)}, name)


def _movement(members: Rows, code: int, name: nw.Expr, when: nw.Expr) -> Rows:
    """Members as people of their own in each movement."""
    person = nw.col("member").cast(nw.Int64) * 3 + code
    return members.select(person.alias("member"), when.cast(nw.Date), movement=name)
