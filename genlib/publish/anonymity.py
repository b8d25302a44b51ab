"""k-anonymity: every combination of quasi-identifiers is shared by at least k people, or it is
coarsened until it is.

Each person is counted by himself. Which contact persons stand for the same company is seen in a
release, and no k is promised of such groups: whoever has the releases of two purposes may find a
company of several contact persons by what they are like together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from genlib.publish.coarsen import UNKNOWN


@dataclass(frozen=True)
class Anonymous:
    """People who may be released, with what it took: the smallest class, rows coarsened, people
    left out because they stay rare."""

    people: pl.DataFrame
    reached: int
    coarsened: int
    left_out: int


def reached(people: pl.DataFrame, quasi: Sequence[str]) -> int:
    """The k of a table: the size of its smallest class; 0 for a table without people."""
    sizes = people.group_by(quasi).len()["len"] if quasi else pl.Series([people.height])
    return min(sizes, default=0)


def anonymise(
    people: pl.DataFrame, quasi: Sequence[str], *, ladder: Sequence[str], k: int
) -> Anonymous:
    """Local recoding: down the ladder, people in classes below k get `unknown` in that column, and
    nobody else does.

    A class that has k people keeps them, so each rung only adds to it. What is still below k at the
    foot of the ladder is left out.
    """
    complete = people.with_columns(pl.col(quasi).fill_null(UNKNOWN))
    classes = _recoded(
        complete.group_by(quasi).len("size"), [rung for rung in ladder if rung in quasi], quasi, k
    )
    recoded_people = complete.rename({name: f"_{name}" for name in quasi}).join(
        classes, on=[f"_{name}" for name in quasi], maintain_order="left"
    )
    changed = recoded_people.select(
        pl.any_horizontal(pl.col(name) != pl.col(f"_{name}") for name in quasi).sum()
    ).item()
    released = recoded_people.select(people.columns)
    return Anonymous(released, reached(released, quasi), changed, people.height - released.height)


def _recoded(
    classes: pl.DataFrame, ladder: Sequence[str], quasi: Sequence[str], k: int
) -> pl.DataFrame:
    """Old (with an underscore) and new values of every class that may stay: thousands of rows,
    however many the people."""
    classes = classes.with_columns(pl.col(name).alias(f"_{name}") for name in quasi)
    small = pl.col("size").sum().over(quasi) < k
    for rung in ladder:
        classes = classes.with_columns(
            pl.when(small).then(pl.lit(UNKNOWN)).otherwise(rung).alias(rung)
        )
    return classes.filter(~small).drop("size")
