"""Rows of several batches that wait to be looked at together.

To begin the rules costs as much as to read thousands of rows by them, and of most batches a few
rows differ from the register. So these wait until there are many; but not when a row of the same
number comes, since of two rows of one number the first counts; and not of a source whose next rows
are looked for among the customers of these (`feeds.joining`).

Example: of ten batches of 20,000 customers 200 rows differ each; all 2,000 are looked at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from polars import col

from genlib.register.spelling import read_number

MANY = 4_096


class Waiting:
    """The rows that wait, as texts with `row`, in the order in which they came. `keys`: the columns
    that number a row."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = list(keys)
        self.frames: list[pl.DataFrame] = []
        self.numbers = [pl.DataFrame(schema=dict.fromkeys(keys, pl.Int64))]

    def add(self, rows: pl.DataFrame) -> int:
        """Let rows wait behind the others; how many do now."""
        if rows.height:
            self.frames.append(rows)
            self.numbers.append(_read_numbers(rows, self.keys))
        return sum(frame.height for frame in self.frames)

    def is_met_by(self, rows: pl.DataFrame) -> bool:
        """Whether a row has the number of one that waits."""
        if not self.frames:
            return False
        numbers = _read_numbers(rows, self.keys)
        return not numbers.join(pl.concat(self.numbers), on=self.keys, how="semi").is_empty()

    def take(self) -> pl.DataFrame | None:
        """The rows; none waits any more."""
        rows = pl.concat(self.frames) if self.frames else None
        self.frames = []
        self.numbers = self.numbers[:1]
        return rows


def _read_numbers(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The numbers of rows, however they are written; those without one are left out."""
    plain = rows.select(col(keys).cast(pl.Int64, strict=False))
    if not any(plain.null_count().row(0)):
        return plain
    return rows.select(read_number(key) for key in keys).drop_nulls()
