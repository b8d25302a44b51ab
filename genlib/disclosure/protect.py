"""`protect`: door 2. The tables of a report go in as `Cells` and come out together as
`ProtectedTable`s, or not at all.

    legible      each table takes the first steps at which no group is too small    (ladder)
                 and, if it is narrowed, one slice of them                          (slices)
    settled      pages that were told are repeated, near twins must stay unsure     (settle)
    solved       what is hidden of the rest, with a proof                           (search)
    tables       what is shown, with the figures derived from it
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import polars as pl

from genlib import notice, settings
from genlib.disclosure.cells import Cells, Figure
from genlib.disclosure.ladder import describe_steps, list_untold, make_legible
from genlib.disclosure.ledger import Ledger
from genlib.disclosure.manifest import manifest
from genlib.disclosure.pages import Past, ToldPage, name_series
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.policy import Policy
from genlib.disclosure.search import suppress
from genlib.disclosure.settle import Settled, settle
from genlib.disclosure.slices import take_slice
from genlib.disclosure.table import SEAL, Protected, ProtectedTable, check_language
from genlib.disclosure.units import read_units
from genlib.errors import Refused, UsageError

STEPS = 250_000
OWN = ("primary", "secondary", "dominance")
"""Reasons that stay with the analyst: of a primary cell, and of how many there are, it would be
known that it is small."""


@dataclass(frozen=True)
class Beside:
    """What a report is told beside: all that was told before, on the `day` when it is told, in the
    `run` that publishes it ("" = nobody does)."""

    past: Past
    day: date
    run: str = ""


@dataclass(frozen=True)
class Answer:
    """What door 2 says of a report: its tables as they are to be told, what was `settled` of them,
    the `pattern` of what is hidden, and of each cell why (`cells`: `_cell`, `reason`, and the
    variable of each measure)."""

    settled: Settled
    pattern: Pattern
    cells: pl.DataFrame

    def look_up(self, column: str) -> pl.Expr:
        """A column of `cells` on the rows of a table; null on those that are no cell but a zero,
        which is shown."""
        return pl.lit(self.cells[column]).gather("_cell")


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
    publishes: the standing one) no figure is told that few people part from one told before, and
    what is told is recorded. Raises `UsageError` for anything but `Cells` and for tables that
    disagree on a cell they share, `Refused` if no protection can be proven, or if what is published
    could not be held against the past.
    """
    strangers = [name for name, table in cells.items() if not isinstance(table, Cells)]
    if strangers or not cells:
        raise UsageError(
            "protect takes the Cells of metrics by name; not so: "
            f"{', '.join(strangers) or 'nothing was given'}"
        )
    check_language(language)
    ruling = standing_policy() if policy is None else standing_policy().stricter(policy)
    ledger = ledger or Ledger.standing(settings.load())
    if ledger is None:
        return _protect(cells, Beside(Past(), date.max), ruling, language)
    _check_comparable(cells)
    with ledger.locked():
        beside = Beside(ledger.read_past(), ledger.day, ledger.run)
        protected = _protect(cells, beside, ruling, language)
        ledger.record(protected.pages)
    return protected


def _check_comparable(tables: Mapping[str, Cells]) -> None:
    """Refused for tables counted by another engine than Polars: their people have no sketches, so
    they could be held against nothing that was told before."""
    others = sorted(name for name, table in tables.items() if not table.is_polars)
    if others:
        raise Refused(
            f"tables {', '.join(others)} were not counted by Polars and cannot be compared with "
            "what was told before, so no report is published from them: open the release without "
            "spark="
        )


def _protect(
    tables: Mapping[str, Cells], beside: Beside, ruling: Policy, language: str
) -> Protected:
    floors = {
        name: beside.past.find_steps(name_series(name, table), beside.day)
        for name, table in tables.items()
    }
    legible = {
        name: take_slice(make_legible(table, ruling, floors[name]))
        for name, table in tables.items()
    }
    answer = _answer(legible, beside, ruling)
    settled = answer.settled
    bare = {
        name: _make_table(name, table, answer, ruling, language)
        for name, table in settled.fresh.items()
    }
    pages = _list_pages(bare, answer, beside)
    paged = {name: replace(table, pages=tuple(pages[name])) for name, table in bare.items()}
    audit = manifest(settled.fresh, settled.model.frames, answer.cells, answer.pattern, ruling)
    return Protected(paged, _conditions(ruling, answer), answer.pattern, audit)


