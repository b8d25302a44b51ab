"""Sentences: how a finding is put into words, and what it reads from its table.

Of the message "{what}: above the others {top} ({most})" and its figures the finding in the table's
language is made, with its tone and the names of the tables that it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from genlib.disclosure.table import Protected, ProtectedTable, Shown
from genlib.errors import NotProtected, UsageError
from genlib.present.forms import read_figure_form
from genlib.present.item import Finding
from genlib.present.words import Words

BASE = 10
"""No percentage on fewer."""


def compose_finding(
    sources: Sequence[ProtectedTable | Shown],
    message: str,
    what: str = "",
    tone: str = "plain",
    /,
    **values: str,
) -> Finding:
    """An English message about `what` in the language of its sources."""
    words = read_words(*sources)
    text = words.translate(message, what=words.translate(what), **values)
    finding = Finding(text[:1].upper() + text[1:])
    finding.language, finding.tone = words.language, tone
    names = (one.name if isinstance(one, ProtectedTable) else one.table for one in sources)
    finding.tables = tuple(dict.fromkeys(names))
    return finding


def read_words(*sources: object) -> Words:
    if not all(isinstance(source, ProtectedTable | Shown) for source in sources):
        raise NotProtected(
            "findings take a ProtectedTable or figures of one; pass the metric's Cells through "
            "genlib.protect first"
        )
    return Words(sources[0].language)  # type: ignore[attr-defined]


def check_release(release: Any) -> None:
    """UsageError for what is no open release."""
    if not hasattr(release, "manifest") or isinstance(release, Protected):
        raise UsageError('release is an open one: genlib.open_release("customer_analysis")')


def sort_rows(table: ProtectedTable, by: str, column: str, where: dict[str, Any]) -> pl.DataFrame:
    read_words(table)
    table.check_columns(by, column)
    return table.rows(by, **where).sort(column, by, descending=[True, False], nulls_last=True)


def label_first(rows: pl.DataFrame, by: str, words: Words) -> str:
    return keep_hyphens(words.labels(rows[:1], by)[0]).replace("\u2013", "\u2060\u2013\u2060")


def keep_hyphens(name: str) -> str:
    """The name; no line ends after the hyphen that begins a word."""
    return name.replace(" -", " \u2011")


def write_figure(words: Words, figure: Shown) -> str:
    form = read_figure_form(figure)
    value = figure.value or 0
    is_rounded = form == "percent" and (value == 0 or value >= 0.1)
    return words.figure(figure.value, form, 0 if is_rounded else None)
