"""From orders to runs in the catalogue: execute, let through the gate, enter into the ledger, keep.

The pages of one report in several languages are made of one run of its figures, in one kernel. Each
is a run of its own: what fails in one language is kept as failed, and the others come.

Example: fi, sv and en; a cell of the sv page fails. fi and en are good runs, sv a failed one, and
the ledger holds the figures once, under the id of the first (`Run.figures`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from genlib.clock import read_clock
from genlib.disclosure.ledger import Ledger
from genlib.errors import CellFailed, KernelStopped, ReportFailed
from genlib.present import banner, page
from genlib.present.words import Words
from genlib.private import OWNER, make_folder
from genlib.release import read_manifest
from genlib.reports import catalogue, export, index, second_person
from genlib.reports.catalogue import Run
from genlib.reports.execute import (
    Kernels,
    Progress,
    Session,
    ignore_progress,
    parametrise,
)
from genlib.reports.gate import check_source, let_through
from genlib.reports.history import compare_runs, describe_history, find_last, list_commands
from genlib.reports.kernels import SOCKETS
from genlib.reports.languages import count_shared, has_shown
from genlib.reports.pdf import to_pdf
from genlib.settings import Settings

TABLES = "tables.xlsx"
"""Beside the page: the tables that it shows."""
_STALE = 24 * 3600
Result = Run | ReportFailed
"""A run, or why there is none."""


@dataclass(frozen=True)
class Order:
    """A page to make: what its manifest says `about` it, where it goes, and whether it is for its
    author alone, or waits for a second person."""

    notebook: Any
    values: dict[str, Any]
    slot: catalogue.Slot
    settings: Settings
    about: dict[str, Any]
    kernels: Kernels
    pdf: bool = False
    is_draft: bool = False
    four_eyes: bool = False
    progress: Progress = ignore_progress

    @property
    def id(self) -> str:
        run_id: str = self.about["run_id"]
        return run_id

    @property
    def status(self) -> str:
        """What becomes of its page, if nothing fails."""
        if self.is_draft:
            return catalogue.DRAFT
        return catalogue.WAITING if self.four_eyes else catalogue.GOOD


@dataclass
class _Set:
    """Pages of the same figures, and what became of them."""

    orders: Sequence[Order]
    results: list[Result] = field(default_factory=list)

    @property
    def figures(self) -> str:
        """What the ledger knows them by."""
        return self.orders[0].id

    @property
    def ledger(self) -> Ledger:
        return Ledger.of(self.orders[0].settings)


def make_runs(orders: Sequence[Order]) -> list[Result]:
    """The runs of a report, an order a language, in that order; why not, where one failed."""
    if len(orders) > 1 and not count_shared(orders[0].notebook):
        return [result for order in orders for result in make_runs([order])]
    pages = _Set(_tell_siblings(orders))
    _make_set(pages)
    stands = [result for result in pages.results if isinstance(result, Run)]
    # nobody has seen it; a run that was killed stays in the ledger, which is the safe side
    if not orders[0].is_draft and not any(_is_of(pages, run) for run in stands):
        pages.ledger.forget(pages.figures)
    _tidy(orders[0].settings)
    rest = orders[len(pages.results) :]
    return [*pages.results, *(result for order in rest for result in make_runs([order]))]


def _tell_siblings(orders: Sequence[Order]) -> list[Order]:
    """The orders, each with the id of the figures and of all runs that show them."""
    if len(orders) == 1:
        return list(orders)
    common = {"figures": orders[0].id, "together": [order.id for order in orders]}
    return [replace(order, about=order.about | common) for order in orders]


def _is_of(pages: _Set, run: Run) -> bool:
    return run.id in {order.id for order in pages.orders}


def _make_set(pages: _Set) -> None:
    """Page after page in one kernel, as far as it can be used; at least the first."""
    first = pages.orders[0]
    try:
        check_source(first.notebook)
        with first.kernels.open(_name_publication(first)) as session:
            for result in _make_pages(pages, session):
                pages.results.append(result)
    except ReportFailed as error:
        # before the first page
        pages.results.extend(_keep_failed(order, error) for order in pages.orders)


def _make_pages(pages: _Set, session: Session) -> Iterator[Result]:
    skip = 0
    for order in pages.orders:
        notebook = parametrise(order.notebook, order.values)
        try:
            session.run(notebook, skip=skip, progress=order.progress)
            yield _make_page(pages, order, notebook)
        except ReportFailed as error:
            yield _keep_failed(order, error)
            if isinstance(error, KernelStopped):
                return
            if not skip and _is_in_figures(error, order):
                rest = pages.orders[1:]
                yield from (_keep_failed(other, error) for other in rest)
                return
        skip = count_shared(notebook)
        if has_shown(notebook, skip):
            return


def _is_in_figures(error: ReportFailed, order: Order) -> bool:
    return isinstance(error, CellFailed) and error.cell <= count_shared(order.notebook)


def _make_page(pages: _Set, order: Order, executed: Any) -> Run:
    """What may be shown of an executed notebook, as a run of the catalogue."""
    outputs = let_through(executed)
    cited = _cite(outputs, order.settings)
    changes = _find_changes(order, cited)
    tables = export.write_tables(outputs, order.slot.language)
    html = export.to_html(
        executed,
        outputs,
        language=order.slot.language,
        period=order.values.get("period", ""),
        making=_describe_making(order, changes, TABLES if tables else ""),
    )
    if order.is_draft:
        html = banner.put_banner(html, Words(order.slot.language).translate(banner.DRAFT))
    files = {
        second_person.PAGE: html.encode(),
        "report.ipynb": export.to_keep(executed, outputs),
        "disclosure.json": export.audit(outputs),
    }
    if tables:
        files[TABLES] = tables
    outcome = {
        "status": order.status,
        "shown": export.facts(outputs),
        **cited,
        "since_last": changes,
    }
    if order.status == catalogue.WAITING:
        outcome["pdf"] = order.pdf  # printed when it is let out
    elif order.pdf:
        files[second_person.PRINT] = to_pdf(html)
    if not order.is_draft:
        pages.ledger.enter(pages.figures)  # again for what a later page alone protects
    return _keep(order, files, outcome)


def _describe_making(order: Order, changes: dict[str, Any], workbook: str) -> str:
    words = Words(order.slot.language)
    commands = list_commands(words, order.about, is_draft=order.is_draft)
    history = describe_history(words, order.about, changes)
    return page.describe_making(words, commands, history, workbook)


def _find_changes(order: Order, cited: dict[str, Any]) -> dict[str, Any]:
    """What is another than in the last report; of a run that is made again, what was then."""
    if "since_last" in order.about:
        changes: dict[str, Any] = order.about["since_last"]
        return changes
    last = find_last(order.settings.reports, order.slot)
    return compare_runs(last, order.about | cited)


def _name_publication(order: Order) -> str:
    """What the ledger calls the run; a draft publishes nothing, and its kernel works as the lab
    does."""
    if order.is_draft:
        return ""
    return Ledger.called(order.settings.day_of(read_clock()), order.id)


def _cite(outputs: export.Shown, settings: Settings) -> dict[str, Any]:
    """The release that the report's conditions cite, with the notice that it was made under."""
    cited = export.release(outputs)
    if cited is None:
        return {}
    manifest = read_manifest(*cited, settings=settings)
    notice_then = {"version": manifest.notice_version, "digest": manifest.notice_digest}
    day = manifest.published_on.isoformat()
    about = {"purpose": cited[0], "id": cited[1], "published_on": day, "notice": notice_then}
    return {"release": about}


