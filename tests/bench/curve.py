"""what protection costs as the table grows: areas x kinds with regions and totals, from 200 to
20,000 cells"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import disclosure

REPEATS = 3
AREAS = {200: 20, 600: 64, 2_000: 212, 6_000: 640, 20_000: 2_132}


def prepare(folder: Path, size: str) -> None:
    for cells, areas in AREAS.items():
        disclosure.table(areas).write_parquet(folder / f"{cells}.parquet")


def genlib(folder: Path, size: str, *, cells: int) -> Callable[[], dict]:
    import polars as pl

    from genlib.disclosure.protect import protect

    protect(warm=disclosure.tabulated(disclosure.table(2).lazy()))
    table = disclosure.tabulated(pl.scan_parquet(folder / f"{cells}.parquet"))

    def work() -> dict:
        made = protect(table=table)
        hidden = made.conditions["hidden"]
        total = (
            f"{made.conditions['cells']:,} cells, {hidden['primary']:,} unsafe, "
            f"{sum(hidden.values()):,} hidden"
        )
        return {"note": f"{total}, {made.conditions['status']}"}

    return work


SIDES = {f"genlib, {cells:,} cells": partial(genlib, cells=cells) for cells in AREAS}
