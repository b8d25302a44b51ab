"""Draws for whole columns: every random choice takes the one seeded generator.

Rows on their way to a table are named tuples of columns. Days count from 1970-01-01, instants are
UTC seconds since then, and NEVER stands for one that does not come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Rng = np.random.Generator
Rows = TypeVar("Rows", bound=NamedTuple)

NEVER = 1 << 40
"""Later than any day and any second of the register."""
DAY = 86_400


def number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def pick(rng: Rng, weights: Any, size: int) -> Ints:
    """Indexes drawn in proportion to `weights`."""
    edges = np.cumsum(weights, dtype=np.float64)
    index: Ints = np.minimum(
        np.searchsorted(edges, rng.random(size) * edges[-1], side="right"), len(edges) - 1
    )
    return index


def office_hours(rng: Rng, day: Ints) -> Ints:
    """A second of the working day."""
    second: Ints = day * DAY + rng.integers(25_000, 60_000, len(day))
    return second


def whole(values: npt.NDArray[Any]) -> Ints:
    """Rounded to integers."""
    nearest: Ints = np.rint(values).astype(np.int64)
    return nearest


def stacked(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts."""
    return parts[0]._make(map(np.concatenate, zip(*parts, strict=True)))


def those(rows: Rows, which: Ints | Mask) -> Rows:
    """Some of the rows."""
    return rows._make(column[which] for column in rows)


def where(mask: Mask, values: pl.Series) -> pl.Series:
    """`values` where `mask`, else null."""
    return pl.select(pl.when(pl.Series(mask)).then(values)).to_series()


def text(template: str, *parts: Any) -> pl.Series:
    """`template` with each {} filled from a column."""
    return pl.select(pl.format(template, *map(pl.Series, parts))).to_series()


def references(serial: Ints) -> pl.Series:
    """National reference numbers (viitenumero): weights 7, 3, 1 from the right, check digit
    last."""
    return pl.Series(serial * 10 + -_digit_sum(serial, (7, 3, 1), 16) % 10).cast(pl.String)


def business_ids(start: int, size: int) -> tuple[pl.Series, int]:
    """`size` valid business ids from serial `start` on and the next free serial; serials with
    remainder 1 are not issued (288/2001 3 §)."""
    serial = np.arange(start, start + size * 11 // 9 + 11, dtype=np.int64)
    rest = _digit_sum(serial, (2, 4, 8, 5, 10, 9, 7), 7) % 11
    serial, rest = serial[rest != 1][:size], rest[rest != 1][:size]
    return text("{}-{}", serial, np.where(rest == 0, 0, 11 - rest)), int(serial[-1]) + 1


def _digit_sum(values: Ints, weights: tuple[int, ...], places: int) -> Ints:
    """Weighted sum of decimal digits from the right, the weights repeating."""
    total = np.zeros_like(values)
    for place in range(places):
        total += values // 10**place % 10 * weights[place % len(weights)]
    return total
