"""From a parsed file to the notice: every entry has its place and its type, or the file is refused.

Example: `k = "five"` gives `anonymity.k: not a whole number`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from genlib.errors import NoticeError
from genlib.notice.lines import in_one_line
from genlib.notice.terms import Notice
from genlib.notice.values import Column

COLUMN_KEYS = {"class", "purposes", "retention", "self_service"}
"""Of a column's entry; the others are grants, by the code of a release."""
READY = {"columns", "digest", "lines"}
"""Fields of `Notice` that are no entries of the file."""
KINDS = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    date: "date",
}


def build(raw: Mapping[str, Any], lines: Mapping[str, int] | None = None) -> Notice:
    """The notice of a parsed file, checked for its form only; NoticeError."""
    for name in READY & raw.keys():
        raise NoticeError(f"notice: unknown entry {name}")
    tables = _read_table("tables", raw.get("tables", {}))
    codes = _read_codes(raw)
    columns = {}
    for name, entry in tables.items():
        columns[name] = _read_columns(name, entry, codes)
    entries = {name: value for name, value in raw.items() if name != "tables"}
    ready = {
        "columns": columns,
        "digest": _compute_digest(raw),
        "lines": lines or {},
    }
    notice: Notice = _build_section(Notice, "notice", entries, **ready)
    return notice


def _read_codes(raw: Mapping[str, Any]) -> dict[str, str]:
    """Code of a release → its purpose."""
    purposes = {}
    for purpose, entry in _read_table("releases", raw.get("releases", {})).items():
        terms = _read_table(f"releases.{purpose}", entry)
        code = terms.get("code")
        if isinstance(code, str):
            purposes[code] = purpose
    return purposes


def _compute_digest(raw: Mapping[str, Any]) -> str:
    """SHA-256 of what was parsed, with its keys in order: comments and layout do not count."""
    canonical = json.dumps(raw, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _read_columns(table: str, entry: Any, codes: Mapping[str, str]) -> dict[str, Column]:
    common = dict(_read_table(f"tables.{table}", entry))
    entries = _read_table(f"tables.{table}.columns", common.pop("columns", {}))
    columns = {}
    for name, value in entries.items():
        special = _read_table(f"{table}.{name}", value)
        columns[name] = _read_column(table, name, common | special, codes)
    return columns


def _read_column(table: str, name: str, entry: dict[str, Any], codes: Mapping[str, str]) -> Column:
    where = f"{table}.{name}"
    for key in entry.keys() - COLUMN_KEYS - codes.keys():
        listed = ", ".join(codes)
        raise _fault(f"{where}: unknown grant {key}; releases have the codes {listed}")
    grants = {}
    for code, purpose in codes.items():
        if code in entry:
            grants[purpose] = _read_ways(f"{where}.{code}", entry[code])
    raw = {
        "table": table,
        "name": name,
        "sensitivity": entry.get("class", "none"),
    }
    for key in COLUMN_KEYS & entry.keys() - {"class"}:
        raw[key] = entry[key]
    column: Column = _build_section(Column, where, raw, grants=grants)
    return column


def _read_ways(where: str, value: Any) -> tuple[str, ...]:
    """One coarsening, or a list of them."""
    listed = [value] if isinstance(value, str) else value
    return _read_texts(where, listed)


def _build_section(cls: Any, where: str, raw: Mapping[str, Any], **ready: Any) -> Any:
    """A frozen value of one section: every field is there, no other, and what is in it is built by
    its type; `ready` is built already."""
    names = {field.name for field in fields(cls)}
    for name in sorted(_find_needed(cls) - raw.keys() - ready.keys()):
        raise _fault(f"{where}: {name} is missing")
    for name in sorted(raw.keys() - names):
        raise _fault(f"{where}: unknown entry {name}")
    within = "" if cls is Notice else f"{where}."
    kinds = _find_kinds(cls)
    built = {}
    for name, value in raw.items():
        built[name] = _build_value(kinds[name], f"{within}{name}", value)
    return cls(**built, **ready)


@cache
def _find_kinds(cls: Any) -> dict[str, Any]:
    """The types of the fields, which a notice of hundreds of columns asks for as often."""
    return get_type_hints(cls)


@cache
def _find_needed(cls: Any) -> set[str]:
    """The fields that have no value of their own."""
    needed = set()
    for field in fields(cls):
        if field.default is MISSING and field.default_factory is MISSING:
            needed.add(field.name)
    return needed


def _build_value(kind: Any, where: str, value: Any) -> Any:
    """A section, a table by code, a list of texts or of sections as a tuple, or a plain value;
    NoticeError for one of another type."""
    if is_dataclass(kind):
        return _build_section(kind, where, _read_table(where, value))
    if get_origin(kind) is Mapping:
        return _build_mapping(get_args(kind)[1], where, value)
    if get_origin(kind) is tuple:
        return _build_tuple(get_args(kind)[0], where, value)
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if type(value) not in kinds:  # exactly: yes is no number, and an instant no date
        wanted = " or ".join(KINDS[one] for one in kinds)
        raise _fault(f"{where}: not a {wanted}")
    return value


def _build_mapping(kind: Any, where: str, value: Any) -> dict[str, Any]:
    built = {}
    for code, entry in _read_table(where, value).items():
        built[code] = _build_value(kind, f"{where}.{code}", entry)
    return built


def _build_tuple(kind: Any, where: str, value: Any) -> tuple[Any, ...]:
    if not is_dataclass(kind):
        return _read_texts(where, value)
    if not isinstance(value, list):
        raise _fault(f"{where}: not a list of tables")
    return tuple(_build_value(kind, where, entry) for entry in value)


def _read_texts(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _fault(f"{where}: not a list of texts")
    for text in value:
        if not isinstance(text, str):
            raise _fault(f"{where}: not a list of texts")
    return tuple(value)


def _read_table(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _fault(f"{where}: not a table")
    return value


def _fault(text: str) -> NoticeError:
    return NoticeError(in_one_line(text))