def _keep_failed(order: Order, error: ReportFailed) -> ReportFailed:
    """The error, with where the failed notebook is."""
    cell = error.cell if isinstance(error, CellFailed) else 0
    kind = error.error if isinstance(error, CellFailed) else type(error).__name__
    notebook = export.failed(parametrise(order.notebook, order.values), cell=cell, error=kind)
    status = catalogue.FAILED_DRAFT if order.is_draft else "failed"
    outcome = {"status": status, "failed_cell": cell or None, "error": kind}
    run = _keep(order, {"report.ipynb": notebook}, outcome)
    return ReportFailed(f"{order.slot.report}: {error} (kept in {run.folder})")


def _keep(order: Order, files: dict[str, bytes], outcome: dict[str, Any]) -> Run:
    """The run in the catalogue; if a good one of the same order came there meanwhile, that one."""
    manifest = {**order.about, **outcome, "finished_at": read_clock().isoformat()}
    settings = order.settings
    if order.is_draft:
        drafts = catalogue.make_drafts(settings.reports, settings.user, settings.access)
        return catalogue.keep(drafts, order.slot, files, manifest, OWNER)
    reports = make_folder(settings.reports, settings.access)
    with catalogue.locked(reports):
        earlier = catalogue.find_ordered(reports, order.slot, manifest.get("order", ""))
        if earlier is not None:
            return earlier
        if manifest["status"] == catalogue.WAITING:
            files = second_person.mark_page(files, manifest, order.slot.language)
        return catalogue.keep(
            reports, order.slot, files, manifest, settings.access, waiting=settings.waiting
        )


def _tidy(settings: Settings) -> None:
    """Carry out what was decided, let go what need not be kept any more, and list what there is."""
    reports = settings.reports
    second_person.carry_out_decisions(settings)
    catalogue.prune(reports, today=settings.day_of(read_clock()).isoformat())
    for place, pattern in ((reports, catalogue.UNFINISHED), (Path(gettempdir()), f"{SOCKETS}*")):
        catalogue.sweep(place, pattern, older_than=time.time() - _STALE)
    Ledger.of(settings).sweep(older_than=time.time() - _STALE)
    index.write(reports, settings.time_zone, settings.access)
