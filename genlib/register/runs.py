"""What each refresh did, in counts, and the rows as they were before it, so that the history can be
told and a refresh taken back.

Every table of a refresh has a line of its own: the feed, of when the file speaks (`as_of`), how
many rows it read, added, changed, left and refused. Rows as they were are kept for 40 days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.errors import Refused
from genlib.register.bulk import UTC_INSTANT
from genlib.register.database import Register, frame_schema
from genlib.register.numbering import give_numbers, read_counters
from genlib.register.schema import table

KEPT = dt.timedelta(days=40)
AHEAD = ("due_on", "ends_on", "closed_on")
"""Days that lie ahead of what happened."""
NUMBERED = ("refresh_run", "refresh_row", "source_key")
"""Tables that name the refresh by its number; first the log."""
ROW_IDS = ("row_id", "second_id")
LIST = "suppression"
"""Under this table's name a run keeps what it put on the suppression list."""
HOLDS = "held_back"
"""Under this table's name a run keeps of which tables it ended holds."""
BESIDE_ROWS = (LIST, HOLDS)


@dataclass(frozen=True)
class RunKey:
    """One table of one refresh: its number, feed and table, of when the source speaks and when it
    was run."""

    run: int
    feed: str
    table: str
    as_of: dt.datetime
    at: dt.datetime


def begin_run(connection: sa.Connection) -> int:
    """The number of a refresh that begins, which none had before: what an earlier one left, such as
    keys of its source, goes when a refresh of its number is taken back. On a server others wait
    until this transaction ends, so that no two take one number."""
    wait_for_refresh(connection)
    last = [connection.scalar(sa.select(sa.func.max(table(name).c.run))) for name in NUMBERED]
    if last[0] is None:  # the sweep removed the log, in which each refresh had a line or more
        last += read_counters(connection, NUMBERED[:1]).values()
    return max((number for number in last if number), default=0) + 1


def wait_for_refresh(connection: sa.Connection) -> None:
    """Wait for the end of a refresh that runs; the next waits for the end of this transaction.
    SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('genlib.refresh'))"))


def check_not_older(connection: sa.Connection, feed: str, name: str, as_of: dt.datetime) -> None:
    """Refused if the feed gave a newer state of the table before, so that yesterday's state never
    overwrites today's."""
    runs = table("refresh_run")
    newest = sa.select(sa.func.max(runs.c.as_of)).where(
        runs.c.feed == feed, runs.c.table == name, runs.c.undone_at.is_(None)
    )
    last = connection.scalar(newest)
    if last is not None and as_of < last:
        raise Refused(
            f"{feed}, table {name}: the file is of {as_of:%Y-%m-%d %H:%M:%S} UTC, older than the "
            f"one refreshed last ({last:%Y-%m-%d %H:%M:%S} UTC); if it is the newer one say of "
            "when it is with --as-of"
        )


def keep_rows(
    register: Register,
    connection: sa.Connection,
    key: RunKey,
    keys: pl.DataFrame,
    images: pl.DataFrame | None = None,
) -> None:
    """Keep the numbers of rows that the run added, or changed: then with `before` and `after`."""
    numbers = give_numbers(connection, "refresh_row", keys.height)
    wanted = frame_schema("refresh_row")
    ids = dict(zip(ROW_IDS, keys.columns, strict=False))
    rows = pl.DataFrame({"id": numbers}).with_columns(
        run=pl.lit(key.run),
        table=pl.lit(key.table),
        **{name: keys[column] for name, column in ids.items()},
    )
    if images is not None:
        rows = rows.with_columns(before=images["before"], after=images["after"])
    absent = [pl.lit(None, kind).alias(name) for name, kind in wanted.items() if name not in rows]
    register.append("refresh_row", rows.with_columns(absent))


def keep_entries(
    register: Register, connection: sa.Connection, key: RunKey, entries: pl.DataFrame
) -> None:
    """Keep what the run put on the suppression list. entries: id and what each says."""
    if entries.is_empty():
        return
    texts = write_image(entries.drop("id"))
    images = pl.DataFrame(
        {"before": pl.Series([None] * len(texts), dtype=pl.String), "after": texts}
    )
    keep_rows(register, connection, replace(key, table=LIST), entries.select("id"), images)


def keep_end_of_holds(register: Register, connection: sa.Connection, key: RunKey) -> None:
    """Keep that the run ended holds of its table; of whom is not kept."""
    number = pl.DataFrame({"id": [0]})
    tables = number.select(before=pl.lit(None, pl.String), after=pl.lit(key.table))
    keep_rows(register, connection, replace(key, table=HOLDS), number, tables)


def forget_rows(connection: sa.Connection, now: dt.datetime) -> None:
    """Remove rows as they were before runs of more than 40 days ago: those can no longer be taken
    back."""
    runs = table("refresh_run")
    rows = table("refresh_row")
    old = sa.select(runs.c.run).where(runs.c.at < now - KEPT)
    connection.execute(rows.delete().where(rows.c.run.in_(old)))


def write_image(rows: pl.DataFrame) -> pl.Series:
    """Stored rows as JSON, one text each; bytes in hexadecimal, days and instants as ISO texts."""
    plain = rows.with_columns(
        pl.selectors.binary().bin.encode("hex"),
        pl.selectors.by_dtype(UTC_INSTANT).dt.to_string("%Y-%m-%dT%H:%M:%SZ"),
        pl.selectors.date().dt.to_string("%Y-%m-%d"),
    )
    return plain.select(pl.struct(pl.all()).struct.json_encode()).to_series()


