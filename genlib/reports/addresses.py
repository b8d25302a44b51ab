"""Addresses that stay: REPORT/latest, REPORT/latest-good and REPORT/as-of/DATE lead to the run of
the report's newest period that is newest, that is good, or that was good on that day.

They are pages that lead on, so that a folder, a file server and a web server all know them, each
with index.html and a page a language: REPORT/latest/fi.html. Only the whole is meant, with every
parameter at its default. as-of has a page for each day on which something was made; `find_run`
answers for any day.

Example: October was made on 2 November and again, better, on the 5th: as-of/2026-11-02 leads to the
first, latest-good to the second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from html import escape
from os.path import relpath
from pathlib import Path
from zoneinfo import ZoneInfo

from genlib.private import OWNER, Access, make_folder
from genlib.reports import catalogue
from genlib.reports.catalogue import Run

HOUSE = "fi"
PAGE = """\
<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={to}">
<title>{title}</title></head><body><p><a href="{to}">{title}</a></p></body></html>
"""


def write(reports: Path, runs: list[Run], time_zone: str, access: Access = OWNER) -> None:
    """Write the pages that lead on; one whose run is gone leads to nothing and goes."""
    zone = ZoneInfo(time_zone)
    wanted: dict[Path, Run] = {}
    out = [run for run in runs if not _is_inside(run)]
    for report in sorted({run.slot.report for run in out}):
        runs_of_report = [run for run in out if run.slot.report == report]
        for name, chosen in _choose(runs_of_report, zone):
            for file, run in _name_pages(chosen):
                wanted[Path(report, name, file)] = run
    for path, run in wanted.items():
        make_folder((reports / path).parent, access)
        catalogue.replace(reports / path, _lead(reports / path, run).encode(), access)
    for path in [*reports.glob("*/latest*/*.html"), *reports.glob("*/as-of/*/*.html")]:
        if path.relative_to(reports) not in wanted:
            path.unlink()


def find_run(
    runs: Iterable[Run], report: str, language: str, zone: ZoneInfo, day: date | None = None
) -> Run | None:
    """The good run of a report's newest period, as it was known at the end of a day."""
    good = [
        run
        for run in runs
        if run.slot.report == report
        and run.slot.language == language
        and run.status == "good"
        and not run.slot.slug
        and (day is None or _find_day(run, zone) <= day)
    ]
    return max(good, key=_rank, default=None)


def _choose(runs: list[Run], zone: ZoneInfo) -> Iterator[tuple[str, list[Run]]]:
    """The name of an address, with its run in each language."""
    whole = [run for run in runs if not run.slot.slug]
    good = [run for run in whole if run.status == "good"]
    yield "latest", _pick(whole)
    yield "latest-good", _pick(good)
    for day in sorted({_find_day(run, zone) for run in good}):
        until_then = [run for run in good if _find_day(run, zone) <= day]
        yield f"as-of/{day}", _pick(until_then)


def _pick(runs: list[Run]) -> list[Run]:
    """The newest run of the newest period in each language."""
    languages = sorted({run.slot.language for run in runs})
    by_language = [[run for run in runs if run.slot.language == one] for one in languages]
    return [max(candidates, key=_rank) for candidates in by_language]


def _name_pages(runs: list[Run]) -> Iterator[tuple[str, Run]]:
    """A page a language, and index.html in the house's own, else in the first that there is."""
    for run in runs:
        yield f"{run.slot.language}.html", run
    index_runs = [run for run in runs if run.slot.language == HOUSE] or runs[:1]
    for run in index_runs:
        yield "index.html", run


def _rank(run: Run) -> tuple[date, str]:
    return catalogue.find_end(run.slot.period), run.id


def _find_day(run: Run, zone: ZoneInfo) -> date:
    """The day from which there was a page to read: when it was let out, where it waited."""
    allowed = run.manifest.get("allowed", {})
    out_at = allowed.get("at", run.manifest["finished_at"])
    return datetime.fromisoformat(out_at).astimezone(zone).date()


def _is_inside(run: Run) -> bool:
    """A draft, or what a second person has not let out."""
    return run.status in {
        catalogue.DRAFT,
        catalogue.FAILED_DRAFT,
        catalogue.WAITING,
        catalogue.REFUSED,
    }


def _lead(path: Path, run: Run) -> str:
    target = run.html or run.notebook
    to = Path(relpath(target, path.parent)).as_posix()
    title = f"{run.slot.report} {run.slot.period}"
    return PAGE.format(language=run.slot.language, to=escape(to), title=escape(title))
