"""The reviewer sees single contacts in JupyterLab; no report shows them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import nbformat
import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from lab import CHROMIUM, chromium, jupyterlab, read_written, write_cells
from reviewed import contact, write_contacts
from small import Small

import genlib
from genlib.errors import ReportFailed, UsageError
from genlib.release import Release
from genlib.reports.gate import MIME
from genlib.reports.run import run_report
from genlib.reviewing.strips import WIDTH, _spans
from genlib.settings import load

Make = Callable[..., Release]
TOLD = """window.told = [];
const paper = CanvasRenderingContext2D.prototype;
const heard = (draw, name) => function(...given) {
  const at = this.getTransform(), frame = this.canvas.getBoundingClientRect();
  const [x, y] = given.slice(typeof given[0] === 'string');
  window.told.push([name(given), frame.left + at.e + at.a * x, frame.top + at.f + at.d * y]);
  return draw.apply(this, given);
};
paper.fillText = heard(paper.fillText, ([text]) => text);
paper.arc = heard(paper.arc, ([x, y, radius]) => radius > 6 ? '◉' : '●');"""
"""What a canvas says and where on the page, its dots too; the chosen one is the largest."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return write_contacts(tmp_path_factory.mktemp("review"))


@pytest.fixture(scope="module")
def release(small: Small) -> Release:
    return small.publish("campaign_history")


def test_the_exceptions_come_first_and_newest_first(release: Release) -> None:
    found = genlib.review(release)
    assert found.cases["verdict"].to_list() == ["refused", "refused"]
    assert found.cases["name"].to_list() == ["Talvietu", "Syysetu"]
    assert found.cases["reason"].to_list() == ["consent_missing", "consent_missing"]


def test_the_history_is_all_of_a_person_whatever_the_verdict(release: Release) -> None:
    found = genlib.review(release, verdict="allowed", campaign="2026-9")
    assert found.histories["verdict"].to_list() == ["allowed", "held out"]
    assert found.histories["pseudonym"].n_unique() == 1


def test_no_limit_leaves_an_exception_out_for_what_was_allowed(release: Release) -> None:
    found = genlib.review(release, verdict="all", most=2)
    assert found.cases["verdict"].to_list() == ["refused", "refused"]
    assert found.left_out == 2


@pytest.mark.parametrize(
    ("narrowed", "cases"),
    [
        ({"period": "2026-10"}, 1),
        ({"campaign": "2026-9"}, 1),
        ({"verdict": "all"}, 4),
        ({"period": "2025"}, 0),
    ],
)
def test_what_is_seen_is_narrowed(release: Release, narrowed: dict[str, str], cases: int) -> None:
    assert genlib.review(release, **narrowed).cases.height == cases  # type: ignore[arg-type]


def night_mail(home: Path, time_zone: str) -> Release:
    """A mail without consent five past midnight on the 1st of October in Finland."""
    at = datetime(2026, 9, 30, 21, 5, tzinfo=UTC)
    planned = {"code": "2026-10", "name": "Talvietu", "kind": "DM"}
    cost = {"holdout_share": 0.0, "cost_cents": 1}
    days = {"starts_on": date(2026, 10, 1), "ends_on": date(2026, 10, 31)}
    made = Small(home).people(6).add("campaign", {"id": 10, **planned, **days, **cost})
    made.add("campaign_contact", contact(1, 1, 10, sent_at=at, delivered_at=at))
    return made.publish("campaign_history", time_zone=time_zone)


