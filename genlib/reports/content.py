"""The inside of an output: HTML of the few kinds that `present` writes, of which every number and word is explained by a protected table.

Checked are all texts, tooltips and descriptions, and the shape of all else: no comment, script, style, address or attribute that `present`
does not write. The lengths and places of drawn marks are not held against the cells.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from genlib.present.item import alone
from genlib.reports.figures import INVISIBLE, Figures, Known, progression

TAGS = {
    *("div", "section", "h3", "p", "b", "i", "ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "span", "br"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "g", "path", "line", "rect", "text", "tspan", "title", "pattern", "polyline", "circle"),
}
EMPTY = {"br"}
GEOMETRY = re.compile(r"[-+\d.,\sA-DF-Za-df-z]{0,2}[-+\d.,\sMLHVCSQTAZmlhvcsqtaze]*|[a-z]+\([-\d., ]*\)(?: ?[a-z]+\([-\d., ]*\))*")
COLOUR = r"#[0-9a-f]{6}|none|transparent|var\(--\w+\)|url\(#hatch-[0-9a-f]{8}\)"
SHAPES = {
    "class": r"[a-z][a-z_-]*\d{0,2}(?: [a-z][a-z_-]*\d{0,2})*|",
    "lang": "fi|sv|en",
    "style": r"border-top:1px solid var\(--ink\);font-weight:600;?",
    "id": r"hatch-[0-9a-f]{8}",
    "xmlns": r"http://www\.w3\.org/2000/svg",
    "role": "img",
    "aria-hidden": "true",
    "font-family": "Genlib Sans, sans-serif",
    "scope": "col|row|colgroup|rowgroup",
    "preserveaspectratio": "none",
    "vector-effect": "non-scaling-stroke",
    "patternunits": "userSpaceOnUse",
    **dict.fromkeys(("fill", "stroke"), COLOUR),
    **dict.fromkeys(("text-anchor", "stroke-linejoin", "stroke-linecap", "dominant-baseline", "font-weight", "font-style"), r"[a-z]+|\d00"),
    **dict.fromkeys(("stroke-width", "font-size", "opacity", "fill-opacity", "stroke-opacity", "tabindex"), r"[\d.]{1,4}(?:px)?"),
    **dict.fromkeys(("colspan", "rowspan"), r"\d{1,2}"),
}
DRAWN = {
    "d",
    "points",
    "transform",
    "patterntransform",
    "viewbox",
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "dx",
    "dy",
    "r",
    "cx",
    "cy",
    "width",
    "height",
}
SPOKEN = {"aria-label", "data-period"}
KINDS_OF_RELEASE = {"conditions", "text"}


class StrangeError(Exception):
    """What an output holds that it may not; said without its value."""


def check(html: str, facts: Mapping[str, Any], known: Known) -> None:
    """StrangeError, if something in the HTML of an output is not of the tables that it was made from."""
    style = alone(facts["kind"])
    if not html.startswith(style):
        raise StrangeError("a style sheet of its own")
    reader = _Reader(known, facts)
    reader.feed(html.removeprefix(style))
    reader.close()
    reader.finish()


class _Reader(HTMLParser):
    def __init__(self, known: Known, facts: Mapping[str, Any]) -> None:
        super().__init__(convert_charrefs=True)
        self.known, names = known, tuple(facts["tables"])
        self.names = names
        self.stack: list[tuple[str, int, str]] = []
        self.count, self.row = 0, ""
        self.groups: dict[int, list[float]] = defaultdict(list)
        self.unsure: set[int] = set()
        self.release = Figures(known.release if facts["kind"] in KINDS_OF_RELEASE else [])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise StrangeError(f"the element {tag[:12]}" if tag.isalpha() else "an element")
        for name, value in attrs:
            self._attribute(name, value or "")
        if tag not in EMPTY:
            self.count += 1
            self.stack.append((tag, self.count, dict(attrs).get("class") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop()[0] != tag:
            raise StrangeError("elements that do not close")

    def handle_data(self, data: str) -> None:
        self._read(data)

    def handle_comment(self, data: str) -> None:
        raise StrangeError("a comment")

    def handle_decl(self, decl: str) -> None:
        raise StrangeError("a declaration")

    def handle_pi(self, data: str) -> None:
        raise StrangeError("an instruction")

    def unknown_decl(self, data: str) -> None:
        raise StrangeError("a declaration")

    def finish(self) -> None:
        """What could not be explained by itself may be the marks of an axis, together."""
        if self.stack:
            raise StrangeError("elements that do not close")
        if any(not progression(self.groups[group]) for group in self.unsure):
            raise StrangeError("a figure that no protected table explains")

    def _attribute(self, name: str, value: str) -> None:
        if name in SPOKEN:
            self._read(value, spoken=True)
        elif name in DRAWN:
            if not GEOMETRY.fullmatch(value):
                raise StrangeError("a drawing that holds text")
        elif name not in SHAPES or not re.fullmatch(SHAPES[name], value):
            raise StrangeError("an attribute that present does not write")

    def _read(self, text: str, *, spoken: bool = False) -> None:
        text = text.translate(INVISIBLE)
        if not text.strip():
            return
        tags = [tag for tag, _, _ in self.stack]
        drawn = not spoken and "text" in tags
        if self.known.strange_word(text, broken=drawn):
            raise StrangeError("a word that is neither of the report nor of its tables")
        if tags[-1:] == ["th"] and "tbody" in tags:
            self.row = text
        allowed, tokens = self._allowed(text, tags[-1] if not spoken else ""), self.known.tokens(self.names)
        for token, value, digits in self.known.numbers(text):
            fine = value == 0 or token in tokens or allowed.holds(value, digits) or self.release.holds(value, digits)
            if not fine and tags[-1:] == ["li"]:
                fine = any(float(f"{known:.2g}") == value for known in allowed.values)
            self._note(value, drawn=drawn, fine=fine)

    def _allowed(self, text: str, tag: str) -> Figures:
        if tag == "td":
            return self.known.placed(self.names, (self.row,))
        if tag == "title":
            return self.known.told(self.names, text)
        if tag in {"text", "tspan"}:
            return self.known.figures(self.names, "shown", "shares", "sums", "parts")
        if tag in {"li", "span"} or (tag == "div" and self.stack[-1][2] == "n"):
            return self.known.figures(self.names, "shown")
        return self.known.figures(self.names, "shown", "parts", "changes", "heights")

    def _note(self, value: float, *, drawn: bool, fine: bool) -> None:
        group = next((number for tag, number, _ in reversed(self.stack) if tag == "g"), 0)
        if drawn:
            self.groups[group].append(value)
        if not fine and not drawn:
            raise StrangeError("a figure that no protected table explains")
        if not fine:
            self.unsure.add(group)
