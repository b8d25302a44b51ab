"""The words of a notebook: its markdown, translated paragraph by paragraph and turned into HTML
that holds nothing but text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import mistune

from genlib.disclosure.table import LANGUAGES
from genlib.errors import CellFailed

_LEAD = re.compile(r"\s*(?:#{1,6} |[-*+] |\d+\. |> )?")
_STARTS = re.compile(r"\s*(?:#{1,6} |[-*+] |\d+\. |> |\|)")


def messages(notebook: Mapping[str, Any]) -> list[str]:
    """Every English paragraph of the notebook's markdown, as the translation catalogues must know
    it; none of cells for one language alone."""
    sources = (
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown" and not _list_languages(cell)
    )
    return [text for source in sources for _, text in paragraphs(source) if text]


def is_for(cell: Mapping[str, Any], language: str) -> bool:
    """Whether a cell of text stands in the page of a language: tagged `fi`, `sv` or `en` it stands
    in those alone."""
    languages = _list_languages(cell)
    return not languages or language in languages


def _list_languages(cell: Mapping[str, Any]) -> set[str]:
    return {*cell.get("metadata", {}).get("tags", [])} & {*LANGUAGES}


def paragraphs(source: str) -> Iterator[tuple[str, str]]:
    """(lead, text) of every heading, list item and paragraph; lines of one paragraph are joined. A
    blank line is ("", "")."""
    block: list[str] = []
    for line in [*source.splitlines(), ""]:
        if block and (
            not line.strip()
            or _STARTS.match(line)
            or (_STARTS.match(block[0]) and block[0].startswith("#"))
        ):
            yield _paragraph(block)
            block = []
        if line.strip():
            block.append(line)
        else:
            yield "", ""


def translated(source: str, translate: Callable[[str], str]) -> str:
    """The same markdown with every paragraph translated."""
    return "\n".join(
        lead + (translate(text) if text else "") for lead, text in paragraphs(source)
    ).strip()


def html(source: str, *, cell: int) -> str:
    """Markdown as HTML. Raw HTML is shown as text; a picture stops the export, since it would not
    come through door 2."""
    render = mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])
    text = str(render(source))
    if "<img" in text:
        raise CellFailed(
            "holds a picture in its text; a report shows only what genlib.protect let out",
            cell=cell,
            error="picture",
        )
    return text


def title(notebook: Mapping[str, Any], language: str) -> str:
    """The first heading of the page in a language; the first of all if it has none, or an empty
    text."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    in_order = sorted(cells, key=lambda cell: not is_for(cell, language))
    return next(
        (
            text
            for cell in in_order
            for lead, text in paragraphs("".join(cell["source"]))
            if lead.startswith("#")
        ),
        "",
    )


def _paragraph(lines: list[str]) -> tuple[str, str]:
    text = " ".join(line.strip() for line in lines)
    lead = _LEAD.match(lines[0])
    start = lead.group(0) if lead else ""
    return start, text[len(start.lstrip()) :].strip()
