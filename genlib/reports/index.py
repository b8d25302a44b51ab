"""The catalogue's front page: the newest good run of every slot, and the runs that failed since."""

from __future__ import annotations

from datetime import datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from genlib.present import page
from genlib.present.words import Words
from genlib.private import OWNER, Access, make_folder
from genlib.reports import catalogue
from genlib.reports.catalogue import Run

LANGUAGE = "fi"
"""The house's own language; each report is in the language that it was asked for."""

MESSAGES = {
    "customer_analysis": "Customer analysis",
    "satisfaction_survey": "Customer satisfaction",
    "campaign_history": "Campaign history",
    "fi": "Finnish",
    "sv": "Swedish",
    "en": "English",
}


def write(reports: Path, time_zone: str, access: Access = OWNER) -> Path:
    """Write `index.html` anew from what lies in the catalogue, one writer at a time and in one
    step; times of day are those of the time zone."""
    make_folder(reports, access)
    with catalogue.locked(reports):
        runs = catalogue.runs(reports)
        page = render(reports, runs, time_zone)
        catalogue.replace(reports / "index.html", page.encode(), access)
    return reports / "index.html"


def render(reports: Path, runs: list[Run], time_zone: str) -> str:
    """The page: one table of the newest good runs, one of the runs that failed after their slot's
    last good one."""
    words = Words(LANGUAGE)
    here = ZoneInfo(time_zone)
    good = catalogue.newest(runs, "good")
    last = {run.slot: run.id for run in good}
    failed = [run for run in runs if run.status == "failed" and run.id > last.get(run.slot, "")]
    heading = words.translate("Reports")
    blocks = [f"<h1>{escape(heading)}</h1>", _table(reports, good, words, here)]
    if failed:
        blocks += [
            f"<h2>{escape(words.translate('Failed runs'))}</h2>",
            _table(reports, failed, words, here),
        ]
    return page.render(blocks, title=heading, language=LANGUAGE)


def _table(reports: Path, runs: list[Run], words: Words, here: ZoneInfo) -> str:
    if not runs:
        return f"<p>{escape(words.translate('No reports yet.'))}</p>"
    heads = ("Report", "Period", "Language", "Parameters", "Made", "Files")
    head = "".join(f'<th scope="col">{escape(words.translate(text))}</th>' for text in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(reports, run, words, here))}</tr>"
        for run in runs
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(reports: Path, run: Run, words: Words, here: ZoneInfo) -> list[str]:
    slot = run.slot
    made = datetime.fromisoformat(run.manifest["finished_at"]).astimezone(here)
    name, language = (
        words.translate(MESSAGES.get(key, key)) for key in (slot.report, slot.language)
    )
    period = slot.period if slot.period == catalogue.UNDATED else words.period(slot.period)
    choice = run.manifest.get("chosen", {}).items()
    choices = ", ".join(
        f"{words.label('parameter', what)}: {words.label(what, value)}" for what, value in choice
    )
    return [
        *map(escape, (name, period, language, choices, f"{words.date(made)} {made:%H.%M}")),
        _links(reports, run, words),
    ]


def _links(reports: Path, run: Run, words: Words) -> str:
    files = {"Open": run.html, "PDF": run.pdf, "Notebook": run.notebook}
    links = {text: path.relative_to(reports).as_posix() for text, path in files.items() if path}
    shown = [
        f'<a href="{escape(path)}">{escape(words.translate(text))}</a>'
        for text, path in links.items()
    ]
    cell = run.manifest.get("failed_cell")
    return " ".join(
        [*shown, escape(words.translate("stopped in cell {cell}").format(cell=cell))]
        if cell
        else shown
    )
