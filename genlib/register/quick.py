"""Rows that may be as the register has them already, read without the rules.

Of most files nearly every row is as it was a month ago. Such a row broke no rule when it came in,
so it need not be examined again: it is read in the plainest way, and where that gives what the
register has in every column it is unchanged. Only what cannot be read so, and what differs, goes
through the rules. So nothing comes in that the rules did not see.

Example: `+358491234567` is what the register has, and unchanged; `049 123 4567` differs from it,
goes through the rules, becomes `+358491234567` and is found to be unchanged there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from polars import col

from genlib.register.bulk import UTC_INSTANT
from genlib.register.store import plain_schema

INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
WHOLE = r"^-?[0-9]{1,18}$"
TRUTHS = {"true": True, "false": False}


def read_plainly(
    raw: pl.DataFrame, name: str, columns: Sequence[str], keys: Sequence[str]
) -> pl.DataFrame:
    """`row` and the given columns of the rows that are written as the register itself writes them;
    none of those that share their key with another row. raw: texts, with `row`."""
    schema = plain_schema(name)
    if pl.Float64 in schema.values() or not {*keys, *columns} <= {*raw.columns}:
        return pl.DataFrame(schema={"row": pl.Int64()})
    texts = raw.select("row", *(_blank(column).alias(column) for column in columns))
    values = texts.select("row", *(_read(column, schema[column]) for column in columns))
    # "01" and "1" are two texts and one number
    is_single = pl.struct(keys).is_unique() if keys[1:] else col(*keys).is_unique()
    is_read = [values[column].is_not_null() | texts[column].is_null() for column in columns]
    return values.filter(is_single, col(keys).is_not_null(), *is_read)


def _blank(column: str) -> pl.Expr:
    return pl.when(col(column) != "").then(col(column))


def _read(column: str, kind: Any) -> pl.Expr:
    """The value of a text that is written as the register writes it, else null."""
    text = col(column)
    if kind == pl.Int64:
        number = text.cast(pl.Int64, strict=False)
        return pl.when(text.str.contains(WHOLE)).then(number)
    if kind == pl.Boolean:
        return text.replace_strict(TRUTHS, default=None, return_dtype=pl.Boolean)
    if kind == pl.Date:
        day = text.str.to_date("%Y-%m-%d", strict=False)
        return pl.when(text.str.contains(DAY)).then(day)
    if kind == UTC_INSTANT:
        # read without its zone, which takes a third of the time
        plain = text.str.strip_suffix("Z")
        instant = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
        return pl.when(text.str.contains(INSTANT)).then(instant.dt.replace_time_zone("UTC"))
    return text
