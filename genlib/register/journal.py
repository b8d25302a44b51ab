"""The journal of erasures: a file beside the register, so that what was erased is erased again when
a backup of the database comes back.

A line is written before anything is erased, and an erasure is done when the register has its
tombstones. So after a crash, and after a backup was restored, the journal knows what is left to do.
It holds keyed hashes, codes and how far the register had counted, nobody's number or name. The
workbenches of one register use one journal (the setting `common`); whoever's lacks an erasure of
the register is told so.

Example: request 5 was erased on Monday, on Tuesday Sunday's backup is restored: the register has no
tombstone of request 5 of Monday's instant, and whoever loads or publishes is told to finish it.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from genlib.atomic import replacing, synced
from genlib.errors import Refused
from genlib.private import OWNER, Access, give, make_common, open_lock
from genlib.register.database import Register
from genlib.register.schema import table

COUNTED = ("customer", "campaign_contact", "subject_request")
"""Tables whose numbers tombstones and the journal speak of."""
SCHEMA = {"identifier": pl.String(), "digest": pl.Binary()}


@dataclass(frozen=True)
class Entry:
    """An erasure: its request, instant, ground and who decided it. `marks`: identifier and digest
    (hexadecimal) of each tombstone. `counters`: how far tables had counted, so that nobody gets a
    number of the erased in a restored register; a line of an earlier version has none."""

    request: int
    erased_at: str
    ground: str
    user: str
    marks: list[list[str]]
    counters: Mapping[str, int] = field(default_factory=dict)

    @property
    def instant(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.erased_at)

    @property
    def key(self) -> tuple[int, dt.datetime]:
        """Which erasure it is, in the journal and in the register."""
        return self.request, self.instant

    @property
    def tombstones(self) -> pl.DataFrame:
        """identifier, digest."""
        written = pl.DataFrame(self.marks, dict.fromkeys(SCHEMA, pl.String()), orient="row")
        digest = pl.col("digest").str.decode("hex")
        return written.with_columns(digest).cast(SCHEMA)  # type: ignore[arg-type]


def make_entry(  # noqa: PLR0913 - the fields of a line
    request: int,
    *,
    at: dt.datetime,
    ground: str,
    user: str,
    marks: pl.DataFrame,
    counters: Mapping[str, int],
) -> Entry:
    """The line of an erasure. marks: identifier, digest; counters: of the tables `COUNTED`
    (`numbering.read_counters`)."""
    written = marks.with_columns(pl.col("digest").bin.encode("hex"))
    instant = at.astimezone(dt.UTC).replace(microsecond=0).isoformat()
    return Entry(request, instant, ground, user, [list(row) for row in written.rows()], counters)


def locate(home: Path) -> Path:
    """Where the journal lies in the folder that the workbenches of a register have in common."""
    return home / "rights" / "erasures.jsonl"


def append(home: Path, entry: Entry) -> None:
    """Add a line, on the disk before this returns. A line that a crash cut off is left alone."""
    path = locate(home)
    line = f"\n{json.dumps(asdict(entry))}\n".encode()
    with _hold(home) as access:
        with open(path, "ab", buffering=0, opener=partial(os.open, mode=OWNER.file)) as file:
            if file.tell() == 0:
                give(file.fileno(), access.file)
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


def forget(home: Path, is_old: Callable[[Entry], bool]) -> None:
    """Keep only the lines that are not old."""
    if not any(map(is_old, read(home))):
        return
    with _hold(home) as access:
        recent = [entry for entry in read(home) if not is_old(entry)]
        with replacing(locate(home), access) as file:
            for entry in recent:
                file.write(f"{json.dumps(asdict(entry))}\n".encode())


@contextmanager
def _hold(home: Path) -> Iterator[Access]:
    """The journal, which nobody else writes to meanwhile, and how its files are made."""
    folder = locate(home).parent
    access = make_common(folder)
    with open_lock(folder / ".lock") as file:
        give(file.fileno(), access.file)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield access


def list_unfinished(register: Register, home: Path) -> list[Entry]:
    """The erasures that the register does not have, the oldest first."""
    entries = read(home)
    if not entries:
        return []
    done = _read_done(register)
    return [entry for entry in entries if entry.key not in done]


def list_begun(register: Register, home: Path) -> set[tuple[int, dt.datetime]]:
    """The erasures, by request and instant, that have begun or are done."""
    return _read_done(register) | {entry.key for entry in read(home)}


@contextmanager
def stand_still(
    register: Register, home: Path, begun: Set[tuple[int, dt.datetime]]
) -> Iterator[None]:
    """While no erasure can begin; Refused if one did that is not among those that had `begun`."""
    with _hold(home):
        if list_begun(register, home) - begun:
            raise Refused(
                "an erasure began while this release was made, which may hold the person; it was "
                "not kept, so publish again"
            )
        yield


def list_untold(register: Register, home: Path) -> set[tuple[int, dt.datetime]]:
    """The erasures of the register, by request and instant, of which the journal has no line."""
    return _read_done(register) - {entry.key for entry in read(home)}


def _read_done(register: Register) -> set[tuple[int, dt.datetime]]:
    stones = table("tombstone")
    query = sa.select(stones.c.request, stones.c.erased_at).distinct()
    with register.engine.connect() as connection:
        return {(row.request, row.erased_at) for row in connection.execute(query)}


def check_finished(register: Register, home: Path) -> None:
    """Refused while an erasure is left to do: nobody who was erased is loaded or published; and
    while one has no line here, so that this workbench would not know of it after a backup."""
    if count := len(list_unfinished(register, home)):
        raise Refused(
            f"{count} erasures are not in this register (a command was stopped, or a backup was "
            "restored); finish them first: genlib subject finish"
        )
    if count := len(list_untold(register, home)):
        raise Refused(
            f"{count} erasures of this register are not in the journal of this workbench; let the "
            "setting common name the folder that all its workbenches use, or enter them here: "
            "genlib subject finish"
        )
