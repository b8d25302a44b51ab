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

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

PLACES, DRAWS = 64, 2
WORD = np.dtype(np.uint32)
WIDTH = PLACES * DRAWS
SIZE = WIDTH * WORD.itemsize
SLICE = 1 << 20
"""Rows that are drawn at a time; so many words can be added up in a double without a rest."""
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


@dataclass(frozen=True)
class Sketches:
    """Of each sum rows of words, one a cell; and whether everybody in the cell is known by a
    number."""

    lines: dict[str, Words]
    are_known: npt.NDArray[np.bool_]

    def add_up(self, cells: pl.Series, wholes: int) -> Sketches:
        """The sketches of so many wholes. `cells`: in which of them each part lies; nobody stands
        in two parts of one."""
        places = cells.to_numpy()
        lines = {name: np.zeros((wholes, WIDTH), WORD) for name in self.lines}
        for name, parts in self.lines.items():
            np.add.at(lines[name], places, parts)
        are_known = np.ones(wholes, np.bool_)
        are_known[places[~self.are_known]] = False
        return Sketches(lines, are_known)

    def pack(self) -> dict[str, pl.Series]:
        """The sketches as bytes; null where somebody is not known."""
        return {name: self._pack(lines) for name, lines in self.lines.items()}

    def _pack(self, lines: Words) -> pl.Series:
        known = zip(lines, self.are_known, strict=True)
        sketches = [line.tobytes() if is_known else None for line, is_known in known]
        return pl.Series(sketches, dtype=pl.Binary)


def draw_sketches(rows: pl.DataFrame, cells: int) -> Sketches:
    """The sketches of so many cells, from rows of the number of a `_cell`, the `_number` of a
    person (null: not known), and what he brought to each sum."""
    names = [name for name in rows.columns if name not in {"_cell", "_number"}]
    lines = {name: np.zeros(cells * WIDTH, WORD) for name in names}
    are_known = np.ones(cells, np.bool_)
    for part in rows.iter_slices(SLICE):
        is_strange = part["_number"].is_null()
        are_known[part["_cell"].filter(is_strange).to_numpy()] = False
        mixed = _mixed(part["_number"].fill_null(0).to_numpy())
        factors = mixed.astype(WORD) | WORD.type(1)  # odd: no power of two makes it nothing
        begins = part["_cell"].to_numpy().astype(np.int64) * WIDTH
        for draw in range(DRAWS):
            drawn = (mixed >> np.uint64(58 - 6 * draw)).astype(np.int64) % PLACES
            places = begins + drawn + PLACES * draw
            for name in names:
                brought = part[name].to_numpy().astype(np.int64).astype(WORD)
                lines[name] += _add_up(places, factors * brought, cells)
    whole = {name: words_of.reshape(-1, WIDTH) for name, words_of in lines.items()}
    return Sketches(whole, are_known)


def _add_up(places: npt.NDArray[np.int64], parts: Words, cells: int) -> Words:
    """The parts at each place, modulo 2^32: exact, since sums of so few words have room in a
    double."""
    sums = np.bincount(places, weights=parts, minlength=cells * WIDTH)
    return sums.astype(np.uint64).astype(WORD)


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
