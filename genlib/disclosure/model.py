"""From the `Cells` of a report to one `System`: equal cells are one variable, margins are
relations, rules are needs.

Example: a table of customers by region and another by region and age are one system: the 40 of
Uusimaa are one variable, and 12 young + 28 old - 40 = 0 links the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

import polars as pl

from genlib.disclosure import rules
from genlib.disclosure.cells import CONTRIBUTORS, Cells, Dimension, Measure
from genlib.disclosure.entries import assemble
from genlib.disclosure.keys import closed, complete, keyed
from genlib.disclosure.ladder import list_units
from genlib.disclosure.policy import Policy
from genlib.disclosure.population import Population
from genlib.disclosure.system import System
from genlib.errors import UsageError

HEADLINE = 10
"""The table named first is what the report is about: it is so much dearer to hide, and stays even
if two others must give way for it."""


@dataclass(frozen=True)
class Model:
    """`system` and the way back: `frames` by table with `_cell` (null for a zero that is shown),
    each cell's own `reason` ("" = safe)."""

    system: System
    tables: dict[str, Cells]
    frames: dict[str, pl.DataFrame]
    reason: list[str]
    figures: pl.DataFrame
    """One row a figure: `_label`, `_cell`, measure, kind, `variable`, value, contributors."""


def build(tables: Mapping[str, Cells], policy: Policy) -> Model:
    """All tables of a report as one system. Raises `UsageError` if two tables disagree about a cell
    that they share."""
    every = _with_hierarchies(tables)
    dimensions = [dimension for cells in every.values() for dimension in cells.by]
    columns = [dimension.columns for dimension in dimensions if dimension.sensitive]
    sensitive = set(chain.from_iterable(columns))
    frames = {name: _prepare(name, cells, sensitive) for name, cells in every.items()}
    figures = rules.judge(_list_figures(every, frames), policy)
    links = [_list_links(name, cells, frames[name], sensitive) for name, cells in every.items()]
    relations = _find_relations(pl.concat(links), figures)
    system, places, reason, variables = assemble(figures, relations, policy)
    real_frames = {name: frame.filter(~pl.col("_virtual")) for name, frame in frames.items()}
    placed = {
        name: frame.join(places, on="_key", how="left", maintain_order="left")
        for name, frame in real_frames.items()
    }
    return Model(system, every, placed, reason, variables)


def _with_hierarchies(tables: Mapping[str, Cells]) -> dict[str, Cells]:
    """Who knows that a municipality lies in a region knows it everywhere: what one table says of a
    dimension's parents holds in all."""
    placed = dict(tables)
    for cells in tables.values():
        for dimension in cells.by:
            if dimension.parents:
                places = cells.frame.select(dimension.columns).drop_nulls().unique()
                placed = {name: _place(table, dimension, places) for name, table in placed.items()}
    return placed


def _place(cells: Cells, dimension: Dimension, places: pl.DataFrame) -> Cells:
    """The cells with the parents of this dimension, if they lack them and each of their codes has
    its own."""
    name = dimension.name
    is_known = name in cells.dimensions and not {*dimension.parents} & {*cells.dimensions}
    if not is_known or places[name].is_duplicated().any():
        return cells
    if not cells.frame[name].drop_nulls().is_in(places[name]).all():
        return cells
    frame = cells.frame.join(places, on=name, how="left", maintain_order="left")
    by = [replace(d, parents=dimension.parents) if d.name == name else d for d in cells.by]
    return replace(cells, frame=frame, by=tuple(by))


def _prepare(name: str, cells: Cells, sensitive: set[str]) -> pl.DataFrame:
    """The cells with what follows from them, and the keys of all."""
    additive = [measure for measure in cells.measures if measure.additive]
    whole = closed(complete(cells, sensitive), cells.by, additive)
    population = cells.population if cells.population.what else Population(f"table {name}")
    return keyed(whole, cells.by, population, list_units(cells.by, cells.steps))


