"""Slices: a report of one region, or of consumers alone, is one slice of the whole.

A slice is counted beside the slices of all larger values and of all smaller ones together, at steps
at which none of these has an unsafe cell. So whoever takes slices from the whole, or from each
other, is left with sums of safe cells: at the steps of the smallest slice that was taken, all
larger ones and the rest are safe. One cut at a time: two cuts would cross, and their corners are
small.

Example: of regions with 900, 300 and 60 customers the second is told by steps at which the first,
the second and the third are safe, and the first by steps at which it and the other two together
are.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from genlib.disclosure.cells import Cells

SLICE = "_slice"
"""The column of the values that a table may be narrowed to."""
LEAST_PEOPLE = 50
"""Customers that a value needs to be told by itself."""
OTHERS = "others"


def name_slices(sizes: pl.DataFrame, value: str) -> list[str]:
    """The values (`code`, with `n` customers each) that are slices of their own where one of them
    is told: it and all larger ones; none if it is too small."""
    ordered = sizes.drop_nulls("code").sort("n", "code", descending=[True, False])
    codes = ordered.filter(pl.col("n") >= LEAST_PEOPLE)["code"].to_list()
    return codes[: codes.index(value) + 1] if value in codes else []


def take_slice(cells: Cells) -> Cells:
    """The cells of the value that a table is narrowed to; all of a table that is not narrowed."""
    if SLICE not in cells.dimensions:
        return cells
    (value,) = (value for name, value in cells.population.cut)
    draw = cells.draw
    by = tuple(dimension for dimension in cells.by if dimension.name != SLICE)

    def draw_slice() -> pl.DataFrame:
        drawings = draw() if draw else pl.DataFrame()
        return drawings.filter(pl.col(SLICE) == value).drop(SLICE)

    frame = cells.frame.filter(pl.col(SLICE) == value).drop(SLICE)
    return replace(cells, frame=frame, by=by, draw=draw_slice if draw else None)
