"""The act of will that decided a past contact: what was said, of what, when, and through what.

A verdict names a reason (`channel_prohibition`). Behind it stands one act of the person, the latest
that counted at that second; where the reason rests on no act (no consent was ever given), there is
none.

Example: customer 5 prohibited e-mail on 2 March by letter, and got an e-mail on 9 April: the
verdict `channel_prohibition` was decided by the prohibition of e-mail of 2 March.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from polars import col

from genlib.permission.acts import (
    PROHIBITIONS,
    consent_scopes,
    prohibition_scope,
    research_scope,
    seconds,
)
from genlib.permission.rule import CHANNELS
from genlib.permission.switches import Switches
from genlib.settings import TIME_ZONE

WITHDRAWN = "consent_withdrawn"
"""The one reason that an end decides, and no act in force."""
ON_CHANNEL = ("channel_prohibition", "survey_other_channel")
ON_RESEARCH = ("research_prohibition", "satisfaction_prohibition", "research_objection")
RULE = ["reason", "channel", "act", "act_scope"]
FOUND = ["act", "act_scope", "act_given", "act_ended", "act_via"]


def find_acts(
    contacts: pl.DataFrame,
    acts: pl.DataFrame,
    *,
    switches: Switches | None = None,
    time_zone: str = TIME_ZONE,
) -> pl.DataFrame:
    """For each judged contact, in the order given, the act that decided it: `act`, `act_scope`,
    `act_given` and `act_ended` (seconds since 1970 UTC; an end only if it was before the contact),
    and `act_via`; all null where no act did.

    contacts: customer_id, channel, sent_at, reason. acts: as for `state_at`, and received_via.
    """
    second = seconds("sent_at", contacts.schema["sent_at"], time_zone)
    asked = contacts.select(
        "customer_id", "channel", col("reason").cast(pl.String), second=second
    ).with_row_index("contact")
    rules = pl.DataFrame(list(_rules(switches or Switches())), RULE, orient="row")
    candidates = asked.join(rules, on=["reason", "channel"])
    acts_of_rules = candidates.join(_spans(acts, time_zone), on=["customer_id", "act", "act_scope"])
    counting = acts_of_rules.filter(_counts()).with_columns(act_ended=_end_before())
    latest = counting.sort("contact", _decided_at()).group_by("contact").last()
    every = asked.select("contact").join(latest, on="contact", how="left", maintain_order="left")
    return every.select(FOUND)


def _rules(switches: Switches) -> Iterator[tuple[str, str, str, str]]:
    """Reason, channel, and the act and scope that may stand behind it."""
    opened = consent_scopes(switches)
    for channel in CHANNELS:
        on_channel = [(reason, prohibition_scope(channel, switches)) for reason in ON_CHANNEL]
        surveys = ("market_research", research_scope(channel))
        research = [(reason, scope) for reason in ON_RESEARCH for scope in surveys]
        every = [("all_prohibitions", scope) for scope in PROHIBITIONS]
        for reason, scope in [
            *on_channel,
            *research,
            *every,
            ("marketing_prohibition", "marketing_use"),
        ]:
            yield reason, channel, "prohibition", scope
        for reason in ("consent", WITHDRAWN) if channel in opened else ():
            yield reason, channel, "consent", opened[channel]


def _spans(acts: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """The acts with their instants in seconds."""
    return acts.select(
        "customer_id",
        "act",
        act_scope="scope",
        act_given=seconds("given_at", acts.schema["given_at"], time_zone),
        act_ended=seconds("ended_at", acts.schema["ended_at"], time_zone),
        act_via="received_via",
    )


def _counts() -> pl.Expr:
    """Given by then, and in force; of a withdrawn consent, ended by then."""
    is_over = (col("act_ended") <= col("second")).fill_null(value=False)
    is_withdrawal = col("reason") == WITHDRAWN
    return (col("act_given") <= col("second")) & (is_over == is_withdrawal)


def _decided_at() -> pl.Expr:
    return pl.when(col("reason") == WITHDRAWN).then("act_ended").otherwise("act_given")


def _end_before() -> pl.Expr:
    """The end, if it was before the contact: what came later decided nothing."""
    return pl.when(col("act_ended") <= col("second")).then("act_ended")
