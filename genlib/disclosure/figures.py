"""The figures that tables tell, one by one, with the people behind each."""

from __future__ import annotations

import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.rules import read_contributions


def list_figures(cells: Cells) -> pl.DataFrame:
    """One row a figure of one table: its `code` of time (of a table that is one page null), `where`
    (the codes of its cell), measure, kind, value, people (the contributors who have a part in it),
    `heads` (each of them counts one), and `sketch` (null: of people who are not known) with the
    `numbering` of those who were drawn."""
    there = _with_sketches(cells).filter(pl.col("people") > 0)
    place = {
        "code": pl.col(cells.page).cast(pl.String) if cells.page else pl.lit(""),
        "where": name_cell(cells),
    }
    parts = [
        there.select(
            **place,
            measure=pl.lit(measure.name),
            kind=pl.lit(measure.kind),
            value=read_contributions(measure, there.columns)["value"],
            people=read_contributions(measure, there.columns)["contributors"],
            sketch=f"_sketch_{measure.name}",
            numbering="_numbering",
        )
        for measure in cells.measures
    ]
    is_count = pl.col("kind") != "money"
    return pl.concat(parts).with_columns(heads=is_count & (pl.col("value") == pl.col("people")))


def name_cell(cells: Cells) -> pl.Expr:
    """The codes of a cell as one text."""
    codes = [pl.col(column).cast(pl.String).fill_null("") for column in cells.dimensions]
    return pl.concat_str(codes, separator="\x1f") if codes else pl.lit("")


def _with_sketches(cells: Cells) -> pl.DataFrame:
    """The cells, with the sketch of each measure."""
    names = [measure.name for measure in cells.measures]
    frame = cells.frame.with_columns(_=0)
    if cells.draw is None:
        nothing = [pl.lit(None, pl.Binary).alias(f"_sketch_{name}") for name in names]
        return frame.with_columns(*nothing, _numbering=pl.lit(None, pl.String))
    drawings = cells.draw()
    there = [column for column in cells.dimensions if column in drawings.columns]
    sketches = drawings.select(
        *there,
        *(pl.col(name).alias(f"_sketch_{name}") for name in names),
        "_numbering",
        _=0,
    )
    return frame.join(sketches, on=[*there, "_"], how="left", nulls_equal=True)
