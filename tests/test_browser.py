"""Each report, opened as a reader opens it: in a real browser, from a file, without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import weasyprint
from here import without_kernel
from lab import CHROMIUM
from opening import WCAG, WIDER
from small import IDENTITY, PURPOSES, Small

from genlib.present.page import describe_making, render
from genlib.present.tile import arrange_tiles
from genlib.present.words import Words
from genlib.reports.run import Page, run_pages
from genlib.settings import load
from genlib.synthetic import synthesise

REPORTS = ("customer_analysis", "satisfaction_survey", "campaign_history")
LANGUAGES = ("fi", "en")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

# A text's box is some pixels higher than its letters; a text that lies on its own halo is one text.
CUT = """() => [...document.querySelectorAll('.chart svg')]
  .filter(s => s.getBoundingClientRect().width).flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(t => t.textContent.trim()).filter(t => {
    const r = t.getBoundingClientRect();
    return r.left < frame.left - 1 || r.right > frame.right + 1
      || r.top < frame.top - 6 || r.bottom > frame.bottom + 6;
  }).map(t => t.textContent)
})"""
OVERLAPPING = r"""() => [...document.querySelectorAll('.chart svg')]
  .filter(s => s.getBoundingClientRect().width).flatMap(svg => {
  const upright = t => !/rotate\((?!0\))/.test(t.getAttribute('transform') || '');
  const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim() && upright(t))
    .map(t => [t.textContent, t.getBoundingClientRect()]);
  return texts.flatMap(([a, r], i) => texts.slice(i + 1)
    .filter(([b, q]) => a !== b && r.left < q.right - 2 && q.left < r.right - 2
      && r.top < q.bottom - 7 && q.top < r.bottom - 7)
    .map(([b]) => a + ' / ' + b))
})"""
HELD_BACK = """() => [...document.querySelectorAll('.scroll')]
  .filter(s => s.clientWidth && s.scrollWidth > s.clientWidth + 1)
  .map(s => s.closest('.card').querySelector('h3').textContent)"""
# Every figure of a table must stand whole within its scroll box, and within its card.
CUT_FIGURES = r"""() => {
  document.querySelectorAll('details').forEach(d => { d.open = true; });
  const cut = [];
  for (const cell of document.querySelectorAll('.scroll td, .scroll th, .list b')) {
    if (!/\d|\.\.|–/.test(cell.textContent) || !cell.getClientRects().length) continue;
    const heads = cell.closest('.stack thead');
    if (heads && getComputedStyle(heads).position === 'absolute') continue;  // only heard
    const range = document.createRange();
    range.selectNodeContents(cell);
    const boxes = [cell.closest('.scroll'), cell.closest('.card')].filter(Boolean);
    for (const r of range.getClientRects()) {
      if (boxes.map(b => b.getBoundingClientRect())
        .some(b => r.right > b.right + 0.5 || r.left < b.left - 0.5)) {
        cut.push(cell.closest('.card').querySelector('h3').textContent + ': ' + cell.textContent);
      }
    }
  }
  return cut;
}"""
HEADLESS = r"""() => [...document.querySelectorAll('.stack tbody tr td')]
  .filter(t => !(t.getAttribute('data-head') || '').trim()
    || getComputedStyle(t, '::before').content === 'none').length"""
# A part of a word that a line ends within is a word of its own here; a hyphen is 6 pixels wide.
TORN = r"""() => [...document.querySelectorAll('.tile .l')].flatMap(label => {
  const words = [...label.firstChild.data.matchAll(/[\p{L}]+/gu)];
  return words.map(word => {
    const range = document.createRange();
    range.setStart(label.firstChild, word.index);
    range.setEnd(label.firstChild, word.index + word[0].length);
    const boxes = [...range.getClientRects()].filter(r => r.width > 8);
    return [word[0], new Set(boxes.map(r => r.top)).size];
  }).filter(([, lines]) => lines > 1).map(([word]) => word);
})"""
A4 = 657
MOST_TILES = 8
TWO_MEGABYTES = 2_000_000
UNNAMED = (
    "() => [...document.querySelectorAll('.chart svg')].filter(s => "
    "!(s.getAttribute('aria-label') || '').trim()).length"
)
BEHIND = (
    "() => [...document.querySelectorAll('.card')].filter(c => c.querySelector('.chart') && "
    "!c.querySelector('details table')).length"
)


@dataclass
class Opened:
    """A page that was opened, with what it asked for and complained of."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complained: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """(report, language) to its HTML, of a synthetic register."""
    small = Small(tmp_path_factory.mktemp("browser"))
    synthesise(small.register, IDENTITY, customers=4000, seed=2026)
    for purpose in PURPOSES:
        small.publish(purpose)
    small.register.engine.dispose()
    settings = load(environment={"GENLIB_HOME": str(small.home), "GENLIB_USER": "aino"})
    pages = [Page({"period": "2026-10", "language": language}) for language in LANGUAGES]
    with without_kernel():
        runs = [run for name in REPORTS for run in run_pages(name, pages, settings=settings)]
    return {(run.slot.report, run.slot.language): run.html for run in runs}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        options = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


Pages = Callable[..., Opened]


@pytest.fixture(scope="module")
def opened(browser: Any, reports: dict[tuple[str, str], Path]) -> Pages:
    """A report's page in a window so wide, opened once and looked at by many tests."""
    return cache(lambda name, language, width=1160: _open(browser, reports[name, language], width))


