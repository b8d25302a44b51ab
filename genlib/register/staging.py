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

from genlib.register.database import Register
from genlib.register.schema import table
from genlib.register.store import compared_by

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

    def _read(self, query: sa.Select[Any], schema: dict[str, Any]) -> pl.DataFrame:
        rows = self.connection.execute(query.order_by(sa.text("1"))).all()
        return pl.DataFrame([tuple(row) for row in rows], schema, orient="row")


class Seen(TemporaryTables):
    """Which rows of the register came in this refresh."""

    def find_seen(self, keys: pl.DataFrame) -> pl.DataFrame:
        """`row` of those whose number came before in this refresh; all are then noted as seen."""
        batch = keys.select(col("row").alias(ROW), *self.keys)
        self._lay(self._batch, batch)
        query = sa.select(self._batch.c[ROW]).join(self._seen, self._same(self._batch, self._seen))
        repeats = self._read(query, {"row": pl.Int64})
        fresh = batch.join(repeats, left_on=ROW, right_on="row", how="anti")
        self.register.write_temporary(self._seen.name, fresh)
        return repeats

    def find_missing(self, which: sa.ColumnElement[bool]) -> pl.DataFrame:
        """The numbers of the rows of the register, of those meant, that did not come in this
        refresh."""
        there = table(self.name)
        is_seen = sa.exists().where(self._same(self._seen, there))
        query = sa.select(*(there.c[key] for key in self.keys)).where(~is_seen, which)
        return self._read(query, dict.fromkeys(self.keys, pl.Int64))

    def holds(self, batch: sa.Table) -> sa.ColumnElement[bool]:
        """Whether a very row of the file was noted."""
        is_row = self._seen.c[ROW] == batch.c[ROW]
        return sa.exists().where(self._same(self._seen, batch), is_row)

    def note(self, query: sa.Select[Any], batch: sa.Table) -> None:
        """Note the rows of a query of `batch` (their row in the file and their numbers) as seen,
        but for those whose number came before."""
        columns = [ROW, *self.keys]
        came_before = sa.exists().where(self._same(self._seen, batch))
        self.connection.execute(self._seen.insert().from_select(columns, query.where(~came_before)))

    @cached_property
    def _seen(self) -> sa.Table:
        return self._make(f"seen_{self.name}", self.keys, is_numbered=True)

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

    def note_unchanged(self, rows: pl.DataFrame, seen: Seen) -> pl.DataFrame:
        """`row` of those that are in the register as they came; they are noted as seen. rows: as
        for `compare`."""
        chosen = [*self.keys, *self.compared.values()]
        self._lay(self._batch, rows.select(col("row").alias(ROW), *chosen))
        there = table(self.name)
        differs = [self._differs(column) for column in self.compared]
        is_unchanged = sa.not_(sa.or_(sa.false(), *differs))
        joined = self._batch.join(there, self._meet(rows))
        numbers = [self._batch.c[column] for column in (ROW, *self.keys)]
        unchanged = sa.select(*numbers).select_from(joined).where(is_unchanged)
        seen.note(unchanged, self._batch)
        others = self._read(
            sa.select(self._batch.c[ROW]).where(~seen.holds(self._batch)), {"row": pl.Int64}
        )
        return rows.join(others, on="row", how="anti", maintain_order="left").select("row")

    def update(self, rows: pl.DataFrame) -> None:
        """Give the rows of the register with these numbers the values of the other columns."""
        values = [column for column in rows.columns if column not in self.keys]
        stage = self._make(f"change_{self.name}", [*self.keys, *values])
        frame = rows.select(pl.lit(0, pl.Int64).alias(ROW), *self.keys, *values)
        self.register.write_temporary(stage.name, frame)
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
