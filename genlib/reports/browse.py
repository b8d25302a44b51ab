"""`catalogue`: the runs of the reports, listed in a cell of JupyterLab and opened there.

Example: `genlib.catalogue()` lists all runs that have a page, the newest first; the list at its
head narrows them to one report, and a run that is chosen opens below.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import ipywidgets as widgets

from genlib import settings as settings_module
from genlib.arguments import check_call
from genlib.errors import UsageError
from genlib.present.words import Words
from genlib.reports import catalogue as runs_of
from genlib.reports.catalogue import Run
from genlib.reports.form import MARKS, NAMED, frame_page
from genlib.reports.index import MESSAGES, list_titles, name_report
from genlib.settings import Settings

ROWS = 8
WIDE = "720px"


class Catalogue(widgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """The runs that have a page: `report` narrows them, `run` chooses one, and `page` shows it."""

    def __init__(self, report: str, language: str, settings: Settings) -> None:
        words = Words(language)
        every = [run for run in runs_of.runs(settings.reports) if run.html]
        reports = sorted({run.slot.report for run in every})
        if report and report not in reports:
            raise UsageError(f"no run of that report; there are {', '.join(reports) or 'none'}")
        self.words, self.every, self.zone = words, every, ZoneInfo(settings.time_zone)
        names = list_titles(every, words)
        titles = [(names[one], one) for one in reports]
        self.report = self._make_field(
            widgets.Dropdown,
            "Report",
            options=[(words.translate("All reports"), ""), *titles],
            value=report,
        )
        self.run = self._make_field(widgets.Select, "Run", options=[], rows=ROWS)
        self.page = widgets.HTML()
        self._list()
        self.report.observe(lambda _: self._list(), "value")
        self.run.observe(lambda change: self._open(change["new"]), "value")
        super().__init__([self.report, self.run, self.page])

    def _make_field(self, kind: Any, name: str, **options: Any) -> Any:
        label = self.words.translate(name)
        return kind(description=label, style=NAMED, layout={"width": WIDE}, **options)

    def _list(self) -> None:
        wanted = self.report.value
        listed = [run for run in self.every if wanted in {"", run.slot.report}]
        nothing = (self.words.translate("Choose a run" if listed else "No reports yet."), "")
        self.run.options = [nothing, *((self._describe(run), run.id) for run in listed)]

    def _describe(self, run: Run) -> str:
        """Period, report, language and choices of a run, and when it was made."""
        words, slot = self.words, run.slot
        finished_at = datetime.fromisoformat(run.manifest["finished_at"]).astimezone(self.zone)
        is_dated = slot.period != runs_of.UNDATED
        period = words.period(slot.period) if is_dated else slot.period
        title = name_report(run, words)
        language = words.translate(MESSAGES.get(slot.language, slot.language))
        mark = MARKS.get(run.status)
        marks = [words.translate(mark)] if mark else []
        chosen = run.manifest.get("chosen", {})
        choices = [f"{words.label('parameter', k)}: {words.label(k, v)}" for k, v in chosen.items()]
        texts = [
            f"{words.date(finished_at)} {finished_at:%H.%M}",
            title,
            period,
            language,
            *choices,
            *marks,
        ]
        return " · ".join(texts)

    def _open(self, run_id: str) -> None:
        chosen = [run for run in self.every if run.id == run_id]
        self.page.value = frame_page(chosen[0].html, self.words) if chosen else ""


@check_call
def catalogue(
    report: str = "", *, language: str = "en", settings: Settings | None = None
) -> Catalogue:
    """The runs of the catalogue, the newest first, of all reports or of one, to be opened in place;
    with the drafts of whoever asks. UsageError if there is no run of that report."""
    return Catalogue(report, language, settings or settings_module.load())
