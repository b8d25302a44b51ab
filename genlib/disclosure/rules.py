"""What is unsafe in itself, and how far it must stay free to move: minimum count, p% rule,
complements (primary suppression).

Example: of 80, 15, 3 and 2 euros the second knows that the others brought 85 at most, and the first
is 80: he comes within 5, and 10 % of 80 are 8. The sum must be free to move by the 3 that are
missing. Of 50, 30, 12 and 8 the 20 of the last two blur enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from genlib.disclosure.cells import CONTRIBUTORS, Measure
from genlib.disclosure.policy import Policy


def read_contributions(measure: Measure, columns: Sequence[str]) -> dict[str, pl.Expr]:
    """What `judge` wants to know of a measure, from the columns of its cells: `value`,
    `contributors`, the largest part `first`, and the `rest` beyond the two largest."""
    name = measure.name
    value = pl.col(name)
    zero = pl.lit(0, pl.Int64)
    is_money = measure.kind == "money"
    everyone = CONTRIBUTORS if CONTRIBUTORS in columns else "people"
    some = f"{name}_people" if f"{name}_people" in columns else everyone
    first, second = (pl.col(f"{name}_{place}") if is_money else zero for place in (1, 2))
    beyond = value - first - second if is_money else zero
    numbers = {
        "value": value,
        "contributors": pl.col(everyone if measure.kind == "people" else some),
        "first": first,
        "rest": pl.col(f"{name}_rest") if f"{name}_rest" in columns else beyond,
    }
    return {label: number.cast(pl.Int64).fill_null(0) for label, number in numbers.items()}


def judge(figures: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """`figures` (kind, value, contributors, first, rest) with `up` and `down`, the moves that
    must stay possible, and `reason` (null = safe).

    A count must be able to go down by one and up to the threshold, so nobody can tell that it is
    small; a sum must be able to move by what its largest contributor is owed: p% of his share less
    what the others already blur (Hundepool et al. 2012, 4.2).
    """
    value = pl.col("value")
    people = pl.col("contributors")
    few = (people > 0) & (people < policy.min_count)
    money = pl.col("kind") == "money"
    owed = (policy.p * pl.col("first") + 99) // 100 - pl.col("rest")
    dominated = money & (people > 0) & ((people < 3) | (owed > 0))
    blur = pl.max_horizontal(owed, 1)
    unsafe = few | dominated
    count_up = pl.max_horizontal(policy.min_count - value, 1)
    return figures.with_columns(
        pl.when(unsafe)
        .then(pl.when(money).then(blur).otherwise(count_up))
        .otherwise(0)
        .alias("up"),
        pl.when(unsafe).then(pl.when(money).then(blur).otherwise(1)).otherwise(0).alias("down"),
        pl.when(few)
        .then(pl.lit("primary"))
        .when(dominated)
        .then(pl.lit("dominance"))
        .alias("reason"),
    )
