"""Campaigns: whom they reached (`funnel`), what came of it, and what they changed - which only a
holdout can tell. Reports get `Cells`."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

from genlib.arguments import check_call, refuse_others
from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Figure, Tables
from genlib.disclosure.counting import with_rates
from genlib.errors import UsageError
from genlib.metrics import gains, intervals
from genlib.metrics.drawn import (
    DELIVERED,
    USUAL,
    WINDOW,
    Attribution,
    count_drawn,
    read_buyers,
    read_drawn,
    with_purchases,
)
from genlib.metrics.funnel import READING, STAGES, funnel
from genlib.metrics.intervals import Estimate
from genlib.metrics.lookup import BASE, attach_columns
from genlib.metrics.messages import (
    CONTACTS,
    attach_campaigns,
    by_what,
    message_rates,
    outcome,
    plan,
)
from genlib.metrics.names import metric
from genlib.metrics.population import MONEY, Form, tabulated
from genlib.metrics.rates import Share
from genlib.metrics.rows import Rows, collect, read_once
from genlib.metrics.together import uplift_together
from genlib.period import Period

LOOK_BACK = 6
"""So many months of campaigns are held against their holdouts: those of one month are few."""

__all__ = [
    "READING",
    "STAGES",
    "Attribution",
    "funnel",
    "outcomes",
    "uplift",
    "uplift_by_campaign",
    "uplift_together",
]

if not TYPE_CHECKING:  # else mypy would take any name for one of this module
    __getattr__ = refuse_others(__name__)


@check_call
def uplift(
    successes: int, n: int, holdout_successes: int, holdout_n: int, *, level: float = 0.95
) -> Estimate:
    """Share among those contacted less that of the holdout, with Newcombe's interval (1998, method
    10)."""
    return intervals.difference(successes, n, holdout_successes, holdout_n, level=level)


@metric(by=("channel", "campaign"), what=("responded", "bought", "opted out"))
def outcomes(  # noqa: PLR0913 - what, of which, by what
    release: Tables,
    period: Period,
    what: str,
    *,
    by: str = "channel",
    campaign: str = "all",
    attribution: Attribution = USUAL,
) -> Cells:
    """Delivered messages of one campaign, or of those that began in the period, by `channel` or
    `campaign` and whether the receiver `responded`, `bought` within the window of the channel, or
    `opted out` after it; `<what>_rate` of messages, with an interval that knows that one person may
    have several. All delivered messages count, allowed or not. By campaign also `cost_cents` (from
    the books) and `cents_each`, per message that did; no total: beside the people of `funnel` it
    would tell how few did so twice."""
    if not isinstance(attribution, Attribution):
        raise UsageError("attribution is a genlib.campaigns.Attribution(email=5, ...)")
    contacts = read_drawn(release, period, campaign).with_columns(contacts=nw.lit(1))
    messages = _messages(release, contacts, what, attribution)
    renamed = messages.drop("campaign").rename({"code": "campaign"})
    named = read_once(renamed, "customer", by, "outcome", "contacts")
    dimensions = (
        by_what(named, by, total=by != "campaign"),
        Dimension("outcome", is_subject=True),
    )
    population = count_drawn("messages", release, period, campaign)
    costs = (
        (attach_campaigns(release), partial(gains.cost_each, outcome=what))
        if by == "campaign"
        else ()
    )
    cells = tabulated(release, named, dimensions, population, *costs, measures=CONTACTS)
    return with_rates(
        cells,
        named,
        lambda messages: message_rates(messages, by, "outcome", what, among=by),
    )


def _messages(release: Tables, contacts: Rows, what: str, attribution: Attribution) -> Rows:
    """Delivered messages with their `outcome`."""
    if what != "bought":
        return outcome(contacts, what)
    return with_purchases(release, contacts.filter(DELIVERED), attribution)


@metric()
def uplift_by_campaign(
    release: Tables,
    period: Period,
    *,
    campaign: str = "all",
    months: int | None = None,
    days: int = WINDOW,
) -> Cells:
    """One campaign, or those that began in the last months (six, or a year of its own; 0: in the
    period), by arm and outcome: bought or not from the first day of the campaign until so many days
    after its last message, the same days for both arms; `amount_cents` of that.

    As assigned: everyone in the plan counts once, in the arm that it gives, whatever became of the
    contact. Figures on the campaign's row: see `gains.uplift` and `gains.Worth`; none without a
    holdout. `ongoing`: it has a holdout, and its window was open when the release was made."""
    if months is None:
        months = 0 if period.unit == "year" else LOOK_BACK
    contacts = read_drawn(release, period, campaign, months)
    described = read_buyers(release, contacts, days).with_columns(campaign=nw.col("code"))
    buyers = read_once(described, "customer", "arm", "outcome", "amount_cents", "campaign")
    by = (
        Dimension("campaign", total=False, is_page=True),
        Dimension("arm"),
        Dimension("outcome", is_subject=True),
    )
    return tabulated(
        release,
        buyers,
        by,
        count_drawn(f"drawn {months}", release, period, campaign),
        attach_campaigns(release),
        Share(("outcome",)),
        gains.uplift,
        gains.Worth(spend_spreads(buyers)),
        _ongoing(release, contacts, days),
        measures=(PEOPLE, MONEY),
        form=Form(has_steps=False, apart="campaign"),
    )


def spend_spreads(people: Rows) -> pl.DataFrame:
    """By campaign, how unlike its buyers of both arms spend: the `spread`, the root mean square of
    their money divided by its mean. Told of ten buyers or more, in tenths, rounded up, so that it
    tells nothing of a single one.

    Example: nine buyers spent 10 euros and one 100: √(1,090) / 19 = 1.74, told as 1.8."""
    money = nw.col("amount_cents").cast(nw.Float64)
    sums = (
        people.filter(nw.col("amount_cents") > 0)
        .group_by("campaign")
        .agg(
            nw.len().cast(nw.Int64).alias("buyers"),
            money.sum().alias("cents"),
            (money * money).sum().alias("squares"),
        )
    )
    enough = collect(sums).filter(pl.col("buyers") >= BASE)
    spread = (pl.col("squares") * pl.col("buyers")).sqrt() / pl.col("cents")
    return enough.select("campaign", spread=(spread * 10 - 1e-6).ceil() / 10).sort("campaign")


def _ongoing(release: Tables, contacts: Rows, days: int) -> Figure:
    manifest = getattr(release, "manifest", None)
    published_on = manifest.published_on if manifest else date.max
    last = contacts.group_by("code").agg(nw.col("sent_on").max().alias("last_on"))
    listed = plan(release).join(collect(last), on="code", how="left")
    ends = pl.max_horizontal("starts_on", "last_on") + timedelta(days)
    is_open = pl.max_horizontal(ends, "ends_on") >= published_on
    has_holdout = (pl.col("holdout_share") > 0).fill_null(False)
    return attach_columns("campaign", listed.select(campaign="code", ongoing=has_holdout & is_open))
