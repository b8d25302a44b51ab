"""What of a report is told anew, what is repeated as it was told, and what must stay unsure beside
figures told elsewhere.

Example: of a table of three months two were told before and are repeated as they were. The third
is told anew; one of its figures is three people from a figure of another report, so it must stay
unsure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.figures import name_cell
from genlib.disclosure.ladder import has_ladder, leave_out
from genlib.disclosure.leftovers import Parts, find_leftovers
from genlib.disclosure.model import Model, build
from genlib.disclosure.near import find_own_twins, find_twins
from genlib.disclosure.pages import Page, Past, ToldPage, list_pages
from genlib.disclosure.policy import Policy
from genlib.disclosure.system import System

MOST_BLURRED = 1 / 3
"""A table of which a larger part would have to be hidden for its near twins is left out."""
Place = tuple[str, str]
"""A page of a report: the name of its table, and its code."""


@dataclass(frozen=True)
class Settled:
    """The tables of a report that are `fresh`, without what is `repeated` of them; their `pages`,
    how many of these are `corrected`, told anew after they were withdrawn; their `model` and
    `figures`; the `system` to be solved, with what near twins need; and the
    `reason` of each cell that may not be told ("" = none)."""

    fresh: Mapping[str, Cells]
    pages: Mapping[Place, Page]
    repeated: Mapping[Place, ToldPage]
    late: Mapping[Place, ToldPage]
    corrected: int
    model: Model
    figures: pl.DataFrame
    system: System
    reason: list[str]

    def list_days(self, name: str) -> dict[str, date]:
        """When the pages of a table were told that could not be told anew, by their codes."""
        return {code: page.day for (table, code), page in self.late.items() if table == name}


@dataclass(frozen=True)
class _Draft:
    """Tables that may be told anew, their model and figures, and what near twins need: those of
    what was told `before`, and those among the figures themselves (`needs`: all)."""

    fresh: Mapping[str, Cells]
    model: Model
    figures: pl.DataFrame
    twins: pl.DataFrame
    needs: pl.DataFrame


@dataclass(frozen=True)
class _Context:
    """The `pages` of a report, beside all `figures` that were told before, and the `parts` of
    wholes among them."""

    pages: Mapping[Place, Page]
    figures: pl.DataFrame
    parts: Parts


def settle(
    tables: Mapping[str, Cells],
    figures: pl.DataFrame,
    past: Past,
    day: date,
    policy: Policy,
) -> Settled:
    """The tables, with the `figures` that they tell by `table` and `series`, beside what was told
    before this day."""
    pages = _list_places(tables)
    context = _Context(pages, past.list_figures(), Parts.of_past(past))
    repeated = _find_closed(pages, past, day)
    draft = _draft_tables(_leave_pages(tables, repeated), figures, context, policy)
    late = _find_late(draft, pages, past)
    if late:
        repeated |= late
        draft = _draft_tables(_leave_pages(tables, repeated), figures, context, policy)
    blurred = _find_blurred(draft)
    if blurred:
        legible = {name: leave_out(draft.fresh[name]) for name in blurred}
        draft = _draft_tables({**draft.fresh, **legible}, figures, context, policy)
    anew = {place: page for place, page in pages.items() if place not in repeated}
    return Settled(
        fresh=draft.fresh,
        pages=anew,
        repeated=repeated,
        late=late,
        corrected=sum(past.is_withdrawn(page) for page in anew.values()),
        model=draft.model,
        figures=draft.figures,
        system=_add_needs(draft.model.system, draft.needs),
        reason=_add_reason(draft),
    )


def _list_places(tables: Mapping[str, Cells]) -> dict[Place, Page]:
    """The pages of all tables, by table and code.

    Example: of a table by month ("growth", "2026-10-01") and so on, of any other ("places", "").
    """
    pages = {}
    for name, cells in tables.items():
        for code, page in list_pages(name, cells).items():
            pages[name, code] = page
    return pages


def _find_closed(pages: Mapping[Place, Page], past: Past, day: date) -> dict[Place, ToldPage]:
    """The pages whose time is over and that were told before, as they were told.

    Example: on 1 November September was told and October was not: September is repeated.
    """
    closed = {}
    for place, page in pages.items():
        same = past.standing.get(page) if page.is_closed(day) else None
        if same:
            closed[place] = same
    return closed


def _draft_tables(
    fresh: Mapping[str, Cells],
    every: pl.DataFrame,
    context: _Context,
    policy: Policy,
) -> _Draft:
    """The tables that may be told anew, with those of `every` figure that are theirs, beside what
    was told before."""
    model = build(fresh, policy)
    figures = _place_figures(fresh, every, model)
    near = find_twins(figures, context.figures, policy)
    twins = pl.concat([near, find_leftovers(figures, context.pages, context.parts, policy)])
    needs = pl.concat([twins, find_own_twins(figures, policy)])
    return _Draft(fresh, model, figures, twins, needs)


def _find_blurred(draft: _Draft) -> list[str]:
    """The tables with ladders of which more than a third of the figures are near twins of others:
    what they could tell is not worth reading."""
    is_near = pl.col("figure").is_in(draft.needs["figure"].implode())
    parts = draft.figures.group_by("table").agg(near=is_near.mean())
    blurred = parts.filter(pl.col("near") > MOST_BLURRED)["table"]
    return [name for name, cells in draft.fresh.items() if name in blurred and has_ladder(cells)]


def _leave_pages(
    tables: Mapping[str, Cells], repeated: Mapping[Place, ToldPage]
) -> dict[str, Cells]:
    """The tables without the pages that are repeated: of one that is a single page nothing is left,
    of one by months the months that were not told yet.

    >>> from genlib.disclosure.cells import Dimension
    >>> frame = pl.DataFrame({"month": ["2026-09", "2026-10"], "people": [40, 41]})
    >>> month = Dimension("month", is_page=True)
    >>> tables = {"growth": Cells(frame, (month,))}
    >>> september = {("growth", "2026-09"): None}
    >>> _leave_pages(tables, september)["growth"].frame.rows()
    [('2026-10', 41)]
    """
    fresh = {}
    for name, cells in tables.items():
        fresh[name] = cells
        codes = [code for table, code in repeated if table == name]
        if "" in codes:
            fresh[name] = replace(cells, frame=cells.frame.clear(), draw=None)
        elif codes:
            is_fresh = ~pl.col(cells.page).cast(pl.String).is_in(codes)
            fresh[name] = replace(cells, frame=cells.frame.filter(is_fresh))
    return fresh


def _place_figures(fresh: Mapping[str, Cells], every: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Those of `every` figure that stand in these tables, numbered by `figure` in their order, with
    the `variable` and the `cell` of the model.

    Example: the 40 of Uusimaa are variable 7 in the table by region and in that by age.
    """
    labels = [
        model.frames[name]
        .drop_nulls("_cell")
        .select("_label", table=pl.lit(name), where=name_cell(cells))
        for name, cells in fresh.items()
    ]
    variables = model.figures.select("_label", "measure", "variable", cell="_cell")
    labelled = every.join(pl.concat(labels), on=["table", "where"], maintain_order="left")
    placed = labelled.join(variables, on=["_label", "measure"], maintain_order="left")
    numbered = placed.drop("_label").with_columns(withdrawn=False)
    return numbered.with_row_index("figure")


