"""The suppression list: an objection stays alive when the customer's data is erased, and meets whoever comes back with the same address.

Kept is the least that does it: a keyed hash (HMAC-SHA-256, under the identity key) of the normalised e-mail address, telephone number or
postal address, the scope of the prohibition and since when. What the list says of a person is put to `permission` as prohibitions, so a
later consent of the person lifts it as it lifts any other.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register.identifiers import checked
from genlib.register.schema import table
from genlib.register.vault import IdentityKey

CARRIED = {  # what each identifier carries: an address is a household's, so of marketing it blocks only the post
    "email": {scope: scope for scope in ("email", "marketing_use", "market_research")},
    "phone": {scope: scope for scope in ("phone", "marketing_use", "market_research")},
    "address": {"post": "post", "marketing_use": "post", "market_research": "market_research"},
}
ENTRY = ["identifier", "digest", "scope"]


def remember(connection: sa.Connection, key: IdentityKey, people: pl.DataFrame, acts: pl.DataFrame) -> int:
    """Put the prohibitions in force (customer_id, act, scope, given_at, ended_at) of these people (customer_id, email, phone,
    street_address, postal_code; plaintext) on the list, and return how many entries are new."""
    live = acts.filter(col("act") == "prohibition", col("ended_at").is_null()).select("customer_id", "scope", since="given_at")
    carried = [(identifier, said, kept) for identifier, scopes in CARRIED.items() for said, kept in scopes.items()]
    rule = pl.DataFrame(carried, schema=["identifier", "scope", "kept"], orient="row")
    met = _identifiers(key, people).join(live, on="customer_id").join(rule, on=["identifier", "scope"])
    wanted = met.group_by("identifier", "digest", scope="kept").agg(col("since").min())
    fresh = wanted.join(_listed(connection), on=ENTRY, how="anti").with_columns(source=pl.lit("DATA_SUBJECT"))
    if fresh.height:
        connection.execute(table("suppression").insert(), fresh.to_dicts())
    return fresh.height


def prohibitions(connection: sa.Connection, key: IdentityKey, people: pl.DataFrame) -> pl.DataFrame:
    """The acts that the list holds against contacting these people: customer_id, act, scope, given_at, ended_at."""
    met = _identifiers(key, people).join(_listed(connection), on=["identifier", "digest"])
    empty = pl.lit(None, pl.Datetime("us", "UTC"))
    return met.select("customer_id", act=pl.lit("prohibition"), scope="scope", given_at="since", ended_at=empty).unique()


def _identifiers(key: IdentityKey, people: pl.DataFrame) -> pl.DataFrame:
    """customer_id, identifier, digest: every identifier that a person has."""
    address = pl.concat_str(_tidy("street_address"), col("postal_code"), separator=" ").str.to_uppercase()
    normal = {name: checked(people[name], name)["value"] for name in ("email", "phone")}
    told = {**{name: pl.coalesce(normal[name], _tidy(name).str.to_lowercase()) for name in normal}, "address": address}
    plain = people.select("customer_id", **told).unpivot(index="customer_id", variable_name="identifier").drop_nulls("value")
    parts = [part.with_columns(_digest(key, identifier, part["value"])) for (identifier,), part in plain.group_by("identifier")]
    schema: dict[str, Any] = {"customer_id": plain.schema["customer_id"], "identifier": pl.String, "digest": pl.Binary}
    return pl.concat([pl.DataFrame(schema=schema), *(part.select(list(schema)) for part in parts)])


def _digest(key: IdentityKey, identifier: str, values: pl.Series) -> pl.Series:
    return key.index(values, column=f"suppression.{identifier}").alias("digest")


def _tidy(name: str) -> pl.Expr:
    return col(name).str.normalize("NFC").str.replace_all(r"\s+", " ").str.strip_chars()


def _listed(connection: sa.Connection) -> pl.DataFrame:
    entries = table("suppression")
    rows = connection.execute(sa.select(entries.c.identifier, entries.c.digest, entries.c.scope, entries.c.since)).all()
    schema: dict[str, Any] = {"identifier": pl.String, "digest": pl.Binary, "scope": pl.String, "since": pl.Datetime("us", "UTC")}
    return pl.DataFrame([tuple(row) for row in rows], schema, orient="row")
