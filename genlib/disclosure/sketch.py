"""A sketch of who brought how much to a figure: enough to tell by how many people two figures
differ, not enough to tell by whom.

Each person's number picks one of 64 places and a factor; what he brought (1 where people are
counted), times the factor, is added up there, modulo 2^32. So sketches add and subtract as their
figures do, and the places of a difference that are not zero are never more than the people who make
it: a small difference is always seen as small, and a large one as large unless people meet in a
place, which errs to the safe side. Five would in 15 % of cases, so places are drawn twice and the
greater count is believed: then it is 2 %. The key is the pseudonym's own: a keyed permutation of
the customer id.

Example: of a figure of persons 1, 2 and 3 and one of 1, 2 and 4 two people make the difference.

>>> rows = pl.DataFrame(
...     {
...         "_cell": [0, 0, 0, 1, 1, 1],
...         "_number": [1, 2, 3, 1, 2, 4],
...         "people": [1, 1, 1, 1, 1, 1],
...     },
...     schema_overrides={"_number": pl.UInt64},
... )
>>> first, second = draw_sketches(rows, 2).lines["people"]
>>> people_in(first - second).tolist()
[2]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

PLACES, DRAWS = 64, 2
WORD = np.dtype(np.uint32)
WIDTH = PLACES * DRAWS
LAST_PLACE = np.uint64(PLACES - 1)
SIZE = WIDTH * WORD.itemsize
SLICE = 1 << 20
"""Rows that are drawn at a time; so many words can be added up in a double without a rest."""
LETTERS = 12
"""As many letters, read to the base 36, as a whole number of 64 bits can hold."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: its multiples are spread evenly."""

Words = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.uint64]
Numbering = Callable[[pl.DataFrame], pl.DataFrame]
"""What puts the `_number` of each person in his place."""


def numbers(pseudonyms: pl.Series) -> pl.Series:
    """A number for each pseudonym, from its last 24 letters: the same in every version and on every
    machine; null for what is none.

    >>> numbers(pl.Series(["000000000001000000000002", "abc-def"])).is_null().to_list()
    [False, True]
    """
    last = _read_letters(pseudonyms.str.slice(-LETTERS))
    before = _read_letters(pseudonyms.str.slice(-2 * LETTERS, LETTERS))
    is_pseudonym = last.is_not_null() & before.is_not_null()
    low = last.fill_null(0).to_numpy().astype(np.uint64)
    high = before.fill_null(0).to_numpy().astype(np.uint64)
    mixed = pl.Series(low ^ (high * GOLDEN))
    return pl.select(pl.when(is_pseudonym).then(mixed)).to_series()


def _read_letters(letters: pl.Series) -> pl.Series:
    return letters.str.to_integer(base=36, strict=False)


@dataclass(frozen=True)
class Sketches:
    """Of each sum rows of words, one a cell; and whether everybody in the cell is known by a
    number."""

    lines: dict[str, Words]
    are_known: npt.NDArray[np.bool_]

    def add_up(self, cells: pl.Series, wholes: int) -> Sketches:
        """The sketches of so many wholes. `cells`: in which of them each part lies, one at least in
        each; nobody stands in two parts of one.

        One person each in three cells, of which the first two are one whole:

        >>> rows = pl.DataFrame(
        ...     {"_cell": [0, 1, 2], "_number": [1, 2, 3], "people": [1, 1, 1]},
        ...     schema_overrides={"_number": pl.UInt64},
        ... )
        >>> wholes = draw_sketches(rows, 3).add_up(pl.Series([0, 0, 1]), 2)
        >>> people_in(wholes.lines["people"]).tolist()
        [2, 1]
        """
        places = cells.to_numpy()
        order = np.argsort(places, kind="stable")
        begins = np.searchsorted(places[order], np.arange(wholes))
        lines = {}
        for name, parts in self.lines.items():
            lines[name] = np.add.reduceat(parts[order], begins, axis=0, dtype=WORD)
        are_known = np.ones(wholes, np.bool_)
        are_known[places[~self.are_known]] = False
        return Sketches(lines, are_known)

    def pack(self) -> dict[str, pl.Series]:
        """The sketches as bytes; null where somebody is not known.

        >>> rows = pl.DataFrame(
        ...     {"_cell": [0, 1], "_number": [1, None], "people": [1, 1]},
        ...     schema_overrides={"_number": pl.UInt64},
        ... )
        >>> draw_sketches(rows, 2).pack()["people"].is_null().to_list()
        [False, True]
        """
        return {name: self._pack_lines(lines) for name, lines in self.lines.items()}

    def _pack_lines(self, lines: Words) -> pl.Series:
        known = pl.Series(self.are_known)
        sketches = pl.Series([line.tobytes() for line in lines], dtype=pl.Binary)
        return pl.select(pl.when(known).then(sketches)).to_series()


