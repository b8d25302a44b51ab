"""The suppression list: an objection stays alive when the customer's data is erased, and meets
whoever comes back with the same address.

`hold` puts people on it: when their prohibitions are loaded, when a contact list meets them, and
before their data is erased. Kept is the least that does it: a keyed hash (HMAC-SHA-256, under the
identity key) of the normalised e-mail address, telephone number or postal address, the scope of the
prohibition and since when. What the list says of a person is put to `permission` as prohibitions,
so a later consent of the person lifts it as it lifts any other.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register.acts import read_acts
from genlib.register.database import Register, frame_schema
from genlib.register.digests import IDENTIFIERS, digest_identifiers
from genlib.register.schema import table
from genlib.register.store import opened
from genlib.register.vault import IdentityKey

# what each identifier carries: an address is a household's, so of marketing it blocks only the post
CARRIED = {
    "email": {
        scope: scope
        for scope in (
            "email",
            "research_email",
            "courtesy_email",
            "marketing_use",
            "market_research",
        )
    },
    "phone": {
        scope: scope
        for scope in (
            "phone",
            "sms",
            "research_phone",
            "courtesy_phone",
            "marketing_use",
            "market_research",
        )
    },
    "address": {
        "post": "post",
        "marketing_use": "post",
        "research_post": "research_post",
        "courtesy_post": "courtesy_post",
        "market_research": "market_research",
    },
}
ENTRY = ["identifier", "digest", "scope", "since"]
ASKED = 1_000
"""How many instants one question to the database names."""


def hold(
    register: Register,
    connection: sa.Connection,
    key: IdentityKey,
    ids: pl.Series,
    *,
    at: dt.datetime,
) -> int:
    """Bring the list up to what these customers prohibit, as the open transaction of the register
    has it; returns how many entries are new. What has ended by the instant `at` goes.

    Whoever removes a customer's data calls this first, in the same transaction.
    """
    entries = find_entries(register, key, ids, at=at)
    listed = _listed(connection)
    suppressed = table("suppression")
    fresh = (
        entries.filter("live")
        .drop("live")
        .join(listed, on=ENTRY, how="anti")
        .with_columns(source=pl.lit("DATA_SUBJECT"))
    )
    if fresh.height:
        connection.execute(suppressed.insert(), fresh.to_dicts())
    lift(register, connection, key, entries.filter(~col("live")), at=at)
    return fresh.height


def lift(
    register: Register,
    connection: sa.Connection,
    key: IdentityKey,
    entries: pl.DataFrame,
    *,
    at: dt.datetime,
) -> None:
    """Take these entries (`find_entries`) off the list, but for those that something else in the
    register still implies: of another customer with that address, or of another row."""
    listed = _listed(connection).join(entries, on=ENTRY, how="semi")
    if listed.is_empty():
        return
    people = _find_people(connection, listed["since"])
    implied = find_entries(register, key, people, at=at).filter("live")
    lifted = listed.join(implied, on=ENTRY, how="anti")
    suppressed = table("suppression")
    if lifted.height:
        connection.execute(
            suppressed.delete().where(suppressed.c.id == sa.bindparam("listed")),
            lifted.select(listed="id").to_dicts(),
        )


def read_newer(connection: sa.Connection, last: int) -> pl.DataFrame:
    """The entries with a number above `last`: id and `ENTRY`."""
    return _listed(connection, last)


def find_last(connection: sa.Connection) -> int:
    """The greatest number of an entry."""
    numbers = table("suppression").c["id"]
    return connection.scalar(sa.select(sa.func.coalesce(sa.func.max(numbers), 0))) or 0


def find_entries(
    register: Register, key: IdentityKey, ids: pl.Series, *, at: dt.datetime
) -> pl.DataFrame:
    """What these customers prohibit, as entries of the list: `ENTRY`, and whether it is `live` at
    the instant `at`."""
    acts = read_acts(register, ids)
    prohibition_acts = acts.filter(col("act") == "prohibition").select(
        "customer_id", "scope", "ended_at", since="given_at"
    )
    objecting = prohibition_acts.select(id="customer_id").unique()
    people = register.matching("customer", objecting).select("id", *IDENTIFIERS)
    owners = opened(people, "customer", key).rename({"id": "customer_id"})
    identified = digest_identifiers(key, owners, "customer_id")
    met = identified.join(prohibition_acts, on="customer_id").join(
        _carried(), on=["identifier", "scope"]
    )
    return met.group_by("identifier", "digest", "since", scope="kept").agg(
        live=((col("ended_at") > at).fill_null(value=True)).any()
    )


def prohibitions(connection: sa.Connection, key: IdentityKey, people: pl.DataFrame) -> pl.DataFrame:
    """The acts that the list holds against contacting these people: customer_id, act, scope,
    given_at, ended_at."""
    identified = digest_identifiers(key, people, "customer_id")
    met = identified.join(_listed(connection), on=["identifier", "digest"])
    empty = pl.lit(None, pl.Datetime("us", "UTC"))
    return met.select(
        "customer_id", act=pl.lit("prohibition"), scope="scope", given_at="since", ended_at=empty
    ).unique()


def _carried() -> pl.DataFrame:
    rows = [
        (identifier, scope, listed_as)
        for identifier, scopes in CARRIED.items()
        for scope, listed_as in scopes.items()
    ]
    return pl.DataFrame(rows, schema=["identifier", "scope", "kept"], orient="row")


def _find_people(connection: sa.Connection, instants: pl.Series) -> pl.Series:
    """The customers who said something at one of these instants."""
    permission = table("permission")
    contact = table("campaign_contact")
    people: list[int] = []
    for part in instants.unique().to_frame().iter_slices(ASKED):
        times = part.to_series().to_list()
        by_act = sa.select(permission.c.customer_id).where(permission.c.given_at.in_(times))
        opted = sa.select(contact.c.customer_id).where(contact.c.opted_out_at.in_(times))
        people.extend(connection.scalars(by_act.union(opted)))
    return pl.Series(people, dtype=pl.Int64).unique()


def _listed(connection: sa.Connection, last: int = 0) -> pl.DataFrame:
    listed = table("suppression")
    query = sa.select(listed.c.id, *(listed.c[name] for name in ENTRY)).where(listed.c.id > last)
    rows = [tuple(row) for row in connection.execute(query)]
    stored = frame_schema("suppression")
    schema = {name: stored[name] for name in ("id", *ENTRY)}
    return pl.DataFrame(rows, schema, orient="row")
