"""What the ledger does not promise: figures of which two, added or subtracted, are of nearly the
same people as a third. `make bench` counts them, and the pairs, of which it promises none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

FEW = 5
MOST = 1_500
"""Figures that are taken, the newest; all pairs of them are tried against all."""
BITS = 22


def count_combinations(past: Any) -> tuple[int, int]:
    """Pairs and threes of counts of people that one to four people make, among the newest."""
    from genlib.disclosure.near import find_close
    from genlib.disclosure.sketch import words

    pages = [page.figures.filter(pl.col("kind") == "people") for page in past.pages]
    figures = pl.concat(pages).drop_nulls("sketch").unique("sketch", maintain_order=True).tail(MOST)
    lines = words(figures["sketch"])
    numbered = figures.with_row_index("figure")
    close = find_close(numbered, numbered, FEW)
    pairs = close.filter(pl.col("our") < pl.col("their")).height
    return pairs, sum(_count_threes(lines, sign) for sign in (1, -1))


def _count_threes(lines: Any, sign: int) -> int:
    """Two lines, added or subtracted, that few people part from a third."""
    from genlib.disclosure.sketch import PLACES, people_in

    found = set()
    firsts, seconds = np.triu_indices(len(lines), 1)
    ends = [PLACES * band // FEW for band in range(FEW + 1)]
    for start, end in pairwise(ends):
        sealed = _seal(lines[:, start:end])
        keys = sealed[firsts] + sealed[seconds] if sign > 0 else sealed[firsts] - sealed[seconds]
        there = np.zeros(2**BITS, bool)
        there[sealed & np.uint32(2**BITS - 1)] = True
        some = np.flatnonzero(there[keys & np.uint32(2**BITS - 1)])
        table: dict[int, list[int]] = {}
        for place, seal in enumerate(sealed.tolist()):
            table.setdefault(seal, []).append(place)
        found |= {
            (int(firsts[pair]), int(seconds[pair]), third)
            for pair in some
            for third in table.get(int(keys[pair]), [])
            if third not in {int(firsts[pair]), int(seconds[pair])}
        }
    if not found:
        return 0
    a, b, c = np.array(sorted(found)).T
    both = lines[a] + lines[b] if sign > 0 else lines[a] - lines[b]
    apart = people_in(both - lines[c])
    return int(((apart > 0) & (apart < FEW)).sum())


def _seal(lines: Any) -> Any:
    """A number for each row that adds up as the rows do."""
    draw = np.random.default_rng(2).integers(1, 2**31, lines.shape[1], np.uint32)
    factors = draw * np.uint32(2) + np.uint32(1)
    return (lines * factors).sum(axis=1, dtype=np.uint32)
