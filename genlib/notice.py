"""The privacy notice as frozen values: what data may be used for what, how coarse, how long, and
what the register may contain at all."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

from genlib import settings
from genlib.errors import NoticeError, UsageError

DEFAULT = Path(__file__).resolve().parent.parent / "data" / "notice.toml"
CLASSES = ("direct", "restricted", "quasi", "attribute", "sensitive", "key", "derived")
COARSENINGS = (
    "keep",
    "number",
    "pseudonym",
    "age_band",
    "region",
    "municipality",
    "month",
    "date",
    "redacted",
    "apart",
    "apart_month",
    "drop",
)
LANGUAGES = ("en", "fi", "sv")
CLOSED = {
    "direct": {"drop"},
    "restricted": {"drop", "redacted"},
    "derived": {"drop"},
    "key": {"drop", "number", "pseudonym"},
}
SPECIAL = re.compile(  # GDPR 9 and 10: the notice announces none of it (N5.9)
    r"health|diagnos|medic|disab|religi|belief|ethnic|racial|race$|political|trade_union|union_member|sexual|orientation|biometric|genetic"
    r"|criminal|offence|conviction|terveys|uskon|etni|seksuaali|rikos"
)


@dataclass(frozen=True)
class Controller:
    """Who answers for the register (N1)."""

    name: str
    street: str
    postal_code: str
    post_office: str
    country: str


@dataclass(frozen=True)
class Contact:
    """The data protection officer: a role; the person is the controller's own business (N2)."""

    role: str
    name: str
    email: str


@dataclass(frozen=True)
class Term:
    """A code of the notice in words: `requirements` are the clauses it comes from, `law` the
    article in force."""

    en: str
    fi: str
    sv: str
    requirements: tuple[str, ...] = ()
    law: str = ""


@dataclass(frozen=True)
class Retention:
    """How long, counted from what, and who decided so."""

    years: int
    after: str
    ground: str
    owner: str
    review: date


@dataclass(frozen=True)
class ReleaseTerms:
    """What a release purpose rests on. `code` prefixes its pseudonyms; tables in `marketing` leave
    those out who objected to it."""

    code: str
    purposes: tuple[str, ...]
    ground: str
    derived: tuple[str, ...]
    marketing: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Anonymity:
    """k, and the release columns to coarsen to `unknown`, in order, until every class has k people.
    `epoch` numbers the pseudonym keys."""

    k: int
    ladder: tuple[str, ...]
    epoch: int


@dataclass(frozen=True)
class DisclosurePolicy:
    """Thresholds of what a report may show; `profiles` are other values of `min_count`."""

    min_count: int
    p: int
    min_base: int
    flag_base: int
    profiles: Mapping[str, int]


