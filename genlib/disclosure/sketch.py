"""A sketch of who is in a cell: enough to tell how many people two cells differ by, not enough to tell who.

64 parities: every person's 64-bit hash is XORed into one of 64 places, so the XOR of two sketches is the sketch of those who are in one but
not in both. Its places that are not zero are never more than those people: a small difference is always seen as small, and a large one as
large but for a rare collision, which errs to the safe side. The key is the pseudonym's own: a keyed permutation of the customer id.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

PLACES = 64
Words = npt.NDArray[np.uint64]


def sketches(members: pl.DataFrame, identity: str, levels: Iterable[list[str]]) -> pl.DataFrame:
    """`members` (the identity and the dimension columns) as one row a cell: the dimension columns (null = total) and `sketch`."""
    hashed = members.with_columns(_hash=hashes(members[identity])).with_columns(_place=pl.col("_hash") // 2**58, _all=pl.lit(0))
    return pl.concat([_level(hashed, keys) for keys in levels], how="diagonal")


def hashes(identities: pl.Series) -> pl.Series:
    """FNV-1a with a final mix, over whole columns: the same in every version and on every machine."""
    letters = np.asarray(identities.to_list(), dtype=np.bytes_)
    table = letters.view(np.uint8).reshape(len(letters), letters.itemsize).astype(np.uint64)
    value = np.full(len(letters), 0xCBF29CE484222325, np.uint64)
    for column in table.T:
        value = (value ^ column) * np.uint64(0x100000001B3)
    return pl.Series((value ^ (value >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15), dtype=pl.UInt64)


def differences(first: Words, second: Words) -> npt.NDArray[np.int64]:
    """At least how many people are in one but not in both, row by row; exact up to a rare collision while they are few."""
    apart: npt.NDArray[np.int64] = np.count_nonzero(first ^ second, axis=1).astype(np.int64)
    return apart


def _level(hashed: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    parity = hashed.unique(["_hash", *keys]).group_by(*keys, "_all", "_place").agg(pl.col("_hash").bitwise_xor())
    cells = parity.select(*keys, "_all").unique().with_row_index("_row")
    placed = parity.join(cells, on=[*keys, "_all"])
    words = np.zeros((cells.height, PLACES), np.uint64)
    words[placed["_row"].to_numpy(), placed["_place"].to_numpy()] = placed["_hash"].to_numpy()
    return cells.drop("_row", "_all").insert_column(len(keys), pl.Series("sketch", words.tolist(), pl.List(pl.UInt64)))