def _answer(tables: Mapping[str, Cells], beside: Beside, ruling: Policy) -> Answer:
    settled = settle(tables, beside.past, beside.day, ruling)
    pattern = suppress(settled.system, steps=STEPS)
    why = pl.Series(settled.reason, dtype=pl.String).replace("", "secondary")
    if beside.run:
        why = why.replace(dict.fromkeys(OWN, "hidden"))
    is_hidden = pl.Series(pattern.hidden)
    reasons = pl.select(_cell=pl.int_range(len(why)), reason=pl.when(is_hidden).then(why))
    figures = settled.model.figures.filter(pl.col("_cell") >= 0)
    names = {m.name for table in settled.fresh.values() for m in table.measures}
    variables = figures.pivot("measure", on_columns=sorted(names), index="_cell", values="variable")
    cells = reasons.join(variables, on="_cell", how="left", maintain_order="left")
    return Answer(settled, pattern, cells)


def standing_policy() -> Policy:
    """The policy of the privacy notice in force."""
    ruling = notice.load().disclosure
    return Policy(ruling.min_count, ruling.p, ruling.min_base, ruling.flag_base)


def _make_table(
    name: str, cells: Cells, answer: Answer, ruling: Policy, language: str
) -> ProtectedTable:
    """The table as it is told now; if it is one page, perhaps as it was told before."""
    settled = answer.settled
    whole = settled.repeated.get((name, ""))
    frame = whole.frame if whole else _figured(_join_pages(name, cells, answer), cells, ruling)
    measures = [measure.name for measure in cells.measures]
    gaps = frame.select(pl.any_horizontal(pl.col(measures).is_null()).sum()).item()
    return ProtectedTable(
        name,
        frame,
        tuple(replace(dimension, ladder=(), units=()) for dimension in cells.by),
        cells.measures,
        gaps,
        language,
        SEAL,
        settled.list_days(name),
        coarser=whole.coarser if whole else describe_steps(cells),
        units=read_units(cells),
    )


def _join_pages(name: str, cells: Cells, answer: Answer) -> pl.DataFrame:
    """The measures of a table by cell, with `reason`: of its pages of now, and of those that are
    repeated."""
    frame = answer.settled.model.frames[name].with_columns(reason=answer.look_up("reason"))
    seen = pl.lit(pl.Series(answer.pattern.seen()))
    values = {
        measure.name: pl.when(
            pl.col("reason").is_null() | seen.gather(answer.look_up(measure.name))
        ).then(measure.name)
        for measure in cells.measures
    }
    fresh = frame.select(
        *cells.dimensions, **{"people": pl.lit(None, pl.Int64), **values}, reason="reason"
    )
    old = [page.frame for (table, _), page in answer.settled.repeated.items() if table == name]
    order = [pl.col(column).is_null() for column in cells.dimensions]
    together = pl.concat([fresh, *old], how="diagonal_relaxed")
    return together.sort([*order, *cells.dimensions]) if old else together


def _figured(unfigured: pl.DataFrame, cells: Cells, ruling: Policy) -> pl.DataFrame:
    """With the figures. Cells that are shown, but are too few people for any of them, say so."""
    untold = pl.lit(pl.Series([list_untold(cells)], dtype=pl.List(pl.String))).first()
    flags: dict[str, Any] = {"_base": ruling.base, "_flag": ruling.flag, "_untold": untold}
    values = unfigured.select(pl.exclude("reason"))
    unfigured = unfigured.select(*values.columns, **flags, thin=False, reason="reason")
    table = unfigured
    measures = [measure.name for measure in cells.measures]
    for figure in cells.figures:
        table = _add_figure(table, figure, measures)
    derived = [column for column in table.columns if column not in unfigured.columns]
    bare = pl.all_horizontal(pl.col(derived).is_null()) if derived else pl.lit(False)
    few = pl.when(bare & pl.col("people").is_between(1, ruling.base - 1)).then(pl.lit("base"))
    judged = table.with_columns(pl.col("thin").fill_null(False), reason=pl.coalesce("reason", few))
    return judged.select(pl.exclude("_base", "_flag", "_untold", "reason"), "reason")


