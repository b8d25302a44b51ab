"""From the `Cells` of a report to one `System`: equal cells are one variable, margins are
relations, rules are needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from genlib.disclosure import rules
from genlib.disclosure.cells import CONTRIBUTORS, Cells
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
    """One row a figure: `_label`, `_cell`, measure, kind, `variable`, value, contributors, the
    largest parts `first`, `second`."""


def build(tables: Mapping[str, Cells], policy: Policy) -> Model:
    """All tables of a report as one system. Raises `UsageError` if two tables disagree about a cell
    that they share."""
    every = _with_hierarchies(tables)
    sensitive = {c for cells in every.values() for d in cells.by if d.sensitive for c in d.columns}
    frames = {name: _prepared(name, cells, sensitive) for name, cells in every.items()}
    figures = rules.judge(_figures(every, frames), policy)
    links = _joined(_links(every, frames, sensitive), figures)
    system, cells, reason, variables = assemble(figures, links, policy)
    told_frames: dict[str, pl.DataFrame] = {}
    for name, frame in frames.items():
        rows = frame.filter(~pl.col("_virtual"))
        told_frames[name] = rows.join(cells, on="_key", how="left", maintain_order="left")
    return Model(system, every, told_frames, reason, variables)


def _with_hierarchies(tables: Mapping[str, Cells]) -> dict[str, Cells]:
    """Who knows that a municipality lies in a region knows it everywhere: what one table says of a
    dimension's parents holds in all."""
    hierarchies = {
        d.name: (d, cells.frame.select(d.columns).drop_nulls().unique())
        for cells in tables.values()
        for d in cells.by
        if d.parents
    }
    placed = dict(tables)
    for name, cells in tables.items():
        for dimension, places in (
            hierarchies[d.name] for d in cells.by if d.name in hierarchies and not d.parents
        ):
            fits = (
                places[dimension.name].is_unique().all()
                and cells.frame[dimension.name].drop_nulls().is_in(places[dimension.name]).all()
            )
            if fits and not {*dimension.parents} & {*cells.dimensions}:
                by = tuple(
                    replace(d, parents=dimension.parents) if d.name == dimension.name else d
                    for d in placed[name].by
                )
                frame = placed[name].frame.join(
                    places, on=dimension.name, how="left", maintain_order="left"
                )
                placed[name] = replace(placed[name], frame=frame, by=by)
    return placed


def _prepared(name: str, cells: Cells, sensitive: set[str]) -> pl.DataFrame:
    additive = [m for m in cells.measures if m.additive]
    return keyed(
        closed(complete(cells, sensitive), cells.by, additive),
        cells.by,
        cells.population if cells.population.what else Population(f"table {name}"),
        list_units(cells.by, cells.steps),
    )


def _figures(tables: Mapping[str, Cells], frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row a variable: `_key`, measure, kind, value, contributors, the largest contribution and
    the rest of it beyond two."""
    parts = [
        _measured(
            name,
            frames[name],
            cells,
            place,
            (3 - 2 * order / len(tables)) * (HEADLINE if order == 0 else 1),
        )
        for order, (name, cells) in enumerate(tables.items())
        for place in range(len(cells.measures))
    ]
    listed = (
        pl.concat(parts)
        .filter((pl.col("people") > 0) | pl.col("zero") | pl.col("virtual"))
        .sort("virtual", maintain_order=True)
    )
    split = listed.filter(
        ~pl.col("virtual") & (pl.col("value").n_unique().over("_key", "measure", "virtual") > 1)
    )
    if split.height:
        names = ", ".join(sorted(split["table"].unique()))
        raise UsageError(
            f"tables {names} give different figures for the same cell: different people need "
            "different populations"
        )
    first = listed.group_by("_key", "measure", maintain_order=True).first()
    is_shown = (~pl.col("virtual")).any().alias("shown")
    first = first.join(listed.group_by("_key").agg(is_shown), on="_key", maintain_order="left")
    return first.with_row_index("variable").with_columns(pl.col("variable").cast(pl.Int64))


def _measured(
    table: str, frame: pl.DataFrame, cells: Cells, place: int, dear: float
) -> pl.DataFrame:
    measure = cells.measures[place]
    numbers = rules.read_contributions(measure, frame.columns)
    whole = CONTRIBUTORS if CONTRIBUTORS in frame.columns else "people"
    people = pl.col(whole).cast(pl.Int64).fill_null(0)
    return frame.filter(~pl.col("_virtual") | measure.additive).select(
        "_key",
        pl.lit(measure.name).alias("measure"),
        pl.lit(measure.kind).alias("kind"),
        pl.lit(measure.of, pl.String).alias("of"),
        pl.lit(table).alias("table"),
        pl.lit(dear).alias("dear"),
        **numbers,
        people=people,
        zero="_zero",
        virtual="_virtual",
    )


def _links(
    tables: Mapping[str, Cells], frames: Mapping[str, pl.DataFrame], sensitive: set[str]
) -> pl.DataFrame:
    """Every (measure, parent, child) of each table; `over` names the table and the dimension that
    is summed."""
    alive = (pl.col("people") > 0) | pl.col("_zero") | pl.col("_virtual")
    steps = pl.col(r"^_(up|side)\d+$")
    rows = pl.concat(
        [frames[name].filter(alive).select("_key", steps, table=pl.lit(name)) for name in tables],
        how="diagonal",
    )
    linked = rows.unpivot(
        index=["table", "_key"], variable_name="step", value_name="parent"
    ).drop_nulls("parent")
    measures = [
        (name, measure.name, measure.additive)
        for name, cells in tables.items()
        for measure in cells.measures
    ]
    asked = [
        f"{name}_up{place}"
        for name, cells in tables.items()
        for place, d in enumerate(cells.by)
        if sensitive & {*d.columns}
    ]
    over = pl.col("table") + pl.col("step")
    links = linked.join(
        pl.DataFrame(measures, schema=["table", "measure", "additive"], orient="row"), on="table"
    )
    return links.select(
        "measure",
        "additive",
        parent=pl.col("parent").cast(pl.String),
        child="_key",
        over=over,
        sensitive=over.is_in(asked),
    )


def _joined(links: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """The links as variables, each relation once (`relation`), with `kind` of the measure and the
    figures on both sides."""
    ends = figures.select("_key", "measure", "variable", "value", "kind", "virtual")
    child = ends.rename(
        {
            "_key": "child",
            "variable": "child_variable",
            "value": "child_value",
            "virtual": "child_virtual",
        }
    )
    parent = ends.select(
        "measure",
        parent="_key",
        parent_variable="variable",
        parent_value="value",
        parent_virtual="virtual",
    )
    joined = links.join(child, on=["child", "measure"]).join(parent, on=["parent", "measure"])
    signed = joined.with_columns(
        pl.col("child_variable").hash().sum().over("over", "parent_variable").alias("signature"),
        pl.len().over("over", "parent_variable").alias("children"),
        (
            pl.col("child_value").sum().over("over", "parent_variable") - pl.col("parent_value")
        ).alias("gap"),
    )
    span = [
        pl.col("gap").min().over("over", "measure").alias("least"),
        pl.col("gap").max().over("over", "measure").alias("most"),
    ]
    once = signed.with_columns(span).sort("over", "parent_variable", "child_variable")
    once = once.unique(["parent_variable", "signature", "child_variable"], maintain_order=True)
    return once.with_columns(
        pl.struct("parent_variable", "signature").rank("dense").cast(pl.Int64).alias("relation")
    )
