"""Rows that came, laid beside those of the register in a temporary table, so that the database
itself tells new, changed and unchanged ones apart and changes them in one statement.

Example: customer 3 comes with another telephone, customer 4 as he is and customer 5 for the first
time. `compare` answers two rows: 3 differs in `phone`, 5 is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register.changes import THERE
from genlib.register.database import Register
from genlib.register.packing import write_bytes
from genlib.register.schema import table
from genlib.register.store import compared_by, digest_columns
from genlib.register.vault import IdentityKey

ROW = "at_row"
"""The number of a row in its file, in a temporary table."""


@dataclass(frozen=True)
class TemporaryTables:
    """Temporary tables beside one of the register, in the open transaction."""

    register: Register
    connection: sa.Connection
    name: str

    @cached_property
    def keys(self) -> list[str]:
        """The columns that number a row."""
        return [column.name for column in table(self.name).primary_key]

    def _same(self, one: sa.Table, other: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(*(one.c[key] == other.c[key] for key in self.keys))

    def _make(self, name: str, columns: Sequence[str], *, is_numbered: bool = False) -> sa.Table:
        """An empty temporary table with some of the register's columns. `is_numbered`: no two of
        its rows have one number, by which they are found; else it is only read from end to end."""
        return make_temporary(
            self.connection,
            name,
            {column: _bare(table(self.name).c[column].type) for column in columns},
            numbers=self.keys if is_numbered else (),
        )

    def _lay(self, stage: sa.Table, rows: pl.DataFrame) -> None:
        self.connection.execute(stage.delete())
        self.register.write_temporary(stage.name, rows.select(column.name for column in stage.c))

    def _lay_more(self, stage: sa.Table, rows: pl.DataFrame) -> None:
        columns = [column.name for column in stage.c if column.name != ROW]
        frame = rows.select(pl.lit(0, pl.Int64).alias(ROW), *columns)
        self.register.write_temporary(stage.name, frame)

    def _read(self, query: sa.Select[Any], schema: dict[str, Any]) -> pl.DataFrame:
        rows = self.connection.execute(query.order_by(sa.text("1"))).all()
        return pl.DataFrame([tuple(row) for row in rows], schema, orient="row")


class Seen(TemporaryTables):
    """Which rows of the register came in this refresh, kept as `find_ranges` of their numbers."""

    def find_seen(self, keys: pl.DataFrame) -> pl.DataFrame:
        """`row` of those whose number came before in this refresh; all are then noted as seen.
        keys: each once, with `row`."""
        batch = keys.select(col("row").alias(ROW), *self.keys)
        repeats = self._find_noted(batch)
        fresh = batch.join(repeats, left_on=ROW, right_on="row", how="anti")
        self._lay_more(self._seen, find_ranges(fresh.select(self.keys)))
        return repeats

    def find_missing(self, which: sa.ColumnElement[bool]) -> pl.DataFrame:
        """The numbers of the rows of the register, of those meant, that did not come in this
        refresh."""
        there = table(self.name)
        query = sa.select(*(there.c[key] for key in self.keys)).where(~self._holds(there), which)
        return self._read(query, dict.fromkeys(self.keys, pl.Int64))

    def _find_noted(self, batch: pl.DataFrame) -> pl.DataFrame:
        """`row` of those whose number is noted. Numbers beyond the greatest are not looked for."""
        numbers = self._seen.primary_key.columns.values()
        in_order = [number.desc() for number in numbers]
        last_of_range = self._seen.c[self.keys[0]] if self.keys[1:] else self._seen.c.last
        greatest = self.connection.scalar(sa.select(last_of_range).order_by(*in_order).limit(1))
        least: Any = batch[self.keys[0]].min()
        if greatest is None or least is None or least > greatest:
            return pl.DataFrame(schema={"row": pl.Int64})
        self._lay(self._batch, batch)
        query = sa.select(self._batch.c[ROW]).where(self._holds(self._batch))
        return self._read(query, {"row": pl.Int64})

    def _holds(self, there: sa.Table) -> sa.ColumnElement[bool]:
        """Whether a number is in the last range that begins before it."""
        *others, last = self.keys
        same = [self._seen.c[key] == there.c[key] for key in others]
        begun = sa.select(self._seen.c.last).where(*same, self._seen.c.first <= there.c[last])
        end = begun.order_by(self._seen.c.first.desc()).limit(1).correlate(there).scalar_subquery()
        return sa.func.coalesce(end >= there.c[last], sa.false())

    @cached_property
    def _seen(self) -> sa.Table:
        *others, last = self.keys
        kind = table(self.name).c[last].type
        columns = {key: table(self.name).c[key].type for key in others} | {
            "first": kind,
            "last": kind,
        }
        name = f"seen_{self.name}"
        return make_temporary(self.connection, name, columns, numbers=[*others, "first"])

    @cached_property
    def _batch(self) -> sa.Table:
        return self._make(f"keys_{self.name}", self.keys)


@dataclass(frozen=True)
class Stage(TemporaryTables):
    """The rows that came, laid beside the register's. `given`: the plaintext columns that the
    source tells; `kept`: of them those in which an empty cell says nothing; `label` tells the
    temporary tables of two stages apart."""

    given: tuple[str, ...]
    kept: frozenset[str] = frozenset()
    label: str = "came"

    @cached_property
    def compared(self) -> dict[str, str]:
        """Plaintext column → the stored column by which it is compared."""
        by = compared_by(self.name)
        return {column: by[column] for column in self.given if column not in self.keys}

    @cached_property
    def _batch(self) -> sa.Table:
        return self._make(f"{self.label}_{self.name}", [*self.keys, *self.compared.values()])

    def compare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """`row`, `is_new`, and for each compared column whether it differs; unchanged rows are not
        in the answer. rows: `row`, the keys and the stored columns of `compared`."""
        chosen = [*self.keys, *self.compared.values()]
        self._lay(self._batch, rows.select(col("row").alias(ROW), *chosen))
        there = table(self.name)
        is_new = there.c[self.keys[0]].is_(None)
        differs = {column: self._differs(column) for column in self.compared}
        joined = self._batch.outerjoin(there, self._meet(rows))
        query = sa.select(
            self._batch.c[ROW],
            is_new.label("is_new"),
            *(differs[column].label(column) for column in differs),
        ).select_from(joined)
        answer = {"row": pl.Int64, "is_new": pl.Boolean, **dict.fromkeys(differs, pl.Boolean)}
        return self._read(query.where(sa.or_(is_new, *differs.values())), answer)

    def find_unchanged(self, rows: pl.DataFrame, key: IdentityKey) -> pl.DataFrame:
        """`row` and the keys of those that are in the register as they came. rows: `row`, the keys
        and the given columns."""
        chosen = [*self.keys, *self.compared.values()]
        numbers = rows.select(self.keys)
        there = self.register.read_range(self.name, chosen, numbers)
        came = write_bytes(digest_columns(rows, self.name, key).select("row", *chosen))
        pairs = _lay_beside(came, there, self.keys)
        is_same = [col(column).eq_missing(col(f"{column}{THERE}")) for column in chosen]
        return pairs.filter(is_same).select("row", *self.keys)

    def update(self, rows: pl.DataFrame) -> None:
        """Give the rows of the register with these numbers the values of the other columns."""
        values = [column for column in rows.columns if column not in self.keys]
        stage = self._make(f"change_{self.name}", [*self.keys, *values])
        self._lay_more(stage, rows)
        there = table(self.name)
        changed = {column: stage.c[column] for column in values}
        self.connection.execute(sa.update(there).values(changed).where(self._same(stage, there)))
        stage.drop(self.connection)

    def read_stored(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The rows of the register with these numbers, as they are stored."""
        return self.register.matching(self.name, keys.select(self.keys))

    def _meet(self, rows: pl.DataFrame) -> sa.ColumnElement[bool]:
        """Whether a row of the register is the one that came. Told between which numbers to look,
        a server does not read its whole table for each batch."""
        there = table(self.name)
        first = self.keys[0]
        between = there.c[first].between(rows[first].min(), rows[first].max())
        return sa.and_(self._same(self._batch, there), between)

    def _differs(self, column: str) -> sa.ColumnElement[bool]:
        came = self._batch.c[self.compared[column]]
        there = table(self.name).c[self.compared[column]]
        differs = came.is_distinct_from(there)
        if column not in self.kept:
            return differs
        is_truth = isinstance(there.type, sa.Boolean)
        says_something = came.is_(sa.true()) if is_truth else came.is_not(None)
        return sa.and_(says_something, differs)