def _add_figure(table: pl.DataFrame, figure: Figure, measures: list[str]) -> pl.DataFrame:
    """The table with a figure; UsageError if that stands on a column that is not there."""
    try:
        return figure(table) if _minds_gaps(figure) else _with_own(table, figure, measures)
    except pl.exceptions.ColumnNotFoundError:
        columns = [column for column in table.columns if not column.startswith("_")]
        raise UsageError(
            f"a figure stands on a column that its table does not have; it has {', '.join(columns)}"
        ) from None


def _minds_gaps(figure: Figure) -> bool:
    """Whether a figure is one of the house, which gives nothing where a part is hidden."""
    function = figure.func if isinstance(figure, partial) else figure
    module = getattr(function, "__module__", None) or type(function).__module__
    return module.startswith("genlib.")


def _with_own(unfigured: pl.DataFrame, figure: Figure, measures: list[str]) -> pl.DataFrame:
    """With the columns of a figure of the analyst's own, null wherever they hang on a hidden cell.

    Whether they do is tried: with two different numbers in the place of what is hidden they must
    come out the same. So a ratio that takes a hidden cell for zero is not 0.0 %, but not shown.
    Of refused 3 (hidden) in 40 contacts `pl.col("refused").fill_null(0) / pl.col("contacts")` is
    null. Raises `UsageError` for a figure that changes rows or columns that are there already.
    """
    table = figure(unfigured)
    if table.height != unfigured.height or not table.select(unfigured.columns).equals(unfigured):
        raise UsageError(
            "a figure of your own adds columns to a table; it may not change its rows, nor the "
            "columns that are there"
        )
    added = [column for column in table.columns if column not in unfigured.columns]
    for guess in (1, 1_000_003):
        guessed = figure(unfigured.with_columns(pl.col(measures).fill_null(guess)))
        same = [pl.col(name).eq_missing(pl.lit(guessed[name])) for name in added]
        table = table.with_columns(
            pl.when(alike).then(name).alias(name) for name, alike in zip(added, same, strict=True)
        )
    return table


def _list_pages(
    tables: Mapping[str, ProtectedTable], answer: Answer, beside: Beside
) -> dict[str, list[ToldPage]]:
    """The pages that are told anew, by table: of whole tables as they are shown, of others the
    measures."""
    settled = answer.settled
    hidden = answer.cells.drop_nulls("reason")["_cell"].implode()
    figures_told = settled.figures.filter(~pl.col("cell").is_in(hidden))
    pages: dict[str, list[ToldPage]] = {name: [] for name in tables}
    measured = {
        name: _join_pages(name, cells, answer)
        for name, cells in settled.fresh.items()
        if cells.page
    }
    for (name, code), page in settled.pages.items():
        rows = tables[name].frame
        if name in measured:
            is_of_page = pl.col(settled.fresh[name].page).cast(pl.String) == code
            rows = measured[name].filter(is_of_page)
        figures = figures_told.filter(table=name, code=code)
        coarser = tables[name].coarser
        pages[name].append(ToldPage(page, beside.day, beside.run, rows, figures, coarser))
    return pages


def _conditions(policy: Policy, answer: Answer) -> Mapping[str, Any]:
    """`hidden` by reason; `repeated`: tables, or parts of one, that are shown as they were told
    before, since they could not be told anew; `corrected`: told anew after they were withdrawn.
    """
    return {
        "policy": asdict(policy),
        "cells": answer.cells.height,
        "hidden": dict(Counter(answer.cells["reason"].drop_nulls())),
        "repeated": answer.settled.count_late(),
        "corrected": answer.settled.corrected,
        "status": answer.pattern.status,
        "proof": "checked",
        "witnesses": len(answer.pattern.witnesses),
        "digest": answer.pattern.seal,
    }
