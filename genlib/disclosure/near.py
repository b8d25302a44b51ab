"""Near twins: two figures so few people apart that one taken from the other tells of them, and how
far such a difference must be free to move."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import PLACES, Words, people_in, words
from genlib.disclosure.system import Ints

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
    ours, others = (side.with_row_index("row") for side in (ours, others))
    pairs = pl.concat([_measure(ours, others, policy.min_count), _guess(ours, others, policy)])
    mine = ours.rename({"row": "our"})
    theirs = others.rename({"row": "their"})
    return pairs.join(mine, on="our").join(theirs, on="their", suffix="_old")


def _list_needs(pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    difference = pl.col("value") - pl.col("value_old")
    heads = pl.col("heads") & pl.col("heads_old")
    asked = move_apart(pairs.with_columns(difference=difference, heads=heads), policy)
    needs = asked.group_by("figure", "variable").agg(pl.col("up", "down").max()).sort("figure")
    return needs.cast(TWIN)  # type: ignore[arg-type]


def _measure(ours: pl.DataFrame, others: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Pairs of figures (`our`, `their`) that so few people part, and how many (`apart`); those of
    the very same people are none. Only people who were drawn by the same numbers are compared."""
    mine = ours.filter(pl.col("sketch").is_not_null(), pl.col("people") >= threshold)
    drawn_others = others.filter(pl.col("sketch").is_not_null())
    seen = drawn_others.group_by("sketch", "numbering").agg("row")
    first, second, distances = find_close(words(mine["sketch"]), words(seen["sketch"]), threshold)
    pairs = {
        "our": mine["row"].gather(first),
        "their": seen["row"].gather(second),
        "apart": distances,
    }
    is_same = mine["numbering"].gather(first).eq_missing(seen["numbering"].gather(second))
    close = pl.DataFrame(pairs).filter(is_same, pl.col("apart") > 0)
    return close.explode("their")


def _guess(ours: pl.DataFrame, others: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    cell = ["series", "where", "measure"]
    columns = ["kind", "sketch", "numbering", "people", "value"]
    both = ours.select(*cell, *columns, our="row").join(
        others.select(*cell, *columns, their="row"), on=cell, suffix="_old"
    )
    is_count = pl.col("kind") == "people"
    who = pl.when(is_count).then(pl.col("value") - pl.col("value_old"))
    level = who.otherwise(pl.col("people") - pl.col("people_old")).abs()
    is_renumbered = pl.col("numbering").ne_missing(pl.col("numbering_old"))
    is_undrawn = pl.col("sketch").is_null() | pl.col("sketch_old").is_null()
    is_unknown = is_undrawn | is_renumbered
    is_other = pl.col("value") != pl.col("value_old")
    near = both.filter(is_unknown, is_other, level < policy.min_count)
    return near.select("our", "their", apart=level.clip(1))


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


def find_close(first: Words, second: Words, threshold: int) -> tuple[Ints, Ints, Ints]:
    """Rows of the two that fewer than so many people part, and how many do.

    Such rows agree in one of so many bands of places, whichever way they differ.
    """
    ends = [PLACES * band // threshold for band in range(threshold + 1)]
    met: list[pl.DataFrame] = []
    for start, end in pairwise(ends):
        firsts = _hash(first[:, start:end], "first")
        seconds = _hash(second[:, start:end], "second")
        met.append(firsts.join(seconds, on="band").drop("band"))
    alike = pl.concat(met).unique().sort("first", "second")
    distances = [
        people_in(first[part["first"].to_numpy()] - second[part["second"].to_numpy()])
        for part in alike.iter_slices(PAIRS)
    ]
    counted = alike.with_columns(apart=np.concatenate([np.zeros(0, np.int64), *distances]))
    near = counted.filter(pl.col("apart") < threshold)
    columns: list[Ints] = [near[column].to_numpy().astype(np.int64) for column in near.columns]
    return columns[0], columns[1], columns[2]


def _hash(lines: Words, name: str) -> pl.DataFrame:
    """A number for each row of words, the same for the same words."""
    draw = np.random.default_rng(1).integers(1, 2**63, lines.shape[1], np.uint64)
    factors = draw * np.uint64(2) + np.uint64(1)
    band: npt.NDArray[np.uint64] = (lines * factors).sum(axis=1, dtype=np.uint64)
    return pl.DataFrame({name: np.arange(len(lines), dtype=np.int64), "band": band})
