"""The page: answer, tiles, rows of charts, conditions; and the whole report as one HTML file that
loads nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from html import unescape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from genlib import notice, settings
from genlib.arguments import check_call, refuse_others
from genlib.disclosure.table import Protected, ProtectedTable
from genlib.errors import NotProtected, UsageError
from genlib.present.authored import keep_words, list_figures, list_texts
from genlib.present.banner import quote
from genlib.present.conditions import (
    FIVE,
    describe_count,
    describe_few,
    describe_promises,
    describe_release,
    describe_tables,
    round_to_fives,
)
from genlib.present.item import (
    NOTHING,
    Block,
    Finding,
    Item,
    Untold,
    inside,
    keep_initials,
    list_untold,
    text,
    together,
)
from genlib.present.sections import arrange_page
from genlib.present.sentences import check_release
from genlib.present.sheets import make_sheet
from genlib.present.theme import FULL, HALF, THIRD, font_face, style
from genlib.present.tile import tile, tiles
from genlib.present.words import Words

__all__ = [
    "conditions",
    "describe_making",
    "drop_files",
    "lead",
    "left_out",
    "method",
    "paragraph",
    "readings",
    "render",
    "row",
    "tile",
    "tiles",
]
if not TYPE_CHECKING:  # else mypy would take any name for one of this module
    __getattr__ = refuse_others(__name__)

FILE_LINK = re.compile(r'<p class="note"><a href="[^"#:]+">[^<]*</a></p>')
WIDTHS = {12: FULL, 8: 638, 7: 552, 6: HALF, 5: 379, 4: THIRD}


@keep_words
def lead(*findings: Finding, period: str = "") -> Item:
    """The answer in a sentence or two, under the title; `period` ("2026-10") becomes the page's
    heading. Of a count that changed as it usually does it tells the level, and announces no
    change."""
    language, names, sentences = _sentences(findings, announces=True)
    head = f' data-period="{text(Words(language).period(period))}"' if period else ""
    return Item("lead", names, language, f'<div class="lead"{head}><p>{sentences}</p></div>')


@keep_words
def paragraph(*findings: Finding) -> Item:
    """Findings as a paragraph of text."""
    language, names, sentences = _sentences(findings)
    return Item("text", names, language, f"<p>{sentences}</p>" if sentences else "")


def _sentences(
    findings: Sequence[Finding], *, announces: bool = False
) -> tuple[str, tuple[str, ...], str]:
    if not findings or not all(isinstance(finding, Finding) for finding in findings):
        raise NotProtected(
            "the lead takes findings; make them with genlib.present.findings from what "
            "genlib.protect gave"
        )
    telling = [finding for finding in findings if finding and finding.tone != "unknown"]
    texts = [(announces and finding.level) or str(finding) for finding in telling]
    sentences = " ".join(one if one.endswith((".", "!", "?")) else f"{one}." for one in texts)
    return (
        findings[0].language,
        tuple(dict.fromkeys(name for finding in findings for name in finding.tables)),
        text(sentences),
    )


@keep_words
def row(*items: Item, spans: Sequence[int] = ()) -> Item:
    """Up to three charts, tables or texts side by side, on a grid of twelve (`spans` 7, 5; else
    equal parts). What need not be there and has nothing to show is left out, and the others have
    equal parts."""
    names = together(items, "chart", "table", "conditions", "text")
    language = items[0].language
    untold = list_untold(items)
    present = [item for item in items if not item.is_blank and not item.untold]
    if not present:
        return Item("row", names, language, untold=untold)
    if len(present) < len(items):
        items, spans = tuple(present), ()
    parts = list(spans) or [12 // len(items)] * len(items)
    if len(parts) != len(items) or sum(parts) > 12 or set(parts) - set(WIDTHS):
        raise UsageError(
            "a row has one to three items with spans of 4, 5, 6, 7, 8 or 12, twelve together"
        )
    cells = [
        f'<div class="s{span}{" half" * (span < 8)}">{item.html(WIDTHS[span])}</div>'
        for span, item in zip(parts, items, strict=True)
    ]
    body = f'<div class="row">{"".join(cells)}</div>'
    return Item("row", names, language, body, untold=untold)


@keep_words
def left_out(
    tables: Protected | ProtectedTable, release: Any, reason: str, *, title: str, message: str
) -> Item:
    """How many people the release left out for a reason of its manifest: an English message with
    {n}, {all} and {share}. Where nobody was counted by this reason, none is told: 0 would say that
    there is nobody."""
    words, names = _words(tables)
    check_release(release)
    n = _count_left_out(words, release.manifest.left_out, reason)
    if n is None:
        untold = (Untold(words.translate(title), reason=NOTHING),)
        return Item("text", names, words.language, untold=untold)
    whole = release.manifest.people
    share = words.figure(round_to_fives(n) / whole if whole else 0, "percent")
    values = {
        "n": describe_count(words, n),
        "all": describe_count(words, whole),
        "share": describe_few(words, share) if 0 < n < FIVE else share,
    }
    message_text = words.translate(message, **values)
    sentence = message_text[:1].upper() + message_text[1:]
    return _section(words, names, "text", title, f"<p>{text(sentence)}</p>")


def _count_left_out(words: Words, left_out: Mapping[str, int], reason: str) -> int | None:
    """How many were left out for a reason; None if a release of this purpose, or of this notice,
    counts nobody by it. UsageError for a reason that there is not."""
    reasons = sorted({*left_out, *words.list_codes("left_out")})
    if reason not in reasons:
        raise UsageError(f"there is no such reason to leave people out; see {', '.join(reasons)}")
    return left_out.get(reason)


@keep_words
def method(tables: Protected | ProtectedTable, *messages: str) -> Item:
    """How the figures came about, in plain words: English messages."""
    words, names = _words(tables)
    body = "".join(f"<p>{text(words.translate(message))}</p>" for message in messages)
    return _section(words, names, "text", "How the figures were made", body)


@keep_words
def readings(tables: Protected) -> Item:
    """How the open questions of the privacy notice are answered: the permission switches in force,
    in words."""
    words, names = _words(tables)
    switches = notice.load().permission.items()
    answers = {
        words.label("switch", number): words.label("switch", f"{number} {str(value).lower()}")
        for number, value in switches
    }
    return _section(words, names, "conditions", "How the privacy notice is read", _entries(answers))


@keep_words
def conditions(tables: Protected, release: Any, *, parameters: Mapping[str, Any]) -> Item:
    """What the report stands on: release, notice, who was left out and why, thresholds, what is
    hidden, parameters, maker and for whom it is. With it go the figures of the tables,
    against which the gate holds what the author wrote, the tables as sheets of Excel, and what
    others need to audit them."""
    if not isinstance(tables, Protected):
        raise NotProtected("conditions take all that genlib.protect gave, and no one table of it")
    check_release(release)
    section = _describe_conditions(tables, release, parameters)
    evidence = {
        "release": [release.manifest.purpose, release.manifest.release_id],
        "figures": list_figures(tables),
        "texts": list_texts(tables),
        "sheets": json.dumps([make_sheet(table).pack() for table in tables.values()]),
        "audit": json.dumps(tables.manifest()),  # a notebook would put its keys in order
    }
    return replace(section, evidence=evidence)


def _describe_conditions(tables: Protected, release: Any, parameters: Mapping[str, Any]) -> Item:
    words, names = _words(tables)
    chosen = [
        f"{words.label('parameter', name)} {words.label(name, value)}"
        for name, value in parameters.items()
        if value != "all"
    ]
    terms = notice.load()
    places = settings.load()
    recipients = asdict(terms.reports.recipients)
    entries = describe_release(words, release.manifest) | describe_tables(words, tables.conditions)
    entries |= {
        "Parameters": ", ".join(chosen),
        "Made by": places.user,
        "Recipients": recipients[words.language],
        "What is promised": describe_promises(words),
    }
    named = {words.translate(name): value for name, value in entries.items() if value}
    return _section(words, names, "conditions", "Conditions", _entries(named))


def describe_making(
    words: Words, commands: Mapping[str, str], entries: Mapping[str, str], workbook: str = ""
) -> str:
    """How a page is made again and what is another than in the last, as HTML to stand behind its
    conditions; with a link to the workbook of its tables, by the name of the file beside it."""
    link_text = text(words.translate("The tables in Excel"))
    link = f'<p class="note"><a href="{text(workbook)}">{link_text}</a></p>' if workbook else ""
    coded = {name: _write_code(command) for name, command in commands.items()}
    body = _list_entries(coded | {name: text(value) for name, value in entries.items()}) + link
    return _section(words, (), "conditions", "How to make it again", body).body


def _write_code(command: str) -> str:
    """A command of which the lines end between its words, never behind a hyphen."""
    words = " ".join(f"<span>{text(word)}</span>" for word in command.split(" "))
    return f"<code>{words}</code>"


def drop_files(page: str) -> str:
    """A page without its links to files beside it, where it travels alone."""
    return FILE_LINK.sub("", page)


@check_call
def render(
    blocks: Iterable[str | Block],
    *,
    title: str,
    language: str,
    period: str = "",
) -> str:
    """One self-contained HTML page of blocks of HTML (translated text and items). A heading that
    only repeats `title` is dropped."""
    words = Words(language)
    is_list = isinstance(blocks, Iterable) and not isinstance(blocks, str)
    blocks = list(blocks) if is_list else []
    if not is_list or not all(isinstance(block, str | Block) for block in blocks):
        raise UsageError("blocks is a list of pieces of a page, as text or as items")
    heading = re.compile(rf"<h1[^>]*>\s*{re.escape(text(title))}\s*</h1>")
    wrapped = [block if isinstance(block, Block) else Block(block) for block in blocks]
    bare = [replace(block, html=heading.sub("", inside(block.html))) for block in wrapped]
    content = [keep_initials(one) for one in arrange_page(bare, words)]
    marked = re.search(r'data-period="([^"]*)"', "".join(content))
    when = (
        words.period(period)
        if re.match(r"\d{4}", period)
        else unescape(marked[1])
        if marked
        else ""
    )
    running = f"{title}, {when}" if when else title
    named = {
        "title": title,
        "period": when[:1].upper() + when[1:],
        "running": running,
        "quoted": quote(running),
    }
    html: str = _template().render(
        language=language, blocks=content, sheet=font_face() + style(), say=words.translate, **named
    )
    return html


@cache
def _template() -> Any:
    from jinja2 import Environment

    source = files("genlib.present").joinpath("report.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)


def _words(tables: Protected | ProtectedTable) -> tuple[Words, tuple[str, ...]]:
    if isinstance(tables, ProtectedTable):
        return Words(tables.language), (tables.name,)
    if not isinstance(tables, Protected) or not tables:
        raise NotProtected("this takes what genlib.protect gave")
    return Words(next(iter(tables.values())).language), tuple(tables)


def _entries(entries: Mapping[str, str]) -> str:
    return _list_entries({name: text(value) for name, value in entries.items()})


def _list_entries(entries: Mapping[str, str]) -> str:
    """Entries whose values are HTML."""
    listed = "".join(
        f"<div><dt>{text(name)}</dt><dd>{value}</dd></div>" for name, value in entries.items()
    )
    return f'<dl class="conditions">{listed}</dl>'


def _section(words: Words, names: tuple[str, ...], kind: str, title: str, body: str) -> Item:
    return Item(
        kind,
        names,
        words.language,
        f'<section class="card {kind}"><h3>{text(words.translate(title))}</h3>{body}</section>',
    )
