"""Protected tables as files, for those who live in Excel: in words and in the units of the page.

Example: of cells email 900 (people), post hidden, total 1,003 a Finnish file has the rows
"sähköposti", 900 - "posti", empty, "piilotettu pienten ryhmien suojaamiseksi" - "yhteensä", 1003.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import Any

import polars as pl

from genlib.atomic import replacing
from genlib.clock import read_clock
from genlib.disclosure.ledger import Ledger
from genlib.disclosure.protect import standing_policy
from genlib.disclosure.table import Protected, ProtectedTable
from genlib.errors import NotProtected, UsageError
from genlib.present.coarser import describe_groups
from genlib.present.words import FORMS, Words, form_of
from genlib.private import check_no_link
from genlib.settings import load

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
RUNS = "=+-@\t\r"
"""What a spreadsheet runs at the beginning of a text of CSV."""


def save(shown: Protected | ProtectedTable, path: str | Path) -> Path:
    """Write protected tables to an Excel workbook, a sheet each, or one of them to CSV; gives the
    place. The file is its owner's alone, and there whole or not at all.

    Raises NotProtected for anything that `genlib.protect` did not let out, Refused for figures of
    nearly the same people as others that were told before, UsageError for a file that ends
    otherwise than with .xlsx or .csv, and for several tables in one CSV.
    """
    place = Path(path)
    tables = _name_tables(shown)
    content = _write(tables, place.suffix.lower())
    check_no_link(place)
    note_saved(tables)
    with replacing(place) as file:
        file.write(content)
    return place


def note_saved(tables: Mapping[str, ProtectedTable]) -> None:
    """Tell the ledger of protected tables that leave as a file. Refused if a figure of theirs is a
    near twin of one that was told before."""
    settings = load()
    now = read_clock()
    run = f"{now:%Y-%m-%dT%H%M%SZ}-saved-{token_hex(3)}"
    ledger = replace(Ledger.of(settings), day=settings.day_of(now), run=run)
    ledger.enter_saved(tables.values(), standing_policy())


def _name_tables(shown: Protected | ProtectedTable) -> dict[str, ProtectedTable]:
    match shown:
        case ProtectedTable():
            return {shown.name: shown}
        case Protected() if len(shown):
            return dict(shown)
    raise NotProtected(
        "save takes what genlib.protect gave, or one of its tables; pass Cells through "
        "genlib.protect first"
    )


def _write(tables: Mapping[str, ProtectedTable], kind: str) -> bytes:
    if kind == ".xlsx":
        return _write_workbook(tables)
    if kind != ".csv":
        raise UsageError("save writes .xlsx and .csv; end the name of the file with one of them")
    if len(tables) > 1:
        raise UsageError(
            f"a CSV holds one table, and these are {len(tables)}: name one, as in "
            f"shown.{next(iter(tables))}, or save to .xlsx"
        )
    (table,) = tables.values()
    texts = pl.col(pl.String)
    is_run = texts.str.contains(f"^[{RUNS}]")
    harmless = describe_table(table).with_columns(
        pl.when(is_run).then(pl.lit("'") + texts).otherwise(texts).name.keep()
    )
    return harmless.write_csv().encode()


def describe_table(table: ProtectedTable) -> pl.DataFrame:
    """The rows of a table in the words of its language and the units of the page, with why a figure
    is not there."""
    words = Words(table.language)
    rows = table.frame.with_columns(*table.name_codes())
    columns: dict[str, pl.Series] = {}
    for dimension in table.dimensions:
        said = words.labels(rows, dimension)
        _add(columns, words.heading(rows, dimension), pl.Series(said, dtype=pl.String))
    for column in _list_figures(table):
        _add(columns, _name_column(words, column), _scale(rows[column]))
    columns[words.translate("Notes")] = _explain(rows, _list_figures(table), words)
    return pl.DataFrame(columns)


def _add(columns: dict[str, pl.Series], head: str, values: pl.Series) -> None:
    """Two columns of one head are told apart by a number."""
    same = [name for name in columns if name.partition(" (")[0] == head]
    columns[f"{head} ({len(same) + 1})" if same else head] = values


def _list_figures(table: ProtectedTable) -> list[str]:
    numeric = table.frame.select(pl.selectors.numeric() - pl.selectors.by_name(*table.dimensions))
    return [column.name for column in numeric.get_columns() if column.count()]


ENDS = {"low": "{figure}, lower end", "high": "{figure}, upper end"}


def _name_column(words: Words, column: str) -> str:
    """The head of a column; of the end of an interval with the figure that it belongs to."""
    figure, _, end = column.rpartition("_")
    if end in ENDS:
        return words.translate(ENDS[end], figure=words.column(figure))
    return words.column(column)


def _scale(values: pl.Series) -> pl.Series:
    form = form_of(values.name, whole=values.dtype.is_integer())
    scale = FORMS[form].scale
    return values if scale == 1 or form in FRACTIONS else values * scale


def _explain(rows: pl.DataFrame, figures: list[str], words: Words) -> pl.Series:
    """Why figures of a row are not there, or from when they are."""
    is_whole = pl.all_horizontal(pl.col(figures).is_not_null()) if figures else pl.lit(True)
    said = (
        pl.when(pl.col("reason") == "base")
        .then(pl.lit(words.translate("none, or too few to tell")))
        .when(pl.col("reason") == "time", is_whole)
        .then(pl.lit(words.translate("as last published")))
        .when(pl.col("reason").is_not_null())
        .then(pl.lit(words.translate("hidden to protect small groups")))
    )
    return rows.select(said.alias("said")).to_series()


def _write_workbook(tables: Mapping[str, ProtectedTable]) -> bytes:
    import xlsxwriter

    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False}) as book:
        for number, (name, table) in enumerate(tables.items(), 1):
            sheet = name if len(name) <= LONGEST_NAME else f"{name[:27]}_{number}"
            rows = describe_table(table)
            rows.write_excel(book, sheet, column_formats=_list_formats(table, rows), autofit=True)
        _write_notes(book, tables)
    return content.getvalue()


def _list_formats(table: ProtectedTable, rows: pl.DataFrame) -> dict[Any, str]:
    """The formats of the figures, by head: figures stand behind the dimensions and before the
    notes."""
    heads = rows.columns[len(table.dimensions) : -1]
    formats: dict[Any, str] = {}
    for head, column in zip(heads, _list_figures(table), strict=True):
        form = form_of(column, whole=table.frame.schema[column].is_integer())
        if form in FORMATS:
            formats[head] = FORMATS[form]
    return formats


def _write_notes(book: Any, tables: Mapping[str, ProtectedTable]) -> None:
    """A last sheet says which tables have larger groups than they might."""
    notes = {name: describe_groups(table) for name, table in tables.items()}
    known = {name: note for name, note in notes.items() if note}
    if known:
        language = next(iter(tables.values())).language
        title = Words(language).translate("Notes")
        rows = pl.DataFrame({"": list(known), title: list(known.values())})
        rows.write_excel(book, title, autofit=True)
