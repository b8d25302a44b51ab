"""From the `Cells` of a report to one `System`: equal cells are one variable, margins are
relations, rules are needs.

Example: a table of customers by region and another by region and age are one system: the 40 of
Uusimaa are one variable, and 12 young + 28 old - 40 = 0 links the two.

>>> regions = pl.DataFrame({"region": ["01", None], "people": [40, 40]})
>>> ages = pl.DataFrame(
...     {
...         "region": ["01", "01"],
...         "age": ["young", "old"],
...         "people": [12, 28],
...     }
... )
>>> customers = Population("customers")
>>> region = Dimension("region")
>>> without_total = (Dimension("region", total=False), Dimension("age", total=False))
>>> tables = {
...     "regions": Cells(regions, (region,), population=customers),
...     "ages": Cells(ages, without_total, population=customers),
... }
>>> model = build(tables, Policy())
>>> shown = model.figures.select("value", "_cell").sort("value")
>>> shown.rows()
[(12, 1), (28, 2), (40, 0)]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from genlib.disclosure import rules
from genlib.disclosure.cells import CONTRIBUTORS, Cells, Dimension, Measure
from genlib.disclosure.entries import assemble
from genlib.disclosure.keys import add_keys, add_margins, add_zeros
from genlib.disclosure.ladder import list_units
from genlib.disclosure.policy import Policy
from genlib.disclosure.population import Population
from genlib.disclosure.system import System
from genlib.errors import UsageError

HEADLINE = 10
"""The table named first is what the report is about: it is so much dearer to hide, and stays even
if two others must give way for it."""
IS_THERE = (pl.col("people") > 0) | pl.col("_zero") | pl.col("_virtual")
"""Of the rows of a table: they are no empty cell."""


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
    every = _share_hierarchies(tables)
    sensitive = _list_sensitive(every)
    frames = {name: _prepare(name, cells, sensitive) for name, cells in every.items()}
    figures = rules.judge(_list_figures(every, frames), policy)
    links = [_list_links(name, cells, frames[name], sensitive) for name, cells in every.items()]
    relations = _find_relations(pl.concat(links), figures)
    draft, places = assemble(figures, relations, policy)
    placed = {}
    for name, frame in frames.items():
        rows = frame.filter(~pl.col("_virtual"))
        placed[name] = rows.join(places, on="_key", how="left", maintain_order="left")
    return Model(
        draft.make_system(),
        every,
        placed,
        draft.list_reasons(),
        draft.list_told(),
    )


def _list_sensitive(tables: Mapping[str, Cells]) -> set[str]:
    """The columns of dimensions that are sensitive in any table: they are so in all.

    >>> verdict = Dimension("verdict", sensitive=True)
    >>> _list_sensitive({"lawful": Cells(pl.DataFrame(), (verdict, Dimension("region")))})
    {'verdict'}
    """
    sensitive: set[str] = set()
    for cells in tables.values():
        for dimension in cells.by:
            if dimension.sensitive:
                sensitive.update(dimension.columns)
    return sensitive


def _share_hierarchies(tables: Mapping[str, Cells]) -> dict[str, Cells]:
    """Who knows that a municipality lies in a region knows it everywhere: what one table says of a
    dimension's parents holds in all.

    Example: one table has Espoo in Uusimaa, another Espoo alone; in both it lies in Uusimaa.
    """
    placed = dict(tables)
    for cells in tables.values():
        for dimension in cells.by:
            if dimension.parents:
                places = cells.frame.select(dimension.columns).drop_nulls().unique()
                placed = {name: _place(table, dimension, places) for name, table in placed.items()}
    return placed


def _place(cells: Cells, dimension: Dimension, places: pl.DataFrame) -> Cells:
    """The cells with the parents of this dimension, if they lack them and each of their codes has
    its own.

    >>> cells = Cells(pl.DataFrame({"town": ["049", None], "people": [7, 9]}), (Dimension("town"),))
    >>> places = pl.DataFrame({"town": ["049", "091"], "region": ["01", "01"]})
    >>> _place(cells, Dimension("town", parents=("region",)), places).frame.rows()
    [('049', 7, '01'), (None, 9, None)]
    """
    name = dimension.name
    has_parents = bool(set(dimension.parents) & set(cells.dimensions))
    if name not in cells.dimensions or has_parents:
        return cells
    has_own_parents = not places[name].is_duplicated().any()
    are_placed = cells.frame[name].drop_nulls().is_in(places[name]).all()
    if not (has_own_parents and are_placed):
        return cells
    frame = cells.frame.join(places, on=name, how="left", maintain_order="left")
    by = [replace(one, parents=dimension.parents) if one.name == name else one for one in cells.by]
    return replace(cells, frame=frame, by=tuple(by))


def _prepare(name: str, cells: Cells, sensitive: set[str]) -> pl.DataFrame:
    """The cells with what follows from them, and the keys of all. A table of people who are not
    named has no cell in common with another."""
    additive = [measure for measure in cells.measures if measure.additive]
    whole = add_margins(add_zeros(cells, sensitive), cells.by, additive)
    population = cells.population
    if not population.what:
        population = Population(f"table {name}")
    return add_keys(whole, cells.by, population, list_units(cells.by, cells.steps))


def _list_figures(tables: Mapping[str, Cells], frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row a variable: `_key`, measure, kind, value, contributors, the largest contribution and
    the rest of it beyond two; how `dear` it is to hide: of three tables 30, 2.3 and 1.7."""
    parts = []
    for order, (name, cells) in enumerate(tables.items()):
        dear = 3 - 2 * order / len(tables)
        if order == 0:
            dear *= HEADLINE
        for measure in cells.measures:
            figures = _read_figures(name, frames[name], measure)
            parts.append(figures.with_columns(dear=dear))
    # what is shown first: a margin that follows from one table may be shown in another
    together = pl.concat(parts).sort("virtual", maintain_order=True)
    _check_agreement(together)
    first = together.group_by("_key", "measure", maintain_order=True).first()
    return first.with_row_index("variable").cast({"variable": pl.Int64})


