"""`Chart`: one picture of a protected table, static, with its numbers behind it.

It holds no drawing: a mark (`present.marks`) draws the rows of its plot when the page is made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genlib.present import map as finland
from genlib.present import marks, svg, tables, theme
from genlib.present.item import Item, card, keys
from genlib.present.plot import Plot, captions, noted

TWO_WIDTHS = 340
"""From this width on a chart is drawn once more for a telephone."""


@dataclass(frozen=True, repr=False, kw_only=True)
class Chart(Item):
    """One chart of one protected table, drawn by a `mark` (present.marks) with its `settings`;
    `name` says what it is. `shown` are dimensions and columns of the table behind it, `legend`
    names and colours; `fixed` is a width, `beside` HTML that stands there, `remark` a sentence for
    its note."""

    plot: Plot
    mark: str
    name: str
    shown: tuple[Sequence[str], Sequence[str]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    legend: Sequence[tuple[str, str]] = ()
    fixed: int | None = None
    beside: str = ""
    remark: str = ""

    def to_dict(
        self, width: float = theme.HALF, room: float | None = None, *, height: int = theme.HEIGHT
    ) -> dict[str, Any]:
        """The Vega-Lite specification at a plot width, with room for its labels, and a height if
        it is upright: nothing but the rows that are drawn."""
        draw = getattr(marks, self.mark)
        spec: dict[str, Any] = draw(
            marks.Frame(self.plot, width, room or width, height), **self.settings
        )
        return spec

    def html(self, width: int = theme.FULL) -> str:
        plot = self.plot
        words = self.plot.words
        if self.untold:
            return ""
        cut = self._cut()
        is_map = self.mark == "regions"
        has_hatch = finland.has_hatch(plot) if is_map else bool(plot.hidden)
        has_white = is_map and bool(finland.blank(plot)) and not plot.options.get("note")
        notes = noted(
            words,
            {
                "Hatched: hidden to protect small groups; its size says nothing.": has_hatch,
                "Regions without colour have no figure of their own.": has_white,
            },
        )
        texts = captions(words, plot.options, self.remark, plot.groups, cut, notes)
        name = f"{words.translate(self.name)}: {texts['title'] or texts['subtitle']}"
        body = keys(self.legend) + self._pictures(width, name)
        return card(words, body, texts, tables.behind(plot, *self.shown))

    def _cut(self) -> str:
        """That the picture ends before its figures do; what is put together as others is in it."""
        n = len(self.plot.places)
        all_ = self.plot.rows[self.shown[0][0]].n_unique()
        if n == all_ or self.mark != "bars" or self.plot.frame["code"][-1] == "others":
            return ""
        return self.plot.words.translate(
            "The chart has the first {n} of {all}, the table has them all.", n=n, all=all_
        )

    def _pictures(self, width: int, name: str) -> str:
        if self.fixed:
            beside = self.beside if width > theme.HALF else ""
            picture = self._picture(self.fixed, name, "chart map")
            return f'<div class="pair">{picture}{beside}</div>'
        narrow = theme.PHONE if width >= TWO_WIDTHS else width
        where = {width: "wide"}
        where[narrow] = f"{where.get(narrow, '')} narrow".strip()
        pictures = [self._picture(room, name, f"chart {one}") for room, one in where.items()]
        paper = round(theme.PAPER * width)
        return "".join(pictures) + self._picture(paper, name, "chart paper", theme.LOW)

    def _picture(self, room: int, name: str, classes: str, height: int = theme.HEIGHT) -> str:
        key = hashlib.sha256(f"{self.tables} {name} {room} {height}".encode()).hexdigest()[:8]
        picture = svg.fitted(self.to_dict(0.85 * room, room, height=height), room)
        return f'<div class="{classes}">{svg.finished(picture, name=name, key=key)}</div>'
