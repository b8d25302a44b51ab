"""A report is run from a cell by a form of its parameters and shown there; so is the catalogue."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from html import unescape
from pathlib import Path

import ipywidgets as widgets
import nbformat
import pytest
from catalogued import keep, keep_waiting
from lab import CHROMIUM, chromium, jupyterlab, write_cells, write_report
from planning import settings_in
from small import Small
from workbench import ROOT

import genlib
from genlib.errors import ReleaseNotFound, UsageError
from genlib.reports.form import ReportForm
from genlib.settings import Settings

TOUR = ROOT / "notebooks" / "tour.ipynb"
TILES = ROOT / ".jupyter" / "labextensions" / "genlib-tiles" / "static" / "tiles.js"
SENTINEL = "Virtanen-Sentineli"
CAMPAIGN = {
    "kind": "DM",
    "starts_on": dt.date(2026, 9, 1),
    "ends_on": dt.date(2026, 9, 30),
    "holdout_share": 0.1,
    "cost_cents": 1,
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A workbench with releases of the 1st of November 2026."""
    home = tmp_path_factory.mktemp("form")
    register = Small(home).people(30)
    register.add("campaign", {"id": 9, "code": "2026-9", "name": "Syysetu", **CAMPAIGN})
    for purpose in ("customer_analysis", "campaign_history"):
        register.publish(purpose)
    return settings_in(home)


@pytest.fixture(scope="module")
def regions(settings: Settings) -> ReportForm:
    """The form of a notebook of one's own."""
    return genlib.report_form(write_report(settings.home), settings=settings)


def offered(form: ReportForm, name: str) -> list[str]:
    return [code for _, code in form.fields[name].options]


def test_each_parameter_has_a_field_of_its_type(settings: Settings) -> None:
    form = genlib.report_form("customer_analysis", language="fi", settings=settings)
    assert offered(form, "comparison") == ["previous", "year_ago"]
    assert offered(form, "language") == ["fi", "sv", "en"]
    assert offered(form, "kind") == ["all", "consumer", "company_contact"]
    assert ("Pirkanmaa", "06") in form.fields["region"].options
    assert isinstance(form.fields["unfinished"], widgets.Checkbox)
    assert form.button.description == "Aja raportti"
    assert form.parameters == {
        "period": "2026-10",
        "comparison": "previous",
        "region": "all",
        "kind": "all",
        "unfinished": False,
        "language": "fi",
    }


def test_the_periods_are_those_that_the_release_covers(settings: Settings) -> None:
    periods = offered(genlib.report_form("customer_analysis", settings=settings), "period")
    assert periods[:12:11] == ["2026-10", "2025-11"]
    assert periods[12:] == ["2026-Q3", "2026-Q2", "2026-Q1", "2025-Q4", "2025", "2024"]


def test_campaigns_are_chosen_and_a_number_has_limits(settings: Settings) -> None:
    form = genlib.report_form("campaign_history", settings=settings)
    assert form.fields["campaign"].options == (("all", "all"), ("Syysetu", "2026-9"))
    form.fields["cap"].value = 9
    assert form.parameters["cap"] == 4


def test_the_page_is_shown_in_place_and_the_cells_are_counted(regions: ReportForm) -> None:
    lines: list[str] = []
    regions.line.observe(lambda change: lines.append(change["new"]), "value")
    regions.fields["region"].value = "06"
    regions.run()
    *told, done = [re.sub("<[^>]+>", "", line).strip() for line in lines]
    cells = [f"Cell {n} of 6" for n in range(1, 7)]
    assert list(dict.fromkeys(told)) == ["Starting", *cells]
    assert '<progress max="6" value="6"' in lines[-2]
    assert re.fullmatch(r"Done: .*/drafts/.*/report\.html · draft", done)
    assert regions.page.value.startswith('<iframe sandbox title="Report"')
    page = unescape(regions.page.value.split("srcdoc=")[1])
    assert "1\u00a0043" in page
    assert regions.button.disabled is False


def test_what_is_wrong_is_one_line(regions: ReportForm) -> None:
    regions.fields["note"].value = "person900@mail.example"
    regions.run()
    assert "UsageError: parameter note looks like a" in regions.line.value
    assert 'role="alert"' in regions.line.value
    assert "person900" not in regions.line.value
    assert (regions.page.value, regions.button.disabled) == ("", False)


