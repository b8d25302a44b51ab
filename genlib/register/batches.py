"""Rows on their way from a source into the register, and the register's own layout as a source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register.contradictions import FAULTS
from genlib.register.database import Register
from genlib.register.expiry import PastRows
from genlib.register.reading import batches, check_columns, files, read_header
from genlib.register.runs import RunKey
from genlib.register.schema import table
from genlib.register.vault import IdentityKey
from genlib.settings import TIME_ZONE

ROWS = 65_536
OWN_FEED = "own"
"""What files in the register's own layout are called in the history."""
FOUND_OTHERWISE = ("nobody_found", "several_found")
"""Rules of rows whose people are told as candidates, not by a customer's number."""
CODES = pl.Schema({"row": pl.Int64(), "column": pl.String(), "code": pl.String()})
QUESTIONS = pl.Schema({"row": pl.Int64(), "question": pl.String()})
CANDIDATES = pl.Schema({"row": pl.Int64(), "customer_id": pl.Int64()})


@dataclass(frozen=True)
class Payments:
    """How many invoices have a payment day while something is open (`partly`), and how many have
    nothing open and no payment day (`undated`): credited, or paid nobody knows when."""

    partly: int = 0
    undated: int = 0


@dataclass(frozen=True)
class Batch:
    """Rows as they came: `rows` of text, in the register's columns, with `row`; `faults` of those
    that are refused already; `candidates`: customers (row, customer_id) whom a refused row may
    mean. `given`: the columns that these rows tell, if not those of their source; `joined`: how
    many keys were found to be of customers who were there; `questions`: of wide answers the code of
    the question (row, question); `codes`: what the source says (row, column, code) that its feed
    does not translate; `payments`: what its open amounts say."""

    rows: pl.DataFrame
    faults: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FAULTS))
    candidates: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CANDIDATES))
    given: tuple[str, ...] | None = None
    joined: int = 0
    questions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUESTIONS))
    codes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CODES))
    payments: Payments = field(default_factory=Payments)

    @property
    def is_plain(self) -> bool:
        """Whether its rows are all that it says."""
        others = (self.faults, self.candidates, self.questions, self.codes)
        return self.given is None and all(frame.is_empty() for frame in others)


@dataclass(frozen=True)
class Place:
    """Where rows are taken: the register, its open transaction, and the key of the secrets.
    `artificial`, `time_zone`, `years_kept` and `past`: as in `Intake`."""

    register: Register
    connection: sa.Connection
    key: IdentityKey
    artificial: bool = True
    time_zone: str = TIME_ZONE
    years_kept: Mapping[str, int] = field(default_factory=dict)
    past: PastRows = field(default_factory=dict)

    def tell_now(self, at: dt.datetime) -> dt.datetime:
        """An instant of a refresh with the company's day."""
        return at.astimezone(ZoneInfo(self.time_zone))


class Source(Protocol):
    """What a feed gives for one table: `given` are the columns that it tells, and it speaks of
    `as_of`. `source`: the system whose keys its rows have, blank for the register's own numbers;
    `spread`: how many numbers each row of the file has; `meets_people`: whether its rows are looked
    for among the customers whom earlier rows told, so that none of these may wait."""

    @property
    def feed(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def spread(self) -> int: ...
    @property
    def meets_people(self) -> bool: ...
    @property
    def table(self) -> str: ...
    @property
    def as_of(self) -> dt.datetime: ...
    @property
    def given(self) -> tuple[str, ...]: ...

    def read(self, place: Place, run: RunKey) -> Iterator[Batch]:
        """Its rows in batches, read inside the transaction that takes them."""


@dataclass(frozen=True)
class OwnFile:
    """A file in the register's own layout."""

    table: str
    path: Path
    as_of: dt.datetime
    given: tuple[str, ...]
    feed: str = OWN_FEED
    source: str = ""
    spread: int = 1
    meets_people: bool = False

    def read(self, place: Place, run: RunKey) -> Iterator[Batch]:
        """Its rows; those whose number belongs to a row of another source are refused."""
        keys = table("source_key")
        of_table = sa.select(sa.exists().where(keys.c.table == self.table))
        has_foreign = bool(place.connection.scalar(of_table))
        for rows in batches(self.table, self.path, ROWS):
            yield (
                Batch(rows, _find_foreign(place, self.table, rows)) if has_foreign else Batch(rows)
            )


def read_folder(folder: Path, as_of: dt.datetime | None = None) -> list[OwnFile]:
    """The files of a folder in the register's own layout, in an order that puts customers before
    their invoices. Each speaks of `as_of`, else of when it was written. BadInput as `files` and
    `check_columns`."""
    paths = files(folder)
    for name, path in paths.items():
        check_columns(name, path)
    return [
        OwnFile(name, path, as_of or read_file_time(path), tuple(read_header(path)))
        for name, path in paths.items()
    ]


def read_file_time(path: Path) -> dt.datetime:
    """When a file was written, in UTC and to the second."""
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).replace(microsecond=0)


def _find_foreign(place: Place, name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The faults of rows whose number another source's row has."""
    if "id" not in rows.columns:
        return pl.DataFrame(schema=FAULTS)
    numbers = col("id").str.strip_chars().cast(pl.Int64, strict=False)
    asked = rows.select(table=pl.lit(name), id=numbers).drop_nulls().unique()
    keys = place.register.matching("source_key", asked)
    taken = keys.filter(~col("joined").fill_null(value=False))["id"]
    foreign = rows.filter(numbers.is_in(taken.implode()))
    fault = foreign.select("row", column=pl.lit("id"), rule=pl.lit("of_another_source"))
    return fault.cast(FAULTS)
