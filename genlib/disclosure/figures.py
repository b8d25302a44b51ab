"""The figures that tables tell, one by one, with the people behind each.

Example: a table of customers by region, with their payments, tells two figures a region.

>>> from genlib.disclosure.cells import Dimension, Measure
>>> frame = pl.DataFrame(
...     {
...         "region": ["01", "06"],
...         "people": [40, 30],
...         "payments": [90, 30],
...     }
... )
>>> measures = (Measure("people", "people"), Measure("payments"))
>>> cells = Cells(frame, (Dimension("region"),), measures)
>>> list_figures(cells).select("where", "measure", "value", "people", "heads").rows()
[('01', 'people', 40, 40, True), ('06', 'people', 30, 30, True),
 ('01', 'payments', 90, 40, False), ('06', 'payments', 30, 30, True)]
"""

from __future__ import annotations

from typing import Any

import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.rules import read_contributions

FIGURE: dict[str, Any] = {
    "where": pl.String,
    "measure": pl.String,
    "kind": pl.String,
    "value": pl.Int64,
    "people": pl.Int64,
    "heads": pl.Boolean,
    "sketch": pl.Binary,
    "numbering": pl.String,
}
"""What is kept of a figure that was told: the cell it stands in, who brought how much to it, and by
which numbers these were drawn: those of another purpose, key or epoch are other people."""
TELLER: dict[str, Any] = {"series": pl.String, "withdrawn": pl.Boolean}
"""What is known of the page that a figure stands on."""
NOTHING_EARLIER = pl.DataFrame(schema={"code": pl.String, **FIGURE, **TELLER})
"""The figures of no table at all."""


def list_figures(cells: Cells) -> pl.DataFrame:
    """One row a figure of one table: its `code` of time (of a table that is one page null), `where`
    (the codes of its cell), measure, kind, value, people (the contributors who have a part in it),
    `heads` (each of them counts one), and `sketch` (null: of people who are not known) with the
    `numbering` of those who were drawn. A sum in which nobody has a part tells of nobody."""
    there = cells.sketched.filter(pl.col("people") > 0)
    code = pl.col(cells.page).cast(pl.String) if cells.page else pl.lit("")
    parts = []
    for measure in cells.measures:
        contributions = read_contributions(measure, there.columns)
        having = f"{measure.name}_people"
        some = there.filter(pl.col(having) > 0) if having in there.columns else there
        figures = some.select(
            code=code,
            where=name_cell(cells),
            measure=pl.lit(measure.name),
            kind=pl.lit(measure.kind),
            value=contributions["value"],
            people=contributions["contributors"],
            sketch=f"_sketch_{measure.name}",
            numbering="_numbering",
        )
        parts.append(figures)
    is_count = pl.col("kind").is_in(["people", "count"])
    is_one_each = pl.col("value") == pl.col("people")
    figures = pl.concat(parts).with_columns(heads=is_count & is_one_each)
    return figures.select("code", *FIGURE)


def name_cell(cells: Cells) -> pl.Expr:
    """The codes of a cell as one text.

    >>> from genlib.disclosure.cells import Dimension
    >>> frame = pl.DataFrame({"region": ["01", None], "people": [40, 70]})
    >>> cells = Cells(frame, (Dimension("region"),))
    >>> frame.select(name_cell(cells)).to_series().to_list()
    ['01', '']
    """
    codes = [pl.col(column).cast(pl.String).fill_null("") for column in cells.dimensions]
    return pl.concat_str(codes, separator="\x1f") if codes else pl.lit("")
