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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from genlib.errors import BadInput
from genlib.register.feeds.formats import Format
from genlib.register.schema import WRITTEN_HERE, Base, plain_columns, table

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


def find_parents(name: str) -> dict[str, str]:
    """The columns of a table that name a row of another → that other."""
    return {key.parent.name: key.column.table.name for key in table(name).foreign_keys}


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
    row was changed; the newest says of when it speaks. `open_amount`: of invoices, the source's
    column of what is not paid yet; while something is open a payment day is of a part payment.
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
    open_amount: str = ""
    match: tuple[str, ...] = ()
    master: tuple[str, ...] = ()
    form: Format = field(default_factory=Format)
    layout: Layout = field(default_factory=Layout)

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Every column of the source that this table reads."""
        named = [*self.key, *self.columns.values(), *self.answers.values()]
        pointing = [reference.column for reference in self.references.values()]
        others = (self.where, self.updated_at, self.open_amount)
        optional = [column for column in others if column]
        return tuple(dict.fromkeys([*named, *pointing, *optional]))

    def faults(self) -> Iterator[str]:
        """What this table says that cannot be, a line each."""
        if self.table not in Base.metadata.tables or self.table in NOT_FED:
            tables = sorted(Base.metadata.tables.keys() - NOT_FED)
            yield f"there is no table {self.table} to feed; there are {', '.join(tables)}"
            return
        if bool(self.query) == bool(self.file):
            yield f"table {self.table}: name a file pattern or a query, one of the two"
        if PurePath(self.file).is_absolute() or {"..", "**"} & {*PurePath(self.file).parts}:
            yield f"table {self.table}: file is a pattern of names in one folder, no path"
        if "" in (*self.key, *self.columns.values(), *self.answers.values()):
            yield f"table {self.table}: a column of the source has no name"
        if not self.key:
            yield f"table {self.table}: key names the columns by which the source knows a row"
        yield from self._column_faults()
        yield from self._number_faults()
        yield from self._reference_faults()
        yield from self._joining_faults()
        if self.open_amount and not {"paid_on", "amount_cents"} <= {*self.columns}:
            yield (
                f"table {self.table}: open_amount is of invoices, beside the columns of paid_on "
                "and amount_cents"
            )

    def _column_faults(self) -> Iterator[str]:
        ours_by_name = {column.name: column for column in plain_columns(self.table)}
        fed_columns = [*self.columns, *self.constants, *self.references]
        unknown = [name for name in [*fed_columns, *self.values] if name not in ours_by_name]
        names = ", ".join(ours_by_name)
        yield from (f"table {self.table} has no column {name}; it has {names}" for name in unknown)
        twice = sorted({name for name in fed_columns if fed_columns.count(name) > 1})
        yield from (f"table {self.table}: column {name} is said twice" for name in twice)
        ours = {"id", *(("question_id", "score") if self.answers else ())}
        needed = [name for name, column in ours_by_name.items() if not column.nullable]
        missing = [name for name in needed if name not in {*fed_columns, *ours}]
        yield from (
            f"table {self.table}: nothing says {name}; name its column, or a constant"
            for name in missing
        )
        yield from self._code_faults(ours_by_name)

    def _code_faults(self, ours_by_name: Mapping[str, Any]) -> Iterator[str]:
        """What the feed translates into, or says of all rows, and is no code of the register."""
        said = {name: {*codes.values()} for name, codes in self.values.items()}
        for name, text in self.constants.items():
            said[name] = said.get(name, set()) | {text}
        for name in [name for name in said if name in ours_by_name]:
            codes = getattr(ours_by_name[name].type, "enums", said[name])
            if not said[name] <= {*codes}:
                yield f"table {self.table}: {name} is one of {', '.join(sorted(codes))}"

    def _number_faults(self) -> Iterator[str]:
        """A source's own numbers are never the register's: they are keys."""
        for name, parent in find_parents(self.table).items():
            if name in self.columns:
                yield (
                    f"table {self.table}: {name} names a row of {parent}; write under "
                    "[table.references] the column that names it in the source"
                )
        if "id" in self.columns and self.table != "campaign_contact":
            yield (
                f"table {self.table}: id is the register's own number; key names the columns by "
                "which the source knows a row"
            )

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
        pointing = find_parents(self.table)
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
