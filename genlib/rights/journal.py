"""The journal of erasures: a file beside the register, so that what was erased is erased again when
a backup of the database comes back.

A line is written before anything is erased, and an erasure is done when the register has its
tombstones. So after a crash, and after a backup was restored, the journal knows what is left to do.
It holds keyed hashes and codes, nobody's number or name.

Example: request 5 was erased on Monday, on Tuesday Sunday's backup is restored: the register has no
tombstone of request 5 of Monday's instant, and whoever loads or publishes is told to finish it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from genlib.atomic import replacing, synced
from genlib.errors import Refused
from genlib.private import OWNER, make_home
from genlib.register.database import Register
from genlib.register.schema import table

SCHEMA = {"identifier": pl.String(), "digest": pl.Binary()}


@dataclass(frozen=True)
class Entry:
    """An erasure: its request, instant, ground and who decided it. `marks`: identifier and digest
    (hexadecimal) of each tombstone."""

    request: int
    erased_at: str
    ground: str
    user: str
    marks: list[list[str]]

    @property
    def instant(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.erased_at)

    @property
    def tombstones(self) -> pl.DataFrame:
        """identifier, digest."""
        written = pl.DataFrame(self.marks, dict.fromkeys(SCHEMA, pl.String()), orient="row")
        return written.with_columns(pl.col("digest").str.decode("hex")).cast(SCHEMA)  # type: ignore[arg-type]


def make_entry(
    request: int, *, at: dt.datetime, ground: str, user: str, marks: pl.DataFrame
) -> Entry:
    """The line of an erasure. marks: identifier, digest."""
    written = marks.with_columns(pl.col("digest").bin.encode("hex"))
    instant = at.astimezone(dt.UTC).replace(microsecond=0).isoformat()
    return Entry(request, instant, ground, user, [list(row) for row in written.rows()])


def locate(home: Path) -> Path:
    """Where the journal of a workbench lies."""
    return home / "rights" / "erasures.jsonl"


def append(home: Path, entry: Entry) -> None:
    """Add a line, on the disk before this returns. A line that a crash cut off is left alone."""
    path = locate(home)
    make_home(path.parent)
    line = f"\n{json.dumps(asdict(entry))}\n".encode()
    with open(path, "ab", buffering=0, opener=partial(os.open, mode=OWNER.file)) as file:
        file.write(line)
        os.fsync(file.fileno())
    synced(path.parent)


def read(home: Path) -> list[Entry]:
    """All whole lines, in their order."""
    path = locate(home)
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [Entry(**json.loads(line)) for line in lines if line.startswith("{") and line[-1] == "}"]


def rewrite(home: Path, entries: Sequence[Entry]) -> None:
    """Keep these lines only."""
    with replacing(locate(home)) as file:
        for entry in entries:
            file.write(f"{json.dumps(asdict(entry))}\n".encode())


def list_unfinished(register: Register, home: Path) -> list[Entry]:
    """The erasures that the register does not have, the oldest first."""
    entries = read(home)
    if not entries:
        return []
    stones = table("tombstone")
    query = sa.select(stones.c.request, stones.c.erased_at).distinct()
    with register.engine.connect() as connection:
        done = {(row.request, row.erased_at) for row in connection.execute(query)}
    return [entry for entry in entries if (entry.request, entry.instant) not in done]


def check_finished(register: Register, home: Path) -> None:
    """Refused while an erasure is left to do: nobody who was erased is loaded or published."""
    if count := len(list_unfinished(register, home)):
        raise Refused(
            f"{count} erasures are not in this register (a command was stopped, or a backup was "
            "restored); finish them first: genlib subject finish"
        )
