"""A first feed from a file's header, for a person to finish.

Columns whose names are the register's are taken; every other column of the file, and every column
that the register needs and nothing says, stands there as a comment. Nothing of the rows is read.
"""

from __future__ import annotations

import json
from pathlib import Path

from genlib.errors import BadInput
from genlib.register.feeds.declaration import NOT_FED
from genlib.register.feeds.files import read_columns
from genlib.register.schema import Base, plain_columns


def draft_feed(path: Path, table: str = "") -> str:
    """The text of a feed for this file. BadInput if nothing in it is called as in the register, and
    no table is named."""
    header = read_columns(path)
    name = table or _guess_table(header)
    if name in NOT_FED or name not in Base.metadata.tables:
        raise BadInput("no feed gives this table; see the tables of genlib register info")
    columns = [column.name for column in plain_columns(name) if column.name != "id"]
    sources = {column: column for column in columns if column in header}
    needed = [c.name for c in plain_columns(name) if not c.nullable and c.name not in sources]
    missing = [column for column in needed if column != "id"]
    others = [column for column in header if column not in sources and column != "id"]
    key = "id" if "id" in header else header[0]
    assignments = [f"{column} = {_quote(source)}" for column, source in sources.items()]
    asked = [f'# {column} = "…"  # needed: here, or in [table.constants]' for column in missing]
    left = [f"# … = {_quote(column)}" for column in others if column != key]
    lines = [
        "# A first draft: read each line, and finish those that begin with #.",
        'source = "NAME_OF_THE_SYSTEM"',
        "",
        "[[table]]",
        f'table = "{name}"',
        f"file = {_quote(path.name)}",
        f"key = {_quote(key)}",
        "[table.columns]",
        *assignments,
        *asked,
        *left,
        "",
    ]
    return "\n".join(lines)


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
            "it with --table"
        )
    return best


def _quote(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)
