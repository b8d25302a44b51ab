"""`Item`: one thing that a report may show - a chart, a table, tiles - as HTML with a seal that the exporter checks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from genlib.present.theme import FULL, font_face, style
from genlib.present.words import Words

MIME = "application/vnd.genlib+json"
_ALONE = re.compile(r'<style class="gl-alone">.*?</style>', re.S)


@dataclass(frozen=True)
class Item:
    """`body` gives the inner HTML for a width in pixels; `tables` are the protected tables that it was made from."""

    kind: str
    tables: tuple[str, ...]
    language: str
    body: Callable[[int], str]

    def html(self, width: int = FULL) -> str:
        """The HTML as it stands in a page that has the style sheet."""
        return self.body(width)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        face = font_face() if self.kind == "lead" else ""  # once in a notebook is enough: a page of JupyterLab shares its types
        alone = f'<style class="gl-alone">{face}{style()}</style>'
        html = f'{alone}<div class="genlib gl-item" lang="{self.language}">{self.html()}</div>'
        seal = hashlib.sha256(html.encode()).hexdigest()
        return {"text/html": html, MIME: {"kind": self.kind, "tables": list(self.tables), "sha256": seal}}

    def __repr__(self) -> str:
        return f"{self.kind} of {', '.join(self.tables) or 'no table'}"


def inside(html: str) -> str:
    """The HTML of an item without what it needs only where it stands alone."""
    return _ALONE.sub("", html).replace('class="genlib gl-item"', 'class="gl-item"')


def card(words: Words, figure: str, *, title: str = "", subtitle: str = "", note: str = "", behind: str = "") -> str:
    """A figure in its frame: what is found, what is measured, the figure, the note, and the numbers behind it."""
    return "".join(
        [
            '<section class="card">',
            f"<h3>{text(title)}</h3>" if title else "",
            f'<p class="sub">{text(subtitle)}</p>' if subtitle else "",
            figure,
            f'<p class="note">{text(note)}</p>' if note else "",
            f"<details><summary>{text(words.translate('The figures as a table'))}</summary>{behind}</details>" if behind else "",
            "</section>",
        ]
    )


def keys(series: Iterable[tuple[str, str]]) -> str:
    """The legend: colour and name of each series."""
    entries = [f'<li><i class="c-{tone}"></i>{text(name)}</li>' for name, tone in series]
    return f'<ul class="keys">{"".join(entries)}</ul>' if entries else ""


def text(value: str) -> str:
    """Escaped for HTML."""
    return escape(value, quote=True)
