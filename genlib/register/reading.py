"""Files of a register as they come - CSV, Excel or Parquet, one per table - in frames of text, so
that one set of rules reads them all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from genlib.errors import BadInput
from genlib.register.schema import Base, plain_columns

KINDS = (".csv", ".xlsx", ".parquet")
OWN = {"audit_event", "held_back", "suppression"}
"""Tables that the register writes itself."""


def files(folder: Path) -> dict[str, Path]:
    """Table → its file, in an order that puts customers before their invoices. BadInput for a file
    that is no table's."""
    found = [
        path
        for path in sorted(Path(folder).iterdir())
        if path.suffix.lower() in KINDS and not path.name.startswith(("~", "."))
    ]
    tables = [table.name for table in Base.metadata.sorted_tables if table.name not in OWN]
    strange = [path.name for path in found if path.stem not in tables]
    if strange or not found:
        what = f"{len(strange)} file(s) are no table's" if strange else "no table's file is there"
        raise BadInput(f"{folder}: {what}; name each file after its table: {', '.join(tables)}")
    twice = {path.stem for path in found if sum(other.stem == path.stem for other in found) > 1}
    if twice:
        raise BadInput(f"{folder}: more than one file for {', '.join(sorted(twice))}")
    return {name: path for name in tables for path in found if path.stem == name}


def check_columns(name: str, path: Path) -> None:
    """BadInput names the columns that are missing or unknown."""
    with _readable(path):
        given = _scan(path).collect_schema().names()
    known = {column.name: column for column in plain_columns(name)}
    missing = [
        column for column, kind in known.items() if column not in given and not kind.nullable
    ]
    if not known.keys() & set(given):
        raise BadInput(
            f"{path.name}: the first row is not a header; it must name the columns of {name}: "
            f"{', '.join(known)}"
        )
    # what stands in a header may be a person if the header is broken, so only what looks like a
    # column's name is repeated
    unknown = [
        c if re.fullmatch(r"[a-z_]{2,30}", c) else f"number {at}"
        for at, c in enumerate(given, 1)
        if c not in known
    ]
    if missing or unknown:
        parts = [f"lacks column {', '.join(missing)}"] * bool(missing) + [
            f"has unknown column {', '.join(unknown)}"
        ] * bool(unknown)
        raise BadInput(f"{path.name} {' and '.join(parts)}")


def batches(path: Path, rows: int) -> Iterator[pl.DataFrame]:
    """The file in frames of at most `rows`, all text, with `row`: 1 for the first row after the
    header. A line of nothing but spaces and separators is no row."""
    filled = pl.any_horizontal(pl.exclude("row").str.strip_chars() != "")
    with _readable(path):
        yield from (
            part.with_columns(pl.col("row").cast(pl.Int64))
            for batch in _scan(path)
            .with_row_index("row", 1)
            .filter(filled)
            .collect_batches(chunk_size=rows)
            for part in batch.iter_slices(rows)
        )


def _scan(path: Path) -> pl.LazyFrame:
    kind = path.suffix.lower()
    if kind == ".csv":
        with path.open(encoding="utf-8", errors="replace") as file:
            header = file.read(65_536).lstrip().partition("\n")[0]
        separator = ";" if header.count(";") > header.count(",") else ","
        return pl.scan_csv(path, infer_schema=False, separator=separator, glob=False)
    frame = (
        pl.scan_parquet(path, glob=False)
        if kind == ".parquet"
        else pl.read_excel(path, infer_schema_length=0).lazy()
    )
    return frame.with_columns(
        _as_text(column, kind) for column, kind in frame.collect_schema().items()
    )


def _as_text(column: str, kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.Datetime):
        utc = (
            pl.col(column) if kind.time_zone is None else pl.col(column).dt.convert_time_zone("UTC")
        )
        return utc.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return pl.col(column).cast(pl.String)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Readers quote the cell that they fell over; only the file may be named."""
    try:
        yield
    except Exception as error:  # each kind of file has a reader, and each reader errors, of its own
        kind = type(error).__name__
        raise BadInput(
            f"{path.name} cannot be read as {path.suffix[1:]} in UTF-8 with as many cells in each "
            f"row ({kind})"
        ) from None
