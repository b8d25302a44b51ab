"""An Excel workbook as text, with nothing that Excel shows lost on the way.

A cell in error, a formula that was never worked out and all but one cell of a merged block are
empty to whoever only asks for values, and a number of more than 15 digits has lost its last ones:
an empty `ended_at` would be a consent without end. So an error comes as its word, which every rule
refuses, and the others stop the file.

A date before 1904 was a time of day or a number of hours ([h]:mm), which the reader takes for days
since 1899: it comes as an error too. Hours of more than four years are taken for a date.
"""

from __future__ import annotations

import logging
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl

from genlib.errors import BadInput

ERROR = "#N/A"
CHUNK = 1 << 20
OVERLAP = 4096
NO_DATE = r"^(?:1899|190[0-3])-[0-9]{2}-[0-9]{2}(?: |$)"
CELL = rb"<(?:\w+:)?c(?:\s+(?!t=)[\w:]+=\"[^\"]*\")*\s*>"
FORMULA = rb"(?:<(?:\w+:)?f\b[^>]*/>|<(?:\w+:)?f\b[^>]*>[^<]*</(?:\w+:)?f>)"
MERGE = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*>")
LAST_ROW = re.compile(rb":\$?[A-Z]+\$?([0-9]+)\"")
LOST = {
    "has a formula without its value; open it in Excel and save it": re.compile(
        FORMULA + rb"\s*</(?:\w+:)?c>"
    ),
    "has numbers of over 15 digits, which Excel does not keep; make them text": re.compile(
        CELL
        + FORMULA
        + rb"?<(?:\w+:)?v>-?(?:\d{16,}|\d(?:\.\d+)?[Ee]\+?(?:1[5-9]|[2-9]\d|\d{3}))\D"
    ),
}


def read_workbook(path: Path, *, sheet: str = "", header: int = 1) -> pl.DataFrame:
    """The one filled sheet, or the `sheet` that is named, all text, from its header row on; a row
    of nothing is null. BadInput for a workbook of which something would be lost; a title above the
    header may be merged."""
    for part in _parts(path):
        if any(_reaches(merge, header) for merge in MERGE.findall(part)):
            raise BadInput(f"{path.name} has merged cells; unmerge them")
        for what, pattern in LOST.items():
            if pattern.search(part):
                raise BadInput(f"{path.name} {what}")
    return _read_sheet(_load_sheet(path, sheet, header))


def find_header(path: Path, *, sheet: str = "") -> int:
    """The number of the row that the reader takes for the header if none is told: the first that is
    not empty."""
    below_found, below_second = (
        _load_sheet(path, sheet, header, rows=0).total_height for header in (1, 2)
    )
    return below_second - below_found + 2


def read_names(path: Path, *, sheet: str = "", header: int = 1) -> list[str]:
    """What stands in the header row, as it is written: a name may stand there twice."""
    row = _load_sheet(path, sheet, header, rows=1, is_named=False).to_polars()
    return [name or "" for name in row.row(0)] if row.height else []


def _load_sheet(
    path: Path, name: str, header: int, rows: int | None = None, *, is_named: bool = True
) -> fastexcel.ExcelSheet:
    """The sheet of this name, else the one that is filled; of `rows` only the first. `is_named`:
    its header row names the columns, and is no row itself."""
    logging.getLogger("fastexcel").setLevel(logging.ERROR)
    book = fastexcel.read_excel(path)
    names = [one for one in book.sheet_names if name in {"", one}]
    if not names:
        raise BadInput(f"{path.name} has no sheet of the name that the feed says")
    above = header - 1
    place: Any = {"header_row": above} if is_named else {"header_row": None, "skip_rows": above}
    sheets: list[fastexcel.ExcelSheet] = [
        book.load_sheet(one, n_rows=rows, dtypes="string", **place) for one in names
    ]
    filled = [sheet for sheet in sheets if sheet.width] or sheets[:1]
    if len(filled) > 1:
        raise BadInput(f"{path.name} has {len(filled)} filled sheets; leave the one that counts")
    return filled[0]


def _read_sheet(sheet: fastexcel.ExcelSheet) -> pl.DataFrame:
    batch, errors = sheet.to_arrow_with_errors()
    is_no_date = pl.all().str.contains(NO_DATE)
    frame = pl.DataFrame(batch).with_columns(
        pl.when(is_no_date).then(pl.lit(ERROR)).otherwise(pl.all()).name.keep()
    )
    if errors is None:
        return frame
    places = pl.DataFrame(
        [error.offset_position for error in errors.errors],
        schema={"row": pl.Int64, "column": pl.Int64},
        orient="row",
    )
    for (column,), rows in places.group_by("column"):
        name = frame.columns[int(str(column))]
        is_wrong = pl.int_range(pl.len()).is_in(rows["row"].implode())
        text = pl.when(is_wrong).then(pl.lit(ERROR)).otherwise(pl.col(name))
        frame = frame.with_columns(text.alias(name))
    return frame


def _reaches(merge: bytes, header: int) -> bool:
    """Whether merged cells are not wholly above the header row."""
    last = LAST_ROW.search(merge)
    return last is None or int(last[1]) >= header


def _parts(path: Path) -> Iterator[bytes]:
    """The XML of the sheets in overlapping pieces, so that nothing is cut at a border."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.endswith(".xml"):
                continue
            with archive.open(name) as file:
                tail = b""
                while chunk := file.read(CHUNK):
                    yield tail + chunk
                    tail = chunk[-OVERLAP:]
