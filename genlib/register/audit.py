"""Who did what, when, for which purpose, to how many people: append-only, hash-chained, its head
anchored outside the database.

Each digest is SHA-256 over the digest before it and the event. The anchor is a file of one line per
event, only ever appended to; whoever rewrites the table must also rewrite that file, so keep it
where the database's administrators cannot (an append-only mount, a log host).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from genlib import settings
from genlib.errors import GenlibError
from genlib.private import OWNER, make_home
from genlib.register.database import Register
from genlib.register.schema import table

FIELDS = ("id", "at", "user", "purpose", "action", "people", "subjects", "detail")
START = bytes(32)


@dataclass(frozen=True)
class Event:
    """`people`: how many were touched. `subjects`: customer ids, if identified people were looked
    at. Never put a value from the data into `detail`. `user`: whom the settings name, unless said
    otherwise."""

    purpose: str
    action: str
    people: int
    subjects: Sequence[int] | None = None
    detail: Mapping[str, Any] | None = None
    user: str = ""
    at: dt.datetime | None = None


def record(register: Register, **event: Any) -> int:
    """Append one event (the fields of `Event`) in a transaction of its own and return its
    number."""
    with told(register) as (_, tell):
        return tell(Event(**event))


@contextmanager
def told(register: Register) -> Iterator[tuple[sa.Connection, Callable[[Event], int]]]:
    """`Register.writing` with the function that appends an event: what is done and what is told of
    it are kept together or not at all."""
    heads: list[tuple[int, bytes]] = []

    def tell(event: Event) -> int:
        heads.append(_entered(connection, event))
        return heads[-1][0]

    with register.writing() as connection:
        yield connection, tell
    for number, digest in heads:
        _append(anchor_path(register), f"\n{number} {digest.hex()}\n".encode())


def _entered(connection: sa.Connection, event: Event) -> tuple[int, bytes]:
    events = table("audit_event")
    if (
        connection.dialect.name != "sqlite"
    ):  # SQLite's BEGIN IMMEDIATE has already put the writers in a queue
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('genlib.audit_event'))"))
    last = connection.execute(
        sa.select(events.c.id, events.c.digest).order_by(events.c.id.desc()).limit(1)
    ).first()
    number: int = (last.id if last else 0) + 1
    row = {
        "id": number,
        "at": (event.at or dt.datetime.now(dt.UTC)).replace(microsecond=0),
        "user": _login(connection) or event.user or settings.load().user,
        "purpose": event.purpose,
        "action": event.action,
        "people": event.people,
        "subjects": None if event.subjects is None else json.dumps(sorted(event.subjects)),
        "detail": None
        if event.detail is None
        else json.dumps(event.detail, sort_keys=True, default=str),
    }
    digest = _digest(last.digest if last else START, row)
    connection.execute(events.insert().values(**row, digest=digest))
    return number, digest


def _login(connection: sa.Connection) -> str:
    """The name of whoever logged in with a level of the register, which alone may stand in an
    event of theirs; empty for the owner of the tables and on an embedded register."""
    if connection.dialect.name == "sqlite":
        return ""
    is_member = "row_security_active('audit_event')"
    query = sa.text(f"SELECT CASE WHEN {is_member} THEN session_user::text END")
    return connection.scalar(query) or ""


def verify(register: Register, *, anchor: Path | None = None) -> int:
    """How many events there are, if none was changed, removed or cut off; GenlibError names the
    first that was."""
    anchored = _anchored(anchor or anchor_path(register))
    before = START
    events = table("audit_event")
    number = 0
    ordered = events.select().order_by(events.c.id)
    with (
        register.engine.connect() as connection,
        connection.execution_options(yield_per=10_000).execute(ordered) as rows,
    ):
        for number, event in enumerate(rows, 1):
            before = _digest(before, event._mapping)
            if (
                event.id != number
                or event.digest != before
                or anchored.get(number, before.hex()) != before.hex()
            ):
                raise GenlibError(
                    f"the audit trail is broken at event {number}: it was changed, or one before "
                    "it was removed"
                )
    if max(anchored, default=0) > number:
        raise GenlibError(
            f"the audit trail is cut off after event {number}: the anchor knows {max(anchored)} "
            "events"
        )
    if number and not anchored:
        raise GenlibError(
            "the anchor of the audit trail is missing or empty, so a cut-off trail could not be "
            "told; restore the file"
        )
    return number


def anchor_path(register: Register) -> Path:
    """Beside an embedded register; in the workbench's home for a server."""
    url = register.engine.url
    return (
        Path(f"{url.database}.audit")
        if register.embedded
        else settings.load().home / f"{url.database}.audit"
    )


def _digest(before: bytes, event: Mapping[Any, Any]) -> bytes:
    at = event["at"].astimezone(dt.UTC).isoformat()
    return hashlib.sha256(
        before + json.dumps([at if f == "at" else event[f] for f in FIELDS]).encode()
    ).digest()


def _append(path: Path, line: bytes) -> None:
    make_home(path.parent)
    with open(path, "ab", buffering=0, opener=partial(os.open, mode=OWNER.file)) as file:
        file.write(line)
        os.fsync(file.fileno())


def _anchored(path: Path) -> dict[int, str]:
    """Event number → digest; a line that a crash left unfinished does not count."""
    lines = re.findall(
        r"^(\d+) ([0-9a-f]{64})$", path.read_text() if path.exists() else "", re.MULTILINE
    )
    return {int(number): digest for number, digest in lines}
