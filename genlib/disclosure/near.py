"""Which cells are so few people apart that one taken from the other tells of them.

Each figure is compared with its own kind: people with people, money with money. Events of which each person had one are people by another
name.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from genlib.disclosure.implied import implied
from genlib.disclosure.keys import END, HEAD
from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import WIDTH, differences, words

PAIRS = 50_000


def apart(cells: pl.DataFrame, own: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Figures of one report that would tell of too few people if one is taken from the other: `variable` less `variable_old`, and how far
    that must be free to move, `up` and `down`. Cells that are unsafe in themselves are hidden anyway."""
    large = cells.filter(pl.col("people") >= policy.min_count)
    pairs = _few(_measured(large, large, policy.min_count), policy).filter(pl.col("cell") > pl.col("cell_old"))
    asked = _moves(pairs.with_columns(crossed=_crossed()), policy, "cell", "cell_old").join(
        own, left_on=["cell", "measure"], right_on=["_cell", "measure"]
    )
    asked = asked.join(own, left_on=["cell_old", "measure_old"], right_on=["_cell", "measure"], suffix="_old")
    return asked.select("variable", "variable_old", "up", "down").sort("variable", "variable_old")


def gated(cells: pl.DataFrame, old: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The cells that are too few people apart from something published, and the `moves` that their figures must be free to make. With the
    `day` and `figures` that were last published of the cell itself, where that is what they are too near to.

    Without sketches a cell is compared with itself only: other figures for nearly as many people count as a small change.
    """
    known = pl.concat([implied(old), old], how="diagonal").unique("sketch", keep="last", maintain_order=True)
    measured = _measured(cells, known, policy.min_count)
    pairs = _few(pl.concat([measured, _guessed(cells, old, policy.min_count)], how="diagonal"), policy).with_columns(crossed=False)
    itself = pairs.filter(pl.col("stems").list.set_intersection("stems_old").list.len() > 0).sort("day")
    last = itself.group_by("cell", maintain_order=True).last().select("cell", "day", figures="figures_old")
    asked = _moves(pairs, policy, "cell").group_by("cell", "measure").agg(pl.col("up", "down").max())
    moves = asked.sort("cell", "measure").group_by("cell").agg(moves=pl.struct("measure", "up", "down"))
    return moves.join(last, on="cell", how="left").sort("cell")


def _crossed() -> pl.Expr:
    """Both are of one table whose people may stand in several cells: what one has over the other is other cells of that table, and not
    brought by those few people who stand in only one of the two."""
    told = [pl.col(stems).list.first().str.split(HEAD) for stems in ("stems", "stems_old")]
    (ours, theirs), populations = (_parts(side) for side in told), [side.list.first() for side in told]
    nested = [one.list.set_difference(other).list.len() == 0 for one, other in ((ours, theirs), (theirs, ours))]
    return pl.col("overlapping") & pl.col("overlapping_old") & (populations[0] == populations[1]) & pl.any_horizontal(nested)


def _parts(told: pl.Expr) -> pl.Expr:
    return told.list.last().str.split(END).list.eval(pl.element().str.extract("^(.*?)=")).list.drop_nulls()


def _few(pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    few, same = pl.col("apart") < policy.min_count, (pl.col("apart") == 0) & (pl.col("figures") == pl.col("figures_old"))
    return pairs.filter(few & ~same)


def _moves(pairs: pl.DataFrame, policy: Policy, *keys: str) -> pl.DataFrame:
    """How far each figure of `cell` must be free to move against `measure_old`, `up` and `down`, with the `keys` of its pair: heads so that
    it may be nobody or enough who make the difference, the rest by p% of what they brought or took: nobody can tell that closely."""
    both = _compared(pairs.with_row_index("pair"), keys)
    more, heads, others = pl.col("value_old") - pl.col("value"), pl.col("heads") & pl.col("heads_old"), pl.col("apart") > 0
    few = ~heads & (more.abs() < policy.min_count)  # so few events are of as few people, even if all others are the same
    brought = (more != 0).fill_null(True) & ~pl.col("crossed") & (others | few)  # zeros are shown: those few brought nothing
    who, part = pl.when(heads).then("apart").otherwise(more.abs()), ((more.abs() * policy.p + 99) // 100).clip(1).fill_null(1)
    moves = {
        side: pl.when(heads | few).then(pl.when(more == sign * who).then(1).otherwise(policy.min_count - who)).otherwise(part)
        for side, sign in (("up", 1), ("down", -1))
    }
    return both.filter(pl.when(heads).then(others).otherwise(brought)).select(*keys, "measure", "measure_old", **moves)


def _compared(pairs: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The figures of each pair that tell of one another: those of one measure, and all that count `heads` - people, and events of which
    each person had one."""
    heads = (pl.col("measure") == "people") | (pl.col("value") == pl.col("people"))
    now, before = (
        pairs.select("pair", "apart", "crossed", *keys, people=f"people{old}", it=f"figures{old}")
        .explode("it")
        .unnest("it")
        .with_columns(heads=heads)
        for old in ("", "_old")
    )
    before = before.select("pair", "value", "heads", "measure", measure_old="measure")
    counted = now.filter("heads").join(before.filter("heads").drop("measure"), on="pair", suffix="_old")
    alike = now.join(before, on=["pair", "measure"], suffix="_old", how="left").with_columns(pl.col("heads_old").fill_null(False))
    return pl.concat([counted, alike.filter(~(pl.col("heads") & pl.col("heads_old"))).select(counted.columns)])


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
