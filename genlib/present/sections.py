"""The parts of a page: each heading with what stands under it, the contents at the top, and at the
end of each part one list of what it could not tell.

Example: of the blocks "<h2>Who answers</h2>", a row with one chart and a row of which two charts
had groups too small, one part is made: the heading, the chart, and "Not told, because the groups
are too small: NPS by age; NPS by region".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from genlib.present.item import Block, Untold, describe_untold
from genlib.present.item import text as escape
from genlib.present.words import Words

FEW = 3
"""A page of fewer parts than this needs no contents."""
_HEADING = re.compile(r"(?s)<h2>(.*?)</h2>")
_LEAD = 'class="lead"'
_EMPTY = re.compile(r'<div class="gl-item"[^>]*>\s*</div>')
"""An item that shows nothing: on paper it would stand between a heading and its chart, and part
them."""


@dataclass
class Part:
    """A heading and the blocks under it; the first part of a page has no heading."""

    heading: str = ""
    blocks: list[str] = field(default_factory=list)
    untold: list[Untold] = field(default_factory=list)


def arrange_page(blocks: Iterable[Block], words: Words) -> list[str]:
    """The blocks of a page as its parts, with the contents behind the lead sentence."""
    opening, *parts = _divide_blocks(blocks)
    contents = _list_contents(parts, words)
    place = next((n for n, one in enumerate(opening.blocks, 1) if _LEAD in one), 0)
    before = opening.blocks[:place]
    behind = opening.blocks[place:]
    untold = describe_untold(opening.untold, words)
    written = [_write_part(number, part, words) for number, part in enumerate(parts, 1)]
    return [*before, contents, *behind, untold, *written]


def _divide_blocks(blocks: Iterable[Block]) -> list[Part]:
    """A part begins at each heading of the second level."""
    parts = [Part()]
    for block in blocks:
        before, *rest = _HEADING.split(_EMPTY.sub("", block.html))
        parts[-1].blocks.append(before)
        for heading, under in zip(rest[::2], rest[1::2], strict=True):
            parts.append(Part(heading, [under]))
        parts[-1].untold += block.untold
    return parts


def _list_contents(parts: list[Part], words: Words) -> str:
    if len(parts) < FEW:
        return ""
    links = [
        f'<li><a href="#part-{number}">{part.heading}</a></li>'
        for number, part in enumerate(parts, 1)
    ]
    name = escape(words.translate("Contents"))
    listed = "".join(links)
    return f'<nav class="contents" aria-label="{name}"><p>{name}</p><ol>{listed}</ol></nav>'


def _write_part(number: int, part: Part, words: Words) -> str:
    name = f"part-{number}"
    heading = f'<h2 id="{name}">{part.heading}</h2>'
    body = "".join(part.blocks)
    untold = describe_untold(part.untold, words)
    return f'<section class="part" aria-labelledby="{name}">{heading}{body}{untold}</section>'
