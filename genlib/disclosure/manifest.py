"""What others need to audit a report, and no more: its own tables as one system, which cells are
hidden, and what is shown.

Which figures were told before, and which were too near to be told, is not in it: that would tell
that somebody is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.policy import Policy


def manifest(
    tables: Mapping[str, Cells],
    frames: Mapping[str, pl.DataFrame],
    cells: pl.DataFrame,
    pattern: Pattern,
    policy: Policy,
) -> dict[str, Any]:
    """`policy`; `pattern` with structure, hidden cells and shown figures; and by `tables` where
    each figure stands in it. `frames`: the rows of each table with their `_cell`; `cells`: the
    variable of each measure of a `_cell`."""
    return {
        "policy": asdict(policy),
        "pattern": pattern.manifest(),
        "tables": {
            name: _list_places(table, frames[name], cells) for name, table in tables.items()
        },
    }


def _list_places(table: Cells, frame: pl.DataFrame, cells: pl.DataFrame) -> dict[str, Any]:
    """Where the figures of a table stand: row by row its dimensions, its cell (null: an empty one,
    shown as zero), and the variable of each measure."""
    names = [measure.name for measure in table.measures]
    codes = frame.select(pl.col(table.dimensions).cast(pl.String))
    variables = frame.select("_cell").join(cells, on="_cell", how="left", maintain_order="left")
    return {
        "dimensions": codes.to_dict(as_series=False),
        "cell": variables["_cell"].to_list(),
        "variables": variables.select(names).to_dict(as_series=False),
    }
