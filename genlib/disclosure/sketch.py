"""A sketch of who is in a cell: enough to tell how many people two cells differ by, not enough to tell who.

64 parities: every person's 64-bit number is XORed into one of 64 places, so the XOR of two sketches is the sketch of those who are in one
but not in both. Its places that are not zero are never more than those people: a small difference is always seen as small, and a large one
as large but for a rare collision, which errs to the safe side. The key is the pseudonym's own: a keyed permutation of the customer id.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

PLACES = 64
WIDTH = 8 * PLACES
LETTERS = 12
"""As many letters, read to the base 36, as a whole number of 64 bits can hold."""

Words = npt.NDArray[np.uint64]


def numbers(pseudonyms: pl.Series) -> pl.Series:
    """A number for each pseudonym, from its last 24 letters: the same in every version and on every machine."""
    ends = [pseudonyms.str.slice(-LETTERS * part, LETTERS).str.to_integer(base=36, strict=False) for part in (1, 2)]
    low, high = (end.fill_null(0).to_numpy().astype(np.uint64) for end in ends)
    known = ends[0].is_not_null() & ends[1].is_not_null()
    return pl.select(pl.when(known).then(pl.Series(low ^ (high * np.uint64(0x9E3779B97F4A7C15))))).to_series()


def sketches(members: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """`members`, one row a person and cell, with `keys` and `_number`, as one row a cell: keys and `sketch`; null where somebody there is
    not known by a pseudonym."""
    cells = members.with_columns(_row=pl.struct(keys).rank("dense") - 1 if keys else pl.lit(0))
    words = np.zeros((cells.select(keys).n_unique() if keys else 1, PLACES), np.uint64)
    mixed = _mixed(cells["_number"].fill_null(0).to_numpy())
    np.bitwise_xor.at(words, (cells["_row"].to_numpy(), mixed >> np.uint64(58)), mixed)
    known = cells.group_by("_row").agg(pl.col(keys).first(), pl.col("_number").is_not_null().all()).sort("_row")
    drawn = pl.Series("sketch", [line.tobytes() for line in words[: known.height]], pl.Binary)
    return known.select(*keys, sketch=pl.when("_number").then(drawn))


def words(drawn: pl.Series) -> Words:
    """Sketches as rows of words."""
    return np.frombuffer(b"".join(drawn), np.uint64).reshape(-1, PLACES)


def differences(first: Words, second: Words) -> npt.NDArray[np.int64]:
    """At least how many people are in one but not in both, row by row; exact up to a rare collision while they are few."""
    apart: npt.NDArray[np.int64] = np.count_nonzero(first ^ second, axis=1).astype(np.int64)
    return apart


def _mixed(number: Any) -> Words:
    """splitmix64, so that the place of a person tells nothing of his neighbour's."""
    value: Words = number + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(factor)
    return value ^ (value >> np.uint64(31))
