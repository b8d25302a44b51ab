"""protecting a table of 360 areas x 8 kinds with regions and totals (over 3,384 cells), proof included"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

GOAL = "proven in seconds"
REPEATS = 1
AREAS = {"tiny": 24, "small": 360, "large": 360}


def prepare(folder: Path, size: str) -> None:
    rng, areas = np.random.default_rng(1), AREAS[size]
    people = np.minimum(rng.lognormal(2.6, 1.3, areas * 8), 400).astype(int)
    cell = np.repeat(np.arange(areas * 8), people)
    area = cell // 8
    rows = {"customer": np.arange(cell.size), "area": area, "region": area * 19 // areas, "kind": cell % 8}
    pl.DataFrame(rows).with_columns(pl.col("area", "region", "kind").cast(pl.String)).write_parquet(folder / "rows.parquet")


def genlib(folder: Path, size: str) -> Callable[[], dict]:
    from genlib.disclosure.cells import Dimension, tabulate
    from genlib.disclosure.protect import protect

    rows = pl.scan_parquet(folder / "rows.parquet")
    cells = tabulate(rows, person="customer", by=[Dimension("area", parents=("region",)), Dimension("kind")], population="bench")

    def work() -> dict:
        table = protect(table=cells).table
        return {"note": f"{table.frame.height:,} cells, {table.hidden:,} hidden"}

    return work


SIDES = {"genlib": genlib}
