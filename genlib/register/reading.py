"""Files of a register as they come - CSV, Excel or Parquet, one per table - in frames of text, so
that one set of rules reads them all. A file is read whole or refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from genlib.errors import BadInput
from genlib.register.delimited import Form, find_separator, read_form, read_pieces, seam
from genlib.register.schema import WRITTEN_HERE, Base, plain_columns
from genlib.register.workbook import find_header, read_workbook

KINDS = (".csv", ".xlsx", ".parquet")
PASSED_OVER = re.compile(
    r"\..*|~\$.*|readme(?:\.(?:md|txt))?|thumbs\.db|desktop\.ini|register\.sqlite(?:-\w+)?",
    re.IGNORECASE,
)
"""Hidden files, Excel's locks, a README, what Windows leaves behind and the register itself."""
CELL_TYPES = (
    pl.String,
    pl.Categorical,
    pl.Enum,
    pl.Boolean,
    pl.Date,
    pl.Datetime,
    pl.Decimal,
    pl.Null,
    *pl.datatypes.group.NUMERIC_DTYPES,
)
"""The types of Parquet that are read as text; a list, a struct, a duration or bytes are none."""
EXACT_FLOAT32 = 2**24
"""Beyond this a float of four bytes holds no whole number: its last digits are made up."""
COLUMN_NAME = re.compile(r"[a-z_]{2,30}", re.ASCII)


def files(folder: Path) -> dict[str, Path]:
    """Table → its file, in an order that puts customers before their invoices. BadInput for
    any other file of the folder but for hidden ones, locks of Excel, a README and the register.
    Folders in it are passed over too, unless they bear a table's name.

    A file's name may hold a person's, so it is told only if it begins with a table's.
    """
    tables = [table.name for table in Base.metadata.sorted_tables if table.name not in WRITTEN_HERE]
    present = [path for path in sorted(Path(folder).iterdir()) if _counts(path)]
    _refuse_kinds(present, tables)
    paths = [path for path in present if not path.is_dir()]
    strange = [path for path in paths if not _is_readable(path) or path.stem not in tables]
    table_files = [path for path in paths if path not in strange]
    naming = f"name each file after its table: {', '.join(tables)}"
    if not any(_is_readable(path) for path in paths):
        others = f", but {len(strange)} other(s)" if strange else ""
        raise BadInput(f"{folder}: no table's file is there{others}; {naming}")
    if strange:
        raise BadInput(f"{folder}: {len(strange)} file(s) are no table's; {naming}")
    twice = {
        path.stem
        for path in table_files
        if sum(other.stem == path.stem for other in table_files) > 1
    }
    if twice:
        raise BadInput(f"{folder}: more than one file for {', '.join(sorted(twice))}")
    return {name: path for name in tables for path in table_files if path.stem == name}


def _counts(path: Path) -> bool:
    return not PASSED_OVER.fullmatch(path.name)


def _is_readable(path: Path) -> bool:
    return path.suffix.lower() in KINDS and path.is_file()


def _refuse_kinds(paths: list[Path], tables: list[str]) -> None:
    """BadInput for a table's file of a kind that is not read."""
    for path in paths:
        table, _, kind = path.name.partition(".")
        if table in tables and f".{kind.lower()}" not in KINDS:
            raise BadInput(f"{table}{_tell_kind(kind)}: save it as .xlsx or CSV")
        if table in tables and not path.is_file():
            raise BadInput(f"{table}.{kind.lower()} is no file; give the table as one")


def _tell_kind(kind: str) -> str:
    """What follows the table's name, if it looks like the ending of a file."""
    if not kind:
        return " (without an ending)"
    return f".{kind}" if re.fullmatch(r"[A-Za-z0-9]{1,8}(?:\.[A-Za-z0-9]{1,4})?", kind) else ".…"


