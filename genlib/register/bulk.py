"""Whole tables in and out: read as Arrow through ADBC, written - and read in a transaction that
writes - by SQLAlchemy's connection.

ADBC brings a second copy of SQLite into the process; two copies that have one file open do not see
each other's locks, which is a known way to lose a database (sqlite.org/howtocorrupt.html, 2.2.1).
So ADBC reads an embedded register only while nothing else in the process has the file open, and
keeps everything else out meanwhile.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.parse import quote

import adbc_driver_manager as adbc
import polars as pl
import psycopg
import sqlalchemy as sa

from genlib.errors import BadInput, GenlibError, Refused
from genlib.register.packing import NOTHING, RECORD

UTC_INSTANT = pl.Datetime("us", "UTC")
STATES = {"23505": "UNIQUE", "23503": "FOREIGN KEY", "23514": "CHECK", "23502": "NOT NULL"}
FULL = {"SQLITE_FULL", "53100"}
FULL_WORDS = ("disk is full", "could not write init file")
"""The same without a code: of SQLite, and of a server that cannot begin a session."""
FORBIDDEN = "42501"
BUSY = {"55P03", "40P01", "40001"}
"""Another holds the lock; two waited for each other; two changed the same."""
GONE = {"57P01", "57P02", "57P03", "08000", "08003", "08006"}
"""The server ended the session, is stopping or starting, or the network failed."""
GOING = ("server closed the connection", "terminating connection", "no connection to the server")
"""The same in the words of libpq, which ADBC gives without a code."""
JOURNAL_INDEX = 32_768
SLICE = 65_536
FIRST = {pl.String: "''", pl.Binary: "x''", pl.Float64: "0.0"}
"""What stands in a first row put before an answer, from which ADBC takes the types (a column may
begin with nulls); else the least one."""


class Copies:
    """How many connections each copy of SQLite has open to each file: a fact of the process, so the
    process has one of these."""

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
    """Whole tables of SQLite, where dates are days, instants are seconds and booleans are 0 and
    1."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.file = os.path.realpath(engine.url.database or "")
        sa.event.listen(engine, "do_connect", self._connecting)
        sa.event.listen(engine, "close", lambda *_: COPIES.leave("sqlite3", self.file))

    def _connecting(self, *_: Any) -> None:
        if not COPIES.enter("sqlite3", "adbc", self.file):
            raise GenlibError(
                "this process is reading the register as a whole; let it finish, or write from "
                "another process"
            )

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """A connection that sees one moment: of ADBC, if it may have one."""
        from adbc_driver_sqlite import dbapi as embedded

        if not COPIES.enter("adbc", "sqlite3", self.file):
            with self.engine.connect() as connection, connection.begin():
                yield connection
            return
        try:
            with embedded.connect(f"file:{quote(self.file)}?mode=ro") as arrow:
                yield arrow
        finally:
            COPIES.leave("adbc", self.file)

    def listed(self, keys: pl.DataFrame) -> str:
        """SQL that turns a parameter, a JSON list of lists, into rows."""
        values = [f"json_extract(value, '$[{at}]')" for at in range(keys.width)]
        return f"SELECT {', '.join(values)} FROM json_each(:keys)"  # noqa: S608 - no value is in it

    def pack(self, wanted: pl.Schema) -> str:
        """SQL that makes one text of each column of a query (`packing`)."""
        cells = [_as_printed(name, kind) for name, kind in wanted.items()]
        texts = [f"group_concat(ifnull({cell}, '{NOTHING}'), '{RECORD}')" for cell in cells]
        return ", ".join(f"CAST({text} || '{RECORD}' AS BLOB)" for text in texts)

    def match(
        self, session: sa.Connection, query: str, wanted: pl.Schema, keys: str
    ) -> pl.DataFrame:
        """The answer of a query that asks for `listed` keys, given as JSON."""
        stored = pl.Schema({name: self._stored(kind) for name, kind in wanted.items()})
        frame = _matched(session, query, stored, keys)
        return frame.select(self._loaded(name, kind) for name, kind in wanted.items())

    def read(
        self, session: Any, query: str, wanted: pl.Schema, rows: int
    ) -> Iterator[pl.DataFrame]:
        """The answer of a query in frames of at most `rows`."""
        stored = pl.Schema({name: self._stored(kind) for name, kind in wanted.items()})
        answer = _fetched if isinstance(session, sa.Connection) else _batches
        for frame in answer(session, query, stored, rows):
            yield frame.select(self._loaded(name, kind) for name, kind in wanted.items())

    def write(self, session: sa.Connection, name: str, frame: pl.DataFrame) -> None:
        """Insert a frame."""
        marks = ", ".join("?" * frame.width)
        native = frame.with_columns(
            pl.col(UTC_INSTANT).dt.epoch("s"), pl.col(pl.Date, pl.Boolean).cast(pl.Int32)
        )
        # a column that a migration added stands last in its table, whatever the schema says
        columns = ", ".join(f'"{column}"' for column in frame.columns)
        # all names are the schema's
        insert = f'INSERT INTO "{name}" ({columns}) VALUES ({marks})'  # noqa: S608
        for part in native.iter_slices(SLICE):
            session.exec_driver_sql(insert, part.rows())

    def _stored(self, kind: Any) -> Any:
        return pl.Int64 if kind in (pl.Date, UTC_INSTANT, pl.Boolean) else kind

    def _loaded(self, name: str, kind: Any) -> pl.Expr:
        value = pl.col(name)
        if kind == UTC_INSTANT:
            return (
                pl.from_epoch(value, "s")
                .dt.replace_time_zone("UTC")
                .dt.cast_time_unit("us")
                .alias(name)
            )
        return value.cast(pl.Int32).cast(pl.Date) if kind == pl.Date else value.cast(kind)


