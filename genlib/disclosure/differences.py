"""What figures tell if they are added to and taken from each other: nothing but each other (they
hang together), or of too few people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from genlib.disclosure.near import close, moves, threes
from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import words
from genlib.disclosure.sums import Sums, alone, sums
from genlib.disclosure.system import Floats, Ints, System
from genlib.disclosure.ties import MEMBERS, RESTS, Ties, anything, no_ties

MOST = 6
"""So many figures are added and subtracted at the most; nearly all parts of a whole are the whole
less the others."""
KNOWN = ("name", "value", "low", "heads", "kind", "sketch")
DIGITS = 9


@dataclass(frozen=True)
class Found:
    """Differences that few people make or nobody: `apart` (so many), `difference`, heads; by `row`
    the figures in them (`name`, `sign`)."""

    rows: pl.DataFrame
    terms: pl.DataFrame


def differences(wholes: pl.DataFrame, own: pl.DataFrame, old: pl.DataFrame, policy: Policy) -> Ties:
    """The differences between figures of a report, sums of them, and figures published before, that
    are none or that so few people make that they must stay unsure: two sums or changes of up to six
    figures together, three figures of the report, or two of it and one from before."""
    wholes = wholes.join(own.select("variable", "name"), on="variable", maintain_order="left")
    own = own.filter(pl.col("sketch").is_not_null()).unique(
        "name", keep="first", maintain_order=True
    )
    if own.is_empty():
        return no_ties()
    seen = old.filter(pl.col("sketch").is_not_null()).unique(
        "name", keep="last", maintain_order=True
    )
    told = (
        wholes.join(own.filter(pl.col("cell") < 0), on="name", how="semi")
        .select("relation")
        .unique()
    )
    made = sums(
        wholes.join(told, on="relation", how="anti", maintain_order="left"),
        own,
        seen,
        policy.min_count,
    )
    figures = pl.concat([side.select("name", "value", "low") for side in (own, seen)]).unique(
        "name", keep="first", maintain_order=True
    )
    seen = seen.join(own, on="name", how="anti")
    found = [_within(made, policy.min_count), _before(made, seen, policy.min_count)]
    safe = own.filter(pl.col("people") >= policy.min_count).select(KNOWN)
    for money in (True, False):
        ours, theirs = (
            side.select(KNOWN).filter((pl.col("kind") == "money") == money) for side in (safe, seen)
        )
        found += _threes(ours, theirs, policy.min_count)
    return _ties(found, figures, policy)


def _within(made: Sums, threshold: int) -> Found:
    ours, theirs, apart = close(made.lines, made.lines, threshold)
    alike = (made.relation[ours] == made.relation[theirs]) & (
        made.relation[ours] >= 0
    )  # the whole tells of the parts of one whole
    fit = (ours < theirs) & (made.size[ours] + made.size[theirs] <= MOST) & ~alike
    return _pairs(made, made, ours[fit], theirs[fit], apart[fit])


def _before(made: Sums, seen: pl.DataFrame, threshold: int) -> Found:
    several = np.flatnonzero(made.relation >= 0)
    ours, theirs, apart = close(made.lines[several], words(seen["sketch"]), threshold)
    return _pairs(made, alone(seen), several[ours], theirs, apart)


def _pairs(first: Sums, second: Sums, ours: Ints, theirs: Ints, apart: Ints) -> Found:
    heads = first.heads[ours] & second.heads[theirs]
    rows = pl.DataFrame(
        {"apart": apart, "difference": first.value[ours] - second.value[theirs], "heads": heads}
    ).with_row_index("row")
    sides = [
        pl.DataFrame({"sum": chosen})
        .with_row_index("row")
        .join(side.terms, on="sum")
        .select("row", "name", sign=sign * pl.col("sign"))
        for side, chosen, sign in ((first, ours, 1), (second, theirs, -1))
    ]
    return Found(rows, pl.concat(sides))


def _threes(ours: pl.DataFrame, theirs: pl.DataFrame, threshold: int) -> list[Found]:
    """Two figures added that are near to a third; two of which the difference is near to one from
    before, or their sum."""
    lines, before = (words(side["sketch"]) for side in (ours, theirs))
    sides = [(lines, ours, 1), (before, theirs, 1), (before, theirs, -1)]
    return [
        _three(ours, others, threes(lines, there, sign, threshold), sign)
        for there, others, sign in sides
    ]


def _three(
    ours: pl.DataFrame, others: pl.DataFrame, found: tuple[Ints, Ints, Ints, Ints], sign: int
) -> Found:
    first, second, third, apart = found
    chosen = [(ours, first, 1), (ours, second, sign), (others, third, -1)]
    value = sum(way * side["value"].to_numpy()[rows] for side, rows, way in chosen)
    heads = np.all([side["heads"].to_numpy()[rows] for side, rows, _ in chosen], axis=0)
    rows = pl.DataFrame({"apart": apart, "difference": value, "heads": heads}).with_row_index("row")
    terms = [
        pl.DataFrame({"name": side["name"].gather(rows)})
        .with_row_index("row")
        .with_columns(sign=pl.lit(way, pl.Int64))
        for side, rows, way in chosen
    ]
    return Found(rows, pl.concat(terms))


def _ties(found: Sequence[Found], figures: pl.DataFrame, policy: Policy) -> Ties:
    listed = []
    asked = []
    count = 0
    for part in found:
        rows = part.rows.with_columns(tie=pl.col("row").cast(pl.Int64) + count)
        needy = moves(rows.filter(pl.col("apart") > 0), policy)
        exact = rows.filter(pl.col("apart") == 0)
        listed.append(
            part.terms.join(
                pl.concat([side.select("row", "tie") for side in (needy, exact)]), on="row"
            ).drop("row")
        )
        asked.append(needy.select("tie", "up", "down", value="difference"))
        count += part.rows.height
    members = (
        pl.concat(listed)
        .group_by("tie", "name")
        .agg(pl.col("sign").sum())
        .filter(pl.col("sign") != 0)
        .sort("tie", "name")
    )
    members = members.filter(
        pl.len().over("tie") > 1, pl.col("sign").abs().max().over("tie") == 1
    )  # a figure alone is judged by itself
    seal = (
        (pl.col("name") * pl.col("sign").cast(pl.UInt64, wrap_numerical=True))
        .hash()
        .sum()
        .over("tie")
    )
    once = (
        members.with_columns(seal=seal)
        .filter(pl.col("tie") == pl.col("tie").min().over("seal"))
        .drop("seal")
    )
    told = once.join(figures, on="name", maintain_order="left").select(MEMBERS.keys())
    rests = (
        pl.concat(asked)
        .with_columns(low=anything(), name=pl.lit(0, pl.UInt64))
        .select(RESTS.keys())
    )
    return Ties(
        told, rests.join(once.select("tie").unique(), on="tie", how="semi", maintain_order="left")
    )


def distinct(ties: Ties, system: System, own: pl.DataFrame) -> Ties:
    """Without what the relations of the system say themselves, and what by them is as much as a
    figure, or as another one of no more figures: it is the same at a table drawn by chance from all
    that they allow."""
    if ties.members.is_empty():
        return ties
    places = own.unique("name", keep="first", maintain_order=True)
    drawn = places.select("name", at=pl.Series(_drawn(system)[places["variable"]]))
    past = pl.col("name").cast(pl.Float64) / 2.0**64 + 1  # like nothing else
    there = ties.members.join(drawn, on="name", how="left", maintain_order="left").with_columns(
        at=pl.coalesce("at", past)
    )
    each = there.group_by("tie", maintain_order=True).agg(
        pl.len(), at=(pl.col("sign") * pl.col("at")).sum().abs().round(DIGITS)
    )
    others = each.filter(
        pl.col("at") > 0, ~pl.col("at").is_in(drawn["at"].abs().round(DIGITS).implode())
    )
    return ties.only(
        others.sort("len", maintain_order=True).unique("at", keep="first", maintain_order=True)[
            "tie"
        ]
    )


def _drawn(system: System) -> Floats:
    """A table of moves that all relations allow."""
    from scipy.sparse.linalg import lsmr

    matrix = system.matrix.astype(float)
    drawn = np.random.default_rng(3).normal(size=len(system.value))
    for _ in range(2):  # twice is enough (Kahan and Parlett)
        drawn -= (
            matrix.T @ lsmr(matrix.T, drawn, atol=1e-13, btol=1e-13, maxiter=10 * len(drawn))[0]
        )
    return drawn
