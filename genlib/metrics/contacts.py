"""Contacts: how many, whether each was allowed when it was made, how often the same people, and
whom we could reach now. Gives `Cells`."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Figure, Measure, Tables
from genlib.disclosure.counting import recountable
from genlib.disclosure.ladder import join_smallest
from genlib.disclosure.population import Population
from genlib.errors import UsageError
from genlib.metrics.changes import changes
from genlib.metrics.clusters import design_effects, effects_of_others
from genlib.metrics.ladders import at_least, by_campaign, by_channel, by_number, by_time
from genlib.metrics.lookup import at, attach_columns, on_total, over, with_figures
from genlib.metrics.names import check_campaign, metric
from genlib.metrics.population import (
    LOOK_BACK,
    STEPS,
    Form,
    check_covered,
    complete,
    count_at,
    count_over,
    count_stepwise,
    stepwise,
    tabulated,
)
from genlib.metrics.rates import Rate, Share
from genlib.metrics.rows import Rows, banded, beginning, case, collect, rows, within
from genlib.period import Period
from genlib.permission.rule import KINDS as MESSAGES

CONTACTS = (Measure("contacts", "count"),)
"""Of the people contacted, of whom one may stand in several cells, these tables do not tell."""
OUTCOMES = ("responded", "opted out")
"""What came of a message."""
CAPS = range(1, 5)
"""What the cap of contacts in 30 days may be."""
MOST = 5
"""So many contacts of one person, or more, are one band."""

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
    listed = collect(rows(release, "campaign")).sort("code")
    dated = pl.format(
        "{} {}/{}", "name", pl.col("starts_on").dt.month(), pl.col("starts_on").dt.year()
    )
    return listed.with_columns(
        name=pl.when(pl.col("code").rank("ordinal", descending=True).over("name") > 1)
        .then(dated)
        .otherwise("name")
    )


def called(release: Tables) -> Figure:
    """What is known of campaigns: their names in place of their codes, their first and last days,
    and from the books and plans what they cost and which part was held out."""
    names = {f"campaign_{language}": pl.col("name") for language in ("fi", "sv", "en")}
    return attach_columns(
        "campaign",
        plan(release).select(
            "starts_on", "ends_on", "cost_cents", "holdout_share", campaign="code", **names
        ),
    )


def sent(release: Tables, period: Period | None, *, campaign: str = "all") -> Rows:
    """Contacts of a period, or all of one campaign, with `verdict`, `why` it was refused and the
    `ground` of that."""
    told = (
        rows(release, "campaign_contact")
        .filter(nw.col("arm") == "contacted")
        .drop("campaign_code", strict=False)
    )
    told = told.join(rows(release, "campaign").select("campaign", "code"), on="campaign")
    if campaign != "all":
        told = told.filter(nw.col("code") == campaign)
    elif period:
        told = told.filter(within("sent_on", period.start, period.end))
    return judged(told).with_columns(contacts=nw.lit(1))


def judged(contacts: Rows) -> Rows:
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


@metric()
def timeline(
    release: Tables, period: Period, *, campaign: str = "all", months: int | None = None
) -> Cells:
    """Contacts by month (quarter or year, as the period is) and channel; `change` since the step
    before."""
    told, population = _dated(release, period, campaign, months)
    by = (by_time(period, months or LOOK_BACK[period.length]), by_channel())
    cells = tabulated(
        release, told, by, population, *changes("contacts", period), measures=CONTACTS
    )
    return complete(cells, pl.DataFrame({period.unit: [period.start]}))


@metric()
def lawfulness(
    release: Tables, period: Period, *, campaign: str = "all", months: int | None = None
) -> Cells:
    """Contacts by month (quarter or year) and verdict as of the instant each was sent, those
    refused by their `ground`: no consent, against a prohibition, another, or `undivided`.
    `refused_rate` of contacts, its interval by person."""
    told, population = _dated(release, period, campaign, months)
    unit = period.unit
    undivided = dict.fromkeys(("consent", "prohibition", "other ground"), "undivided")
    verdict = Dimension("ground", parents=("verdict",), ladder=(undivided,), is_subject=True)
    by = (by_time(period, months or LOOK_BACK[period.length]), verdict)

    def count(contacts: Rows) -> Cells:
        rates = message_rates(contacts, unit, "verdict", "refused", "ground")
        return tabulated(release, contacts, by, population, *rates, measures=CONTACTS)

    cells = recountable(told, by, count)
    grounds = pl.DataFrame(
        {
            "ground": ["allowed", "consent", "prohibition"],
            "verdict": ["allowed", "refused", "refused"],
        }
    )
    return complete(complete(cells, pl.DataFrame({unit: [period.start]})), grounds)


def message_rates(
    told: Rows, by: str, dimension: str, value: str, *finer: str, among: str = ""
) -> tuple[Figure, Rate]:
    """How many of a row's contacts have the value, in a column of that name, and which part of them
    (`<value>_rate`), with an interval that knows that one person may have several. `by`: the
    column whose groups, and their total, have rates; where it is `among`, its codes are compared
    with all others."""
    name = value.replace(" ", "_")

    def count_contacts(frame: pl.DataFrame) -> pl.DataFrame:
        count = over(frame, "contacts", dimension, (value,), finer)
        return frame.with_columns(pl.when(on_total(dimension, *finer)).then(count).alias(name))

    is_part = nw.col(dimension) == value
    effects = design_effects(told, by, is_part)
    if among:
        others = effects_of_others(told, by, is_part)
        effects = effects.join(others, on=by, how="left", nulls_equal=True, maintain_order="left")
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


def _dated(
    release: Tables, period: Period, campaign: str, months: int | None
) -> tuple[Rows, Population]:
    length = months or LOOK_BACK[period.length]
    told = sent(release, None, campaign=campaign).filter(stepwise("sent_on", period, length))
    dated = told.with_columns(beginning("sent_on", period.unit).alias(period.unit))
    return dated, count_stepwise("contacts", period, length, campaign=campaign)


@metric(what=("channel", "campaign"))
def lawfulness_by(release: Tables, period: Period, what: str, *, campaign: str = "all") -> Cells:
    """Contacts of the period, or of one campaign, by `channel` or `campaign` and verdict, with
    their `refused_rate`."""
    told = sent(release, period, campaign=campaign).with_columns(campaign=nw.col("code"))
    names = (called(release),) if what == "campaign" else ()
    by = (by_what(told, what), Dimension("verdict", is_subject=True))
    population = _of_period(release, period, campaign)

    def count(contacts: Rows) -> Cells:
        rates = message_rates(contacts, what, "verdict", "refused", among=what)
        return tabulated(release, contacts, by, population, *rates, *names, measures=CONTACTS)

    return recountable(told, by, count)


def by_what(contacts: Rows, what: str, *, total: bool = True) -> Dimension:
    """Channels, or campaigns from the one with the fewest contacts on."""
    if what == "channel":
        return by_channel(total=total)
    sizes = collect(contacts.group_by("campaign").agg(nw.len().alias("n"))).sort("n", "campaign")
    return by_campaign(sizes["campaign"].to_list(), total=total)


@metric()
def reasons(release: Tables, period: Period, *, campaign: str = "all") -> Cells:
    """Contacts of the period, or of one campaign, by verdict and why they were refused (`why`)."""
    told = sent(release, period, campaign=campaign)
    by = (WHY,)
    return tabulated(release, told, by, _of_period(release, period, campaign), measures=CONTACTS)


@metric()
def handling(release: Tables, period: Period, *, campaign: str = "all") -> Cells:
    """Contacts of the period, or of one campaign, by verdict; those refused by whether the steward
    has handled them (`handling`: allowed, handled, open)."""
    groups = {"allowed": nw.col("allowed"), "handled": nw.col("followed_up")}
    told = sent(release, period, campaign=campaign).with_columns(handling=case(groups, "open"))
    by = (Dimension("handling", parents=("verdict",), is_subject=True),)
    population = _of_period(release, period, campaign)
    cells = tabulated(release, told, by, population, measures=CONTACTS)
    return complete(cells, pl.DataFrame({"handling": ["handled", "open"], "verdict": "refused"}))


def _of_period(release: Tables, period: Period, campaign: str) -> Population:
    """One population, so that the tables are protected together; of one campaign by the months in
    which it was sent."""
    if campaign == "all":
        return Population.of("contacts", period)
    days = collect(sent(release, None, campaign=campaign).select("sent_on"))
    return count_over("contacts", days["sent_on"], campaign=campaign)


@metric()
def pressure(release: Tables, period: Period, *, campaign: str = "all", cap: int = 3) -> Cells:
    """Those contacted in the last 90 days of the period, by the number of contacts in its last 7,
    30 and 90 days, and the `messages` that they got; `contacts_each` of those who got any;
    `over_rate`: the part with more than `cap` (1 to 4),
    where the bands can tell. Of one campaign: those it contacted."""
    if cap not in CAPS:
        raise UsageError("the cap of contacts is 1, 2, 3 or 4")
    told = nw.concat([_frequency(release, period, days, campaign) for days in (7, 30, 90)])
    by = (Dimension("days", total=False), by_number("contacts", most=MOST, least=0))
    population = count_at("contacted", period.end, campaign=campaign)
    figures = (Share(("contacts",)), partial(_over, cap=cap), _contacts_each)
    measures = (PEOPLE, Measure("messages", "count"))
    return tabulated(release, told, by, population, *figures, measures=measures)


def _over(frame: pl.DataFrame, *, cap: int) -> pl.DataFrame:
    """The part above the cap; nothing where the band that the cap lies in reaches beyond it."""
    rated = Rate("over_rate", "contacts", at_least(frame, "contacts", cap + 1))(frame)
    unclear = frame.filter(pl.col("contacts").is_in([f"{n}+" for n in range(1, cap + 1)]))["days"]
    return rated.with_columns(
        pl.when(~pl.col("days").is_in(unclear.implode()))
        .then(f"over_rate{end}")
        .alias(f"over_rate{end}")
        for end in ("", "_low", "_high")
    )


def _contacts_each(frame: pl.DataFrame) -> pl.DataFrame:
    """How many contacts each of those got who got any."""
    everybody, nobody, messages = frame.select(
        at(frame, "people", {"contacts": None}).alias("people"),
        at(frame, "people", {"contacts": "0"}).alias("without"),
        at(frame, "messages", {"contacts": None}),
    )
    contacted = everybody - nobody
    mean = {"contacts_each": messages / contacted}
    return with_figures(frame, on_total("contacts"), contacted, mean)


def _frequency(release: Tables, period: Period, days: int, campaign: str) -> Rows:
    counted = (
        _lately(release, period, days, campaign)
        .group_by("customer")
        .agg(nw.len().cast(nw.Int64).alias("n"))
    )
    everyone = (
        _lately(release, period, 90, campaign)
        .select("customer")
        .unique()
        .join(counted, on="customer", how="left")
    )
    everyone = everyone.with_columns(n=nw.col("n").fill_null(0))
    return everyone.select(
        "customer", days=nw.lit(days), contacts=banded(nw.col("n"), _bands(0)), messages="n"
    )


def _lately(release: Tables, period: Period, days: int, campaign: str = "all") -> Rows:
    """Contacts of the last days of the period; of the people of one campaign, also those of
    others."""
    check_covered(release, period)
    told = sent(release, None).filter(
        within("sent_on", period.end - timedelta(days=days), period.end)
    )
    theirs = sent(release, None, campaign=campaign).select("customer").unique()
    return told if campaign == "all" else told.join(theirs, on="customer", how="semi")


@metric()
def pressure_by_channel(release: Tables, period: Period, *, campaign: str = "all") -> Cells:
    """Contacts of the last 7, 30 and 90 days by channel."""
    told = nw.concat(
        [
            _lately(release, period, days, campaign).select(
                "customer", "channel", "contacts", days=nw.lit(days)
            )
            for days in (7, 30, 90)
        ]
    )
    by = (Dimension("days", total=False, ladder=({7: None}, {7: None, 30: None})), by_channel())
    population = count_at("contacts by days", period.end, campaign=campaign)
    share = Share(("channel",), of="contacts")
    cells = tabulated(release, told, by, population, share, measures=CONTACTS)
    return complete(
        cells, pl.DataFrame({"days": [7, 30, 90]}, schema={"days": cells.frame.schema["days"]})
    )


@metric(what=OUTCOMES)
def dose(release: Tables, period: Period, what: str, *, campaign: str = "all") -> Cells:
    """Messages delivered in the last 90 days, by how many their receiver got and whether it was
    `responded` to or the receiver `opted out` after it; `<what>_rate` of messages."""
    told = outcome(_lately(release, period, 90, campaign), what)
    told = told.join(
        told.group_by("customer").agg(nw.len().cast(nw.Int64).alias("n")), on="customer"
    )
    told = told.with_columns(dose=banded(nw.col("n"), _bands(1)))
    by = (by_number("dose", most=MOST), Dimension("outcome", is_subject=True))
    population = count_at("delivered in 90 days", period.end, campaign=campaign)

    def count(messages: Rows) -> Cells:
        _, rate = message_rates(messages, "dose", "outcome", what)
        return tabulated(release, messages, by, population, rate, measures=CONTACTS)

    return recountable(told, by, count)


def _bands(least: int) -> dict[str, int]:
    """Numbers from `least` on, and so many or more."""
    return {f"{MOST}+": MOST} | {str(n): n for n in range(MOST - 1, least - 1, -1)}


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


@metric()
def reach(release: Tables, period: Period) -> Cells:
    """Everyone, by channel, kind of message and whether we may contact them so at the release;
    `reachable` of all."""
    return _reach(release, judged(rows(release, "reach")), Dimension("verdict"))


@metric(kind=MESSAGES)
def reach_reasons(release: Tables, period: Period, *, kind: str = "DM") -> Cells:
    """Everyone, by channel and why we may not send them this kind of message (`why`); `share` of
    all."""
    told = judged(rows(release, "reach").filter(nw.col("kind") == kind))
    return _reach(release, told, WHY)


def _reach(release: Tables, told: Rows, verdict: Dimension) -> Cells:
    by = (Dimension("channel", total=False), Dimension("kind", total=False), verdict)
    rate = Rate(
        "reachable",
        "verdict",
        ("allowed",),
        finer=tuple(name for name in verdict.columns if name != "verdict"),
    )
    form = STEPS if verdict.ladder else Form(has_steps=False, apart="kind")
    figures = (Share(verdict.columns), rate)
    return tabulated(release, told, by, Population("reach"), *figures, form=form)
