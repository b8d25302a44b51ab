"""Whole tables in and out: Arrow through ADBC on PostgreSQL; on SQLite through the one library that also serves single rows.

ADBC's own SQLite is not used: it brings a second copy of the library into the process, the two do not see each other's locks, and that is a
known way to lose a database (sqlite.org/howtocorrupt.html, 2.2.1). The one copy reads 0.7 and writes 0.3 million rows a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import sqlalchemy as sa
from adbc_driver_manager import dbapi

from genlib.errors import BadInput, GenlibError

UTC_INSTANT = pl.Datetime("us", "UTC")
STATES = {"23505": "UNIQUE", "23503": "FOREIGN KEY", "23514": "CHECK", "23502": "NOT NULL"}
SLICE = 65_536


class Embedded:
    """Whole tables of SQLite, where dates are days, instants are seconds and booleans are 0 and 1."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def session(self, *, write: bool) -> Iterator[sa.Connection]:
        """A connection in a transaction that commits at the end."""
        options = {"begin": "BEGIN IMMEDIATE" if write else "BEGIN"}
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            if write:
                connection.exec_driver_sql("PRAGMA cache_size=-131072")
            yield connection

    def listed(self, keys: pl.DataFrame) -> str:
        """SQL that turns a parameter, a JSON list of lists, into rows."""
        values = [f"json_extract(value, '$[{at}]')" for at in range(keys.width)]
        return f"SELECT {', '.join(values)} FROM json_each(?)"  # noqa: S608 - no value is in it

    def read(self, session: sa.Connection, query: str, wanted: pl.Schema, rows: int, *parameters: str) -> Iterator[pl.DataFrame]:
        """The answer of a query in frames of at most `rows`."""
        stored = pl.Schema({name: self._stored(kind) for name, kind in wanted.items()})
        answer = session.exec_driver_sql(query, parameters).cursor
        while answer and (fetched := answer.fetchmany(rows)):
            frame = pl.DataFrame(fetched, schema=stored, orient="row")
            yield frame.select(self._loaded(name, kind) for name, kind in wanted.items())

    def write(self, session: sa.Connection, name: str, frame: pl.DataFrame) -> None:
        """Insert a frame."""
        marks = ", ".join("?" * frame.width)
        native = frame.with_columns(pl.col(UTC_INSTANT).dt.epoch("s"), pl.col(pl.Date, pl.Boolean).cast(pl.Int32))
        for part in native.iter_slices(SLICE):
            session.exec_driver_sql(f'INSERT INTO "{name}" VALUES ({marks})', part.rows())  # noqa: S608 - the name is the schema's

    def _stored(self, kind: Any) -> Any:
        return pl.Int64 if kind in (pl.Date, UTC_INSTANT, pl.Boolean) else kind

    def _loaded(self, name: str, kind: Any) -> pl.Expr:
        value = pl.col(name)
        if kind == UTC_INSTANT:
            return pl.from_epoch(value, "s").dt.replace_time_zone("UTC").dt.cast_time_unit("us").alias(name)
        return value.cast(pl.Int32).cast(pl.Date) if kind == pl.Date else value.cast(kind)


class Server:
    """Whole tables of PostgreSQL: COPY as Arrow."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def session(self, *, write: bool) -> Iterator[Any]:
        """A connection in a transaction that commits at the end; a reader sees one moment."""
        from adbc_driver_postgresql import dbapi as postgresql

        connection = postgresql.connect(self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {'READ COMMITTED' if write else 'REPEATABLE READ'}")
            yield connection
            connection.commit()
        finally:
            connection.close()

    def listed(self, keys: pl.DataFrame) -> str:
        """SQL that turns a parameter, a JSON list of lists, into rows."""
        kinds = ["bigint" if kind.is_integer() else "text" for kind in keys.dtypes]
        return f"SELECT {', '.join(f'(value->>{at})::{kind}' for at, kind in enumerate(kinds))} FROM json_array_elements($1::json)"  # noqa: S608

    def read(self, session: Any, query: str, wanted: pl.Schema, rows: int, *parameters: str) -> Iterator[pl.DataFrame]:
        """The answer of a query in frames of at most `rows`."""
        with session.cursor() as cursor:
            cursor.execute(query, parameters or None)
            for batch in cursor.fetch_record_batch():
                yield from pl.DataFrame(batch).cast(wanted).iter_slices(rows)

    def write(self, session: Any, name: str, frame: pl.DataFrame) -> None:
        """Insert a frame, and move the sequence that numbers new rows past it."""
        with session.cursor() as cursor:
            cursor.adbc_ingest(name, frame.with_columns(pl.col(UTC_INSTANT).dt.truncate("1s")).to_arrow(), mode="append")
            if "id" in frame.columns:
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM \"{name}\"))")  # noqa: S608
                cursor.fetchall()


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Drivers put whole rows into their errors; only the table and the kind of rule may pass."""
    try:
        yield
    except (dbapi.Error, sa.exc.DBAPIError, OSError) as error:
        rule = _rule(error)
        if rule:
            raise BadInput(f"table {name}: the database refused the rows ({rule}); nothing was kept") from None
        raise GenlibError(f"table {name}: the database failed ({type(error).__name__} {getattr(error, 'sqlstate', None) or ''})") from None


def _rule(error: Exception) -> str | None:
    state = getattr(error, "sqlstate", None)
    return next((rule for code, rule in STATES.items() if code == state or f"{rule} constraint" in str(error)), None)
