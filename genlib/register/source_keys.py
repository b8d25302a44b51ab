"""By which number the register knows a row of a source.

A source names its rows in its own way: `C-10023`, a UUID, campaign and e-mail address. The first
time that a key comes its row gets the next number; from then on it keeps it, also if the row was
refused: then who is held back for it has a number too. Keys may be addresses of people, so what is
kept is a keyed digest of source, table and key (HMAC-SHA-256). A key of a second source may be of a
customer who is there already (`feeds.joining`).
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register import numbering
from genlib.register.batches import Place
from genlib.register.holds import move_holds
from genlib.register.schema import table

DIGEST = 16


def find_numbers(place: Place, source: str, name: str, keys: pl.Series) -> pl.DataFrame:
    """key, id, joined: the numbers of the keys that are known, and whether their customers were
    there before this source named them."""
    digests = _digest_keys(place, source, name, keys)
    asked = digests.select(source=pl.lit(source), table=pl.lit(name), key="digest")
    entries = place.register.matching("source_key", asked)
    is_joined = col("joined").fill_null(value=False)
    numbers = entries.select(digest="key", id="id", joined=is_joined)
    return digests.join(numbers, on="digest").select("key", "id", "joined")


def give_numbers(place: Place, run: int, source: str, name: str, keys: pl.Series) -> pl.DataFrame:
    """key, id, joined: the numbers of the keys, of new ones too, which get the next in their
    order."""
    known_numbers = find_numbers(place, source, name, keys)
    wanted = keys.drop_nulls().unique(maintain_order=True).alias("key").to_frame()
    fresh = wanted.join(known_numbers, on="key", how="anti", maintain_order="left")["key"]
    numbers = numbering.give_numbers(place.connection, name, len(fresh))
    digests = _digest_keys(place, source, name, fresh)
    named = digests.select(source=pl.lit(source), table=pl.lit(name), key="digest", id=numbers)
    _enter(place, run, named, joined=False)
    return pl.concat([known_numbers, digests.select("key", id=numbers, joined=pl.lit(value=False))])


def join_numbers(place: Place, run: int, source: str, joined: pl.DataFrame) -> None:
    """Note that keys (key, id) are of customers who are there. A number that a key had, of somebody
    who was expected, is given up, and who is held back by it is the customer."""
    before = find_numbers(place, source, "customer", joined["key"])
    moved = before.join(joined, on="key", suffix=" now").select(before="id", now="id now")
    move_holds(place.connection, moved)
    digests = _digest_keys(place, source, "customer", joined["key"])
    keys = table("source_key")
    of_key = sa.and_(
        keys.c.source == source,
        keys.c.table == "customer",
        keys.c.key == sa.bindparam("digest"),
    )
    if moved.height:
        place.connection.execute(keys.delete().where(of_key), digests.select("digest").to_dicts())
    named = digests.join(joined, on="key").select(
        source=pl.lit(source), table=pl.lit("customer"), key="digest", id="id"
    )
    _enter(place, run, named, joined=True)


def find_named(place: Place, source: str, customers: pl.Series) -> pl.Series:
    """Those of some customers whom a source names."""
    asked = pl.DataFrame({"id": customers.unique()}).select(
        source=pl.lit(source), table=pl.lit("customer"), id="id"
    )
    return place.register.matching("source_key", asked)["id"]


def find_named_elsewhere(place: Place, source: str, customers: pl.Series) -> pl.Series:
    """Those of some customers whom another source names too: another has a key of them, or a source
    has joined who was there already."""
    asked = pl.DataFrame({"id": customers.unique()}).select(table=pl.lit("customer"), id="id")
    entries = place.register.matching("source_key", asked)
    is_other = (col("source") != source) | col("joined").fill_null(value=False)
    return entries.filter(is_other)["id"].unique()


def is_of_source(source: str, name: str) -> sa.ColumnElement[bool]:
    """Whether a row of a table is one of a source's; of the own layout (blank): of no source's."""
    keys = table("source_key")
    is_known = sa.exists().where(keys.c.table == name, keys.c.id == table(name).c.id)
    if source:
        return is_known.where(keys.c.source == source)
    return ~is_known.where(keys.c.joined.is_not(sa.true()))


def _enter(place: Place, run: int, named: pl.DataFrame, *, joined: bool) -> None:
    """Keep the numbers of keys. named: source, table, key (its digest) and id."""
    rows = named.with_columns(run=pl.lit(run, pl.Int64), joined=pl.lit(joined))
    place.register.append("source_key", rows)


def _digest_keys(place: Place, source: str, name: str, keys: pl.Series) -> pl.DataFrame:
    """key, digest of each key once, in hexadecimal."""
    once = keys.drop_nulls().unique(maintain_order=True).alias("key")
    digests = place.key.index(once, column=f"source_key {source} {name}")
    return pl.DataFrame({"key": once, "digest": digests.bin.head(DIGEST).bin.encode("hex")})
