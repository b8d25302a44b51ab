"""By which number the register knows a row of a source.

A source names its rows in its own way: `C-10023`, a UUID, campaign and e-mail address. The first
time that a key comes its row gets the next number; from then on it keeps it, also if the row was
refused: then who is held back for it has a number too. Keys may be addresses of people, so what is
kept is a keyed digest of source, table and key (HMAC-SHA-256).
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from genlib.register.batches import Place
from genlib.register.schema import table

DIGEST = 16


def find_numbers(place: Place, source: str, name: str, keys: pl.Series) -> pl.DataFrame:
    """key, id: the numbers of the keys that are known."""
    digests = _digest_keys(place, source, name, keys)
    asked = digests.select(source=pl.lit(source), table=pl.lit(name), key="digest")
    found = place.register.matching("source_key", asked).select(digest="key", id="id")
    return digests.join(found, on="digest").select("key", "id")


def give_numbers(place: Place, run: int, source: str, name: str, keys: pl.Series) -> pl.DataFrame:
    """key, id: the numbers of the keys, of new ones too, which get the next in their order."""
    known = find_numbers(place, source, name, keys)
    wanted = keys.drop_nulls().unique(maintain_order=True).alias("key").to_frame()
    fresh = wanted.join(known, on="key", how="anti", maintain_order="left")["key"]
    first = _find_last(place.connection, name) + 1
    numbers = pl.int_range(first, first + len(fresh), eager=True, dtype=pl.Int64)
    digests = _digest_keys(place, source, name, fresh)
    place.register.append(
        "source_key",
        digests.select(
            source=pl.lit(source),
            table=pl.lit(name),
            key="digest",
            id=numbers,
            run=pl.lit(run, pl.Int64),
        ),
    )
    return pl.concat([known, digests.select("key", id=numbers)])


def is_of_source(source: str, name: str) -> sa.ColumnElement[bool]:
    """Whether a row of a table is one of a source's; of the own layout (blank): of no source's."""
    keys = table("source_key")
    is_known = sa.exists().where(keys.c.table == name, keys.c.id == table(name).c.id)
    return is_known.where(keys.c.source == source) if source else ~is_known


def _digest_keys(place: Place, source: str, name: str, keys: pl.Series) -> pl.DataFrame:
    """key, digest of each key once, in hexadecimal."""
    once = keys.drop_nulls().unique(maintain_order=True).alias("key")
    digests = place.key.index(once, column=f"source_key {source} {name}")
    return pl.DataFrame({"key": once, "digest": digests.bin.head(DIGEST).bin.encode("hex")})


def _find_last(connection: sa.Connection, name: str) -> int:
    """The greatest number of a table's rows, and of rows that are expected."""
    keys = table("source_key")
    rows = connection.scalar(sa.select(sa.func.max(table(name).c.id))) or 0
    expected = connection.scalar(sa.select(sa.func.max(keys.c.id)).where(keys.c.table == name)) or 0
    return max(rows, expected)
