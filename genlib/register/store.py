"""Plaintext in, sealed rows out: the one place that knows which columns are encrypted, indexed or
redacted, and how a person is found."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from genlib.errors import BadInput, UsageError
from genlib.register import audit, fingerprints
from genlib.register.database import Register, frame_schema
from genlib.register.identifiers import CHECKS
from genlib.register.redact import redact
from genlib.register.schema import plain_columns, table
from genlib.register.vault import IdentityKey


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
    derived: list[pl.Series | pl.Expr] = []
    for column in table(name).columns:
        path = f"{name}.{column.name}"
        if column.info.get("secret"):
            derived.append(key.seal(frame[column.name], column=path))
        elif of := column.info.get("index_of"):
            derived.append(key.index(frame[of], column=f"{name}.{of}").alias(column.name))
        elif of := column.info.get("redacted_from"):
            derived.append(redact(pl.col(of)).alias(column.name))
    return frame.with_columns(derived).select(list(frame_schema(name)))


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
    with audit.told(register) as (connection, tell):
        fingerprints.keep_key(connection, key)
        found = list(connection.scalars(wanted))
        tell(
            audit.Event(
                purpose=purpose,
                action=f"find by {column}",
                people=len(found),
                subjects=found,
                user=user,
            )
        )
    return found
