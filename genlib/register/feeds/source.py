"""A feed's files as sources of a refresh."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genlib.register.batches import Batch, Place, read_file_time
from genlib.register.feeds.declaration import Feed, TableFeed, load_feed
from genlib.register.feeds.files import check_header, find_file, read_rows
from genlib.register.feeds.resolve import SPREAD, Resolver
from genlib.register.feeds.translate import translate
from genlib.register.runs import RunKey
from genlib.settings import TIME_ZONE

OF_ANSWERS = ("question_id", "score", "comment")


@dataclass(frozen=True)
class FeedFile:
    """A file that a feed says to be a table."""

    declared: Feed
    table_feed: TableFeed
    path: Path
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

    def read(self, place: Place, run: RunKey) -> Iterator[Batch]:
        """Its rows in the register's own form."""
        for raw in read_rows(self.path, self.table_feed.layout):
            rows = translate(raw, self.table_feed)
            yield Resolver(place, run, self.declared, self.table_feed, rows).resolve()


def read_feed(
    path: Path,
    folder: Path,
    as_of: dt.datetime | None = None,
    *,
    time_zone: str = TIME_ZONE,
) -> list[FeedFile]:
    """What a feed gives of the files of a folder. BadInput for a feed that cannot be, a file that
    is not there and a column that it lacks. `time_zone`: as in `load_feed`."""
    feed = load_feed(path, time_zone=time_zone)
    sources = []
    for table_feed in feed.tables:
        file = find_file(folder, table_feed)
        check_header(file, table_feed)
        sources.append(FeedFile(feed, table_feed, file, as_of or read_file_time(file)))
    return sources
