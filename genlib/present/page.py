"""The page: answer, tiles, rows of charts, conditions; and the whole report as one HTML file that loads nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from html import unescape
from importlib.resources import files
from typing import Any

from genlib.disclosure.table import Protected, ProtectedTable, Shown
from genlib.errors import NotProtected, UsageError
from genlib.present.charts import Chart
from genlib.present.findings import Finding, said
from genlib.present.item import Item, inside, text
from genlib.present.plot import check, read
from genlib.present.theme import FULL, HALF, THIRD, font_face, style
from genlib.present.words import Words, form_of

WIDTHS = {12: FULL, 8: 638, 7: 552, 6: HALF, 5: 379, 4: THIRD}


def lead(*findings: Finding, period: str = "") -> Item:
    """The answer in a sentence or two, under the title; `period` ("2026-10") becomes the page's heading."""
    if not findings or not all(isinstance(finding, Finding) for finding in findings):
        raise NotProtected("the lead takes findings; make them with genlib.present.findings from what genlib.protect gave")
    words = Words(findings[0].language)
    head = f' data-period="{text(words.period(period))}"' if period else ""
    body = f'<div class="lead"{head}><p>{" ".join(_sentence(finding) for finding in findings if finding)}</p></div>'
    return Item("lead", _tables(f.tables for f in findings), words.language, lambda width: body)


def tile(
    shown: Shown,
    *,
    label: str,
    form: str = "",
    note: str = "",
    good: str = "",
    interval: tuple[Shown, Shown] | None = None,
    trend: tuple[ProtectedTable, str, str] | None = None,
) -> Item:
    """One figure with its label. `note` is a finding or an English message, `good` the direction (up, down) that is good news,
    `trend` a table with its time and value columns for the small line below."""
    if not isinstance(shown, Shown):
        raise NotProtected("tiles take a figure of a ProtectedTable; use table.value(column, ...)")
    words = Words(shown.language)
    kind = form or form_of(shown.column, whole=isinstance(shown.value, int))
    around = words.interval(*(end.value for end in interval), kind) if interval and None not in {end.value for end in interval} else ""  # type: ignore[arg-type]
    notes = [_note(words, note, good), f"{text(words.translate('interval'))} {text(around)}" if around else ""]
    parts = [
        f'<div class="n">{text(words.figure(shown.value, kind))}</div><div class="l">{text(words.translate(label))}</div>',
        "".join(f'<div class="c{_mood(note, good)}">{part}</div>' for part in notes if part),
        _spark(*trend) if trend else "",
    ]
    hidden = f'<div class="c">{text(words.translate("hidden to protect small groups"))}</div>' if shown.value is None else ""
    body = f'<div class="tile">{"".join(parts)}{hidden}</div>'
    return Item("tile", (shown.table,), words.language, lambda width: f'<div class="tiles">{body}</div>' if width == FULL else body)


def tiles(*items: Item) -> Item:
    """Four to six tiles side by side."""
    _only(items, {"tile"})
    body = f'<div class="tiles n{len(items)}">{"".join(item.html(0) for item in items)}</div>'
    return Item("tiles", _tables(i.tables for i in items), items[0].language, lambda width: body)


