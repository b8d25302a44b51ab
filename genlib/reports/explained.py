"""Which plain words and numbers may stand in what a report shows: those that the catalogue of
sentences, the protected tables or the parameters know, and words (never numbers) that the author
wrote."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from polars import selectors

from genlib.disclosure.table import Protected, ProtectedTable
from genlib.present.words import LOCALES, catalogue

YEARS = range(2000, 2100)
_DIGIT = re.compile(r"\d")
_GIVEN = {"parameters", "injected-parameters"}


class Explained:
    """Called with a plain value, says whether something explains it."""

    def __init__(self, notebook: Mapping[str, Any], tables: Protected) -> None:
        authored = set[Any]()
        given = set[Any]()
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                (given if _GIVEN & set(cell["metadata"].get("tags", [])) else authored).update(
                    _constants("".join(cell["source"]))
                )
        words = {message for language in LOCALES for _, message in catalogue(language)}
        self.words = words | {
            value for value in authored if isinstance(value, str) and not _DIGIT.search(value)
        }
        self.words |= {str(value) for value in given} | {
            word for name in tables for word in _words(tables[name])
        }
        codes = {
            value
            for name in tables
            for value in _codes(tables[name])
            if isinstance(value, int | date)
        }
        self.plain: set[Any] = {
            value for value in authored | given if isinstance(value, int | float)
        } | codes

    def __call__(self, value: str | float | date) -> bool:
        if (
            isinstance(value, date) and value.day == 1 and value.year in YEARS
        ):  # the period, and what it is compared with
            return True
        return value in (self.words if isinstance(value, str) else self.plain)


def _constants(source: str) -> Iterator[Any]:
    """The words (names of arguments too) and numbers of some code. A text put together from parts
    is not among them, nor are the parts."""
    tree = ast.parse(source)
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str | int | float)
            and id(node) not in parts
        ):
            yield node.value


def _words(table: ProtectedTable) -> Iterator[str]:
    """The names of a table and its columns, and every text in it."""
    yield from (table.name, *table.frame.columns, *(str(code) for code in _codes(table)))
    for column in table.frame.select(selectors.string()).get_columns():
        yield from column.drop_nulls().unique()


def _codes(table: ProtectedTable) -> Iterator[Any]:
    for column in table.frame.select(table.dimensions).get_columns():
        yield from column.drop_nulls().unique()
