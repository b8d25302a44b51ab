"""What a row must hold to be taken: readable values, valid identifiers, known codes, sensible
ranges, nothing that has not happened yet. Text in, rows and faults out.

Every text loses its invisible characters and has plain spaces (`spelling`); a control character, or
one that turns round what a reader sees, is refused.

A date or instant later than the load cannot be told yet, and later nobody would look at it again,
so the row is refused (`in_the_future`). What a source may know before, such as the end of a consent
or a notice given, is marked in `schema`. There is no tolerance for clocks that go ahead.

`7.0` is the whole number 7 as a column of floats holds it; in a column of cents, which is never
empty, `25.00` and `25.0` may be euros and are refused (`reading`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import dataframely as dy
import polars as pl
import sqlalchemy as sa

from genlib.register.addresses import read_addresses
from genlib.register.bulk import UTC_INSTANT
from genlib.register.columns import CONSENT_SCOPES, PROHIBITION_SCOPES, Instant
from genlib.register.contradictions import FAULTS, find_contradictions
from genlib.register.identifiers import CHECKS, checked
from genlib.register.schema import RELEASED_AS_THEY_ARE, plain_columns
from genlib.register.spelling import CONTROL, UNREADABLE, clean_text
from genlib.register.store import plain_schema

BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
GREATEST_ID = 2**63 - 1
"""What the database holds."""
GREATEST_OWN_ID = 2**53
"""Of rows that bring their number. The counter of their table goes on from it and never back, so it
must be far from the end; and up to here programs that compute in floats tell numbers apart."""
GREATEST_RELEASED_ID = 2**32 - 1
OLDEST = dt.date(1800, 1, 1)
WHOLE_FLOAT = r"^[-+]?[0-9]{1,15}\.0$"
"""A whole number as a column of floats holds it; beyond 15 digits a float holds no number whole."""
FREE_TEXT = {"comment", "evidence", "text_fi", "text_sv", "text_en"}
"""The only columns in which a line may break."""
LINE_BREAK = r"[\n\r\v\f\x{85}\x{2028}\x{2029}]"
INSTANT = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?"
    r"(?:(Z)|([-+][0-9]{2}):?([0-9]{2})?)$"
)
ENGLISH_ERRORS = (
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "#SPILL!",
    "#CALC!",
)
FINNISH_ERRORS = ("#PUUTTUU!", "#VIITTAUS!", "#ARVO!", "#JAKO/0!", "#NIMI?", "#LUKU!", "#TYHJÄ!")
SWEDISH_ERRORS = ("#SAKNAS!", "#REFERENS!", "#VÄRDEFEL!", "#DIVISION/0!", "#NAMN?", "#OGILTIGT!")
ERROR_WORDS = (*ENGLISH_ERRORS, *FINNISH_ERRORS, *SWEDISH_ERRORS)
"""What a spreadsheet writes where it could not work out a value."""


def _read_date(text: pl.Expr) -> pl.Expr:
    day = text.str.replace(r"[ T]00:00:00Z?$", "")
    is_written_so = day.str.contains(r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$")
    return pl.when(is_written_so).then(day).str.to_date("%Y-%m-%d", strict=False)


def read_iso_instant(text: pl.Expr) -> pl.Expr:
    """The instant to the second; a fraction of one is cut, and +03 is +03:00."""
    part = [text.str.extract(INSTANT, group) for group in range(1, 6)]
    minutes = pl.coalesce(part[4], pl.lit("00"))
    zone = pl.when(part[2].is_not_null()).then(pl.lit("+00:00")).otherwise(part[3] + ":" + minutes)
    whole = part[0] + "T" + part[1] + zone
    return whole.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us", strict=False)


Reading = tuple[Any, str, Callable[[pl.Expr], pl.Expr]]
READINGS: Mapping[
    Any, Reading
    # type of a column → its type in dataframely, how its text is read, and the rule that is else
    # broken
] = {
    pl.String: (
        dy.String,
        "control_character",
        lambda text: pl.when(~text.str.contains(CONTROL)).then(text),
    ),
    pl.Int64: (
        dy.Int64,
        "not_an_integer",
        lambda text: text.cast(pl.Int64, strict=False),
    ),
    pl.Float64: (
        dy.Float64,
        "not_a_number",
        lambda text: (
            text.str.extract(r"^([-+]?[0-9]+(?:[.,][0-9]+)?)$")
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
    pl.Date: (partial(dy.Date, min=OLDEST), "not_a_date", _read_date),
    UTC_INSTANT: (partial(dy.Datetime, time_zone="UTC"), "not_an_instant", read_iso_instant),
}


def examined(  # noqa: PLR0913 - what the rules depend on
    raw: pl.DataFrame,
    name: str,
    *,
    artificial: bool,
    now: dt.datetime,
    is_complete: bool = True,
    has_own_numbers: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without a fault, typed and normalised, with `row`; and the faults of the others:
    row, column, rule. `now`: the instant of the load, in the time zone of its dates. Rows that are
    not `is_complete` say a part of what there is, and may contradict themselves until the rest is
    there; those that have their own numbers were not numbered by the register."""
    schema = plain_schema(name)
    row = raw["row"]
    text = raw.select("row", *(_cleaned(column, raw) for column in schema))
    plain = _read_cells(text, {c: kind for c, kind in schema.items() if c not in CHECKS})
    cells = {
        column: plain[column]
        if column in plain
        else checked(text[column], column, artificial=artificial)
        for column in schema
    }
    if name == "customer":
        cells |= read_addresses(text)
    read = pl.DataFrame([row, *(cell["value"].alias(column) for column, cell in cells.items())])
    typed = read.with_columns(pl.col(_list_not_yet(raw, name)).fill_null(value=False))
    unreadable = [
        cell.select(row=row, column=pl.lit(column), rule="rule").drop_nulls()
        for column, cell in cells.items()
        if cell["rule"].null_count() < cell.height
    ]
    schema_broken = _broken(typed, name, has_own_numbers=has_own_numbers)
    broken = pl.concat([*unreadable, schema_broken, _find_future(typed, name, now)])
    readable = typed.join(broken, on="row", how="anti")
    faults_by_rule = [broken, find_contradictions(readable, name)] if is_complete else [broken]
    faults = pl.concat(faults_by_rule).unique(["row", "column"], keep="first", maintain_order=True)
    return typed.join(faults, on="row", how="anti", maintain_order="left"), faults


