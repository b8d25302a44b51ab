"""The numbers of rows: the database's counter of a table is past every number that the table ever
had, and never goes back, so no number is given twice.

What tells of a row outlives it - receipts, the journal of erasures, the audit trail - and would
speak of somebody else if its number were given again.

Example: customers 1, 2 and 3 are there and 3 is erased: the next customer is number 4. A backup of
before 3 was there would number the next one 3 again; so the journal of erasures carries how far the
counters were, and they are moved there before anybody else is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl
import sqlalchemy as sa

SEQUENCE = sa.text("SELECT pg_get_serial_sequence(:name, 'id')")
NEXT = sa.text("SELECT nextval(CAST(:sequence AS regclass))")
MOVE = sa.text("SELECT setval(CAST(:sequence AS regclass), :last)")
LAST = sa.text("SELECT pg_sequence_last_value(CAST(:sequence AS regclass))")
"""What a sequence gave last; null if it gave none."""
COUNTERS = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
"""SQLite's own table of counters; a table that never had a row is not in it."""


def give_numbers(connection: sa.Connection, name: str, count: int) -> pl.Series:
    """The numbers of so many new rows of a table, which nobody gets again; `id`."""
    if not count:
        return pl.Series("id", [], pl.Int64)
    if connection.dialect.name == "sqlite":
        first = _find_last(connection, name) + 1
    else:
        sequence = connection.scalar(SEQUENCE, {"name": name})
        first = connection.scalars(NEXT, {"sequence": sequence}).one()
    _move(connection, name, first + count - 1)
    return pl.int_range(first, first + count, eager=True, dtype=pl.Int64).alias("id")


def read_counters(connection: sa.Connection, names: Iterable[str]) -> dict[str, int]:
    """Table → the last number that it gave, of those of these tables that gave one."""
    last = {name: _find_last(connection, name) for name in names}
    return {name: number for name, number in last.items() if number}


def move_counters(connection: sa.Connection, counters: Mapping[str, int]) -> None:
    """Let no number up to these (`read_counters`) be given any more."""
    for name, last in counters.items():
        if _find_last(connection, name) < last:
            _move(connection, name, last)


def _find_last(connection: sa.Connection, name: str) -> int:
    if connection.dialect.name == "sqlite":
        last = connection.scalar(sa.select(COUNTERS.c.seq).where(COUNTERS.c.name == name))
    else:
        sequence = connection.scalar(SEQUENCE, {"name": name})
        last = connection.scalar(LAST, {"sequence": sequence})
    return int(last or 0)


def _move(connection: sa.Connection, name: str, last: int) -> None:
    if connection.dialect.name != "sqlite":
        sequence = connection.scalar(SEQUENCE, {"name": name})
        connection.execute(MOVE, {"sequence": sequence, "last": last})
        return
    counter = COUNTERS.update().where(COUNTERS.c.name == name)
    if not connection.execute(counter.values(seq=last)).rowcount:
        connection.execute(COUNTERS.insert().values(name=name, seq=last))