def _batches(session: Any, query: str, stored: pl.Schema, rows: int) -> Iterator[pl.DataFrame]:
    firsts: dict[str, Any] = {}
    for name, kind in stored.items():
        firsts[name] = FIRST.get(kind, -(2**63))  # type: ignore[call-overload]
    first = ", ".join(f'{value} AS "{name}"' for name, value in firsts.items())
    with session.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": rows})
        cursor.execute(f"SELECT {first} UNION ALL {query}")
        for number, batch in enumerate(cursor.fetch_record_batch()):
            frame = pl.DataFrame(batch, schema=stored)[number == 0 :]
            if frame.height:
                yield frame


def quote_name(name: str) -> str:
    """A column's name as both databases take it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def read_arrow(cursor: Any, query: str, texts: pl.Schema, rows: int) -> Iterator[pl.DataFrame]:
    """The answer of a query whose columns are all texts, in frames of at most `rows`, by an open
    cursor of ADBC."""
    first = ", ".join(f"'' AS {quote_name(name)}" for name in texts)
    cursor.execute(f"SELECT {first} UNION ALL {query}")
    is_first = True
    for batch in cursor.fetch_record_batch():
        frame = pl.DataFrame(batch, schema=texts)[int(is_first) :]
        is_first = False
        yield from frame.iter_slices(rows)


def _fetched(
    session: sa.Connection, query: str, stored: pl.Schema, rows: int
) -> Iterator[pl.DataFrame]:
    answer = session.exec_driver_sql(query, execution_options={"yield_per": rows})
    for fetched in answer.partitions(rows):  # without its argument one row at a time
        yield pl.DataFrame([tuple(row) for row in fetched], schema=stored, orient="row")


def _as_printed(name: str, kind: Any) -> str:
    """SQL of SQLite for the value of a column, bytes in hexadecimal."""
    column = quote_name(name)
    return f"CASE WHEN {column} IS NOT NULL THEN hex({column}) END" if kind == pl.Binary else column


def _as_plain(name: str, kind: Any) -> str:
    """SQL of PostgreSQL for the value of a column as SQLite has it, bytes in hexadecimal."""
    column = quote_name(name)
    if kind == pl.Date:
        return f"({column} - DATE '1970-01-01')"
    if kind == UTC_INSTANT:
        return f"CAST(date_part('epoch', {column}) AS bigint)"
    if kind == pl.Boolean:
        return f"CAST({column} AS integer)"
    hexadecimal = f"upper(encode({column}, 'hex') COLLATE \"C\")"
    return hexadecimal if kind == pl.Binary else column


def _matched(session: sa.Connection, query: str, stored: pl.Schema, keys: str) -> pl.DataFrame:
    rows = session.execute(sa.text(query), {"keys": keys}).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=stored, orient="row")


class Server:
    """Whole tables of PostgreSQL: COPY both ways."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """A connection of ADBC that sees one moment."""
        from adbc_driver_postgresql import dbapi as postgresql

        url = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        # a space, as SQLAlchemy leaves it in a password, is none to libpq
        with postgresql.connect(url.replace(" ", "%20")) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield connection

    def listed(self, keys: pl.DataFrame) -> str:
        """SQL that turns a parameter, a JSON list of lists, into rows."""
        values = [
            f"CAST(value->>{at} AS {'bigint' if kind.is_integer() else 'text'})"
            for at, kind in enumerate(keys.dtypes)
        ]
        elements = "json_array_elements(CAST(:keys AS json))"
        return f"SELECT {', '.join(values)} FROM {elements}"  # noqa: S608 - no value is in it

    def pack(self, wanted: pl.Schema) -> str:
        """SQL that makes one text of each column of a query (`packing`)."""
        cells = [f"CAST({_as_plain(name, kind)} AS text)" for name, kind in wanted.items()]
        texts = [f"string_agg(coalesce({cell}, '{NOTHING}'), '{RECORD}')" for cell in cells]
        return ", ".join(f"{text} || '{RECORD}'" for text in texts)

    def match(
        self, session: sa.Connection, query: str, wanted: pl.Schema, keys: str
    ) -> pl.DataFrame:
        """The answer of a query that asks for `listed` keys, given as JSON."""
        return _matched(session, query, wanted, keys)

    def read(
        self, session: Any, query: str, wanted: pl.Schema, rows: int
    ) -> Iterator[pl.DataFrame]:
        """The answer of a query in frames of at most `rows`."""
        if isinstance(session, sa.Connection):
            yield from _fetched(session, query, wanted, rows)
            return
        with session.cursor() as cursor:
            cursor.execute(query)
            for batch in cursor.fetch_record_batch():
                yield from pl.DataFrame(batch).cast(wanted).iter_slices(rows)

    def write(self, session: sa.Connection, name: str, frame: pl.DataFrame) -> None:
        """Insert a frame, and move the sequence that numbers new rows past it, never back."""
        text = frame.with_columns(("\\x" + pl.col(pl.Binary).bin.encode("hex")).name.keep())
        columns = ", ".join(f'"{column}"' for column in frame.columns)
        rows = text.write_csv(include_header=False, datetime_format="%Y-%m-%dT%H:%M:%SZ")
        copying = f'COPY "{name}" ({columns}) FROM STDIN (FORMAT csv)'
        connection: Any = session.connection
        with connection.cursor() as cursor, cursor.copy(copying) as copy:
            copy.write(rows)
        if "id" in frame.columns:
            last = f'SELECT max(id) FROM "{name}"'  # noqa: S608 - the name is the schema's
            sequence = f"pg_get_serial_sequence('{name}', 'id')"
            before = f"pg_sequence_last_value({sequence}::regclass)"
            session.exec_driver_sql(f"SELECT setval({sequence}, greatest(({last}), {before}))")


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Drivers put whole rows into their errors; only the table and the kind of rule may pass."""
    try:
        yield
    except (adbc.Error, psycopg.Error, sa.exc.DBAPIError, OSError) as error:
        if getattr(error, "errno", None):
            raise  # the system's own, whose words are safe; Arrow's has no number and may quote
        cause = getattr(error, "orig", None) or error
        state = getattr(cause, "sqlstate", None)
        for code, rule in STATES.items():
            if code == state or f"{rule} constraint" in str(cause):
                raise BadInput(
                    f"table {name}: the database refused the rows ({rule}); nothing was kept"
                ) from None
        raise explain(error) or GenlibError(
            f"{name}: the database failed ({reason(error)})"
        ) from None


