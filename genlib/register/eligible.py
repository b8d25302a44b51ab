"""Who of the people asked for may get a message, and can be reached: what they said in any row, the
suppression list, and whoever shares an address or telephone with them decide.

Example: of 100 people asked for by e-mail 8 have prohibited it, 3 have no address: 89 stay.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import phonenumbers
import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.errors import UsageError
from genlib.permission import Switches, verdicts
from genlib.register import holds, mailing, persons, suppression
from genlib.register.acts import SCOPES, read_acts
from genlib.register.database import Register
from genlib.register.identifiers import ARTIFICIAL_PHONE
from genlib.register.recipients import Recipient
from genlib.register.store import opened
from genlib.register.vault import IdentityKey
from genlib.settings import TIME_ZONE

NAME = ("given_names", "family_name")
NEEDED = {  # the least that reaches a person through a channel
    "email": ("email",),
    "sms": ("phone",),
    "call": (*NAME, "phone"),
    "auto": ("phone",),
    "post": (*NAME, "street_address", "postal_code"),
}
MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be sent to whom and why. `at` is the instant of the verdicts; `seed` draws the
    holdout; a campaign that is there already keeps its own dates (first and last day) and share.
    `user` ordered it, else whom the settings name. `post_offices`: postal code → name."""

    code: str
    channel: str
    kind: str
    recipient: Recipient
    purpose: str
    at: dt.datetime
    seed: int
    dates: tuple[dt.date, dt.date]
    holdout_share: float
    user: str = ""
    time_zone: str = TIME_ZONE
    switches: Switches = field(default_factory=Switches)
    post_offices: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w-]{1,40}", self.code):
            raise UsageError("a campaign's code has 1-40 letters, digits, - and _")
        if self.channel not in NEEDED:
            raise UsageError(f"no such channel; there are {', '.join(NEEDED)}")


def choose_reachable(
    register: Register,
    connection: sa.Connection,
    key: IdentityKey,
    sealed: pl.DataFrame,
    order: Order,
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Those whom the acts, then whatever has an identifier of theirs, and then the suppression
    list allow, and who can be reached; only they are opened, and the protected."""
    held_ids = holds.held_people(connection)["customer_id"]
    related = persons.find_related(register, sealed, held_ids, order.channel)
    own_states = persons.apply_states(sealed, related.rows, held_ids)
    acts = persons.gather_acts(read_acts(register, related.rows["other"]), related.rows)
    first, refused = _judge_people(_hold(own_states, order), acts, order)
    people = open_people(first, key)
    protection = persons.find_protection(
        people,
        related.protected.with_columns(is_held=col("id").is_in(held_ids.implode())),
        holds.read_identifiers(connection),
        key=key,
        channel=order.channel,
    )
    bare = people.drop(persons.STATES, "is_held")
    met = bare.join(protection, on="id", how="left", maintain_order="left").with_columns(
        col("non_disclosure").fill_null(value=False)
    )
    second, shared = _judge_people(_hold(met, order), acts, order)
    speaking = pl.concat([related.rows["other"], related.sharing]).unique()
    suppression.hold(register, connection, key, speaking, at=order.at)
    listed = suppression.prohibitions(connection, key, second.rename({"id": "customer_id"}))
    third, suppressed = _judge_people(second, pl.concat([acts, listed]), order)
    willing = _without_opted_out(third, pl.concat([acts, listed]), order)
    reachable = willing.filter(_can_reach(willing, order.channel))
    counts = {
        **refused,
        "shared_identifier": sum(shared.values()),
        "suppression_list": sum(suppressed.values()),
        "opted_out": third.height - willing.height,
        "no_contact": willing.height - reachable.height,
    }
    return reachable, counts


def open_people(sealed: pl.DataFrame, key: IdentityKey) -> pl.DataFrame:
    """The rows with their secrets opened and all else as it is."""
    plain = opened(sealed, "customer", key)
    rest = sealed.select(pl.exclude(plain.columns))
    return pl.concat([plain, rest], how="horizontal")


def _hold(people: pl.DataFrame, order: Order) -> pl.DataFrame:
    """The people with `held_since`, for whoever is held back."""
    return people.with_columns(held_since=pl.when("is_held").then(pl.lit(order.at)))


def _without_opted_out(people: pl.DataFrame, acts: pl.DataFrame, order: Order) -> pl.DataFrame:
    """The people but those who opted out of customer communication by this channel, if that is
    what they would get."""
    if order.kind != "CC":
        return people
    is_live = (col("ended_at") > order.at).fill_null(value=True)
    scope = f"courtesy_{SCOPES[order.channel]}"
    stopped = acts.filter(is_live, col("given_at") <= order.at, act="prohibition", scope=scope)
    return people.filter(~col("id").is_in(stopped["customer_id"].implode()))


def _judge_people(
    people: pl.DataFrame, acts: pl.DataFrame, order: Order
) -> tuple[pl.DataFrame, dict[str, int]]:
    """A list leaves the house, so people who may get a notice by a safe route only are not on
    it."""
    customers = people.rename({"id": "customer_id"})
    asked = customers.select(
        "customer_id",
        channel=pl.lit(order.channel),
        kind=pl.lit(order.kind),
        sent_at=pl.lit(order.at),
    )
    judged = verdicts(asked, acts, customers, switches=order.switches, time_zone=order.time_zone)
    allowed = judged["allowed"] & (judged["reason"] != "safe_route")
    reasons = judged.filter(~allowed)["reason"].value_counts()
    return people.filter(allowed), dict(reasons.rows())


def _can_reach(people: pl.DataFrame, channel: str) -> pl.Expr:
    """An address is there and may stand in a list, and a text message goes to a mobile
    telephone."""
    there = pl.all_horizontal(
        mailing.is_clean(channel),
        *(col(name).is_not_null() for name in NEEDED[channel] if name not in NAME),
    )
    return (
        there & pl.Series([_is_mobile(number) for number in people["phone"]], dtype=pl.Boolean)
        if channel == "sms"
        else there
    )


def _is_mobile(number: str | None) -> bool:
    try:
        parsed = phonenumbers.parse(number or "", "FI")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(parsed) in MOBILE or bool(
        ARTIFICIAL_PHONE.fullmatch(number or "")
    )
