"""Loading a folder of files: every good row of a table in one transaction or none, every refused
row told by number, column and rule.

Loaded plus rejected is always what was read. A load that was stopped at any instant is simply run
again: whole tables are there or not, and the rows of those that are there are then refused as
`duplicate`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from genlib.atomic import replacing
from genlib.register import audit, suppression
from genlib.register.contradictions import FAULTS, find_wrong_answers
from genlib.register.database import Register
from genlib.register.reading import batches, check_columns, files
from genlib.register.rules import examined
from genlib.register.schema import table
from genlib.register.store import sealed
from genlib.register.vault import IdentityKey

ROWS = 65_536
Progress = Callable[[str, int], None]


@dataclass
class Loaded:
    """What became of one table's file. `rules`: rule → how often it refused a cell. `people`: ids
    of the customers of the loaded rows."""

    table: str
    read: int = 0
    loaded: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    people: pl.Series = field(default_factory=partial(pl.Series, dtype=pl.Int64))

    @property
    def rejected(self) -> int:
        return self.read - self.loaded

    def add(self, read: int, good: pl.DataFrame, faults: pl.DataFrame) -> None:
        """Count one more batch."""
        self.read, self.loaded = self.read + read, self.loaded + good.height
        self.rules.update(faults["rule"].to_list())
        owner = "id" if self.table == "customer" else "customer_id"
        if owner in good.columns:
            self.people = self.people.append(good[owner]).drop_nulls().unique()

    def __str__(self) -> str:
        why = ", ".join(f"{rule} {count}" for rule, count in self.rules.most_common())
        return f"{self.table}: {self.read} read, {self.loaded} loaded, {self.rejected} rejected" + (
            f" ({why})" if why else ""
        )


@dataclass(frozen=True)
class Summary:
    """What became of a folder."""

    tables: tuple[Loaded, ...]

    @property
    def loaded(self) -> int:
        return sum(one.loaded for one in self.tables)

    @property
    def rejected(self) -> int:
        return sum(one.rejected for one in self.tables)


def load(
    register: Register, folder: Path, key: IdentityKey, *, rejected_to: Path, **options: Any
) -> Summary:
    """Load every table's file of `folder`, and write `rejected_to`/TABLE.csv where rows were
    refused. Options: those of `Intake`.

    BadInput, before anything is loaded, if a file is no table's or lacks a column.
    """
    found = files(Path(folder))
    for name, path in found.items():
        check_columns(name, path)
    intake = Intake(register, key, Path(rejected_to), **options)
    return Summary(tuple(intake.table(name, path) for name, path in found.items()))


@dataclass(frozen=True)
class Intake:
    """Where rows go. `artificial=False` refuses the personal identity codes and telephones that
    nobody has."""

    register: Register
    key: IdentityKey
    rejected_to: Path
    artificial: bool = True
    progress: Progress = field(default=lambda table, rows: None)

    def table(self, name: str, path: Path) -> Loaded:
        """Load one file in one audited transaction; the report of refused rows is in its place
        before the rows are. Prohibitions go on the suppression list with it."""
        outcome = Loaded(name)
        report = self.rejected_to / f"{name}.csv"
        with audit.told(self.register) as (connection, tell), replacing(report) as refused:
            refused.write(b"row,column,rule\n")
            for raw in batches(name, path, ROWS):
                good, faults = _placed(
                    self.register, name, *examined(raw, name, artificial=self.artificial)
                )
                self.register.append(name, sealed(good.drop("row"), name, self.key))
                faults.sort("row", maintain_order=True).write_csv(refused, include_header=False)
                outcome.add(raw.height, good, faults)
                self.progress(name, outcome.read)
            if name == "permission":
                suppression.hold(self.register, connection, self.key, outcome.people)
            detail = {"table": name, "read": outcome.read, "loaded": outcome.loaded}
            tell(audit.Event("register", "load", len(outcome.people), detail=detail))
        if not outcome.rejected:
            report.unlink()
        return outcome


def _placed(
    register: Register, name: str, good: pl.DataFrame, faults: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Refuse also what points at a row that is not there, and what is there already - in the
    register or earlier in the file."""
    for foreign in sorted(table(name).foreign_keys, key=lambda f: f.parent.name):
        parent = foreign.column.table.name
        column = foreign.parent.name
        known = register.known(parent, good.select(id=column).drop_nulls().unique())
        lost = good.filter(
            pl.col(column).is_not_null() & ~pl.col(column).is_in(known["id"].implode())
        )
        good, faults = _without(good, faults, lost, column, f"unknown_{parent}")
    if name == "survey_answer":
        wrong = find_wrong_answers(register, good)
        good = good.join(wrong, on="row", how="anti", maintain_order="left")
        faults = pl.concat([faults, wrong])
    keys = [
        [c.name for c in table(name).primary_key],
        *([c.name] for c in table(name).columns if c.unique),
    ]
    for key in keys:
        again = good.filter(~pl.struct(key).is_first_distinct())
        there = good.join(register.known(name, good.select(key)), on=key, how="semi")
        good, faults = _without(
            good, faults, pl.concat([again, there]).unique("row"), key[0], "duplicate"
        )
    return good, faults


def _without(
    good: pl.DataFrame, faults: pl.DataFrame, bad: pl.DataFrame, column: str, rule: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    fresh = bad.select("row", column=pl.lit(column), rule=pl.lit(rule))
    return good.join(bad, on="row", how="anti", maintain_order="left"), pl.concat(
        [faults, fresh.cast(FAULTS)]
    )
