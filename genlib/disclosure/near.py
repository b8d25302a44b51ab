"""Near twins: two figures so few people apart that one taken from the other tells of them, and how
far such a difference must be free to move.

Example: 120 were to have a message and 117 of them had one, so 3 had none. The 117 must be able to
go down by 2, to where enough people had none, and up by 1.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import PLACES, WORD, people_in, words

PAIRS = 50_000
TWIN = {"figure": pl.UInt32, "variable": pl.Int64, "up": pl.Int64, "down": pl.Int64}


def find_twins(figures: pl.DataFrame, past: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Those of the figures of a report that are near twins of one that was told before: `figure`,
    `variable`, and the moves `up` and `down` that it needs so that nobody can tell the difference.

    Who is in figures without a sketch is not known; such a one is held against the figures of its
    own cell at other times only, and nearly as many people count as a small change. One that was
    withdrawn does not stand against the same cell told anew.
    """
    pairs = _find_pairs(figures, past, policy)
    is_corrected = pl.col("withdrawn_old") & (pl.col("series") == pl.col("series_old"))
    return _list_needs(pairs.filter(~is_corrected), policy)


def find_own_twins(figures: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Those that are near twins of one of an earlier table, or place, of the same report."""
    first = figures.unique("variable", keep="first", maintain_order=True)
    pairs = _find_pairs(first, first, policy)
    return _list_needs(pairs.filter(pl.col("our") > pl.col("their")), policy)


def find_twin_rows(figures: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The figures of one table that are near twins of one before them."""
    comparable = figures.drop_nulls("sketch").with_columns(series=pl.lit(""))
    numbered = number_figures(comparable)
    return numbered.join(find_own_twins(numbered, policy), on="figure", how="semi")


def number_figures(figures: pl.DataFrame) -> pl.DataFrame:
    """Figures outside a model, each a variable of its own."""
    return figures.with_row_index("figure").with_columns(variable=pl.col("figure"))


def _find_pairs(ours: pl.DataFrame, others: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """All pairs of figures that few people part, the numbers of both side by side."""
    mine = ours.with_row_index("our")
    theirs = others.with_row_index("their")
    pairs = pl.concat([_measure(mine, theirs, policy.min_count), _guess(mine, theirs, policy)])
    return pairs.join(mine, on="our").join(theirs, on="their", suffix="_old")


def _list_needs(pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    difference = pl.col("value") - pl.col("value_old")
    heads = pl.col("heads") & pl.col("heads_old")
    asked = move_apart(pairs.with_columns(difference=difference, heads=heads), policy)
    needs = asked.group_by("figure", "variable").agg(pl.col("up", "down").max()).sort("figure")
    return needs.cast(TWIN)  # type: ignore[arg-type]


def _measure(ours: pl.DataFrame, others: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Pairs of figures (`our`, `their`) that so few people part, and how many (`apart`); those of
    the very same people are none."""
    mine = ours.filter(pl.col("people") >= threshold)
    same = others.group_by("sketch", "numbering", maintain_order=True).agg("their")
    close = find_close(mine, same.with_row_index("same"), threshold)
    pairs = close.filter(pl.col("apart") > 0).join(same.with_row_index("same"), on="same")
    return pairs.explode("their").select("our", "their", "apart")


def _guess(ours: pl.DataFrame, others: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Pairs of figures of one cell at two times, of which nobody knows who they are of."""
    cell = ["series", "where", "measure"]
    both = ours.join(others, on=cell, suffix="_old")
    is_renumbered = pl.col("numbering").ne_missing(pl.col("numbering_old"))
    is_undrawn = pl.any_horizontal(pl.col("sketch", "sketch_old").is_null())
    is_other = pl.col("value") != pl.col("value_old")
    change = pl.col("value") - pl.col("value_old")
    others_change = pl.col("people") - pl.col("people_old")
    people = pl.when(kind="people").then(change).otherwise(others_change).abs()
    near = both.filter(is_undrawn | is_renumbered, is_other, people < policy.min_count)
    return near.select("our", "their", apart=people.clip(1))


def move_apart(pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The pairs whose `difference` must stay unsure, and how far `up` and `down` it must be free to
    move: heads so that it may be nobody or enough who make it, the rest by p% of what they brought
    or took: nobody can tell that closely. `apart`: how many people make it.

    A difference of heads is of as many people at least, and one of nothing else is left: some
    brought as much as others took.
    """
    size = pl.col("difference").abs()
    few = pl.col("heads") | (size < policy.min_count)  # so few events are of as few people
    are_people = pl.col("heads") | (pl.col("kind") == "people")
    who = pl.when(are_people).then(pl.max_horizontal("apart", size)).otherwise(size)
    part = ((size * policy.p + 99) // 100).clip(1)
    missing = policy.min_count - who
    free: dict[str, pl.Expr] = {}
    for side, sign in (("up", 1), ("down", -1)):
        is_back_to_none = pl.col("difference") == -sign * who
        of_few = pl.when(is_back_to_none).then(1).otherwise(missing)
        free[side] = pl.when(few).then(of_few).otherwise(part)
    is_swap = ~pl.col("heads") & (pl.col("kind") == "people")
    is_telling = pl.when("heads").then(size < policy.min_count).otherwise((size > 0) | is_swap)
    return pairs.filter(is_telling).with_columns(**free)


def find_close(ours: pl.DataFrame, others: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Pairs of the first columns of two frames with a `sketch`, that fewer than so many people
    part, and how many do (`apart`). Only people who were drawn by the same `numbering` are
    compared.

    Such figures agree in one of so many bands of places, whichever way they differ.
    """
    names = [ours.columns[0], others.columns[0]]
    sides = [side.drop_nulls("sketch") for side in (ours, others)]
    ends = [PLACES * band // threshold for band in range(threshold + 1)]
    alike = []
    for start, end in pairwise(ends):
        size = WORD.itemsize
        band = pl.col("sketch").bin.slice(start * size, (end - start) * size)
        mine, theirs = (
            side.select(name, "numbering", band=band)
            for side, name in zip(sides, names, strict=True)
        )
        met = mine.join(theirs, on=["band", "numbering"], nulls_equal=True)
        alike.append(met.select(names))
    pairs = pl.concat(alike).unique().sort(names)
    for side, name in zip(sides, names, strict=True):
        pairs = pairs.join(side.select(name, "sketch"), on=name, maintain_order="left")
    counts = [
        people_in(words(part["sketch"]) - words(part["sketch_right"]))
        for part in pairs.iter_slices(PAIRS)
    ]
    apart = np.concatenate([np.zeros(0, np.int64), *counts])
    return pairs.select(*names, apart=pl.Series(apart)).filter(pl.col("apart") < threshold)
