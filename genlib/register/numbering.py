"""The numbers of rows: the database's counter of a table is past every number that the table ever
had, and never goes back, so no number is given twice.

What tells of a row outlives it - receipts, the journal of erasures, the audit trail - and would
speak of somebody else if its number were given again.

Example: customers 1, 2 and 3 are there and 3 is erased: the next customer is number 4.
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

SEQUENCE = sa.text("SELECT pg_get_serial_sequence(:name, 'id')")
NEXT = sa.text("SELECT nextval(CAST(:sequence AS regclass))")
MOVE = sa.text("SELECT setval(CAST(:sequence AS regclass), :last)")
COUNTERS = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
"""SQLite's own table of counters; a table that never had a row is not in it."""


def give_numbers(connection: sa.Connection, name: str, count: int) -> pl.Series:
    """The numbers of so many new rows of a table, which nobody gets again; `id`."""
    if not count:
        return pl.Series("id", [], pl.Int64)
    if connection.dialect.name == "sqlite":
        first = _find_next(connection, name)
        _move(connection, name, first + count - 1)
    else:
        sequence = connection.scalar(SEQUENCE, {"name": name})
        first = connection.scalars(NEXT, {"sequence": sequence}).one()
        connection.execute(MOVE, {"sequence": sequence, "last": first + count - 1})
    return pl.int_range(first, first + count, eager=True, dtype=pl.Int64).alias("id")


def _find_next(connection: sa.Connection, name: str) -> int:
    last = sa.select(COUNTERS.c.seq).where(COUNTERS.c.name == name)
    return int(connection.scalar(last) or 0) + 1


def _move(connection: sa.Connection, name: str, last: int) -> None:
    own = COUNTERS.update().where(COUNTERS.c.name == name)
    if not connection.execute(own.values(seq=last)).rowcount:
        connection.execute(COUNTERS.insert().values(name=name, seq=last))
