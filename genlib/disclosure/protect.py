"""`protect`: door 2. The tables of a report go in as `Cells` and come out together as
`ProtectedTable`s, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from genlib import notice
from genlib.disclosure.cells import Cells, Figure
from genlib.disclosure.figures import figures_of
from genlib.disclosure.ladder import describe_steps, list_untold, make_legible
from genlib.disclosure.ledger import Ledger, Past
from genlib.disclosure.manifest import manifest
from genlib.disclosure.model import Model, build
from genlib.disclosure.past import NONE, Bound, bound, eased
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.policy import Policy
from genlib.disclosure.search import suppress
from genlib.disclosure.table import SEAL, Protected, ProtectedTable
from genlib.disclosure.ties import no_ties
from genlib.errors import NearlyWhole, Refused, UsageError
from genlib.settings import publication

STEPS, ADVICE, HALF = 250_000, 40_000, 0.5
OWN = ("primary", "secondary", "dominance")
"""Reasons that stay with the analyst: of a primary cell, and of how many there are, it would be
known that it is small."""


@dataclass(frozen=True)
class Solved:
    """The report on its `own` and its figures as the ledger knows them, what binds it, and the
    pattern of what is hidden of it all."""

    own: Model
    figures: pl.DataFrame
    bound: Bound
    pattern: Pattern


@dataclass(frozen=True)
class Told:
    """What a report tells: its tables; of each cell why it is hidden (`reason`) and the variable of
    each measure; the variables that everybody sees; and what was last published of the cells that
    the time gate holds."""

    frames: Mapping[str, pl.DataFrame]
    cells: pl.DataFrame
    seen: pl.Series
    last: pl.DataFrame

    def known(self, column: str) -> pl.Expr:
        """A column of `cells` on the rows of a table; null on those that are no cell but a zero,
        which is shown."""
        return pl.lit(self.cells.get_column(column, default=pl.Series(dtype=pl.Int64))).gather(
            "_cell"
        )


def protect(
    *,
    language: str = "en",
    policy: Policy | None = None,
    ledger: Ledger | None = None,
    **cells: Cells,
) -> Protected:
    """The tables of one report, protected together; give every `Cells` that the report shows, by
    name, what matters most first: where there is a choice, the later ones are hidden.

    `policy` may be stricter than the notice's, never looser. With a `ledger` (in a run that
    publishes: the standing one) they are protected together with all that was published before, and
    recorded; then no two cells of the report itself can be taken from each other either, if few
    people make the difference. Raises `UsageError` for anything but `Cells` and for tables that
    disagree on a cell they share, `Refused` if no protection can be proven, with the smallest
    coarsening that would do.
    """
    strangers = [name for name, table in cells.items() if not isinstance(table, Cells)]
    if strangers or not cells:
        raise UsageError(
            "protect takes the Cells of metrics by name; not so: "
            f"{', '.join(strangers) or 'nothing was given'}"
        )
    ruling = standing_policy() if policy is None else standing_policy().stricter(policy)
    cells = {name: make_legible(table, ruling) for name, table in cells.items()}
    solved = _published(cells, ruling, ledger or Ledger.standing())
    told = _told(solved)
    shown = {name: _table(name, table, told, ruling, language) for name, table in cells.items()}
    audit = manifest(cells, solved.own, solved.pattern, ruling)
    return Protected(shown, _conditions(ruling, solved.pattern, told), solved.pattern, audit)


def _published(tables: dict[str, Cells], ruling: Policy, ledger: Ledger | None) -> Solved:
    """Protected, and recorded if there is a ledger."""
    if ledger is None:
        return _advised(tables, None, ruling)
    with ledger.locked():
        solved = _advised(tables, ledger.past(), ruling)
        _check_worth(tables, solved)
        ledger.record(solved.own, solved.figures, solved.bound.ties, solved.pattern)
    return solved


def _check_worth(tables: Mapping[str, Cells], solved: Solved) -> None:
    """A part of a report of which hardly anything could be told is not worth what it takes from the
    next reports of the whole."""
    narrowed = any(cells.population.is_narrowed for cells in tables.values())
    hidden = solved.pattern.hidden[: len(solved.own.system.weight)]
    if narrowed and hidden.mean() > HALF:
        raise NearlyWhole(
            "beside what was published before, more than half of this part would have to be "
            "hidden: publish the whole instead"
        )


def _advised(tables: dict[str, Cells], past: Past | None, ruling: Policy) -> Solved:
    try:
        return _solved(tables, past, ruling, STEPS)
    except Refused as refused:
        raise Refused(f"{refused}{_advice(tables, past, ruling)}") from None


def _solved(tables: dict[str, Cells], past: Past | None, ruling: Policy, steps: int) -> Solved:
    own = build(tables, ruling)
    if past is None:
        return Solved(
            own,
            NONE,
            Bound(own, NONE, no_ties(), np.zeros(0, np.int64)),
            suppress(own.system, steps=steps),
        )
    figures = figures_of(own)
    hung = bound(own, figures, past, ruling)
    try:
        return Solved(own, figures, hung, suppress(hung.model.system, steps=steps))
    except Refused:
        suppress(
            own.system, steps=steps
        )  # what cannot be protected by itself is refused, and not eased
        system, witnesses = eased(hung.model.system, hung.before)
        hung = replace(hung, model=replace(hung.model, system=system))
        return Solved(own, figures, hung, suppress(system, steps=steps, witnesses=witnesses))


def _advice(tables: dict[str, Cells], past: Past | None, ruling: Policy) -> str:
    """The change that would be allowed and costs the fewest cells: one table without the finest
    level of one dimension."""
    options = []
    for name, cells in tables.items():
        for dimension in cells.by:
            coarse = cells.frame.filter(pl.col(dimension.name).is_null())
            options.append(
                (
                    cells.frame.height - coarse.height,
                    dimension.name,
                    name,
                    replace(cells, frame=coarse),
                )
            )
    for _, without, name, coarser in sorted(options, key=lambda option: option[0]):
        try:
            _solved({**tables, name: coarser}, past, ruling, ADVICE)
        except Refused:
            continue
        return f"; allowed would be: {name} without {without}"
    return ""


def standing_policy() -> Policy:
    """The policy of the privacy notice in force."""
    ruling = notice.load().disclosure
    return Policy(ruling.min_count, ruling.p, ruling.min_base, ruling.flag_base)


def _told(solved: Solved) -> Told:
    model = solved.bound.model
    pattern = solved.pattern
    held = solved.bound.held
    hidden = pattern.hidden[
        : len(model.reason)
    ]  # the pattern may end with what is only known from the past
    said = dict.fromkeys(OWN, "hidden") if publication() else {}
    reason = [
        said.get(why, why) if unseen else None
        for why, unseen in zip((r or "secondary" for r in model.reason), hidden, strict=True)
    ]
    cells = pl.DataFrame(
        {"_cell": range(len(reason)), "reason": reason},
        schema={"_cell": pl.Int64, "reason": pl.String},
    )
    variables = model.figures.filter(pl.col("_cell") >= 0).pivot(
        "measure", index="_cell", values="variable"
    )
    cells = cells.join(variables, on="_cell", how="left", maintain_order="left")
    return Told(
        model.frames,
        cells,
        pl.Series(pattern.seen()),
        held.select("cell", "day", "figures")
        .drop_nulls("day")
        .unique("cell", keep="first", maintain_order=True),
    )


def _table(name: str, cells: Cells, told: Told, ruling: Policy, language: str) -> ProtectedTable:
    frame = told.frames[name].with_columns(reason=told.known("reason"))
    late = pl.col("reason") == "time"
    seen = {
        measure.name: pl.lit(told.seen).gather(told.known(measure.name))
        for measure in cells.measures
    }
    values = {
        measure: pl.when(pl.col("reason").is_null() | (seen[measure] & ~late)).then(measure)
        for measure in seen
    }
    earlier = _earlier(frame.filter(late), cells, told.last)
    untold = pl.lit(pl.Series([list_untold(cells)], dtype=pl.List(pl.String))).first()
    flags: dict[str, Any] = {"_base": ruling.base, "_flag": ruling.flag, "_untold": untold}
    shown = frame.select(
        *cells.dimensions,
        **{"people": pl.lit(None, pl.Int64), **values},
        **flags,
        thin=False,
        reason="reason",
    )
    shown = _repeated(shown, earlier, cells.dimensions)
    gaps = shown.select(pl.any_horizontal(pl.col(values).is_null()).sum()).item()
    return ProtectedTable(
        name,
        _figured(shown, cells, ruling),
        tuple(replace(dimension, ladder=(), units=()) for dimension in cells.by),
        cells.measures,
        gaps,
        language,
        SEAL,
        earlier,
        coarser=describe_steps(cells),
    )


def _figured(shown: pl.DataFrame, cells: Cells, ruling: Policy) -> pl.DataFrame:
    """With the figures. Cells that are shown, but are too few people for any of them, say so."""
    table = shown
    measures = [measure.name for measure in cells.measures]
    for figure in cells.figures:
        table = figure(table) if _minds_gaps(figure) else _with_own(table, figure, measures)
    derived = [column for column in table.columns if column not in shown.columns]
    bare = pl.all_horizontal(pl.col(derived).is_null()) if derived else pl.lit(False)
    few = pl.when(bare & pl.col("people").is_between(1, ruling.base - 1)).then(pl.lit("base"))
    judged = table.with_columns(pl.col("thin").fill_null(False), reason=pl.coalesce("reason", few))
    return judged.select(pl.exclude("_base", "_flag", "_untold", "reason"), "reason")


def _minds_gaps(figure: Figure) -> bool:
    """Whether a figure is one of the house, which gives nothing where a part is hidden."""
    function = figure.func if isinstance(figure, partial) else figure
    module = getattr(function, "__module__", None) or type(function).__module__
    return module.startswith("genlib.")


def _with_own(shown: pl.DataFrame, figure: Figure, measures: list[str]) -> pl.DataFrame:
    """With the columns of a figure of the analyst's own, null wherever they hang on a hidden cell.

    Whether they do is tried: with two different numbers in the place of what is hidden they must
    come out the same. So a ratio that takes a hidden cell for zero is not 0.0 %, but not shown.
    Of refused 3 (hidden) in 40 contacts `pl.col("refused").fill_null(0) / pl.col("contacts")` is
    null. Raises `UsageError` for a figure that changes rows or columns that are there already.
    """
    table = figure(shown)
    if table.height != shown.height or not table.select(shown.columns).equals(shown):
        raise UsageError(
            "a figure of your own adds columns to a table; it may not change its rows, nor the "
            "columns that are there"
        )
    added = [column for column in table.columns if column not in shown.columns]
    for guess in (1, 1_000_003):
        guessed = figure(shown.with_columns(pl.col(measures).fill_null(guess)))
        same = [pl.col(name).eq_missing(pl.lit(guessed[name])) for name in added]
        table = table.with_columns(
            pl.when(alike).then(name).alias(name) for name, alike in zip(added, same, strict=True)
        )
    return table


def _repeated(
    shown: pl.DataFrame, earlier: pl.DataFrame | None, dimensions: list[str]
) -> pl.DataFrame:
    """With what was last published of the cells that the time gate holds back."""
    if earlier is None:
        return shown
    told = earlier.drop("published_on").with_columns(_=0)
    both = shown.with_columns(_=0).join(
        told,
        on=[*dimensions, "_"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
        suffix="_earlier",
    )
    again = [name for name in told.columns if name in shown.columns and name not in dimensions]
    return both.select(
        *dimensions,
        *(
            pl.coalesce(name, f"{name}_earlier") if name in again else name
            for name in shown.columns[len(dimensions) :]
        ),
    )


def _earlier(late: pl.DataFrame, cells: Cells, last: pl.DataFrame) -> pl.DataFrame | None:
    """What was last published of the cells that the time gate holds back, and when."""
    late = late.filter(pl.col("_cell").is_in(last["cell"].implode()))
    if late.is_empty():
        return None
    told = (
        late.select(*cells.dimensions, "_cell")
        .join(last, left_on="_cell", right_on="cell")
        .drop("_cell")
    )
    told = told.explode("figures").unnest("figures").rename({"day": "published_on"})
    return told.pivot("measure", index=[*cells.dimensions, "published_on"], values="value")


def _conditions(policy: Policy, pattern: Pattern, told: Told) -> Mapping[str, Any]:
    """`hidden` by reason; `repeated`: cells that are shown as they were last published."""
    hidden = told.cells.drop_nulls("reason")
    again = pl.col("_cell").is_in(told.last["cell"].implode()) & (pl.col("reason") == "time")
    return {
        "policy": policy.as_dict(),
        "cells": told.cells.height,
        "hidden": dict(Counter(hidden.filter(~again)["reason"])),
        "repeated": hidden.filter(again).height,
        "status": pattern.status,
        "proof": "checked",
        "witnesses": len(pattern.witnesses),
        "digest": pattern.seal,
    }
