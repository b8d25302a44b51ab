"""Codes of a source that nobody translates, told by their number and rows and never by what they
are: a cell in the wrong column may hold anything.

Example: of 20 rows 14 have in `language` what the feed does not translate - three different texts,
of which the most frequent stands in row 15 first and in 9 rows:
`customer: column language: 3 codes that the feed does not translate, 14 rows; the first row of
each, and in how many it is: 15 (9), 12 (4), 18 (1)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register.batches import CODES
from genlib.register.schema import table

TOLD = 5
"""Of how many codes, the most frequent first, the first row is told and how many there are."""


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

    def describe(self, name: str, source: str) -> list[str]:
        """A line for each column of a table. source: the system whose codes a feed translates,
        blank for the own layout, of which the codes that there are are told."""
        lines = []
        for (column,), codes in self.seen.group_by("column", maintain_order=True):
            frequent = codes.sort("rows", descending=True, maintain_order=True).head(TOLD)
            each = frequent.select(pl.format("{} ({})", "row", "rows")).to_series().str.join(", ")
            what = "code" if codes.height == 1 else "codes"
            who = "the feed does not translate" if source else "the register does not have"
            allowed = "" if source else _list_allowed(name, str(column))
            lines.append(
                f"{name}: column {column}: {codes.height} {what} that {who}, "
                f"{codes['rows'].sum()} rows; the first row of each, and in how many it is: "
                f"{each.item()}{allowed}"
            )
        return lines


def _list_allowed(name: str, column: str) -> str:
    """What a column of codes may hold, to follow a line."""
    kind = table(name).c[column].type
    codes = kind.enums if isinstance(kind, sa.Enum) else ["a country of ISO 3166-1"]
    return f"; it is one of {', '.join(codes)}" if codes[1:] else f"; it is {codes[0]}"