def draw_sketches(rows: pl.DataFrame, cells: int, add_numbers: Numbering | None = None) -> Sketches:
    """The sketches of so many cells, from rows of the number of a `_cell`, the `_number` of a
    person (null: not known), and what he brought to each sum. `add_numbers` makes such rows of
    others, a slice at a time, so that the numbers take little room."""
    number = add_numbers or pl.DataFrame.clone
    names = [name for name in number(rows.clear()).columns if name not in {"_cell", "_number"}]
    lines = {name: np.zeros(cells * WIDTH, WORD) for name in names}
    are_known = np.ones(cells, np.bool_)
    for some in rows.iter_slices(SLICE):
        part = number(some)
        strangers = part.filter(pl.col("_number").is_null())
        are_known[strangers["_cell"].to_numpy()] = False
        mixed = _mix(part["_number"].fill_null(0).to_numpy())
        factors = mixed.astype(WORD) | WORD.type(1)  # odd: no power of two makes it nothing
        begins = part["_cell"].to_numpy().astype(np.int64) * WIDTH
        for draw in range(DRAWS):
            places = begins + PLACES * draw + _pick_places(mixed, draw)
            for name in names:
                brought = part[name].to_numpy().astype(np.int64).astype(WORD)
                lines[name] += _add_words(places, factors * brought, cells)
    whole = {name: sums.reshape(-1, WIDTH) for name, sums in lines.items()}
    return Sketches(whole, are_known)


def _pick_places(mixed: Numbers, draw: int) -> npt.NDArray[np.int64]:
    """One of 64 places for each number, from six bits of it: others at each draw.

    >>> number = np.array([(5 << 58) + (9 << 52)], np.uint64)
    >>> _pick_places(number, 0).tolist(), _pick_places(number, 1).tolist()
    ([5], [9])
    """
    bits = mixed >> np.uint64(58 - 6 * draw)
    return (bits & LAST_PLACE).astype(np.int64)


def _add_words(places: npt.NDArray[np.int64], parts: Words, cells: int) -> Words:
    """The parts at each place, modulo 2^32: exact, since sums of so few words have room in a
    double.

    >>> parts = np.array([2**31, 2**31 + 5], WORD)
    >>> _add_words(np.array([0, 0]), parts, 1)[:2].tolist()
    [5, 0]
    """
    sums = np.bincount(places, weights=parts, minlength=cells * WIDTH)
    return sums.astype(np.uint64).astype(WORD)


def words(sketch_bytes: pl.Series) -> Words:
    """Sketches as rows of words."""
    return np.frombuffer(b"".join(sketch_bytes), WORD).reshape(-1, WIDTH)


def people_in(lines: Words) -> npt.NDArray[np.int64]:
    """At least how many people each row of words is of; exact up to a rare collision while they are
    few.

    Of three places that are not zero in the first draw and two in the second, three are believed:

    >>> line = np.zeros(WIDTH, WORD)
    >>> line[[0, 5, 9]] = 1
    >>> line[[PLACES + 2, PLACES + 3]] = 1
    >>> people_in(line).tolist()
    [3]
    """
    draws = lines.reshape(-1, DRAWS, PLACES)
    counts: npt.NDArray[np.int64] = np.count_nonzero(draws, axis=2).max(axis=1).astype(np.int64)
    return counts


def _mix(number: Numbers) -> Numbers:
    """splitmix64, so that the place of a person tells nothing of his neighbour's."""
    value = number + GOLDEN
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
