"""Protected tables as files, for those who live in Excel: in words and in the units of the page.

Example: of cells email 900 (people), post hidden, total 1,003 a Finnish file has the rows
"sähköposti", 900 - "posti", empty, "piilotettu pienten ryhmien suojaamiseksi" - "yhteensä", 1003.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import polars as pl

from genlib.arguments import check_call
from genlib.atomic import replacing
from genlib.clock import read_clock
from genlib.disclosure.ledger import Ledger
from genlib.disclosure.protect import standing_policy
from genlib.disclosure.table import Protected, ProtectedTable
from genlib.errors import NotProtected, UsageError
from genlib.present.sheets import describe_table, make_sheet, write_workbook
from genlib.private import check_no_link
from genlib.settings import load

RUNS = r"=+\-@\t\r"
"""What a spreadsheet runs at the beginning of a text of CSV."""


@check_call
def save(protected: Protected | ProtectedTable, path: str | Path) -> Path:
    """Write protected tables to an Excel workbook, a sheet each, or one of them to CSV; gives the
    place. The file is its owner's alone, and there whole or not at all.

    Raises NotProtected for anything that `genlib.protect` did not let out, Refused for figures of
    nearly the same people as others that were told before, UsageError for a file that ends
    otherwise than with .xlsx or .csv, and for several tables in one CSV.
    """
    place = Path(path)
    tables = _name_tables(protected)
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


def _name_tables(protected: Protected | ProtectedTable) -> dict[str, ProtectedTable]:
    match protected:
        case ProtectedTable():
            return {protected.name: protected}
        case Protected() if len(protected):
            return dict(protected)
    raise NotProtected(
        "save takes what genlib.protect gave, or one of its tables; pass Cells through "
        "genlib.protect first"
    )


def _write(tables: Mapping[str, ProtectedTable], kind: str) -> bytes:
    if kind == ".xlsx":
        language = next(iter(tables.values())).language
        return write_workbook(map(make_sheet, tables.values()), language)
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
