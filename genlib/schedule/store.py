"""What was made, is being made and waits: one row a task, in SQLite or PostgreSQL.

A task is claimed by one statement that only one scheduler can win: its row says who has it and
until when. A scheduler that lives renews that again and again; the task of one that was killed is
free when the lease is over, and whoever comes back too late finds that the row is not its own.

Example: a and b both claim at 06:00; a wins, until 06:02. a is killed. At 06:03 b claims and wins.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from genlib.errors import GenlibError
from genlib.private import OWNER, make_home
from genlib.register.bulk import reason as tell_reason
from genlib.register.columns import Instant
from genlib.register.database import make_engine
from genlib.schedule.outcome import (
    APPROVAL,
    DONE,
    FAILED,
    REFUSED,
    RUNNING,
    WAITING,
    Outcome,
)

LEASE = dt.timedelta(seconds=120)
TABLES = sa.MetaData()
TASK = sa.Table(
    "schedule_task",
    TABLES,
    sa.Column("key", sa.String(600), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("entry", sa.String(60), nullable=False),
    sa.Column("period", sa.String(12), nullable=False),
    sa.Column("language", sa.String(4), nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("status", sa.String(12), nullable=False, default=WAITING),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("cell", sa.Integer),
    sa.Column("error", sa.String(60)),
    sa.Column("run", sa.String(60)),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("not_before", Instant),
    sa.Column("claim", sa.String(40)),
    sa.Column("lease_until", Instant),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("awaited_since", Instant),
    sa.Column("reached", sa.Text, nullable=False, default="", server_default=""),
)


@dataclass(frozen=True)
class Task:
    """A row to be: what is to be done, and since when. `place` orders those of one time.
    `awaited_since`: from when it may be late; None if nobody waits for it."""

    key: str
    kind: str
    entry: str
    due_at: dt.datetime
    period: str = ""
    language: str = ""
    place: int = 0
    awaited_since: dt.datetime | None = None


@dataclass(frozen=True)
class Claim:
    """Who holds a task: `token` is this claim's alone. attempts: this one included."""

    key: str
    token: str
    attempts: int