def _find_late(draft: _Draft, pages: Mapping[Place, Page], past: Past) -> dict[Place, ToldPage]:
    """The pages with a near twin whose kind was told before, as it was told last.

    Example: the customers by region of 1 November are three more than those of 1 October in one
    region: the table of October is told again.
    """
    near = draft.figures.join(draft.twins, on="figure", how="semi")
    late = {}
    for place in near.select("table", "code").unique(maintain_order=True).rows():
        last = past.find_last(pages[place])
        if last:
            late[place] = last
    return late


def _add_needs(system: System, needs: pl.DataFrame) -> System:
    """Each variable must stay free to move `up`, and `down` as far as there is anything.

    A variable of 2 that is to go down by 4 must be able to go down by 2:

    >>> from genlib.disclosure.system import make_system
    >>> system = make_system(value=[2, 9], relation=[], variable=[], sign=[])
    >>> needs = pl.DataFrame({"variable": [0], "up": [3], "down": [4]})
    >>> _add_needs(system, needs).need_move.tolist()
    [3, -2]
    """
    variable = needs["variable"].to_numpy()
    room = system.value[variable] - system.low[variable]
    up = needs["up"].to_numpy()
    down = np.minimum(needs["down"].to_numpy(), room)
    moves = np.concatenate([up, -down])
    variables = np.concatenate([variable, variable])
    is_move = moves != 0
    return system.needing(variables[is_move], moves[is_move])


def _add_reason(draft: _Draft) -> list[str]:
    """Why each cell may not be told: for itself, or `time`, for its near twins.

    Example: of cells "primary", "" and "", where the first two have a near twin, "primary", "time"
    and "".
    """
    near = draft.figures.join(draft.needs, on="figure", how="semi")
    reasons = list(draft.model.reason)
    for cell in near["cell"]:
        reasons[cell] = reasons[cell] or "time"
    return reasons
