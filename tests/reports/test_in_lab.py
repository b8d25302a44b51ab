"""JupyterLab's own styles do not spoil what a cell shows: it stands there as on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab import CHROMIUM, CONDITIONS, SHOWN, chromium, jupyterlab, write_cells
from planning import settings_in
from small import Small

SETUP = 'language, period = "en", "2026-10"\n'
TABLE = "from genlib import tables\ntables.table(shown.growth, by='region')"
TILES = "page.tiles(page.tile(shown.growth.value('people'), label='customers'))"
MAP = "charts.map(shown.growth, region='region', value='people', title='Customers')"
CELLS = [TABLE, TILES, MAP, CONDITIONS]
STYLES = """\
(root) => {
  const kept = ["float", "clear", "display", "text-align", "background-color", "color", "opacity",
    "font-size", "font-weight", "font-style", "font-family", "line-height", "list-style-type",
    "padding-top", "padding-right", "padding-bottom", "padding-left", "margin-top",
    "margin-bottom", "border-bottom-width", "border-top-width", "border-left-width",
    "vertical-align", "white-space", "max-width", "text-decoration-line", "text-transform"];
  const value = (style, name) => style.getPropertyValue(name).replace(/^start$/, "left");
  const parts = [...root.querySelectorAll(".genlib, .genlib *")];
  return parts.filter((part) => !part.closest("svg, style")).map((part) => {
    const style = getComputedStyle(part);
    return [part.tagName + "." + part.className,
      Object.fromEntries(kept.map((name) => [name, value(style, name)]))];
  });
}"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_cell_shows_what_the_page_shows(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    Small(home).people(30).publish("customer_analysis")
    write_cells(tmp_path / "cases.ipynb", [SETUP + SHOWN, *CELLS])
    with jupyterlab(tmp_path, settings_in(home).home) as address, chromium() as page:
        page.goto(address)
        page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
        page.click("text=Run >> nth=0")
        page.click("text=Run All Cells")
        page.wait_for_selector("dl.conditions")
        shown = page.locator(".jp-RenderedHTML:has(.genlib)")
        in_lab = [(one.inner_html(), one.evaluate(STYLES)) for one in shown.all()]
        assert len(in_lab) == len(CELLS)
        alone = page.context.browser.new_page(viewport=page.viewport_size)
        for markup, styles in in_lab:
            alone.set_content(f"<!doctype html><meta charset=utf-8>{markup}")
            assert changed(alone.locator("body").evaluate(STYLES), styles) == []


def changed(here: Any, there: Any) -> list[tuple[str, str, str, str]]:
    """Element, property, and what it is here and there, where they differ."""
    pairs = zip(here, there, strict=True)
    return [
        (name, prop, value, in_lab[prop])
        for (name, style), (_, in_lab) in pairs
        for prop, value in style.items()
        if value != in_lab[prop]
    ]
