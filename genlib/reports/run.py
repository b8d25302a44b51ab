"""Run a report from its notebook to the catalogue, in one language or several, once what is asked
is checked; or take a run back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import genlib
from genlib import notice
from genlib import settings as settings_module
from genlib.access_log import read_login
from genlib.arguments import check_call
from genlib.clock import read_clock
from genlib.disclosure.ledger import Ledger
from genlib.disclosure.table import LANGUAGES
from genlib.errors import Refused, ReleaseNotFound, ReportFailed, UsageError
from genlib.metrics.names import COMPARISONS, KINDS, REGIONS
from genlib.period import Period, name_period
from genlib.private import check_no_link
from genlib.release import open_release
from genlib.reports import catalogue, index, prose
from genlib.reports.approval import digest_notebook, is_approved, record_act
from genlib.reports.catalogue import Run
from genlib.reports.execute import Kernels, Progress, ignore_progress
from genlib.reports.history import write_command
from genlib.reports.identifying import mask_pseudonyms
from genlib.reports.jupyter import nbformat
from genlib.reports.kernels import ROOT
from genlib.reports.making import Order, Result, make_runs
from genlib.reports.parameters import parameters_of, purposes_of, settle
from genlib.reports.pdf import check_pdf
from genlib.reports.second_person import withdraw_unshown
from genlib.settings import Settings

CHOICES = {
    "language": LANGUAGES,
    "comparison": COMPARISONS,
    "kind": KINDS,
}
"""What these parameters may be, in every report that has them. A free text would become a folder's
name, whatever it holds."""


@check_call
def run_report(  # noqa: PLR0913 - each says what is run, or how
    name: str | Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    pdf: bool = False,
    order: str = "",
    progress: Progress = ignore_progress,
) -> Run:
    """The run of a report in the catalogue: `notebooks/NAME.ipynb`, or a notebook by its path. One
    that nobody has approved (`approval`) is a draft: marked so, outside ledger and index, and its
    author's alone. Where the notice wants four eyes the run waits (`second_person`). `order`: the
    name of what a schedule ordered, of which the catalogue keeps one good run; the one that is
    there already is the result, and a second is taken back. `progress` is told of each cell that
    begins.

    Raises UsageError before anything runs if a parameter is unknown, of the wrong type or looks
    like an identifier of a person, or if the release does not cover the period; Refused if the
    notice is not in force yet; ReportFailed if a cell fails or shows what may not leave. The failed
    run is kept, the last good one stays.
    """
    pages = [Page(parameters or {}, order)]
    (result,) = run_pages(name, pages, settings=settings, pdf=pdf, progress=progress)
    if isinstance(result, ReportFailed):
        raise result
    return result


@dataclass(frozen=True)
class Page:
    """A page to make, by its parameters; `order` as of `run_report`. `since_last`: what changed
    since the last report, of a page that is made again; None to find out. `command`: what it says
    that makes it, of a page that is made again. `keep_months`: how long it is kept, and never
    longer than the notice says; 0 is as long as that."""

    parameters: Mapping[str, Any]
    order: str = ""
    since_last: Mapping[str, Any] | None = None
    keep_months: int = 0
    command: str = ""


def run_pages(  # noqa: PLR0913 - each says what is run, or how
    name: str | Path,
    pages: Sequence[Page],
    *,
    settings: Settings | None = None,
    pdf: bool = False,
    progress: Progress = ignore_progress,
    kernels: Kernels | None = None,
) -> list[Result]:
    """What became of the pages of a report that differ in their language alone: each a run, or a
    ReportFailed where it failed. They show the same figures, which are run once (`making`).
    `kernels`: where there may be one that was started ahead.

    Raises what `run_report` raises before anything runs.
    """
    settings = settings or settings_module.load()
    check_no_link(settings.reports)
    terms = notice.load(settings.notice)
    terms.check_in_force(settings.day_of(read_clock()))
    path = find_notebook(name)
    notebook = open_notebook(path)
    if pdf:
        check_pdf()
    slot = catalogue.Slot(path.stem, "", "")
    plain = Order(
        notebook,
        {},
        slot,
        settings,
        {},
        kernels or Kernels(settings),
        pdf,
        four_eyes=terms.reports.four_eyes,
        progress=progress,
    )
    wanted = [_prepare(plain, page, name_notebook(path)) for page in pages]
    earlier = [
        catalogue.find_ordered(settings.reports, order.slot, order.about.get("order", ""))
        for order in wanted
    ]
    missing = [order for order, run in zip(wanted, earlier, strict=True) if run is None]
    if not missing:
        return [run for run in earlier if run is not None]
    new_runs = iter(make_runs(_mark_drafts(missing)))
    return [next(new_runs) if run is None else run for run in earlier]


def _prepare(plain: Order, page: Page, name: str) -> Order:
    """The order of a page of the notebook of that name, its parameters checked."""
    settings = plain.settings
    parameters = parameters_of(plain.notebook)
    today = settings.day_of(read_clock())
    values = checked(_name_period(settle(parameters, page.parameters), today))
    _check_period(plain.notebook, values, settings)
    _check_campaign(values, settings)
    choice = catalogue.chosen(
        values, {key: parameter.default for key, parameter in parameters.items()}
    )
    slot = catalogue.slot_of(plain.slot.report, values, choice)
    about = {"parameters": values, "chosen": choice, **_about(slot, settings, page.keep_months)}
    about |= {"notebook_digest": digest_notebook(plain.notebook)}
    about |= {"order": page.order} if page.order else {}
    about |= {"title": mask_pseudonyms(prose.title(plain.notebook, slot.language))}
    about |= {"notebook_path": name} if name.endswith(".ipynb") else {}
    about |= {"command": page.command or write_command(name, values, choice)}
    about |= {} if page.since_last is None else {"since_last": page.since_last}
    return replace(plain, values=values, slot=slot, about=about)


def _mark_drafts(orders: list[Order]) -> list[Order]:
    """The orders of a notebook, as drafts if nobody has approved it."""
    digest = orders[0].about["notebook_digest"]
    settings = orders[0].settings
    if is_approved(digest, settings):
        return orders
    record_act("draft", orders[0].slot.report, digest, settings)
    return [replace(order, is_draft=True) for order in orders]


def find_run(run_id: str, settings: Settings) -> Run | None:
    """The run of the catalogue with this id; None of one that was killed and is in the ledger only.
    UsageError if it is in neither."""
    entry = next((run for run in catalogue.runs(settings.reports) if run.id == run_id), None)
    if entry is None and not Ledger.of(settings).published(run_id):
        raise UsageError("no run of that id; genlib report list shows the runs with their ids")
    return entry


def forget_run(run_id: str, settings: Settings) -> int:
    """Take back a run that was never shown to anyone: later reports need not heed it, and nobody
    reads it after all. Gives the number of its publications; the ledger keeps who did it and when.
    While the same figures stand in another language, the ledger keeps them; if that was refused by
    a second person, who read it, they are withdrawn.
    """
    entry = find_run(run_id, settings)
    ledger = Ledger.of(settings)
    if entry is None:
        return _strike(run_id, settings)
    _check_not_refused(entry)
    _remove([entry], settings)
    taken_back = {run_id} | ledger.list_forgotten()
    there = catalogue.runs(settings.reports)
    failed = {run.id for run in there if run.status == "failed"}
    others = set(entry.together) - taken_back - failed
    ledger.note_forgotten(run_id, by=settings.user)
    if not others:
        return _strike(entry.figures, settings)
    refused = [run for run in there if run.id in others and run.status == catalogue.REFUSED]
    if len(refused) == len(others):
        withdraw_unshown(refused[0], settings)
    return 0


def _strike(figures: str, settings: Settings) -> int:
    """Strike figures out of the ledger, but none that were withdrawn: readers know them."""
    ledger = Ledger.of(settings)
    is_known = figures in ledger.list_withdrawn()
    return 0 if is_known else ledger.forget(figures, by=settings.user)


def withdraw_run(run_id: str, settings: Settings, reason: str) -> int:
    """Take back a run that was shown: it leaves the catalogue, in every language of the same
    figures, and what it told is told anew and marked as corrected. A page that a second person
    refused stays for the record. Gives the number of tables, or parts of one, that it told."""
    entry = find_run(run_id, settings)
    figures = entry.figures if entry else run_id
    every = [run for run in catalogue.runs(settings.reports) if run.figures == figures]
    gone = [run for run in every if run.status != catalogue.REFUSED]
    _remove(gone, settings)
    ledger = Ledger.of(settings)
    for run in gone:  # a schedule knows each page by its own id
        ledger.note_forgotten(run.id, by=settings.user)
    return ledger.withdraw(figures, by=settings.user, reason=reason)


def _check_not_refused(run: Run) -> None:
    if run.status == catalogue.REFUSED:
        raise Refused(
            "a second person refused this run; it stays for the record, until its time, and genlib "
            "report withdraw RUN takes its figures back"
        )


def _remove(runs: list[Run], settings: Settings) -> None:
    for run in runs:
        catalogue.remove(run)
    if runs:
        index.write(settings.reports, settings.time_zone, settings.access)


def find_notebook(name: str | Path) -> Path:
    """Where a notebook lies, by report name or path."""
    return Path(name) if str(name).endswith(".ipynb") else ROOT / "notebooks" / f"{name}.ipynb"


def name_notebook(path: Path) -> str:
    """As a command takes a notebook in whatever folder: one of the project by its name, another by
    its whole path."""
    is_ours = path.resolve() == find_notebook(path.stem).resolve()
    return path.stem if is_ours else str(path.resolve())


def open_notebook(path: Path) -> Any:
    """A notebook; UsageError if there is none or it is not a notebook."""
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except FileNotFoundError:
        is_ours = path == find_notebook(path.stem)
        what = "report of that name" if is_ours else f"notebook {path.name} at that place"
        raise UsageError(f"no {what}; there are {', '.join(report_names()) or 'none'}") from None
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


def _about(slot: catalogue.Slot, settings: Settings, keep_months: int) -> dict[str, Any]:
    now = read_clock()
    terms = notice.load(settings.notice)
    kept_until = terms.reports.kept_until(settings.day_of(now), keep_months)
    return {
        "run_id": catalogue.new_id(now),
        "report": slot.report,
        "slot": asdict(slot),
        "started_at": now.isoformat(),
        "user": settings.user,
        "login": read_login(),
        "kept_until": kept_until.isoformat(),
        "notice": {"version": terms.version, "digest": terms.digest},
        "genlib_version": genlib.__version__,
    }
