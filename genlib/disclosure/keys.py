"""The name of a cell: population and set dimension values, the same wherever the cell stands, and
the names of its parents.

Example: the women of Uusimaa are "customers | region=Uusimaa | sex=female", in whatever order a
table has its dimensions. The keys over them are "customers | sex=female" and "customers |
region=Uusimaa".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Measure
from genlib.disclosure.population import Population

NO_UNITS: Mapping[str, str] = MappingProxyType({})
HEAD, END = "\x1e", "\x1f"
"""What ends the population of a key, and each dimension value."""
ASIDE = "~"
"""Begins a word in the name of a population that is counted in other groups than one of the same
name."""


def complete(cells: Cells, sensitive: set[str]) -> pl.DataFrame:
    """The frame with a zero row for every missing value of a sensitive dimension, so that a zero
    there can be hidden like any cell."""
    frame = cells.frame.with_columns(_zero=False)
    for dimension in cells.by:
        if not sensitive & set(dimension.columns):
            continue
        others = [column for column in cells.dimensions if column not in dimension.columns]
        groups = frame.select(*others, _zero=pl.lit(True)).unique(maintain_order=True)
        values = frame.select(dimension.columns).unique(maintain_order=True)
        together = pl.concat([frame, groups.join(values, how="cross")], how="diagonal")
        frame = together.unique(cells.dimensions, keep="first", maintain_order=True)
        frame = frame.with_columns(pl.exclude(*cells.dimensions, "_zero").fill_null(0))
    return frame


def closed(
    frame: pl.DataFrame, by: Sequence[Dimension], measures: Sequence[Measure]
) -> pl.DataFrame:
    """The frame with the margins that are not shown but follow from what is (`_virtual`), so that
    implied links are seen. Pages have none: what is told anew are not all of them."""
    columns = [column for dimension in by for column in dimension.columns]
    sums = [measure.name for measure in measures]
    frame = frame.with_columns(_virtual=False)
    for dimension in by:
        for depth, column in enumerate(() if dimension.is_page else dimension.columns):
            finer = dimension.columns[:depth]
            coarser = [name for name in columns if name not in {*finer, column}]
            is_child = [pl.col(column).is_not_null(), *(pl.col(name).is_null() for name in finer)]
            children = frame.filter(is_child)
            margin = children.group_by(
                *coarser, _virtual=pl.lit(True), _zero=pl.lit(False), maintain_order=True
            ).agg(pl.col(sums).sum())
            together = pl.concat([frame, margin], how="diagonal")
            frame = together.unique(columns, keep="first", maintain_order=True)
    return frame


def keyed(
    frame: pl.DataFrame,
    by: Sequence[Dimension],
    population: Population,
    units: Mapping[str, str] = NO_UNITS,
) -> pl.DataFrame:
    """`_key` of every row and, for the i-th dimension, `_up{i}`: the key of the row's parent over
    it (null at its total), and `_side{i}`: the key without parents where a value (such as
    "unknown") stands under several. `units`: what
    the codes of a column of time are, where they are not what it is called."""
    for dimension in by:
        for depth in range(len(dimension.parents)):
            column, *parents = dimension.columns[depth:]
            is_one = pl.struct(parents).n_unique().over(column) == 1
            frame = frame.with_columns(is_one.alias(f"_one_{column}"))
    parts = [_part(d, 0, units) for d in by]

    def key(place: int, part: pl.Expr) -> pl.Expr:
        listed = pl.concat_list([part if i == place else other for i, other in enumerate(parts)])
        return pl.lit(f"{population}{HEAD}") + listed.list.sort().list.join("")

    ups = [
        pl.when(pl.any_horizontal(pl.col(d.columns).is_not_null()))
        .then(key(i, _up(d, units)))
        .alias(f"_up{i}")
        for i, d in enumerate(by)
    ]
    sides = [
        pl.when(~pl.col(f"_one_{d.name}") & pl.col(d.name).is_not_null())
        .then(key(i, _piece(d.name, units)))
        .alias(f"_side{i}")
        for i, d in enumerate(by)
        if d.parents
    ]
    return frame.with_columns(
        (key(-1, pl.lit("")) if parts else pl.lit(f"{population}{HEAD}")).alias("_key"),
        *ups,
        *sides,
    )


def _piece(column: str, units: Mapping[str, str]) -> pl.Expr:
    return pl.lit(f"{units.get(column, column)}=") + pl.col(column).cast(pl.String) + END


def _part(dimension: Dimension, start: int, units: Mapping[str, str]) -> pl.Expr:
    """The dimension's share of the key, read from `start` on: the finest set value, with its
    parents only if it does not fix them."""
    part: pl.Expr = pl.lit("")
    for depth in reversed(range(start, len(dimension.columns))):
        column = dimension.columns[depth]
        piece = _piece(column, units)
        if depth < len(dimension.parents):
            parents = [_piece(parent, units) for parent in dimension.columns[depth + 1 :]]
            coarser = pl.concat_str(parents, ignore_nulls=True)
            piece = pl.when(pl.col(f"_one_{column}")).then(piece).otherwise(piece + coarser)
        part = pl.when(pl.col(column).is_not_null()).then(piece).otherwise(part)
    return part


def _up(dimension: Dimension, units: Mapping[str, str]) -> pl.Expr:
    up: pl.Expr = pl.lit("")
    for depth in reversed(range(len(dimension.columns))):
        is_set = pl.col(dimension.columns[depth]).is_not_null()
        up = pl.when(is_set).then(_part(dimension, depth + 1, units)).otherwise(up)
    return up
