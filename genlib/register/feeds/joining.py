"""Whom a second source means: a customer who is there already is found by an identifier that both
sources give, and never guessed.

The feed says which identifiers count (`match = ["personal_id"]`). A key that is not known yet
joins the customer, if its row's identifiers are of exactly one living customer, whom this source
does not name by another key. If they are of several, the row waits and all of them are held back.

Example: the shop's `S-7` comes with the personal identity code of customer 17, whom the customer
system sent: `S-7` is customer 17. `S-8` comes with the same code: row 8 waits and 17 is held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from polars import col

from genlib.register.batches import CANDIDATES, Place
from genlib.register.feeds.translate import KEY
from genlib.register.found import find_people
from genlib.register.source_keys import find_named, find_numbers
from genlib.register.spelling import clean_text


@dataclass(frozen=True)
class Joining:
    """`joined`: key, id of those that are of one customer; `candidates`: the customers (row,
    customer_id) whom a row may mean that waits."""

    joined: pl.DataFrame
    candidates: pl.DataFrame


def find_joining(
    place: Place, source: str, rows: pl.DataFrame, identifiers: Sequence[str]
) -> Joining:
    """Who is meant by the keys that are of nobody in the register. rows: row, key and the
    identifiers as text."""
    unknown = _find_unknown(place, source, rows.drop_nulls(KEY))
    pairs = _find_living(place, unknown, identifiers)
    named = find_named(place, source, pairs["customer_id"])
    keys = col(KEY).n_unique().over("customer_id")
    people = col("customer_id").n_unique().over(KEY)
    is_named = col("customer_id").is_in(named.implode())
    judged = pairs.with_columns(is_single=(keys == 1) & (people == 1) & ~is_named)
    is_clear = col("is_single").all().over(KEY)
    joined = judged.filter(is_clear).select(KEY, id="customer_id").unique(maintain_order=True)
    return Joining(joined, judged.filter(~is_clear).select(CANDIDATES.names()))


def _find_unknown(place: Place, source: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows whose key has no number, or that of somebody who is only expected."""
    numbers = find_numbers(place, source, "customer", rows[KEY])
    there = place.register.known("customer", numbers.select("id").unique())
    settled = numbers.join(there, on="id", how="semi")
    return rows.join(settled, on=KEY, how="anti", maintain_order="left")


def _find_living(place: Place, rows: pl.DataFrame, identifiers: Sequence[str]) -> pl.DataFrame:
    """row, customer_id, key: the living customers who have one of the identifiers."""
    pairs = [pl.DataFrame(schema=CANDIDATES)]
    for identifier in identifiers:
        named = rows.select("row", text=clean_text(col(identifier)))
        candidates, _ = find_people(place, identifier, named)
        pairs.append(candidates)
    every = pl.concat(pairs).unique(maintain_order=True)
    people = place.register.matching("customer", every.select(id="customer_id").unique())
    living = people.filter(col("deceased_on").is_null())
    alive = every.join(living, left_on="customer_id", right_on="id", how="semi")
    return alive.join(rows.select("row", KEY), on="row", maintain_order="left")
