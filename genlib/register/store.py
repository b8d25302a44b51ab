"""Plaintext in, sealed rows out: the one place that knows which columns are encrypted, indexed or
redacted, and how a person is found."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl
import sqlalchemy as sa

from genlib.errors import BadInput, UsageError
from genlib.register import audit, fingerprints
from genlib.register.database import Register, frame_schema
from genlib.register.identifiers import CHECKS
from genlib.register.redact import redact
from genlib.register.schema import plain_columns, table
from genlib.register.vault import IdentityKey

MADE = ("index_of", "redacted_from", "digest_of")
DIGEST = 16
"""Bytes of a digest by which a row is compared."""


def plain_schema(name: str) -> pl.Schema:
    """Names and Polars types of the plaintext (CSV) form of a table: as stored, but secrets are
    text and derived columns are not there."""
    stored = frame_schema(name)
    return pl.Schema(
        {
            c.name: pl.String() if c.info.get("secret") else stored[c.name]
            for c in plain_columns(name)
        }
    )


def sealed(frame: pl.DataFrame, name: str, key: IdentityKey) -> pl.DataFrame:
    """The frame ready for `Register.append`: secrets sealed, blind indexes over the normalised
    identifiers, comments redacted."""
    missing = plain_schema(name).keys() ^ set(frame.columns)
    if missing:
        raise BadInput(
            f"table {name}: the frame and the plaintext form differ in {', '.join(sorted(missing))}"
        )
    return seal_columns(frame, name, key).select(list(frame_schema(name)))


def seal_columns(frame: pl.DataFrame, name: str, key: IdentityKey) -> pl.DataFrame:
    """Some of the columns of a table, its primary key among them: secrets sealed, and with them all
    that is made from the columns."""
    derived = [
        _derive(frame, column, key)
        for column in table(name).columns
        if _made_from(column) in frame.columns
    ]
    return frame.with_columns(derived)


def digest_columns(frame: pl.DataFrame, name: str, key: IdentityKey) -> pl.DataFrame:
    """The rows with the columns by which their secrets are compared (`compared_by`)."""
    derived = [
        _derive(frame, column, key)
        for column in table(name).columns
        if {"index_of", "digest_of"} & column.info.keys() and _made_from(column) in frame.columns
    ]
    return frame.with_columns(derived)


def stored_columns(name: str, plaintexts: Collection[str]) -> list[str]:
    """The stored columns that hold, or are made from, some of the plaintext columns."""
    return [
        column.name
        for column in table(name).columns
        if column.name in plaintexts or _made_from(column) in plaintexts
    ]


def compared_by(name: str) -> dict[str, str]:
    """Plaintext column → the stored column that tells whether it changed: the column itself, of a
    secret its blind index or digest."""
    makers = {
        column.info[link]: column.name
        for link in ("index_of", "digest_of")
        for column in table(name).columns
        if link in column.info
    }
    return {column.name: makers.get(column.name, column.name) for column in plain_columns(name)}


def _made_from(column: sa.Column[Any]) -> str:
    """The column whose plaintext a sealed or derived column is made from; else nothing."""
    if column.info.get("secret"):
        return column.name
    makers = [column.info[link] for link in MADE if link in column.info]
    return str(makers[0]) if makers else ""


def _derive(frame: pl.DataFrame, column: sa.Column[Any], key: IdentityKey) -> pl.Series:
    name = column.table.name
    of = _made_from(column)
    if column.info.get("secret"):
        return key.seal(frame[of], column=f"{name}.{of}")
    if "index_of" in column.info:
        return key.index(frame[of], column=f"{name}.{of}").alias(column.name)
    if "redacted_from" in column.info:
        return frame.select(redact(pl.col(of)).alias(column.name)).to_series()
    in_its_row = frame.select(_name_row(name, of)).to_series()
    digest = key.index(in_its_row, column=f"{name}.{of} in its row")
    return digest.bin.head(DIGEST).alias(column.name)


def _name_row(name: str, column: str) -> pl.Expr:
    """A text behind the number of its row, so that equal texts of two rows differ."""
    numbers = [pl.col(part.name).cast(pl.String) for part in table(name).primary_key]
    return pl.concat_str(*numbers, column, separator="\x1f")


def opened(frame: pl.DataFrame, name: str, key: IdentityKey) -> pl.DataFrame:
    """The plaintext form of stored rows (of any subset of the columns): secrets opened, derived
    columns left out."""
    secrets = [
        c.name for c in plain_columns(name) if c.info.get("secret") and c.name in frame.columns
    ]
    plain = [c.name for c in plain_columns(name) if c.name in frame.columns]
    return frame.select(plain).with_columns(
        key.unseal(frame[c], column=f"{name}.{c}") for c in secrets
    )


def find(
    register: Register, key: IdentityKey, *, purpose: str, user: str = "", **identifier: str
) -> list[int]:
    """Ids of the customers with exactly this `personal_id`, `phone` or `email` (one of them), found
    through its blind index; audited.

    Any spelling will do that `identifiers` accepts. InvalidIdentifier, UsageError.
    """
    if len(identifier) != 1 or not identifier.keys() <= {"personal_id", "phone", "email"}:
        raise UsageError("find wants exactly one of personal_id, phone and email")
    [(column, text)] = identifier.items()
    artificial = {} if column == "email" else {"artificial": True}
    digest = key.index(
        pl.Series([CHECKS[column](text, **artificial)]), column=f"customer.{column}"
    ).item()
    customer = table("customer")
    wanted = (
        sa.select(customer.c.id)
        .where(customer.c[f"{column}_index"] == digest)
        .order_by(customer.c.id)
    )
    with audit.told(register, key) as (connection, tell):
        fingerprints.keep_key(connection, key)
        customers = list(connection.scalars(wanted))
        tell(
            audit.Event(
                purpose=purpose,
                action=f"find by {column}",
                people=len(customers),
                subjects=customers,
                user=user,
            )
        )
    return customers
