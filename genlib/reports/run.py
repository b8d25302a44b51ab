"""Run one report from its notebook to the catalogue - check, execute, let through the gate, keep -
or take a run back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import genlib
from genlib import notice
from genlib import settings as settings_module
from genlib.clock import read_clock
from genlib.disclosure.ledger import Ledger
from genlib.errors import CellFailed, ReleaseNotFound, ReportFailed, UsageError
from genlib.period import Period, name_period
from genlib.private import OWNER, check_no_link, make_folder
from genlib.release import open_release
from genlib.reports import catalogue, export, index
from genlib.reports.approval import digest_notebook, is_approved, record_act
from genlib.reports.catalogue import Run
from genlib.reports.execute import SOCKETS, execute, parametrised
from genlib.reports.gate import check_source, let_through
from genlib.reports.jupyter import nbformat
from genlib.reports.parameters import parameters_of, purposes_of, settle
from genlib.reports.pdf import check_pdf, to_pdf
from genlib.settings import Settings

ROOT = Path(genlib.__file__).parents[1]
CHOICES = {
    "language": ("fi", "sv", "en"),
    "comparison": ("previous", "year_ago"),
    "kind": ("all", "consumer", "company_contact"),
}
"""What these parameters may be, in every report that has them. A free text would become a folder's
name, whatever it holds."""
REGIONS = ("all", "unknown", *(f"{number:02}" for number in (1, 2, *range(4, 20), 21)))
"""The codes of Statistics Finland: there is no 03 and no 20."""

_STALE = 24 * 3600


def run_report(
    name: str | Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    pdf: bool = False,
    order: str = "",
) -> Run:
    """The run of a report in the catalogue: `notebooks/NAME.ipynb`, or a notebook by its path. One
    that nobody has approved (`approval`) is a draft: marked so, outside ledger and index, and its
    author's alone. `order`: the name of what a schedule ordered, of which the catalogue keeps one
    good run; the one that is there already is the result, and a second is taken back.

    Raises UsageError before anything runs if a parameter is unknown, of the wrong type or looks
    like an identifier of a person, or if the release does not cover the period; Refused if the
    notice is not in force yet; ReportFailed if a cell fails or shows what may not leave. The failed
    run is kept, the last good one stays.
    """
    settings = settings or settings_module.load()
    check_no_link(settings.reports)
    today = settings.day_of(read_clock())
    notice.load(settings.notice).check_in_force(today)
    path = find_notebook(name)
    notebook = open_notebook(path)
    digest = digest_notebook(notebook)
    known = parameters_of(notebook)
    values = checked(_name_period(settle(known, parameters or {}), today))
    _check_period(notebook, values, settings)
    _check_campaign(values, settings)
    if pdf:
        check_pdf()
    is_draft = not is_approved(digest, settings)
    if is_draft:
        record_act("draft", path.stem, digest, settings)
    choice = catalogue.chosen(values, {key: parameter.default for key, parameter in known.items()})
    slot = catalogue.slot_of(path.stem, values, choice)
    about = {"parameters": values, "chosen": choice, "notebook_digest": digest}
    about |= _about(slot, settings) | ({"order": order} if order else {})
    earlier = catalogue.find_ordered(settings.reports, slot, order)
    if earlier is not None:
        return earlier
    return _run(_Order(notebook, values, slot, settings, about, pdf, is_draft))


def find_run(run_id: str, settings: Settings) -> Run | None:
    """The run of the catalogue with this id; None of one that was killed and is in the ledger only.
    UsageError if it is in neither."""
    found = next((run for run in catalogue.runs(settings.reports) if run.id == run_id), None)
    if found is None and not Ledger.of(settings).published(run_id):
        raise UsageError("no run of that id; genlib report list shows the runs with their ids")
    return found


def forget_run(run_id: str, settings: Settings) -> int:
    """Take back a run that was never shown to anyone: later reports need not heed it, and nobody
    reads it after all. Gives the number of its publications; the ledger keeps who did it and when.
    """
    if found := find_run(run_id, settings):
        catalogue.remove(found)
        index.write(settings.reports, settings.time_zone, settings.access)
    return Ledger.of(settings).forget(run_id, by=settings.user)


def withdraw_run(run_id: str, settings: Settings, reason: str) -> int:
    """Take back a run that was shown: it leaves the catalogue, and what it told is told anew and
    marked as corrected. Gives the number of tables, or parts of one, that it told."""
    if found := find_run(run_id, settings):
        catalogue.remove(found)
        index.write(settings.reports, settings.time_zone, settings.access)
    return Ledger.of(settings).withdraw(run_id, by=settings.user, reason=reason)


def find_notebook(name: str | Path) -> Path:
    """Where a notebook lies, by report name or path."""
    return Path(name) if str(name).endswith(".ipynb") else ROOT / "notebooks" / f"{name}.ipynb"


def open_notebook(path: Path) -> Any:
    """A notebook; UsageError if there is none or it is not a notebook."""
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except FileNotFoundError:
        raise UsageError(
            f"no report of that name; there are {', '.join(report_names()) or 'none'}"
        ) from None
    except (
        OSError,
        ValueError,
        AttributeError,
        nbformat.ValidationError,
    ):  # what nbformat raises for JSON of another kind
        raise UsageError(f"{path.name} is not a notebook") from None


def report_names() -> list[str]:
    """The reports that this project has; the tour is none."""
    names = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    return sorted(names - {"tour"})


def _name_period(values: dict[str, Any], today: date) -> dict[str, Any]:
    """The values with the period by its own name, so that the catalogue never holds a word for
    it."""
    if "period" not in values:
        return values
    return {**values, "period": name_period(values["period"], today)}


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """The values, if those that every report understands alike - period, language, comparison, kind
    - are understood."""
    if "period" in values:
        Period.parse(values["period"])
    for name in CHOICES.keys() & values.keys():
        if values[name] not in CHOICES[name]:
            raise UsageError(f"parameter {name} is one of {', '.join(CHOICES[name])}")
    if values.get("region", "all") not in REGIONS:
        raise UsageError(
            "parameter region is all or the two digits of a region, from 01 (Uusimaa) to 21 (Åland)"
        )
    return values


def _check_period(notebook: Any, values: Mapping[str, Any], settings: Settings) -> None:
    """Every release that the notebook opens reaches to the end of the period; if it may be
    unfinished, to some day of it. One that is not there is told when the notebook opens it."""
    if "period" not in values:
        return
    for purpose in purposes_of(notebook):
        with suppress(ReleaseNotFound):
            release = open_release(purpose, settings=settings)
            release.period(values["period"], unfinished=values.get("unfinished", False))


def _check_campaign(values: Mapping[str, Any], settings: Settings) -> None:
    """A campaign is one of the release's: its codes are known, what else was typed is not
    repeated."""
    if values.get("campaign", "all") != "all":
        codes = (
            open_release("campaign_history", settings=settings)["campaign"]
            .select("code")
            .collect()["code"]
        )
        if values["campaign"] not in codes.to_list():
            raise UsageError(
                f"parameter campaign is all or the code of one of the {len(codes)} campaigns of "
                "the release"
            )


@dataclass(frozen=True)
class _Order:
    notebook: Any
    values: dict[str, Any]
    slot: catalogue.Slot
    settings: Settings
    about: dict[str, Any]
    pdf: bool
    is_draft: bool


def _run(order: _Order) -> Run:
    try:
        files, told = _made(order)
    # nobody has seen it; a run that was killed stays in the ledger, which is the safe side
    except ReportFailed as error:
        if not order.is_draft:
            Ledger.of(order.settings).forget(order.about["run_id"])
        run = _keep_failed(order, error)
        raise ReportFailed(f"{order.slot.report}: {error} (kept in {run.folder})") from None
    if not order.is_draft:
        Ledger.of(order.settings).enter(order.about["run_id"])
    status = catalogue.DRAFT if order.is_draft else "good"
    return _keep(order, files, {"status": status, **told})


def _made(order: _Order) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files of a run, and what its manifest tells of them."""
    check_source(order.notebook)
    executed = execute(
        order.notebook,
        order.values,
        settings=order.settings,
        root=ROOT,
        publication=_name_publication(order),
    )
    shown = let_through(executed)
    html = export.to_html(
        executed,
        shown,
        language=order.slot.language,
        period=order.values.get("period", ""),
        is_draft=order.is_draft,
    )
    files = {
        "report.html": html.encode(),
        "report.ipynb": export.to_keep(executed, shown),
        "disclosure.json": export.audit(shown),
    }
    if order.pdf:
        files["report.pdf"] = to_pdf(html)
    return files, {"shown": export.facts(shown)} | _cited(shown, order.settings)


