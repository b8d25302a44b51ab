"""The catalogue's front page, in each language: what needs attention on top, then the newest good
run of every slot by report and period, the newest first, its languages in one row. Search and
filter work without a server, and the page without either."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Any
from zoneinfo import ZoneInfo

from genlib.errors import TooFewCustomers
from genlib.present.theme import font_face, style
from genlib.present.words import Words
from genlib.private import OWNER, Access, make_folder
from genlib.reports import addresses, catalogue
from genlib.reports.catalogue import Run

PAGES = {"fi": "index.html", "sv": "index.sv.html", "en": "index.en.html"}
"""The house's own language is that of index.html."""
NAMES = {"fi": "Suomeksi", "sv": "På svenska", "en": "In English"}
STATUS = "status.json"
"""What a schedule last said of how it stands."""
TROUBLES = ("refused", "failed")
DRAFTS = {catalogue.DRAFT, catalogue.FAILED_DRAFT}
"""For one person alone: readers see nothing of them."""
TOO_FEW = TooFewCustomers.__name__
"""The error of a part of which there can be no report; nothing is wrong with the notebook."""
HELD = {catalogue.WAITING: "waiting for a second person", catalogue.REFUSED: "refused"}
"""What is said of a run that has not gone out."""
WHY_HELD = {
    catalogue.WAITING: "To be read with: genlib report open {run}",
    catalogue.REFUSED: "A second person did not let it out.",
}

MESSAGES = {
    "customer_analysis": "Customer analysis",
    "satisfaction_survey": "Customer satisfaction",
    "campaign_history": "Campaign history",
    "fi": "Finnish",
    "sv": "Swedish",
    "en": "English",
}
CHOICES = "Parameters"
HEADS = ("Period", CHOICES, "Made", "Language", "Files")
"""The columns of a report's table; that of CHOICES only if one of its rows has any."""
SCRIPT = """\
const box = document.getElementById('search'), pick = document.getElementById('pick');
const none = document.getElementById('nothing');
function sift() {
  const words = box.value.trim().toLowerCase().split(/\\s+/);
  let found = 0;
  document.querySelectorAll('section[data-report]').forEach(group => {
    const chosen = !pick.value || group.dataset.report === pick.value;
    let here = 0;
    group.querySelectorAll('tbody tr').forEach(row => {
      row.hidden = !chosen || !words.every(word => row.dataset.text.includes(word));
      here += row.hidden ? 0 : 1;
    });
    group.hidden = here === 0;
    found += here;
  });
  none.hidden = found > 0;
}
if (box) {
  document.getElementById('tools').hidden = false;
  box.oninput = pick.onchange = sift;
}
"""


@dataclass
class Row:
    """A period and choice of a report, in the languages that it was made in."""

    period: str
    choices: str
    made: str
    text: str
    languages: list[dict[str, str]] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)


def write(reports: Path, time_zone: str, access: Access = OWNER) -> Path:
    """Write the pages and the stable addresses anew from what lies in the catalogue, one writer at
    a time and each in one step; times of day are those of the time zone."""
    make_folder(reports, access)
    with catalogue.locked(reports):
        runs = catalogue.runs(reports)
        for language, name in PAGES.items():
            page = render(reports, runs, time_zone, language)
            catalogue.replace(reports / name, page.encode(), access)
        addresses.write(reports, runs, time_zone, access)
    return reports / PAGES["fi"]


def render(reports: Path, runs: list[Run], time_zone: str, language: str = "fi") -> str:
    """The page of a language."""
    words = Words(language)
    html: str = _template().render(
        language=language,
        say=words.translate,
        sheet=font_face() + style(),
        script=SCRIPT,
        script_digest=b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode(),
        pages=[{"href": PAGES[one], "language": one, "name": NAMES[one]} for one in PAGES],
        troubles=[
            *_list_late(reports, runs, words),
            *_list_failed(reports, runs, words),
            *_list_held(runs, words),
        ],
        groups=_group(reports, runs, words, ZoneInfo(time_zone)),
    )
    return html


def _group(reports: Path, runs: list[Run], words: Words, here: ZoneInfo) -> list[dict[str, Any]]:
    """The reports by title, each with its rows, the newest period first."""
    good = catalogue.newest(runs, "good")
    titles = list_titles(good, words)
    groups = []
    for report in sorted(titles, key=lambda name: titles[name]):
        runs_of_report = [run for run in good if run.slot.report == report]
        rows = _make_rows(reports, runs_of_report, words, here)
        heads = [head for head in HEADS if head != CHOICES or any(row.choices for row in rows)]
        groups.append({"report": report, "title": titles[report], "rows": rows, "heads": heads})
    return groups


def name_report(run: Run, words: Words) -> str:
    """The title of a run's report: genlib's own word for it, or the heading of its notebook."""
    report = run.slot.report
    return words.translate(MESSAGES.get(report) or run.manifest.get("title") or report)


def list_titles(runs: Iterable[Run], words: Words) -> dict[str, str]:
    """The title of each report: of its newest run in the language, or of its newest."""
    rising = sorted(runs, key=lambda run: (run.slot.language == words.language, run.id))
    return {run.slot.report: name_report(run, words) for run in rising}


def _make_rows(reports: Path, runs: Iterable[Run], words: Words, here: ZoneInfo) -> list[Row]:
    rows: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        rows.setdefault((run.slot.period, run.slot.slug), []).append(run)
    by_slug = sorted(rows.items(), key=lambda item: item[0][1])
    by_period = sorted(by_slug, key=lambda item: catalogue.find_end(item[0][0]), reverse=True)
    return [_make_row(reports, runs_of_row, words, here) for _, runs_of_row in by_period]