@pytest.mark.parametrize(
    ("time_zone", "months", "said"),
    [
        ("Europe/Helsinki", {"2026-09": 0, "2026-10": 1}, "2026-10-01 00:05"),
        ("America/New_York", {"2026-09": 1, "2026-10": 0}, "2026-09-30 17:05"),
    ],
)
def test_a_case_is_of_the_day_and_hour_that_it_was_at_the_company(
    tmp_path: Path, time_zone: str, months: dict[str, int], said: str
) -> None:
    release = night_mail(tmp_path, time_zone)
    cases = {month: genlib.review(release, period=month).cases.height for month in months}
    assert cases == months
    found = genlib.review(release)
    assert said in json.dumps(found.to_dict())
    assert found.cases["sent_at"].to_list() == [datetime(2026, 9, 30, 21, 5, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        ({"language": "de"}, "language is one of fi, sv, en"),
        ({"most": -1}, "a whole number from 0 on"),
        ({"most": "all"}, "most of review is a whole number"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_read(
    release: Release, wrong: dict[str, Any], cure: str
) -> None:
    with pytest.raises(UsageError, match=cure):
        genlib.review(release, **wrong)


def test_one_person_by_the_pseudonym(release: Release) -> None:
    pseudonym = genlib.review(release).cases["pseudonym"][0]
    assert genlib.review(release, verdict="all", pseudonym=pseudonym).cases.height == 2


def test_what_is_left_out_is_said(release: Release) -> None:
    found = genlib.review(release, most=1)
    assert (found.cases.height, found.left_out) == (1, 1)
    assert "; 1 left out, so narrow" in repr(found)


def test_it_draws_itself_for_jupyterlab_without_the_network(release: Release) -> None:
    bundle = genlib.review(release, language="fi")._bundles()[1]
    assert set(bundle) == {"application/vnd.vegalite.v5+json", "text/plain"}
    said = json.dumps(bundle, ensure_ascii=False)
    assert "suostumus puuttuu" in said
    assert "consent_missing" not in said
    assert {
        parameter["name"] for parameter in bundle["application/vnd.vegalite.v5+json"]["params"]
    } == {
        "campaign",
        "case",
        "person",
        "channel",
        "kind",
        "verdict",
        "period",
    }


def test_what_is_left_out_is_drawn_too(release: Release) -> None:
    assert (
        genlib.review(release, most=1, language="fi")
        .to_dict()["title"]
        .startswith("2 tapauksesta ensimmäiset 1, luvattomat ensin ja sitten uusimmat;")
    )


@pytest.mark.parametrize(
    ("last", "starts", "ends"),
    [
        ("2026-09-10", ["2026-09-02", "2026-09-10"], ["2026-09-03", "2026-09-11"]),
        ("2026-12-10", ["2026-08-31", "2026-12-07"], ["2026-09-07", "2026-12-14"]),
        ("2028-02-10", ["2026-09-01", "2028-02-01"], ["2026-10-01", "2028-03-01"]),
    ],
    ids=["days", "weeks from Monday", "months"],
)
def test_the_strip_of_time_has_a_few_dozen_columns(
    last: str, starts: list[str], ends: list[str]
) -> None:
    at = pl.Series("at", ["2026-09-02T23:59:00+00:00", f"{last}T00:00:00+00:00"]).str.to_datetime(
        time_unit="us"
    )
    spans = _spans(pl.DataFrame(at)).select(pl.all().dt.date().cast(str))
    assert (spans["start"].to_list(), spans["end"].to_list()) == (starts, ends)


def test_campaigns_of_one_name_stay_apart(release: Release) -> None:
    said = json.dumps(genlib.review(release).to_dict(), ensure_ascii=False)
    assert "Talvietu · 2026-10" in said


def test_nothing_found_is_said_in_words(release: Release) -> None:
    assert genlib.review(release, period="2025")._bundles()[0] == {
        "text/plain": "0 cases of 0 people"
    }


def test_no_name_of_a_person_is_in_it(release: Release) -> None:
    assert (
        set(genlib.review(release).cases.columns)
        & {"customer", "given_names", "family_name", "email", "phone"}
        == set()
    )


def test_another_purpose_is_refused(small: Small) -> None:
    with pytest.raises(UsageError, match="release of campaign_history"):
        genlib.review(small.publish("satisfaction"))


def test_a_verdict_that_there_is_not(release: Release) -> None:
    with pytest.raises(UsageError, match="refused, allowed or all"):
        genlib.review(release, verdict="perhaps")


def test_a_report_that_holds_it_stops(release: Release, small: Small, tmp_path: Path) -> None:
    assert all(MIME not in bundle for bundle in genlib.review(release)._bundles())
    sources = [
        "language: str = 'fi'",
        "import genlib",
        "genlib.review(genlib.open_release('campaign_history'))",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[0]["metadata"]["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "cases.ipynb")
    settings = replace(
        load(), home=small.home, releases=small.home / "releases", reports=tmp_path / "reports"
    )
    with pytest.raises(ReportFailed, match=r"cell 3 shows text/html"):
        run_report(tmp_path / "cases.ipynb", settings=settings)
    assert not list((tmp_path / "reports").rglob("report.html"))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_reviewer_uses_it_in_jupyterlab(release: Release, small: Small, tmp_path: Path) -> None:
    sources = [
        "import genlib\nrelease = genlib.open_release('campaign_history')\nrelease",
        "genlib.review(release, verdict='all')",
    ]
    write_cells(tmp_path / "cases.ipynb", sources)
    with jupyterlab(tmp_path, small.home) as address, chromium(TOLD) as page:
        asked, complained = list[str](), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.on(
            "console",
            lambda message: (
                complained.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: complained.append(str(error)))
        page.goto(address)
        page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
        complained.clear()  # a busy JupyterLab complains of how slowly it starts
        page.click(".jp-Notebook .jp-CodeCell >> nth=0")
        page.keyboard.press("Shift+Enter")
        page.keyboard.press("Shift+Enter")
        told = said(page, wanted="Syysetu · 2026-9")
        assert "k-anonymity" in page.inner_text(".jp-RenderedHTMLCommon >> nth=0")

        assert {
            "e-mail",
            "phone call",
            "Talvietu · 2026-10",
            "2026-10 · phone call · no prohibition",
        } <= told.keys()
        both, strip = cases(told), strip_of_time(told)
        told = dragged(page, strip, 0.5, 1, wanted="Talvietu · 2026-10")
        assert cases(told) == {(x, y) for x, y in cases(told) if x > strip(0.5)[0]}
        assert (len(both), len(cases(told))) == (4, 2)
        assert "Syysetu · 2026-9" not in told
        page.mouse.dblclick(*strip(0.7))
        told = said(page, wanted="Syysetu · 2026-9")
        assert cases(told) == both

        told = clicked(page, told["Syysetu · 2026-9"][-1], wanted="Choose a case")
        assert {"Syysetu · 2026-9", "Talvietu · 2026-10", "consent missing"} <= told.keys()
        assert "phone call" not in told
        told = clicked(page, told["allowed"][-1], wanted="Choose a case")
        pseudonym = genlib.review(release, verdict="allowed", campaign="2026-9").cases["pseudonym"][
            0
        ]
        told = clicked(page, *cases(told), wanted=pseudonym, aside=0)
        assert "2026-10 · e-mail · holdout, not contacted" in told
        assert complained == []

        assert cases(dragged(page, strip, 0.4, 0.6, wanted="Choose a case")) == set()
        page.wait_for_timeout(500)
        assert page.evaluate("window.told.length") == 0
        page.mouse.dblclick(*strip(0.5))
        assert "Syysetu · 2026-9" in said(page, wanted="Syysetu · 2026-9")

        complained.clear()  # an empty strip is worth a warning to Vega
        look_through_the_list(page)
        choose_on_both_sides(page)
        assert complained == []
        page.click(".jp-Notebook .jp-InputPrompt >> nth=0")  # a field for text takes no commands
        page.keyboard.press("Control+s")
        saved = saved_again(tmp_path / "cases.ipynb")
        assert [(cell.source, cell.outputs, cell.execution_count) for cell in saved.cells[:2]] == [
            (source, [], None) for source in sources
        ]
        assert page.query_selector(".jp-OutputArea canvas")
        assert [
            url for url in asked if not re.match(r"(http|ws)://127\.0\.0\.1:|data:|blob:", url)
        ] == []


def look_through_the_list(page: Any) -> None:
    """The list beside the strips is searched, sorted, walked through by the keyboard and copied
    from; no key that is pressed in it is a command of the notebook."""
    beside = page.locator(".genlib-review .beside").first
    rows, details = beside.locator("tbody >> nth=0").locator("tr"), beside.locator("aside")
    beside.get_by_label("Search").fill("syysetu consent missing")
    assert (rows.count(), beside.get_by_role("status").inner_text()) == (
        1,
        "1 of 1 rows are shown",
    )
    beside.get_by_label("Search").fill("")
    beside.get_by_role("button", name="Campaign").click()
    campaign = beside.get_by_role("columnheader", name="Campaign").first
    assert campaign.get_attribute("aria-sort") == "ascending"
    assert [re.search("Syysetu|Talvietu", row).group() for row in rows.all_inner_texts()] == [
        *("Syysetu", "Talvietu"),  # exceptions
        *("Syysetu", "Talvietu"),
    ]
    cells = page.locator(".jp-CodeCell").count()
    rows.first.get_by_role("button").focus()
    for key in ("d", "d", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert page.locator(".jp-CodeCell").count() == cells
    assert "consent for the channel, or the same message through: letter" in details.inner_text()
    assert "917/2014 s. 200(1)" in details.inner_text()
    assert details.locator("tbody tr").count() == 2  # all contacts of that person
    history = details.get_by_role("region", name="All contacts of that person")
    history.focus()  # so that its rows can be scrolled by keys
    assert history.evaluate("element => element === document.activeElement")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    details.get_by_role("button", name="Copy the pseudonym").click()
    details.get_by_role("button", name="Copied").wait_for()
    pseudonym = page.evaluate("navigator.clipboard.readText()")
    assert pseudonym in rows.nth(1).inner_text()
    check_accessible(page)
    page.click("text=Settings")
    page.click("li:has-text('Theme') >> nth=0")
    page.click("text=JupyterLab Dark")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    check_accessible(page)


def choose_on_both_sides(page: Any) -> None:
    """A row that is chosen by the keyboard has its dot marked, and a dot that is clicked its row,
    even if a search had left that out."""
    beside = page.locator(".genlib-review .beside").first
    rows = beside.locator("tbody >> nth=0").locator("tr")
    told: dict[str, list[Place]] = {}
    dots = []
    for key in ("Home", "ArrowDown"):
        rows.locator("[tabindex='0']").focus()
        page.evaluate("window.told.splice(0)")
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        told = said(page, wanted="◉")
        dots.append(told["◉"][-1])
    assert len(set(dots)) == 2
    first = rows.first.inner_text()
    beside.get_by_label("Search").fill("nothing is found")
    assert rows.count() == 0
    page.mouse.click(*dots[0])
    page.wait_for_selector(".genlib-review tr.chosen")
    assert beside.locator("tr.chosen").all_inner_texts() == [first]
    assert beside.locator("[aria-pressed=true]").count() == 1
    assert beside.get_by_label("Search").input_value() == ""


def check_accessible(page: Any) -> None:
    found = Axe().run(page, context=".genlib-review").response["violations"]
    assert [violation["id"] for violation in found] == []


def saved_again(file: Path) -> nbformat.NotebookNode:
    """A notebook when JupyterLab has written down what language its kernel speaks, which it does
    with everything else."""
    while "language_info" not in read_written(file).get("metadata", {}):
        time.sleep(0.1)
    return nbformat.read(file, 4)


Place = tuple[float, float]


def said(page: Any, *, wanted: str) -> dict[str, list[Place]]:
    """What the canvas says since it was last asked, and where, when `wanted` is among it."""
    page.wait_for_function("wanted => window.told.some(([text]) => text === wanted)", arg=wanted)
    before = 0
    while before != (now := page.evaluate("window.told.length")):  # until nothing is added
        before = now
        page.wait_for_timeout(300)
    told: dict[str, list[Place]] = {}
    for text, x, y in page.evaluate("window.told.splice(0)"):
        told.setdefault(text, []).append((x, y))
    return told


def clicked(page: Any, place: Place, *, wanted: str, aside: float = 9) -> dict[str, list[Place]]:
    """The same after a click on the bar beside a label."""
    page.mouse.click(place[0] + aside, place[1])
    return said(page, wanted=wanted)


def dragged(
    page: Any, strip: Callable[[float], Place], start: float, end: float, *, wanted: str
) -> dict[str, list[Place]]:
    """The same after a drag over a part of the strip of time."""
    page.mouse.move(*strip(start))
    page.mouse.down()
    page.mouse.move(*strip(end))
    page.mouse.up()
    return said(page, wanted=wanted)


def strip_of_time(told: dict[str, list[Place]]) -> Callable[[float], Place]:
    """Where a part of its length is; it begins where the bars do, and labels end six pixels before
    them."""
    start, (_, title) = told["Syysetu · 2026-9"][0][0] + 6, told["Choose a period"][0]
    return lambda part: (start + part * WIDTH, title + 40)


def cases(told: dict[str, list[Place]]) -> set[Place]:
    """The dots that are no history."""
    top, bottom = (
        next(places[0][1] for text, places in told.items() if text.startswith(title))
        for title in ("Choose a case", "All contacts")
    )
    return {(x, y) for x, y in told.get("●", []) if top < y < bottom}


def test_the_person_whom_the_field_names_is_one_that_the_strips_draw(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in the field at first is what Vega takes."""
    monkeypatch.setattr("genlib.reviewing.strips.DRAWN", 1)
    review = genlib.review(release, verdict="all")
    assert review.cases.sort("sent_at")["pseudonym"][-1] != review.cases["pseudonym"][0]
    link = review._bundles()[0]["text/html"]
    assert f'value="{review.cases["pseudonym"][0]}"' in link
