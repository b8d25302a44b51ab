"""publishing a release, against reading the same columns over ADBC and writing them to Parquet with
nothing done to them"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import goals

REPEATS = 1
ROUNDS = 2
CUSTOMERS = {"tiny": 2_000, "small": 200_000, "large": 1_000_000}
PURPOSE = "customer_analysis"
LONG = ("invoice", "interaction")
NOW = datetime(2026, 11, 1, 4, tzinfo=UTC)


def drawn(path: Path, customers: int) -> Any:
    """A synthetic register."""
    from genlib.register.database import create_register
    from genlib.register.vault import IdentityKey
    from genlib.synthetic import synthesise

    register = create_register(f"sqlite:///{path}")
    synthesise(register, IdentityKey(bytes(32)), customers=customers, seed=1)
    return register


def workbench(folder: Path, customers: int, *purposes: str) -> None:
    """A synthetic register with releases for these purposes."""
    from genlib import notice
    from genlib.publish.writer import publish
    from genlib.register.vault import PseudonymKey

    register = drawn(folder / "register.sqlite", customers)
    for purpose in purposes:
        publish(
            purpose,
            register,
            PseudonymKey(bytes(32)),
            notice=notice.load(),
            releases=folder / "releases",
            common=folder,
            now=NOW,
            time_zone="Europe/Helsinki",
        )


def prepare(folder: Path, size: str) -> None:
    drawn(folder / "whole.sqlite", CUSTOMERS[size]).engine.dispose()
    shutil.copy(folder / "whole.sqlite", folder / "quarter.sqlite")
    with sqlite3.connect(folder / "quarter.sqlite") as thinned:
        for table in LONG:
            thinned.execute(f"DELETE FROM {table} WHERE id % 4")


def genlib(folder: Path, size: str, *, register: str = "whole") -> Callable[[], dict]:
    from genlib import notice
    from genlib.publish.writer import publish
    from genlib.register.database import open_register
    from genlib.register.vault import PseudonymKey

    opened, terms = open_register(f"sqlite:///{folder}/{register}.sqlite"), notice.load()

    def work() -> dict:
        made = publish(
            PURPOSE,
            opened,
            PseudonymKey(bytes(32)),
            notice=terms,
            releases=folder / "releases" / register,
            common=folder,
            now=NOW,
            time_zone="Europe/Helsinki",
        )
        return {"note": f"{made.people:,} people, {sum(made.rows.values()):,} rows"}

    return work


def bare(folder: Path, size: str) -> Callable[[], dict]:
    import adbc_driver_sqlite.dbapi as adbc
    import pyarrow.parquet as pq

    from genlib import notice

    granted = notice.load().granted(PURPOSE)
    with sqlite3.connect(folder / "whole.sqlite") as connection:
        there = {
            table: {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            for table in granted
        }

    def work() -> dict:
        rows = 0
        with adbc.connect(f"{folder}/whole.sqlite") as connection, connection.cursor() as cursor:
            for table, columns in granted.items():
                wanted = ", ".join(column for column in columns if column in there[table]) or "id"
                cursor.execute(f"SELECT {wanted} FROM {table}")
                reader = cursor.fetch_record_batch()
                with pq.ParquetWriter(
                    folder / f"{table}.parquet", reader.schema, compression="zstd"
                ) as writer:
                    for batch in reader:
                        rows += batch.num_rows
                        writer.write_batch(batch)
        return {"note": f"{rows:,} rows"}

    return work


BARE, QUARTER = "bare ADBC to Parquet", "genlib, same people, a quarter of the rows"
SIDES = {"genlib": genlib, BARE: bare, QUARTER: partial(genlib, register="quarter")}
GOALS = {BARE: goals.level(1.5), QUARTER: goals.flat(1.25)}