class Store:
    """The tasks of a database."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._is_embedded = self._engine.dialect.name == "sqlite"
        if self._is_embedded:
            _make_file(Path(self._engine.url.database or ""))
        with self._writing() as connection:
            TABLES.create_all(connection)
            _add_awaited_since(connection)
            _add_reached(connection)

    def add(self, tasks: Collection[Task]) -> None:
        """Put down the tasks that are not there yet."""
        there = set(self.read([task.key for task in tasks]))
        missing = [task for task in tasks if task.key not in there]
        with self._writing() as connection:
            for task in missing:
                self._insert(connection, task)

    def read(self, keys: Collection[str] | None = None) -> dict[str, Mapping[str, Any]]:
        """Rows by key, the oldest first; all of them if no keys are named."""
        query = sa.select(TASK).order_by(TASK.c.due_at, TASK.c.place, TASK.c.key)
        with self._reading() as connection:
            rows = [dict(row._mapping) for row in connection.execute(query)]
        wanted = None if keys is None else set(keys)
        return {row["key"]: row for row in rows if wanted is None or row["key"] in wanted}

    def claim(
        self, keys: Collection[str], now: dt.datetime, lease: dt.timedelta = LEASE
    ) -> Claim | None:
        """The oldest of these tasks that is free, for whoever asks; of those that are due together
        the first that is named; None if none is."""
        rows = self.read(keys)
        known = [key for key in keys if key in rows]
        for key in sorted(known, key=lambda key: rows[key]["due_at"]):
            row = rows[key]
            if is_free(row, now):
                claim = Claim(key, secrets.token_hex(16), row["attempts"] + 1)
                if self._win(claim, now, lease):
                    return claim
        return None

    def renew(self, claim: Claim, now: dt.datetime, lease: dt.timedelta = LEASE) -> bool:
        """Whether the task is still this claim's; it then is for another lease."""
        return self._change(claim, lease_until=now + lease)

    def finish(self, claim: Claim, outcome: Outcome, now: dt.datetime) -> bool:
        """Keep how it ended; False, and nothing is kept, if the task is another's by now. For whom
        a mail was taken stays known, even if the next try ends before the server is asked."""
        reached = {"reached": " ".join(outcome.reached)} if outcome.reached else {}
        return self._change(
            claim,
            status=outcome.status,
            reason=outcome.reason,
            cell=outcome.cell,
            error=outcome.error,
            run=outcome.run,
            claim=None,
            lease_until=None,
            not_before=outcome.not_before,
            finished_at=None if outcome.status == WAITING else now,
            **reached,
        )

    def give_back(self, claim: Claim) -> bool:
        """Let a task wait again that its scheduler has to leave undone, as if this claim had never
        been; False if it is another's by now."""
        return self._change(
            claim, status=WAITING, claim=None, lease_until=None, attempts=claim.attempts - 1
        )

    def reopen(self, row: Mapping[str, Any], now: dt.datetime) -> bool:
        """Let a task that is over be done again, as if it had never been tried; False if somebody
        else did so meanwhile."""
        fresh = {"reason": "", "error": None, "cell": None, "attempts": 0}
        return self._open(row, **fresh, not_before=now, awaited_since=now)

    def retry(self, row: Mapping[str, Any]) -> bool:
        """Let a task that failed be tried once more; False if somebody else did so meanwhile."""
        return self._open(row)

    def hasten(self, row: Mapping[str, Any], now: dt.datetime) -> bool:
        """Let the next try of a task that waits for it be now."""
        waiting = TASK.update().where(TASK.c.key == row["key"], TASK.c.status == WAITING)
        return self._run(waiting.values(not_before=now))

    def drop(self, keys: Collection[str]) -> None:
        """Strike those of these tasks that nobody has begun."""
        if not keys:
            return
        statement = TASK.delete().where(TASK.c.status == WAITING, TASK.c.key.in_(keys))
        with self._writing() as connection:
            connection.execute(statement)

    def tell(self, key: str, reason: str) -> None:
        """Keep why a task waits."""
        waiting = TASK.update().where(TASK.c.key == key, TASK.c.status == WAITING)
        self._run(waiting.values(reason=reason, error=None, cell=None))

    def refuse(self, key: str, reason: str, now: dt.datetime) -> bool:
        """Close a task that waits, for a reason."""
        waiting = TASK.update().where(TASK.c.key == key, TASK.c.status == WAITING)
        return self._run(waiting.values(status=REFUSED, reason=reason, finished_at=now))

    def decide(self, key: str, outcome: Outcome, now: dt.datetime) -> bool:
        """Close a task that waits for a second person, as that person decided."""
        pending = TASK.update().where(TASK.c.key == key, TASK.c.status == APPROVAL)
        values = {"status": outcome.status, "reason": outcome.reason}
        return self._run(pending.values(**values, finished_at=now))

    def _win(self, claim: Claim, now: dt.datetime, lease: dt.timedelta) -> bool:
        is_ready = sa.and_(
            TASK.c.status == WAITING,
            sa.or_(TASK.c.not_before.is_(None), TASK.c.not_before <= now),
        )
        is_abandoned = sa.and_(TASK.c.status == RUNNING, TASK.c.lease_until < now)
        return self._run(
            TASK.update()
            .where(TASK.c.key == claim.key, sa.or_(is_ready, is_abandoned))
            .values(
                status=RUNNING,
                claim=claim.token,
                lease_until=now + lease,
                attempts=TASK.c.attempts + 1,
                started_at=now,
                finished_at=None,
            )
        )

    def _change(self, our_claim: Claim, **values: Any) -> bool:
        update = TASK.update().where(TASK.c.key == our_claim.key, TASK.c.claim == our_claim.token)
        return self._run(update.where(TASK.c.status == RUNNING).values(**values))

    def _open(self, row: Mapping[str, Any], **values: Any) -> bool:
        """Let a task wait that is over, and is as it was read."""
        statement = (
            TASK.update()
            .where(TASK.c.key == row["key"], TASK.c.status == row["status"])
            .where(TASK.c.attempts == row["attempts"])
            .where(TASK.c.finished_at == row["finished_at"])
            .values(status=WAITING, finished_at=None, **values)
        )
        return self._run(statement)

    def _run(self, statement: sa.Update) -> bool:
        with self._writing() as connection:
            return connection.execute(statement).rowcount == 1

    def _insert(self, connection: sa.Connection, task: Task) -> None:
        """By a statement that leaves what another scheduler put down meanwhile."""
        from sqlalchemy.dialects import postgresql, sqlite

        insert = sqlite.insert if self._is_embedded else postgresql.insert
        connection.execute(insert(TASK).values(vars(task)).on_conflict_do_nothing())

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        options = {"begin": "BEGIN IMMEDIATE"}
        with (
            self._plainly(),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            if not self._is_embedded:  # one statement at a time, as SQLite has it
                lock = "SELECT pg_advisory_xact_lock(hashtext('genlib.schedule_task'))"
                connection.execute(sa.text(lock))
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._plainly(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """What the database says, without values."""
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            place = self._engine.url.database or "" if self._is_embedded else ""
            raise GenlibError(
                f"the schedule's database fails ({tell_reason(error, place)})"
            ) from None


def is_free(row: Mapping[str, Any], now: dt.datetime) -> bool:
    """Whether a task may be claimed: it waits, and for no later time; or who had it is gone."""
    if row["status"] == RUNNING:
        return bool(row["lease_until"] < now)
    return row["status"] == WAITING and (row["not_before"] is None or row["not_before"] <= now)


def is_over(row: Mapping[str, Any] | None) -> bool:
    """Whether a task is done, refused or failed."""
    return row is not None and row["status"] in {DONE, REFUSED, FAILED}


def is_to_do(row: Mapping[str, Any]) -> bool:
    """Whether a task is yet to be done: it waits for no person and is not over."""
    return row["status"] in {WAITING, RUNNING}


def _add_awaited_since(connection: sa.Connection) -> None:
    """Give a table of before November 2026 the column: what was opened again and not begun since is
    waited for since then, all else as if it was always."""
    column = TASK.c.awaited_since
    if _has_column(connection, column.name):
        return
    kind = column.type.compile(connection.dialect)
    connection.execute(sa.text(f"ALTER TABLE {TASK.name} ADD COLUMN {column.name} {kind}"))
    connection.execute(TASK.update().values(awaited_since=TASK.c.due_at))
    was_opened = sa.and_(TASK.c.status == WAITING, TASK.c.attempts == 0)
    opened = TASK.update().where(was_opened, TASK.c.not_before.is_not(None))
    connection.execute(opened.values(awaited_since=TASK.c.not_before))


def _add_reached(connection: sa.Connection) -> None:
    """Give a table of before December 2026 the column: of a mail in it nobody is known to have it
    who may get it once more."""
    column = TASK.c.reached
    if not _has_column(connection, column.name):
        empty = f"ALTER TABLE {TASK.name} ADD COLUMN {column.name} TEXT NOT NULL DEFAULT ''"
        connection.execute(sa.text(empty))


def _has_column(connection: sa.Connection, name: str) -> bool:
    return name in {one["name"] for one in sa.inspect(connection).get_columns(TASK.name)}


def _make_file(path: Path) -> None:
    make_home(path.parent)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER.file))
