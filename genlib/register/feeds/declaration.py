"""A feed: what one source sends, table by table, as `data/feeds/NAME.toml` says it.

    source = "shop"
    [[table]]
    table = "customer"
    file = "customers*.csv"
    key = "Customer ID"
    [table.columns]
    family_name = "Last name"
    [table.values.language]
    finnish = "fi"
    [table.constants]
    kind = "consumer"

What the source calls `Last name` is `family_name` in the register; `Customer ID` names a row.
Instead of a file a table may name a `query` on the database of the source (`feeds.query`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from genlib.errors import BadInput, UsageError
from genlib.register.feeds.formats import Format
from genlib.register.schema import WRITTEN_HERE, Base, plain_columns, table
from genlib.settings import TIME_ZONE

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,60}")
BY = ("key", "code", "token", "email", "phone", "personal_id")
PERSONAL = BY[2:]
IDENTIFIERS = BY[3:]
CODED = ("campaign", "survey")
"""Tables whose rows have a code that people know."""
SEPARATORS = ("", ",", ";", "\t")
ENCODINGS = ("utf-8", "utf-16", "cp1252")
NOT_FED = {*WRITTEN_HERE, "subject_request"}
"""Tables that the register and its officers write themselves."""


@dataclass(frozen=True)
class Reference:
    """How a row names a row of another table: by the `column` that holds the source's key of it,
    the code of a campaign or survey or, of a person, a token of a contact list (its `contact`) or
    an identifier."""

    column: str
    by: str = "key"
    source: str = ""


@dataclass(frozen=True)
class Layout:
    """How a file is laid out: its encoding and separator (blank: found out), its sheet and the
    number of its header row."""

    encoding: str = "utf-8"
    separator: str = ""
    sheet: str = ""
    header: int = 1

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS:
            raise BadInput(f"encoding is one of {', '.join(ENCODINGS)}")
        if self.separator not in SEPARATORS:
            raise BadInput("separator is a comma, a semicolon or a tab")
        if self.header < 1:
            raise BadInput("header is the number of the row that names the columns, from 1 on")


@dataclass(frozen=True)
class TableFeed:
    """One table of a feed. `key`: the columns that together name a row in the source. `columns`:
    register column → source column. `values`: register column → source code → register code.
    `constants`: register column → what all rows have. `where`: rows without this column are not
    meant. `answers`: of a wide survey, question code → source column; each answer is a row.
    `match`: identifiers by which a key may be of a customer whom another source sent; `master`: the
    columns that the feed changes of such a customer. `updated_at`: the source's column of when a
    row was changed; the newest says of when it speaks.
    """

    table: str
    key: tuple[str, ...]
    file: str = ""
    query: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    updated_at: str = ""
    match: tuple[str, ...] = ()
    master: tuple[str, ...] = ()
    form: Format = field(default_factory=Format)
    layout: Layout = field(default_factory=Layout)

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Every column of the source that this table reads."""
        named = [*self.key, *self.columns.values(), *self.answers.values()]
        pointing = [reference.column for reference in self.references.values()]
        optional = [column for column in (self.where, self.updated_at) if column]
        return tuple(dict.fromkeys([*named, *pointing, *optional]))

    def faults(self) -> Iterator[str]:
        """What this table says that cannot be, a line each."""
        if self.table not in Base.metadata.tables or self.table in NOT_FED:
            yield f"there is no table {self.table} to feed"
            return
        if bool(self.query) == bool(self.file):
            yield f"table {self.table}: name a file pattern or a query, one of the two"
        if not self.key:
            yield f"table {self.table}: key names the columns by which the source knows a row"
        yield from self._column_faults()
        yield from self._reference_faults()
        yield from self._joining_faults()

    def _column_faults(self) -> Iterator[str]:
        ours_by_name = {column.name: column for column in plain_columns(self.table)}
        fed_columns = [*self.columns, *self.constants, *self.references]
        unknown = [name for name in [*fed_columns, *self.values] if name not in ours_by_name]
        yield from (f"table {self.table} has no column {name}" for name in unknown)
        twice = sorted({name for name in fed_columns if fed_columns.count(name) > 1})
        yield from (f"table {self.table}: column {name} is said twice" for name in twice)
        ours = {"id", *(("question_id", "score") if self.answers else ())}
        needed = [name for name, column in ours_by_name.items() if not column.nullable]
        missing = [name for name in needed if name not in {*fed_columns, *ours}]
        yield from (
            f"table {self.table}: nothing says {name}; name its column, or a constant"
            for name in missing
        )
        for name in self.values.keys() & ours_by_name.keys():
            kind: Any = ours_by_name[name].type
            codes = set(getattr(kind, "enums", self.values[name].values()))
            strange = set(self.values[name].values()) - codes
            if strange:
                yield f"table {self.table}: {name} is one of {', '.join(sorted(codes))}"

    def _joining_faults(self) -> Iterator[str]:
        if (self.match or self.master) and self.table != "customer":
            yield f"table {self.table}: match and master are of customers"
        strange = [name for name in self.match if name not in IDENTIFIERS]
        if strange or not {*self.match} <= {*self.columns}:
            yield f"match; it names columns that the feed gives, of {', '.join(IDENTIFIERS)}"
        unknown = [name for name in self.master if name not in {*self.columns, *self.constants}]
        yield from (f"master: the feed does not give {name}" for name in unknown)
        if self.master and not self.match:
            yield "master; say with match how a customer is found"

    def _reference_faults(self) -> Iterator[str]:
        pointing = {
            key.parent.name: key.column.table.name for key in table(self.table).foreign_keys
        }
        for name, reference in self.references.items():
            if name not in pointing and name != "customer_id":
                yield f"table {self.table}: {name} names no row of another table"
            elif reference.by not in BY:
                yield f"table {self.table}: {name} is found by one of {', '.join(BY)}"
            elif reference.by == "code" and pointing.get(name) not in CODED:
                yield f"table {self.table}: only {' and '.join(CODED)} are found by code"
            elif reference.by in PERSONAL and pointing.get(name, "customer") != "customer":
                yield f"table {self.table}: only a person is found by {reference.by}"


