"""What people have said about being contacted: consents and prohibitions, and who opted out after a
message.

An opting out is a prohibition of its channel from that instant, also where nobody wrote it down as
a permission; where somebody did, at the same instant, that row and its end are what counts. A later
consent lifts it as it lifts any other. Whoever opted out of a survey (of market research or of
satisfaction) gets no survey by that channel either, until that row is ended: a consent to marketing
says nothing of surveys. Whoever opted out of customer communication gets none by that channel; no
prohibition of the notice says so, so only contact lists heed it (`courtesy_email` and the like).

Example: customer 5 opted out of an e-mail on 3 October, and `permission` knows nothing of it: from
then on e-mail is prohibited to customer 5. The e-mail asked for an answer to market research: the
next such survey may come by post, and none by e-mail.
"""

from __future__ import annotations

import polars as pl
from polars import col

from genlib.register.database import Register

ACTS = ["customer_id", "act", "scope", "given_at", "ended_at"]
WAY = "received_via"
OPTED_OUT = "opt_out"
"""The way in which an opting out was received: by a message's own link or word."""
SCOPES = {"email": "email", "sms": "phone", "call": "phone", "auto": "phone", "post": "post"}
"""Which prohibition an opting out is, by the channel of the message."""
STOPPED = {"MR": "research", "SAT": "research", "CC": "courtesy"}
"""What an opting out stops beside marketing, by the kind of the message."""


def read_acts(
    register: Register, ids: pl.Series | None = None, *, with_ways: bool = False
) -> pl.DataFrame:
    """The acts of everybody, or of the customers `ids`: customer_id, act, scope, given_at,
    ended_at, and if asked received_via."""
    columns = [*ACTS, WAY] if with_ways else ACTS
    permissions = pl.concat(
        _of_people(batch, ids) for batch in register.scan("permission", columns, ordered_by="id")
    )
    written = permissions.filter(act="prohibition")
    on = ["customer_id", "scope", "given_at"]
    ends = written.group_by(on).agg(_last_end(), is_written=pl.lit(value=True))
    opted_out = _read_opted_out(register, ids).join(ends, on=on, how="left", maintain_order="left")
    unwritten = opted_out.filter(col("is_written").is_null())
    prohibitions = pl.concat([unwritten, find_also_stopped(opted_out)])
    constants = {"act": pl.lit("prohibition"), WAY: pl.lit(OPTED_OUT)}
    acts = prohibitions.with_columns(**constants).select(columns)
    return pl.concat([permissions, acts.unique(maintain_order=True)])


def find_also_stopped(opted_out: pl.DataFrame) -> pl.DataFrame:
    """The opting outs again, with each scope that they stop beside their channel's; opted_out:
    channel, kind of the message and `scope` of the channel, perhaps more."""
    stopped = col("kind").replace_strict(STOPPED, default=None, return_dtype=pl.String)
    of_kind = opted_out.with_columns(scope=stopped + "_" + col("scope")).drop_nulls("scope")
    of_sms = opted_out.filter(channel="sms").with_columns(scope=pl.lit("sms"))
    return pl.concat([of_kind, of_sms])


def _read_opted_out(register: Register, ids: pl.Series | None) -> pl.DataFrame:
    """customer_id, channel, kind of the message, scope and given_at of every opting out."""
    kinds = pl.concat(register.scan("campaign", ["id", "kind"]))
    contacts = register.scan(
        "campaign_contact",
        ["customer_id", "campaign_id", "channel", "opted_out_at"],
        ordered_by="id",
        filled="opted_out_at",
    )
    chosen = pl.concat(_of_people(batch, ids) for batch in contacts)
    messages = chosen.join(kinds, left_on="campaign_id", right_on="id", maintain_order="left")
    scope = col("channel").replace_strict(SCOPES, return_dtype=pl.String)
    return messages.select("customer_id", "channel", "kind", scope=scope, given_at="opted_out_at")


def _last_end() -> pl.Expr:
    """When the last of these prohibitions ends; null if one has no end."""
    ends = col("ended_at")
    return pl.when(ends.is_not_null().all()).then(ends.max())


def _of_people(batch: pl.DataFrame, ids: pl.Series | None) -> pl.DataFrame:
    if ids is None:
        return batch
    return batch.filter(col("customer_id").is_in(ids.unique().implode()))
