"""The privacy notice as frozen values: what data may be used for what, how coarse, how long, and
what the register may contain at all."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from genlib import settings
from genlib.errors import NoticeError, Refused, UsageError
from genlib.permission.switches import Switches

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
DERIVED = ("profile", "verdict", "act", "follow_up", "reach")
"""What publishing computes and adds."""
WITH_VERDICT = ("act", "follow_up")
"""What is said of a verdict, and of nothing without one."""
OWN_KEYS = {"class", "purposes", "retention", "self_service"}
"""Of a column's entry; the others are grants, by the code of a release."""
READY = {"columns", "digest", "lines"}
"""Fields of `Notice` that are no entries of the file."""
KINDS = {str: "text", int: "whole number", bool: "true or false", date: "date"}
BOUNDS = {
    "anonymity.k": (2, 1_000),
    "anonymity.epoch": (1, 10_000),
    "disclosure.min_count": (0, 1_000),
    "disclosure.p": (0, 100),
    "disclosure.min_base": (3, 10_000),
    "disclosure.flag_base": (0, 10_000),
    "reports.keep_months": (1, 1_200),
}
DAYS = (1, 36_525)
YEARS = (0, 100)
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
    """A notice, in force from the day `valid_from`. `columns` is the catalogue: table, then column.
    `digest` is the SHA-256 of what the file says, whatever its comments and spaces. `lines`: on
    which line of the file an entry begins."""

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
    digest: str
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def k(self) -> int:
        return self.anonymity.k

    @property
    def reference(self) -> str:
        """How the notice is cited: `2026-1 (a1b2c3d4e5f6…)`."""
        return reference(self.version, self.digest)

    def check_in_force(self, today: date) -> None:
        """Refused before `valid_from`: what customers have not been told yet rules nothing."""
        if today < self.valid_from:
            raise Refused(
                f"the notice {self.version} is in force from {self.valid_from} only, which is yet "
                "to come; name the one in force today with GENLIB_NOTICE, or mend `valid_from`"
            )

    def located(self, fault: str) -> str:
        """A fault of the notice with the line of the file that it is about, where it is known."""
        return _located(fault, self.lines)

    def check_unchanged(self, version: str, digest: str) -> None:
        """Refused if what was published under this very version was published under another
        text."""
        if version == self.version and digest != self.digest:
            raise Refused(
                "the notice was changed but its version was not: what was published cites "
                f"{reference(version, digest)}; raise `version` in the notice and set `valid_from`"
            )

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
        _raise_first(self, self.schema_faults(tables))

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
        if not re.fullmatch(r"\S(.{0,38}\S)?", self.version):
            yield "version is a text of 1 to 40 characters, without spaces around it"
        for name, value in vars(self.controller).items():
            if not value.strip():
                yield f"controller.{name} is empty"
        for purpose, terms in self.releases.items():
            yield from self._release_faults(purpose, terms)
        yield from self._bounds_faults()
        for code, rule in self.retention.items():
            yield from _bound_fault(f"retention.{code}.years", rule.years, YEARS)
        for language in LANGUAGES:
            if not getattr(self.reports.recipients, language).strip():
                yield f"reports.recipients.{language} is empty"
        yield from self._permission_faults()
        for columns in self.columns.values():
            for column in columns.values():
                for fault in self._column_faults(column):
                    yield f"{column.table}.{column.name}: {fault}"

    def _release_faults(self, purpose: str, terms: ReleaseTerms) -> Iterator[str]:
        where = f"releases.{purpose}"
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", purpose):
            yield f"{where}: a release is named in small letters, digits and _"
        if not re.fullmatch(r"[a-z]{2,4}", terms.code):
            yield f"{where}.code is two to four small letters"
        if [other.code for other in self.releases.values()].count(terms.code) > 1:
            yield f"{where}.code is another release's too"
        for code in terms.purposes:
            if code not in self.purposes:
                yield f"{where}: unknown purpose {code}"
        if terms.ground not in self.grounds:
            yield f"{where}: unknown ground {terms.ground}"
        for name in terms.marketing:
            if name not in {*self.columns, *DERIVED}:
                yield f"{where}: marketing names {name}, which is no table"
        yield from _derived_faults(where, terms)
        yield from _bound_fault(f"{where}.days", terms.days, DAYS)

    def _bounds_faults(self) -> Iterator[str]:
        for name, bounds in BOUNDS.items():
            section, _, entry = name.partition(".")
            yield from _bound_fault(name, getattr(getattr(self, section), entry), bounds)
        profiles = self.disclosure.profiles
        if min([self.disclosure.min_count, *profiles.values()]) < 3:
            yield "disclosure.min_count must never be below 3"
        for profile, count in profiles.items():
            bounds = BOUNDS["disclosure.min_count"]
            yield from _bound_fault(f"disclosure.profiles.{profile}", count, bounds)
        if self.disclosure.min_base < self.disclosure.min_count:
            yield "disclosure.min_base must not be below disclosure.min_count"

    def _permission_faults(self) -> Iterator[str]:
        unknown = self.permission.keys() - {switch.name for switch in fields(Switches)}
        if unknown:
            yield f"permission: no switch {', '.join(sorted(unknown))}"
            return
        try:
            Switches(**self.permission)  # type: ignore[arg-type]  # Switches checks its values itself
        except UsageError as error:
            yield str(error)

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


