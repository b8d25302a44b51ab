"""What others need to audit a report, and no more: its own tables as one system, which cells are
hidden, and what is shown.

What a report is protected together with - earlier reports, what it leaves of a whole, differences
of a few people - is not in it: that a relation is there would tell that somebody is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.model import Model, build
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.policy import Policy


def manifest(
    tables: Mapping[str, Cells], own: Model, pattern: Pattern, policy: Policy
) -> dict[str, Any]:
    """`policy`; `pattern` with structure, hidden cells and shown figures; and by `tables` where
    each figure stands in it."""
    plain = (
        build({name: replace(cells, rest=()) for name, cells in tables.items()}, policy)
        if len(own.tables) > len(tables)
        else own
    )
    keys = own.keys.filter(pl.col("_cell") >= 0).select("_key", theirs="_cell")
    cells = (
        plain.keys.join(keys, on="_key", maintain_order="left")
        .unique("_cell", keep="first", maintain_order=True)
        .sort("_cell")
    )
    none = np.zeros((0, len(plain.system.value)), np.int64)
    alone = Pattern(
        plain.system, pattern.hidden[cells["theirs"]], none, np.zeros(0, np.int64), pattern.status
    )
    return {
        "policy": policy.as_dict(),
        "pattern": alone.structure(_seen(plain, own, alone, pattern, cells)),
        "tables": {
            name: _places(table, plain, plain.frames[name]) for name, table in tables.items()
        },
    }


def _seen(plain: Model, own: Model, alone: Pattern, pattern: Pattern, cells: pl.DataFrame) -> Any:
    """Of figures what the tables show; of sums and differences what follows from that."""
    theirs = own.figures.select("measure", theirs="_cell", was="variable")
    figures = plain.figures.join(cells.select("_cell", "theirs"), on="_cell").join(
        theirs, on=["theirs", "measure"]
    )
    seen = alone.seen()
    seen[figures["variable"].to_numpy()] = pattern.seen()[figures["was"].to_numpy()]
    return seen


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
    known = frame.select(pl.col(cells.dimensions).cast(pl.String), "_cell").join(
        variables.with_columns(missing).select(
            "_cell", *(pl.col(name).alias(f"_{name}") for name in names)
        ),
        on="_cell",
        how="left",
        maintain_order="left",
    )
    rows = known.to_dict(as_series=False)
    return {
        "dimensions": {column: rows[column] for column in cells.dimensions},
        "cell": rows["_cell"],
        "variables": {name: rows[f"_{name}"] for name in names},
    }
