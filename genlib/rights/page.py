"""An answer to a data subject as one HTML page that stands alone: headings, tables, paper.

Example: a section "Invoices" with the heads Issued, Amount and one row of two cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from genlib.present.theme import font_face, style
from genlib.present.words import Words

Cell = tuple[str, ...]
"""The lines of a cell."""


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs, a list, and a table whose first cells name the rows."""

    title: str
    paragraphs: Sequence[str] = ()
    items: Sequence[str] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    level: int = 2


@dataclass(frozen=True)
class Page:
    """What stands on a page. `facts`: short pairs under the title."""

    title: str
    kicker: str
    facts: Mapping[str, str]
    lead: Sequence[str]
    sections: Sequence[Section]


def render_page(page: Page, words: Words) -> str:
    """The page in the language of the words."""
    html: str = _read_template().render(
        language=words.language, say=words.translate, sheet=font_face() + style(), **vars(page)
    )
    return html


@cache
def _read_template() -> Any:
    from jinja2 import Environment, StrictUndefined

    source = files("genlib.rights").joinpath("answer.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    return environment.from_string(source)
