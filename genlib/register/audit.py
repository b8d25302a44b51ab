"""Who did what, when, for which purpose, to how many people: append-only, hash-chained, its head
anchored outside the database.

The anchor (`chain`) is a file of one line per event, only ever appended to; whoever rewrites the
table must also rewrite that file, so keep it where the database's administrators cannot (an
append-only mount, a log host). It is written right after the transaction. Who is killed between the
two leaves events without a line, and the next event brings the anchor up, once it has verified
them; whoever can write to the table gains nothing but events newer than the anchor. On a server
several workbenches write one trail, each with an anchor of its own, which may lack any number of
events at its end - all that others told since.

People stand in it by pseudonyms of its own domain, such as `au-…`, made with the identity key:
nobody without the key can tell whom an event is of.

Example: `record(register, key, purpose="customer_relationship", action="find by email", people=1,
subjects=[17])` is event 5, and `verify(register)` is 5.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from genlib import settings
from genlib.errors import GenlibError
from genlib.register.chain import (
    START,
    UNFINISHED,
    Head,
    append_heads,
    check_chain,
    digest_event,
    follow,
    read_anchor,
    read_last,
)
from genlib.register.database import Register
from genlib.register.schema import table
from genlib.register.vault import IdentityKey

Follow = Callable[[Head, Mapping[Any, Any]], Head]
SUBJECT_BYTES = 15
"""Of a pseudonym: 24 letters of base32."""


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


@dataclass(frozen=True)
class Trace:
    """What a person may be told of an event: not who did it."""

    at: dt.datetime
    purpose: str
    action: str


def record(register: Register, key: IdentityKey | None = None, **event: Any) -> int:
    """Append one event (the fields of `Event`) in a transaction of its own and return its
    number."""
    with told(register, key) as (_, tell):
        return tell(Event(**event))


@contextmanager
def told(
    register: Register, key: IdentityKey | None = None
) -> Iterator[tuple[sa.Connection, Callable[[Event], int]]]:
    """`Register.writing` with the function that appends an event: what is done and what is told of
    it are kept together or not at all. GenlibError for subjects without the identity key, and if
    the end of the trail is not what the anchor knows."""
    with told_in(register, register.writing(), key) as (connection, tell):
        yield connection, tell


@contextmanager
def told_in(
    register: Register,
    writing: AbstractContextManager[sa.Connection],
    key: IdentityKey | None = None,
) -> Iterator[tuple[sa.Connection, Callable[[Event], int]]]:
    """As `told`, in another transaction that writes."""
    heads: list[Head] = []

    def tell(event: Event) -> int:
        if len(heads) == UNFINISHED:
            raise GenlibError(f"one act tells at most {UNFINISHED} events of the audit trail")
        before = heads[-1] if heads else _find_head(register, connection)
        heads.append(_insert(connection, event, key, before))
        return heads[-1].number

    with writing as connection:
        yield connection, tell
    if heads:
        append_heads(anchor_path(register), heads)


def _read_login(connection: sa.Connection) -> str:
    """The name of whoever logged in with a level of the register, which alone may stand in an
    event of theirs; empty for the owner of the tables and on an embedded register."""
    if connection.dialect.name == "sqlite":
        return ""
    is_member = "row_security_active('audit_event')"
    query = sa.text(f"SELECT CASE WHEN {is_member} THEN session_user::text END")
    return connection.scalar(query) or ""


def verify(register: Register, *, anchor: Path | None = None) -> int:
    """How many events there are, if none was changed, removed, moved or cut off; GenlibError names
    the first that was. Events that an unfinished write left without a line of the anchor are held
    by the chain alone."""
    unfinished = UNFINISHED if register.embedded else None
    lines = read_anchor(anchor or anchor_path(register))
    return check_chain(read_entries(register), lines, unfinished=unfinished).number


def read_entries(register: Register) -> Iterator[Mapping[Any, Any]]:
    """All events as they are stored, in order. GenlibError where one cannot be read."""
    ordered = table("audit_event").select().order_by(table("audit_event").c.id)
    number = 0
    try:
        with (
            register.engine.connect() as connection,
            connection.execution_options(yield_per=10_000).execute(ordered) as rows,
        ):
            for number, row in enumerate(rows, 1):  # noqa: B007 - told below
                yield row._mapping
    except (sa.exc.SQLAlchemyError, ValueError, TypeError, AttributeError, OverflowError):
        raise GenlibError(
            f"the audit trail cannot be read after event {number}: one was changed, or the "
            "database does not answer"
        ) from None


def list_events(
    register: Register, *, last: int = 20, action: str = "", since: dt.datetime | None = None
) -> list[sa.Row[Any]]:
    """The latest events, oldest first: of this action, and not before `since`, if they are
    given."""
    events = table("audit_event")
    chosen = events.select().order_by(events.c.id.desc()).limit(last)
    if action:
        chosen = chosen.where(events.c.action == action)
    if since:
        chosen = chosen.where(events.c.at >= since)
    with register.engine.connect() as connection:
        return list(reversed(connection.execute(chosen).all()))


def list_events_of(register: Register, key: IdentityKey, customers: Sequence[int]) -> list[Trace]:
    """What was done by name with the data of a person, who may be several customers; the newest
    first, as an inspection tells it: without the employees, who are no recipients (CJEU
    C-579/21)."""
    events = table("audit_event")
    is_named = [
        events.c.subjects.contains(f'"{subject}"') for subject in name_subjects(key, customers)
    ]
    chosen = sa.select(events.c.at, events.c.purpose, events.c.action)
    query = chosen.where(sa.or_(sa.false(), *is_named)).order_by(events.c.id.desc())
    with register.engine.connect() as connection:
        return [Trace(*row) for row in connection.execute(query)]


def name_subjects(key: IdentityKey, customers: Sequence[int]) -> list[str]:
    """The pseudonyms of customers in the trail, sorted: HMAC-SHA-256 under a key of this domain
    alone, 120 bits of it."""
    numbers = pl.Series(customers, dtype=pl.Int64).cast(pl.String)
    digests = key.index(numbers, column="audit_event.subjects").to_list()
    letters = [base64.b32encode(digest[:SUBJECT_BYTES]).decode().lower() for digest in digests]
    return sorted(f"au-{one}" for one in letters)


def anchor_path(register: Register) -> Path:
    """Beside an embedded register; in the workbench's home for a server."""
    url = register.engine.url
    return (
        Path(f"{url.database}.audit")
        if register.embedded
        else settings.load().home / f"{url.database}.audit"
    )


