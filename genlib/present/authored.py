"""What the author of a notebook wrote: words and numbers that were handed to `present`, kept beside
what is made of them, so that the gate can hold them against the protected tables.

Example: `charts.bars(table, x="people", y="region", title=f"{owing} owe us")` keeps "7919 owe us".
A finding keeps what its caller wrote, and not the sentence that genlib made of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import polars as pl
from polars import selectors

from genlib.arguments import check_call
from genlib.disclosure.table import Protected, Shown
from genlib.present.forms import read_form
from genlib.present.item import Finding, Item

P = ParamSpec("P")
Made = TypeVar("Made", bound=Finding | Item)

_DIGIT = re.compile(r"\d")


def keep_words(function: Callable[P, Made]) -> Callable[P, Made]:
    """The function, keeping in what it makes those words of its caller that hold a digit."""

    checked = check_call(function)

    @wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> Made:
        item = checked(*args, **kwargs)
        written = [*list_words(args), *list_words(kwargs)]
        words = tuple(dict.fromkeys(word for word in written if _DIGIT.search(word)))
        if isinstance(item, Finding):
            item.words = words
            return item
        return replace(item, words=words)

    return make


def list_words(value: Any) -> Iterator[str]:
    """Every text and number in a value that may hold others; of what genlib made, what its caller
    wrote."""
    match value:
        case Item() | Finding() if value.words is not None:
            yield from value.words
        case str():
            yield str(value)
        case Shown():
            yield from list_words(value.value)
        case bool():
            return
        case int() | float():
            yield str(value)
        case Mapping():
            for key, inner in value.items():
                yield from list_words(key)
                yield from list_words(inner)
        case list() | tuple():
            for inner in value:
                yield from list_words(inner)


def list_figures(tables: Protected) -> dict[str, list[float]]:
    """The figures of protected tables, by the form in which they are printed: what an author may
    name."""
    figures: dict[str, set[float]] = {}
    for table in tables.values():
        for column in table.frame.select(selectors.numeric()).get_columns():
            numbers = column.drop_nulls()
            finite = numbers.filter(numbers.is_finite())
            form = read_form(table, column.name)
            figures.setdefault(form, set()).update(finite.to_list())
    return {form: sorted(values) for form, values in figures.items()}


def list_texts(tables: Protected) -> list[str]:
    """The codes, names and days of protected tables, as texts."""
    texts: set[str] = set()
    for table in tables.values():
        words = table.frame.select(selectors.string() | selectors.date())
        for column in words.cast(pl.String).get_columns():
            texts.update(column.drop_nulls().to_list())
    return sorted(texts)
