"""The catalogue: every column of the register has a class, a use and a retention, and no release is
granted what its class forbids.

Example: a column that names the use `fun` gives `customer.personal_id: unknown purpose fun; the
list of uses is closed (N4.25)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from genlib.notice.codes import CLASSES, CLOSED, COARSENINGS, SPECIAL
from genlib.notice.values import Column

if TYPE_CHECKING:
    from genlib.notice.terms import Notice

Columns = Mapping[str, Mapping[str, Column]]
"""Table, then column."""


def select_granted(columns: Columns, purpose: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Table -> column -> coarsenings that a purpose is granted; everything else is denied."""
    tables = {}
    for table, entries in columns.items():
        granted = {}
        for name, column in entries.items():
            ways = column.grants.get(purpose, ("drop",))
            if ways != ("drop",):
                granted[name] = ways
        if granted:
            tables[table] = granted
    return tables


def find_schema_faults(columns: Columns, tables: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """What keeps the catalogue and the tables of the register apart, a line each."""
    catalogue = _name_columns(columns)
    schema = _name_columns(tables)
    for name in sorted(schema - catalogue):
        yield (
            f"{name} is in the register but not in the catalogue; give it a class and a purpose, "
            "or remove it"
        )
    for name in sorted(catalogue - schema):
        yield f"{name} is in the catalogue but not in the register; remove its line"


def _name_columns(tables: Mapping[str, Iterable[str]]) -> set[str]:
    names = set()
    for table, columns in tables.items():
        names |= {f"{table}.{column}" for column in columns}
    return names


def find_column_faults(notice: Notice) -> Iterator[str]:
    """What is wrong with single columns, a line each."""
    for columns in notice.columns.values():
        for column in columns.values():
            for fault in (*_find_term_faults(notice, column), *_find_grant_faults(column)):
                yield f"{column.table}.{column.name}: {fault}"


def _find_term_faults(notice: Notice, column: Column) -> Iterator[str]:
    if column.sensitivity not in CLASSES or SPECIAL.search(column.name):
        yield (
            f"class {column.sensitivity} and this name are not announced by the notice; "
            "special categories may not be kept (N5.9)"
        )
    if not column.purposes:
        yield "no purpose; a column without one may not be kept (N5.6)"
    for code in column.purposes:
        if code not in notice.purposes:
            yield f"unknown purpose {code}; the list of uses is closed (N4.25)"
    if column.retention not in notice.retention:
        yield f"unknown retention {column.retention}"


def _find_grant_faults(column: Column) -> Iterator[str]:
    for purpose, ways in column.grants.items():
        for way in ways:
            if way not in COARSENINGS:
                yield f"unknown coarsening {way} for {purpose}"
        allowed = CLOSED.get(column.sensitivity, set(ways))
        if not set(ways) <= allowed:
            yield (
                f"class {column.sensitivity} may not be granted to {purpose} as {', '.join(ways)}"
            )