def _list_not_yet(raw: pl.DataFrame, name: str) -> list[str]:
    """The given columns in which nothing means no."""
    columns = [column.name for column in plain_columns(name) if column.info.get("not_yet")]
    return [column for column in columns if column in raw.columns]


def _cleaned(column: str, raw: pl.DataFrame) -> pl.Expr:
    """The text of a cell without what typing leaves around it, and a whole number without the `.0`
    of a float; nothing is null."""
    if column not in raw.columns:
        return pl.lit(None, pl.String).alias(column)
    text = clean_text(pl.col(column))
    is_whole = text.str.contains(WHOLE_FLOAT) & pl.lit(not column.endswith("_cents"))
    whole = pl.when(is_whole).then(text.str.head(-2)).otherwise(text)
    return pl.when(text != "").then(whole).alias(column)


def _read_cells(text: pl.DataFrame, kinds: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """Of each column, as `identifiers.checked`: `value` (null where refused) and `rule` (null where
    good). All columns are read at once: of a small table, each by itself costs more to begin than
    to read."""
    values = [
        READINGS[kind][2](pl.col(name)).alias(f"{name} value") for name, kind in kinds.items()
    ]
    refused = [_refuse_cell(name, kind).alias(f"{name} refused") for name, kind in kinds.items()]
    rules = [_find_rule(name, kind).alias(f"{name} rule") for name, kind in kinds.items()]
    good = [pl.when(pl.col(f"{name} rule").is_null()).then(f"{name} value") for name in kinds]
    read = text.with_columns(values + refused).with_columns(rules).with_columns(good)
    return {
        name: pl.DataFrame({"value": read[f"{name} value"], "rule": read[f"{name} rule"]})
        for name in kinds
    }


def _find_rule(column: str, kind: Any) -> pl.Expr:
    """The first rule that a text breaks, else null."""
    is_lost = pl.col(column).is_not_null() & pl.col(f"{column} value").is_null()
    return pl.coalesce(f"{column} refused", pl.when(is_lost).then(_name_rule(column, kind)))


def _refuse_cell(column: str, kind: Any) -> pl.Expr:
    """The rule that a text breaks before it is read, else null."""
    text = pl.col(column)
    if kind == pl.Int64:
        return pl.when(text == UNREADABLE).then(pl.lit("unreadable"))
    if kind != pl.String:
        return pl.lit(None, pl.String)
    is_free = pl.lit(column in FREE_TEXT)
    is_broken = text.str.contains(LINE_BREAK) & ~is_free
    has_lost_letter = text.str.contains(UNREADABLE, literal=True) & ~is_free
    return (
        pl.when(text.is_in(ERROR_WORDS))
        .then(pl.lit("error_of_a_spreadsheet"))
        .when((text == UNREADABLE) | has_lost_letter)
        .then(pl.lit("unreadable"))
        .when(is_broken)
        .then(pl.lit("line_break"))
    )


def _name_rule(column: str, kind: Any) -> pl.Expr:
    """The rule of what cannot be read; euros in a column of cents have a rule of their own."""
    rule = pl.lit(READINGS[kind][1])
    if not column.endswith("_cents"):
        return rule
    is_decimal = pl.col(column).str.contains(r"^[-+]?[0-9]+[.,][0-9]+$")
    return pl.when(is_decimal).then(pl.lit("not_whole_cents")).otherwise(rule)


def _broken(typed: pl.DataFrame, name: str, *, has_own_numbers: bool) -> pl.DataFrame:
    _, failures = _schema(name, has_own_numbers=has_own_numbers).filter(typed)
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


def _find_future(typed: pl.DataFrame, name: str, now: dt.datetime) -> pl.DataFrame:
    """The faults of dates and instants that have not been yet."""
    faults = [pl.DataFrame(schema=FAULTS)]
    limits = {pl.Date: now.date(), UTC_INSTANT: now.astimezone(dt.UTC)}
    for column in plain_columns(name):
        limit = limits.get(typed.schema[column.name])
        if limit is None or column.info.get("may_be_future"):
            continue
        late = typed.filter(pl.col(column.name) > limit)
        faults.append(late.select("row", column=pl.lit(column.name), rule=pl.lit("in_the_future")))
    return pl.concat(faults)


@cache
def _schema(name: str, *, has_own_numbers: bool) -> type[dy.Schema]:
    """The table's dataframely schema, made from its columns."""
    types = plain_schema(name)
    members = {"row": dy.Int64(nullable=False)}
    for column in plain_columns(name):
        values = _range(column, has_own_numbers=has_own_numbers)
        limits = dict(zip(("min", "max"), values, strict=False))
        members[column.name] = READINGS[types[column.name]][0](
            nullable=bool(column.nullable), check=_checks(column), **limits
        )
    return type(name, (dy.Schema,), members)


def _range(column: sa.Column[Any], *, has_own_numbers: bool) -> tuple[Any, ...]:
    """The least and greatest value. No id is negative, and none is too great for a release or for
    the counter of its table."""
    is_id = column.primary_key or column.foreign_keys or column.name == "customer_id"
    if not is_id:
        return tuple(column.info.get("range", ()))
    is_released = column.primary_key and column.table.name in RELEASED_AS_THEY_ARE
    if is_released:
        return (0, GREATEST_RELEASED_ID)
    is_counted = column.primary_key and not column.foreign_keys
    return (0, GREATEST_OWN_ID if is_counted and has_own_numbers else GREATEST_ID)


def _checks(column: sa.Column[Any]) -> dict[str, Callable[[pl.Expr], pl.Expr]]:
    checks: dict[str, Callable[[pl.Expr], pl.Expr]] = {}
    if isinstance(column.type, sa.Enum):
        codes = column.type.enums
        checks["unknown_code"] = lambda value: value.is_in(codes)
    if isinstance(column.type, Instant):
        checks["out_of_range"] = lambda value: value.dt.year().is_between(OLDEST.year, 9999)
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
