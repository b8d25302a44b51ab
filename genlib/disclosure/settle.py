"""What of a report is told anew, what is repeated as it was told, and what must stay unsure beside
figures told elsewhere.

Example: of a table of three months two were told before and are repeated as they were. The third
is told anew; one of its figures is three people from a figure of another report, so it must stay
unsure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.figures import name_cell
from genlib.disclosure.ladder import has_ladder, leave_out
from genlib.disclosure.leftovers import add_codes, add_slices, add_windows, list_parts
from genlib.disclosure.model import Model, build
from genlib.disclosure.near import find_rests, find_twins, guess_twins
from genlib.disclosure.pages import PLACE, Page, Past, ToldPage, list_pages
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
    before = past.list_figures()
    repeated = _find_closed(pages, past, day)
    windows = _list_windows(pages, repeated, past)
    anew = _leave_figures(_place_figures(figures, pages), repeated)
    twins = _find_twins(anew, before, windows, policy)
    late = _find_late(anew, twins, pages, past)
    if late:
        repeated |= late
        anew = _leave_figures(anew, late)
        twins = _find_twins(anew, before, windows, policy)
    fresh = _leave_pages(tables, repeated)
    blurred = _find_blurred(anew, twins, fresh)
    if blurred:
        fresh |= {name: leave_out(fresh[name]) for name in blurred}
        anew = anew.filter(~pl.col("table").is_in(blurred))
        twins = _find_twins(anew, before, windows, policy)
    model = build(fresh, policy)
    shown = _find_variables(anew, fresh, model)
    needs = shown.join(twins, on="figure", maintain_order="left")
    left = {place: page for place, page in pages.items() if place not in repeated}
    return Settled(
        fresh=fresh,
        pages=left,
        repeated=repeated,
        late=late,
        corrected=sum(past.is_withdrawn(page) for page in left.values()),
        model=model,
        figures=shown,
        system=_add_needs(model.system, needs),
        reason=_add_reason(model.reason, needs),
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


def _place_figures(figures: pl.DataFrame, pages: Mapping[Place, Page]) -> pl.DataFrame:
    """The figures, numbered by `figure`, each with what its page tells of (see `PLACE`)."""
    parts = [(*place, *page.place()) for place, page in pages.items()]
    schema = {"table": pl.String, "code": pl.String, **PLACE}
    by_page = pl.DataFrame(parts, schema=schema, orient="row")
    placed = figures.join(by_page, on=["table", "code"], how="left", maintain_order="left")
    return placed.with_row_index("figure")


def _leave_figures(figures: pl.DataFrame, repeated: Mapping[Place, ToldPage]) -> pl.DataFrame:
    """The figures without those of pages that are repeated."""
    places = pl.DataFrame([*repeated], schema={"table": pl.String, "code": pl.String}, orient="row")
    return figures.join(places, on=["table", "code"], how="anti", maintain_order="left")


def _list_windows(
    pages: Mapping[Place, Page], repeated: Mapping[Place, ToldPage], past: Past
) -> list[tuple[date, date]]:
    """The times of more than a month that the pages tell of, and those that were told before and of
    which a page tells a part for the first time.

    Example: the last quarter was told on 1 January. A report of October alone, made later, tells a
    part of it.
    """
    fresh = [page for place, page in pages.items() if place not in repeated]
    times = {page.name_part()[2:] for page in fresh}
    windows = {page.window for page in pages.values() if page.window}
    for window in {one.page.window for one in past.pages if one.page.window}:
        start, end = window
        if any(first and last and start <= first and last <= end for first, last in times):
            windows.add(window)
    return sorted(windows)


def _find_twins(
    figures: pl.DataFrame,
    before: pl.DataFrame,
    windows: Sequence[tuple[date, date]],
    policy: Policy,
) -> pl.DataFrame:
    """Those of the figures that are near twins: of one that was told before, of another of them, or
    of the sum of the parts of a whole that were told, and of those with what is to be told (see
    `leftovers`): a part that is told anew may yet be hidden, and what it was before is known. Of a
    whole that was told before, the parts that are new must stay unsure."""
    enough = figures.filter(pl.col("people") >= policy.min_count)
    told = before.with_columns(figure=pl.lit(None, pl.UInt32))
    sums_before = _add_parts(told, windows)
    sums = _add_parts(pl.concat([told, enough.select(told.columns)]), windows)
    every_sum = pl.concat([sums_before, sums]).drop("figure").unique(maintain_order=True)
    fresh_sums = sums.join(sums_before, on="sketch", how="anti")
    near = [
        find_twins(figures, pl.concat([before, every_sum], how="diagonal_relaxed"), policy),
        find_rests(fresh_sums, before, policy),
        guess_twins(figures, before, policy),
    ]
    return pl.concat(near)


def _add_parts(told: pl.DataFrame, windows: Sequence[tuple[date, date]]) -> pl.DataFrame:
    """The sums of the parts of wholes that were told (see `leftovers`)."""
    parts = list_parts(told)
    by_code = parts.filter(pl.col("end").is_null())
    return pl.concat([add_windows(parts, windows), add_codes(by_code), add_slices(told)])


def _find_blurred(
    figures: pl.DataFrame, twins: pl.DataFrame, fresh: Mapping[str, Cells]
) -> list[str]:
    """The tables with ladders of which more than a third of the figures are near twins of others:
    what they could tell is not worth reading."""
    is_near = pl.col("figure").is_in(twins["figure"].implode())
    parts = figures.group_by("table").agg(near=is_near.mean())
    blurred = parts.filter(pl.col("near") > MOST_BLURRED)["table"]
    return [name for name, cells in fresh.items() if name in blurred and has_ladder(cells)]


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


def _find_variables(
    figures: pl.DataFrame, fresh: Mapping[str, Cells], model: Model
) -> pl.DataFrame:
    """The figures of these tables, with the `variable` and the `cell` of the model.

    Example: the 40 of Uusimaa are variable 7 in the table by region and in that by age.
    """
    labels = [
        model.frames[name]
        .drop_nulls("_cell")
        .select("_label", table=pl.lit(name), where=name_cell(cells))
        for name, cells in fresh.items()
    ]
    variables = model.figures.select("_label", "measure", "variable", cell="_cell")
    labelled = figures.join(pl.concat(labels), on=["table", "where"], maintain_order="left")
    found = labelled.join(variables, on=["_label", "measure"], maintain_order="left")
    return found.drop("_label")


def _find_late(
    figures: pl.DataFrame, twins: pl.DataFrame, pages: Mapping[Place, Page], past: Past
) -> dict[Place, ToldPage]:
    """The pages with a near twin whose kind was told before, as it was told last.

    Example: the customers by region of 1 November are three more than those of 1 October in one
    region: the table of October is told again.
    """
    near = figures.join(twins.filter(~pl.col("is_own")), on="figure", how="semi")
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


def _add_reason(reasons: list[str], needs: pl.DataFrame) -> list[str]:
    """Why each cell may not be told: for itself, or `time`, for its near twins.

    Of three cells the first two have a near twin:

    >>> _add_reason(["primary", "", ""], pl.DataFrame({"cell": [0, 1]}))
    ['primary', 'time', '']
    """
    near = set(needs["cell"])
    return [reason or ("time" if cell in near else "") for cell, reason in enumerate(reasons)]
