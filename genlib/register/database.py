"""Opening the register: SQLAlchemy for single rows, `bulk` for whole tables, and transactions that
leave the old or the new state."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from genlib.errors import BadInput, Refused, RegisterNotFound, UsageError
from genlib.private import OWNER, keep_access, make_home
from genlib.register.bulk import (
    UTC_INSTANT,
    Embedded,
    Server,
    explain,
    quote_name,
    reading_cells,
    reason,
    translated,
)
from genlib.register.packing import part_columns
from genlib.register.roles import make_roles
from genlib.register.schema import Base, table
from genlib.register.version import check_version, keep_version

BATCH_ROWS = 131_072
MATCHED_KEYS = 65_536
SPREAD = 2
"""So many times their count may numbers lie apart to be read from the first to the last."""
BUSY_SECONDS = 60
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
DTYPES: Mapping[type, Any] = {
    int: pl.Int64,
    float: pl.Float64,
    str: pl.String,
    bytes: pl.Binary,
    bool: pl.Boolean,
    dt.date: pl.Date,
    dt.datetime: UTC_INSTANT,
}


@cache
def frame_schema(name: str) -> pl.Schema:
    """Names and Polars types of a table, the same on both databases."""
    types = {
        c.name: c.type.impl_instance if isinstance(c.type, sa.types.TypeDecorator) else c.type
        for c in table(name).columns
    }
    return pl.Schema({column: DTYPES[kind.python_type] for column, kind in types.items()})


class Register:
    """An open register. `engine` is for single rows (SQLAlchemy); `scan` and `append` move whole
    tables."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.embedded = engine.dialect.name == "sqlite"
        self._bulk: Embedded | Server = Embedded(engine) if self.embedded else Server(engine)
        self._open: Any = None

    def __repr__(self) -> str:
        return f"Register({self.url!r})"

    @property
    def url(self) -> str:
        """Where it is: no user, no password and no options, one of which may be a password."""
        url = self.engine.url
        place = sa.URL.create(
            url.get_backend_name(), host=url.host, port=url.port, database=url.database
        )
        return place.render_as_string()

    def count(self, name: str) -> int:
        """Rows in a table."""
        with self.engine.connect() as connection:
            return connection.execute(
                sa.select(sa.func.count()).select_from(table(name))
            ).scalar_one()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that may write from its first statement: what the connection, `append`,
        `scan` and `known` do inside is one act, kept whole or not at all."""
        with self._shared(begin_writing(self.engine)) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Every `scan` inside, one after another, sees the register as it is now, whatever is
        written meanwhile."""
        with self._shared(self._bulk.reading()):
            yield

    def scan(
        self,
        name: str,
        columns: list[str] | None = None,
        *,
        rows: int = BATCH_ROWS,
        ordered_by: str | None = None,
        filled: str | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The rows of a table - those that have something in the column `filled`, if one is named -
        in frames of at most `rows`; memory does not grow with the table. At least one frame,
        perhaps empty."""
        schema = frame_schema(name)
        chosen = columns or list(schema)
        sorting = [column for column in (ordered_by, filled) if column]
        if unknown := {*chosen, *sorting} - schema.keys():
            raise UsageError(f"table {name} has no column {', '.join(sorted(unknown))}")
        wanted = pl.Schema({column: schema[column] for column in dict.fromkeys(chosen + sorting)})
        order = f" WHERE {quote_name(filled)} IS NOT NULL" if filled else ""
        order += f" ORDER BY {quote_name(ordered_by)}" if ordered_by else ""
        texts = ", ".join(map(quote_name, wanted))
        query = f"SELECT {texts} FROM {quote_name(name)}{order}"  # noqa: S608 - the schema's names
        empty = True
        with translated(name), reading_cells(name), self._session(write=False) as session:
            for frame in self._bulk.read(session, query, wanted, rows):
                empty = False
                yield frame.select(chosen)
        if empty:
            yield pl.DataFrame(schema=wanted).select(chosen)

    def append(self, name: str, frame: pl.DataFrame) -> None:
        """Add rows in bulk. BadInput, and nothing is kept, if the database refuses one."""
        schema = frame_schema(name)
        if differing := schema.keys() ^ set(frame.columns):
            raise BadInput(
                f"table {name}: the frame and the table differ in {', '.join(sorted(differing))}"
            )
        if frame.height:
            with translated(name), self._session(write=True) as session:
                self._bulk.write(session, name, frame.select(list(schema)).cast(schema))

    def write_temporary(self, name: str, frame: pl.DataFrame) -> None:
        """Add rows to a temporary table of the open transaction, whose columns are the frame's, in
        this order."""
        if frame.height:
            with translated("register"), self._session(write=True) as session:
                self._bulk.write(session, name, frame)

    def known(self, name: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Those of `keys` (whole numbers or texts, in columns named as the table's) that the table
        holds."""
        if not keys.height:
            return keys
        wanted = ", ".join(map(quote_name, keys.columns))
        listed = self._bulk.listed(keys)
        every = f"SELECT {wanted} FROM {quote_name(name)}"  # noqa: S608 - the schema's names
        query = f"{every} WHERE ({wanted}) IN ({listed})"
        with translated(name), self._session(write=True) as connection:
            matches = connection.execute(sa.text(query), {"keys": json.dumps(keys.rows())}).all()
        return pl.DataFrame([tuple(row) for row in matches], schema=keys.schema, orient="row")

    def matching(self, name: str, keys: pl.DataFrame) -> pl.DataFrame:
        """The stored rows that have one of `keys` (whole numbers or texts, in columns named as the
        table's)."""
        schema = frame_schema(name)
        if not keys.height:
            return pl.DataFrame(schema=schema)
        wanted = ", ".join(map(quote_name, keys.columns))
        listed = self._bulk.listed(keys)
        columns = ", ".join(map(quote_name, schema))
        every = f"SELECT {columns} FROM {quote_name(name)}"  # noqa: S608 - the schema's names
        query = f"{every} WHERE ({wanted}) IN ({listed})"
        with translated(name), reading_cells(name), self._session(write=True) as connection:
            return pl.concat(
                self._bulk.match(connection, query, schema, json.dumps(part.rows()))
                for part in keys.iter_slices(MATCHED_KEYS)
            )

    def read_range(self, name: str, columns: Sequence[str], keys: pl.DataFrame) -> pl.DataFrame:
        """These columns of the stored rows of these keys, and perhaps of some between them. For
        batches of many rows, without fractions; bytes are in hexadecimal."""
        schema = frame_schema(name)
        wanted = pl.Schema({column: schema[column] for column in columns})
        which, values = _name_keys(self._bulk, keys)
        every = f"SELECT {self._bulk.pack(wanted)} FROM {quote_name(name)}"  # noqa: S608
        query = sa.text(f"{every} WHERE {which}")
        with translated(name), reading_cells(name), self._session(write=True) as connection:
            return part_columns(connection.execute(query, values).one(), wanted)

    @contextmanager
    def _shared(self, session: AbstractContextManager[Any]) -> Iterator[Any]:
        if self._open is not None:
            raise UsageError("a transaction or snapshot of this register is open already")
        with translated("register"), session as opened:
            self._open = opened
            try:
                yield opened
            finally:
                self._open = None

    @contextmanager
    def _session(self, *, write: bool) -> Iterator[Any]:
        """The open transaction or snapshot, else one of its own."""
        fresh = begin_writing(self.engine) if write else self._bulk.reading()
        with nullcontext(self._open) if self._open is not None else fresh as session:
            yield session


def _name_keys(bulk: Embedded | Server, keys: pl.DataFrame) -> tuple[str, dict[str, Any]]:
    """SQL for "has one of these keys", and its parameters: by the least and the greatest of each,
    but by every first one if many are missing between."""
    first, *others = keys.columns
    limits: dict[str, Any] = {}
    for at, key in enumerate(keys.columns):
        limits |= {f"least{at}": keys[key].min(), f"most{at}": keys[key].max()}
    between = [
        f"{quote_name(key)} BETWEEN :least{at} AND :most{at}" for at, key in enumerate(keys.columns)
    ]
    if limits["most0"] - limits["least0"] > SPREAD * keys.height:
        numbers = keys.select(first).unique()
        between[0] = f"{quote_name(first)} IN ({bulk.listed(numbers)})"
        limits["keys"] = json.dumps(numbers.rows())
    elif others and limits["least0"] == limits["most0"]:
        between[0] = f"{quote_name(first)} = :least0"  # so that an index is entered by the next key
    return " AND ".join(between), limits


QUEUE = sa.text(
    "SELECT set_config('lock_timeout', :patience, true),"
    " pg_advisory_xact_lock(hashtext('genlib.register'))"
)
"""One writer at a time, as SQLite has it: who comes second waits, and then sees what the first
did."""


@contextmanager
def begin_writing(engine: sa.Engine, *, without_keys: bool = False) -> Iterator[sa.Connection]:
    """A transaction that has its turn to write. `without_keys`: SQLite does not follow foreign keys
    in it."""
    with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection:
        if without_keys and connection.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(QUEUE, {"patience": f"{BUSY_SECONDS}s"})
            yield connection


def open_register(url: str) -> Register:
    """The register at `url` (`sqlite:///path` or `postgresql://…`); RegisterNotFound if there is
    none, UsageError if it cannot be opened or has the schema of another version."""
    register = name_register(url)
    exists = not register.embedded or os.path.exists(register.engine.url.database or "")
    names = _table_names(register) if exists else set()
    if "audit_event" not in names:
        if exists and not register.embedded:
            _check_schema_is_open(register)
        raise RegisterNotFound(
            f"no register at {register.url}; make one with: genlib register create"
        )
    with register.engine.connect() as connection:
        check_version(connection, register.url)
    return register


def name_register(url: str) -> Register:
    """The register at `url`, unopened: whether it is there is not asked. UsageError for an address
    that is none."""
    return Register(_engine(parse_address(url)))


def create_register(url: str) -> Register:
    """A new, empty register at `url`, or the one that is there, with its levels if it is on a
    server; in one transaction."""
    register = name_register(url)
    file = register.engine.url.database
    try:
        if register.embedded and file:
            make_home(Path(file).parent)
            mode = keep_access(Path(file)).file
            descriptor = os.open(file, os.O_CREAT | os.O_RDWR, OWNER.file)
            os.fchmod(descriptor, mode)
            os.close(descriptor)
        with begin_writing(register.engine) as connection:
            if sa.inspect(connection).has_table("audit_event"):
                check_version(connection, register.url)
            else:
                Base.metadata.create_all(connection)
                keep_version(connection)
            if not register.embedded:
                make_roles(connection)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise UsageError(
            f"no register can be made at {register.url} ({_reason(register, error)})"
        ) from None
    return register


def make_engine(url: str) -> sa.Engine:
    """The engine of a database that is no register, opened with the same care; UsageError for an
    address that is none."""
    return _engine(parse_address(url, "schedule"))


def _table_names(register: Register) -> set[str]:
    try:
        return set(sa.inspect(register.engine).get_table_names())
    except sa.exc.SQLAlchemyError as error:
        raise UsageError(
            f"the register at {register.url} cannot be opened ({_reason(register, error)})"
        ) from None


def _check_schema_is_open(register: Register) -> None:
    """Refused for a login whose level works on releases and reports only."""
    may_look = sa.text("SELECT has_schema_privilege('public', 'USAGE')")
    with register.engine.connect() as connection:
        if not connection.scalar(may_look):
            raise Refused(
                f"your login may not read the register at {register.url}; a reader works on "
                "reports and an analyst on releases, other work needs another level"
            )


def _reason(register: Register, error: Exception) -> str:
    return reason(error, register.engine.url.database or "" if register.embedded else "")


def parse_address(url: str, whose: str = "register") -> sa.URL:
    """The address with the driver of its kind. No part of a wrong one is repeated: any of them may
    be a piece of the password."""
    kind, _, rest = url.partition("://")
    kind = kind.partition("+")[0]
    if kind not in DRIVERS:
        raise UsageError(
            f"the {whose}'s address must look like sqlite:///path or postgresql://host/database"
        )
    if kind != "sqlite" and rest.count("@") > 1:
        raise UsageError(
            f"the {whose}'s address has more than one @; in a password write %40 for @, %3A for :, "
            "%2F for / and %25 for %"
        )
    try:
        location = sa.make_url(url).set(drivername=DRIVERS[kind])
    except (sa.exc.ArgumentError, ValueError):  # such as a port that is no number
        raise UsageError(
            f"the {whose}'s address must look like postgresql://user:password@host:port/database"
        ) from None
    file = location.database or ""
    if kind == "sqlite" and (file in {"", ":memory:"} or file.startswith("~")):
        raise UsageError(f"the address of an embedded {whose} names its file: sqlite:////home/…")
    return location


def _engine(url: sa.URL) -> sa.Engine:
    """The one engine of the code base: parameters stay out of every message and log."""
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        poolclass=sa.NullPool,
        connect_args={"timeout": BUSY_SECONDS} if url.drivername == "sqlite" else {},
    )
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_connected)
        sa.event.listen(engine, "begin", _sqlite_begun)
    else:
        sa.event.listen(engine, "handle_error", _scrubbed)
    return engine


def _sqlite_connected(connection: Any, _record: Any) -> None:
    connection.isolation_level = (
        None  # the driver would begin transactions late and never around DDL; _sqlite_begun does
    )
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON", "cache_size=-131072"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begun(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _scrubbed(context: sa.engine.ExceptionContext) -> None:
    """PostgreSQL puts the offending values into its messages; keep the rule only. A refusal and a
    lost connection are said in words."""
    if context.connection is not None and (explanation := explain(context.original_exception)):
        raise explanation from None
    diagnosis = getattr(context.original_exception, "diag", None)
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and diagnosis is not None and diagnosis.sqlstate:
            error.args = (
                f"{type(context.original_exception).__name__} {diagnosis.sqlstate} "
                f"{diagnosis.constraint_name or ''}".strip(),
            )
