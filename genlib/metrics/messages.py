"""Messages: the contacts of campaigns as their tables count them, with what came of each and
whether it was allowed when it was made."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Dimension, Figure, Measure, Tables
from genlib.disclosure.ladder import join_smallest
from genlib.errors import UsageError
from genlib.metrics.clusters import design_effects, effects_among
from genlib.metrics.ladders import by_channel
from genlib.metrics.lookup import at, attach_columns, on_total
from genlib.metrics.names import check_campaign
from genlib.metrics.rates import Rate
from genlib.metrics.rows import Rows, case, collect, list_by_size, rows, within
from genlib.period import Period

CONTACTS = (Measure("contacts", "count"),)
"""Of the people contacted, of whom one may stand in several cells, these tables do not tell."""
OUTCOMES = ("responded", "opted out")
"""What came of a message."""
WITHOUT_CONSENT = (
    "existing_customer_off",
    "automated_call",
    "consent_withdrawn",
    "consent_missing",
)
PROHIBITED = (
    "research_objection",
    "research_prohibition",
    "satisfaction_prohibition",
    "all_prohibitions",
    "channel_prohibition",
    "marketing_prohibition",
)
OTHERWISE = (
    "incomplete",
    "unknown_person",
    "erased",
    "deceased",
    "held_back",
    "minor",
    "restricted",
    "non_disclosure",
    "left",
    "duties_rule_open",
)
WHY = Dimension(
    "why",
    parents=("verdict",),
    ladder=join_smallest((*OTHERWISE, *PROHIBITED, *WITHOUT_CONSENT)),
    is_subject=True,
)
"""Why contacts were refused; then the rarer reasons together."""


def campaign_name(release: Tables, campaign: str) -> str:
    """What one campaign is called, "all" of all; UsageError if there is none of that code."""
    check_campaign(release, campaign)
    names: dict[str, str] = dict(plan(release).select("code", "name").rows()) | {"all": "all"}
    return names[campaign]


def plan(release: Tables) -> pl.DataFrame:
    """The campaigns of a release; of those with one name, the newest has it bare and the others
    with their month."""
    campaigns = collect(rows(release, "campaign")).sort("code")
    starts_on = pl.col("starts_on")
    dated = pl.format("{} {}/{}", "name", starts_on.dt.month(), starts_on.dt.year())
    age = pl.col("code").rank("ordinal", descending=True).over("name")
    return campaigns.with_columns(name=pl.when(age > 1).then(dated).otherwise("name"))


def attach_campaigns(release: Tables) -> Figure:
    """What is known of campaigns: their names in place of their codes, their first and last days,
    and from the books and plans what they cost and which part was held out."""
    names = {f"campaign_{language}": pl.col("name") for language in ("fi", "sv", "en")}
    columns = ("starts_on", "ends_on", "cost_cents", "holdout_share")
    campaigns = plan(release).select(*columns, campaign="code", **names)
    return attach_columns("campaign", campaigns)


def read_sent(release: Tables, period: Period | None, *, campaign: str = "all") -> Rows:
    """Contacts of a period, or all of one campaign, with `verdict`, `why` it was refused and the
    `ground` of that."""
    planned = rows(release, "campaign_contact").drop("campaign_code", strict=False)
    codes = rows(release, "campaign").select("campaign", "code")
    contacts = planned.filter(nw.col("arm") == "contacted").join(codes, on="campaign")
    if campaign != "all":
        contacts = contacts.filter(nw.col("code") == campaign)
    elif period:
        contacts = contacts.filter(within("sent_on", period.start, period.end))
    return judge_contacts(contacts).with_columns(contacts=nw.lit(1))


def judge_contacts(contacts: Rows) -> Rows:
    """Reasons are told of refusals alone: why a contact was allowed helps nobody and makes small
    cells."""
    allowed = {"allowed": nw.col("allowed")}
    reason = nw.col("reason")
    ground = {"other ground": reason.is_in(OTHERWISE), "consent": reason.is_in(WITHOUT_CONSENT)}
    return contacts.with_columns(
        verdict=case(allowed, "refused"),
        why=case(allowed, reason),
        ground=case(allowed | ground, "prohibition"),
    )


def message_rates(
    contacts: Rows, by: str, dimension: str, value: str, *finer: str, among: str = ""
) -> tuple[Figure, Rate]:
    """How many of a row's contacts have the value, in a column of that name, and which part of them
    (`<value>_rate`), with an interval that knows that one person may have several. `by`: the
    column whose groups, and their total, have rates; where it is `among`, its codes are compared
    with all others."""
    name = value.replace(" ", "_")

    def count_contacts(frame: pl.DataFrame) -> pl.DataFrame:
        count = at(frame, "contacts", {**dict.fromkeys(finer), dimension: value})
        return frame.with_columns(pl.when(on_total(dimension, *finer)).then(count).alias(name))

    is_part = nw.col(dimension) == value
    find_effects = effects_among if among else design_effects
    effects = find_effects(contacts, by, is_part)
    rate = Rate(
        f"{name}_rate",
        dimension,
        (value,),
        of="contacts",
        finer=finer,
        clusters=effects,
        among=among,
    )
    return count_contacts, rate


def by_what(contacts: Rows, what: str, *, total: bool = True) -> Dimension:
    """Channels; or campaigns, then those with the fewest contacts together."""
    if what == "channel":
        return by_channel(total=total)
    ladder = join_smallest(list_by_size(contacts, "campaign"))
    return Dimension("campaign", total=total, ladder=ladder)


def outcome(contacts: Rows, what: str) -> Rows:
    """Contacts that were delivered, with `outcome`: `responded` or `no response`; `opted out` after
    it (an earlier opt-out is not of this message) or `stayed`."""
    came = {
        "responded": ~nw.col("responded_at").is_null(),
        "opted out": (nw.col("opted_out_at") >= nw.col("delivered_at")).fill_null(False),
    }
    other = {"responded": "no response", "opted out": "stayed"}
    if what not in came:
        raise UsageError(f"what is one of {', '.join(came)}")
    return contacts.filter(~nw.col("delivered_at").is_null()).with_columns(
        outcome=case({what: came[what]}, other[what])
    )
