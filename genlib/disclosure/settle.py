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
from genlib.disclosure.figures import list_figures, name_cell
from genlib.disclosure.ladder import has_ladder, leave_out
from genlib.disclosure.model import Model, build
from genlib.disclosure.near import find_own_twins, find_twins
from genlib.disclosure.pages import Page, Past, ToldPage, list_pages, name_series
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

    def count_late(self) -> int:
        """How many pages could not be told anew."""
        return len(self.late)


def settle(tables: Mapping[str, Cells], past: Past, day: date, policy: Policy) -> Settled:
    """The tables beside what was told before this day."""
    pages = {
        (name, code): page
        for name, cells in tables.items()
        for code, page in list_pages(name, cells).items()
    }
    figures_before = past.list_figures()
    same = {place: past.find_same(page) for place, page in pages.items() if page.is_closed(day)}
    closed = {place: page for place, page in same.items() if page}
    draft = _draft(_leave(tables, closed), tables, figures_before, policy)
    late = _find_late(draft, pages, past)
    repeated = {**closed, **late}
    if late:
        draft = _draft(_leave(tables, repeated), tables, figures_before, policy)
    needs = draft.list_needs(policy)
    blurred = {name for name in _find_blurred(draft, needs) if has_ladder(tables[name])}
    if blurred:
        left = {name: leave_out(one) for name, one in draft.fresh.items() if name in blurred}
        draft = _draft({**draft.fresh, **left}, tables, figures_before, policy)
        needs = draft.list_needs(policy)
    anew = {place: page for place, page in pages.items() if place not in repeated}
    return Settled(
        draft.fresh,
        anew,
        repeated,
        late,
        sum(past.is_withdrawn(page) for page in anew.values()),
        draft.model,
        draft.figures,
        _add_needs(draft.model.system, needs),
        _add_reason(draft, needs),
    )


@dataclass(frozen=True)
class _Draft:
    """Tables that may be told anew, their model and figures, and the near `twins` of what was told
    before."""

    fresh: dict[str, Cells]
    model: Model
    figures: pl.DataFrame
    twins: pl.DataFrame

    def list_needs(self, policy: Policy) -> pl.DataFrame:
        """What near twins need, those among the figures themselves too."""
        return pl.concat([self.twins, find_own_twins(self.figures, policy)])


def _draft(
    fresh: dict[str, Cells],
    tables: Mapping[str, Cells],
    figures_before: pl.DataFrame,
    policy: Policy,
) -> _Draft:
    model = build(fresh, policy)
    figures = _count_figures(model, tables)
    return _Draft(fresh, model, figures, find_twins(figures, figures_before, policy))


def _find_blurred(draft: _Draft, needs: pl.DataFrame) -> set[str]:
    """The tables of which more than a third of the figures are near twins of others: what they
    could tell is not worth reading."""
    is_near = pl.col("figure").is_in(needs["figure"].implode())
    parts = draft.figures.group_by("table").agg(is_near.mean())
    return set(parts.filter(pl.col("figure") > MOST_BLURRED)["table"])


def _leave(tables: Mapping[str, Cells], repeated: Mapping[Place, ToldPage]) -> dict[str, Cells]:
    """The tables without the pages that are repeated."""
    fresh = {}
    for name, cells in tables.items():
        codes = [code for table, code in repeated if table == name]
        if (name, "") in repeated:
            fresh[name] = replace(cells, frame=cells.frame.clear(), draw=None)
        elif codes:
            is_fresh = ~pl.col(cells.page).cast(pl.String).is_in(codes)
            fresh[name] = replace(cells, frame=cells.frame.filter(is_fresh))
        else:
            fresh[name] = cells
    return fresh


def _count_figures(model: Model, tables: Mapping[str, Cells]) -> pl.DataFrame:
    """The figures of all tables of a report (see `list_figures`), numbered by `figure` in their
    order: with their `table`, its `series`, and the `variable` and `cell` of the model."""
    series = {name: name_series(name, cells) for name, cells in tables.items()}
    listed = [
        _place_figures(name, cells, model).with_columns(series=pl.lit(series[name]))
        for name, cells in model.tables.items()
    ]
    together = pl.concat(listed, how="diagonal_relaxed")
    return together.with_columns(withdrawn=False).with_row_index("figure")


def _place_figures(name: str, cells: Cells, model: Model) -> pl.DataFrame:
    frame = model.frames[name].drop_nulls("_cell")
    labels = frame.select("_label", where=name_cell(cells))
    variables = model.figures.select("_label", "measure", "variable", cell="_cell")
    figures = list_figures(cells).with_columns(table=pl.lit(name))
    placed = figures.join(labels, on="where", maintain_order="left")
    return placed.join(variables, on=["_label", "measure"], maintain_order="left").drop("_label")


def _find_late(draft: _Draft, pages: Mapping[Place, Page], past: Past) -> dict[Place, ToldPage]:
    """The pages with a near twin whose kind was told before."""
    twins = draft.figures.join(draft.twins, on="figure", how="semi")
    near = twins.select("table", "code").unique().rows()
    last = {place: past.find_last(pages[place]) for place in near}
    return {place: page for place, page in last.items() if page}


def _add_needs(system: System, needs: pl.DataFrame) -> System:
    """Each variable must stay free to move `up`, and `down` as far as there is anything."""
    variable, up, down = (needs[name].to_numpy() for name in ("variable", "up", "down"))
    room = system.value[variable] - system.low[variable]
    moves = np.concatenate([up, -np.minimum(down, room)])
    both = np.concatenate([variable, variable])
    return system.needing(both[moves != 0], moves[moves != 0])


def _add_reason(draft: _Draft, needs: pl.DataFrame) -> list[str]:
    near = set(draft.figures.join(needs, on="figure", how="semi")["cell"])
    return [why or ("time" if cell in near else "") for cell, why in enumerate(draft.model.reason)]