def check_columns(name: str, path: Path) -> None:
    """BadInput for a file that is not whole, and names the columns that are missing or unknown.

    What stands in a header may be a person if the header is broken, so unknown columns are told by
    number unless half of the names or more are known.
    """
    with readable(path):
        if path.suffix.lower() == ".csv":
            read_form(path)
        header = _scan(path).collect_schema().names()
    columns = {column.name: column for column in plain_columns(name)}
    missing = [c for c, kind in columns.items() if c not in header and not kind.nullable]
    matching = columns.keys() & set(header)
    if not matching:
        raise BadInput(
            f"{path.name}: the first row is not a header; it must name the columns of {name}: "
            f"{', '.join(columns)}"
        )
    is_header = 2 * len(matching) >= len(header)
    unknown = [
        column if is_header and COLUMN_NAME.fullmatch(column) else f"number {at}"
        for at, column in enumerate(header, 1)
        if column not in columns
    ]
    parts = []
    if missing:
        parts.append(f"lacks column {', '.join(missing)}")
    if unknown:
        parts.append(f"has unknown column {', '.join(unknown)}")
    if parts:
        raise BadInput(f"{path.name} {' and '.join(parts)}")
    _check_types(path, [column for column in header if column in columns])


def _check_types(path: Path, columns: list[str]) -> None:
    """BadInput for a column of a type that is no cell's, and for cents that may be euros."""
    cents = [column for column in columns if column.endswith("_cents")]
    if path.suffix.lower() == ".parquet":
        types = pl.read_parquet_schema(path)
        for column in columns:
            if types[column].base_type() not in CELL_TYPES:
                kind = str(types[column].base_type()).lower()
                raise BadInput(
                    f"{path.name}: column {column} is of type {kind}; save it as text, numbers, "
                    "dates or instants"
                )
        _refuse_euros(path, [column for column in cents if types[column].is_float()])
    if path.suffix.lower() == ".xlsx" and cents:
        frame = read_workbook(path)
        has_decimals = pl.col(cents).str.contains(r"^\s*[-+]?[0-9]+[.,][0-9]").any()
        has_cents = frame.select(has_decimals).row(0, named=True)
        _refuse_euros(path, [column for column in cents if has_cents[column]])


def _refuse_euros(path: Path, columns: list[str]) -> None:
    if columns:
        raise BadInput(
            f"{path.name}: column {', '.join(columns)} has decimals, so it may be euros; save it "
            "as whole numbers of cents"
        )


def read_header(path: Path) -> list[str]:
    """The names of the columns of a file."""
    with readable(path):
        return _scan(path).collect_schema().names()


def batches(name: str, path: Path, rows: int) -> Iterator[pl.DataFrame]:
    """The file in frames of at most `rows`, all text, with `row`: the number that whoever opens the
    file sees beside it, in CSV its first line. A Parquet file's first row is 1. A line of nothing
    but spaces and separators is no row. name: the table; blank for a file in a layout of its own.

    BadInput at the end if not every record of the file came, so read in a transaction.
    """
    with readable(path):
        form = read_form(path) if path.suffix.lower() == ".csv" else None
        seams = _seams(name, read_header(path), form.separator) if form else {}
        first = form.first if form else find_first_row(path)
        count = breaks = 0
        for frame in _read_frames(path, form, rows):
            numbers = pl.int_range(first + count, first + count + pl.len(), dtype=pl.Int64)
            batch = frame.select(numbers.alias("row"), pl.all())
            count += batch.height
            inside = _count_breaks(batch, is_any=bool(form and form.breaks))
            lines = batch.with_columns(row=pl.col("row") + inside.cum_sum() - inside + breaks)
            breaks += int(inside.sum())
            if form and form.breaks:
                _refuse_joined(path, lines, seams)
            yield from drop_blank_rows(lines).iter_slices(rows)
        if form and count != form.records:
            raise BadInput(f"{path.name} has {form.records} rows, but {count} could be read")


def _read_frames(path: Path, form: Form | None, rows: int) -> Iterator[pl.DataFrame]:
    """The file in frames of text; of a CSV file as many rows as a piece of it has."""
    if form is None:
        yield from _scan(path).collect_batches(chunk_size=rows)
        return
    names: list[str] = []
    for piece in read_pieces(path, form):
        # whatever a piece begins with, it does not become its header
        header = form.separator.join(map(str, range(len(names)))) + "\n" if names else ""
        source = header.encode() + piece
        frame = pl.scan_csv(source, infer_schema=False, separator=form.separator).collect()
        names = names or frame.columns
        frame.columns = names
        yield frame


