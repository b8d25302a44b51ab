"""Protected tables as sheets of an Excel workbook: in words and in the units of the page.

Example: of cells email 900 (people), post hidden, total 1,003 a Finnish sheet has the rows
"sähköposti", 900 - "posti", empty, "piilotettu pienten ryhmien suojaamiseksi" - "yhteensä", 1003.
The same sheets give the same workbook, to the byte.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import polars as pl

from genlib.disclosure.table import ProtectedTable
from genlib.disclosure.units import MONEY
from genlib.present.coarser import describe_groups
from genlib.present.forms import read_form
from genlib.present.words import FORMS, Words

FORMATS = {
    "money": "#,##0.00",
    "number": "#,##0",
    "percent": "0.0%",
    "change": "+0.0%;-0.0%",
    "index": "0",
    "points": "0.0",
}
"""How Excel writes the figures of a form; others as they come."""
FRACTIONS = {"percent", "change"}
"""Forms that Excel multiplies by a hundred itself."""
LONGEST_NAME = 31
"""Characters that a sheet's name may have."""
FLOATS = pl.selectors.float()
DIGITS = 12
"""Of a fraction: rows are added in another order each time, which changes the sixteenth."""
CREATED = dt.datetime(1980, 1, 1)
"""What a workbook says of when it was made: always the same, as the times in its archive."""


@dataclass(frozen=True)
class Sheet:
    """A protected table in words: its `rows`, the Excel `formats` of its figures by their head, and
    a `note` if its groups had to be larger."""

    table: str
    rows: pl.DataFrame
    formats: Mapping[str, str]
    note: str = ""

    def pack(self) -> dict[str, Any]:
        """As JSON takes it."""
        columns = [[column.name, column.to_list()] for column in self.rows.get_columns()]
        named = {"table": self.table, "columns": columns}
        return named | {"formats": dict(self.formats), "note": self.note}

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> Sheet:
        """The sheet that was packed."""
        rows = pl.DataFrame(dict(packed["columns"]))
        empty = pl.selectors.by_dtype(pl.Null).cast(pl.String)
        rest = (packed["formats"], packed["note"])
        return cls(packed["table"], rows.with_columns(empty), *rest)


def make_sheet(table: ProtectedTable) -> Sheet:
    """The sheet of a table."""
    rows = describe_table(table)
    return Sheet(table.name, rows, _list_formats(table, rows), describe_groups(table))


def write_workbook(sheets: Iterable[Sheet], language: str) -> bytes:
    """An Excel workbook, with a last sheet that says which tables have larger groups than they
    might."""
    import xlsxwriter

    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": CREATED})
        notes: dict[str, str] = {}
        for number, sheet in enumerate(sheets, 1):
            is_short = len(sheet.table) <= LONGEST_NAME
            name = sheet.table if is_short else f"{sheet.table[:27]}_{number}"
            formats: Any = sheet.formats
            sheet.rows.write_excel(book, name, column_formats=formats, autofit=True)
            notes |= {sheet.table: sheet.note} if sheet.note else {}
        if notes:
            _write_notes(book, notes, Words(language).translate("Notes"))
    return content.getvalue()


def _write_notes(book: Any, notes: Mapping[str, str], title: str) -> None:
    rows = pl.DataFrame({"": list(notes), title: list(notes.values())})
    rows.write_excel(book, title, autofit=True)


def describe_table(table: ProtectedTable) -> pl.DataFrame:
    """The rows of a table in the words of its language and the units of the page, with why a figure
    is not there."""
    words = Words(table.language)
    rows = table.frame.with_columns(*table.name_codes())
    columns: dict[str, pl.Series] = {}
    for dimension in table.dimensions:
        labels = words.labels(rows, dimension)
        _add(columns, words.heading(rows, dimension), pl.Series(labels, dtype=pl.String))
    for column in _list_figures(table):
        form = read_form(table, column)
        _add(columns, _name_column(words, column, form), _scale(rows[column], form))
    columns[words.translate("Notes")] = _explain(rows, _list_figures(table), words)
    finite = pl.when(FLOATS.is_finite()).then(FLOATS.round_sig_figs(DIGITS)).name.keep()
    return pl.DataFrame(columns).with_columns(finite)


def _add(columns: dict[str, pl.Series], head: str, values: pl.Series) -> None:
    """Two columns of one head are told apart by a number."""
    same = [name for name in columns if name.partition(" (")[0] == head]
    columns[f"{head} ({len(same) + 1})" if same else head] = values


def _list_figures(table: ProtectedTable) -> list[str]:
    numeric = table.frame.select(pl.selectors.numeric() - pl.selectors.by_name(*table.dimensions))
    return [column.name for column in numeric.get_columns() if column.count()]


ENDS = {"low": "{figure}, lower end", "high": "{figure}, upper end"}


def _name_column(words: Words, column: str, form: str) -> str:
    """The head of a column, with the unit if it is money; of the end of an interval with the figure
    that it belongs to."""
    figure, _, end = column.rpartition("_")
    if end in ENDS:
        return words.translate(ENDS[end], figure=words.column(figure))
    head = words.column(column)
    return f"{head}, {words.unit(form)}" if form == MONEY else head


def _scale(values: pl.Series, form: str) -> pl.Series:
    scale = FORMS[form].scale
    return values if scale == 1 or form in FRACTIONS else values * scale


def _explain(rows: pl.DataFrame, figures: list[str], words: Words) -> pl.Series:
    """Why figures of a row are not there, or from when they are."""
    is_whole = pl.all_horizontal(pl.col(figures).is_not_null()) if figures else pl.lit(True)
    reason = (
        pl.when(pl.col("reason") == "base")
        .then(pl.lit(words.translate("none, or too few to tell")))
        .when(pl.col("reason") == "time", is_whole)
        .then(pl.lit(words.translate("as last published")))
        .when(pl.col("reason").is_not_null())
        .then(pl.lit(words.translate("hidden to protect small groups")))
    )
    return rows.select(reason.alias("said")).to_series()


def _list_formats(table: ProtectedTable, rows: pl.DataFrame) -> dict[str, str]:
    """The formats of the figures, by head: figures stand behind the dimensions and before the
    notes."""
    heads = rows.columns[len(table.dimensions) : -1]
    formats: dict[str, str] = {}
    for head, column in zip(heads, _list_figures(table), strict=True):
        form = read_form(table, column)
        if form in FORMATS:
            formats[head] = FORMATS[form]
    return formats
