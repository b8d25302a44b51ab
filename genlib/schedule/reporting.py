"""The report of a slot: made, or found made, or why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genlib import notice
from genlib.disclosure.ledger import Ledger
from genlib.errors import Refused, ReleaseNotFound, ReportFailed, TooFewCustomers
from genlib.register import key_use
from genlib.release import read_manifest
from genlib.reports import catalogue
from genlib.reports.approval import ask_for_approval, digest_notebook, is_approved
from genlib.reports.catalogue import Run
from genlib.reports.execute import Kernels
from genlib.reports.parameters import parameters_of, purposes_of
from genlib.reports.run import Page, name_notebook, open_notebook, run_pages
from genlib.reports.second_person import ask_to_read, carry_out_decisions
from genlib.schedule.outcome import (
    APPROVAL,
    DONE,
    FAILED,
    LOOK_AGAIN,
    REFUSED,
    WAITING,
    Outcome,
    judge_error,
)
from genlib.schedule.plan import Slot, find_report
from genlib.settings import Settings

Row = Mapping[str, Any]
REFUSALS = {kind.__name__ for kind in (Refused, TooFewCustomers)}
"""Of a cell: a policy says no, and the notebook is in order."""


@dataclass(frozen=True)
class Making:
    """The report of a slot, and the pages in other languages (`others`) that are made with it.
    `since`: it was among another's pages, begun then."""

    slot: Slot
    others: tuple[Slot, ...]
    folder: Path
    since: dt.datetime | None = None


def make_report(
    task: Making, settings: Settings, now: dt.datetime, kernels: Kernels | None = None
) -> Outcome:
    """Make the report of a slot, or find it made, or why it was not. It waits if a release was
    published before the period was over. `run` is the id of its run."""
    slot = task.slot
    path = find_report(slot.entry.report, task.folder)
    notebook = open_notebook(path)
    if not is_approved(digest_notebook(notebook), settings):
        return Outcome(
            REFUSED,
            f"{ask_for_approval(name_notebook(path))}; then genlib schedule again "
            f"{slot.entry.name}",
        )
    stale = _find_stale(notebook, slot, settings)
    if stale:
        return Outcome(WAITING, stale, not_before=now + LOOK_AGAIN)
    failed = task.since and _find_failed(slot, settings, task.since)
    if failed:
        return _tell_failure(failed)
    pages = [_order_page(notebook, one) for one in (slot, *task.others)]
    detail = {"report": slot.entry.report, "pages": len(pages), "command": "schedule"}
    key_use.tell_act(settings, "report run", detail, purpose="reports")
    result = run_pages(path, pages, settings=settings, pdf=slot.entry.pdf, kernels=kernels)[0]
    if isinstance(result, ReportFailed):
        run = _find_failed(slot, settings)
        return _tell_failure(run, result) if run else judge_error(result)
    return _judge_run(result)


def find_decision(slot: Slot, row: Row, settings: Settings, now: dt.datetime) -> Outcome:
    """How it stands with the run of a slot that was made for a second person to let out, once what
    they decided under another login is carried out. One that cannot be found goes on waiting,
    unless it was taken back or its time is over: its disk may not be there now, or it may be
    readable for another account alone."""
    carry_out_decisions(settings)
    run_id = row["run"]
    for run in catalogue.runs(settings.reports):
        if run.id == run_id:
            return _judge_run(run)
    if _is_forgotten(run_id, settings):
        return Outcome(REFUSED, "it was taken back before a second person let it out", run_id)
    made_on = settings.day_of(row["finished_at"])
    terms = notice.load(settings.notice).reports
    kept_until = terms.kept_until(made_on, slot.entry.keep_months)
    if settings.day_of(now) >= kept_until:
        reason = f"no second person let it out while it was kept, until {kept_until}"
        return Outcome(REFUSED, reason, run_id)
    return Outcome(APPROVAL, "its run cannot be read here now", run_id)


def _is_forgotten(run_id: str, settings: Settings) -> bool:
    """Whether the ledger says that a run was taken back; not, if it cannot be read."""
    with suppress(OSError):
        return run_id in Ledger.of(settings).list_forgotten()
    return False


def _judge_run(run: Run) -> Outcome:
    if run.status == catalogue.WAITING:
        return Outcome(APPROVAL, f"waiting for approval: {ask_to_read(run.id)}", run.id)
    if run.status == catalogue.REFUSED:
        why = run.manifest["refused"]["reason"]
        return Outcome(REFUSED, f"a second person did not let it out: {why}", run.id)
    return Outcome(DONE, run=run.id)


def _order_page(notebook: Any, slot: Slot) -> Page:
    return Page(_give_parameters(notebook, slot), slot.key, keep_months=slot.entry.keep_months)


def _find_stale(notebook: Any, slot: Slot, settings: Settings) -> str:
    """Which release is missing or older than it should be, in words; nothing if none is."""
    for purpose in purposes_of(notebook):
        try:
            published = read_manifest(purpose, settings=settings).published_on
        except ReleaseNotFound as error:
            return str(error)
        if published < slot.period.end:
            return (
                f"the release of {purpose} is of {published}, before {slot.period} was over; "
                f"publish a newer one: genlib publish {purpose}"
            )
    return ""


def _give_parameters(notebook: Any, slot: Slot) -> dict[str, Any]:
    parameters = parameters_of(notebook)
    ours = {"period": slot.period.label, "language": slot.language}
    values = {name: value for name, value in ours.items() if name in parameters}
    return dict(slot.parameters) | values


def _find_failed(slot: Slot, settings: Settings, since: dt.datetime | None = None) -> Run | None:
    """The newest run of a slot, if it failed; of those that were begun since then."""
    for run in catalogue.runs(settings.reports):
        if run.manifest.get("order") == slot.key:
            began = dt.datetime.fromisoformat(run.manifest["started_at"])
            is_recent = since is None or began >= since
            return run if run.status == "failed" and is_recent else None
    return None


def _tell_failure(run: Run, error: ReportFailed | None = None) -> Outcome:
    """What the kept run tells: the cell, the kind of error. A kernel that died may live the next
    time."""
    cell = run.manifest["failed_cell"]
    kind = run.manifest["error"]
    reason = str(error) if error else f"failed with {kind}"
    status = REFUSED if kind in REFUSALS else FAILED
    return Outcome(status, reason, run.id, cell, kind, may_pass=cell is None)