def find_first_row(path: Path) -> int:
    """The number of the first row below the header, as whoever opens the file sees it."""
    return find_header(path) + 1 if path.suffix.lower() == ".xlsx" else 1


def _count_breaks(batch: pl.DataFrame, *, is_any: bool) -> pl.Series:
    """How many line breaks the cells of each row have. is_any: whether there may be one."""
    if not is_any:
        return pl.zeros(batch.height, pl.Int64, eager=True)
    breaks = pl.sum_horizontal(pl.exclude("row").str.count_matches("\n", literal=True))
    return batch.select(breaks.cast(pl.Int64)).to_series()


def drop_blank_rows(lines: pl.DataFrame) -> pl.DataFrame:
    """The rows that say anything. Most files have something in each first cell, so nobody looks at
    all cells of all rows."""
    has_text = pl.exclude("row").str.strip_chars() != ""
    firsts = lines.select("row", *lines.columns[1:2]).select(has_text.fill_null(value=False))
    has_all_firsts = firsts.width > 0 and firsts.to_series().all()
    return lines if has_all_firsts else lines.filter(pl.any_horizontal(has_text))


def _seams(name: str, header: list[str], separator: str) -> dict[str, str]:
    """For each column what a cell of it holds if a stray quotation mark joined two rows."""
    columns = {column.name: column for column in plain_columns(name)} if name else {}
    fields = [_field(columns.get(column), separator) for column in header]
    return {column: seam(fields, at, separator) for at, column in enumerate(header)}


def _field(column: sa.Column[Any] | None, separator: str) -> str:
    """A regular expression for the cells of a column, of the register's or of anybody's."""
    if column is None:
        return rf"[^{separator}\n]*"
    if isinstance(column.type, sa.Enum):
        return f"(?:{'|'.join(column.type.enums)})?"
    if isinstance(column.type, sa.Integer):
        return "[-+0-9.]*"
    return rf"[^{separator}\n]*"


def _refuse_joined(path: Path, batch: pl.DataFrame, seams: dict[str, str]) -> None:
    has_break = pl.exclude("row").str.contains("\n", literal=True)
    broken = batch.filter(pl.any_horizontal(has_break))
    for column, pattern in seams.items() if broken.height else ():
        joined = broken.filter(pl.col(column).str.contains(pattern))
        if joined.height:
            place = "line" if path.suffix.lower() == ".csv" else "row"
            raise BadInput(
                f"{path.name}: {place} {joined['row'][0]} holds the next row in its column "
                f"{column}; a quotation mark is missing or too many"
            )


def _scan(path: Path) -> pl.LazyFrame:
    kind = path.suffix.lower()
    if kind == ".csv":
        separator = find_separator(path)
        return pl.scan_csv(path, infer_schema=False, separator=separator, glob=False)
    if kind == ".xlsx":
        return read_workbook(path).lazy()
    frame = pl.scan_parquet(path, glob=False)
    return frame.with_columns(
        _as_text(column, kind) for column, kind in frame.collect_schema().items()
    )


def _as_text(column: str, kind: pl.DataType) -> pl.Expr:
    """A value as it would stand in a CSV file. An instant without a zone keeps none, so that it is
    refused; a decimal keeps its decimals, so that it is no float that happens to be whole."""
    value = pl.col(column)
    if isinstance(kind, pl.Datetime) and kind.time_zone is None:
        return value.dt.strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(kind, pl.Datetime):
        return value.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind == pl.Float32:
        is_exact = value.abs() <= EXACT_FLOAT32
        return pl.when(is_exact).then(value.cast(pl.String)).otherwise(value.cast(pl.String) + "~")
    if isinstance(kind, pl.Decimal) and kind.scale == 1:
        return value.cast(pl.String) + "0"
    return value.cast(pl.String)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Readers quote the cell that they fell over; only the file may be named."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:  # each kind of file has a reader, and each reader errors, of its own
        kind = type(error).__name__
        cells = " in UTF-8 with as many cells in each row" if path.suffix.lower() == ".csv" else ""
        raise BadInput(f"{path.name} cannot be read as {path.suffix[1:]}{cells} ({kind})") from None
