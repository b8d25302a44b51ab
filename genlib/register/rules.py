"""What a row must hold to be taken: readable values, valid identifiers, known codes, sensible
ranges. Text in, rows and faults out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import dataframely as dy
import polars as pl
import sqlalchemy as sa

from genlib.register.bulk import UTC_INSTANT
from genlib.register.identifiers import CHECKS, checked
from genlib.register.schema import CONSENT_SCOPES, PROHIBITION_SCOPES, plain_columns
from genlib.register.store import plain_schema

FAULTS = pl.Schema({"row": pl.Int64(), "column": pl.String(), "rule": pl.String()})
BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
Reading = tuple[Any, str, Callable[[pl.Expr], pl.Expr]]
READINGS: Mapping[
    Any, Reading
    # type of a column → its type in dataframely, how its text is read, and the rule that is else
    # broken
] = {
    pl.String: (
        dy.String,
        "control_character",
        lambda text: pl.when(~text.str.contains("\x00", literal=True)).then(text),
    ),
    pl.Int64: (
        dy.Int64,
        "not_an_integer",
        lambda text: text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False),
    ),
    pl.Float64: (
        dy.Float64,
        "not_a_number",
        lambda text: (
            text.str.extract(r"^([-+]?\d+(?:[.,]\d+)?)$")
            .str.replace(",", ".")
            .cast(pl.Float64, strict=False)
        ),
    ),
    pl.Boolean: (
        dy.Bool,
        "not_a_boolean",
        lambda text: text.str.to_lowercase().replace_strict(
            BOOLEANS, default=None, return_dtype=pl.Boolean
        ),
    ),
    pl.Date: (
        dy.Date,
        "not_a_date",
        lambda text: text.str.replace(r"[ T]00:00:00Z?$", "").str.to_date("%Y-%m-%d", strict=False),
    ),
    UTC_INSTANT: (
        partial(dy.Datetime, time_zone="UTC"),
        "not_an_instant",
        lambda text: text.str.replace("Z$", "+00:00").str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%z", time_unit="us", strict=False
        ),
    ),
}


def examined(
    raw: pl.DataFrame, name: str, *, artificial: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without a fault, typed and normalised, with `row`; and the faults of the others:
    row, column, rule."""
    schema = plain_schema(name)
    row = raw["row"]
    text = raw.select("row", *(_cleaned(column, raw) for column in schema))
    cells = {
        column: checked(text[column], column, artificial=artificial)
        if column in CHECKS
        else _read(text[column], kind)
        for column, kind in schema.items()
    }
    typed = pl.DataFrame([row, *(cell["value"].alias(column) for column, cell in cells.items())])
    unreadable = [
        cell.select(row=row, column=pl.lit(column), rule="rule").drop_nulls()
        for column, cell in cells.items()
    ]
    found = pl.concat([*unreadable, _broken(typed, name)])
    faults = found.unique(["row", "column"], keep="first", maintain_order=True)
    return typed.join(faults, on="row", how="anti", maintain_order="left"), faults


def _cleaned(column: str, raw: pl.DataFrame) -> pl.Expr:
    """The text of a cell without what typing leaves around it; nothing is null."""
    if column not in raw.columns:
        return pl.lit(None, pl.String).alias(column)
    text = pl.col(column).str.normalize("NFC").str.strip_chars()
    return pl.when(text != "").then(text).alias(column)


def _read(text: pl.Series, kind: Any) -> pl.DataFrame:
    """As `identifiers.checked`: `value` (null where refused) and `rule` (null where good)."""
    _, rule, reading = READINGS[kind]
    read = pl.select(text=text).select("text", value=reading(pl.col("text")))
    refused = pl.col("text").is_not_null() & pl.col("value").is_null()
    return read.select("value", rule=pl.when(refused).then(pl.lit(rule)))


def _broken(typed: pl.DataFrame, name: str) -> pl.DataFrame:
    _, failures = _schema(name).filter(typed)
    details = failures.details()
    checks = [column for column in details.columns if "|" in column]
    long = details.unpivot(checks, index="row", variable_name="check", value_name="outcome").filter(
        pl.col("outcome") == "invalid"
    )
    column, rule = (pl.col("check").str.split("|").list.get(part) for part in (0, 1))
    named = rule.str.strip_prefix("check__").replace(
        {"nullability": "missing", "min": "out_of_range", "max": "out_of_range"}
    )
    return long.select("row", column=column, rule=named).sort("row", maintain_order=True)


@cache
def _schema(name: str) -> type[dy.Schema]:
    """The table's dataframely schema, made from its columns."""
    types = plain_schema(name)
    members = {"row": dy.Int64(nullable=False)}
    for column in plain_columns(name):
        limits = dict(zip(("min", "max"), column.info.get("range", ()), strict=False))
        members[column.name] = READINGS[types[column.name]][0](
            nullable=bool(column.nullable), check=_checks(column), **limits
        )
    return type(name, (dy.Schema,), members)


def _checks(column: sa.Column[Any]) -> dict[str, Callable[[pl.Expr], pl.Expr]]:
    checks: dict[str, Callable[[pl.Expr], pl.Expr]] = {}
    if isinstance(column.type, sa.Enum):
        codes = column.type.enums
        checks["unknown_code"] = lambda value: value.is_in(codes)
    if earlier := column.info.get("not_before"):
        checks[f"before_{earlier}"] = lambda value: (value >= pl.col(earlier)).fill_null(value=True)
    if str(column) == "permission.scope":
        checks["not_of_this_act"] = _of_its_act
    return checks


def _of_its_act(scope: pl.Expr) -> pl.Expr:
    return (
        pl.when(pl.col("act") == "consent")
        .then(scope.is_in(CONSENT_SCOPES))
        .otherwise(scope.is_in(PROHIBITION_SCOPES))
    )
