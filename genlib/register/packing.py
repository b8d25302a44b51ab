"""A column as one text, so that the database hands a batch of rows over as a few values: no cell
becomes an object on the way, and nothing that came is written to be compared.

A text is what the cells hold, each followed by U+001E: whole numbers, days since 1970 and seconds
since 1970 in digits, truths as 1 and 0, bytes in hexadecimal, U+0001 for nothing. No text of the
register has such characters (`spelling.CONTROL`).

Example: the days 2 January 1970 and nothing are `1\\x1e\\x01\\x1e`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from polars import col

RECORD = "\x1e"
"""Behind each cell."""
NOTHING = "\x01"
NOWHERE = "\x02"
"""In no cell."""
AS_TEXT = (pl.String, pl.Binary)


def part_columns(texts: Sequence[bytes | str | None], wanted: pl.Schema) -> pl.DataFrame:
    """The frame of columns that the database handed over as one text each, bytes in hexadecimal. A
    reader of CSV parts them, which drops a carriage return that ends a cell: a text that came ends
    in none. Texts that are not what their columns hold are an error of Polars."""
    cells = {name: pl.String if kind in AS_TEXT else pl.Int64 for name, kind in wanted.items()}
    columns = pl.collect_all(
        [
            _part_cells(text, pl.Schema({name: kind}))
            for text, (name, kind) in zip(texts, cells.items(), strict=True)
            if text
        ]
    )
    if not columns:
        return write_bytes(pl.DataFrame(schema=wanted))
    # columns of different lengths are refused here
    frame = pl.DataFrame([column.to_series() for column in columns])
    return frame.select(_load_cell(name, kind) for name, kind in wanted.items())


def write_bytes(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with their bytes in hexadecimal, as packed: to read it takes six times as long."""
    return rows.with_columns(pl.selectors.binary().bin.encode("hex").str.to_uppercase())


def _part_cells(text: bytes | str, cells: pl.Schema) -> pl.LazyFrame:
    return pl.scan_csv(
        text.encode() if isinstance(text, str) else text,
        has_header=False,
        schema=cells,
        separator=NOWHERE,
        eol_char=RECORD,
        quote_char=None,
        null_values=NOTHING,
        empty_string_is_null=False,
    )


def _load_cell(name: str, kind: Any) -> pl.Expr:
    value = col(name)
    if isinstance(kind, pl.Datetime):
        whole = pl.from_epoch(value, "s").dt.cast_time_unit("us")
        return whole.dt.replace_time_zone("UTC").alias(name)
    if kind == pl.Date:
        return value.cast(pl.Int32).cast(pl.Date)
    return value if kind == pl.Binary else value.cast(kind)
