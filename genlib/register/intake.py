"""Loading a folder of files: every good row of a table in one transaction or none, every refused
row told by number, column and rule, but for those past their retention (`expiry`). Rows of people
who were erased are refused too, with nothing to mend (`tombstones`).

What was read is loaded, unchanged (the register has the very row already) or rejected. A row whose
key is there with other values is rejected as `changed`, a fault for each column that differs. A
load that was stopped at any instant is simply run again: whole tables are there or not, and the
rows of those that are there are then unchanged. Whom a refused row holds back: `holds`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from genlib.atomic import replacing
from genlib.clock import read_clock
from genlib.private import make_folder
from genlib.register import audit, expiry, fingerprints, holds, suppression, tombstones
from genlib.register.changes import THERE, Sorted, sort_rows
from genlib.register.contradictions import FAULTS, find_late_answers, find_wrong_answers
from genlib.register.database import Register
from genlib.register.holds import tell_held
from genlib.register.outcome import list_counts
from genlib.register.reading import batches, check_columns, files
from genlib.register.rules import examined
from genlib.register.schema import table
from genlib.register.store import sealed
from genlib.register.tombstones import part_erased, read_ids
from genlib.register.vault import IdentityKey
from genlib.settings import TIME_ZONE

ROWS = 65_536
SPEAKING = {"permission": "given_at", "campaign_contact": "opted_out_at"}
"""The tables that say what somebody wants, and their column that is filled where a row does."""
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Part:
    """What became of a batch. `past`: the rows refused for their age alone; `erased`: how many are
    of people who were erased; `refused`: whom the other rows that were not taken hold back
    (`holds.find_refused`); `identified`: by what else they are known (`holds.digest_refused`)."""

    read: int
    fresh: pl.DataFrame
    unchanged: pl.DataFrame
    faults: pl.DataFrame
    past: pl.DataFrame
    erased: int
    refused: pl.DataFrame
    identified: pl.DataFrame | None


@dataclass
class Loaded:
    """What became of one table's file. `rules`: rule → how often it refused a cell; `changes`:
    column → how often it differed from the row that is there. `people`: ids of the customers of
    the loaded rows; `speaking`: of those that tell of a consent, a prohibition or an opting out;
    `held_back`: of the refused ones. `past`: how many of the rejected rows were so for their age,
    `erased`: since they are of people who were erased; `shared`: how many customers of the register
    share their personal identity code with another."""

    table: str
    read: int = 0
    loaded: int = 0
    unchanged: int = 0
    past: int = 0
    erased: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    people: pl.Series = field(default_factory=partial(pl.Series, dtype=pl.Int64))
    speaking: pl.Series = field(default_factory=partial(pl.Series, dtype=pl.Int64))
    held_back: int = 0
    shared: int = 0

    @property
    def rejected(self) -> int:
        return self.read - self.loaded - self.unchanged

    @property
    def listed(self) -> int:
        """How many rows the report of refused rows tells: all but those refused for their age."""
        return self.rejected - self.past

    @property
    def to_mend(self) -> int:
        """How many of them somebody must mend: all but those of people who were erased."""
        return self.listed - self.erased

    def add(self, part: Part) -> None:
        """Count one more batch."""
        self.read += part.read
        self.loaded += part.fresh.height
        self.unchanged += part.unchanged.height
        self.past += part.past.height
        self.erased += part.erased
        self.rules.update(part.faults["rule"].to_list())
        self.changes.update(part.faults.filter(rule="changed")["column"].to_list())
        owner = "id" if self.table == "customer" else "customer_id"
        if owner in part.fresh.columns:
            self.people = self.people.append(part.fresh[owner]).drop_nulls().unique()
        if self.table in SPEAKING:
            acts = part.fresh.drop_nulls(SPEAKING[self.table])
            self.speaking = self.speaking.append(acts["customer_id"]).unique()

    @property
    def detail(self) -> dict[str, str | int]:
        """What the audit trail tells of it."""
        counts = {"unchanged": self.unchanged, "held_back": self.held_back}
        always: dict[str, str | int] = {
            "table": self.table,
            "read": self.read,
            "loaded": self.loaded,
        }
        return always | {name: count for name, count in counts.items() if count}

    def __str__(self) -> str:
        counts = {"loaded": self.loaded, "unchanged": self.unchanged, "rejected": self.rejected}
        if not self.unchanged:
            del counts["unchanged"]
        parts = ", ".join(f"{count} {what}" for what, count in counts.items())
        line = f"{self.table}: {self.read} read, {parts}"
        if self.rules:
            line += f" ({list_counts(self.rules)})"
        if self.changes:
            line += f"; changed: {list_counts(self.changes)}"
        return line

    @property
    def notices(self) -> list[str]:
        """What a steward must know beside the counts, a line each."""
        lines = tell_held(self.table, self.held_back) + expiry.tell_past(self.table, self.past)
        lines += tombstones.tell_erased(self.table, self.erased)
        if self.shared:
            lines.append(
                f"{self.table}: duplicate_personal_id {self.shared}: so many customers have the "
                "personal identity code of another; they are one person to contact lists"
            )
        return lines


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

    @property
    def to_mend(self) -> int:
        return sum(one.to_mend for one in self.tables)


def load(
    register: Register, folder: Path, key: IdentityKey, *, rejected_to: Path, **options: Any
) -> Summary:
    """Load every table's file of `folder`, and write `rejected_to`/TABLE.csv where rows were
    refused. Options: those of `Intake`.

    BadInput, before anything is loaded, if a file is no table's or lacks a column. From then on,
    and after a failure too, nobody is on a contact list until the customers and permissions of
    such a folder are in.
    """
    intake = Intake(register, key, Path(rejected_to), **options)
    names = [path.name.lower() for path in Path(folder).iterdir()]
    holds.begin_load(register, names, intake.at)
    paths = files(Path(folder))
    for name, path in paths.items():
        check_columns(name, path)
    return Summary(tuple(intake.table(name, path) for name, path in paths.items()))


@dataclass(frozen=True)
class Intake:
    """Where rows go. `artificial=False` refuses the personal identity codes and telephones that
    nobody has; `at` is the instant of the load, since when those with refused rows are held back;
    `time_zone` says which day it is then; `years_kept`: by rule of the notice, for a register that
    is swept (`expiry`); `past`: what was refused for its age, at which later tables may point."""

    register: Register
    key: IdentityKey
    rejected_to: Path
    artificial: bool = True
    years_kept: Mapping[str, int] = field(default_factory=dict)
    progress: Progress = field(default=lambda table, rows: None)
    at: dt.datetime = field(default_factory=read_clock)
    time_zone: str = TIME_ZONE
    past: expiry.PastRows = field(default_factory=dict)

    @property
    def now(self) -> dt.datetime:
        """The instant of the load with the company's day."""
        return self.at.astimezone(ZoneInfo(self.time_zone))

    def table(self, name: str, path: Path) -> Loaded:
        """Load one file in one audited transaction; the report of refused rows is in its place
        before the rows are. Prohibitions go on the suppression list with it, and people of refused
        rows are held back."""
        outcome = Loaded(name)
        report = make_folder(self.rejected_to) / f"{name}.csv"
        with audit.told(self.register) as (connection, tell), replacing(report) as refused:
            fingerprints.keep_key(connection, self.key)
            refused.write(b"row,column,rule\n")
            terms = expiry.read_terms(connection, self.years_kept, self.at, self.time_zone)
            watch = holds.Watch.of(connection, name, self.at)
            for raw in batches(name, path, ROWS):
                part = self._sort(raw, name, terms)
                rows = sealed(part.fresh.drop("row"), name, self.key)
                self.register.append(name, rows)
                listed = part.faults.filter(pl.col("rule") != expiry.RULE)
                faults = listed.sort("row", maintain_order=True)
                faults.write_csv(refused, include_header=False)
                outcome.add(part)
                if watch:
                    clear = pl.concat([part.fresh["id"], part.past["id"]])
                    watch.note(clear, part.refused, part.identified)
                self.progress(name, outcome.read)
            if watch:
                watch.close()
                outcome.held_back = len(watch.people)
            if name == "customer":
                outcome.shared = count_shared(connection)
            if name in SPEAKING:
                suppression.hold(self.register, connection, self.key, outcome.speaking, at=self.at)
            tell(audit.Event("register", "load", len(outcome.people), detail=outcome.detail))
        if not outcome.listed:
            report.unlink()
        return outcome

    def _sort(self, raw: pl.DataFrame, name: str, terms: expiry.Terms | None) -> Part:
        """Which rows of a batch are new, which are there as they are, and which are refused."""
        zone = self.time_zone
        came, erased = part_erased(self.register, self.key, name, raw, time_zone=zone)
        certain = tombstones.list_certain(erased)
        expiry.note_past(self.past, name, read_ids(raw), certain, tombstones.RULE)
        typed, faults = examined(
            came,
            name,
            artificial=self.artificial,
            now=self.now,
            has_own_numbers=True,
        )
        good, faults = refuse_lost(self.register, name, typed, faults, self.past)
        every_row = sort_rows(self.register, name, good, self.key)
        rows, past = _part_past(terms, name, every_row)
        faults = pl.concat([faults, rows.changes])
        fresh, faults = refuse_doubles(self.register, name, rows.fresh, faults)
        fresh, faults = refuse_late(self.register, name, fresh, faults, self.time_zone)
        unchanged, faults = _without_twins_of_refused(name, rows, fresh, faults)
        others = faults.filter(pl.col("rule") != tombstones.RULE)
        refused = holds.find_refused(came, others, name) if name in holds.OWNERS else faults.clear()
        if name == "permission":
            refused = pl.concat([refused, _former_owners(rows)]).unique(maintain_order=True)
        identified = None
        if name == "customer":
            identified = holds.digest_refused(came, refused, self.key)
        every = pl.concat([faults, erased, past])
        over = expiry.note_past(self.past, name, typed, every)
        lost = expiry.note_past(self.past, name, typed, every, tombstones.RULE)
        gone = erased.height + lost.height
        return Part(raw.height, fresh, unchanged, every, over, gone, refused, identified)


