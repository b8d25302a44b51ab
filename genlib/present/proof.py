"""What the figures of a report are held against when it is exported: its protected tables, cell by cell, as they left door 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genlib.disclosure.table import Protected, ProtectedTable
from genlib.errors import NotProtected
from genlib.present.words import Words


def of(tables: Protected, manifest: Any, said: Sequence[str], words: Words) -> Mapping[str, Any]:
    """The shown cells of every table, who was left out of how many, and what the conditions say, for JSON.

    Raises NotProtected for a table that is not as genlib.protect made it.
    """
    people = {"people": manifest.people, "left_out": list(manifest.left_out.values())}
    return {"language": words.language, "tables": {name: _cells(tables[name]) for name in tables}, "said": list(said), **people}


def _cells(table: ProtectedTable) -> dict[str, Any]:
    if table.fingerprint() != table.digest:
        raise NotProtected(f"table {table.name} was changed after genlib.protect made it; take a copy of its rows instead")
    columns = {name: [_plain(value) for value in table.frame[name]] for name in table.frame.columns if name != "reason"}
    return {"dimensions": table.dimensions, "columns": columns}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