@dataclass(frozen=True)
class ReportTerms:
    """For whom a report is - a role, not a person - and how many months it is kept after it was
    made."""

    recipients: Term
    keep_months: int

    def kept_until(self, made: date) -> date:
        """The first of the month after so many months."""
        month = made.year * 12 + made.month + self.keep_months
        return date(month // 12, month % 12 + 1, 1)


@dataclass(frozen=True)
class Column:
    """A column of the register in the catalogue; `grants` gives the coarsenings by release purpose,
    and no entry means no access."""

    table: str
    name: str
    sensitivity: str
    purposes: tuple[str, ...]
    retention: str
    self_service: bool = False
    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """The notice in force. `columns` is the catalogue: table, then column."""

    version: str
    valid_from: date
    register_name: str
    controller: Controller
    contact: Contact
    grounds: Mapping[str, Term]
    purposes: Mapping[str, Term]
    sources: Mapping[str, Term]
    messages: Mapping[str, Term]
    levels: Mapping[str, str]
    retention: Mapping[str, Retention]
    releases: Mapping[str, ReleaseTerms]
    anonymity: Anonymity
    disclosure: DisclosurePolicy
    reports: ReportTerms
    permission: Mapping[str, bool | str]
    gaps: Mapping[str, str]
    columns: Mapping[str, Mapping[str, Column]]

    @property
    def k(self) -> int:
        return self.anonymity.k

    def release(self, purpose: str) -> ReleaseTerms:
        """The terms of a release purpose; UsageError for one that the notice does not know."""
        if purpose not in self.releases:
            raise UsageError(f"no such release purpose; the notice has {', '.join(self.releases)}")
        return self.releases[purpose]

    def granted(self, purpose: str) -> dict[str, dict[str, tuple[str, ...]]]:
        """Table -> column -> coarsenings that `purpose` is granted, in the order of the catalogue;
        everything else is denied."""
        self.release(purpose)
        tables = {
            table: {
                name: column.grants[purpose]
                for name, column in columns.items()
                if column.grants.get(purpose, ("drop",)) != ("drop",)
            }
            for table, columns in self.columns.items()
        }
        return {table: columns for table, columns in tables.items() if columns}

    def check_schema(self, tables: Mapping[str, Iterable[str]]) -> None:
        """Raise NoticeError unless catalogue and schema (table -> columns) name exactly the same
        columns (N5.6)."""
        _raise_first(self.schema_faults(tables))

    def schema_faults(self, tables: Mapping[str, Iterable[str]]) -> Iterator[str]:
        """What keeps catalogue and schema apart, a line each."""
        schema = {(table, column) for table, columns in tables.items() for column in columns}
        catalogue = {
            (table, column) for table, columns in self.columns.items() for column in columns
        }
        for table, column in sorted(schema - catalogue):
            yield (
                f"{table}.{column} is in the register but not in the catalogue; give it a class "
                "and a purpose, or remove it"
            )
        for table, column in sorted(catalogue - schema):
            yield f"{table}.{column} is in the catalogue but not in the register; remove its line"

    def faults(self) -> Iterator[str]:
        """What the notice says against itself or against the law's closed lists, a line each."""
        yield from (
            f"controller.{f.name} is empty"
            for f in fields(Controller)
            if not getattr(self.controller, f.name).strip()
        )
        for purpose, terms in self.releases.items():
            unknown = [p for p in terms.purposes if p not in self.purposes]
            yield from (f"releases.{purpose}: unknown purpose {code}" for code in unknown)
            if terms.ground not in self.grounds:
                yield f"releases.{purpose}: unknown ground {terms.ground}"
        if self.anonymity.k < 2:
            yield "anonymity.k must be at least 2"
        if self.disclosure.min_count < 3 or min(self.disclosure.profiles.values(), default=3) < 3:
            yield "disclosure.min_count must never be below 3"
        if self.reports.keep_months < 1:
            yield "reports.keep_months must be at least 1"
        yield from (
            f"reports.recipients.{language} is empty"
            for language in LANGUAGES
            if not getattr(self.reports.recipients, language).strip()
        )
        for columns in self.columns.values():
            for column in columns.values():
                yield from (
                    f"{column.table}.{column.name}: {fault}"
                    for fault in self._column_faults(column)
                )

    def _column_faults(self, column: Column) -> Iterator[str]:
        if column.sensitivity not in CLASSES or SPECIAL.search(column.name):
            yield (
                f"class {column.sensitivity} and this name are not announced by the notice; "
                "special categories may not be kept (N5.9)"
            )
        if not column.purposes:
            yield "no purpose; a column without one may not be kept (N5.6)"
        yield from (
            f"unknown purpose {code}; the list of uses is closed (N4.25)"
            for code in column.purposes
            if code not in self.purposes
        )
        if column.retention not in self.retention:
            yield f"unknown retention {column.retention}"
        for purpose, coarsenings in column.grants.items():
            yield from (
                f"unknown coarsening {name} for {purpose}"
                for name in coarsenings
                if name not in COARSENINGS
            )
            if not set(coarsenings) <= CLOSED.get(column.sensitivity, set(coarsenings)):
                yield (
                    f"class {column.sensitivity} may not be granted to {purpose} as "
                    f"{', '.join(coarsenings)}"
                )


def load(path: Path | str | None = None) -> Notice:
    """The notice that the settings name, or that of `path`; UsageError if it is not there,
    NoticeError if it contradicts itself."""
    notice = read(path)
    _raise_first(notice.faults())
    return notice


def read(path: Path | str | None = None) -> Notice:
    """As `load`, but unchecked but for its form: for `genlib notice check`, which lists every
    fault."""
    place = Path(path or settings.load().notice)
    try:
        return _notice(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"no notice can be read at {place} ({error.strerror}); name it with GENLIB_NOTICE"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise NoticeError(f"the notice is not TOML: {error}") from None


@lru_cache(maxsize=4)  # a report asks for it many times
def _notice(text: str) -> Notice:
    raw = tomllib.loads(text)
    codes = {terms.get("code"): purpose for purpose, terms in raw.get("releases", {}).items()}
    columns = {
        table: _columns(table, dict(entry), codes) for table, entry in raw.pop("tables", {}).items()
    }
    notice: Notice = _build(Notice, "notice", raw | {"columns": columns})
    return notice


def _columns(table: str, entry: dict[str, Any], codes: Mapping[str, str]) -> dict[str, Column]:
    columns = entry.pop("columns", {})
    return {name: _column(table, name, entry | own, codes) for name, own in columns.items()}


def _column(table: str, name: str, entry: dict[str, Any], codes: Mapping[str, str]) -> Column:
    known = {"class", "purposes", "retention", "self_service"}
    for key in entry.keys() - known - codes.keys():
        raise NoticeError(
            f"{table}.{name}: unknown grant {key}; releases have the codes {', '.join(codes)}"
        )
    grants = {
        codes[key]: (value,) if isinstance(value, str) else tuple(value)
        for key, value in entry.items()
        if key in codes
    }
    given = {key: entry[key] for key in known & entry.keys() - {"class"}}
    column: Column = _build(
        Column,
        f"{table}.{name}",
        {"table": table, "name": name, "sensitivity": entry.get("class", "none"), "grants": grants}
        | given,
    )
    return column


def _build(cls: Any, where: str, raw: Mapping[str, Any]) -> Any:
    """A frozen value of one section: every field is there, no other, and what is in it is built by
    its type."""
    needed = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
    for name in sorted(needed - raw.keys()):
        raise NoticeError(f"{where}: {name} is missing")
    for name in sorted(raw.keys() - {f.name for f in fields(cls)}):
        raise NoticeError(f"{where}: unknown entry {name}")
    within = "" if cls is Notice else f"{where}."
    kinds = get_type_hints(cls)
    return cls(
        **{name: _value(kinds[name], f"{within}{name}", value) for name, value in raw.items()}
    )


def _value(kind: Any, where: str, value: Any) -> Any:
    """A section, a table of sections by code, or a plain value, whose lists are tuples; NoticeError
    for one of another type."""
    inner = get_args(kind)[-1:]
    if isinstance(value, Mapping) and is_dataclass(kind):
        return _build(kind, where, value)
    if isinstance(value, Mapping) and inner and is_dataclass(inner[0]):
        return {code: _value(inner[0], f"{where}.{code}", entry) for code, entry in value.items()}
    if isinstance(kind, type) and not isinstance(value, kind):
        raise NoticeError(f"{where}: not a {'table' if is_dataclass(kind) else kind.__name__}")
    return tuple(value) if isinstance(value, list) else value


def _raise_first(faults: Iterator[str]) -> None:
    found = list(faults)
    if found:
        more = f" (and {len(found) - 1} more: genlib notice check)" if found[1:] else ""
        raise NoticeError(f"notice: {found[0]}{more}")