def count_shared(connection: sa.Connection) -> int:
    """How many customers share their personal identity code with another."""
    code = table("customer").c.personal_id_index
    sizes = sa.select(sa.func.count().label("size")).where(code.is_not(None)).group_by(code)
    shared = sizes.having(sa.func.count() > 1).subquery()
    return connection.scalar(sa.select(sa.func.coalesce(sa.func.sum(shared.c.size), 0))) or 0


def refuse_lost(
    register: Register,
    name: str,
    good: pl.DataFrame,
    faults: pl.DataFrame,
    past: expiry.PastRows,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Refuse what points at a row that is not there; if that was refused for its age, or as an
    erased person's (`past`), for the same."""
    for foreign in sorted(table(name).foreign_keys, key=lambda f: f.parent.name):
        parent = foreign.column.table.name
        column = foreign.parent.name
        targets = register.known(parent, good.select(id=column).drop_nulls().unique())
        lost = good.filter(
            pl.col(column).is_not_null() & ~pl.col(column).is_in(targets["id"].implode())
        )
        for rule in (expiry.RULE, tombstones.RULE):
            numbers = past.get((parent, rule), targets["id"].clear())
            over = lost.filter(pl.col(column).is_in(numbers.implode()))
            lost = lost.join(over, on="row", how="anti", maintain_order="left")
            good, faults = _without(good, faults, over, column, rule)
        good, faults = _without(good, faults, lost, column, f"unknown_{parent}")
    if name == "survey_answer":
        wrong = find_wrong_answers(register, good)
        good = good.join(wrong, on="row", how="anti", maintain_order="left")
        faults = pl.concat([faults, wrong])
    return good, faults


def refuse_doubles(
    register: Register, name: str, fresh: pl.DataFrame, faults: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Refuse new rows whose code another row has, in the register or earlier in the file."""
    for column in (column.name for column in table(name).columns if column.unique):
        again = fresh.filter(~pl.col(column).is_first_distinct())
        codes_in_use = register.known(name, fresh.select(column))
        there = fresh.join(codes_in_use, on=column, how="semi")
        doubles = pl.concat([again, there]).unique("row")
        fresh, faults = _without(fresh, faults, doubles, column, "duplicate")
    return fresh, faults


def refuse_late(
    register: Register, name: str, fresh: pl.DataFrame, faults: pl.DataFrame, time_zone: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Refuse new answers that were given after their survey was closed."""
    if name != "survey_answer":
        return fresh, faults
    late = find_late_answers(register, fresh, time_zone)
    in_time = fresh.join(late, on="row", how="anti", maintain_order="left")
    return in_time, pl.concat([faults, late])


def _part_past(terms: expiry.Terms | None, name: str, rows: Sorted) -> tuple[Sorted, pl.DataFrame]:
    """The rows without new ones that the next sweep would remove, nor the same again; the faults of
    these, which hold nobody back."""
    past = expiry.find_past(terms, name, rows.fresh)
    if past.is_empty():
        return rows, past
    keys = [column.name for column in table(name).primary_key]
    over = rows.fresh.join(past, on="row", how="semi")
    again = rows.unchanged.join(over, on=keys, how="semi")
    faults = pl.concat([past, expiry.find_past(terms, name, again)])
    fresh = rows.fresh.join(past, on="row", how="anti", maintain_order="left")
    unchanged = rows.unchanged.join(again, on="row", how="anti", maintain_order="left")
    return replace(rows, fresh=fresh, unchanged=unchanged), faults


def _without_twins_of_refused(
    name: str, rows: Sorted, fresh: pl.DataFrame, faults: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same row again of one that was refused is refused too."""
    keys = [column.name for column in table(name).primary_key]
    refused = rows.fresh.join(fresh, on="row", how="anti")
    twins = rows.unchanged.join(refused, on=keys, how="semi")
    return _without(rows.unchanged, faults, twins, keys[0], "duplicate")


def _former_owners(rows: Sorted) -> pl.DataFrame:
    """A permission that changed its customer holds back the one that it had, too."""
    moved = rows.twins.filter(pl.col("customer_id") != pl.col(f"customer_id{THERE}"))
    return moved.select(
        customer_id=f"customer_id{THERE}",
        refused_id="id",
        column=pl.lit("customer_id"),
        rule=pl.lit("changed"),
    )


def _without(
    good: pl.DataFrame, faults: pl.DataFrame, bad: pl.DataFrame, column: str, rule: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    fresh = bad.select("row", column=pl.lit(column), rule=pl.lit(rule))
    return good.join(bad, on="row", how="anti", maintain_order="left"), pl.concat(
        [faults, fresh.cast(FAULTS)]
    )