def row(*items: Item | Chart, spans: Sequence[int] = ()) -> Item:
    """Up to three charts or tables side by side, on a grid of twelve (`spans` 7, 5; else equal parts)."""
    inner = [item.item if isinstance(item, Chart) else item for item in items]
    _only(inner, {"chart", "table", "conditions", "text"})
    parts = list(spans) or [12 // len(inner)] * len(inner)
    if len(parts) != len(inner) or sum(parts) > 12 or set(parts) - set(WIDTHS):
        raise UsageError("a row has one to three items with spans of 4, 5, 6, 7, 8 or 12, twelve together")
    cells = [f'<div class="s{span}{" half" * (span < 8)}">{item.html(WIDTHS[span])}</div>' for span, item in zip(parts, inner, strict=True)]
    return Item("row", _tables(i.tables for i in inner), inner[0].language, lambda width: f'<div class="row">{"".join(cells)}</div>')


def method(tables: Protected | ProtectedTable, *messages: str) -> Item:
    """How the figures came about, in plain words: English messages."""
    words, names = _words(tables)
    body = "".join(f"<p>{text(words.translate(message))}</p>" for message in messages)
    title = text(words.translate("How the figures were made"))
    return Item("text", names, words.language, lambda width: f'<section class="card"><h3>{title}</h3>{body}</section>')


def conditions(
    tables: Protected,
    release: Any,
    *,
    parameters: Mapping[str, Any] | None = None,
    recipients: str = "",
    keep_until: date | None = None,
    by: str = "",
) -> Item:
    """What the report stands on: purpose, release, notice, who was left out and why, thresholds, what is hidden, who made it, until when."""
    words, names = _words(tables)
    entries = _facts(words, tables.conditions, release.manifest) | _made(words, parameters or {}, recipients, keep_until, by)
    listed = "".join(f"<div><dt>{text(words.translate(name))}</dt><dd>{text(value)}</dd></div>" for name, value in entries.items() if value)
    title = text(words.translate("Conditions"))
    body = f'<section class="card"><h3>{title}</h3><dl class="conditions">{listed}</dl></section>'
    return Item("conditions", names, words.language, lambda width: body)


def render(blocks: Iterable[str], *, title: str, language: str, period: str = "", kicker: str = "") -> str:
    """One self-contained HTML page of blocks of HTML (translated text and items). The first heading among them is `title` itself and is dropped."""
    words = Words(language)
    content = [_untitled(inside(block), title) for block in blocks]
    found = re.search(r'data-period="([^"]*)"', "".join(content))
    when = words.period(period) if re.fullmatch(r"\d{4}(-.+)?", period) else period or unescape(found[1] if found else "")
    names = {"title": title, "period": when[:1].upper() + when[1:], "kicker": kicker, "running": ", ".join(filter(None, (title, when)))}
    sheet = font_face() + style()
    html: str = _template().render(language=language, blocks=content, sheet=sheet, say=words.translate, **names)
    return html


@cache
def _template() -> Any:
    from jinja2 import Environment

    source = files("genlib.present").joinpath("report.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)


def _untitled(block: str, title: str) -> str:
    return re.sub(rf"<h1[^>]*>\s*{re.escape(text(title))}\s*</h1>", "", block)


def _sentence(finding: str) -> str:
    return text(finding if finding.endswith((".", "!", "?")) else f"{finding}.")


def _note(words: Words, note: str, good: str) -> str:
    """A finding with its figure in front made strong and an arrow for what cannot rest on colour alone."""
    spoken, tone = said(words, note), getattr(note, "tone", "")
    arrow = {"up": "▲ ", "down": "▼ "}.get(tone, "") if good else ""
    found = re.match(r"[+−]?[\d\u00a0,.]*\d(\u00a0?[%€]|\u00a0%-yks\.)?", spoken)
    return f"<b>{arrow}{text(found[0])}</b>{text(spoken[found.end() :])}" if found else f"{arrow}{text(spoken)}" if spoken else ""


def _mood(note: str, good: str) -> str:
    tone = getattr(note, "tone", "")
    return "" if not good or tone not in {"up", "down"} else " good" if tone == good else " bad"


def _spark(table: ProtectedTable, x: str, y: str) -> str:
    check(table)
    values = read(table, {}, x, y).frame["value"].to_list()
    known = [v for v in values if v is not None]
    if len(known) < 3:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1
    points = [(round(100 * i / (len(values) - 1), 1), round(30 - 26 * (v - low) / span, 1)) for i, v in enumerate(values) if v is not None]
    path = " ".join(f"{px},{py}" for px, py in points)
    line = f'<polyline points="{path}" fill="none" stroke="#0b6e74" stroke-width="2" vector-effect="non-scaling-stroke"/>'
    return f'<svg class="spark" viewBox="0 0 100 34" preserveAspectRatio="none" aria-hidden="true">{line}</svg>'


def _words(tables: Protected | ProtectedTable) -> tuple[Words, tuple[str, ...]]:
    if isinstance(tables, ProtectedTable):
        return Words(tables.language), (tables.name,)
    if not isinstance(tables, Protected) or not tables:
        raise NotProtected("this takes what genlib.protect gave")
    return Words(next(iter(tables.values())).language), tuple(tables)


def _only(items: Sequence[Item], kinds: set[str]) -> None:
    if not items or not all(isinstance(item, Item) and item.kind in kinds for item in items):
        raise NotProtected(f"here go only items of genlib.present: {', '.join(sorted(kinds))}")


def _tables(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _facts(words: Words, protected: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, str]:
    left = [f"{words.number(n)} ({words.label('left_out', reason)})" for reason, n in dict(manifest.get("left_out", {})).items() if n]
    k = manifest.get("k", {})
    policy = protected.get("policy", protected)
    return {
        "Purpose": words.label("purpose", manifest.get("purpose", "")),
        "Release": str(manifest.get("release_id", "")),
        "Published": words.moment(manifest["published_at"]) if manifest.get("published_at") else "",
        "Privacy notice": str(manifest.get("notice_version", "")),
        "People in the release": words.number(manifest.get("people", 0)),
        "Left out": ", ".join(left) or words.translate("nobody"),
        "Smallest group in the release": words.number(k["reached"]) if k.get("reached") else "",
        "Thresholds": words.translate(
            "{n} customers in a cell, p % = {p}, {base} for a percentage", n=policy["min_count"], p=policy["p"], base=policy["base"]
        )
        if {"min_count", "p", "base"} <= set(policy)
        else "",
        "Hidden cells": words.translate(
            "{hidden} of {cells}", hidden=words.number(protected["hidden"]), cells=words.number(protected["cells"])
        )
        if {"hidden", "cells"} <= set(protected)
        else "",
        "Version of the program": str(manifest.get("genlib_version", "")),
    }


def _made(words: Words, parameters: Mapping[str, Any], recipients: str, keep_until: date | None, by: str) -> dict[str, str]:
    chosen = [f"{words.label('parameter', name)}: {words.label(name, value)}" for name, value in parameters.items() if value != "all"]
    return {
        "Parameters": ", ".join(chosen),
        "Made by": by,
        "Recipients": words.translate(recipients) if recipients else "",
        "Kept until": words.date(keep_until) if keep_until else "",
    }
