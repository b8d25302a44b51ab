"""The parts of a page: each heading with what stands under it, the contents at the top, and before
the conditions one list of what the page could not tell.

Example: of the blocks "<h2>Who answers</h2>", a row with one chart and a row of which two charts
had groups too small, a part of the heading and the chart is made, and before the conditions stands
"What cannot be told. Not told, because the groups are too small: Who answers · NPS by age · NPS by
region". Had no chart been left, the heading would stand in that list alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from genlib.present.item import Block, Untold, caption
from genlib.present.item import text as escape
from genlib.present.words import Words

FEW = 3
"""A page of fewer parts than this needs no contents."""
_HEADING = re.compile(r"(?s)<h2>(.*?)</h2>")
_LEAD = 'class="lead"'
_ITEM = 'class="gl-item"'
_CONDITIONS = 'class="card conditions"'
_EMPTY = re.compile(r'<div class="gl-item"[^>]*>\s*</div>')
"""An item that shows nothing: on paper it would stand between a heading and its chart, and part
them."""


@dataclass
class Part:
    """A heading and the blocks under it; the first part of a page has no heading."""

    heading: str = ""
    blocks: list[str] = field(default_factory=list)
    untold: list[Untold] = field(default_factory=list)

    @property
    def has_something_to_tell(self) -> bool:
        """Whether any of its items is shown, or the conditions, or all is words that need none."""
        html = "".join(self.blocks)
        return not self.untold or _ITEM in html or _CONDITIONS in html


def arrange_page(blocks: Iterable[Block], words: Words) -> list[str]:
    """The blocks of a page as its parts, with the contents behind the lead sentence. A part that
    can tell nothing is left to the list of what cannot be told."""
    opening, *divided = _divide_blocks(blocks)
    parts = [part for part in divided if part.has_something_to_tell]
    if untold := _gather_untold([opening, *divided], words):
        parts.insert(_find_conditions(parts), untold)
    contents = _list_contents(parts, words)
    place = next((n for n, one in enumerate(opening.blocks, 1) if _LEAD in one), 0)
    before = opening.blocks[:place]
    behind = opening.blocks[place:]
    written = [_write_part(number, part) for number, part in enumerate(parts, 1)]
    return [*before, contents, *behind, *written]


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


def _find_conditions(parts: list[Part]) -> int:
    """The place of the part with the conditions, or the end."""
    places = (n for n, part in enumerate(parts) if any(_CONDITIONS in one for one in part.blocks))
    return next(places, len(parts))


def _gather_untold(parts: list[Part], words: Words) -> Part | None:
    """A part of its own: a list for each reason, with a line for each part that it concerns."""
    reasons = dict.fromkeys(one.reason for part in parts for one in part.untold)
    lists = [
        f'<div class="untold"><p>{escape(words.translate(reason))}</p>'
        f"<ul>{_list_reason(parts, reason, words)}</ul></div>"
        for reason in reasons
    ]
    return Part(escape(words.translate("What cannot be told")), lists) if lists else None


def _list_reason(parts: list[Part], reason: str, words: Words) -> str:
    lines = []
    for part in parts:
        titles = dict.fromkeys(one.title for one in part.untold if one.reason == reason)
        spans = "".join(f" <span>{caption(_begin(title))}</span>" for title in titles)
        name = part.heading or escape(words.translate("Key figures"))
        lines += [f"<li>{name}{spans}</li>"] if titles else []
    return "".join(lines)


def _begin(title: str) -> str:
    """The title of a line, as a sentence begins."""
    return title[:1].upper() + title[1:]


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


def _write_part(number: int, part: Part) -> str:
    name = f"part-{number}"
    heading = f'<h2 id="{name}">{part.heading}</h2>'
    body = "".join(part.blocks)
    return f'<section class="part" aria-labelledby="{name}">{heading}{body}</section>'
