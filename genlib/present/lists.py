"""Lists: how many of the rows are so, and which.

Of the intervals of five campaigns three lie above zero: "Three of five campaigns brought
purchases"."""

from __future__ import annotations

from typing import Any

import polars as pl

from genlib.disclosure.table import ProtectedTable
from genlib.present.authored import keep_words
from genlib.present.item import Finding
from genlib.present.sentences import compose_finding, keep_hyphens, read_words, sort_rows

LEFT_OUT = {"small left out", "left out"}
"""How the groups of a table were made larger (`coarser`), where some have no row of their own."""
MOST_NAMES = 5
"""So many names stand in a sentence; one more is named rather than counted."""


@keep_words
def surely(
    table: ProtectedTable,
    by: str,
    column: str,
    messages: tuple[str, ...],
    *,
    p: str = "",
    **where: Any,
) -> Finding:
    """Of how many the whole interval lies above zero (and, if the column `p` has p-values adjusted
    for many comparisons, that is under 5%): "Kolme viidestä kampanjasta lisäsi ostoja". The
    messages have {above} and {all} (in words up to ten): the first if there are some, the second if
    there are none, the third if there is nothing to compare."""
    words = read_words(table)
    ends = (f"{column}_low", f"{column}_high")
    table.check_columns(column, *ends, *([p] if p else []))
    rows = sort_rows(table, by, column, where).drop_nulls(ends)
    if rows.is_empty() and len(messages) > 2:
        return compose_finding((table,), messages[2])
    above = rows.filter(pl.col(f"{column}_low") > 0, pl.col(p) < 0.05 if p else True).height
    return compose_finding(
        (table,),
        messages[not above],
        above=words.label("number", above),
        all=words.label("out of", rows.height),
    )


@keep_words
def without(
    table: ProtectedTable, by: str, column: str, message: str, *, besides: str = ""
) -> Finding:
    """A message with the {names} of what has no figure in the column; nothing if all have one.
    Of what the column `besides` says is so another sentence speaks (`among`). What the table leaves
    out since few customers are in it has no figure either, and no name."""
    read_words(table)
    table.check_columns(column, *([besides] if besides else []))
    has_none = pl.col(column).is_null()
    if besides:
        has_none &= ~pl.col(besides).fill_null(value=False)
    return _name_rows(table, by, has_none, message, tail=table.coarser.get(by) in LEFT_OUT)


@keep_words
def among(table: ProtectedTable, by: str, column: str, message: str) -> Finding:
    """A message with the {names} of what the column says is so; nothing if none is."""
    read_words(table)
    table.check_columns(column)
    return _name_rows(table, by, pl.col(column), message)


def _name_rows(
    table: ProtectedTable, by: str, chosen: pl.Expr, message: str, *, tail: bool = False
) -> Finding:
    """The first names of many, and how many others there are: a list of twenty is not read; with a
    `tail`, that there are more, which are small."""
    words = read_words(table)
    rows = table.rows(by).filter(chosen).sort(by)
    names = [keep_hyphens(name) for name in words.labels(rows, by)]
    named = ", ".join(names)
    if len(names) > MOST_NAMES + 1:
        first_names = ", ".join(names[:MOST_NAMES])
        rest = words.number(len(names) - MOST_NAMES)
        named = words.translate("{names} and {n} others", names=first_names, n=rest)
    if tail:
        named = words.translate("{names} and those with few customers", names=named)
    return compose_finding((table,), message if names else "", names=named)
