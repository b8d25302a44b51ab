"""What a feed gives - the rows of its files or queries - as sources of a refresh."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import polars as pl
import sqlalchemy as sa

from genlib.clock import read_clock
from genlib.errors import BadInput
from genlib.register.batches import Batch, Place, read_file_time
from genlib.register.feeds.declaration import Feed, TableFeed
from genlib.register.feeds.feed_file import load_feed
from genlib.register.feeds.files import FileRows, find_file
from genlib.register.feeds.query import QueryRows, read_address
from genlib.register.feeds.resolve import SPREAD, Resolver
from genlib.register.feeds.translate import (
    count_payments,
    find_unknown_codes,
    read_changed,
    translate,
)
from genlib.register.rules import read_iso_instant
from genlib.register.runs import RunKey
from genlib.settings import TIME_ZONE

OF_ANSWERS = ("question_id", "score", "comment")
NOTHING: Mapping[str, str] = MappingProxyType({})


class Rows(Protocol):
    """Where the rows of a table come from. `is_typed`: its cells may be dates, numbers and truths,
    and not texts."""

    @property
    def is_typed(self) -> bool: ...
    def check(self) -> None:
        """BadInput if a column that the feed reads is not there."""

    def read(self, columns: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
        """The rows, or some columns of them, in frames of text with `row`."""


@dataclass(frozen=True)
class FeedTable:
    """What a feed gives for one table."""

    declared: Feed
    table_feed: TableFeed
    rows: Rows
    as_of: dt.datetime

    @property
    def feed(self) -> str:
        """The feed's name, under which the history knows it."""
        return self.declared.name

    @property
    def source(self) -> str:
        """The system that numbers the rows."""
        return self.declared.source

    @property
    def table(self) -> str:
        """The register's table."""
        return self.table_feed.table

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that the feed tells."""
        feed = self.table_feed
        answers = OF_ANSWERS if feed.answers else ("id",)
        named = [*answers, *feed.columns, *feed.constants, *feed.references]
        return tuple(dict.fromkeys(named))

    @property
    def spread(self) -> int:
        """How many numbers a row of the file has: one, or one an answer."""
        return SPREAD if self.table_feed.answers else 1

    @property
    def meets_people(self) -> bool:
        """Whether a key may be of a customer of an earlier row (`joining`)."""
        return bool(self.table_feed.match)

    def read(self, place: Place, run: RunKey) -> Iterator[Batch]:
        """Its rows in the register's own form."""
        for raw in self.rows.read():
            rows = translate(raw, self.table_feed, is_typed=self.rows.is_typed)
            codes = find_unknown_codes(raw, self.table_feed)
            payments = count_payments(raw, self.table_feed, is_typed=self.rows.is_typed)
            resolver = Resolver(place, run, self.declared, self.table_feed, rows, codes)
            for batch in resolver.resolve():
                yield replace(batch, payments=payments) if self.table_feed.open_amount else batch


def read_feed(
    path: Path,
    folder: Path,
    as_of: dt.datetime | None = None,
    *,
    time_zone: str = TIME_ZONE,
    environment: Mapping[str, str] = NOTHING,
) -> list[FeedTable]:
    """What a feed gives of the files of a folder and of its database. BadInput for a feed that
    cannot be, a file that is not there and a column that is missing. `time_zone`: as in
    `load_feed`; `environment`: where the variable is that may hold the database's address."""
    feed = load_feed(path, time_zone=time_zone)
    address = None
    if feed.database and any(one.query for one in feed.tables):
        address = read_address(feed.database, path.parent, environment)
    return [_read_table(feed, one, address, folder, as_of) for one in feed.tables]


def _read_table(
    feed: Feed,
    table_feed: TableFeed,
    address: sa.URL | None,
    folder: Path,
    as_of: dt.datetime | None,
) -> FeedTable:
    rows: Rows
    if address is not None and table_feed.query:
        rows = QueryRows(table_feed, address)
        read_at = read_clock().replace(microsecond=0)
    else:
        file = find_file(folder, table_feed)
        rows = FileRows(table_feed, file)
        read_at = read_file_time(file)
    rows.check()
    if as_of is None and table_feed.updated_at:
        as_of = _find_newest(rows, table_feed)
    return FeedTable(feed, table_feed, rows, as_of or read_at)


def _find_newest(rows: Rows, feed: TableFeed) -> dt.datetime:
    """The newest instant of the column `updated_at`; one that lies ahead does not count."""
    now = read_clock()
    newest: list[dt.datetime] = []
    for frame in rows.read([feed.updated_at]):
        text = pl.col(feed.updated_at).str.strip_chars()
        instant = read_changed(text, feed.form, is_typed=rows.is_typed)
        changed = frame.select(read_iso_instant(instant)).to_series()
        latest = changed.filter(changed <= now).max()
        if isinstance(latest, dt.datetime):
            newest.append(latest)
    if not newest:
        raise BadInput(
            f"table {feed.table}: no row has an instant in {feed.updated_at} that can be read; "
            "mend the format of the feed, or say of when it speaks with --as-of"
        )
    return max(newest)
