"""What is only told in parts: any sum of some parts of a whole is a figure too, though nobody tells
it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from genlib.disclosure.figures import by_place
from genlib.disclosure.near import hashed
from genlib.disclosure.sketch import Words, people_in, words
from genlib.disclosure.system import Bools, Ints

ALL = 8
"""Of so many parts every sum is looked at; of more, those of neighbours and those of all but one.
"""


@dataclass(frozen=True)
class Sums:
    """Figures, sums of figures and their changes: what each is of (`lines`, as sketches), its
    value, whether it counts heads; `terms`: the figures in it (`sum`, `name`, `sign`), of which it
    takes so many at the least (`size`); and the relation that it is of (-1: none)."""

    lines: Words
    value: Ints
    heads: Bools
    size: Ints
    relation: Ints
    terms: pl.DataFrame


def alone(figures: pl.DataFrame) -> Sums:
    """Figures, each for itself."""
    terms = (
        figures.select("name")
        .with_row_index("sum")
        .with_columns(pl.col("sum").cast(pl.Int64), sign=pl.lit(1, pl.Int64))
    )
    value = figures["value"].to_numpy()
    heads = figures["heads"].to_numpy()
    return Sums(
        words(figures["sketch"]), value, heads, np.ones_like(value), np.full(len(value), -1), terms
    )


def changed(own: pl.DataFrame, old: pl.DataFrame) -> Sums:
    """What each figure has over what was last published of it."""
    slot = ["stem", "months", "measure"]
    now, before = (by_place(side) for side in (own, old))
    last = before.sort("day", maintain_order=True).unique(slot, keep="last", maintain_order=True)
    both = now.join(last, on=slot, suffix="_old", nulls_equal=True, maintain_order="left").filter(
        pl.col("name") != pl.col("name_old")
    )
    both = (
        both.unique(["name", "name_old"], maintain_order=True)
        .with_row_index("sum")
        .with_columns(pl.col("sum").cast(pl.Int64))
    )
    lines = words(both["sketch"]) - words(both["sketch_old"])
    value = (both["value"] - both["value_old"]).to_numpy()
    heads = (both["heads"] & both["heads_old"]).to_numpy()
    terms = [
        both.select("sum", name=name, sign=pl.lit(sign, pl.Int64))
        for name, sign in (("name", 1), ("name_old", -1))
    ]
    return Sums(
        lines, value, heads, np.full_like(value, 2), np.full(len(value), -1), pl.concat(terms)
    )


def sums(wholes: pl.DataFrame, own: pl.DataFrame, old: pl.DataFrame, least: int) -> Sums:
    """The figures that may be told, and then the sums of them that nobody tells, and how they
    changed; each only once."""
    safe = own.filter(pl.col("people") >= least)
    made = [alone(safe), *_of_wholes(wholes, own), changed(safe, old)]
    lines = np.concatenate([part.lines for part in made])
    first = np.sort(np.unique(hashed(lines), return_index=True)[1])
    first = first[
        (first < safe.height) | (people_in(lines[first]) >= least)
    ]  # of a figure it is known how many people it is of
    value, heads, size, relation = (
        np.concatenate([getattr(part, name) for part in made])[first]
        for name in ("value", "heads", "size", "relation")
    )
    starts = np.cumsum([0, *(len(part.lines) for part in made)])
    terms = pl.concat(
        [
            part.terms.with_columns(pl.col("sum") + int(start))
            for part, start in zip(made, starts[:-1], strict=True)
        ]
    )
    kept = (
        pl.DataFrame({"sum": first})
        .with_row_index("place")
        .with_columns(pl.col("place").cast(pl.Int64))
    )
    return Sums(
        lines[first],
        value,
        heads,
        size,
        relation,
        terms.join(kept, on="sum").select("name", "sign", sum="place"),
    )


def _of_wholes(wholes: pl.DataFrame, own: pl.DataFrame) -> Iterator[Sums]:
    """The sums of the parts of each whole, wholes with as many parts together; a whole that is not
    told is one too."""
    places = own.select("name", place=pl.int_range(pl.len()))
    listed = wholes.with_columns(untold=pl.col("part").all().over("relation"))
    parts = (
        listed.filter("part")
        .join(places, on="name", maintain_order="left")
        .with_columns(size=pl.len().over("relation"))
    )
    parts = parts.filter(pl.col("size") == pl.col("parts"), (pl.col("size") > 2) | pl.col("untold"))
    for (count, whole), group in parts.group_by("size", "untold", maintain_order=True):
        rows = group["place"].to_numpy().reshape(-1, count)
        masks = np.concatenate([_masks(count), np.ones((1 if whole else 0, count), bool)])
        lines = words(own["sketch"])[rows]
        value = own["value"].to_numpy()[rows]
        mixed = np.einsum("sk,rkw->rsw", masks.astype(np.uint32), lines).reshape(-1, lines.shape[2])
        number = np.arange(masks.shape[0] * len(rows)).reshape(len(rows), -1)
        chosen = np.nonzero(masks)
        names = own["name"].to_numpy()[rows[:, chosen[1]]]
        terms = pl.DataFrame(
            {"sum": number[:, chosen[0]].ravel(), "name": names.ravel()}
        ).with_columns(sign=pl.lit(1, pl.Int64))
        heads = np.repeat(own["heads"].to_numpy()[rows].all(axis=1), masks.shape[0])
        relation = np.repeat(group["relation"].to_numpy()[::count], masks.shape[0])
        taken = np.minimum(masks.sum(axis=1), 1 + (~masks).sum(axis=1))
        yield Sums(
            mixed,
            (value @ masks.T.astype(np.int64)).ravel(),
            heads,
            np.tile(taken, len(rows)),
            relation,
            terms,
        )


def _masks(count: int) -> Bools:
    """Which parts are added up: two or more of them, but not all."""
    if count <= ALL:
        every = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
        several: Bools = every[(every.sum(axis=1) > 1) & (every.sum(axis=1) < count)]
        return several
    runs = [
        (start, end)
        for start in range(count)
        for end in range(start + 2, count + 1)
        if end - start < count
    ]
    neighbours = np.array(
        [(np.arange(count) >= start) & (np.arange(count) < end) for start, end in runs]
    )
    return np.concatenate([neighbours, ~np.eye(count, dtype=bool)[1:-1]])
