"""What is unsafe in itself, and how far it must stay free to move: minimum count, p% rule,
complements (primary suppression).

Example: of 80, 15, 3 and 2 euros the second knows that the others brought 85 at most, and the first
is 80: he comes within 5, and 10 % of 80 are 8. The sum must be free to move by the 3 that are
missing. Of 50, 30, 12 and 8 the 20 of the last two blur enough.

Of 30 who gave a score the balance is 25: at most 5 are against, who are fewer than twice five. Of
the balance 20 the other 10 may be five against and nobody in between, or ten in between.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from genlib.disclosure.cells import CONTRIBUTORS, Measure
from genlib.disclosure.policy import Policy

FEWEST_PAYERS = 3
"""A sum of fewer is not told: each of two knows what the other brought."""


def read_contributions(measure: Measure, columns: Sequence[str]) -> dict[str, pl.Expr]:
    """What `judge` wants to know of a measure, from the columns of its cells: `value`,
    `contributors`, the largest part `first`, and the `rest` beyond the two largest; of a balance
    the `rest` is whom it leaves in doubt: two may be one for and one against, or in between.

    Of money without a column for the rest it is the sum less the two largest:

    >>> euros = {"euros": 100, "euros_1": 80, "euros_2": 15, "people": 4}
    >>> cells = pl.DataFrame([euros])
    >>> cells.select(**read_contributions(Measure("euros", "money"), cells.columns)).to_dicts()
    [{'value': 100, 'contributors': 4, 'first': 80, 'rest': 5}]
    """
    name = measure.name
    everyone = CONTRIBUTORS if CONTRIBUTORS in columns else "people"
    contributors = f"{name}_people" if f"{name}_people" in columns else everyone
    if measure.kind == "people":
        contributors = everyone
    first = second = beyond = pl.lit(0)
    if measure.kind == "money":
        first = pl.col(f"{name}_1")
        second = pl.col(f"{name}_2")
        beyond = pl.col(name) - first - second
    if measure.kind == "balance":
        contributors = everyone
        beyond = pl.col("people") - pl.col(name).abs()
    if f"{name}_rest" in columns:
        beyond = pl.col(f"{name}_rest")
    return {
        "value": _fill(pl.col(name)),
        "contributors": _fill(pl.col(contributors)),
        "first": _fill(first),
        "rest": _fill(beyond),
    }


def _fill(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.Int64).fill_null(0)


def judge(figures: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """`figures` (kind, value, contributors, first, rest) with `up` and `down`, the moves that
    must stay possible, and `reason` (null = safe).

    A count must be able to go down by one and up to the threshold, so nobody can tell that it is
    small; a sum must be able to move by what its largest contributor is owed: p% of his share less
    what the others already blur (Hundepool et al. 2012, 4.2).

    >>> figures = pl.DataFrame(
    ...     [
    ...         ("people", 5, 5, 0, 0),
    ...         ("people", 3, 3, 0, 0),
    ...         ("money", 100, 4, 50, 20),
    ...         ("money", 100, 6, 80, 5),
    ...         ("balance", 25, 30, 0, 5),
    ...         ("balance", 20, 30, 0, 10),
    ...     ],
    ...     schema=["kind", "value", "contributors", "first", "rest"],
    ...     orient="row",
    ... )
    >>> judge(figures, Policy(min_count=5, p=10)).select("up", "down", "reason").rows()
    [(0, 0, None), (2, 1, 'primary'), (1, 1, 'primary'), (3, 3, 'dominance'),
     (5, 5, 'dominance'), (0, 0, None)]
    """
    people = pl.col("contributors")
    is_money = pl.col("kind") == "money"
    is_few = (people > 0) & (people < policy.min_count)
    owed = owe(pl.col("first"), policy) - pl.col("rest")
    are_too_few = (people > 0) & (people < FEWEST_PAYERS)
    is_dominated = is_money & (are_too_few | ((people > 0) & (owed > 0)))
    doubt = 2 * policy.min_count - pl.col("rest")
    is_one_sided = (pl.col("kind") == "balance") & (people > 0) & (doubt > 0)
    is_unsafe_sum = (is_money & (is_few | is_dominated)) | is_one_sided
    blur = pl.when(is_one_sided).then(doubt).otherwise(pl.max_horizontal(owed, 1))
    missing = pl.max_horizontal(policy.min_count - pl.col("value"), 1)
    primary = pl.lit("primary")
    dominance = pl.lit("dominance")
    return figures.with_columns(
        up=pl.when(is_unsafe_sum).then(blur).when(is_few).then(missing).otherwise(0),
        down=pl.when(is_unsafe_sum).then(blur).when(is_few).then(1).otherwise(0),
        reason=pl.when(is_few).then(primary).when(is_dominated | is_one_sided).then(dominance),
    )


def owe(amount: pl.Expr, policy: Policy) -> pl.Expr:
    """How closely nobody may be able to tell an amount: p per cent of it, rounded up.

    >>> pl.select(owe(pl.Series([0, 80, 81]), Policy(p=10))).to_series().to_list()
    [0, 8, 9]
    """
    return (amount * policy.p + 99) // 100
