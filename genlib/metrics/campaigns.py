"""Campaigns: whom they reached (`funnel`), what came of it, and what they changed - which only a
holdout can tell. Reports get `Cells`."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Figure, Tables
from genlib.metrics import figures, intervals
from genlib.metrics.contacts import CONTACTS, ELECTRONIC, called, merged, outcome, plan, rated
from genlib.metrics.drawn import (
    AS_ASSIGNED,
    BOUGHT,
    USUAL,
    Attribution,
    buying,
    drawn,
    population,
    purchased,
)
from genlib.metrics.figures import Share, given
from genlib.metrics.funnel import READING, STAGES, funnel, funnel_by_channel
from genlib.metrics.intervals import Estimate
from genlib.metrics.population import MONEY, tabulated
from genlib.metrics.rest import of_one_period
from genlib.period import Period

__all__ = [
    "READING",
    "STAGES",
    "Attribution",
    "funnel",
    "funnel_by_channel",
    "outcomes",
    "uplift",
    "uplift_by_campaign",
]


def uplift(
    successes: int, n: int, holdout_successes: int, holdout_n: int, *, level: float = 0.95
) -> Estimate:
    """Share among those contacted less that of the holdout, with Newcombe's interval (1998, method
    10)."""
    return intervals.difference(successes, n, holdout_successes, holdout_n, level=level)


@of_one_period
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
    `opted out` after it; `<what>_rate` of messages. By campaign also `cost_cents` (from the books)
    and `cents_each`, per message that did; no total: beside the people of `funnel` it would tell
    how few did so twice."""
    contacts = drawn(release, period, campaign).with_columns(contacts=nw.lit(1))
    told = (
        purchased(release, contacts, attribution) if what == "bought" else outcome(contacts, what)
    )
    told = merged(
        told.drop("campaign").rename({"code": "campaign"}),
        by,
        None,
        nw.col("outcome") == what,
        alike=ELECTRONIC,
    )
    costs = (called(release), partial(figures.cost_each, outcome=what)) if by == "campaign" else ()
    whose = f"messages {population(release, period, campaign)}"
    each = Dimension(by, total=by != "campaign")
    return tabulated(
        release,
        told,
        (each, Dimension("outcome")),
        whose,
        *rated("outcome", what, among=by),
        *costs,
        measures=CONTACTS,
    )


def uplift_by_campaign(
    release: Tables,
    period: Period,
    *,
    campaign: str = "all",
    months: int = 6,
    attribution: Attribution = AS_ASSIGNED,
) -> Cells:
    """One campaign, or those that began in the last months, by arm and outcome: bought or not
    within the window from the campaign's first day, one clock for both arms; `amount_cents` of
    that. As assigned: who was drawn to be contacted counts as such, reached or not. Figures on the
    campaign's row: see `figures.uplift` and `figures.worth`; none without a holdout. `ongoing`: it
    has a holdout, and its window was open when the release was made."""
    both = drawn(release, period, campaign, months)
    bought = buying(release, both, "starts_on", attribution)
    told = both.join(bought, on=["campaign", "customer"], how="left").select(
        "customer",
        "arm",
        BOUGHT.alias("outcome"),
        nw.col("amount_cents").fill_null(0),
        campaign=nw.col("code"),
    )
    by = (Dimension("campaign", total=False), Dimension("arm"), Dimension("outcome"))
    made = (
        called(release),
        Share(("outcome",)),
        figures.uplift,
        figures.worth,
        _ongoing(release, attribution),
    )
    return tabulated(
        release,
        told,
        by,
        f"{population(release, period, campaign)} {months}",
        *made,
        measures=(PEOPLE, MONEY),
    )


def _ongoing(release: Tables, attribution: Attribution) -> Figure:
    made = getattr(getattr(release, "manifest", None), "published_at", "9999")[:10]
    ends = (pl.col("starts_on") + timedelta(max(attribution.windows.values()))).dt.to_string()
    held = (pl.col("holdout_share") > 0).fill_null(False)
    return given("campaign", plan(release).select(campaign="code", ongoing=held & (ends >= made)))
