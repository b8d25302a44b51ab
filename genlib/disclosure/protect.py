"""`protect`: door 2. The tables of a report go in as `Cells` and come out together as `ProtectedTable`s, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from genlib import notice
from genlib.disclosure.cells import PEOPLE, Cells
from genlib.disclosure.ledger import Ledger, cells_of
from genlib.disclosure.model import Model, build
from genlib.disclosure.past import Standing, bound
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.policy import Policy
from genlib.disclosure.search import suppress
from genlib.disclosure.table import SEAL, Protected, ProtectedTable
from genlib.errors import Refused, UsageError

SECONDS = 3.0


def protect(*, language: str = "en", policy: Policy | None = None, ledger: Ledger | None = None, **cells: Cells) -> Protected:
    """The tables of one report, protected together; give every `Cells` that the report shows, by name.

    `policy` may be stricter than the notice's, never looser. With a `ledger` (in a run that publishes: the standing one) they are
    protected together with all that was published before, and recorded. Raises `UsageError` for anything but `Cells` and for tables that
    disagree on a cell they share, `Refused` if no protection can be proven, with the smallest coarsening that would do.
    """
    strangers = [name for name, table in cells.items() if not isinstance(table, Cells)]
    if strangers or not cells:
        raise UsageError(f"protect takes the Cells of metrics by name; not so: {', '.join(strangers) or 'nothing was given'}")
    ruling = standing_policy() if policy is None else standing_policy().stricter(policy)
    tables = {name: _counted(table) for name, table in cells.items()}
    ledger = ledger or Ledger.standing()
    past = ledger.past() if ledger else pl.DataFrame()
    try:
        model, listed, place, pattern = _solved(tables, past, ruling, SECONDS)
    except Refused as refused:
        raise Refused(f"{refused}{_advice(tables, past, ruling)}") from None
    if ledger:
        ledger.record(listed, model, pattern)
    solved = model, pattern, place
    shown = {name: _table(name, tables[name], solved, ruling, language) for name in tables}
    return Protected(shown, _conditions(ruling, solved), pattern)


def _solved(tables: dict[str, Cells], past: pl.DataFrame, ruling: Policy, seconds: float) -> tuple[Model, pl.DataFrame, Standing, Pattern]:
    model = build(tables, ruling)
    listed = cells_of(model, tables)
    model, place = bound(model, listed, past, ruling)
    return model, listed, place, suppress(model.system, seconds=seconds)


def _advice(tables: dict[str, Cells], past: pl.DataFrame, ruling: Policy) -> str:
    """The change that would be allowed and costs the fewest cells: one table without the finest level of one dimension."""
    options = []
    for name, cells in tables.items():
        for dimension in cells.by:
            coarse = cells.frame.filter(pl.col(dimension.name).is_null())
            options.append((cells.frame.height - coarse.height, dimension.name, name, replace(cells, frame=coarse)))
    for _, without, name, coarser in sorted(options, key=lambda option: option[0]):
        try:
            _solved({**tables, name: coarser}, past, ruling, 0.5)
        except Refused:
            continue
        return f"; allowed would be: {name} without {without}"
    return ""


def standing_policy() -> Policy:
    """The policy of the privacy notice in force."""
    ruling = notice.load().disclosure
    return Policy(ruling.min_count, ruling.p, ruling.min_base, ruling.flag_base)


def _counted(cells: Cells) -> Cells:
    """People are always shown, so they are always protected."""
    return cells if any(m.name == "people" for m in cells.measures) else replace(cells, measures=(PEOPLE, *cells.measures))


def _table(name: str, cells: Cells, solved: tuple[Model, Pattern, Standing], ruling: Policy, language: str) -> ProtectedTable:
    model, _, place = solved
    own = pl.Series([model.reason[cell] or "secondary" if unseen else None for cell, unseen in enumerate(_hidden(solved))], dtype=pl.String)
    reason = pl.lit(own).gather(pl.col("_cell")) if len(own) else pl.lit(None, pl.String)
    frame = model.frames[name].with_columns(reason=reason)
    seen = [pl.when(pl.col("reason").is_null()).then(measure.name).alias(measure.name) for measure in cells.measures]
    shown = frame.select(*cells.dimensions, *seen)
    figured = shown
    for figure in cells.figures:
        figured = figure(figured)
    keys = frame.select(*cells.dimensions, "reason", _=0)
    figured = (
        figured.with_columns(_=0).join(keys, on=[*cells.dimensions, "_"], how="left", nulls_equal=True, maintain_order="left").drop("_")
    )
    derived = [column for column in figured.columns if column not in {*shown.columns, "reason"}]
    thin = pl.col("reason").is_null() & pl.col("people").is_between(1, ruling.base - 1) & pl.all_horizontal(pl.col(derived).is_null())
    figured = figured.with_columns(reason=pl.when(thin).then(pl.lit("base")).otherwise("reason")) if derived else figured
    return ProtectedTable(name, figured, cells.by, cells.measures, keys["reason"].count(), language, SEAL, _earlier(frame, cells, place))


def _hidden(solved: tuple[Model, Pattern, Standing]) -> list[bool]:
    """Cell by cell; the pattern may end with what is only known from the past."""
    listed: list[bool] = solved[1].hidden[: len(solved[0].reason)].tolist()
    return listed


def _earlier(frame: pl.DataFrame, cells: Cells, place: Standing) -> pl.DataFrame | None:
    """What was last published of the cells that the time gate holds back, and when."""
    last = frame.select(*cells.dimensions, "_cell").join(place.earlier, left_on="_cell", right_on="cell").drop("_cell")
    if last.is_empty():
        return None
    told = last.explode("figures").unnest("figures").rename({"day": "published_on"})
    return told.pivot("measure", index=[*cells.dimensions, "published_on"], values="value")


def _conditions(policy: Policy, solved: tuple[Model, Pattern, Standing]) -> Mapping[str, Any]:
    model, pattern, _ = solved
    hidden = [model.reason[cell] or "secondary" for cell, unseen in enumerate(_hidden(solved)) if unseen]
    return {
        "policy": policy.as_dict(),
        "cells": len(model.reason),
        "hidden": dict(Counter(hidden)),
        "status": pattern.status,
        "proof": "checked",
        "witnesses": len(pattern.witnesses),
        "digest": pattern.seal,
    }
