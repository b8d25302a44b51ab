"""Which figures are so few people apart that one taken from the other tells of them, and how far
such a difference must be free to move."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import PLACES, WORD, Words, people_in, words
from genlib.disclosure.system import Ints

PAIRS = 50_000
BITS = 20


def gated(own: pl.DataFrame, old: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The figures that are too few people apart from one that was published: variable, cell, and
    the moves `up` and `down` that they need. With the `day` and `figures` that were last published
    of the cell itself, where that is what it is too near to.

    Figures of people who are not known are compared with themselves only: another one for nearly as
    many people counts as a small change.
    """
    old = old.with_row_index("row")
    seen = (
        old.filter(pl.col("sketch").is_not_null())
        .group_by("sketch", maintain_order=True)
        .agg("row")
    )
    known = own.filter(pl.col("sketch").is_not_null(), pl.col("people") >= policy.min_count)
    ours, theirs, apart = close(words(known["sketch"]), words(seen["sketch"]), policy.min_count)
    measured = pl.DataFrame(
        {
            "variable": known["variable"].gather(ours),
            "row": seen["row"].gather(theirs),
            "apart": apart,
        }
    )
    measured = measured.filter(pl.col("apart") > 0).explode(
        "row"
    )  # else it is the same; one group of people may stand in several places
    pairs = pl.concat([measured, _guessed(own, old, policy.min_count).select(measured.columns)])
    pairs = pairs.join(own, on="variable").join(old, on="row", suffix="_old")
    asked = moves(
        pairs.with_columns(
            difference=pl.col("value") - pl.col("value_old"),
            heads=pl.col("heads") & pl.col("heads_old"),
        ),
        policy,
    )
    needs = (
        asked.group_by("cell", "variable").agg(pl.col("up", "down").max()).sort("cell", "variable")
    )
    return needs.join(
        _last(asked.filter(pl.col("cell") >= 0), old), on="cell", how="left", maintain_order="left"
    )