def _list_figures(tables: Mapping[str, Cells], frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row a variable: `_key`, measure, kind, value, contributors, the largest contribution and
    the rest of it beyond two."""
    parts = []
    for order, (name, cells) in enumerate(tables.items()):
        dear = (3 - 2 * order / len(tables)) * (HEADLINE if order == 0 else 1)
        parts += [
            _measure(name, frames[name], measure).with_columns(dear=dear)
            for measure in cells.measures
        ]
    figures = pl.concat(parts).sort("virtual", maintain_order=True)
    _check_agreement(figures)
    first = figures.group_by("_key", "measure", maintain_order=True).first()
    is_shown = (~pl.col("virtual")).any()
    visibility = figures.group_by("_key").agg(shown=is_shown)
    numbered = first.join(visibility, on="_key", maintain_order="left").with_row_index("variable")
    return numbered.with_columns(pl.col("variable").cast(pl.Int64))


def _check_agreement(figures: pl.DataFrame) -> None:
    """UsageError if tables show different figures of one cell."""
    real_figures = figures.filter(~pl.col("virtual"))
    split = real_figures.filter(pl.col("value").n_unique().over("_key", "measure") > 1)
    if split.height:
        names = ", ".join(sorted(split["table"].unique()))
        raise UsageError(
            f"tables {names} give different figures for the same cell: different people need "
            "different populations"
        )


IS_THERE = (pl.col("people") > 0) | pl.col("_zero") | pl.col("_virtual")
"""Of the rows of a table: they are no empty cell."""


def _measure(table: str, frame: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """The figures of one measure of a table."""
    whole = CONTRIBUTORS if CONTRIBUTORS in frame.columns else "people"
    rows = frame.filter(~pl.col("_virtual") | measure.additive)
    return rows.filter(pl.col(whole).fill_null(0).gt(0) | IS_THERE).select(
        "_key",
        measure=pl.lit(measure.name),
        kind=pl.lit(measure.kind),
        of=pl.lit(measure.of, pl.String),
        table=pl.lit(table),
        **rules.read_contributions(measure, frame.columns),
        people=pl.col(whole).cast(pl.Int64).fill_null(0),
        virtual="_virtual",
    )


def _list_links(table: str, cells: Cells, frame: pl.DataFrame, sensitive: set[str]) -> pl.DataFrame:
    """Every (measure, parent, child) of a table; `over` names the table and the dimension that is
    summed."""
    ways = frame.filter(IS_THERE).select("_key", r"^_(up|side)\d+$")
    linked = ways.unpivot(index="_key", variable_name="step", value_name="parent")
    measures = {
        "measure": [measure.name for measure in cells.measures],
        "additive": [measure.additive for measure in cells.measures],
    }
    asked = [f"_up{place}" for place, d in enumerate(cells.by) if sensitive & {*d.columns}]
    links = linked.drop_nulls("parent").join(pl.DataFrame(measures), how="cross")
    return links.select(
        "measure",
        "additive",
        pl.col("parent").cast(pl.String),
        child="_key",
        over=pl.concat_str(pl.lit(table), pl.col("step").cast(pl.String)),
        sensitive=pl.col("step").is_in(asked),
    )


def _find_relations(links: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """The links as variables, each relation once (`relation`), with `kind` of the measure and the
    figures on both sides (those of the parent as `..._parent`)."""
    ends = figures.select("_key", "measure", "variable", "value", "kind", "virtual")
    children = links.join(ends, left_on=["child", "measure"], right_on=["_key", "measure"])
    both = children.join(
        ends, left_on=["parent", "measure"], right_on=["_key", "measure"], suffix="_parent"
    )
    sums = ["over", "variable_parent"]
    gap = pl.col("value").sum().over(sums) - pl.col("value_parent")
    signed = both.with_columns(
        signature=pl.col("variable").hash().sum().over(sums),
        children=pl.len().over(sums),
        gap=gap,
    ).with_columns(
        least=pl.col("gap").min().over("over", "measure"),
        most=pl.col("gap").max().over("over", "measure"),
    )
    once = signed.sort(*sums, "variable").unique(
        ["variable_parent", "signature", "variable"], maintain_order=True
    )
    relation = pl.struct("variable_parent", "signature").rank("dense").cast(pl.Int64)
    return once.with_columns(relation=relation)