def find_broken(browser: Any, html: Path, scheme: str) -> list[str]:
    """The rules of WCAG 2.2 AA that a page breaks."""
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, offline=True, bypass_csp=True)
    page = context.new_page()
    page.goto(html.as_uri())
    found = Axe().run(page, options={"runOnly": WCAG}).response
    context.close()
    assert found["passes"]
    return [rule["id"] for rule in found["violations"]]


def _open(browser: Any, html: Path, width: int) -> Opened:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="light", offline=True
    )
    seen = Opened(context.new_page())
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    seen.page.on(
        "console",
        lambda message: (
            seen.complained.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    seen.page.on("pageerror", lambda error: seen.complained.append(str(error)))
    seen.page.goto(html.as_uri())
    seen.page.evaluate("() => document.fonts.ready")
    return seen


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_a_long_word_stays_within_its_tile_on_a_phone(
    browser: Any, tmp_path: Path, language: str
) -> None:
    """It ends its line at a hyphen, also where the browser knows none of the language."""
    tile = '<div class="tile"><div class="n">+24</div><div class="l">{}</div></div>'
    messages = ("net promoter score (NPS)", "net promoter score (NPS), twelve months")
    labels = [Words(language).translate(one) for one in messages]
    tiles = "".join(map(tile.format, labels))
    html = render([f'<div class="tiles n2">{tiles}</div>'], title="NPS", language=language)
    (tmp_path / "tiles.html").write_text(html, encoding="utf-8")
    page = _open(browser, tmp_path / "tiles.html", 390).page
    spill = "() => [...document.querySelectorAll('.tile')].map(t => t.scrollWidth - t.clientWidth)"
    assert page.evaluate(spill) == [0, 0]
    assert page.evaluate(TORN) == []


@pytest.mark.parametrize("width", [1160, 600, 390])
def test_tiles_leave_no_hole_at_any_number(browser: Any, tmp_path: Path, width: int) -> None:
    """Of each row the last ends where the first row ends."""
    file = tmp_path / "tiles.html"
    file.write_text(render(make_tiles(), title="T", language="fi"), encoding="utf-8")
    page = _open(browser, file, width).page
    ends = """() => [...document.querySelectorAll('.tiles')].map(box => {
      const whole = box.getBoundingClientRect();
      const last = [...box.querySelectorAll('.tile')].at(-1).getBoundingClientRect();
      return Math.round(whole.right - last.right);
    })"""
    assert page.evaluate(ends) == [0] * MOST_TILES


def test_tiles_leave_no_hole_on_paper() -> None:
    html = render(make_tiles(), title="T", language="fi")
    seen = 0
    for paper in weasyprint.HTML(string=html).render().pages:
        boxes = [box for box in paper._page_box.descendants() if box.element is not None]
        for line in (box for box in boxes if "line" in box.element.get("class", "")):
            last = line.children[-1]
            end = last.position_x + last.border_width()
            assert end == pytest.approx(line.position_x + line.width, abs=1)
            seen += 1
    assert seen == 1 + 1 + 1 + 1 + 2 + 2 + 2 + 2


def make_tiles() -> list[str]:
    """Tiles of one, of two, and so on."""
    tile = '<div class="tile"><div class="n">24,5 %</div><div class="l">vastasi</div></div>'
    return [arrange_tiles([tile] * n) for n in range(1, MOST_TILES + 1)]


def measure_page(one: Any) -> float:
    """Which part of a page of paper lies above the end of its last text or picture."""
    from weasyprint.formatting_structure.boxes import ReplacedBox, TextBox

    paper = one._page_box
    boxes = paper.children[0].descendants()  # the others are page number and running title
    things = [box for box in boxes if isinstance(box, ReplacedBox | TextBox)]
    bottom = max(box.position_y + box.height for box in things)
    return float((bottom - paper.content_box_y()) / paper.height)


@pytest.mark.parametrize("name", REPORTS)
def test_no_page_of_paper_but_the_last_is_half_empty(reports: Any, name: str) -> None:
    html = reports[name, "fi"].read_text(encoding="utf-8")
    parts = [measure_page(one) for one in weasyprint.HTML(string=html).render().pages]
    assert len(parts) >= 3
    assert min(parts[:-1]) >= 0.5


def test_how_a_page_is_made_again_takes_little_paper_and_no_link() -> None:
    """So it is not alone on a last page; beside a page of paper lies no workbook."""
    from weasyprint.formatting_structure.boxes import TextBox

    commands = {"Again": "genlib report run regions", "Compare": "genlib report verify RUN"}
    card = describe_making(Words("en"), commands, {"Kept until": "1.12.2029"}, "tables.xlsx")
    (paper,) = weasyprint.HTML(string=render([card], title="T", language="en")).render().pages
    assert measure_page(paper) < 0.16
    boxes = paper._page_box.children[0].descendants()
    assert "Excel" not in "".join(box.text for box in boxes if isinstance(box, TextBox))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", REPORTS)
class TestReport:
    def test_asks_for_nothing_and_complains_of_nothing(
        self, opened: Pages, reports: Any, name: str, language: str
    ) -> None:
        seen = opened(name, language)
        assert [url for url in seen.asked if not url.startswith("data:")] == [
            reports[name, language].as_uri()
        ]
        assert seen.complained == []

    def test_draws_its_charts_with_words_and_figures_behind_them(
        self, opened: Pages, name: str, language: str
    ) -> None:
        page = opened(name, language).page
        assert page.evaluate("() => document.querySelectorAll('.chart svg').length") >= 5
        assert page.evaluate(UNNAMED) == 0
        assert page.evaluate(BEHIND) == 0

    @pytest.mark.parametrize("width", [1160, 390])
    def test_cuts_no_text_and_lets_no_labels_overlap(
        self, opened: Pages, name: str, language: str, width: int
    ) -> None:
        page = opened(name, language, width).page
        assert page.evaluate(CUT) == []
        assert page.evaluate(OVERLAPPING) == []
        assert page.evaluate(WIDER) <= 0

    def test_shows_its_tables_whole_on_a_desk(
        self, opened: Pages, name: str, language: str
    ) -> None:
        assert opened(name, language).page.evaluate(HELD_BACK) == []

    @pytest.mark.parametrize("width", [1160, 390, 320])
    def test_cuts_no_figure_of_a_table(
        self, opened: Pages, name: str, language: str, width: int
    ) -> None:
        page = opened(name, language, width).page
        assert page.evaluate(CUT_FIGURES) == []
        assert page.evaluate(WIDER) <= 0

    def test_names_the_figures_of_a_row_that_is_a_list(
        self, opened: Pages, name: str, language: str
    ) -> None:
        assert opened(name, language, 390).page.evaluate(HEADLESS) == 0

    def test_cuts_no_figure_on_paper(
        self, browser: Any, reports: Any, name: str, language: str
    ) -> None:
        page = _open(browser, reports[name, language], A4).page
        page.emulate_media(media="print")
        assert page.evaluate(CUT_FIGURES) == []
        assert page.evaluate(HELD_BACK) == []

    def test_breaks_no_rule_of_wcag(
        self, browser: Any, reports: Any, name: str, language: str
    ) -> None:
        schemes = ("light", "dark") if language == "fi" else ("light",)  # colours are no words
        found = [find_broken(browser, reports[name, language], scheme) for scheme in schemes]
        assert found == [[]] * len(schemes)

    def test_is_small(self, reports: Any, name: str, language: str) -> None:
        assert reports[name, language].stat().st_size <= TWO_MEGABYTES

    def test_has_its_colours(self, opened: Pages, name: str, language: str) -> None:
        paper = "() => getComputedStyle(document.querySelector('.tile')).backgroundColor"
        assert opened(name, language).page.evaluate(paper) == "rgb(255, 255, 255)"

    def test_speaks_its_language(self, opened: Pages, name: str, language: str) -> None:
        page = opened(name, language).page
        assert page.evaluate("() => document.documentElement.lang") == language
        assert page.evaluate("() => document.querySelectorAll('h1').length") == 1
