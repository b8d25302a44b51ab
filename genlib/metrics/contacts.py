"""Contacts: how many, whether each was allowed when it was made, how often the same people, and
whom we could reach now. Gives `Cells`.

Groups too small to be shown are merged here, before the tables are protected, so that a table reads
without holes.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Figure, Measure, Tables
from genlib.disclosure.population import Population
from genlib.errors import UsageError
from genlib.metrics.clusters import design_effects, effects_of_others
from genlib.metrics.figures import Mean, Rate, Share, changes, given, on_total, over
from genlib.metrics.population import (
    LOOK_BACK,
    OVERLAPPING,
    check_covered,
    complete,
    count_at,
    count_over,
    count_stepwise,
    stepwise,
    tabulated,
)
from genlib.metrics.rest import looking_back, of_one_period
from genlib.metrics.rows import Rows, banded, beginning, case, collect, rows, within
from genlib.period import Period

CONTACTS = (Measure("contacts", "count"),)
"""Of the people contacted, of whom one may stand in several cells, these tables do not tell."""
LEAST = 5
"""Fewer people are merged with others; the threshold of door 2 may be higher, never lower than 3.
"""

ELECTRONIC = ("email", "sms")
"""Channels that need a consent (917/2014, section 200)."""
WITHOUT_CONSENT = (
    "consent_missing",
    "consent_withdrawn",
    "automated_call",
    "existing_customer_off",
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


def campaign_name(release: Tables, campaign: str) -> str:
    """What one campaign is called, "all" of all; UsageError if there is none of that code."""
    names: dict[str, str] = dict(plan(release).select("code", "name").rows()) | {"all": "all"}
    if campaign not in names:
        raise UsageError("this release has no campaign of that code; see release['campaign']")
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
    return given(
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


def merged(told: Rows, column: str, *parts: nw.Expr | None, alike: tuple[str, ...] = ()) -> Rows:
    """The values of a column with one to four people in the `parts` that a table tells of (None:
    all), one part after the other, together with the next smallest; first those `alike` and those
    that are not among themselves, so that tables which tell of both differ by no few people. Their
    name says what they hold: "others+post+sms"."""
    for part in parts:
        for kin in (True, False, None) if alike else (None,):
            told = _merged(told, column, part, alike, kin)
    return told


def _merged(
    told: Rows, column: str, part: nw.Expr | None, alike: tuple[str, ...], kin: bool | None
) -> Rows:
    """The small ones together, of those that are `alike`, that are not, or of all (None)."""
    counted = told if part is None else told.filter(part)
    people = collect(counted.group_by(column).agg(nw.col("customer").n_unique().alias("n"))).sort(
        "n", column
    )
    people = people.filter(_of(people[column], alike, kin))
    if not (people["n"] < LEAST).any():
        return told
    few = people.filter((pl.col("n").cum_sum() - pl.col("n") < LEAST) | (pl.col("n") < LEAST))[
        column
    ]
    codes = collect(told.select(column).unique())[column]
    small = {*few, *codes.filter(codes.str.starts_with("others+") & _of(codes, alike, kin))}
    return _together(told, column, small) if len(small) > 1 else told


def _of(codes: pl.Series, alike: tuple[str, ...], kin: bool | None) -> pl.Series:
    return pl.Series([kin in (None, _within(code, alike)) for code in codes], dtype=pl.Boolean)


def _within(code: str, alike: tuple[str, ...]) -> bool | None:
    """Whether all, or none, that is put together there is alike."""
    parts = {part in alike for part in _held(code)}
    return parts.pop() if len(parts) == 1 else None


def _held(code: str) -> list[str]:
    return code.removeprefix("others+").split("+")


def _together(told: Rows, column: str, codes: set[str]) -> Rows:
    held = {part for code in codes for part in _held(code)}
    name = "+".join(["others", *sorted(held)])
    return told.with_columns(
        nw.when(nw.col(column).is_in(sorted(codes)))
        .then(nw.lit(name))
        .otherwise(nw.col(column))
        .alias(column)
    )


@looking_back
def timeline(
    release: Tables, period: Period, *, campaign: str = "all", months: int | None = None
) -> Cells:
    """Contacts by month (quarter or year, as the period is) and channel; `change` since the step
    before."""
    told, population = _dated(release, period, campaign, months)
    by = (Dimension(period.unit, total=False), Dimension("channel"))
    cells = tabulated(
        release, told, by, population, *changes("contacts", period), measures=CONTACTS
    )
    return complete(cells, pl.DataFrame({period.unit: [period.start]}))


@looking_back
def lawfulness(
    release: Tables, period: Period, *, campaign: str = "all", months: int | None = None
) -> Cells:
    """Contacts by month (quarter or year) and verdict as of the instant each was sent, those
    refused by their `ground`: no consent, against a prohibition, or `undivided` where a part would
    be too small. `refused_rate` of contacts, its interval by person."""
    told, population = _dated(release, period, campaign, months)
    unit = period.unit
    refused = nw.col("verdict") == "refused"
    counts = collect(
        told.filter(refused).group_by(unit, "ground").agg(nw.col("customer").n_unique().alias("n"))
    )
    small = counts.filter(pl.col("n") < LEAST)[unit].unique().to_list()
    told = told.with_columns(
        ground=case({"undivided": refused & nw.col(unit).is_in(small)}, nw.col("ground"))
    )
    by = (Dimension(unit, total=False), Dimension("ground", parents=("verdict",)))
    rates = message_rates(told, unit, "verdict", "refused", "ground")
    cells = tabulated(release, told, by, population, *rates, measures=CONTACTS)
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


@of_one_period
def lawfulness_by(release: Tables, period: Period, what: str, *, campaign: str = "all") -> Cells:
    """Contacts of the period, or of one campaign, by `channel` or `campaign` and verdict, with
    their `refused_rate`."""
    told = sent(release, period, campaign=campaign).with_columns(campaign=nw.col("code"))
    told = merged(told, what, None, nw.col("verdict") == "refused", alike=ELECTRONIC)
    names = (called(release),) if what == "campaign" else ()
    by = (Dimension(what), Dimension("verdict"))
    return tabulated(
        release,
        told,
        by,
        _of_period(release, period, campaign),
        *message_rates(told, what, "verdict", "refused", among=what),
        *names,
        measures=CONTACTS,
    )


@of_one_period
def reasons(release: Tables, period: Period, *, campaign: str = "all") -> Cells:
    """Contacts of the period, or of one campaign, by verdict and why they were refused (`why`)."""
    told = merged(
        sent(release, period, campaign=campaign),
        "why",
        nw.col("verdict") == "refused",
        alike=WITHOUT_CONSENT,
    )
    by = (Dimension("why", parents=("verdict",)),)
    return tabulated(release, told, by, _of_period(release, period, campaign), measures=CONTACTS)


def _of_period(release: Tables, period: Period, campaign: str) -> Population:
    """One population, so that the tables are protected together; of one campaign by the months in
    which it was sent."""
    if campaign == "all":
        return Population.of("contacts", period)
    days = collect(sent(release, None, campaign=campaign).select("sent_on"))
    return count_over("contacts", days["sent_on"], campaign=campaign)


def pressure(release: Tables, period: Period, *, campaign: str = "all", cap: int = 3) -> Cells:
    """Those contacted in the last 90 days of the period, by the number of contacts in its last 7,
    30 and 90 days, the rarest bands merged; `over_rate`: the part with more than `cap` (1 to 4),
    where the bands can tell. Of one campaign: those it contacted."""
    if cap not in range(1, 5):
        raise UsageError("the cap of contacts is 1, 2, 3 or 4")
    told = nw.concat([_frequency(release, period, days, campaign) for days in (7, 30, 90)])
    by = (Dimension("days", total=False), Dimension("contacts"))
    population = count_at("contacted", period.end, campaign=campaign)
    return tabulated(release, told, by, population, Share(("contacts",)), partial(_over, cap=cap))


def _over(frame: pl.DataFrame, *, cap: int) -> pl.DataFrame:
    """The part above the cap; nothing where the band that the cap lies in reaches beyond it."""
    rated = Rate(
        "over_rate",
        "contacts",
        tuple(f"{n}{more}" for n in range(cap + 1, 6) for more in ("", "+")),
    )(frame)
    unclear = frame.filter(pl.col("contacts").is_in([f"{n}+" for n in range(1, cap + 1)]))["days"]
    return rated.with_columns(
        pl.when(~pl.col("days").is_in(unclear.implode()))
        .then(f"over_rate{end}")
        .alias(f"over_rate{end}")
        for end in ("", "_low", "_high")
    )


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
    return everyone.select("customer", days=nw.lit(days), contacts=_banded(everyone, start=0))


def _banded(told: Rows, *, start: int, outcome: str = "") -> nw.Expr:
    """Column `n` as 0, 1, 2, 3, 4, 5+; the last band begins where all have enough people (with this
    `outcome`, if one is named)."""
    count = nw.when(nw.col("n") > 5).then(nw.lit(5)).otherwise(nw.col("n"))
    wanted = told.filter(nw.col("outcome") == outcome) if outcome else told
    people = dict(
        collect(
            wanted.with_columns(n=count)
            .group_by("n")
            .agg(nw.col("customer").n_unique().alias("people"))
        ).rows()
    )
    highest = next((top for top in range(5, start, -1) if _thick(people, start, top)), start + 1)
    return banded(
        nw.col("n"),
        {f"{highest}+": highest} | {str(n): n for n in range(highest - 1, start - 1, -1)},
    )


def _thick(people: dict[int, int], start: int, top: int) -> bool:
    bands = [people.get(n, 0) for n in range(start, top)] + [
        sum(count for n, count in people.items() if n >= top)
    ]
    return not any(0 < count < LEAST for count in bands)


def _lately(release: Tables, period: Period, days: int, campaign: str = "all") -> Rows:
    """Contacts of the last days of the period; of the people of one campaign, also those of
    others."""
    check_covered(release, period)
    told = sent(release, None).filter(
        within("sent_on", period.end - timedelta(days=days), period.end)
    )
    theirs = sent(release, None, campaign=campaign).select("customer").unique()
    return told if campaign == "all" else told.join(theirs, on="customer", how="semi")


def pressure_by_channel(release: Tables, period: Period, *, campaign: str = "all") -> Cells:
    """Contacts of the last 7, 30 and 90 days by channel, and how many each of the contacted got
    (`contacts_each`)."""
    told = nw.concat(
        [
            _lately(release, period, days, campaign).select(
                "customer", "channel", "contacts", days=nw.lit(days)
            )
            for days in (7, 30, 90)
        ]
    )
    by = (Dimension("days", total=False), Dimension("channel"))
    population = count_at("contacts by days", period.end, campaign=campaign)
    cells = tabulated(
        release,
        told,
        by,
        population,
        Mean("contacts_each", "contacts"),
        measures=(OVERLAPPING, *CONTACTS),
    )
    return complete(
        cells, pl.DataFrame({"days": [7, 30, 90]}, schema={"days": cells.frame.schema["days"]})
    )


def dose(release: Tables, period: Period, what: str, *, campaign: str = "all") -> Cells:
    """Messages delivered in the last 90 days, by how many their receiver got and whether it was
    `responded` to or the receiver `opted out` after it; `<what>_rate` of messages. Doses too rare
    to be shown are merged with the one below."""
    told = outcome(_lately(release, period, 90, campaign), what)
    told = told.join(
        told.group_by("customer").agg(nw.len().cast(nw.Int64).alias("n")), on="customer"
    )
    told = told.with_columns(dose=_banded(told, start=1, outcome=what))
    by = (Dimension("dose"), Dimension("outcome"))
    population = count_at("delivered in 90 days", period.end, campaign=campaign)
    _, rate = message_rates(told, "dose", "outcome", what)
    return tabulated(release, told, by, population, rate, measures=CONTACTS)


def outcome(contacts: Rows, what: str) -> Rows:
    """Contacts that were delivered, with `outcome`: `responded` or `no response`; `opted out` after
    it (an earlier opt-out is not of this message) or `stayed`."""
    came = {
        "responded": ~nw.col("responded_at").is_null(),
        "opted out": (nw.col("opted_out_at") >= nw.col("delivered_at")).fill_null(False),
    }
    other = {"responded": "no response", "opted out": "stayed"}
    if what not in came:
        raise UsageError(f"what came of a message is one of {', '.join(came)}")
    return contacts.filter(~nw.col("delivered_at").is_null()).with_columns(
        outcome=case({what: came[what]}, other[what])
    )


def reach(release: Tables, period: Period) -> Cells:
    """Everyone, by channel, kind of message and whether we may contact them so at the release;
    `reachable` of all."""
    return _reach(release, judged(rows(release, "reach")), Dimension("verdict"))


def reach_reasons(release: Tables, period: Period, *, kind: str = "DM") -> Cells:
    """Everyone, by channel and why we may not send them this kind of message (`why`); `share` of
    all."""
    told = merged(
        judged(rows(release, "reach").filter(nw.col("kind") == kind)),
        "why",
        ~nw.col("allowed"),
        alike=WITHOUT_CONSENT,
    )
    return _reach(release, told, Dimension("why", parents=("verdict",)))


def _reach(release: Tables, told: Rows, verdict: Dimension) -> Cells:
    by = (Dimension("channel", total=False), Dimension("kind", total=False), verdict)
    rate = Rate(
        "reachable",
        "verdict",
        ("allowed",),
        finer=tuple(name for name in verdict.columns if name != "verdict"),
    )
    return tabulated(release, told, by, Population("reach"), Share(verdict.columns), rate)
