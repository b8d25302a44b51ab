"""Rows whose key is in the register already, or earlier in the file: the same again, or changed.

Secrets are compared opened, inside the process that holds the identity key; only the rows of one
batch that have a twin are opened at a time.

Example: customer 3 of October comes in November with another telephone: one change, of the column
`phone`. Customer 4 comes as he is: unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from polars import col

from genlib.register.bulk import UTC_INSTANT
from genlib.register.contradictions import FAULTS
from genlib.register.database import Register
from genlib.register.schema import plain_columns, table
from genlib.register.store import opened
from genlib.register.vault import IdentityKey

THERE = " there"


@dataclass(frozen=True)
class Sorted:
    """The rows of a batch: `fresh` ones, `unchanged` ones, and the `changes` of the others (row,
    column, rule `changed`), with the row that each was before in `twins`."""

    fresh: pl.DataFrame
    unchanged: pl.DataFrame
    changes: pl.DataFrame
    twins: pl.DataFrame


def sort_rows(register: Register, name: str, rows: pl.DataFrame, key: IdentityKey) -> Sorted:
    """Tell new rows from those whose primary key is taken; rows are typed and have `row`."""
    keys = [column.name for column in table(name).primary_key]
    columns = [column.name for column in plain_columns(name)]
    whole = rows.with_columns(col(UTC_INSTANT).dt.truncate("1s"))  # as the register keeps them
    stored = opened(register.matching(name, whole.select(keys).unique()), name, key)
    firsts = whole.filter(pl.struct(keys).is_first_distinct())
    fresh = firsts.join(stored, on=keys, how="anti", maintain_order="left")
    there = pl.concat([stored.select(columns), fresh.select(columns)])
    repeats = whole.join(fresh, on="row", how="anti", maintain_order="left")
    twins = repeats.join(there, on=keys, suffix=THERE, maintain_order="left")
    compared = [column for column in columns if column not in keys]
    differs = {name: col(name).ne_missing(col(f"{name}{THERE}")) for name in compared}
    differences = twins.select("row", **differs)
    changes = (
        differences.unpivot(index="row", variable_name="column", value_name="differs")
        .filter(col("differs").cast(pl.Boolean))  # a table of keys alone has no column to differ in
        .select("row", "column", rule=pl.lit("changed"))
        .cast(FAULTS)
    )
    unchanged = repeats.join(changes, on="row", how="anti", maintain_order="left")
    return Sorted(fresh, unchanged, changes, twins.join(changes, on="row", how="semi"))