@dataclass(frozen=True)
class Database:
    """What holds the address of the source's database: a variable of the environment, or a file of
    mode 0600."""

    environment: str = ""
    file: str = ""

    def __post_init__(self) -> None:
        if bool(self.environment) == bool(self.file):
            raise BadInput("database names an environment variable or a file, one of the two")
        if self.environment and not VARIABLE.fullmatch(self.environment):
            raise BadInput(
                "database.environment is no variable; name one, such as CRM_DATABASE: the address "
                "itself never stands in a feed"
            )
        if "://" in self.file:
            raise BadInput(
                "database.file is an address; name a file that holds it: the address itself never "
                "stands in a feed"
            )


@dataclass(frozen=True)
class Feed:
    """What one source sends. `source` is the name of the system, under which its keys are known."""

    name: str
    source: str
    tables: tuple[TableFeed, ...]
    database: Database | None = None

    def faults(self) -> Iterator[str]:
        """What the feed says that cannot be, a line each."""
        if not NAME.fullmatch(self.source):
            yield "source is the short name of a system, in small letters: shop, billing"
        if not self.tables:
            yield "no [[table]] says what this source sends"
        for one in self.tables:
            yield from one.faults()
            if one.query and not self.database:
                yield (
                    f"table {one.table}: a query needs [database] with the environment variable, "
                    "or the file, that holds the address"
                )


def load_feed(path: Path, *, time_zone: str = TIME_ZONE) -> Feed:
    """The feed of a file; UsageError if there is none, BadInput with the line of a fault.
    `time_zone`: the company's, for instants of a feed that names none."""
    text = read_text(path)
    try:
        raw = tomllib.loads(text)
        feed = _build_feed(path.stem, raw, time_zone)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path.name} is not TOML: {error}") from None
    except BadInput as error:
        raise BadInput(f"{path.name}{_place(text, str(error))}: {error}") from None
    for fault in feed.faults():
        raise BadInput(f"{path.name}{_place(text, fault)}: {fault}")
    return feed