def _check_agreement(figures: pl.DataFrame) -> None:
    """UsageError if tables show different figures of one cell.

    Example: 40 customers of Uusimaa in one table and 41 in another.
    """
    is_split = pl.col("value").n_unique().over("_key", "measure") > 1
    split = figures.filter(~pl.col("virtual")).filter(is_split)
    if split.height:
        names = ", ".join(sorted(split["table"].unique()))
        raise UsageError(
            f"tables {names} give different figures for the same cell: different people need "
            "different populations"
        )


def _read_figures(table: str, frame: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """The figures of one measure of a table."""
    whole = CONTRIBUTORS if CONTRIBUTORS in frame.columns else "people"
    people = pl.col(whole).cast(pl.Int64).fill_null(0)
    follows = ~pl.col("_virtual") | measure.additive
    rows = frame.filter(follows, (people > 0) | IS_THERE)
    return rows.select(
        "_key",
        measure=pl.lit(measure.name),
        kind=pl.lit(measure.kind),
        of=pl.lit(measure.of, pl.String),
        table=pl.lit(table),
        **rules.read_contributions(measure, frame.columns),
        people=people,
        virtual="_virtual",
    )


def _list_links(table: str, cells: Cells, frame: pl.DataFrame, sensitive: set[str]) -> pl.DataFrame:
    """Every (measure, parent, child) of a table; `over` names the table and the dimension that is
    summed.

    Example: the women of Uusimaa have two parents: the women, over the region, and those of
    Uusimaa, over the sex.
    """
    ways = frame.filter(IS_THERE).select("_key", r"^_(up|side)\d+$")
    linked = ways.unpivot(index="_key", variable_name="step", value_name="parent")
    measures = {
        "measure": [measure.name for measure in cells.measures],
        "additive": [measure.additive for measure in cells.measures],
    }
    sensitive_steps = [
        f"_up{place}"
        for place, dimension in enumerate(cells.by)
        if sensitive & set(dimension.columns)
    ]
    links = linked.drop_nulls("parent").join(pl.DataFrame(measures), how="cross")
    page_steps = [f"_up{place}" for place, one in enumerate(cells.by) if one.is_page]
    step = pl.col("step").cast(pl.String)
    return links.select(
        "measure",
        "additive",
        pl.col("parent").cast(pl.String),
        child="_key",
        over=pl.lit(table) + step,
        sensitive=step.is_in(sensitive_steps),
        over_pages=step.is_in(page_steps),
    )


def _find_relations(links: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """The links as variables, each relation once (`relation`), with `kind` of the measure and the
    figures on both sides (those of the parent as `..._parent`). `gap`: how much the children are
    more than the parent, and the `least` and the `most` of it in a table (`is_exact`: it is none).
    Pages that were told before are not among the children: of a year whose first quarters were told
    the fourth alone is no sum (see `leftovers`).

    Example: 6 had e-mail and 5 a text message, 9 in all: two links of one relation, `gap` 2.
    """
    ends = figures.select("_key", "measure", "variable", "value", "kind", "virtual")
    children = links.join(ends, left_on=["child", "measure"], right_on=["_key", "measure"])
    both = children.join(
        ends,
        left_on=["parent", "measure"],
        right_on=["_key", "measure"],
        suffix="_parent",
    )
    sums = ["over", "variable_parent"]
    measured = both.with_columns(
        signature=pl.col("variable").hash().sum().over(sums),
        children=pl.len().over(sums),
        gap=pl.col("value").sum().over(sums) - pl.col("value_parent"),
    )
    ranged = measured.with_columns(
        least=pl.col("gap").min().over("over", "measure"),
        most=pl.col("gap").max().over("over", "measure"),
    )
    judged = ranged.with_columns(is_exact=(pl.col("least") == 0) & (pl.col("most") == 0))
    is_rest = pl.col("over_pages") & ~pl.col("is_exact") & (pl.col("kind") != "people")
    ordered = judged.filter(~is_rest).sort(*sums, "variable")
    once = ordered.unique(["variable_parent", "signature", "variable"], maintain_order=True)
    relation = pl.struct("variable_parent", "signature").rank("dense")
    return once.with_columns(relation=relation.cast(pl.Int64))