def _last(pairs: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """What was last published of each cell that is too near to it."""
    stems, before = (
        pl.col(places).list.eval(pl.element().struct.field("stem"))
        for places in ("places", "places_old")
    )
    itself = pairs.filter(
        stems.list.set_intersection(before).list.len() > 0, pl.col("cell_old") >= 0
    ).sort("day", "page")
    last = (
        itself.group_by("cell", maintain_order=True)
        .last()
        .select("cell", "day", "page", before="cell_old")
    )
    told = old.unique(["page", "cell", "measure"], maintain_order=True)
    told = told.group_by("page", before="cell").agg(figures=pl.struct("measure", "value"))
    return last.join(told, on=["page", "before"]).select("cell", "day", "figures")


def _guessed(own: pl.DataFrame, old: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Each figure beside the earlier one of its name, where the people of one of them are not
    known."""
    ours, before = (
        side.with_columns(stem=pl.col("places"))
        .explode("stem")
        .with_columns(stem=pl.col("stem").struct.field("stem"))
        for side in (own, old)
    )
    unknown = pl.col("sketch").is_null() | pl.col("sketch_old").is_null()
    both = ours.join(before, on=["stem", "measure"], suffix="_old").unique(
        ["variable", "row"], maintain_order=True
    )
    level = (pl.col("people") - pl.col("people_old")).abs()
    near = both.filter(unknown, level < threshold, pl.col("value") != pl.col("value_old"))
    return near.select("variable", pl.col("row"), apart=level.clip(1))


def moves(pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The pairs whose `difference` must stay unsure, and how far `up` and `down` it must be free to
    move: heads so that it may be nobody or enough who make it, the rest by p% of what they brought
    or took: nobody can tell that closely. `apart`: how many people make it.

    A difference of heads is of as many people at least, and one of nothing else is left: some
    brought as much as others took.
    """
    size = pl.col("difference").abs()
    few = pl.col("heads") | (size < policy.min_count)  # so few events are of as few people
    who = pl.when("heads").then(pl.max_horizontal("apart", size)).otherwise(size)
    part = ((size * policy.p + 99) // 100).clip(1)
    free = {
        side: pl.when(few)
        .then(
            pl.when(pl.col("difference") == -sign * who).then(1).otherwise(policy.min_count - who)
        )
        .otherwise(part)
        for side, sign in (("up", 1), ("down", -1))
    }
    return pairs.filter(
        pl.when("heads").then(size < policy.min_count).otherwise(size > 0)
    ).with_columns(**free)


def close(first: Words, second: Words, threshold: int) -> tuple[Ints, Ints, Ints]:
    """Rows of the two that fewer than so many people part, and how many do.

    Such rows agree in one of so many bands of places, whichever way they differ.
    """
    ends = [PLACES * band // threshold for band in range(threshold + 1)]
    bands = [
        [
            _banded(lines[:, start:end], name)
            for lines, name in ((first, "first"), (second, "second"))
        ]
        for start, end in pairwise(ends)
    ]
    alike = (
        pl.concat([ours.join(theirs, on="band").drop("band") for ours, theirs in bands])
        .unique()
        .sort("first", "second")
    )
    parts = [
        (part["first"].to_numpy(), part["second"].to_numpy()) for part in alike.iter_slices(PAIRS)
    ]
    apart = np.concatenate(
        [
            np.zeros(0, np.int64),
            *(people_in(first[ours] - second[theirs]) for ours, theirs in parts),
        ]
    )
    near = alike.with_columns(apart=apart).filter(pl.col("apart") < threshold)
    return tuple(near[column].to_numpy().astype(np.int64) for column in near.columns)  # type: ignore[return-value]


def _banded(lines: Words, name: str) -> pl.DataFrame:
    return pl.DataFrame({name: np.arange(len(lines), dtype=np.int64), "band": hashed(lines)})


def hashed(lines: Words) -> npt.NDArray[np.uint64]:
    """A number for each row of words, the same for the same words."""
    factors = np.random.default_rng(1).integers(1, 2**63, lines.shape[1], np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    sealed: npt.NDArray[np.uint64] = (lines * factors).sum(axis=1, dtype=np.uint64)
    return sealed


def threes(lines: Words, others: Words, sign: int, threshold: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Two rows of the `lines`, added or subtracted, that fewer than so many people part from one of
    the `others`, and how many do."""
    first, second = np.triu_indices(len(lines), 1)
    ends = [PLACES * band // threshold for band in range(threshold + 1)]
    found = [np.zeros((3, 0), np.int64)]
    for start, end in pairwise(ends):
        ours, theirs = (_sealed(side[:, start:end]) for side in (lines, others))
        row, third = _met(
            ours[first] + ours[second] if sign > 0 else ours[first] - ours[second], theirs
        )
        found.append(np.stack([first[row], second[row], third]))
    alike = np.unique(np.concatenate(found, axis=1), axis=1)
    alike = alike[:, (lines is not others) | ((alike[2] != alike[0]) & (alike[2] != alike[1]))]
    pairs = lines[alike[0]] + lines[alike[1]] if sign > 0 else lines[alike[0]] - lines[alike[1]]
    apart = people_in(pairs - others[alike[2]])
    near = apart < threshold
    return (*alike[:, near], apart[near])


def _met(keys: Words, others: Words) -> tuple[Ints, Ints]:
    """The places of equal keys; most have none, which a look at their last bits tells."""
    there = np.zeros(2**BITS, bool)
    there[others & WORD.type(2**BITS - 1)] = True
    some = np.flatnonzero(there[keys & WORD.type(2**BITS - 1)])
    order = np.argsort(others, kind="stable")
    low, high = (np.searchsorted(others[order], keys[some], side) for side in ("left", "right"))
    many = high - low
    at = np.arange(many.sum()) - np.repeat(many.cumsum() - many, many) + np.repeat(low, many)
    return np.repeat(some, many), order[at]


def _sealed(lines: Words) -> Words:
    """A number for each row that adds up as the rows do."""
    factors = np.random.default_rng(2).integers(1, 2**31, lines.shape[1], np.uint32) * np.uint32(
        2
    ) + np.uint32(1)
    sealed: Words = (lines * factors).sum(axis=1, dtype=np.uint32)
    return sealed
