"""What is wrong with a page of text and tables when a browser opens it with the network off."""

from __future__ import annotations

from pathlib import Path

from lab import CHROMIUM

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT = """() => [...document.querySelectorAll('.card')]
  .filter(card => card.scrollWidth > card.clientWidth + 1).map(card => card.textContent)"""
TORN = r"""() => {
  const torn = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (!text.parentElement.closest('td, th')) continue;
    for (const word of text.data.matchAll(/[\p{L}\p{N}.]+/gu)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map(one => Math.round(one.top)));
      if (lines.size > 1) torn.push(word[0]);
    }
  }
  return torn;
}"""
DESK, PHONES = 1280, (390, 320)


def find_faults(html: Path) -> list[str]:
    """Pages wider than their window, cut cards, words of tables torn in two on a desk, and rules of
    WCAG 2.2 AA that are broken."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_context(offline=True, bypass_csp=True).new_page()
        page.goto(html.as_uri())
        for width in (*PHONES, DESK):
            page.set_viewport_size({"width": width, "height": 900})
            found += [f"{width} px: wider than the window"] * (page.evaluate(WIDER) > 0)
            found += [f"{width} px: cut: {text}" for text in page.evaluate(CUT)]
        found += [f"torn: {word}" for word in page.evaluate(TORN)]
        broken = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
        chromium.close()
    return found + [rule["id"] for rule in broken]
