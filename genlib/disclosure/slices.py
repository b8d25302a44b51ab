"""Slices: a report of one region, or of consumers alone, is one slice of the full cross.

A narrowed table is counted for every value at once, at steps at which no cell of any slice is
unsafe; then one slice is taken. So whoever lays slices and the whole side by side gets sums of safe
cells and nothing else. Values of fewer than 50 customers are one slice together, and none of them
is told by itself. One cut at a time: two cuts would cross, and their corners are small.
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


def take_slice(cells: Cells) -> Cells:
    """The cells of the value that a table is narrowed to; all of a table that is not narrowed."""
    if SLICE not in cells.dimensions:
        return cells
    (value,) = (value for name, value in cells.population.cut)
    draw = cells.draw
    by = tuple(dimension for dimension in cells.by if dimension.name != SLICE)

    def draw_slice() -> pl.DataFrame:
        drawn = draw() if draw else pl.DataFrame()
        return drawn.filter(pl.col(SLICE) == value).drop(SLICE)

    frame = cells.frame.filter(pl.col(SLICE) == value).drop(SLICE)
    return replace(cells, frame=frame, by=by, draw=draw_slice if draw else None)
