"""The faults of a table: its figures that may not be told, for themselves or beside others.

Example: of 3 customers in a region nothing may be told; and of 118 who answered neither, where an
earlier table tells that 120 were asked.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.figures import list_figures, name_cell
from genlib.disclosure.leftovers import add_codes, list_parts
from genlib.disclosure.near import find_twins
from genlib.disclosure.policy import Policy
from genlib.disclosure.rules import judge, read_contributions


def count_unsafe(cells: Cells, policy: Policy) -> int:
    """How many figures may not be told by the rules of the policy."""
    return sum(figures["reason"].count() for figures in judge_measures(cells, policy))


def judge_measures(cells: Cells, policy: Policy) -> Iterator[pl.DataFrame]:
    """The cells of each measure, with the `reason` of those that are unsafe."""
    there = cells.occupied
    for measure in cells.measures:
        contributions = read_contributions(measure, there.columns)
        figures = there.select(kind=pl.lit(measure.kind), **contributions)
        yield judge(figures, policy)


def find_near(cells: Cells, policy: Policy, earlier: pl.DataFrame) -> pl.DataFrame:
    """The figures of a table, and the sums of what it tells code by code (see `leftovers`), that
    are near twins of one before them, in it or in an earlier table; `part`: the code of a figure.

    Example: an earlier table tells 120 who were asked, this one 118 of them who answered: the 118
    are a near twin. All campaigns together had 12 buyers, and two of three had 5 each, so the third
    had 2: the 10 are a near twin.
    """
    figures = list_figures(cells)
    by = cells.apart or cells.page
    if by:
        codes = cells.frame.select(where=name_cell(cells), part=pl.col(by).cast(pl.String))
        figures = figures.join(codes, on="where", how="left", maintain_order="left")
        parts = figures.with_columns(of=pl.lit(""), end=None, figure=None)
        sums = add_codes(list_parts(parts)).drop("figure")
        figures = pl.concat([figures, sums], how="diagonal")
    numbered = figures.with_row_index("figure")
    return numbered.join(find_twins(numbered, earlier, policy), on="figure")
