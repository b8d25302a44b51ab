"""Whole tables in and out, as Arrow through ADBC.

ADBC brings a second copy of SQLite into the process; two copies that have one file open do not see each other's locks, which is a known way
to lose a database (sqlite.org/howtocorrupt.html, 2.2.1). So ADBC reads an embedded register only while nothing else in the process has the
file open, and keeps everything else out meanwhile; writing, and reading inside a transaction, stay with the copy of SQLAlchemy.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.parse import quote

import polars as pl
import sqlalchemy as sa
from adbc_driver_manager import dbapi

from genlib.errors import BadInput, GenlibError

UTC_INSTANT = pl.Datetime("us", "UTC")
STATES = {"23505": "UNIQUE", "23503": "FOREIGN KEY", "23514": "CHECK", "23502": "NOT NULL"}
SLICE = 65_536
FIRST = {pl.String: "''", pl.Binary: "x''", pl.Float64: "0.0"}
"""What stands in a first row put before an answer, from which ADBC takes the types (a column may begin with nulls); else the least one."""


class Copies:
    """How many connections each copy of SQLite has open to each file: a fact of the process, so the process has one of these."""

    def __init__(self) -> None:
        self._open: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def enter(self, copy: str, other: str, file: str) -> bool:
        """Count a connection of this copy in, unless the other has one open."""
        with self._lock:
            free = not self._open[other, file]
            self._open[copy, file] += free
            return free

    def leave(self, copy: str, file: str) -> None:
        with self._lock:
            self._open[copy, file] -= 1


COPIES = Copies()


class Embedded:
    """Whole tables of SQLite, where dates are days, instants are seconds and booleans are 0 and 1."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.file = os.path.realpath(engine.url.database or "")
        sa.event.listen(engine, "do_connect", self._connecting)
        sa.event.listen(engine, "close", lambda *_: COPIES.leave("sqlite3", self.file))

    def _connecting(self, *_: Any) -> None:
        if not COPIES.enter("sqlite3", "adbc", self.file):
            raise GenlibError("this process is reading the register as a whole; let it finish, or write from another process")

    @contextmanager
    def session(self, *, write: bool) -> Iterator[Any]:
        """A connection in a transaction that commits at the end; for reading alone one of ADBC, if it may."""
        if write or not COPIES.enter("adbc", "sqlite3", self.file):
            with self._serving(write=write) as connection:
                yield connection
            return
        try:
            with self._reading() as connection:
                yield connection
        finally:
            COPIES.leave("adbc", self.file)

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        from adbc_driver_sqlite import dbapi as embedded

        with embedded.connect(f"file:{quote(self.file)}?mode=ro") as connection:
            yield connection

    @contextmanager
    def _serving(self, *, write: bool) -> Iterator[sa.Connection]:
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
        answer = self._rows if isinstance(session, sa.Connection) else self._batches
        for frame in answer(session, query, stored, rows, parameters):
            yield frame.select(self._loaded(name, kind) for name, kind in wanted.items())

    def _rows(self, session: sa.Connection, query: str, stored: pl.Schema, rows: int, parameters: Any) -> Iterator[pl.DataFrame]:
        answer = session.exec_driver_sql(query, parameters).cursor
        while answer and (fetched := answer.fetchmany(rows)):
            yield pl.DataFrame(fetched, schema=stored, orient="row")

    def _batches(self, session: Any, query: str, stored: pl.Schema, rows: int, parameters: Any) -> Iterator[pl.DataFrame]:
        first = ", ".join(f"{FIRST.get(kind, -(2**63))} AS {name}" for name, kind in stored.items())  # type: ignore[call-overload]
        with session.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": rows})
            cursor.execute(f"SELECT {first} UNION ALL {query}", parameters or None)
            for number, batch in enumerate(cursor.fetch_record_batch()):
                frame = pl.DataFrame(batch, schema=stored)[number == 0 :]
                if frame.height:
                    yield frame

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
        raise GenlibError(f"{name}: the database failed ({_cause(error)})") from None


def _cause(error: Exception) -> str:
    """The kind of error with the database's or the system's own word for it, which quotes nothing."""
    code, embedded = getattr(error, "errno", None), getattr(getattr(error, "orig", None), "sqlite_errorname", None)
    return f"{type(error).__name__} {embedded or getattr(error, 'sqlstate', None) or (os.strerror(code) if code else '')}".strip()


def _rule(error: Exception) -> str | None:
    state = getattr(error, "sqlstate", None)
    return next((rule for code, rule in STATES.items() if code == state or f"{rule} constraint" in str(error)), None)
