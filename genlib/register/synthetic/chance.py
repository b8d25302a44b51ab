"""Draws and dates for whole columns: every random choice takes the one seeded generator, NEVER stands for a date that does not come."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NEVER = 1 << 40
"""Later than any day and any second of the register; becomes null in a frame."""
DAY = 86_400


def number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def pick(rng: np.random.Generator, weights: Any, size: int) -> Ints:
    """Indexes drawn in proportion to `weights`."""
    edges = np.cumsum(weights, dtype=np.float64)
    return np.minimum(np.searchsorted(edges, rng.random(size) * edges[-1], side="right"), len(edges) - 1).astype(np.int64)


def rounded(values: npt.NDArray[Any]) -> Ints:
    return np.rint(values).astype(np.int64)


def days(values: Ints) -> pl.Series:
    return _dated(values, pl.Int32, pl.Date)


def instants(values: Ints) -> pl.Series:
    """UTC seconds as timestamps."""
    return _dated(values, pl.Int64, pl.Datetime("ms", "UTC"), 1000).cast(pl.Datetime("us", "UTC"))


def where(mask: Mask, text: pl.Series) -> pl.Series:
    """`text` where `mask`, else null."""
    return pl.select(pl.when(pl.Series(mask)).then(text)).to_series()


def taken(values: pl.Series, index: Ints) -> pl.Series:
    return values.gather(pl.Series(index))


def _dated(values: Ints, integer: Any, dated: Any, scale: int = 1) -> pl.Series:
    kept = pl.when(pl.col("v") < NEVER).then(pl.col("v") * scale)
    return pl.DataFrame({"v": values}).select(kept.cast(integer).cast(dated)).to_series()


def digit_sum(values: Ints, weights: tuple[int, ...], places: int) -> Ints:
    """Weighted sum of decimal digits from the right, the weights repeating."""
    total = np.zeros_like(values)
    for place in range(places):
        total += values // 10**place % 10 * weights[place % len(weights)]
    return total


def references(serial: Ints) -> pl.Series:
    """National reference numbers (viitenumero): weights 7, 3, 1 from the right, check digit last."""
    return pl.Series(serial * 10 + -digit_sum(serial, (7, 3, 1), 16) % 10).cast(pl.String)


def business_ids(start: int, size: int) -> tuple[pl.Series, int]:
    """`size` valid business ids from serial `start` on and the next free serial; serials with remainder 1 are not issued (288/2001 3 §)."""
    serial = np.arange(start, start + size * 11 // 9 + 11, dtype=np.int64)
    rest = digit_sum(serial, (2, 4, 8, 5, 10, 9, 7), 7) % 11
    serial, rest = serial[rest != 1][:size], rest[rest != 1][:size]
    text = pl.select(pl.format("{}-{}", pl.Series(serial), pl.Series(np.where(rest == 0, 0, 11 - rest)))).to_series()
    return text, int(serial[-1]) + 1 if size else start
