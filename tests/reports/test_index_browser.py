"""The catalogue's front page in a real browser, from a file, on a phone and without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from catalogued import keep, keep_waiting
from lab import CHROMIUM
from opening import WIDER
from small import ZONE

from genlib.reports import index

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
SEEN = """() => [...document.querySelectorAll('section[data-report] tbody tr')]
  .filter(row => row.getClientRects().length).map(row => row.querySelector('th').textContent)"""

BROKEN = """() => [...document.querySelectorAll('td[data-head]')].flatMap(cell => {
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  const broken = [];
  while (texts.nextNode()) {
    const text = texts.currentNode;
    for (const word of text.data.matchAll(/\\S+/g)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
      if (lines.size > 1) broken.push(word[0]);
    }
  }
  return broken;
})"""
"""Words that stand on more than one line."""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reports = tmp_path_factory.mktemp("reports")
    for month in ("2026-08", "2026-09", "2026-10"):
        for language in ("fi", "sv", "en"):
            keep(reports, f"{month}-{language}", "good", period=month, language=language)
    keep(reports, "2027-1", "good", report="customer_analysis", slug="region-01")
    keep(reports, "2027-2", "failed")
    keep_waiting(reports, "2027-01-02T040001Z-d08d3b")
    index.write(reports, ZONE)
    return reports


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any, catalogue: Path) -> Iterator[Any]:
    """The page on a phone; it complains of nothing and asks for nothing but itself."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((catalogue / "index.html").as_uri())
    yield page
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_nothing_is_cut_on_a_phone(opened):
    assert opened.evaluate(WIDER) == 0


@pytest.mark.parametrize("width", range(320, 400, 10))
def test_a_command_breaks_at_its_spaces_alone(opened, width):
    opened.set_viewport_size({"width": width, "height": 844})
    assert "genlib report open 2027-01-02T040001Z-d08d3b" in opened.inner_text("main")
    assert opened.evaluate(BROKEN) == []


def test_search_and_filter_need_no_server(opened):
    assert len(opened.evaluate(SEEN)) == 4
    opened.fill("#search", "syyskuu")
    assert opened.evaluate(SEEN) == ["syyskuu\u00a02026"]
    opened.fill("#search", "2026-10 uusimaa")
    assert len(opened.evaluate(SEEN)) == 1
    opened.fill("#search", "")
    opened.select_option("#pick", "customer_analysis")
    assert len(opened.evaluate(SEEN)) == 1
    opened.fill("#search", "xyzzy")
    assert opened.is_visible("#nothing")


def test_the_page_leads_to_its_other_languages(opened):
    opened.click("nav a[lang=sv]")
    assert opened.evaluate("document.documentElement.lang") == "sv"
