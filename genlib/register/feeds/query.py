"""The rows of a query on a source's own database, as frames of text like those of a file.

    [database]
    environment = "CRM_DATABASE"      # or: file = "crm.address", of mode 0600
    [[table]]
    table = "customer"
    query = "SELECT number, last_name, changed_at FROM people ORDER BY number"
    updated_at = "changed_at"

The address, with its password, is in the environment or in a file that only its owner reads, never
in the feed. Every value comes as the database writes it as text - dates and instants as ISO writes
them, instants in UTC, a BLOB as what nobody can read - and is then read by the formats of the feed
as a cell of a file is. Nothing is written to the source, and its rows are of one moment.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import adbc_driver_manager as adbc
import polars as pl
import sqlalchemy as sa

from genlib.errors import BadInput, Refused, UsageError
from genlib.register.bulk import COPIES, quote_name, read_arrow, reason
from genlib.register.database import parse_address
from genlib.register.feeds.declaration import Database, TableFeed
from genlib.register.spelling import UNREADABLE

ROWS = 65_536
OTHERS = 0o077
"""What a group, or everybody, may do with a file."""
AS_TEXT = {
    "sqlite": "CASE typeof({0}) WHEN 'blob' THEN '{1}' ELSE CAST({0} AS TEXT) END",
    "postgresql": "CAST({0} AS text)",
}
ONE_MOMENT = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO'",
    "SET LOCAL bytea_output = 'hex'",
)


@dataclass(frozen=True)
class QueryRows:
    """The rows that the query of a table gives."""

    table_feed: TableFeed
    address: sa.URL
    is_typed = False
    """The query itself says how its values are written."""

    def __repr__(self) -> str:
        return f"QueryRows({self.table_feed.table})"

    def check(self) -> None:
        """BadInput if the query cannot be asked, or lacks a column that the feed reads."""
        with self._asking() as cursor:
            # the query is the feed's own and can only read
            cursor.execute(f"SELECT * FROM ({self._query}) AS source LIMIT 0")  # noqa: S608
            header = [column[0] for column in cursor.description]
        missing = [column for column in self.table_feed.source_columns if column not in header]
        if missing:
            raise BadInput(
                f"table {self.table_feed.table}: the query lacks column {', '.join(missing)}; "
                "mend the feed"
            )

    def read(self, columns: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
        """The columns that the feed reads, or some of them, with `row`: 1 for the first that the
        query gives. BadInput at the end if not every row came, so read in a transaction."""
        chosen = columns or self.table_feed.source_columns
        texts = ", ".join(self._as_text(column) for column in chosen)
        query = f"SELECT {texts} FROM ({self._query}) AS source"  # noqa: S608 - as in `check`
        wanted = pl.Schema(dict.fromkeys(chosen, pl.String()))
        count = 0
        with self._asking() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({self._query}) AS source")  # noqa: S608
            [expected] = cursor.fetchone()
            for frame in read_arrow(cursor, query, wanted, ROWS):
                numbered = frame.with_row_index("row", count + 1)
                count += frame.height
                yield numbered.with_columns(pl.col("row").cast(pl.Int64))
        if count != expected:
            raise BadInput(
                f"table {self.table_feed.table}: the query has {expected} rows, but {count} could "
                "be read; run it again"
            )

    @property
    def _query(self) -> str:
        return self.table_feed.query.strip().removesuffix(";")

    def _as_text(self, column: str) -> str:
        name = quote_name(column)
        text = AS_TEXT[self.address.get_backend_name()].format(f"source.{name}", UNREADABLE)
        return f"{text} AS {name}"

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """A cursor; what fails is told without a word of the query, the address or a row."""
        try:
            with _connect(self.address) as connection, connection.cursor() as cursor:
                if self.address.get_backend_name() == "postgresql":
                    for statement in ONE_MOMENT:
                        cursor.execute(statement)
                yield cursor
        except adbc.Error as error:
            raise BadInput(
                f"table {self.table_feed.table}: the query could not be asked ({reason(error)}); "
                "mend the query or the address of the source"
            ) from None


def read_address(database: Database, beside: Path, environment: Mapping[str, str]) -> sa.URL:
    """The address of a source. UsageError if it is not there or is none; Refused if others may read
    the file. Nothing of it is told. beside: the folder of the feed."""
    if database.file:
        text = _read_file(beside / database.file)
    else:
        text = _read_variable(environment, database.environment)
    address = parse_address(text.strip(), "source")
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise UsageError("the source's address names a file that is not there")
    return address


def _read_variable(environment: Mapping[str, str], name: str) -> str:
    text = environment.get(name, "")
    if not text:
        raise UsageError(
            f"the environment has no {name}, which the feed says to hold the source's address"
        )
    return text


def _read_file(path: Path) -> str:
    try:
        if path.stat().st_mode & OTHERS:
            raise Refused(f"{path} holds the source's address and others may read it; chmod 600 it")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"no address of the source can be read at {path}") from None


@contextmanager
def _connect(address: sa.URL) -> Iterator[Any]:
    """A connection of ADBC to the source."""
    if address.get_backend_name() == "postgresql":
        from adbc_driver_postgresql import dbapi as server

        place = address.set(drivername="postgresql").render_as_string(hide_password=False)
        with server.connect(place) as connection:
            yield connection
        return
    from adbc_driver_sqlite import dbapi as embedded

    file = os.path.realpath(address.database or "")
    if not COPIES.enter("adbc", "sqlite3", file):
        raise UsageError("the source's address is the register's own; name another database")
    try:
        with embedded.connect(f"file:{quote(file)}?mode=ro") as connection:
            yield connection
    finally:
        COPIES.leave("adbc", file)
