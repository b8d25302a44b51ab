"""A refresh is taken back: the rows that it added go, the rows that it changed are as they were.

Only while nothing builds on it: no later refresh touched one of its rows, the rows that it changed
still are as it left them, and no other row points at one that it added. What its prohibitions and
opting outs put on the suppression list is lifted unless something else in the register implies it;
what it lifted is there again. What it put there of people whom nobody knew, or who were erased
since, stays: it may have been their will. Its marks of missing rows and its holds end unless a
later refresh may say the same (`undo_marks`). Marks that it ended do not come back: the right file
sets them again. Whom it held back no longer is not kept, so if it ended a hold everybody is held
back until the table comes again.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.errors import Refused, UsageError
from genlib.register import audit, suppression, undo_marks
from genlib.register.database import Register, frame_schema
from genlib.register.holds import mark_not_loaded
from genlib.register.intake import SPEAKING
from genlib.register.runs import BESIDE_ROWS, HOLDS, LIST, ROW_IDS, read_image, write_image
from genlib.register.schema import Base, table
from genlib.register.staging import Stage, make_temporary
from genlib.register.undo_marks import Ended
from genlib.register.vault import IdentityKey


@dataclass(frozen=True)
class TakenBack:
    """What was taken back, in counts: rows by table, marks of missing rows, holds. `entries`: how
    many that the refresh put on the suppression list stay there. `unsure`: the tables of which it
    had ended holds."""

    rows: dict[str, int]
    marks: Ended
    holds: Ended
    entries: int
    unsure: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """The rows of each table, and the marks and holds, if there were any."""
        ended = {"missing_row": self.marks.count, "held_back": self.holds.count}
        return self.rows | {name: count for name, count in ended.items() if count}

    @property
    def notices(self) -> list[str]:
        """What stays, and what ends it, a line each."""
        lines = []
        if self.marks.remaining:
            lines.append(
                f"{self.marks.remaining} rows stay marked as not sent any more: a later refresh "
                "may not have brought them either; the next --full that brings them ends that"
            )
        if self.holds.remaining:
            lines.append(
                f"{self.holds.remaining} holds of its refused rows stay, so whom they speak of is "
                "on no contact list: a later refresh or load may have refused the rows too; each "
                "ends when its row is accepted, or: genlib register release-hold"
            )
        if self.entries:
            lines.append(
                f"{self.entries} entries stay on the suppression list: they may be real "
                "unsubscriptions, of people whom nobody knows or of whom another row says the same"
            )
        lines.extend(
            f"{name}: no contact list is exported until a file of it is in, for the refresh had "
            "ended holds, and whose they were is not kept"
            for name in self.unsure
        )
        return lines


def undo_run(register: Register, key: IdentityKey, run: int, at: dt.datetime) -> TakenBack:
    """Take a refresh back, in one audited transaction. UsageError if there is no such refresh;
    Refused if something builds on it."""
    with audit.told(register) as (connection, tell):
        _check_run(connection, run)
        run_rows = _read_rows(connection, run)
        rows = run_rows.filter(~col("table").is_in(BESIDE_ROWS))
        people = _find_speaking(register, rows)
        prohibited = suppression.find_entries(register, key, people, at=at)
        entries = _read_entries(run_rows)
        listed = entries.join(prohibited, on=suppression.ENTRY, how="semi")
        order = [one.name for one in Base.metadata.sorted_tables]
        counts = {}
        for name in sorted(set(rows["table"]), key=order.index, reverse=True):
            mine = rows.filter(table=name)
            _restore(register, connection, name, mine.filter(col("before").is_not_null()))
            added = mine.filter(col("before").is_null())
            _remove(register, connection, name, added)
            counts[name] = mine.height
        suppression.lift(register, connection, key, listed, at=at)
        suppression.hold(register, connection, key, people, at=at)
        _note_undone(connection, run, at)
        taken_back = TakenBack(
            counts,
            undo_marks.end_marks(connection, run),
            undo_marks.end_holds(connection, run),
            _count_listed(connection, entries),
            _hold_again(connection, run_rows, at),
        )
        _forget(connection, run)
        tell(audit.Event("register", "undo refresh", 0, detail={"run": run, **taken_back.counts}))
    return taken_back


def _check_run(connection: sa.Connection, run: int) -> None:
    runs = table("refresh_run")
    entries = connection.execute(sa.select(runs).where(runs.c.run == run)).all()
    if not entries:
        raise UsageError(f"there is no refresh {run}; see genlib register history")
    if any(one.undone_at for one in entries):
        raise UsageError(f"refresh {run} was taken back already")
    rows = table("refresh_row")
    later = rows.alias("later")
    same = [rows.c.table == later.c.table, rows.c.row_id == later.c.row_id]
    second = rows.c.second_id.is_not_distinct_from(later.c.second_id)
    is_row = rows.c.table.not_in(BESIDE_ROWS)
    is_later = sa.and_(rows.c.run == run, later.c.run > run)
    touched = sa.select(sa.func.count()).where(is_later, is_row, *same, second)
    if count := connection.scalar(touched):
        raise Refused(
            f"later refreshes touched {count} rows of refresh {run}; take them back first"
        )
    count_of_rows = connection.scalar(sa.select(sa.func.count()).where(rows.c.run == run))
    if not count_of_rows and any(one.fresh + one.changed for one in entries):
        raise Refused(
            f"refresh {run} is more than 40 days old, or the identity key was replaced since; its "
            "rows are not kept any more"
        )


def _read_rows(connection: sa.Connection, run: int) -> pl.DataFrame:
    rows = table("refresh_row")
    stored = connection.execute(sa.select(rows).where(rows.c.run == run).order_by(rows.c.id)).all()
    return pl.DataFrame([tuple(row) for row in stored], frame_schema("refresh_row"), orient="row")


def _read_entries(rows: pl.DataFrame) -> pl.DataFrame:
    """What a refresh put on the suppression list."""
    return read_image(rows.filter(table=LIST)["after"], LIST, suppression.ENTRY)


def _find_speaking(register: Register, rows: pl.DataFrame) -> pl.Series:
    """The customers of whose will the rows of a refresh tell."""
    people = [pl.Series(dtype=pl.Int64)]
    for name in SPEAKING:
        numbers = rows.filter(table=name).select(id="row_id").unique()
        people.append(register.matching(name, numbers)["customer_id"])
    return pl.concat(one.rename("") for one in people).unique()


def _restore(register: Register, connection: sa.Connection, name: str, rows: pl.DataFrame) -> None:
    """Give changed rows what they had before; Refused if one was changed since."""
    if rows.is_empty():
        return
    columns = list(json.loads(rows["before"][0]))  # the same in all rows of one table's refresh
    stage = Stage(register, connection, name, ())
    keys = _name_keys(rows, stage.keys)
    stored = stage.read_stored(keys)
    now = keys.join(stored, on=stage.keys, how="left", maintain_order="left").select(columns)
    after = read_image(rows["after"], name, columns)
    if not write_image(now).equals(write_image(after)):
        raise Refused(f"table {name}: rows were changed after the refresh; nothing was taken back")
    before = read_image(rows["before"], name, columns)
    stage.update(pl.concat([keys, before], how="horizontal"))


def _remove(register: Register, connection: sa.Connection, name: str, rows: pl.DataFrame) -> None:
    """Remove added rows; Refused if others point at them."""
    if rows.is_empty():
        return
    there = table(name)
    names = [column.name for column in there.primary_key]
    keys = _name_keys(rows, names)
    kinds = {column: there.c[column].type for column in names}
    stage = make_temporary(connection, f"undo_{name}", kinds, indexed=names)
    register.write_temporary(stage.name, keys.select(pl.lit(0, pl.Int64).alias("at_row"), *names))
    is_added = sa.exists().where(*(stage.c[column] == there.c[column] for column in names))
    try:
        connection.execute(there.delete().where(is_added))
    except sa.exc.IntegrityError:
        raise Refused(
            f"table {name}: other rows point at rows that the refresh added; nothing was taken back"
        ) from None


def _name_keys(rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    return rows.select(col(part).alias(name) for part, name in zip(ROW_IDS, names, strict=False))


def _note_undone(connection: sa.Connection, run: int, at: dt.datetime) -> None:
    runs = table("refresh_run")
    connection.execute(runs.update().values(undone_at=at).where(runs.c.run == run))


def _hold_again(
    connection: sa.Connection, run_rows: pl.DataFrame, at: dt.datetime
) -> tuple[str, ...]:
    """Hold everybody back until the tables come again of which the refresh ended holds."""
    names = tuple(run_rows.filter(table=HOLDS)["after"].unique().sort())
    for name in names:
        mark_not_loaded(connection, name, at)
    return names


def _count_listed(connection: sa.Connection, entries: pl.DataFrame) -> int:
    """How many of these entries are on the suppression list."""
    listed = suppression.read_newer(connection, 0)
    return listed.join(entries, on=suppression.ENTRY, how="semi").height


def _forget(connection: sa.Connection, run: int) -> None:
    """Remove the rows as they were, and the keys of the source but those that a hold needs. Of who
    was there before (`joined`) none is needed: an identifier finds them again."""
    rows, keys = table("refresh_row"), table("source_key")
    connection.execute(rows.delete().where(rows.c.run == run))
    is_needed = sa.and_(keys.c.joined.is_not(sa.true()), undo_marks.is_number_of_hold(keys))
    connection.execute(keys.delete().where(keys.c.run == run, ~is_needed))