def reference(version: str, digest: str) -> str:
    """A notice as it is cited: its version, and the beginning of its digest."""
    return f"{version} ({digest[:12]}…)"


def load(path: Path | str | None = None) -> Notice:
    """The notice that the settings name, or that of `path`; UsageError if it is not there,
    NoticeError if it contradicts itself."""
    notice = read(path)
    _raise_first(notice, notice.faults())
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
    except UnicodeDecodeError:
        raise NoticeError(f"the notice at {place} is not a text in UTF-8") from None


@lru_cache(maxsize=4)  # a report asks for it many times
def _notice(text: str) -> Notice:
    raw = _parse(text)
    lines = _lines(text)
    try:
        return build(raw, lines)
    except NoticeError as error:
        raise NoticeError(_located(str(error), lines)) from None


def build(raw: Mapping[str, Any], lines: Mapping[str, int] | None = None) -> Notice:
    """The notice of a parsed file, checked for its form only; NoticeError."""
    for name in READY & raw.keys():
        raise NoticeError(f"notice: unknown entry {name}")
    tables = _table("tables", raw.get("tables", {}))
    codes = _codes(raw)
    columns = {name: _columns(name, entry, codes) for name, entry in tables.items()}
    entries = {name: value for name, value in raw.items() if name != "tables"}
    ready = {"columns": columns, "digest": _digest(raw), "lines": lines or {}}
    notice: Notice = _build(Notice, "notice", entries, **ready)
    return notice