def _find_head(register: Register, connection: sa.Connection) -> Head:
    """The last event, when nobody else can append one before this transaction ends. Brings the
    anchor up to it first."""
    if not register.embedded:  # SQLite's BEGIN IMMEDIATE has already put the writers in a queue
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('genlib.audit_event'))"))
    path = anchor_path(register)
    last = read_last(path)
    events = table("audit_event")
    # on a server, who writes may read no more of the trail; `verify` computes these digests
    read = events.select() if register.embedded else sa.select(events.c.id, events.c.digest)
    newer = read.where(events.c.id >= (last or START).number).order_by(events.c.id)
    rows = [row._mapping for row in connection.execute(newer)]
    heads = _check_tail(rows, last or START, follow if register.embedded else _stand_after, path)
    is_lost = last is None and bool(heads)
    if register.embedded and (is_lost or len(heads) > UNFINISHED):
        raise GenlibError(
            f"the anchor of the audit trail lacks {len(heads)} events, so nothing was done; put "
            "the file back (genlib audit verify)"
        )
    if heads or last is None:
        append_heads(path, heads)
    return heads[-1] if heads else last or START


def _check_tail(
    rows: Sequence[Mapping[Any, Any]], last: Head, follow: Follow, path: Path
) -> list[Head]:
    """The events after the anchor's last line, if they follow on the event of that line."""
    if last.number:
        if not rows or (rows[0]["id"], rows[0]["digest"]) != (last.number, last.digest):
            raise GenlibError(
                f"the audit trail does not have event {last.number} as its anchor knows it, so "
                "nothing was done (genlib audit verify); after a backup put its anchor back too: "
                f"{path.name}, and keep the later one"
            )
        rows = rows[1:]
    heads: list[Head] = []
    for row in rows:
        heads.append(follow(heads[-1] if heads else last, row))
    return heads


def _stand_after(before: Head, row: Mapping[Any, Any]) -> Head:
    """The head of the next event, of which only number and digest are known."""
    if row["id"] != before.number + 1:
        raise GenlibError(f"the audit trail lacks event {before.number + 1} (genlib audit verify)")
    return Head(row["id"], row["digest"])


def _insert(connection: sa.Connection, event: Event, key: IdentityKey | None, before: Head) -> Head:
    row = {
        "id": before.number + 1,
        "at": (event.at or dt.datetime.now(dt.UTC)).replace(microsecond=0),
        "user": _read_login(connection) or event.user or settings.load().user,
        "purpose": event.purpose,
        "action": event.action,
        "people": event.people,
        "subjects": _write_subjects(event, key),
        "detail": None
        if event.detail is None
        else json.dumps(event.detail, sort_keys=True, default=str),
    }
    digest = digest_event(before.digest, row)
    connection.execute(table("audit_event").insert().values(**row, digest=digest))
    return Head(before.number + 1, digest)


def _write_subjects(event: Event, key: IdentityKey | None) -> str | None:
    if event.subjects is None:
        return None
    if not event.subjects:
        return "[]"
    if key is None:
        raise GenlibError(
            "an event of identified people needs the identity key: the audit trail keeps no "
            "customer numbers"
        )
    return json.dumps(name_subjects(key, event.subjects))
