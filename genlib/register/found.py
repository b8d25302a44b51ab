"""Who is meant by an e-mail address, a telephone, a personal identity code or the number of a
contact list: found in bulk, by blind index, and never guessed.

Example: of four rows by e-mail one is of customer 7, one of nobody and one of customers 8 and 9,
who share the address; the fourth is no address. Row 1 is taken. Row 2 waits; what it prohibits goes
on the suppression list, where it meets whoever comes with that address. Row 3 waits, and 8 and 9
are held back. Row 4 waits, and if it is about a prohibition so do all contact lists.
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register.acts import SCOPES, find_also_stopped
from genlib.register.batches import CANDIDATES, Place
from genlib.register.contradictions import FAULTS
from genlib.register.database import frame_schema
from genlib.register.identifiers import checked
from genlib.register.numbering import give_numbers
from genlib.register.rules import examined
from genlib.register.runs import RunKey, keep_entries
from genlib.register.schema import table
from genlib.register.staging import ROW, make_temporary
from genlib.register.suppression import CARRIED

LISTED = ("email", "phone")
"""Identifiers under which the suppression list knows people."""


def find_people(place: Place, by: str, named: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The customers whom rows name (row, customer_id, perhaps several a row), and the faults of the
    rows that do not name exactly one: nobody_found, several_found, or unreadable_person.

    named: row, text.
    """
    filled = named.drop_nulls("text")
    readable, pairs = (
        _find_by_token(place, filled) if by == "token" else _find_by_index(place, by, filled)
    )
    counts = pairs.group_by("row").len("people")
    judged = filled.join(readable, on="row", how="left").join(counts, on="row", how="left")
    rule = (
        pl.when(col("is_readable").is_null())
        .then(pl.lit("unreadable_person"))
        .when(col("people").is_null())
        .then(pl.lit("nobody_found" if by in LISTED else "unreadable_person"))
        .when(col("people") > 1)
        .then(pl.lit("several_found"))
    )
    faults = judged.select("row", column=pl.lit("customer_id"), rule=rule).drop_nulls("rule")
    return pairs.select(CANDIDATES.names()), faults.cast(FAULTS)


def suppress_unknown(
    place: Place, run: RunKey, by: str, rows: pl.DataFrame, named: pl.DataFrame
) -> pl.DataFrame:
    """Put what people whom the register does not know prohibit on the suppression list, under the
    address by which the row names them; `row` of those that cannot be put there.

    rows: texts in the register's columns of permission or campaign_contact; named: row, text.
    """
    whole = rows.with_columns(customer_id=pl.lit("0"))
    now = place.tell_now(run.at)
    readable, _ = examined(
        whole, run.table, artificial=place.artificial, now=now, is_complete=False
    )
    wills = _find_wills(place, readable, run.table)
    lost = rows.join(readable, on="row", how="anti").select("row")
    scopes = CARRIED[by]
    listed = wills.filter(col("scope").is_in(list(scopes))).join(named, on="row")
    normal = checked(listed["text"], by, artificial=place.artificial)["value"]
    digest = place.key.index(normal, column=f"suppression.{by}")
    entries = listed.select(
        identifier=pl.lit(by),
        digest=digest,
        scope=col("scope").replace_strict(scopes, return_dtype=pl.String),
        since="since",
        source=pl.lit("DATA_SUBJECT"),
    ).unique(maintain_order=True)
    _list_new(place, run, entries)
    return lost


def _find_by_index(place: Place, by: str, named: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    values = checked(named["text"], by, artificial=place.artificial)["value"]
    digests = place.key.index(values, column=f"customer.{by}")
    asked = named.select("row").with_columns(digest=digests).drop_nulls()
    index = table("customer").c[f"{by}_index"]
    stage = make_temporary(
        place.connection, f"asked_{by}", {"digest": index.type}, indexed=["digest"]
    )
    place.register.write_temporary(stage.name, asked.select(col("row").alias(ROW), "digest"))
    query = sa.select(stage.c[ROW], table("customer").c.id).join(
        table("customer"), index == stage.c.digest
    )
    matches = [tuple(row) for row in place.connection.execute(query)]
    stage.drop(place.connection)
    pairs = pl.DataFrame(matches, CANDIDATES, orient="row").sort("row", "customer_id")
    return asked.select("row", is_readable=True), pairs


def _find_by_token(place: Place, named: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    numbers = named.select("row", id=col("text").cast(pl.Int64, strict=False)).drop_nulls()
    contacts = place.register.matching("campaign_contact", numbers.select("id").unique())
    pairs = numbers.join(contacts.select("id", "customer_id"), on="id")
    return numbers.select("row", is_readable=True), pairs.sort("row")


def _find_wills(place: Place, rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """row, scope, since: the prohibitions that are not ended, and the opting outs."""
    if name == "permission":
        live = rows.filter(col("act") == "prohibition", col("ended_at").is_null())
        return live.select("row", "scope", since="given_at")
    kinds = pl.concat(place.register.scan("campaign", ["id", "kind"]))
    opt_outs = rows.drop_nulls("opted_out_at").join(
        kinds, left_on="campaign_id", right_on="id", how="left", maintain_order="left"
    )
    scope = col("channel").replace_strict(SCOPES, return_dtype=pl.String)
    opted = opt_outs.select("row", "channel", "kind", scope=scope, since="opted_out_at")
    return pl.concat([opted, find_also_stopped(opted)]).select("row", "scope", "since")


def _list_new(place: Place, run: RunKey, entries: pl.DataFrame) -> None:
    """Put on the suppression list what is not there, and note it for the refresh."""
    listed = table("suppression")
    columns = ["identifier", "digest", "scope", "since"]
    query = sa.select(*(listed.c[column] for column in columns))
    rows = [tuple(row) for row in place.connection.execute(query)]
    there = pl.DataFrame(rows, {c: frame_schema("suppression")[c] for c in columns}, orient="row")
    fresh = entries.join(there, on=columns, how="anti", maintain_order="left")
    numbers = give_numbers(place.connection, "suppression", fresh.height)
    listed_entries = fresh.with_columns(numbers)
    place.register.append("suppression", listed_entries)
    keep_entries(place.register, place.connection, run, listed_entries.select("id", *columns))
