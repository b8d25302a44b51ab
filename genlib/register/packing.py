"""A row as one text, so that rows that came are held against the register's by one comparison each.

The database makes the same text of its rows and hands a batch of them over as a single value: no
cell becomes an object on the way, and nothing that came is written to be compared.

A text is what the cells hold, parted by U+001F: whole numbers, days since 1970 and seconds since
1970 in digits, truths as 1 and 0, bytes in hexadecimal, U+0001 for nothing. No text of the register
has such characters (`spelling.CONTROL`), so equal texts are equal rows.

Example: number 3, nothing, and 2 January 1970 are `3`, `\\x01` and `1`.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from polars import col

UNIT = "\x1f"
"""Between two cells."""
RECORD = "\x1e"
"""Between two rows."""
NOTHING = "\x01"
NOWHERE = "\x02"
"""In no row."""


def pack_rows(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Each row as one text of these columns."""
    cells = [_pack_cell(column, rows.schema[column]) for column in columns]
    return rows.select(packed=pl.concat_str(cells, separator=UNIT)).to_series()


def part_rows(packed: str) -> pl.Series:
    """The texts of rows that the database handed over together. A reader of CSV parts them at half
    the price of a split. It drops a carriage return that ends a row: a text that came ends in
    none."""
    if not packed:
        return pl.Series("packed", dtype=pl.String)
    rows = pl.read_csv(
        packed.encode(),
        has_header=False,
        new_columns=["packed"],
        infer_schema=False,
        separator=NOWHERE,
        eol_char=RECORD,
        quote_char=None,
    )
    return rows.to_series()


def _pack_cell(column: str, kind: pl.DataType) -> pl.Expr:
    value = col(column)
    if isinstance(kind, pl.Datetime):
        text = value.dt.epoch("s").cast(pl.String)
    elif kind == pl.Binary:
        text = value.bin.encode("hex")
    elif kind == pl.String:
        text = value
    else:
        text = value.cast(pl.Int64).cast(pl.String)
    return text.fill_null(NOTHING)
