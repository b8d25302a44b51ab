"""What others need to audit a report, and no more: its own tables as one system, which cells are
hidden, and what is shown.

Which figures were told before, and which were too near to be told, is not in it: that would tell
that somebody is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.model import Model
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.policy import Policy


def manifest(
    tables: Mapping[str, Cells], model: Model, pattern: Pattern, policy: Policy
) -> dict[str, Any]:
    """`policy`; `pattern` with structure, hidden cells and shown figures; and by `tables` where
    each figure stands in it."""
    return {
        "policy": policy.as_dict(),
        "pattern": pattern.structure(pattern.seen()),
        "tables": {
            name: _places(table, model, model.frames[name]) for name, table in tables.items()
        },
    }


def _places(cells: Cells, model: Model, frame: pl.DataFrame) -> dict[str, Any]:
    """Where the figures of a table stand: row by row its dimensions, its cell (null: an empty one,
    shown as zero), and the variable of each measure."""
    variables = model.figures.filter(pl.col("_cell") >= 0).pivot(
        "measure", index="_cell", values="variable"
    )
    names = [measure.name for measure in cells.measures]
    missing = [
        pl.lit(None, pl.Int64).alias(name) for name in names if name not in variables.columns
    ]
    placed = frame.select(pl.col(cells.dimensions).cast(pl.String), "_cell").join(
        variables.with_columns(missing).select(
            "_cell", *(pl.col(name).alias(f"_{name}") for name in names)
        ),
        on="_cell",
        how="left",
        maintain_order="left",
    )
    rows = placed.to_dict(as_series=False)
    return {
        "dimensions": {column: rows[column] for column in cells.dimensions},
        "cell": rows["_cell"],
        "variables": {name: rows[f"_{name}"] for name in names},
    }
