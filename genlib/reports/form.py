"""`report_form`: a report is run from a cell of JupyterLab, by a form of its typed parameters, and
shown there.

Example: `genlib.report_form("customer_analysis")` has a list for the period (the months, quarters
and years that the release covers), the language and the region, and a button; a line says which
cell of how many runs, and then the page stands below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from threading import Thread
from typing import Any

import ipywidgets as widgets

from genlib import settings as settings_module
from genlib.arguments import check_call
from genlib.clock import read_clock
from genlib.errors import GenlibError
from genlib.metrics.contacts import CAPS, plan
from genlib.metrics.names import REGIONS
from genlib.period import Period, name_period
from genlib.present.words import Words
from genlib.release import open_release, read_manifest
from genlib.reports import catalogue as runs_of
from genlib.reports.catalogue import Run
from genlib.reports.index import HELD
from genlib.reports.parameters import Parameter, parameters_of, purposes_of
from genlib.reports.run import CHOICES, find_notebook, open_notebook, run_report
from genlib.settings import Settings

OFFERED = {"month": 12, "quarter": 4, "year": 2}
"""So many of the last ones may be chosen."""
MARKS = {runs_of.DRAFT: "draft", **HELD}
"""What is said of a run that is not out."""
LIMITS = {"cap": (CAPS[0], CAPS[-1])}
WIDE = "480px"
HEIGHT = "78vh"
NAMED = {"description_width": "180px"}


class ReportForm(widgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """A widget for each parameter of a report (`fields`), a button (`button`) that runs it, a line
    (`line`) that tells how far it is or why it stopped, and the page (`page`)."""

    def __init__(self, name: str | Path, language: str, settings: Settings) -> None:
        words = Words(language)
        notebook = open_notebook(find_notebook(name))
        self.report, self.settings, self.words = name, settings, words
        offers = _Offers(notebook, settings, words)
        self.fields = {
            parameter.name: offers.make_field(parameter)
            for parameter in parameters_of(notebook).values()
        }
        self.button = widgets.Button(
            description=words.translate("Run the report"), button_style="primary"
        )
        self.button.on_click(lambda _: Thread(target=self.run, daemon=True).start())
        self.line = widgets.HTML()
        self.page = widgets.HTML()
        super().__init__([*self.fields.values(), self.button, self.line, self.page])

    @property
    def parameters(self) -> dict[str, Any]:
        """What is chosen."""
        return {name: field.value for name, field in self.fields.items()}

    def run(self) -> None:
        """Run the report with what is chosen, and show its page; or the one line that says why
        there is none."""
        self.button.disabled = True
        self.page.value = ""
        self._tell(self.words.translate("Starting"))
        try:
            result = run_report(
                self.report,
                parameters=self.parameters,
                settings=self.settings,
                progress=self._tell_progress,
            )
            self.page.value = frame_page(result.html, self.words)
            self._tell(self._describe(result))
        except GenlibError as error:
            self._tell(f"{type(error).__name__}: {error}", is_error=True)
        except Exception as error:  # its words may hold values of the data
            self._tell(f"the report stopped with {type(error).__name__}", is_error=True)
        finally:
            self.button.disabled = False

    def _describe(self, run: Run) -> str:
        """That a run is done, where its page is, and why it is not out yet, if it is not."""
        place = f"{self.words.translate('Done')}: {run.html}"
        mark = MARKS.get(run.status)
        return f"{place} · {self.words.translate(mark)}" if mark else place

    def _tell_progress(self, cell: int, cells: int) -> None:
        line = self.words.translate("Cell {n} of {all}", n=cell, all=cells)
        self._tell(line)
        self.line.value += f' <progress max="{cells}" value="{cell}" aria-hidden="true"></progress>'

    def _tell(self, line: str, *, is_error: bool = False) -> None:
        role = "alert" if is_error else "status"
        self.line.value = f'<span role="{role}">{escape(line)}</span>'


class _Offers:
    """What may be chosen of the parameters of a notebook."""

    def __init__(self, notebook: Mapping[str, Any], settings: Settings, words: Words) -> None:
        self.words, self.settings = words, settings
        manifests = [read_manifest(one, settings=settings) for one in purposes_of(notebook)]
        self.today = min(
            (manifest.published_on for manifest in manifests), default=settings.day_of(read_clock())
        )

    def make_field(self, parameter: Parameter) -> Any:
        """The widget of a parameter, at its default."""
        name, default = parameter.name, parameter.default
        usual = {
            "description": self._name_field(name),
            "tooltip": parameter.comment,
            "style": NAMED,
            "layout": {"width": WIDE},
        }
        if name == "period":
            default = name_period(default, self.today)
        if choices := self._list_choices(name):
            offered = {default: default} | choices
            options = [(label, code) for code, label in offered.items()]
            return widgets.Dropdown(options=options, value=default, **usual)
        if parameter.kind is bool:
            return widgets.Checkbox(value=default, **usual | {"indent": True})
        if parameter.kind is int and name in LIMITS:
            low, high = LIMITS[name]
            return widgets.BoundedIntText(value=default, min=low, max=high, **usual)
        kinds = {int: widgets.IntText, float: widgets.FloatText}
        return kinds.get(parameter.kind, widgets.Text)(value=default, **usual)

    def _name_field(self, name: str) -> str:
        label = self.words.label("parameter", name)
        return label[:1].upper() + label[1:]

    def _list_choices(self, name: str) -> dict[str, str]:
        """What may be chosen, by code; empty where anything may be typed."""
        if name == "period":
            return {one.label: self.words.period(one.label) for one in list_periods(self.today)}
        if name == "campaign":
            return self._list_campaigns()
        codes = {**CHOICES, "region": REGIONS}.get(name, ())
        return {code: self.words.label(name, code) for code in codes}

    def _list_campaigns(self) -> dict[str, str]:
        """The campaigns of the release, the newest first."""
        release = open_release("campaign_history", settings=self.settings)
        listed = plan(release).sort("starts_on", descending=True).select("code", "name")
        return {"all": self.words.label("campaign", "all"), **dict(listed.rows())}


def list_periods(today: Any) -> Iterable[Period]:
    """The months, quarters and years that were over last on a day, the newest first."""
    for unit, count in OFFERED.items():
        period = Period.around(today, unit)
        for _ in range(count):
            period = period.previous()
            yield period


def frame_page(html: Path | None, words: Words) -> str:
    """A page of the catalogue as it stands in a cell: in a frame that runs no script and reaches
    nothing."""
    if html is None:
        return ""
    page = escape(html.read_text(encoding="utf-8"))
    title = escape(words.translate("Report"))
    style = f"width:100%;height:{HEIGHT};border:1px solid #d8dfe3;background:#fff"
    return f'<iframe sandbox title="{title}" style="{style}" srcdoc="{page}"></iframe>'


@check_call
def report_form(
    name: str | Path, *, language: str = "en", settings: Settings | None = None
) -> ReportForm:
    """A form of the parameters of a report (`notebooks/NAME.ipynb`, or a notebook by its path) that
    runs it and shows its page in place; its own words are in `language`.

    UsageError if there is no such report, ReleaseNotFound if a release that it opens is not here.
    """
    return ReportForm(name, language, settings or settings_module.load())