@contextmanager
def reading_cells(name: str) -> Iterator[None]:
    """Polars quotes what it cannot read; only the table may be named."""
    try:
        yield
    except pl.exceptions.PolarsError:
        raise GenlibError(f"table {name}: a stored value is none of its column") from None


def explain(error: BaseException) -> GenlibError | None:
    """What a server's refusal or its going away means to whoever asked; nothing for other
    errors."""
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None)
    if state == FORBIDDEN:
        return Refused(
            "your login to the register's server may not do this; ask its administrator for a "
            "level that may: genlib register grant"
        )
    if state in BUSY:
        return GenlibError(
            "another process is writing to the register; nothing was kept, try again when it is "
            "done"
        )
    if _tells_of_full(cause):
        return None
    is_nameless = isinstance(cause, psycopg.OperationalError) and state is None
    if state in GONE or is_nameless or any(words in str(cause) for words in GOING):
        return GenlibError(
            "the connection to the register's server was lost; what was not finished was not "
            "kept, so do it again when the server answers"
        )
    return None


def reason(error: Exception, file: str = "") -> str:
    """Why a database failed, in words that quote nothing of a row, an address or a statement.
    `file`: where an embedded one lies, whose disk may be full."""
    if getattr(error, "errno", None):
        return os.strerror(error.errno)  # type: ignore[attr-defined]
    cause = getattr(error, "orig", None) or error
    word = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
    failed_io = word.startswith("SQLITE_IOERR") or "disk I/O error" in str(cause)
    if word in FULL or _tells_of_full(cause) or (failed_io and _is_full(file)):
        return "no space left on the device"
    if failed_io:
        return f"{word or 'disk I/O error'}: is there space left on the device?"
    return f"{type(error).__name__} {word}".strip()


def _tells_of_full(cause: BaseException) -> bool:
    return any(words in str(cause) for words in FULL_WORDS)


def _is_full(file: str) -> bool:
    """Whether the disk of a file has no room for the index of SQLite's journal."""
    folder = os.path.dirname(os.path.abspath(file))
    return bool(file) and os.path.isdir(folder) and shutil.disk_usage(folder).free < JOURNAL_INDEX