def read_image(images: pl.Series, name: str, columns: Sequence[str]) -> pl.DataFrame:
    """The stored rows again that `write_image` wrote."""
    schema = frame_schema(name)
    is_text = (pl.Binary, pl.Date, UTC_INSTANT)
    written = {c: pl.String() if schema[c] in is_text else schema[c] for c in columns}
    read = images.str.json_decode(pl.Struct(written)).struct.unnest()
    binary = [c for c in columns if schema[c] == pl.Binary]
    days = [c for c in columns if schema[c] == pl.Date]
    instants = [c for c in columns if schema[c] == UTC_INSTANT]
    return read.with_columns(
        col(binary).str.decode("hex"),
        col(days).str.to_date("%Y-%m-%d"),
        col(instants).str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_unit="us"),
    )


def find_newest(rows: pl.DataFrame, as_of: dt.datetime) -> dt.datetime | None:
    """The newest instant or day that rows tell of, not later than `as_of`."""
    happened = rows.select(pl.exclude(*AHEAD))
    dates = happened.select(pl.selectors.date().cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    instants = happened.select(pl.selectors.by_dtype(UTC_INSTANT))
    every = [*dates.get_columns(), *instants.get_columns()]
    values = pl.concat([pl.Series(dtype=UTC_INSTANT), *(one.rename("") for one in every)])
    newest = values.filter(values <= as_of).max()
    return newest if isinstance(newest, dt.datetime) else None


def mark_missing(
    register: Register, connection: sa.Connection, key: RunKey, keys: pl.DataFrame
) -> pl.Series:
    """Mark the rows that the feed does not send any more; those that came again are unmarked. The
    numbers of those that had no mark."""
    marks = table("missing_row")
    query = sa.select(marks.c.id, marks.c.row_id).where(
        marks.c.feed == key.feed, marks.c.table == key.table
    )
    rows = [tuple(row) for row in connection.execute(query)]
    marked = pl.DataFrame(rows, {"mark": pl.Int64, "row_id": pl.Int64}, orient="row")
    missing = keys.rename({keys.columns[0]: "row_id"})
    back = marked.join(missing, on="row_id", how="anti")
    fresh = missing.join(marked, on="row_id", how="anti").sort("row_id")
    if back.height:
        gone = marks.delete().where(marks.c.id == sa.bindparam("mark"))
        connection.execute(gone, back.select("mark").to_dicts())
    register.append(
        "missing_row",
        fresh.with_columns(
            id=give_numbers(connection, "missing_row", fresh.height),
            feed=pl.lit(key.feed),
            table=pl.lit(key.table),
            since=pl.lit(key.at),
            decision=pl.lit(None, pl.String),
            decided_at=pl.lit(None, UTC_INSTANT),
        ),
    )
    return fresh["row_id"]


def tell_history(register: Register, now: dt.datetime) -> list[str]:
    """A line for the last refresh of each table of each feed, and one for each feed: how old the
    newest event is that it told of."""
    runs = _read_kept(register)
    last = runs.unique(["feed", "table"], keep="last", maintain_order=True).sort("feed", "table")
    lines = [_tell_run(row, now) for row in last.to_dicts()]
    newest = runs.group_by("feed").agg(col("newest").max()).sort("feed")
    return [*lines, *(f"{feed}: {_tell_age(instant, now)}" for feed, instant in newest.rows())]


def read_feeds(register: Register, tables: Collection[str], time_zone: str) -> pl.DataFrame:
    """feed, run, refreshed_on, newest: of each feed that gave some of these tables the last
    refresh, its day, and the day of the newest event that it ever told of in them. Days are those
    of the time zone."""
    runs = _read_kept(register).filter(col("table").is_in(list(tables)))
    days = [col(name).dt.convert_time_zone(time_zone).dt.date() for name in ("at", "newest")]
    feeds = runs.group_by("feed").agg(col("run").max(), *(day.max() for day in days))
    return feeds.rename({"at": "refreshed_on"}).sort("feed")


def _read_kept(register: Register) -> pl.DataFrame:
    """The refreshes that were not taken back."""
    columns = list(frame_schema("refresh_run"))
    runs = pl.concat(register.scan("refresh_run", columns, ordered_by="id"))
    return runs.filter(col("undone_at").is_null())


def _tell_age(newest: dt.datetime | None, now: dt.datetime) -> str:
    return f"newest event {(now - newest).days} days old" if newest else "no events"


def _tell_run(row: dict[str, Any], now: dt.datetime) -> str:
    age = _tell_age(row["newest"], now)
    counts = ", ".join(
        f"{row[name]} {word}"
        for name, word in (
            ("read", "read"),
            ("fresh", "new"),
            ("changed", "changed"),
            ("refused", "refused"),
            ("held_back", "held back"),
        )
    )
    return (
        f"{row['feed']} {row['table']}: refresh {row['run']} at {row['at']:%Y-%m-%d %H:%M} UTC, "
        f"file of {row['as_of']:%Y-%m-%d %H:%M} UTC; {counts}; {age}"
    )
