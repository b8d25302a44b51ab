"""Digests of secrets for rows of a register that an earlier version filled without them.

Without a digest a secret cannot be compared unopened, and an unchanged row would be told as
changed. So they are made once, at the first refresh, in the transaction that compares.
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register.batches import Place
from genlib.register.schema import table
from genlib.register.staging import Stage
from genlib.register.store import digest_columns, opened


def fill_digests(place: Place, name: str) -> int:
    """How many rows of a table got the digests that they lacked."""
    digests = {c.info["digest_of"]: c.name for c in table(name).columns if "digest_of" in c.info}
    if not digests or not _is_any_missing(place.connection, name, digests):
        return 0
    stage = Stage(place.register, place.connection, name, ())
    is_missing = pl.any_horizontal(
        col(secret).is_not_null() & col(digest).is_null() for secret, digest in digests.items()
    )
    columns = [*stage.keys, *digests, *digests.values()]
    frames = [batch.filter(is_missing) for batch in place.register.scan(name, columns)]
    for rows in frames:
        plain = opened(rows, name, place.key)
        digest_rows = digest_columns(plain, name, place.key)
        stage.update(digest_rows.select(*stage.keys, *digests.values()))
    return sum(rows.height for rows in frames)


def _is_any_missing(connection: sa.Connection, name: str, digests: dict[str, str]) -> bool:
    there = table(name)
    lacks = [
        sa.and_(there.c[secret].is_not(None), there.c[digest].is_(None))
        for secret, digest in digests.items()
    ]
    return connection.scalar(sa.select(sa.exists().where(sa.or_(*lacks)))) or False