def read_in_order(connection: sa.Connection) -> None:
    """Let a server read each range of numbers by one process until the end of the transaction, so
    in their order: with others it works twice as long on so few rows, and gives them in none."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("SELECT set_config('max_parallel_workers_per_gather', '0', true)")
        )


def list_changes(differing: pl.DataFrame) -> pl.DataFrame:
    """row, column: what differs in each row, as `Stage.compare` tells it."""
    long = differing.drop("is_new").unpivot(
        index="row", variable_name="column", value_name="differs"
    )
    return long.filter(col("differs").cast(pl.Boolean)).select("row", "column")


def _lay_beside(rows: pl.DataFrame, there: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The rows whose keys are in `there`, with its columns (` there`). Most files are in the order
    of their numbers, so nobody looks for each."""
    beside = there.select(pl.all().name.suffix(THERE))
    if rows.select(keys).equals(there.select(keys)):
        return pl.concat([rows, beside], how="horizontal")
    there_keys = [f"{key}{THERE}" for key in keys]
    return rows.join(
        beside, left_on=keys, right_on=there_keys, coalesce=False, maintain_order="left"
    )


def find_ranges(numbers: pl.DataFrame) -> pl.DataFrame:
    """Numbers, each once, as ranges of those that follow one another: `first` and `last` of the
    last column, for each value of the others.

    Example: 1, 2, 3 and 7 are the ranges 1 to 3 and 7 to 7.
    """
    *others, last = numbers.columns
    follows = [
        col(last) == col(last).shift() + 1,
        *(col(one) == col(one).shift() for one in others),
    ]
    begins = ~pl.all_horizontal(follows).fill_null(value=False)
    ranges = numbers.sort(numbers.columns).with_columns(range=begins.cum_sum())
    ends = {"first": col(last).first(), "last": col(last).last()}
    return ranges.group_by("range", *others, maintain_order=True).agg(**ends)


def make_temporary(
    connection: sa.Connection,
    name: str,
    columns: dict[str, Any],
    *,
    numbers: Sequence[str] = (),
    indexed: Sequence[str] = (),
) -> sa.Table:
    """A new empty table of this transaction, with `at_row` before the columns. `numbers`: the
    columns by which its rows are numbered, each once; `indexed`: those by which they are found."""
    new_table = sa.Table(
        name,
        sa.MetaData(),
        sa.Column(ROW, sa.BigInteger),
        *(
            sa.Column(column, kind, primary_key=column in numbers, autoincrement=False)
            for column, kind in columns.items()
        ),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    connection.execute(sa.schema.CreateTable(new_table))
    if indexed:
        index = sa.Index(f"{name}_keys", *(new_table.c[column] for column in indexed))
        connection.execute(sa.schema.CreateIndex(index))
    return new_table


def _bare(kind: Any) -> Any:
    """A type without the check of its codes."""
    return sa.Text() if isinstance(kind, sa.Enum) else kind
