"""Workbooks as Excel writes them, cell by cell: what XlsxWriter would hide is what is tested."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
FORMATS = (
    '<numFmts><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd hh:mm"/>'
    '<numFmt numFmtId="166" formatCode="[h]:mm"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="165" applyNumberFormat="1"/><xf numFmtId="166" applyNumberFormat="1"/>'
    '<xf numFmtId="20" applyNumberFormat="1"/></cellXfs>'
)
EPOCH = dt.datetime(1899, 12, 30)


@dataclass(frozen=True)
class Xml:
    """A cell as it stands in the file."""

    cell: str


DURATION = 3
TIME = 4
"""The styles of hours that count beyond a day, [h]:mm, and of a time of day, h:mm."""


def styled(style: int, number: float) -> Xml:
    return Xml(f'<c s="{style}"><v>{number}</v></c>')


def error(word: str) -> Xml:
    return Xml(f'<c t="e"><v>{word}</v></c>')


def write_workbook(path: Path, *sheets: Sequence[Sequence[object]], tail: str = "") -> Path:
    """A workbook of these sheets, each a list of rows with the header first. `tail` stands after
    the rows of each."""
    numbers = range(len(sheets))
    parts = {
        "[Content_Types].xml": _content_types(numbers),
        "_rels/.rels": _relations([(f"{OFFICE}/relationships/officeDocument", "workbook.xml")]),
        "_rels/workbook.xml.rels": _relations(
            [(f"{OFFICE}/relationships/worksheet", f"sheet{at}.xml") for at in numbers]
            + [(f"{OFFICE}/relationships/styles", "styles.xml")]
        ),
        "workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}/relationships"><sheets>'
        + "".join(f'<sheet name="s{at}" sheetId="{at + 1}" r:id="r{at}"/>' for at in numbers)
        + "</sheets></workbook>",
        "styles.xml": f'<styleSheet xmlns="{MAIN}">{FORMATS}</styleSheet>',
    }
    for at, rows in enumerate(sheets):
        data = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData>{tail}</worksheet>'
        parts[f"sheet{at}.xml"] = sheet
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _cell(value: object) -> str:
    """Numbers as numbers, dates as numbers with a date's format, truth as truth."""
    if value is None:
        return "<c/>"
    if isinstance(value, Xml):
        return value.cell
    if isinstance(value, dt.date):
        return _date_cell(value)
    if isinstance(value, int | float):
        kind = ' t="b"' if isinstance(value, bool) else ""
        return f"<c{kind}><v>{value:{'d' if kind else ''}}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def _date_cell(value: dt.date) -> str:
    if isinstance(value, dt.datetime):
        return f'<c s="2"><v>{(value - EPOCH) / dt.timedelta(days=1)}</v></c>'
    return f'<c s="1"><v>{(value - EPOCH.date()).days}</v></c>'


def _relations(relations: list[tuple[str, str]]) -> str:
    linked = "".join(
        f'<Relationship Id="r{at}" Type="{kind}" Target="{to}"/>'
        for at, (kind, to) in enumerate(relations)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{linked}</Relationships>'


def _content_types(numbers: range) -> str:
    parts = [("workbook", "sheet.main"), ("styles", "styles")]
    parts += [(f"sheet{at}", "worksheet") for at in numbers]
    kinds = "".join(
        f'<Override PartName="/{part}.xml" ContentType="{KIND}.{kind}+xml"/>'
        for part, kind in parts
    )
    relations = '<Default Extension="rels" ContentType="'
    relations += 'application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'<Types xmlns="{PACKAGE}/content-types">{relations}{kinds}</Types>'
