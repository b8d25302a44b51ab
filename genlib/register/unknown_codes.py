"""Codes of a source that nobody translates, told by their number and rows and never by what they
are: a cell in the wrong column may hold anything.

Example: of 20 rows 14 have in `language` what the feed does not translate - three different texts,
the first of each in row 12, 15 and 18:
`customer: column language: 3 codes that the feed does not translate, 14 rows; the first of each at
row 12, 15, 18`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl
from polars import col

from genlib.register.batches import CODES

TOLD = 5
"""Of how many codes the first row is told."""


@dataclass
class UnknownCodes:
    """What came so far: one row for each column and code, with its first row and how many."""

    seen: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={**CODES, "rows": pl.Int64()})
    )

    def add(self, codes: pl.DataFrame) -> None:
        """Count the codes of a batch: row, column, code."""
        fresh = codes.with_columns(rows=pl.lit(1, pl.Int64))
        every = pl.concat([self.seen, fresh])
        grouped = every.group_by("column", "code").agg(col("row").min(), col("rows").sum())
        self.seen = grouped.select(self.seen.columns).sort("row", "column")

    def describe(self, name: str) -> list[str]:
        """A line for each column of a table."""
        lines = []
        for (column,), codes in self.seen.group_by("column", maintain_order=True):
            firsts = ", ".join(map(str, codes["row"].head(TOLD)))
            what = "code" if codes.height == 1 else "codes"
            lines.append(
                f"{name}: column {column}: {codes.height} {what} that the feed does not translate, "
                f"{codes['rows'].sum()} rows; the first of each at row {firsts}"
            )
        return lines