def _make_row(reports: Path, runs: Sequence[Run], words: Words, here: ZoneInfo) -> Row:
    first = runs[0]
    finished_at = max(datetime.fromisoformat(run.manifest["finished_at"]) for run in runs)
    at = finished_at.astimezone(here)
    period = _name_period(first.slot.period, words)
    choices = _describe_choices(first.manifest.get("chosen", {}), words)
    texts = (period, first.slot.period, choices)
    row = Row(period, choices, f"{words.date(at)} {at:%H.%M}", " ".join(texts).lower())
    order = {language: place for place, language in enumerate(PAGES)}
    for run in sorted(runs, key=lambda run: order.get(run.slot.language, len(order))):
        name = words.translate(MESSAGES.get(run.slot.language, run.slot.language))
        row.languages += _link(reports, run.html, name, run.slot.language)
        row.files += _link(reports, run.pdf, f"PDF {run.slot.language}")
        notebook = f"{words.translate('Notebook')} {run.slot.language}"
        row.files += _link(reports, run.notebook, notebook)
    return row


def _describe_choices(choices: Mapping[str, Any], words: Words) -> str:
    return ", ".join(
        f"{words.label('parameter', what)}: {words.label(what, value)}"
        for what, value in choices.items()
    )


def _name_part(title: str, choices: Mapping[str, Any], words: Words) -> str:
    """The title of a report, with what it was narrowed to."""
    return f"{title}, {_describe_choices(choices, words)}" if choices else title


def _list_failed(reports: Path, runs: list[Run], words: Words) -> list[dict[str, Any]]:
    """The newest run of each slot that failed after its last good one."""
    last = {run.slot: run.id for run in catalogue.newest(runs, "good")}
    newest = {run.id for run in catalogue.newest(runs, "failed")}
    return [
        _make_trouble(
            "refused" if run.manifest.get("error") == TOO_FEW else "failed",
            _name_part(name_report(run, words), run.manifest.get("chosen", {}), words),
            run.slot.period,
            run.slot.language,
            words,
            why=_tell_cell(run, words),
            links=_link(reports, run.notebook, words.translate("Notebook")),
        )
        for run in runs
        if run.id in newest and run.id > last.get(run.slot, "")
    ]


def _list_held(runs: list[Run], words: Words) -> list[dict[str, Any]]:
    """The runs that wait for a second person or were refused by one, and came after their slot's
    last good one; without links, for nobody but who may let them out can read them."""
    last = {run.slot: run.id for run in catalogue.newest(runs, catalogue.GOOD)}
    return [
        _make_trouble(
            HELD[run.status],
            _name_part(name_report(run, words), run.manifest.get("chosen", {}), words),
            run.slot.period,
            run.slot.language,
            words,
            why=words.translate(WHY_HELD[run.status], run=run.id),
            links=[],
        )
        for run in runs
        if run.status in HELD and run.id > last.get(run.slot, "")
    ]


def _tell_cell(run: Run, words: Words) -> str:
    if run.manifest.get("error") == TOO_FEW:
        return words.translate("Too few customers for a report of their own.")
    cell = run.manifest.get("failed_cell")
    return words.translate("stopped in cell {cell}", cell=cell) if cell else ""


def _list_late(reports: Path, runs: list[Run], words: Words) -> list[dict[str, Any]]:
    """What a schedule says is late, or refused, or failed without a run."""
    titles = list_titles([run for run in runs if run.status not in DRAFTS], words)
    return [
        _make_trouble(
            "late" if task["late"] else task["status"],
            _name_task(task, titles, words),
            task["period"],
            task["language"],
            words,
            why=task["reason"],
            links=[],
        )
        for task in _read_tasks(reports)
        if task["kind"] == "report"
        and (task["late"] or task["status"] in TROUBLES)
        and not task["run"]
    ]


def _read_tasks(reports: Path) -> list[dict[str, Any]]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        tasks: list[dict[str, Any]] = json.loads((reports / STATUS).read_text())["tasks"]
        return tasks
    return []


def _make_trouble(  # noqa: PLR0913 - the columns of a row
    state: str,
    title: str,
    period: str,
    language: str,
    words: Words,
    *,
    why: str,
    links: list[dict[str, str]],
) -> dict[str, Any]:
    return {
        "state": state,
        "report": title,
        "period": _name_period(period, words),
        "language": words.translate(MESSAGES.get(language, language)),
        "why": why,
        "links": links,
    }


def _name_task(task: Mapping[str, Any], titles: Mapping[str, str], words: Words) -> str:
    """The title of what a schedule ordered, by name or by the path of a notebook."""
    middle = f" {task['period']} {task['language']} "
    ordered, _, choices = task["key"].removeprefix("report ").rpartition(middle)
    report = PurePath(ordered).name.removesuffix(".ipynb")
    title = titles.get(report) or words.translate(MESSAGES.get(report, report))
    with suppress(ValueError):  # of a file that somebody wrote
        return _name_part(title, json.loads(choices), words)
    return title


def _name_period(period: str, words: Words) -> str:
    return period if period == catalogue.UNDATED else words.period(period)


def _link(reports: Path, path: Path | None, name: str, language: str = "") -> list[dict[str, str]]:
    if path is None:
        return []
    return [{"href": path.relative_to(reports).as_posix(), "name": name, "language": language}]


@cache
def _template() -> Any:
    from jinja2 import Environment

    source = files("genlib.present").joinpath("index.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
