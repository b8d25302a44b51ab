"""A sketch of who brought how much to a figure: enough to tell by how many people two figures
differ, not enough to tell by whom.

Each person's number picks one of 64 places and a factor; what he brought (1 where people are
counted), times the factor, is added up there, modulo 2^32. So sketches add and subtract as their
figures do, and the places of a difference that are not zero are never more than the people who make
it: a small difference is always seen as small, and a large one as large unless people meet in a
place, which errs to the safe side. Five would in 15 % of cases, so places are drawn twice and the
greater count is believed: then it is 2 %. The key is the pseudonym's own: a keyed permutation of
the customer id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

PLACES, DRAWS = 64, 2
WORD = np.dtype(np.uint32)
WIDTH = PLACES * DRAWS
SIZE = WIDTH * WORD.itemsize
SLICE = 1 << 20
"""So many words can be added up in a double without a rest."""
LETTERS = 12
"""As many letters, read to the base 36, as a whole number of 64 bits can hold."""

Words = npt.NDArray[np.uint32]


def numbers(pseudonyms: pl.Series) -> pl.Series:
    """A number for each pseudonym, from its last 24 letters: the same in every version and on every
    machine."""
    ends = [
        pseudonyms.str.slice(-LETTERS * part, LETTERS).str.to_integer(base=36, strict=False)
        for part in (1, 2)
    ]
    low, high = (end.fill_null(0).to_numpy().astype(np.uint64) for end in ends)
    is_pseudonym = ends[0].is_not_null() & ends[1].is_not_null()
    mixed = pl.Series(low ^ (high * np.uint64(0x9E3779B97F4A7C15)))
    return pl.select(pl.when(is_pseudonym).then(mixed)).to_series()


def sketches(members: pl.DataFrame, keys: Sequence[str], sums: Sequence[str] = ()) -> pl.DataFrame:
    """`members`, one row a person and cell, with `keys`, `_number` and what each brought to the
    `sums`, as one row a cell: keys, and a sketch of its `people` and of each sum; null where
    somebody there is not known by a pseudonym."""
    cells, wholes = _place(members, keys)
    mixed = _mixed(cells["_number"].fill_null(0).to_numpy())
    start = cells["_row"].to_numpy() * WIDTH
    factors = mixed.astype(WORD) | WORD.type(1)  # odd, so that no power of two makes it nothing
    brought = {"people": factors} | {
        name: factors * cells[name].to_numpy().astype(np.int64).astype(WORD) for name in sums
    }
    lines = {name: np.zeros(wholes.height * WIDTH, WORD) for name in brought}
    for draw in range(DRAWS):
        places_drawn = (mixed >> np.uint64(58 - 6 * draw)).astype(np.int64) % PLACES
        places = start + places_drawn + PLACES * draw
        for name, parts in brought.items():
            lines[name] += _add_up(places, parts, wholes.height)
    sketched = {
        name: pl.when("_number").then(packed(sums_of.reshape(-1, WIDTH)))
        for name, sums_of in lines.items()
    }
    return wholes.select(*keys, **sketched)


def _place(members: pl.DataFrame, keys: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The members with the number of their cell (`_row`); the cells in that order, with whether
    everybody there is known (`_number`)."""
    are_known = pl.col("_number").is_not_null().all()
    if not keys:
        whole = members.select(are_known)
        return members.with_columns(_row=pl.lit(0, pl.Int64)), whole.head(min(1, members.height))
    wholes = members.group_by(keys).agg(are_known).sort(keys)
    numbered = wholes.select(keys).with_columns(_row=pl.int_range(wholes.height, dtype=pl.Int64))
    cells = members.join(numbered, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return cells, wholes


def _number_cells(keys: Sequence[str]) -> pl.Expr:
    """A number for each cell, from 0 on."""
    return pl.struct(keys).rank("dense").cast(pl.Int64) - 1 if keys else pl.lit(0, pl.Int64)


def add_sketches(parts: pl.DataFrame, keys: Sequence[str], names: Sequence[str]) -> pl.DataFrame:
    """The sketches of wholes, by `keys`, from those of parts in which nobody stands twice; null
    where one of them is."""
    placed = parts.with_columns(_row=_number_cells(keys))
    wholes = placed.group_by("_row").agg(
        pl.col(keys).first(), pl.col("people").is_not_null().all().alias("_known")
    )
    wholes = wholes.sort("_row")
    sketched = placed.drop_nulls("people")
    added = {}
    for name in names:
        lines = np.zeros((wholes.height, WIDTH), WORD)
        np.add.at(lines, sketched["_row"].to_numpy(), words(sketched[name]))
        added[name] = pl.when("_known").then(packed(lines))
    return wholes.select(*keys, **added)


def _add_up(places: npt.NDArray[np.int64], parts: Words, cells: int) -> Words:
    """The parts at each place, modulo 2^32: exact, since sums of fewer than two million words have
    room in a double; more are added up a slice at a time."""
    total = np.zeros(cells * WIDTH, WORD)
    for begin in range(0, len(parts), SLICE):
        part = slice(begin, begin + SLICE)
        sums = np.bincount(places[part], weights=parts[part], minlength=len(total))
        total += sums.astype(np.uint64).astype(WORD)
    return total


def packed(lines: Words) -> pl.Series:
    """Rows of words as sketches."""
    return pl.Series([line.tobytes() for line in lines], dtype=pl.Binary)


def words(sketch_bytes: pl.Series) -> Words:
    """Sketches as rows of words."""
    return np.frombuffer(b"".join(sketch_bytes), WORD).reshape(-1, WIDTH)


def people_in(lines: Words) -> npt.NDArray[np.int64]:
    """At least how many people each row of words is of; exact up to a rare collision while they are
    few."""
    count: npt.NDArray[np.int64] = (
        np.count_nonzero(lines.reshape(-1, DRAWS, PLACES), axis=2).max(axis=1).astype(np.int64)
    )
    return count


def _mixed(number: Any) -> npt.NDArray[np.uint64]:
    """splitmix64, so that the place of a person tells nothing of his neighbour's."""
    value: npt.NDArray[np.uint64] = number + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(factor)
    return value ^ (value >> np.uint64(31))