def read_text(path: Path) -> str:
    """The text of a feed; UsageError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"no feed can be read at {path} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path.name} is not in UTF-8") from None


def _build_feed(name: str, raw: Mapping[str, Any], time_zone: str) -> Feed:
    tables = raw.get("table", [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise BadInput("write each table of the source as [[table]]")
    _check_names("the feed", raw, {"source", "database", "format", "layout", "table"})
    shared = {part: _section(raw, part) for part in ("format", "layout")}
    shared["format"] = {"time_zone": time_zone} | shared["format"]
    built = tuple(_build_table(one, shared) for one in tables)
    database = _make(Database, "database", raw["database"]) if "database" in raw else None
    return Feed(name, _text(raw, "source"), built, database)


def _build_table(raw: Mapping[str, Any], shared: Mapping[str, dict[str, Any]]) -> TableFeed:
    name = _text(raw, "table")
    names = {one.name for one in fields(TableFeed)} - {"form"} | {"format"}
    _check_names(f"table {name}", raw, names)
    key = raw.get("key", ())
    return TableFeed(
        table=name,
        key=(key,) if isinstance(key, str) else tuple(key),
        match=_names(raw, "match"),
        master=_names(raw, "master"),
        file=_text(raw, "file"),
        query=_text(raw, "query"),
        columns=_texts(raw, "columns"),
        values={column: _texts(raw["values"], column) for column in _section(raw, "values")},
        constants=_texts(raw, "constants"),
        references={column: _reference(one) for column, one in _section(raw, "references").items()},
        answers=_texts(raw, "answers"),
        where=_text(raw, "where"),
        updated_at=_text(raw, "updated_at"),
        form=_make(Format, "format", shared["format"] | _section(raw, "format")),
        layout=_make(Layout, "layout", shared["layout"] | _section(raw, "layout")),
    )


def _reference(raw: Any) -> Reference:
    return Reference(raw) if isinstance(raw, str) else _make(Reference, "references", raw)


def _make(kind: Any, section: str, raw: Any) -> Any:
    """A frozen value of a section, its texts, numbers and lists checked by the types it has."""
    if not isinstance(raw, dict):
        raise BadInput(f"{section} is a table of names and values")
    fields_by_name = {one.name: one for one in fields(kind)}
    _check_names(section, raw, set(fields_by_name))
    values = {}
    for name, value in raw.items():
        wanted = str(fields_by_name[name].type)
        is_list = wanted.startswith("tuple")
        fits = isinstance(value, list) if is_list else type(value).__name__ == wanted
        if not fits:
            raise BadInput(f"{section}.{name} is a {'list' if is_list else wanted}")
        values[name] = tuple(map(str, value)) if is_list else value
    if kind is Reference and "column" not in values:
        raise BadInput("a reference needs its column")
    return kind(**values)


def _check_names(where: str, raw: Mapping[str, Any], allowed: set[str]) -> None:
    for name in raw:
        if name not in allowed:
            raise BadInput(f"{where} has no {name}; it has {', '.join(sorted(allowed))}")


def _section(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = raw.get(name, {})
    if not isinstance(section, dict):
        raise BadInput(f"{name} is a table of names and values")
    return section


def _texts(raw: Mapping[str, Any], name: str) -> dict[str, str]:
    section = _section(raw, name)
    if not all(isinstance(value, str) for value in section.values()):
        raise BadInput(f"{name} holds texts only")
    return section


def _names(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = raw.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadInput(f"{name} is a list of names")
    return tuple(value)


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name, "")
    if not isinstance(value, str):
        raise BadInput(f"{name} is a text")
    return value


def _place(text: str, fault: str) -> str:
    """` line N`, of the last word of the fault that stands in the file."""
    lines = text.splitlines()
    for word in reversed(re.findall(r"[A-Za-z_]{3,}", fault.partition(";")[0])):
        for number, line in enumerate(lines, start=1):
            if re.search(rf"\b{word}\b", line.partition("#")[0]):
                return f" line {number}"
    return ""
