"""`protect`: door 2. The tables of a report go in as `Cells` and come out together as `ProtectedTable`s, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from genlib import notice
from genlib.disclosure.cells import PEOPLE, Cells
from genlib.disclosure.model import Model, build
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.policy import Policy
from genlib.disclosure.search import suppress
from genlib.disclosure.table import SEAL, Protected, ProtectedTable
from genlib.errors import UsageError

SECONDS = 3.0


def protect(*, language: str = "en", policy: Policy | None = None, **cells: Cells) -> Protected:
    """The tables of one report, protected together; give every `Cells` that the report shows, by name.

    `policy` may be stricter than the notice's, never looser. Raises `UsageError` for anything but `Cells` and for tables that disagree on a
    cell they share, `Refused` if no protection can be proven.
    """
    strangers = [name for name, table in cells.items() if not isinstance(table, Cells)]
    if strangers or not cells:
        raise UsageError(f"protect takes the Cells of metrics by name; not so: {', '.join(strangers) or 'nothing was given'}")
    ruling = standing_policy() if policy is None else standing_policy().stricter(policy)
    tables = {name: _counted(table) for name, table in cells.items()}
    model = build(tables, ruling)
    pattern = suppress(model.system, seconds=SECONDS)
    shown = {name: _table(name, tables[name], model, pattern, language) for name in tables}
    return Protected(shown, _conditions(ruling, model, pattern), pattern)


def standing_policy() -> Policy:
    """The policy of the privacy notice in force."""
    ruling = notice.load().disclosure
    return Policy(ruling.min_count, ruling.p, ruling.min_base, ruling.flag_base)


def _counted(cells: Cells) -> Cells:
    """People are always shown, so they are always protected."""
    return cells if any(m.name == "people" for m in cells.measures) else replace(cells, measures=(PEOPLE, *cells.measures))


def _table(name: str, cells: Cells, model: Model, pattern: Pattern, language: str) -> ProtectedTable:
    own = pl.Series([model.reason[cell] or "secondary" if unseen else None for cell, unseen in enumerate(pattern.hidden)], dtype=pl.String)
    frame = model.frames[name]
    reason = pl.lit(own).gather(pl.col("_cell")) if len(own) else pl.lit(None, pl.String)
    frame = frame.with_columns(reason=reason)
    measures = [m.name for m in cells.measures]
    shown = frame.select(
        *cells.dimensions, *(pl.when(pl.col("reason").is_null()).then(column).alias(column) for column in measures), "reason"
    )
    hidden = shown["reason"].count()
    figured = shown.drop("reason")
    for figure in cells.figures:
        figured = figure(figured)
    figured = figured.with_columns(shown["reason"]) if figured.height == shown.height else _again(figured, shown, cells.dimensions)
    return ProtectedTable(name, figured, cells.by, cells.measures, hidden, language, SEAL)


def _again(figured: pl.DataFrame, shown: pl.DataFrame, dimensions: list[str]) -> pl.DataFrame:
    return figured.join(shown.select(*dimensions, "reason"), on=dimensions, how="left", nulls_equal=True, maintain_order="left")


def _conditions(policy: Policy, model: Model, pattern: Pattern) -> Mapping[str, Any]:
    hidden = [model.reason[cell] or "secondary" for cell, unseen in enumerate(pattern.hidden) if unseen]
    return {
        "policy": policy.as_dict(),
        "cells": len(pattern.hidden),
        "hidden": dict(Counter(hidden)),
        "status": pattern.status,
        "proof": "checked",
        "witnesses": len(pattern.witnesses),
        "digest": pattern.seal,
    }