def test_an_error_that_nobody_foresaw_tells_its_kind_alone(
    regions: ReportForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(SENTINEL)

    monkeypatch.setattr("genlib.reports.form.run_report", fail)
    regions.run()
    assert "the report stopped with ValueError" in regions.line.value
    assert SENTINEL not in regions.line.value


def test_a_report_or_a_release_that_is_not_there(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(UsageError, match="no report of that name; there are campaign_history"):
        genlib.report_form("customer_analyses", settings=settings)
    with pytest.raises(UsageError, match="language is one of fi, sv, en"):
        genlib.report_form("customer_analysis", language="de", settings=settings)
    with pytest.raises(ReleaseNotFound, match="genlib publish customer_analysis"):
        genlib.report_form("customer_analysis", settings=settings_in(tmp_path))


@pytest.fixture
def kept(tmp_path: Path) -> Settings:
    """A catalogue of three runs, of which one failed."""
    settings = settings_in(tmp_path)
    keep(settings.reports, "2026-1", "good", report="customer_analysis")
    keep(settings.reports, "2026-2", "good", period="2026-Q3", slug="region-01")
    keep(settings.reports, "2026-3", "failed")
    return settings


def test_the_catalogue_is_listed_newest_first_and_opened_in_place(kept: Settings) -> None:
    shown = genlib.catalogue(settings=kept)
    nothing, newest, older = shown.run.options
    assert newest[0].replace("\u00a0", " ") == (
        "1 Nov 2026 06.00 · Campaign history · July–September 2026 · Finnish · region: Uusimaa"
    )
    assert [run for _, run in (nothing, newest, older)] == ["", "2026-2", "2026-1"]
    assert shown.page.value == ""
    shown.run.value = "2026-1"
    assert "srcdoc" in shown.page.value
    shown.report.value = "campaign_history"
    assert [run for _, run in shown.run.options] == ["", "2026-2"]
    assert shown.page.value == ""


def test_the_catalogue_says_what_waits_for_a_second_person(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    keep_waiting(settings.reports, "2026-1")
    _, (said, _) = genlib.catalogue(settings=settings).run.options
    assert said.endswith("Finnish · waiting for a second person")


def test_the_catalogue_of_one_report(kept: Settings, tmp_path: Path) -> None:
    one = genlib.catalogue("customer_analysis", settings=kept)
    assert [run for _, run in one.run.options] == ["", "2026-1"]
    with pytest.raises(UsageError, match="there are campaign_history, customer_analysis"):
        genlib.catalogue("customer_analyses", settings=kept)
    empty = genlib.catalogue(settings=settings_in(tmp_path / "empty"))
    assert empty.run.options == (("No reports yet.", ""),)


def test_the_tiles_of_the_launcher_lead_to_cells_of_the_tour() -> None:
    named = re.findall(r'label: "(.*?)", fragment: "#cell-id=(.*?)"', TILES.read_text())
    heads = {cell.id: cell.source.splitlines()[0] for cell in nbformat.read(TOUR, 4).cells}
    assert {label: heads[cell] for label, cell in named} == {
        "genlib: tour": "# A tour in ten minutes",
        "genlib: run a report": "## Run a report from a form",
    }


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_an_analyst_runs_a_report_in_jupyterlab(settings: Settings, tmp_path: Path) -> None:
    report = write_report(tmp_path)
    source = f"import genlib\ngenlib.report_form({str(report)!r})"
    write_cells(tmp_path / "cases.ipynb", [source])
    shutil.copy(TOUR, tmp_path)
    with jupyterlab(tmp_path, settings.home) as address, chromium() as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
        page.click(".jp-Notebook .jp-CodeCell >> nth=0")
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector("text=Run the report")
        page.select_option(".widget-dropdown select >> nth=0", label="September 2026")
        page.select_option(".widget-dropdown select >> nth=1", label="English")
        page.click("text=Run the report")
        page.wait_for_selector("text=Done")
        frame = page.frame_locator("iframe[title=Report]")
        frame.locator("text=September 2026").first.wait_for()
        frame.locator("text=Pirkanmaa").first.wait_for()
        home, _ = address.split("lab/tree/")
        assert "/lab/tree/tour.ipynb" in page.request.get(f"{home}?token=reviewer").url
        page.click("[title^='New Launcher']")
        page.get_by_role("button", name="genlib: tour").wait_for()
        page.get_by_role("button", name="genlib: run a report").click()
        page.wait_for_selector(".jp-mod-selected:has-text('Run a report from a form')")
        outside = r"(http|ws)://127\.0\.0\.1:|data:|blob:|about:"
        assert [url for url in asked if not re.match(outside, url)] == []
    drafts = list((settings.reports / "drafts").glob("*/regions/2026-09/en/**/report.html"))
    assert len(drafts) == 1
