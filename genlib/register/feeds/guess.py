"""A first feed from a file's header, for a person to finish.

Columns whose names are the register's are taken; every other column of the file, and every column
that the register needs and nothing says, stands there as a comment. Of the rows only how they are
written is told (`guess_format`), and no value.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl

from genlib.errors import BadInput
from genlib.register.feeds.declaration import NOT_FED, Layout, find_parents
from genlib.register.feeds.files import find_encoding, is_typed, read_columns, read_rows
from genlib.register.feeds.guess_format import guess_format
from genlib.register.schema import Base, plain_columns
from genlib.register.spelling import UNREADABLE

NAMELESS = re.compile(r"__UNNAMED__|_duplicated_")
"""What readers call a column whose header is blank."""
LETTERS = "not UTF-8: look whether the letters below are right"
KEY_ASKED = '# key = ["…"]  # needed: the columns that together name a row in the source'
ASKED = "needed: here, or in [table.constants]"
NAMED = "needed: the column that names that row in the source"


def draft_feed(path: Path, table: str = "", header_row: int = 1) -> str:
    """The text of a feed for this file, whose header is its `header_row`. BadInput for what is no
    header, and if nothing in it is called as in the register and no table is named."""
    layout = Layout(find_encoding(path), header=header_row)
    header = read_columns(path, layout)
    _check_header(path, header)
    name = table or _guess_table(header)
    if name in NOT_FED or name not in Base.metadata.tables:
        raise BadInput("no feed gives this table; see the tables of genlib register info")
    rows = next(read_rows(path, layout), pl.DataFrame()).select(pl.exclude("row"))
    key = _find_key(header, rows)
    lines = [
        "# A first draft: read each line, and finish those that begin with #.",
        'source = "NAME_OF_THE_SYSTEM"',
        *_write_layout(layout),
        *_write_format(rows, is_typed=is_typed(path)),
        "",
        "[[table]]",
        f'table = "{name}"',
        f"file = {_quote(path.name)}",
        f"key = {_quote(key)}" if key else KEY_ASKED,
        *_write_columns(name, header, key),
        "",
    ]
    return "\n".join(lines)


def _find_key(header: list[str], rows: pl.DataFrame) -> str:
    """The column that names each row: `id`, or the first if it never says the same twice."""
    first = "id" if "id" in header else header[0]
    texts = rows[first] if first in rows.columns else pl.Series(dtype=pl.String)
    return first if texts.is_unique().all() else ""


def _write_columns(name: str, header: list[str], key: str) -> list[str]:
    """The sections of the columns and of the references: what the header names is taken, what is
    needed and what else the file has stands there as a comment."""
    parents = find_parents(name)
    ours = [column for column in plain_columns(name) if column.name != "id"]
    named = [column.name for column in ours if column.name in header]
    needed = [c.name for c in ours if not c.nullable and c.name not in header]
    others = [column for column in header if column not in {"id", key, *named}]
    assignments = [f"{column} = {_quote(column)}" for column in named if column not in parents]
    asked = [f'# {column} = "…"  # {ASKED}' for column in needed if column not in parents]
    references = [f"{column} = {_quote(column)}" for column in named if column in parents]
    asked_references = [f'# {column} = "…"  # {NAMED}' for column in needed if column in parents]
    pointing = [*references, *asked_references]
    return [
        "[table.columns]",
        *assignments,
        *asked,
        *[f"# … = {_quote(column)}" for column in others],
        *(["[table.references]", *pointing] if pointing else []),
    ]


def _check_header(path: Path, header: list[str]) -> None:
    if any(UNREADABLE in name for name in header):
        raise BadInput(
            f"{path.name}: letters of its header are lost (U+FFFD); export it again as CSV UTF-8"
        )
    named = [name for name in header if name.strip() and not NAMELESS.match(name)]
    if not named or 2 * len(named) < len(header):
        raise BadInput(
            f"{path.name}: {len(named)} of {len(header)} columns have a name in the row of the "
            "header; say with --header which row names them"
        )


def _write_layout(layout: Layout) -> list[str]:
    """The section of what the layout of a file has of its own."""
    lines = []
    if layout.encoding != Layout().encoding:
        comment = f"  # {LETTERS}" if layout.encoding == "cp1252" else ""
        lines.append(f"encoding = {_quote(layout.encoding)}{comment}")
    if layout.header != Layout().header:
        lines.append(f"header = {layout.header}")
    return ["", "[layout]", *lines] if lines else []


def _write_format(rows: pl.DataFrame, *, is_typed: bool) -> list[str]:
    """The section of how the cells are written, by the first rows of the file."""
    settings = guess_format(rows, is_typed=is_typed)
    lines = [f"{setting} = {value}" for setting, value in settings.items()]
    return ["", "[format]", *lines] if lines else []


def _guess_table(header: list[str]) -> str:
    """The table most of whose columns the header names."""
    tables = [one.name for one in Base.metadata.sorted_tables if one.name not in NOT_FED]
    common = {
        name: len({column.name for column in plain_columns(name)} & set(header)) for name in tables
    }
    best = max(tables, key=lambda name: common[name])
    if not common[best]:
        raise BadInput(
            "no column of the file is called as in the register, so its table cannot be told; name "
            "it with --table, or with --header the row that names the columns"
        )
    return best


def _quote(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)
