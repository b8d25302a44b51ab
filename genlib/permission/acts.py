"""The recorded acts, read by question Q12: the latest wins in its scope, and a consent lifts only
older prohibitions of its own channel.

Whoever ends a consent has no consent of that scope from then on, unless one was given at that
second or later: the end of a consent ends the older ones of its scope too. (The end of a
prohibition ends that one alone.)

An opting out is told by what it stops, beside the prohibitions of the notice: `sms`, and surveys by
telephone, e-mail or post (`register.acts`).

An act is in force from `given_at` until just before `ended_at`, in whole seconds of UTC. What
stands in a scope is one number: the second at which the latest act in force was given, ENDED if
acts were given but none is in force, NEVER if none was.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl
from polars import col

from genlib.permission.rule import CHANNELS, Frame
from genlib.permission.switches import Switches
from genlib.settings import TIME_ZONE

NEVER = 0
ENDED = -1
CONSENTS = {"mobile": "consent_mobile", "email": "consent_email"}
PROHIBITIONS = ("phone", "post", "email", "market_research", "marketing_use")
OPTED_OUT = ("sms", "research_phone", "research_email", "research_post")
"""What an opting out stops that the notice has no prohibition for."""
SCOPES = (
    *CONSENTS.values(),
    *(f"prohibition_{scope}" for scope in (*PROHIBITIONS, *OPTED_OUT)),
)
_REACH = {"call": "phone", "auto": "phone", "sms": "phone", "email": "email", "post": "post"}


def state_at(
    permissions: Frame,
    instant: datetime,
    *,
    switches: Switches | None = None,
    time_zone: str = TIME_ZONE,
) -> Frame:
    """What stood at `instant`, one row a customer and channel: the flags that `decide` wants,
    without existing_customer.

    `permissions` has customer_id, act, scope, given_at, ended_at. Only customers with an act by
    then have rows; for all others every flag is False. A naive `instant` is UTC; a date is a day of
    the company's `time_zone`.
    """
    now = pl.lit(_epoch(instant))
    acts = permissions.pipe(in_seconds, time_zone).filter(col("given") <= now)
    when_given = (
        pl.when(col("ended").is_null() | (col("ended") > now)).then("given").otherwise(ENDED)
    )
    stands = [
        when_given.filter(col("slot") == scope).max().fill_null(NEVER).alias(scope)
        for scope in SCOPES
    ]
    standing = acts.group_by("customer_id").agg(stands)
    return pl.concat(
        [
            standing.select(
                "customer_id",
                pl.lit(channel).alias("channel"),
                **flags(channel, switches or Switches()),
            )
            for channel in CHANNELS
        ]
    )


def in_seconds(acts: Frame, time_zone: str) -> Frame:
    """customer_id, slot (act and scope in one word), given and ended in seconds of UTC; older
    consents ended with the later one."""
    schema = acts.lazy().collect_schema()
    spans = acts.select(
        "customer_id",
        slot=pl.concat_str(col("act").cast(pl.String), pl.lit("_"), col("scope").cast(pl.String)),
        given=seconds("given_at", schema["given_at"], time_zone),
        ended=seconds("ended_at", schema["ended_at"], time_zone),
    )
    is_consent = col("slot").is_in(list(CONSENTS.values())).fill_null(value=False)
    consents = spans.filter(is_consent).pipe(_end_older)
    return pl.concat([spans.filter(~is_consent), consents])


def _end_older(consents: Frame) -> Frame:
    """The consents, each ended by the first end of its scope after it was given."""
    by = ["customer_id", "slot"]
    ends = consents.drop_nulls("ended").select(*by, end="ended").sort("end")
    by_start = consents.sort("given")
    met = by_start.join_asof(
        ends,
        left_on="given",
        right_on="end",
        by=by,
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    first_end = pl.min_horizontal("ended", "end")
    return met.select(*by, "given", ended=first_end)


def seconds(name: str, dtype: pl.DataType, time_zone: str) -> pl.Expr:
    """An instant as seconds since 1970 UTC; a date counts from the beginning of its day in the time
    zone, a naive time is UTC.

    A day begins at its first instant: where clocks go forward at midnight there is no 00:00, and
    where they go back over midnight the earlier one counts.
    """
    if not isinstance(dtype, pl.Date):
        own_zone = getattr(dtype, "time_zone", None)
        return col(name).cast(pl.Datetime("us", own_zone)).dt.epoch("s")
    midnight = col(name).cast(pl.Datetime("us"))
    local = [
        (midnight + pl.duration(hours=later)).dt.replace_time_zone(
            time_zone, ambiguous="earliest", non_existent="null"
        )
        for later in (0, 1)
    ]
    return pl.coalesce(local).dt.epoch("s")


def flags(channel: str, switches: Switches) -> dict[str, pl.Expr]:
    """The flags of `decide` for one channel, from columns that say what stands in each scope."""
    opened = consent_scopes(switches)
    consents = {
        name: (f"consent_{scope}", prohibition_scope(name, switches))
        for name, scope in opened.items()
    }
    effective = [_newer(scope, against, switches) for scope, against in consents.values()]
    marketing = col("prohibition_marketing_use") > NEVER
    channel_scope = prohibition_scope(channel, switches)
    prohibited = col(f"prohibition_{channel_scope}") > NEVER
    surveys = [f"prohibition_{name}" for name in ("market_research", research_scope(channel))]
    consent = pl.lit(False)
    consent_scope = consents.get(channel, (None, None))[0]
    withdrawn = pl.lit(False)
    if consent_scope:
        consent = _newer(consent_scope, channel_scope, switches)
        withdrawn = col(consent_scope) == ENDED
    every = pl.all_horizontal(col(f"prohibition_{scope}") > NEVER for scope in PROHIBITIONS)
    return {
        "consent": consent,
        "withdrawn": withdrawn,
        "channel_prohibited": prohibited & ~consent,
        "research_prohibited": pl.any_horizontal(col(scope) > NEVER for scope in surveys),
        "marketing_prohibited": marketing & ~consent,
        "all_prohibited": every & ~pl.any_horizontal(effective),
    }


def consent_scopes(switches: Switches) -> dict[str, str]:
    """Channel -> the scope of the consent that opens it (Q1)."""
    calls = {"call": "mobile", "auto": "mobile"} if switches.q1 == "calls" else {}
    return {"sms": "mobile", "email": "email", **calls}


def prohibition_scope(channel: str, switches: Switches) -> str:
    """The scope of the prohibition that closes a channel to marketing (Q2)."""
    return "sms" if channel == "sms" and not switches.q2 else _REACH[channel]


def research_scope(channel: str) -> str:
    """The scope of an opting out that closes a channel to surveys."""
    return f"research_{_REACH[channel]}"


def _newer(scope: str, against: str, switches: Switches) -> pl.Expr:
    """A consent in force that no prohibition of its channel or of all marketing has overtaken; at
    the same second the prohibition wins."""
    rivals = [f"prohibition_{name}" for name in (against, "marketing_use")]
    standing = [
        (col(rival) > NEVER) if switches.q12 == "prohibition" else (col(rival) >= col(scope))
        for rival in rivals
    ]
    return (col(scope) > NEVER) & ~pl.any_horizontal(standing)


def _epoch(instant: datetime) -> int:
    return int(pl.Series([instant]).dt.epoch("s").item())
