"""Lawfulness: how many contacts there were, and whether each was allowed when it was made.

Of 100 contacts 96 were allowed, 3 had no consent and 1 went against a prohibition: 4 % refused."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Tables
from genlib.disclosure.counting import with_rates
from genlib.disclosure.population import Population
from genlib.metrics.changes import changes
from genlib.metrics.ladders import by_channel, by_time
from genlib.metrics.messages import (
    CONTACTS,
    WHY,
    attach_campaigns,
    by_what,
    message_rates,
    read_sent,
)
from genlib.metrics.names import metric
from genlib.metrics.population import (
    LOOK_BACK,
    complete,
    count_lately,
    count_over,
    count_stepwise,
    lately,
    place_in_steps,
    tabulated,
)
from genlib.metrics.rows import Rows, case, collect, read_once
from genlib.period import Period


@metric()
def timeline(
    release: Tables, period: Period, *, campaign: str = "all", months: int | None = None
) -> Cells:
    """Contacts by month (quarter or year, as the period is) and channel; `change` since the step
    before."""
    contacts, steps, population = _dated(release, period, campaign, months)
    by = (steps, by_channel())
    changed = changes("contacts", period)
    cells = tabulated(release, contacts, by, population, *changed, measures=CONTACTS)
    return complete(cells, pl.DataFrame({period.unit: [period.start]}))


@metric()
def lawfulness(
    release: Tables, period: Period, *, campaign: str = "all", months: int | None = None
) -> Cells:
    """Contacts by month (quarter or year) and verdict as of the instant each was sent, those
    refused by their `ground`: no consent, against a prohibition, another, or `undivided`.
    `refused_rate` of contacts, its interval by person."""
    dated_contacts, steps, population = _dated(release, period, campaign, months)
    unit = period.unit
    sent_contacts = read_once(dated_contacts, "customer", unit, "ground", "verdict", "contacts")
    undivided = dict.fromkeys(("consent", "prohibition", "other ground"), "undivided")
    verdict = Dimension("ground", parents=("verdict",), ladder=(undivided,), is_subject=True)
    by = (steps, verdict)

    counted = tabulated(release, sent_contacts, by, population, measures=CONTACTS)
    cells = with_rates(
        counted,
        sent_contacts,
        lambda contacts: message_rates(contacts, unit, "verdict", "refused", "ground"),
    )
    verdicts = {"allowed": "allowed", "consent": "refused", "prohibition": "refused"}
    grounds = pl.DataFrame({"ground": [*verdicts], "verdict": [*verdicts.values()]})
    dated = complete(cells, pl.DataFrame({unit: [period.start]}))
    return complete(dated, grounds)


def _dated(
    release: Tables, period: Period, campaign: str, months: int | None
) -> tuple[Rows, Dimension, Population]:
    """The contacts of the steps of a period, the steps, and whose they are."""
    length = months or LOOK_BACK[period.length]
    every = read_sent(release, None, campaign=campaign)
    contacts = place_in_steps(every, "sent_on", period, length)
    population = count_stepwise("contacts", period, length, campaign=campaign)
    return contacts, by_time(period, length), population


@metric()
def lawfulness_lately(
    release: Tables, period: Period, *, campaign: str = "all", months: int = 12
) -> Cells:
    """Contacts of the last months, or those of one campaign, by verdict, with their `refused_rate`:
    a month may have too few that were refused to tell."""
    every = read_sent(release, None, campaign=campaign).filter(lately("sent_on", period, months))
    sent_contacts = read_once(every, "customer", "verdict", "contacts")
    population = count_lately("contacts", period, months, campaign=campaign)
    by = (Dimension("verdict", is_subject=True),)
    cells = tabulated(release, sent_contacts, by, population, measures=CONTACTS)
    return with_rates(
        cells,
        sent_contacts,
        lambda contacts: message_rates(contacts, "verdict", "verdict", "refused"),
    )


@metric(what=("channel", "campaign"))
def lawfulness_by(release: Tables, period: Period, what: str, *, campaign: str = "all") -> Cells:
    """Contacts of the period, or of one campaign, by `channel` or `campaign` and verdict, with
    their `refused_rate`."""
    named = read_sent(release, period, campaign=campaign).with_columns(campaign=nw.col("code"))
    sent_contacts = read_once(named, "customer", what, "verdict", "contacts")
    names = (attach_campaigns(release),) if what == "campaign" else ()
    by = (by_what(sent_contacts, what), Dimension("verdict", is_subject=True))
    population = _of_period(release, period, campaign)
    cells = tabulated(release, sent_contacts, by, population, *names, measures=CONTACTS)
    return with_rates(
        cells,
        sent_contacts,
        lambda contacts: message_rates(contacts, what, "verdict", "refused", among=what),
    )


@metric()
def reasons(release: Tables, period: Period, *, campaign: str = "all") -> Cells:
    """Contacts of the period, or of one campaign, by verdict and why they were refused (`why`)."""
    contacts = read_sent(release, period, campaign=campaign)
    population = _of_period(release, period, campaign)
    return tabulated(release, contacts, (WHY,), population, measures=CONTACTS)


@metric()
def handling(release: Tables, period: Period, *, campaign: str = "all") -> Cells:
    """Contacts of the period, or of one campaign, by verdict; those refused by whether the steward
    has handled them (`handling`: allowed, handled, open)."""
    groups = {"allowed": nw.col("allowed"), "handled": nw.col("followed_up")}
    sent = read_sent(release, period, campaign=campaign)
    contacts = sent.with_columns(handling=case(groups, "open"))
    by = (Dimension("handling", parents=("verdict",), is_subject=True),)
    population = _of_period(release, period, campaign)
    cells = tabulated(release, contacts, by, population, measures=CONTACTS)
    return complete(cells, pl.DataFrame({"handling": ["handled", "open"], "verdict": "refused"}))


def _of_period(release: Tables, period: Period, campaign: str) -> Population:
    """One population, so that the tables are protected together; of one campaign by the months in
    which it was sent."""
    if campaign == "all":
        return Population.of("contacts", period)
    days = collect(read_sent(release, None, campaign=campaign).select("sent_on"))
    return count_over("contacts", days["sent_on"], campaign=campaign)
