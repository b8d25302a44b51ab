"""What a row must hold to be taken: readable values, valid identifiers, known codes, sensible ranges. Text in, rows and faults out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import dataframely as dy
import polars as pl

from genlib.register.bulk import UTC_INSTANT
from genlib.register.identifiers import CHECKS, checked
from genlib.register.schema import CONSENT_SCOPES, PROHIBITION_SCOPES, plain_columns
from genlib.register.store import plain_schema

FAULTS = pl.Schema({"row": pl.Int64(), "column": pl.String(), "rule": pl.String()})
BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
RANGES: Mapping[str, tuple[float, float]] = {
    "customer.birth_year": (1890, 2100),
    "campaign.holdout_share": (0, 1),
    "campaign.cost_cents": (0, 10**12),
    "survey_answer.score": (0, 10),
}
NOT_BEFORE = {
    "customer.left_on": "joined_on",
    "permission.ended_at": "given_at",
    "campaign.ends_on": "starts_on",
    "survey.closed_on": "opened_on",
    "invoice.due_on": "issued_on",
}
READINGS: Mapping[Any, tuple[str, Callable[[pl.Expr], pl.Expr]]] = {
    pl.Int64: ("not_an_integer", lambda text: text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)),
    pl.Float64: (
        "not_a_number",
        lambda text: text.str.extract(r"^([-+]?\d+(?:[.,]\d+)?)$").str.replace(",", ".").cast(pl.Float64, strict=False),
    ),
    pl.Boolean: ("not_a_boolean", lambda text: text.str.to_lowercase().replace_strict(BOOLEANS, default=None, return_dtype=pl.Boolean)),
    pl.Date: ("not_a_date", lambda text: text.str.replace(r"[ T]00:00:00Z?$", "").str.to_date("%Y-%m-%d", strict=False)),
    UTC_INSTANT: (
        "not_an_instant",
        lambda text: text.str.replace("Z$", "+00:00").str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us", strict=False),
    ),
}


def examined(raw: pl.DataFrame, name: str, *, artificial: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without a fault, typed and normalised, with `row`; and the faults of the others: row, column, rule."""
    schema = plain_schema(name)
    text = raw.select("row", *(_cleaned(column, raw) for column in schema))
    identified = {column: checked(text[column], column, artificial=artificial) for column in schema if column in CHECKS}
    typed = text.select("row", *(_read(column, kind) for column, kind in schema.items())).with_columns(
        **{column: outcome["value"] for column, outcome in identified.items()}
    )
    unreadable = [
        *(_faults(text["row"], column, pl.select(rule=_unread(text[column], typed[column], kind))) for column, kind in schema.items()),
        *(_faults(text["row"], column, outcome) for column, outcome in identified.items()),
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


def _read(column: str, kind: Any) -> pl.Expr:
    return READINGS[kind][1](pl.col(column)) if kind in READINGS else pl.col(column)


def _unread(text: pl.Series, typed: pl.Series, kind: Any) -> pl.Series:
    """The rule that a cell broke if there is text but no value; PostgreSQL cannot hold the character NUL."""
    broken = text.is_not_null() & typed.is_null() if kind in READINGS else text.str.contains("\x00", literal=True).fill_null(value=False)
    rule = READINGS[kind][0] if kind in READINGS else "control_character"
    return pl.select(pl.when(broken).then(pl.lit(rule))).to_series()


def _faults(row: pl.Series, column: str, outcome: pl.DataFrame) -> pl.DataFrame:
    return outcome.select(row=row, column=pl.lit(column), rule=pl.col("rule")).drop_nulls("rule")


def _broken(typed: pl.DataFrame, name: str) -> pl.DataFrame:
    _, failures = _schema(name).filter(typed)
    details = failures.details()
    checks = [column for column in details.columns if "|" in column]
    long = details.unpivot(checks, index="row", variable_name="check", value_name="outcome").filter(pl.col("outcome") == "invalid")
    column, rule = (pl.col("check").str.split("|").list.get(part) for part in (0, 1))
    named = rule.str.strip_prefix("check__").replace({"nullability": "missing", "min": "out_of_range", "max": "out_of_range"})
    return long.select("row", column=column, rule=named).sort("row", maintain_order=True)


@cache
def _schema(name: str) -> type[dy.Schema]:
    """The table's dataframely schema, made from its columns."""
    kinds: dict[Any, Any] = {pl.Int64: dy.Int64, pl.Float64: dy.Float64, pl.Boolean: dy.Bool, pl.Date: dy.Date, pl.String: dy.String}
    types, members = plain_schema(name), {"row": dy.Int64(nullable=False)}
    for column in plain_columns(name):
        make: Any = kinds.get(types[column.name]) or partial(dy.Datetime, time_zone="UTC")
        path = f"{name}.{column.name}"
        limits = dict(zip(("min", "max"), RANGES[path], strict=True)) if path in RANGES else {}
        members[column.name] = make(nullable=bool(column.nullable), check=_checks(path, column.info.get("codes")), **limits)
    return type(name, (dy.Schema,), members)


def _checks(path: str, codes: tuple[str, ...] | None) -> dict[str, Callable[[pl.Expr], pl.Expr]]:
    checks: dict[str, Callable[[pl.Expr], pl.Expr]] = {}
    if codes:
        checks["unknown_code"] = lambda value: value.is_in(codes)
    if earlier := NOT_BEFORE.get(path):
        checks[f"before_{earlier}"] = lambda value: (value >= pl.col(earlier)).fill_null(value=True)
    if path == "permission.scope":
        checks["not_of_this_act"] = _of_its_act
    return checks


def _of_its_act(scope: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("act") == "consent").then(scope.is_in(CONSENT_SCOPES)).otherwise(scope.is_in(PROHIBITION_SCOPES))
