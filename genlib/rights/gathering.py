"""All that the register holds of one person, table by table, opened.

Which rows are whose follows from the schema, so a new table cannot be forgotten: tables with a
`customer_id`, tables that refer to a row of those, and what both refer to.

Example: the answers of customer 17 are those to the invitations of customer 17; the questions of
those answers, and the survey of those questions, come with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register.database import Register, frame_schema
from genlib.register.digests import digest_codes, digest_identifiers
from genlib.register.runs import read_image
from genlib.register.schema import Base, key_of, plain_columns, table
from genlib.register.store import opened, plain_schema
from genlib.register.vault import IdentityKey

PEOPLE = "people"
"""Stands for the numbers of the person's own rows."""
BY_DIGEST = ("suppression", "held_identifier", "tombstone")
"""Tables that know people by keyed digests of what reaches them."""
BY_ROW = {"source_key": "id", "missing_row": "row_id", "refresh_row": "row_id"}
"""Tables about rows of other tables, and their column that numbers the row."""
BY_SUBJECT = ("audit_event",)
"""Tables that name people in a list (`audit.list_events_of`)."""
OF_NOBODY = {
    "fingerprint": "digests of the keys and the notice",
    "processor": "companies that work for the controller",
    "refresh_run": "counts of what a refresh did",
}
"""Tables that hold nothing of a customer, and why."""
OF_EMPLOYEES = {"subject_request": ("identity_checked_by", "decided_by")}
"""Columns that name who acted for the controller; such people are no recipients (C-579/21)."""
OF_COMPANY = {"campaign": ("holdout_share", "cost_cents")}
"""Columns that say something of the controller's business, and nothing of a customer."""
IMAGES = ("before", "after", "key")
"""Columns of the register's own work: rows as they were, which are told apart, and digests."""
HOUSEHOLD = "address"
"""An identifier that people share: by it alone nobody is told what another one forbade."""


@dataclass(frozen=True)
class Way:
    """How a table's rows are found: `column` is one of the values that the rows of the table `of`
    have in `of_column`."""

    column: str
    of: str
    of_column: str


@dataclass(frozen=True)
class Holdings:
    """What the register holds of a person. `people`: the numbers of the customer rows. `tables`:
    opened rows by table. `earlier`: rows as they were before a refresh changed them, for as long as
    those are kept. `withheld`: columns that are held and not told, as `table.column`."""

    people: tuple[int, ...]
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    earlier: Sequence[Mapping[str, Any]] = ()
    withheld: tuple[str, ...] = ()

    def leave_out(self, columns: Sequence[str]) -> Holdings:
        """The same without these columns, `table.column`."""
        tables = dict(self.tables)
        earlier = [dict(one) for one in self.earlier]
        for name, _, column in (one.partition(".") for one in columns):
            tables[name] = tables[name].drop(column)
            for row in earlier:
                if row["table"] == name:
                    row["values"] = {k: v for k, v in row["values"].items() if k != column}
        return Holdings(self.people, tables, earlier, tuple(columns))

    @property
    def is_empty(self) -> bool:
        """Whether the register has nothing of the person but requests and their answers."""
        names = self.tables.keys() - {"subject_request"}
        return all(self.tables[name].is_empty() for name in names)


def find_ways() -> dict[str, tuple[Way, ...]]:
    """How the rows of each table are found, in the order in which they can be. Tables of the closed
    lists above are not among them."""
    owned = _find_owned()
    ways = dict(owned)
    for one in reversed(Base.metadata.sorted_tables):
        if one.name not in ways:
            continue
        for column, referred in _list_references(one):
            if referred not in owned:
                way = Way("id", one.name, column)
                ways[referred] = (*ways.get(referred, ()), way)
    return ways


def _find_owned() -> dict[str, tuple[Way, ...]]:
    """The tables with rows of a person's own: those with a `customer_id`, and those below them."""
    ways: dict[str, tuple[Way, ...]] = {"customer": (Way("id", PEOPLE, "id"),)}
    others = {*BY_DIGEST, *BY_ROW, *BY_SUBJECT, *OF_NOBODY} - {"held_identifier"}
    for one in Base.metadata.sorted_tables:
        if one.name in others or one.name in ways:
            continue
        if "customer_id" in one.columns:
            ways[one.name] = (Way("customer_id", PEOPLE, "id"),)
            continue
        below = [Way(column, of, "id") for column, of in _list_references(one) if of in ways]
        if below:
            ways[one.name] = tuple(below)
    return ways


def list_owned() -> list[str]:
    """The tables with rows of a person's own, `customer` first."""
    return list(_find_owned())


def _list_references(one: sa.Table) -> list[tuple[str, str]]:
    """column, table that it refers to, of each foreign key."""
    columns = [column for column in one.columns if column.foreign_keys]
    return [(column.name, str(key_of(one.name, column.name))) for column in columns]


