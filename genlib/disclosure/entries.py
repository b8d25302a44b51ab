"""The figures of a report become variables of one `System`: figures that are always equal are one.

Example: customers by region, where all 40 of region 01 live in municipality 091. Region and
municipality are two keys and one label, so the 40 is one variable, hidden here and there alike.
"""

from __future__ import annotations

import polars as pl

from genlib.disclosure.draft import Draft
from genlib.disclosure.policy import Policy
from genlib.disclosure.rests import list_complements, list_groups
from genlib.disclosure.system import components
from genlib.errors import UsageError


def assemble(
    figures: pl.DataFrame, links: pl.DataFrame, policy: Policy
) -> tuple[Draft, pl.DataFrame]:
    """All of a report as one system in the making; and the group and the cell of every key that is
    told (`_key`, `_label`, `_cell`)."""
    _check_sums(links)
    places = _unite_keys(figures, links)
    variable = pl.struct("_label", "measure").rank("dense").cast(pl.Int64) - 1
    placed = figures.join(places, on="_key").with_columns(same=variable)
    distinct = placed.unique("same", keep="first").sort("same")
    draft = Draft(distinct, _rename_ends(links, placed), policy.min_count)
    draft.add_sums()
    draft.add_rests(list_groups(draft))
    draft.add_rests(list_complements(draft))
    return draft, places.filter(pl.col("_cell") >= 0)


def _check_sums(links: pl.DataFrame) -> None:
    """UsageError for a total that is not the sum of its parts, though its measure should add up."""
    is_sum = (pl.col("kind") != "people") & pl.col("additive")
    if links.filter(is_sum, ~pl.col("is_exact")).height:
        raise UsageError(
            "a total differs from the sum of its parts: mark the measure additive=False"
        )


def _unite_keys(figures: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The `_label` of every `_key` - a parent with a single child is that child - and its `_cell`,
    numbered in the order of labels; -1 if no table shows it.

    All of region 01 live in one town, so both are one cell; nobody shows the total:

    >>> figures = pl.DataFrame(
    ...     {
    ...         "_key": ["town", "region", "total"],
    ...         "virtual": [False, False, True],
    ...     }
    ... )
    >>> links = pl.DataFrame(
    ...     {
    ...         "child": ["town", "region"],
    ...         "parent": ["region", "total"],
    ...         "children": [1, 2],
    ...         "gap": [0, 0],
    ...         "kind": ["people", "people"],
    ...     }
    ... )
    >>> _unite_keys(figures, links).rows()
    [('town', 0, 0), ('region', 0, 0), ('total', 1, -1)]
    """
    by_key = figures.group_by("_key", maintain_order=True)
    is_shown = (~pl.col("virtual")).any()
    keys = by_key.agg(shown=is_shown).with_row_index("_node")
    pairs = _list_only_children(links, keys)
    labels = components(keys.height, pairs["_node"].to_numpy(), pairs["_node_child"].to_numpy())
    labelled = keys.with_columns(_label=pl.Series(labels))
    shown_labels = labelled.filter("shown")["_label"].unique().sort()
    cells = shown_labels.to_frame().with_row_index("_cell")
    placed = labelled.join(cells, on="_label", how="left", maintain_order="left")
    cell = pl.col("_cell").cast(pl.Int64).fill_null(-1)
    return placed.select("_key", "_label", cell)


def _list_only_children(links: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """The numbers of parents (`_node`) whose people are all in one child (`_node_child`)."""
    is_only_child = (pl.col("children") == 1) & (pl.col("gap") == 0)
    only = links.filter(is_only_child, kind="people")
    nodes = keys.select("_key", "_node")
    parents = only.join(nodes, left_on="parent", right_on="_key")
    return parents.join(nodes, left_on="child", right_on="_key", suffix="_child")


def _rename_ends(links: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """The links between the variables that are left: `whole` and `part`.

    Figures 0 and 1 became variable 0, figure 2 became variable 1; the link of 0 with itself goes:

    >>> links = pl.DataFrame({"variable": [0, 1], "variable_parent": [1, 2]})
    >>> figures = pl.DataFrame({"variable": [0, 1, 2], "same": [0, 0, 1]})
    >>> _rename_ends(links, figures).select("part", "whole").rows()
    [(0, 1)]
    """
    wholes = figures.select(variable_parent="variable", whole="same")
    parts = figures.select("variable", part="same")
    renamed = links.join(wholes, on="variable_parent").join(parts, on="variable")
    return renamed.filter(pl.col("whole") != pl.col("part"))
