"""Numbers that are given once: each table's counter stands past every number that it ever had.

SQLite counts so only in a table that is made for it, so each table is written anew. The numbers of
rows that are gone still stand in other tables, as far as anybody can tell today.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from genlib.register.migrations.versions import r0001_first, r0002_tombstone

revision = "0003"
down_revision = "0002"

TOMBSTONE = sa.Table(
    "tombstone",
    sa.MetaData(naming_convention=r0001_first.METADATA.naming_convention),
    sa.Column("id", r0001_first.NUMBER, primary_key=True),
    sa.Column("request", sa.BigInteger, nullable=False),
    sa.Column(
        "identifier", r0001_first.list_codes(" ".join(r0002_tombstone.IDENTIFIERS)), nullable=False
    ),
    sa.Column("digest", sa.LargeBinary, index=True, nullable=False),
    sa.Column("erased_at", r0001_first.INSTANT, nullable=False),
)
NAMED_ELSEWHERE = (
    ("customer", "SELECT max(customer_id) FROM subject_request"),
    ("customer", "SELECT max(customer_id) FROM disclosure_customer"),
    ("subject_request", "SELECT max(request) FROM tombstone"),
)
NAMED_BY_TABLE = (
    'SELECT "table", max(id) FROM source_key GROUP BY "table"',
    'SELECT "table", max(row_id) FROM refresh_row GROUP BY "table"',
    'SELECT "table", max(row_id) FROM missing_row GROUP BY "table"',
)


def upgrade() -> None:
    """Write the tables anew, in SQLite; set the counters, in both."""
    connection = op.get_bind()
    tables = [*r0001_first.METADATA.sorted_tables, TOMBSTONE]
    numbered = [table for table in tables if "id" in table.primary_key.columns]
    if connection.dialect.name == "sqlite":
        for table in numbered:
            write_anew(table)
    last = find_last(connection, [table.name for table in numbered])
    for name, number in last.items():
        set_counter(connection, name, number)


def write_anew(table: sa.Table) -> None:
    """Make a table of SQLite that counts, of the same rows, columns, rules and indexes."""
    counting = {"sqlite_autoincrement": True}
    with op.batch_alter_table(
        table.name, recreate="always", copy_from=table, table_kwargs=counting
    ):
        pass
    for index in table.indexes:
        index.create(op.get_bind(), checkfirst=True)


def find_last(connection: sa.Connection, names: list[str]) -> dict[str, int]:
    """The greatest number of each table that has one."""
    last: dict[str, int] = {}
    for name, number in list_numbers(connection, names):
        if name in names:
            last[name] = max(last.get(name, 0), number or 0)
    return {name: number for name, number in last.items() if number}


def list_numbers(connection: sa.Connection, names: list[str]) -> Iterator[tuple[str, int | None]]:
    """Table and number: of the rows that are there, and of those of which is told elsewhere."""
    for name in names:
        yield name, connection.scalar(sa.text(f"SELECT max(id) FROM {name}"))  # noqa: S608
    for name, query in NAMED_ELSEWHERE:
        yield name, connection.scalar(sa.text(query))
    for query in NAMED_BY_TABLE:
        for name, number in connection.execute(sa.text(query)):
            yield name, number


def set_counter(connection: sa.Connection, name: str, number: int) -> None:
    """Let the next row of a table be numbered after this one."""
    values = {"name": name, "number": number}
    if connection.dialect.name != "sqlite":
        sequence = "pg_get_serial_sequence(:name, 'id')"
        last = f"pg_sequence_last_value(CAST({sequence} AS regclass))"
        move = f"SELECT setval(CAST({sequence} AS regclass), greatest(:number, {last}))"
        connection.execute(sa.text(move), values)
        return
    connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
    connection.execute(sa.text("INSERT INTO sqlite_sequence VALUES (:name, :number)"), values)