def gather_person(
    register: Register,
    connection: sa.Connection,
    key: IdentityKey,
    people: Sequence[int],
) -> Holdings:
    """Everything in the open transaction of the register about these customer rows of one
    person."""
    tables = _gather_linked(register, key, people)
    digests = _digest_person(key, tables["customer"])
    tables["held_back"] = _add_held(connection, tables["held_back"], digests, people)
    tables["suppression"] = _gather_suppressed(connection, digests, tables)
    tables["tombstone"] = _read_digested(connection, "tombstone", digests)
    rows = _number_rows(tables)
    for name, column in BY_ROW.items():
        keys = rows.select("table", pl.col("row").alias(column))
        tables[name] = register.matching(name, keys)
    earlier = [_open_earlier(row, key) for row in tables["refresh_row"].to_dicts() if row["before"]]
    open_tables = {name: _drop_closed(rows, name) for name, rows in tables.items()}
    return Holdings(tuple(people), open_tables, earlier)


def _gather_linked(
    register: Register, key: IdentityKey, people: Sequence[int]
) -> dict[str, pl.DataFrame]:
    frames = {PEOPLE: pl.DataFrame({"id": list(people)}, {"id": pl.Int64})}
    for name, ways in find_ways().items():
        parts = []
        for way in ways:
            numbers = frames[way.of][way.of_column].drop_nulls().unique()
            parts.append(register.matching(name, pl.DataFrame({way.column: numbers})))
        order = [column.name for column in table(name).primary_key]
        frames[name] = opened(pl.concat(parts).unique(order), name, key).sort(order)
    del frames[PEOPLE]
    return frames


def _digest_person(key: IdentityKey, customers: pl.DataFrame) -> pl.DataFrame:
    """identifier and digest of all that reaches the person."""
    digests = [digest_identifiers(key, customers, "id"), digest_codes(key, customers, "id")]
    return pl.concat(digests).select("identifier", "digest").unique()


def _read_digested(connection: sa.Connection, name: str, digests: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table with one of these digests."""
    rows = table(name)
    query = sa.select(rows).where(rows.c.digest.in_(digests["digest"].to_list()))
    read = [tuple(row) for row in connection.execute(query.order_by(rows.c.id))]
    every = pl.DataFrame(read, frame_schema(name), orient="row")
    return every.join(digests, on=["identifier", "digest"], how="semi", maintain_order="left")


def _add_held(
    connection: sa.Connection, refused: pl.DataFrame, digests: pl.DataFrame, people: Sequence[int]
) -> pl.DataFrame:
    """The refused rows that hold the person back, by number or by what reaches the person alone;
    of no other customer, whoever shares an address or a telephone."""
    unshared = digests.filter(col("identifier") != HOUSEHOLD)
    numbers = _read_digested(connection, "held_identifier", unshared)["held_back_id"]
    rows = table("held_back")
    is_own = sa.or_(rows.c.customer_id.is_(None), rows.c.customer_id.in_(people))
    query = sa.select(rows).where(rows.c.id.in_(numbers.to_list()), is_own)
    read = [tuple(row) for row in connection.execute(query)]
    met = pl.DataFrame(read, frame_schema("held_back"), orient="row")
    return pl.concat([refused, met]).unique("id").sort("id")


def _gather_suppressed(
    connection: sa.Connection, digests: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """The entries of the suppression list about the person: by telephone and e-mail all, by postal
    address those that stand since an act of the person's own."""
    entries = _read_digested(connection, "suppression", digests)
    acts = tables["permission"]["given_at"].to_list()
    opted_out = tables["campaign_contact"]["opted_out_at"].drop_nulls().to_list()
    is_own = (col("identifier") != HOUSEHOLD) | col("since").is_in([*acts, *opted_out])
    return entries.filter(is_own)


def _number_rows(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """table and row: the numbers of the person's own rows."""
    numbers = [pl.DataFrame(schema={"table": pl.String, "row": pl.Int64})]
    for name in list_owned():
        first = next(iter(table(name).primary_key)).name
        numbers.append(tables[name].select(table=pl.lit(name), row=first))
    return pl.concat(numbers).unique(maintain_order=True)


def _open_earlier(row: Mapping[str, Any], key: IdentityKey) -> dict[str, Any]:
    """table, row and the values that the row had."""
    name = row["table"]
    image = pl.Series([row["before"]])
    columns = image.str.json_decode().struct.fields
    stored = read_image(image, name, [one for one in columns if one in frame_schema(name)])
    values = opened(stored, name, key).to_dicts()[0]
    return {"table": name, "row": row["row_id"], "values": values}


def _drop_closed(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows without digests, employees and the company's own business."""
    closed = {*OF_EMPLOYEES.get(name, ()), *OF_COMPANY.get(name, ()), *IMAGES}
    columns = [one for one, kind in rows.schema.items() if kind != pl.Binary]
    return rows.select(one for one in columns if one not in closed)


def list_derived() -> dict[str, list[str]]:
    """Table → its columns that are made from others of the person's: digests, blind indexes and
    comments without names. They tell nothing more, so they are named and not told."""
    derived = {}
    for name in (*find_ways(), *BY_DIGEST):
        plain = {column.name for column in plain_columns(name)}
        computed = [column.name for column in table(name).columns if column.name not in plain]
        if computed:
            derived[name] = computed
    return derived


def list_tellable() -> list[str]:
    """The columns that may be left out, as `table.column`: all but keys, and what is never told."""
    return [
        f"{name}.{column}"
        for name in list_owned()
        for column in plain_schema(name)
        if key_of(name, column) is None and column not in OF_EMPLOYEES.get(name, ())
    ]
