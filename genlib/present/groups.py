"""Which groups of a table differ from all others by more than chance: one answer for the title and
for the colours of dots and maps.

A rate says so itself (`metrics.gaps.with_gaps`): of 19 regions with a `share`, the columns
`share_gap_low` and `share_gap_high` hold the interval of each one's difference from the other 18,
corrected for 19 comparisons. Of a table without them nothing is said.
"""

from __future__ import annotations

import polars as pl

UNNAMED = "unknown"
REST = r"^others($|\+[^+]*$|(\+[^+]+){3,}$)"
"""Groups that stand together, but for two: these are called by their names."""


def is_judged(frame: pl.DataFrame, column: str) -> bool:
    """Whether the table says how far its groups lie from all others in this column."""
    return {f"{column}_gap_low", f"{column}_gap_high"} <= set(frame.columns)


def judge_groups(rows: pl.DataFrame, by: str, column: str) -> pl.Series:
    """For each row a verdict of `judgement`: rose (above all others), fell (below), steady or
    unknown, as of those of whom the group is not known, and of more than two that stand together:
    these have no name by which they could be told from the others."""
    low = pl.col(f"{column}_gap_low")
    high = pl.col(f"{column}_gap_high")
    code = pl.col(by).cast(pl.String)
    is_unknown = low.is_null() | (code == UNNAMED) | code.str.contains(REST)
    verdict = (
        pl.when(is_unknown)
        .then(pl.lit("unknown"))
        .when(low > 0)
        .then(pl.lit("rose"))
        .when(high < 0)
        .then(pl.lit("fell"))
        .otherwise(pl.lit("steady"))
    )
    return rows.select(verdict.alias("verdict")).to_series()
