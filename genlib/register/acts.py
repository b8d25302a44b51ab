"""What people have said about being contacted: consents and prohibitions, and who opted out after a
message.

An opting out is a prohibition of its channel from that instant, also where nobody wrote it down as
a permission; where somebody did, at the same instant, that row and its end are what counts. A later
consent lifts it as it lifts any other.

Example: customer 5 opted out of an e-mail on 3 October, and `permission` knows nothing of it: from
then on e-mail is prohibited to customer 5.
"""

from __future__ import annotations

import polars as pl

from genlib.register.database import Register

ACTS = ["customer_id", "act", "scope", "given_at", "ended_at"]
SCOPES = {"email": "email", "sms": "phone", "call": "phone", "auto": "phone", "post": "post"}
"""Which prohibition an opting out is, by the channel of the message."""


def read_acts(register: Register, ids: pl.Series | None = None) -> pl.DataFrame:
    """The acts of everybody, or of the customers `ids`: customer_id, act, scope, given_at,
    ended_at."""
    permissions = pl.concat(
        _of_people(batch, ids) for batch in register.scan("permission", ACTS, ordered_by="id")
    )
    contacts = register.scan(
        "campaign_contact",
        ["customer_id", "channel", "opted_out_at"],
        ordered_by="id",
        filled="opted_out_at",
    )
    opted_out = pl.concat(_as_prohibitions(_of_people(batch, ids)) for batch in contacts)
    unwritten = opted_out.join(
        permissions.filter(pl.col("act") == "prohibition"),
        on=["customer_id", "scope", "given_at"],
        how="anti",
        maintain_order="left",
    )
    return pl.concat([permissions, unwritten.unique(maintain_order=True)])


def _of_people(batch: pl.DataFrame, ids: pl.Series | None) -> pl.DataFrame:
    if ids is None:
        return batch
    return batch.filter(pl.col("customer_id").is_in(ids.unique().implode()))


def _as_prohibitions(contacts: pl.DataFrame) -> pl.DataFrame:
    scope = pl.col("channel").replace_strict(SCOPES, return_dtype=pl.String)
    endless = pl.lit(None, contacts.schema["opted_out_at"])
    return contacts.select(
        "customer_id",
        act=pl.lit("prohibition"),
        scope=scope,
        given_at="opted_out_at",
        ended_at=endless,
    )
