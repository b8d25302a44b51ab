"""The files of a source, read in the layout that its feed says, as frames of text.

A file in UTF-16 or Windows-1252, or with lines above its header, is first written again in UTF-8
into a folder that only its owner reads; it is gone when the file has been read.
"""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from genlib.errors import BadInput, UsageError
from genlib.register.delimited import find_separator
from genlib.register.feeds.declaration import Layout, TableFeed
from genlib.register.reading import KINDS, batches, drop_blank_rows, read_header, readable
from genlib.register.workbook import find_header, read_names, read_workbook

ROWS = 65_536
CHUNK = 1 << 20
DOUBLE = re.compile(r"_duplicated_\d+$")
"""What the reader of CSV writes behind a name that stands in the header again."""


def find_file(folder: Path, feed: TableFeed) -> Path:
    """The one file that the pattern names; BadInput if there is none, or more than one."""
    if not folder.is_dir():
        raise UsageError(f"the folder of the files is not there: {folder}")
    paths = [path for path in sorted(folder.glob(feed.file)) if path.is_file()]
    if not paths:
        raise BadInput(
            f"table {feed.table}: no file of {folder} is named {feed.file}; say with --files where "
            "it lies, or mend file in the feed"
        )
    if paths[1:]:
        raise BadInput(
            f"table {feed.table}: {len(paths)} files are named {feed.file}; leave the one that "
            "counts"
        )
    if paths[0].suffix.lower() not in KINDS:
        raise BadInput(f"table {feed.table}: save {feed.file} as .xlsx, .csv or .parquet")
    return paths[0]


def is_typed(path: Path) -> bool:
    """Whether a cell of the file may be a date, a number or a truth, and not a text."""
    return path.suffix.lower() != ".csv"


def find_encoding(path: Path, *, is_whole: bool = True) -> str:
    """What a file, or only its beginning, is written in: UTF-8 if it can be read so, UTF-16 if it
    begins as that does, else Windows-1252, in which nearly anything can be read."""
    if is_typed(path):
        return "utf-8"
    with path.open("rb") as file:
        beginning = file.read(len(codecs.BOM_UTF16))
    if beginning in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    try:
        with path.open(encoding="utf-8") as text:
            while text.read(CHUNK) and is_whole:
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def check_encoding(path: Path, layout: Layout) -> None:
    """BadInput for a file that is written otherwise than its feed says, as when a system was
    changed since last month. Read as Windows-1252 a file in UTF-8 would give "MetsÃ¤puro", and
    nobody would be told."""
    if is_typed(path):
        return
    can_be_anything = layout.encoding == "cp1252"
    encoding = find_encoding(path, is_whole=can_be_anything)
    if encoding == layout.encoding or (can_be_anything and _is_ascii(path)):
        return
    raise BadInput(
        f"{path.name} looks like {encoding} and the feed says {layout.encoding}: write "
        f'encoding = "{encoding}" into [layout] of the feed, or export it as before'
    )


def _is_ascii(path: Path) -> bool:
    """Whether every encoding but UTF-16 reads a file alike."""
    with path.open("rb") as file:
        return all(chunk.isascii() for chunk in iter(lambda: file.read(CHUNK), b""))


def read_columns(path: Path, layout: Layout | None = None) -> list[str]:
    """The names of a file's columns."""
    form = layout or Layout()
    with _plain(path, form) as plain:
        return _read_sheet(plain, form).columns if _is_sheet(plain) else read_header(plain)


def _read_names(path: Path, layout: Layout) -> list[str]:
    """The names of a file's columns as they are written, those that stand there twice too."""
    if _is_sheet(path):
        return read_names(path, sheet=layout.sheet, header=layout.header)
    return [DOUBLE.sub("", name) for name in read_columns(path, layout)]


@dataclass(frozen=True)
class FileRows:
    """The rows of a file that a feed says to be a table."""

    table_feed: TableFeed
    path: Path

    @property
    def is_typed(self) -> bool:
        """Whether a cell may be a date, a number or a truth, and not a text."""
        return is_typed(self.path)

    def check(self) -> None:
        """BadInput if the file is in another encoding than the feed says, or lacks a column that
        the feed reads."""
        layout = self.table_feed.layout
        check_encoding(self.path, layout)
        header = read_columns(self.path, layout)
        wanted = self.table_feed.source_columns
        missing = [column for column in wanted if column not in header]
        if len(missing) == len(wanted):
            raise BadInput(
                f"table {self.table_feed.table}: row {layout.header} of the file names none of the "
                "columns that the feed reads; write header = … into [layout] for the row that does"
            )
        if missing:
            raise BadInput(
                f"table {self.table_feed.table}: the file lacks column {', '.join(missing)}; mend "
                "the feed or the export"
            )
        names = _read_names(self.path, layout)
        twice = [column for column in wanted if names.count(column) > 1]
        if twice:
            raise BadInput(
                f"table {self.table_feed.table}: the file has column {', '.join(twice)} twice, and "
                "nobody knows which is meant; rename one in the export"
            )

    def read(self, columns: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
        """The file, or some of its columns, in frames of text, with `row` as in `batches`."""
        for rows in read_rows(self.path, self.table_feed.layout):
            yield rows.select("row", *columns) if columns else rows


def read_rows(path: Path, layout: Layout) -> Iterator[pl.DataFrame]:
    """The file in frames of text, with `row` as in `batches`."""
    with _plain(path, layout) as plain:
        if not _is_sheet(plain):
            yield from batches("", plain, ROWS)
            return
        rows = _read_sheet(plain, layout).with_row_index("row", _find_header(plain, layout) + 1)
        yield from (
            drop_blank_rows(rows).with_columns(pl.col("row").cast(pl.Int64)).iter_slices(ROWS)
        )


def _is_sheet(path: Path) -> bool:
    return path.suffix.lower() == ".xlsx"


def _read_sheet(path: Path, layout: Layout) -> pl.DataFrame:
    with readable(path):
        return read_workbook(path, sheet=layout.sheet, header=layout.header)


def _find_header(path: Path, layout: Layout) -> int:
    """The number of the row that names the columns of a sheet."""
    return layout.header if layout.header > 1 else find_header(path, sheet=layout.sheet)


@contextmanager
def _plain(path: Path, layout: Layout) -> Iterator[Path]:
    """The file as UTF-8 with nothing above its header but empty lines."""
    if path.suffix.lower() != ".csv":
        yield path
        return
    is_plain = layout.encoding == "utf-8" and layout.header == 1
    with tempfile.TemporaryDirectory() as folder:
        plain = path if is_plain else Path(folder) / path.name
        if not is_plain:
            _rewrite(path, plain, layout)
        if layout.separator and find_separator(plain) != layout.separator:
            raise BadInput(f"{path.name}: its cells are not parted as the feed's separator says")
        yield plain


def _rewrite(path: Path, plain: Path, layout: Layout) -> None:
    try:
        with path.open(encoding=layout.encoding, newline="") as source:
            for _ in range(layout.header - 1):
                source.readline()
            with plain.open("w", encoding="utf-8", newline="") as target:
                target.write("\n" * (layout.header - 1))
                while text := source.read(CHUNK):
                    target.write(text)
    except UnicodeError:
        raise BadInput(f"{path.name} is not in {layout.encoding}") from None
