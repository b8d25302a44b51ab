"""Corrections: a value rectified, erased or supplemented, on one or more of the notice's five
grounds (clause 10).

A correction is examined as a loaded row is, and a value that breaks a rule is not kept. The row's
`updated_at` becomes this instant, so an older row of a source does not bring the old value back;
the source itself must be corrected too, and the receipt says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.errors import BadInput, UsageError
from genlib.register import fingerprints, suppression
from genlib.register.bulk import UTC_INSTANT
from genlib.register.rules import examined
from genlib.register.schema import Base, key_of, plain_columns, table
from genlib.register.store import opened, seal_columns, stored_columns
from genlib.register.vault import IdentityKey
from genlib.rights import codes
from genlib.rights.identity import check_identity
from genlib.rights.people import find_rows, list_recipients, to_series
from genlib.rights.requests import (
    Case,
    Officer,
    Request,
    check_not_erased,
    deciding,
    read_request,
)

NOT_CORRECTED = {"permission", "disclosure_customer", "subject_request", "survey_invitation"}
"""Acts are ended, never edited, and logs tell what was done."""
KEPT = {"source", "updated_at", "restricted_from", "arm"}
"""Columns with a way of their own to change, or of how a row came to be."""


@dataclass(frozen=True)
class Correction:
    """One column of one row. `row` is empty for the customer's own. `value` is None for an
    erasure."""

    column: str
    operation: str
    grounds: tuple[str, ...]
    value: str | None = None
    table: str = "customer"
    row: int | None = None

    def __post_init__(self) -> None:
        codes.check_code(self.operation, codes.OPERATIONS, "operation")
        if not self.grounds:
            raise UsageError("a correction needs a ground: --ground")
        for ground in self.grounds:
            codes.check_code(ground, codes.CORRECTION_GROUNDS, "ground of a correction")
        if (self.value is None) != (self.operation == "erase"):
            raise UsageError("a value is given to rectify or supplement, and none to erase")
        codes.check_code(self.table, list_correctable(), "table to correct")
        codes.check_code(self.column, list_columns(self.table), "column to correct")
        if (self.row is None) != (self.table == "customer"):
            raise UsageError("name the row of every table but customer: --row")


def list_correctable() -> list[str]:
    """The tables with rows of a person that may be corrected."""
    of_people = [name for name, one in Base.metadata.tables.items() if "customer_id" in one.columns]
    return ["customer", *(name for name in of_people if name not in NOT_CORRECTED)]


def list_columns(name: str) -> list[str]:
    """The columns of a table that may be corrected: all but keys."""
    return [
        column.name
        for column in plain_columns(name)
        if key_of(name, column.name) is None and column.name not in KEPT
    ]


def correct(
    officer: Officer, key: IdentityKey, number: int, change: Correction, *, artificial: bool
) -> Request:
    """Carry out a correction. BadInput names the column and the rule of a value that cannot be
    kept; Refused before the identity check that the column needs."""
    with deciding(officer, number, "correction") as case:
        fingerprints.keep_key(case.connection, key)
        check_not_erased(case.connection, case.request.customer)
        rule = check_identity(case.request, [change.column])
        people = find_rows(case.connection, case.request.customer)
        before = _read_row(officer, case, key, change, people)
        after = _change_row(before, officer, change, artificial=artificial)
        _write_row(case.connection, after, change, key)
        if change.table == "customer":
            suppression.hold(
                officer.register, case.connection, key, to_series(people), at=officer.now
            )
        case.decide(
            "granted",
            people,
            ground=",".join(change.grounds),
            detail=_tell_change(case, change, before, after, people) | {"identity_rule": rule},
        )
        return read_request(case.connection, number)


def _read_row(
    officer: Officer, case: Case, key: IdentityKey, change: Correction, people: Sequence[int]
) -> pl.DataFrame:
    """The opened row that is corrected; UsageError if it is not of this person."""
    wanted = case.request.customer if change.row is None else change.row
    rows = officer.register.matching(change.table, pl.DataFrame({"id": [wanted]}))
    if change.table != "customer":
        rows = rows.filter(col("customer_id").is_in(people))
    if rows.is_empty():
        raise UsageError(f"table {change.table} has no row of this number of the person who asks")
    return opened(rows, change.table, key)


def _change_row(
    before: pl.DataFrame, officer: Officer, change: Correction, *, artificial: bool
) -> pl.DataFrame:
    """The row with its new value, examined as a loaded one is."""
    texts = before.select(_write_text(before)).with_columns(
        pl.lit(change.value, pl.String).alias(change.column), row=pl.lit(1, pl.Int64)
    )
    good, faults = examined(
        texts, change.table, artificial=artificial, now=officer.now, is_complete=True
    )
    if faults.height:
        reasons = ", ".join(f"{one['column']}: {one['rule']}" for one in faults.to_dicts())
        raise BadInput(f"the value cannot be kept ({reasons}); nothing was changed")
    after = good.drop("row")
    if change.table != "customer":
        return after
    return after.with_columns(updated_at=pl.lit(officer.now, UTC_INSTANT))


def _write_text(rows: pl.DataFrame) -> list[pl.Expr]:
    """The columns as a file holds them."""
    return [
        col(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ") if kind == UTC_INSTANT else col(name).cast(str)
        for name, kind in rows.schema.items()
    ]


def _write_row(
    connection: sa.Connection, after: pl.DataFrame, change: Correction, key: IdentityKey
) -> None:
    changed = table(change.table)
    names = [change.column] + (["updated_at"] if change.table == "customer" else [])
    sealed_rows = seal_columns(after, change.table, key)
    columns = stored_columns(change.table, names)
    values = sealed_rows.select(columns).row(0, named=True)
    chosen = changed.c.id == after["id"].item()
    connection.execute(changed.update().where(chosen).values(values))


def _tell_change(
    case: Case,
    change: Correction,
    before: pl.DataFrame,
    after: pl.DataFrame,
    people: Sequence[int],
) -> dict[str, Any]:
    """What changed by the names of fields, and whether they were and are filled: no value."""
    return {
        "table": change.table,
        "column": change.column,
        "operation": change.operation,
        "before": _name_class(before[change.column]),
        "after": _name_class(after[change.column]),
        "recipients": len(list_recipients(case.connection, people)),
    }


def _name_class(cell: pl.Series) -> str:
    return "empty" if cell.null_count() else "filled"
