"""`protect`: door 2. The tables of a report go in as `Cells` and come out together as
`ProtectedTable`s, or not at all.

    legible      each table takes the first steps at which no group is too small    (ladder)
                 and, if it is narrowed, one slice of them                          (slices)
    settled      pages that were told are repeated, near twins must stay unsure     (settle)
    solved       what is hidden of the rest, with a proof                           (search)
    tables       what is shown, with the figures derived from it                        (deriving)

Example: of 40, 30 and 3 customers by region the 3 are too few to be told. The total is told, so one
more is hidden, or the 3 would be 73 - 40 - 30.

>>> from genlib.disclosure.cells import Dimension
>>> from genlib.disclosure.counting import tabulate
>>> regions = ["01"] * 40 + ["06"] * 30 + ["19"] * 3
>>> rows = pl.DataFrame({"customer": range(73), "region": regions})
>>> region = Dimension("region")
>>> cells = tabulate(rows, person="customer", by=[region], population="customers")
>>> protect(customers=cells).customers.frame.select("region", "people", "reason").rows()
[('01', 40, None), ('06', None, 'secondary'), ('19', None, 'primary'), (None, 73, None)]

With a ladder the smallest regions are told together, and nothing need be hidden.

>>> from dataclasses import replace
>>> from genlib.disclosure.ladder import join_smallest
>>> with_ladder = replace(region, ladder=join_smallest(["19", "06", "01"]))
>>> cells = tabulate(rows, person="customer", by=[with_ladder], population="customers")
>>> protect(customers=cells).customers.frame.select("region", "people", "reason").rows()
[('01', 40, None), ('others+06+19', 33, None), (None, 73, None)]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from genlib import notice, settings
from genlib.disclosure.cells import Cells
from genlib.disclosure.deriving import derive_figures
from genlib.disclosure.figures import FIGURE, NOTHING_EARLIER, list_figures
from genlib.disclosure.ladder import describe_steps, make_legible
from genlib.disclosure.ledger import Ledger
from genlib.disclosure.manifest import manifest
from genlib.disclosure.pages import Past, ToldPage, name_series
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.policy import Policy
from genlib.disclosure.search import suppress
from genlib.disclosure.settle import Settled, settle
from genlib.disclosure.slices import take_slice
from genlib.disclosure.system import Bools
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
    *args: Any,
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
    _check_by_name(args)
    _check_cells(cells)
    check_language(language)
    _check_rulings(policy, ledger)
    standing = standing_policy()
    ruling = standing.stricter(policy) if policy else standing
    ledger = ledger or Ledger.standing(settings.load())
    if ledger is None:
        return _protect(cells, Beside(Past(), date.max), ruling, language)
    _check_comparable(cells)
    with ledger.locked():
        beside = Beside(ledger.read_past(), ledger.day, ledger.run)
        protected = _protect(cells, beside, ruling, language)
        ledger.record(protected.pages)
    return protected


def _check_by_name(args: tuple[Any, ...]) -> None:
    """UsageError for tables without a name: by that they are found again."""
    if args:
        raise UsageError("protect takes each table by a name: genlib.protect(regions=cells)")


def _check_rulings(policy: object, ledger: object) -> None:
    """UsageError for what is no policy and no ledger."""
    if not isinstance(policy, Policy | None) or not isinstance(ledger, Ledger | None):
        raise UsageError("policy and ledger are those of genlib.disclosure, or left out")


def _check_cells(cells: Mapping[str, Any]) -> None:
    """UsageError for anything but `Cells`, and for nothing at all."""
    strangers = [name for name, table in cells.items() if not isinstance(table, Cells)]
    if strangers or not cells:
        raise UsageError(
            "protect takes the Cells of metrics by name; not so: "
            f"{', '.join(strangers) or 'nothing was given'}"
        )


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
    legible, figures = _make_all_legible(tables, beside, ruling)
    settled = settle(legible, figures, beside.past, beside.day, ruling)
    answer = _answer(settled, is_published=bool(beside.run))
    seen = pl.Series(answer.pattern.seen())
    measured = {
        name: _join_pages(name, cells, answer, seen) for name, cells in settled.fresh.items()
    }
    bare = {
        name: _make_table(name, measured[name], answer, ruling, language) for name in settled.fresh
    }
    pages = _list_pages(bare, measured, answer, beside)
    paged = {name: replace(table, pages=tuple(pages[name])) for name, table in bare.items()}
    audit = manifest(
        settled.fresh,
        settled.model.frames,
        answer.cells,
        answer.pattern,
        ruling,
    )
    return Protected(paged, _conditions(ruling, answer), answer.pattern, audit)


def _make_all_legible(
    tables: Mapping[str, Cells], beside: Beside, ruling: Policy
) -> tuple[dict[str, Cells], pl.DataFrame]:
    """Each table at the steps that it takes beside those before it, and the figures that they tell,
    by `table` and `series`.

    Example: the first tells 120 who were asked; the second, of 118 of them who answered, takes
    steps at which it does not tell the 118.
    """
    legible: dict[str, Cells] = {}
    earlier = NOTHING_EARLIER.with_columns(table=pl.lit(""))
    for name, cells in tables.items():
        floor = beside.past.find_steps(name_series(name, cells), beside.day)
        table = take_slice(make_legible(cells, ruling, floor, earlier))
        series = pl.lit(name_series(name, table))
        figures = list_figures(table).with_columns(table=pl.lit(name), series=series)
        earlier = pl.concat([earlier, figures], how="diagonal")
        legible[name] = table
    return legible, earlier


def _answer(settled: Settled, *, is_published: bool) -> Answer:
    """What is hidden of what is told."""
    pattern = suppress(settled.system, steps=STEPS)
    reasons = name_reasons(settled.reason, pattern.hidden, is_published=is_published)
    measures = {measure.name for cells in settled.fresh.values() for measure in cells.measures}
    figures = settled.model.figures.filter(pl.col("_cell") >= 0)
    variables = figures.pivot(
        "measure",
        on_columns=sorted(measures),
        index="_cell",
        values="variable",
    )
    cells = reasons.join(variables, on="_cell", how="left", maintain_order="left")
    return Answer(settled, pattern, cells)


def name_reasons(reasons: list[str], hidden: Bools, *, is_published: bool) -> pl.DataFrame:
    """Why each `_cell` is hidden (`reason`, null: it is shown): for itself, or `secondary`, so that
    others cannot be worked out. In what is published it is not told which.

    >>> hidden = pl.Series([True, True, False])
    >>> name_reasons(["primary", "", ""], hidden, is_published=False).rows()
    [(0, 'primary'), (1, 'secondary'), (2, None)]
    >>> name_reasons(["primary", "", ""], hidden, is_published=True)["reason"].to_list()
    ['hidden', 'hidden', None]
    """
    why = pl.Series(reasons, dtype=pl.String).replace("", "secondary")
    if is_published:
        why = why.replace(dict.fromkeys(OWN, "hidden"))
    is_hidden = pl.Series(hidden)
    return pl.select(
        _cell=pl.int_range(len(why)),
        reason=pl.when(is_hidden).then(why),
    )


def standing_policy() -> Policy:
    """The policy of the privacy notice in force."""
    ruling = notice.load().disclosure
    return Policy(ruling.min_count, ruling.p, ruling.min_base, ruling.flag_base)


def _make_table(
    name: str, measured: pl.DataFrame, answer: Answer, ruling: Policy, language: str
) -> ProtectedTable:
    """The table as it is told now, from its measures; if it is one page, perhaps as it was told
    before."""
    settled = answer.settled
    cells = settled.fresh[name]
    whole = settled.repeated.get((name, ""))
    frame = whole.frame if whole else derive_figures(measured, cells, ruling)
    measures = [measure.name for measure in cells.measures]
    gaps = frame.select(pl.any_horizontal(pl.col(measures).is_null()).sum()).item()
    return ProtectedTable(
        name=name,
        frame=frame,
        by=tuple(replace(dimension, ladder=(), units=()) for dimension in cells.by),
        measures=cells.measures,
        hidden=gaps,
        language=language,
        seal=SEAL,
        told_on=settled.list_days(name),
        coarser=whole.coarser if whole else describe_steps(cells),
        units=read_units(cells),
    )


def _join_pages(name: str, cells: Cells, answer: Answer, seen: pl.Series) -> pl.DataFrame:
    """The measures of a table by cell, with `reason`: of its pages of now, and of those that are
    repeated. `seen`: the variables that are shown or follow from what is."""
    frame = answer.settled.model.frames[name].with_columns(reason=answer.look_up("reason"))
    values: dict[str, Any] = {"people": pl.lit(None, pl.Int64)}
    for measure in cells.measures:
        variable = answer.look_up(measure.name)
        is_shown = pl.col("reason").is_null() | pl.lit(seen).gather(variable)
        values[measure.name] = pl.when(is_shown).then(measure.name)
    fresh = frame.select(*cells.dimensions, **values, reason="reason")
    old = [page.frame for (table, _), page in answer.settled.repeated.items() if table == name]
    if not old:
        return fresh
    together = pl.concat([fresh, *old], how="diagonal_relaxed")
    totals_last = [pl.col(column).is_null() for column in cells.dimensions]
    return together.sort([*totals_last, *cells.dimensions])


def _list_pages(
    tables: Mapping[str, ProtectedTable],
    measured: Mapping[str, pl.DataFrame],
    answer: Answer,
    beside: Beside,
) -> dict[str, list[ToldPage]]:
    """The pages that are told anew, by table: of whole tables as they are shown, of others as they
    are `measured`."""
    settled = answer.settled
    hidden = answer.cells.drop_nulls("reason")["_cell"].implode()
    figures_told = settled.figures.filter(~pl.col("cell").is_in(hidden))
    pages: dict[str, list[ToldPage]] = {name: [] for name in tables}
    for (name, code), page in settled.pages.items():
        table = tables[name]
        rows = table.frame
        column = settled.fresh[name].page
        if column:
            is_of_page = pl.col(column).cast(pl.String) == code
            rows = measured[name].filter(is_of_page)
        page_told = ToldPage(
            page=page,
            day=beside.day,
            run=beside.run,
            content=rows.write_ipc(None).getvalue(),
            figures=figures_told.filter(table=name, code=code).select(FIGURE.keys()),
            coarser=table.coarser,
        )
        pages[name].append(page_told)
    return pages


def _conditions(policy: Policy, answer: Answer) -> Mapping[str, Any]:
    """`hidden` by reason; `repeated`: tables, or parts of one, that are shown as they were told
    before, since they could not be told anew; `corrected`: told anew after they were withdrawn.
    """
    return {
        "policy": asdict(policy),
        "cells": answer.cells.height,
        "hidden": dict(Counter(answer.cells["reason"].drop_nulls())),
        "repeated": len(answer.settled.late),
        "corrected": answer.settled.corrected,
        "status": answer.pattern.status,
        "proof": "checked",
        "witnesses": len(answer.pattern.witnesses),
        "digest": answer.pattern.seal,
    }