def _lines(text: str) -> dict[str, int]:
    """Entry → the number of the line that it begins on: `anonymity.k`, `tables.company.columns.id`;
    a section's is its header's."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([^\[\]]+?)\s*\]", line):
            section = f"{header[1]}."
            lines.setdefault(header[1], number)
        elif entry := re.match(r"\s*([\w.-]+)\s*=", line):
            lines.setdefault(section + entry[1], number)
    return lines


def _located(fault: str, lines: Mapping[str, int]) -> str:
    """The fault with its line. It begins with the name of its entry: `anonymity.k must be …`,
    `customer.phone: …` of a column; where that has no line, the entry around it has."""
    named = re.match(r"[\w.-]*\w", fault.removeprefix("notice: "))
    name = named[0] if named else ""
    while name:
        table, _, column = name.partition(".")
        for entry in (name, f"tables.{table}.columns.{column}", f"tables.{name}"):
            if entry in lines:
                return f"{fault} (line {lines[entry]})"
        name = name.rpartition(".")[0]
    return fault


def _codes(raw: Mapping[str, Any]) -> dict[str, str]:
    """Code of a release → its purpose."""
    releases = _table("releases", raw.get("releases", {}))
    codes = {
        purpose: _table(f"releases.{purpose}", terms).get("code")
        for purpose, terms in releases.items()
    }
    return {code: purpose for purpose, code in codes.items() if isinstance(code, str)}


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NoticeError(f"the notice is not TOML: {_one_line(str(error))}") from None
    except (ValueError, RecursionError):  # a number of many digits, tables in tables in tables
        raise NoticeError("the notice is not TOML that can be read") from None


def _digest(raw: Mapping[str, Any]) -> str:
    """SHA-256 of what was parsed, with its keys in order: comments and layout do not count."""
    canonical = json.dumps(raw, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _columns(table: str, entry: Any, codes: Mapping[str, str]) -> dict[str, Column]:
    common = dict(_table(f"tables.{table}", entry))
    columns = _table(f"tables.{table}.columns", common.pop("columns", {}))
    return {
        name: _column(table, name, common | _table(f"{table}.{name}", own), codes)
        for name, own in columns.items()
    }


def _column(table: str, name: str, entry: dict[str, Any], codes: Mapping[str, str]) -> Column:
    where = f"{table}.{name}"
    for key in entry.keys() - OWN_KEYS - codes.keys():
        raise _fault(f"{where}: unknown grant {key}; releases have the codes {', '.join(codes)}")
    grants = {
        codes[key]: _ways(f"{where}.{key}", value) for key, value in entry.items() if key in codes
    }
    given = {key: entry[key] for key in OWN_KEYS & entry.keys() - {"class"}}
    sensitivity = entry.get("class", "none")
    own = {"table": table, "name": name, "sensitivity": sensitivity} | given
    column: Column = _build(Column, where, own, grants=grants)
    return column


def _ways(where: str, value: Any) -> tuple[str, ...]:
    """One coarsening, or a list of them."""
    ways: tuple[str, ...] = _value(
        tuple[str, ...], where, [value] if isinstance(value, str) else value
    )
    return ways


def _build(cls: Any, where: str, raw: Mapping[str, Any], **ready: Any) -> Any:
    """A frozen value of one section: every field is there, no other, and what is in it is built by
    its type; `ready` is built already."""
    needed = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
    for name in sorted(needed - raw.keys() - ready.keys()):
        raise _fault(f"{where}: {name} is missing")
    for name in sorted(raw.keys() - {f.name for f in fields(cls)}):
        raise _fault(f"{where}: unknown entry {name}")
    within = "" if cls is Notice else f"{where}."
    kinds = get_type_hints(cls)
    built = {name: _value(kinds[name], f"{within}{name}", value) for name, value in raw.items()}
    return cls(**built, **ready)


def _value(kind: Any, where: str, value: Any) -> Any:
    """A section, a table by code, a list of texts as a tuple, or a plain value; NoticeError for one
    of another type."""
    if is_dataclass(kind):
        return _build(kind, where, _table(where, value))
    if get_origin(kind) is Mapping:
        inner = get_args(kind)[1]
        entries = _table(where, value).items()
        return {code: _value(inner, f"{where}.{code}", entry) for code, entry in entries}
    if get_origin(kind) is tuple:
        return _texts(where, value)
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if type(value) not in kinds:  # exactly: yes is no number, and an instant no date
        raise _fault(f"{where}: not a {' or '.join(KINDS[one] for one in kinds)}")
    return value


def _texts(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise _fault(f"{where}: not a list of texts")
    return tuple(value)


def _table(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _fault(f"{where}: not a table")
    return value


def _derived_faults(where: str, terms: ReleaseTerms) -> Iterator[str]:
    for name in terms.derived:
        if name not in DERIVED:
            yield f"{where}: nothing derived is called {name}; there are {', '.join(DERIVED)}"
        if name in WITH_VERDICT and "verdict" not in terms.derived:
            yield f"{where}: {name} is told of a verdict, which is not derived"
    if "profile" in terms.derived and "profile" not in terms.marketing:
        yield f"{where}: a profile is marketing: who objected to it is in none (GDPR 21(2))"


def _bound_fault(name: str, value: int, bounds: tuple[int, int]) -> Iterator[str]:
    least, most = bounds
    if value < least:
        yield f"{name} must be at least {least}"
    if value > most:
        yield f"{name} must be at most {most:,}"


def _fault(text: str) -> NoticeError:
    return NoticeError(_one_line(text))


def _one_line(text: str) -> str:
    """In the notice's own words, which may hold the end of a line where a name should be."""
    return " ".join(text.split())


def _raise_first(notice: Notice, faults: Iterator[str]) -> None:
    found = list(faults)
    if found:
        more = f" (and {len(found) - 1} more: genlib notice check)" if found[1:] else ""
        raise _fault(f"notice: {notice.located(found[0])}{more}")
