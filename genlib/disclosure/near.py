"""Which cells are so few people apart that one taken from the other tells of them.

Each figure is compared with its own kind: people with people, events with events. Events of which each person had one are people by another
name, and that is not heeded yet.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from genlib.disclosure.implied import implied
from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import WIDTH, differences, words

PAIRS = 50_000


def apart(cells: pl.DataFrame, own: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Figures of one report that would tell of too few people if one is taken from the other: `variable` less `variable_old`, and how far
    that must be free to move, `up` and `down`. Cells that are unsafe in themselves are hidden anyway."""
    large = cells.filter(pl.col("people") >= policy.min_count)
    pairs = _few(_measured(large, large, policy.min_count), policy).filter(pl.col("cell") > pl.col("cell_old"))
    asked = _moves(pairs, policy, "cell", "cell_old").join(own, left_on=["cell", "measure"], right_on=["_cell", "measure"])
    asked = asked.join(own, left_on=["cell_old", "measure"], right_on=["_cell", "measure"], suffix="_old")
    return asked.select("variable", "variable_old", "up", "down").sort("variable", "variable_old")


def gated(cells: pl.DataFrame, old: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The cells that are too few people apart from something published, and the `moves` that their figures must be free to make. With the
    `day` and `figures` that were last published of the cell itself, where that is what they are too near to.

    Without sketches a cell is compared with itself only: other figures for nearly as many people count as a small change.
    """
    known = pl.concat([implied(old), old], how="diagonal").unique("sketch", keep="last", maintain_order=True)
    measured = _measured(cells, known, policy.min_count)
    pairs = _few(pl.concat([measured, _guessed(cells, old, policy.min_count)], how="diagonal"), policy)
    itself = pairs.filter(pl.col("stems").list.set_intersection("stems_old").list.len() > 0).sort("day")
    last = itself.group_by("cell", maintain_order=True).last().select("cell", "day", figures="figures_old")
    asked = _moves(pairs, policy, "cell").group_by("cell", "measure").agg(pl.col("up", "down").max())
    moves = asked.sort("cell", "measure").group_by("cell").agg(moves=pl.struct("measure", "up", "down"))
    return moves.join(last, on="cell", how="left").sort("cell")


def _few(pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    return pairs.filter(pl.col("apart").is_between(1, policy.min_count - 1))


def _moves(pairs: pl.DataFrame, policy: Policy, *keys: str) -> pl.DataFrame:
    """How far each figure of `cell` must be free to move, `up` and `down`, with the `keys` of its pair: people so that it may be nobody or
    enough who make the difference, the rest by p% of what they brought or took, so that nobody can tell that closely."""
    pairs = pairs.with_row_index("pair")
    now, before = (pairs.select("pair", "apart", *keys, it=name).explode("it").unnest("it") for name in ("figures", "figures_old"))
    both = now.join(before.select("pair", "measure", "value"), on=["pair", "measure"], suffix="_old", how="left")
    more = pl.col("value_old") - pl.col("value")
    people, left = pl.col("measure") == "people", policy.min_count - pl.col("apart")
    both = both.filter(people | (more != 0).fill_null(True))  # zeros are shown: those few brought nothing
    moves = {
        side: pl.when(~people)
        .then(((more.abs() * policy.p + 99) // 100).clip(1).fill_null(1))
        .when(more == sign * pl.col("apart"))
        .then(1)
        .otherwise(left)
        for side, sign in (("up", 1), ("down", -1))
    }
    return both.select(*keys, "measure", **moves)


def _measured(new: pl.DataFrame, old: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Each cell beside each other one that may be near to it, and by how many people they are at least `apart`."""
    new, old = (side.filter(pl.col("sketch").is_not_null()).with_row_index(name) for side, name in ((new, "new"), (old, "old")))
    close = _alike(new, old, threshold).filter(_level(threshold)).unique(["new", "old"]).sort("new", "old")
    sketches = [(new["sketch"].gather(part["new"]), old["sketch"].gather(part["old"])) for part in close.iter_slices(PAIRS)]
    found = [differences(words(ours), words(theirs)) for ours, theirs in sketches]
    least = pl.max_horizontal(pl.Series(np.concatenate([np.zeros(0, np.int64), *found])), (pl.col("people") - pl.col("people_old")).abs())
    pairs = close.select("new", "old", apart=least)
    return pairs.join(new, on="new").join(old, on="old", suffix="_old").drop("new", "old")


def _guessed(new: pl.DataFrame, old: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Each cell beside the earlier one of its name, where one of them has no sketch."""
    named, before = (side.with_columns(stem="stems").explode("stem") for side in (new, old))
    unknown = pl.col("sketch").is_null() | pl.col("sketch_old").is_null()
    both = named.join(before, on="stem", suffix="_old").filter(_level(threshold), unknown).drop("stem")
    return both.with_columns(apart=(pl.col("figures") != pl.col("figures_old")).cast(pl.Int64))


def _level(threshold: int) -> pl.Expr:
    return (pl.col("people") - pl.col("people_old")).abs() < threshold


def _alike(new: pl.DataFrame, old: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Sketches with fewer than so many places of difference agree in one of so many bands of places, whichever way they differ."""
    ends = [8 * (WIDTH // 8 * band // threshold) for band in range(threshold + 1)]
    bands = [
        tuple(
            side.select(name, "people", band=pl.col("sketch").bin.slice(start, end - start)) for side, name in ((new, "new"), (old, "old"))
        )
        for start, end in pairwise(ends)
    ]
    return pl.concat([ours.join(theirs, on="band", suffix="_old").drop("band") for ours, theirs in bands])