def _name_publication(order: _Order) -> str:
    """What the ledger calls the run; a draft publishes nothing, and its kernel works as the lab
    does."""
    if order.is_draft:
        return ""
    day = order.settings.day_of(read_clock())
    return Ledger.called(day, order.about["run_id"])


def _cited(shown: export.Shown, settings: Settings) -> dict[str, Any]:
    """The release that the report's conditions cite, with the notice that it was made under."""
    cited = export.release(shown)
    if cited is None:
        return {}
    manifest = open_release(*cited, settings=settings).manifest
    notice_then = {"version": manifest.notice_version, "digest": manifest.notice_digest}
    return {"release": {"purpose": cited[0], "id": cited[1], "notice": notice_then}}


def _keep_failed(order: _Order, error: ReportFailed) -> Run:
    cell, kind = (
        (error.cell, error.error) if isinstance(error, CellFailed) else (0, type(error).__name__)
    )
    notebook = export.failed(parametrised(order.notebook, order.values), cell=cell, error=kind)
    status = catalogue.FAILED_DRAFT if order.is_draft else "failed"
    return _keep(
        order,
        {"report.ipynb": notebook},
        {"status": status, "failed_cell": cell or None, "error": kind},
    )


def _keep(order: _Order, files: dict[str, bytes], outcome: dict[str, Any]) -> Run:
    reports = order.settings.reports
    access = order.settings.access
    manifest = {**order.about, **outcome, "finished_at": read_clock().isoformat()}
    if order.is_draft:
        drafts = catalogue.make_drafts(reports, order.settings.user, access)
        run = catalogue.keep(drafts, order.slot, files, manifest, OWNER)
    else:
        run = _keep_once(order, files, manifest)
    catalogue.prune(reports, today=order.settings.day_of(read_clock()).isoformat())
    for place, pattern in ((reports, catalogue.UNFINISHED), (Path(gettempdir()), f"{SOCKETS}*")):
        catalogue.sweep(place, pattern, older_than=time.time() - _STALE)
    Ledger.of(order.settings).sweep(older_than=time.time() - _STALE)
    index.write(reports, order.settings.time_zone, access)
    return run


def _keep_once(order: _Order, files: dict[str, bytes], manifest: dict[str, Any]) -> Run:
    """The run in the catalogue; if a good one of the same order came there meanwhile, that one, and
    this is taken out of the ledger again."""
    reports = make_folder(order.settings.reports, order.settings.access)
    with catalogue.locked(reports):
        earlier = catalogue.find_ordered(reports, order.slot, manifest.get("order", ""))
        if earlier is None:
            return catalogue.keep(reports, order.slot, files, manifest, order.settings.access)
    Ledger.of(order.settings).forget(manifest["run_id"])
    return earlier


def _about(slot: catalogue.Slot, settings: Settings) -> dict[str, Any]:
    now = read_clock()
    terms = notice.load(settings.notice)
    kept_until = terms.reports.kept_until(settings.day_of(now))
    return {
        "run_id": catalogue.new_id(now),
        "report": slot.report,
        "slot": asdict(slot),
        "started_at": now.isoformat(),
        "user": settings.user,
        "kept_until": kept_until.isoformat(),
        "notice": {"version": terms.version, "digest": terms.digest},
        "genlib_version": genlib.__version__,
    }
