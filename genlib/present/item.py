"""`Item`: one thing that a report may show - a chart, a table, tiles - as HTML that says what it is
made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from genlib.errors import NotProtected
from genlib.judgement import Change
from genlib.present.theme import FULL, font_face, style
from genlib.present.words import Words

MIME = "application/vnd.genlib+json"
SMALL = "Not told, because the groups are too small"
NOTHING = "No figures: there are none, or too few"
ZERO = "All figures are 0"
"""Why a figure, chart or table is not there."""
RANGE = re.compile(r"(?<=\d)–(?=\d)")
_AS_IT_IS = re.compile(r"(?s)(<svg.*?</svg>|<style.*?</style>|<code>.*?</code>|<[^>]*>)")
_INITIAL = re.compile(r"(\b[^\W\d_]-)(?=[^\W\d_])")
_ALONE = re.compile(r'<(style|aside) class="gl-alone">.*?</\1>', re.S)


class Finding(str):
    """A sentence in the report's language, made from the named tables. `tone`: up, down, flat or
    plain; unknown, if it only names what is not shown. `words`: what its author wrote
    (present.authored); None of a sentence that no function of `findings` made.

    What is said of a change carries the `change` that was judged, so that lead, tile, title and
    text cannot differ: `brief` is what stands in a tile, `level` what the lead says instead where
    there is nothing to announce."""

    language: str
    tables: tuple[str, ...]
    tone: str
    words: tuple[str, ...] | None = None
    change: Change | None = None
    brief: str = ""
    level: str = ""


@dataclass(frozen=True)
class Untold:
    """What a figure, chart or table would have told, and why it does not (`SMALL`, `NOTHING`,
    `ZERO`)."""

    title: str
    subtitle: str = ""
    reason: str = SMALL


@dataclass(frozen=True)
class Block:
    """A piece of a page as HTML, with what it could not tell."""

    html: str
    untold: tuple[Untold, ...] = ()


@dataclass(frozen=True, repr=False)
class Item:
    """`tables` are the protected tables that it was made from, `body` its HTML in a page that has
    the style sheet. `words`: what its author wrote (present.authored). `evidence`: what the
    exporter learns of the report's tables, given by the conditions alone. `is_blank`: it need not
    be there, and has nothing to show; rows and tiles leave it out. `untold`: what it cannot tell:
    a row and tiles leave out an item that has any, and say so in a list."""

    kind: str
    tables: tuple[str, ...]
    language: str
    body: str = ""
    words: tuple[str, ...] = ()
    evidence: Mapping[str, Any] | None = None
    is_blank: bool = False
    untold: tuple[Untold, ...] = ()

    def html(self, width: int = FULL) -> str:
        """The HTML for a width in pixels."""
        return self.body

    def standing(self) -> str:
        """The HTML where it stands alone, as an output of a notebook."""
        face = (
            font_face() if self.kind == "lead" else ""
        )  # once in a notebook is enough: a page of JupyterLab shares its types
        sheet = f'<style class="gl-alone">{face}{style()}</style>'
        listed = describe_untold(self.untold, Words(self.language))
        untold = f'<aside class="gl-alone">{listed}</aside>' if listed else ""
        body = keep_initials(f"{self.html()}{untold}")
        return f'{sheet}<div class="genlib gl-item" lang="{self.language}">{body}</div>'

    @property
    def facts(self) -> dict[str, Any]:
        """What an output says of itself beside its HTML."""
        named = {"kind": self.kind, "tables": list(self.tables), "words": list(self.words)}
        untold = [asdict(one) for one in self.untold]
        more = {"evidence": self.evidence, "untold": untold}
        return named | {name: value for name, value in more.items() if value}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {MIME: self.facts, "text/html": self.standing()}

    def __repr__(self) -> str:
        return f"{self.kind} of {', '.join(self.tables) or 'no table'}"


def inside(html: str) -> str:
    """The HTML of an item without what it needs only where it stands alone."""
    return _ALONE.sub("", html).replace('class="genlib gl-item"', 'class="gl-item"')


def keep_initials(html: str) -> str:
    """The HTML of which no line ends behind the letter that begins a word, as in e-mail. What is
    drawn or to be copied stays as it is.

    Example: of "per e-post" both "e-" and "post" stand on one line.
    """
    parts = _AS_IT_IS.split(html)
    texts = [_INITIAL.sub("\\1\u2060", part) for part in parts[::2]]
    kept = [*parts[1::2], ""]
    return "".join(one for pair in zip(texts, kept, strict=True) for one in pair)


def together(items: Iterable[Item], *kinds: str) -> tuple[str, ...]:
    """The tables behind all items; `NotProtected` unless each is an item of these kinds."""
    items = tuple(items)
    if not items or not all(isinstance(item, Item) and item.kind in kinds for item in items):
        raise NotProtected(f"here go only items made by genlib.present: {', '.join(kinds)}")
    return tuple(dict.fromkeys(name for item in items for name in item.tables))


def card(words: Words, figure: str, captions: dict[str, str], behind: str = "") -> str:
    """A figure in its frame: what is found, what is measured, the figure, the note, and the numbers
    behind it."""
    title, subtitle, note = (
        caption(captions.get(key, "")) for key in ("title", "subtitle", "note")
    )
    summary = text(words.translate("The figures as a table"))
    parts = [
        f"<h3>{title}</h3>" if title else "",
        f'<p class="sub">{subtitle}</p>' if subtitle else "",
        figure,
        f'<p class="note">{note}</p>' if note else "",
        f"<details><summary>{summary}</summary>{behind}</details>" if behind else "",
    ]
    return f'<section class="card">{"".join(parts)}</section>'


def list_untold(items: Iterable[Item]) -> tuple[Untold, ...]:
    """What items that must be there cannot tell."""
    return tuple(one for item in items if not item.is_blank for one in item.untold)


def describe_untold(untold: Iterable[Untold], words: Words) -> str:
    """What could not be told, as one list a reason."""
    by_reason: dict[str, list[str]] = {}
    for one in untold:
        by_reason.setdefault(one.reason, []).append(_write_line(one))
    return "".join(
        f'<div class="untold"><p>{text(words.translate(reason))}</p>'
        f"<ul>{''.join(dict.fromkeys(lines))}</ul></div>"
        for reason, lines in by_reason.items()
    )


def _write_line(one: Untold) -> str:
    title = f"{one.title[:1].upper()}{one.title[1:]}"
    what = f" <span>{caption(one.subtitle)}</span>" if one.subtitle else ""
    return f"<li>{caption(title)}{what}</li>"


def keys(series: Iterable[tuple[str, str]]) -> str:
    """The legend: name and colour of each series."""
    entries = [f'<li><i class="c-{tone}"></i>{text(name)}</li>' for name, tone in series]
    return f'<ul class="keys">{"".join(entries)}</ul>' if entries else ""


def caption(value: str) -> str:
    """Escaped for HTML; no line ends inside a range of figures."""
    return text(RANGE.sub("\u2060–\u2060", value))


def text(value: str) -> str:
    """Escaped for HTML."""
    return escape(value, quote=True)
