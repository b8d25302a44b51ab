"""Small registers at the edges: nobody, one person, all alike, nothing in the period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from small import LONG_AGO, Small

from genlib.disclosure.cells import Cells
from genlib.metrics import campaigns, contacts, customers, funnel, satisfaction
from genlib.period import Period
from genlib.release import Release

Row = dict[str, Any]
Fill = Callable[[Small], object]
Count = Callable[[Release, Period], Cells | dict[str, Cells]]
SENT = dt.datetime(2026, 10, 6, 7, tzinfo=dt.UTC)
A_YEAR = dt.timedelta(days=365)


def invite(customer: int, score: int | None, **other: Any) -> Row:
    """An invitation of the wave of October, with a score from 0 to 10 if it was answered."""
    answered = None if score is None else SENT + dt.timedelta(days=2)
    asked = {"id": customer, "survey_id": 1, "customer_id": customer, "channel": "email"}
    return {**asked, "sent_at": SENT, "delivered": True, "responded_at": answered, **other}


def write_to(customer: int, arm: str, sent: dt.datetime = SENT, **other: Any) -> Row:
    """A contact by e-mail of the campaign of October, delivered if it was sent."""
    there = {"id": customer, "campaign_id": 1, "customer_id": customer, "arm": arm}
    when = sent if arm == "contacted" else None
    return {
        **there,
        "channel": "email",
        "sent_at": when,
        "delivered_at": when,
        "bounced": False,
        **other,
    }


def bill(number: int, customer: int, day: dt.date, cents: int, line: str = "filter") -> Row:
    """An invoice, due in two weeks."""
    dates = {"issued_on": day, "due_on": day + dt.timedelta(days=14)}
    return {
        "id": number,
        "customer_id": customer,
        "amount_cents": cents,
        "product_line": line,
        **dates,
    }


def add_campaign(small: Small, count: int, *, sent: dt.datetime = SENT, **other: Any) -> None:
    """One campaign of the last third of October: two of three are written to."""
    start = sent.date()
    dates = {"starts_on": start, "ends_on": start + dt.timedelta(days=20)}
    named = {"id": 1, "code": "FILTER", "name": "Suodatin", "kind": "CC"}
    small.add("campaign", {**named, **dates, "holdout_share": 0.33, "cost_cents": 5000, **other})
    arms = ["contacted", "contacted", "holdout"]
    rows = [write_to(person, arms[person % 3], sent) for person in range(1, count + 1)]
    small.add("campaign_contact", *rows)


def add_survey(small: Small, scores: list[int | None], **other: Any) -> None:
    """One survey of October with a recommendation and two statements."""
    survey = {"id": 1, "code": "2026-10", "name": "Syksy", "kind": "satisfaction"}
    opened = {
        "promise": "confidential",
        "opened_on": SENT.date(),
        "closed_on": dt.date(2026, 10, 27),
    }
    small.add("survey", {**survey, **opened, **other})
    scales = {
        "nps": "nps_0_10",
        "product": "likert_1_5",
        "service": "likert_1_5",
        "effort": "ces_1_7",
    }
    questions = [
        {"id": place, "survey_id": 1, "code": code, "scale": scale, "text_fi": f"Väite {place}"}
        for place, (code, scale) in enumerate(scales.items(), start=1)
    ]
    small.add("survey_question", *questions)
    people = range(1, len(scores) + 1)
    small.add("survey_invitation", *(invite(p, s) for p, s in zip(people, scores, strict=True)))
    answers = [
        {"invitation_id": person, "question_id": question, "score": given}
        for person, score in zip(people, scores, strict=True)
        if score is not None
        for question, given in (
            (1, score),
            (2, 1 + score // 3),
            (3, 1 + score // 3),
            (4, 1 + score // 2),
        )
    ]
    if answers:
        small.add("survey_answer", *answers)


def add_bills(small: Small, count: int, *, cents: int = 4900, years: int = 2) -> None:
    """For each person one invoice a year, the last of them in October."""
    days = [dt.date(2026 - back, 10, 12) for back in range(years)]
    rows = [
        bill(person * 10 + back, person, day, cents)
        for person in range(1, count + 1)
        for back, day in enumerate(days)
    ]
    small.add("invoice", *rows)


def add_life(small: Small, count: int, scores: list[int | None] | None = None) -> None:
    """Bills, a campaign and a survey of so many people."""
    add_bills(small, count)
    add_campaign(small, count)
    add_survey(small, scores or [9, None, 4, 7, 10, 2] * (count // 6) or [9])
    small.add(
        "feedback",
        {"id": 1, "customer_id": 1, "received_at": SENT, "channel": "email", "topic": "delivery"},
    )


def fill_nobody(small: Small) -> None:
    """Everybody is restricted, so a release holds nobody."""
    add_life(small.people(6, restricted_from=LONG_AGO), 6)


def fill_one(small: Small) -> None:
    add_life(small.people(1), 1)


def fill_six(small: Small) -> None:
    add_life(small.people(6), 6)


def fill_all_left(small: Small) -> None:
    add_life(small.people(60, left_on=dt.date(2026, 9, 14)), 60)


def fill_all_alike(small: Small) -> None:
    """All gave the same answers, bought the same things on the same days."""
    add_life(small.people(120), 120, [9] * 120)


def fill_companies(small: Small) -> None:
    small.add("company", *({"id": number, "name": f"Yritys {number}"} for number in range(1, 11)))
    contacts = [
        {"id": number, "kind": "company_contact", "company_id": 1 + number % 10, "birth_year": None}
        for number in range(1, 61)
    ]
    add_life(small.add("customer", *contacts), 60)


def fill_without_campaign(small: Small) -> None:
    """The one campaign was two years ago."""
    add_bills(small.people(60), 60)
    add_campaign(small, 60, sent=SENT - 2 * A_YEAR)


def fill_bare(small: Small) -> None:
    """People, and nothing that they did."""
    small.people(60)


def fill_first_month(small: Small) -> None:
    """Everybody joined in October, and bought once."""
    add_bills(small.people(60, joined_on=dt.date(2026, 10, 3)), 60, years=1)
    add_campaign(small, 60)


def fill_negative(small: Small) -> None:
    """More was given back than was billed."""
    small.people(60)
    add_bills(small, 60)
    notes = [bill(5000 + p, p, dt.date(2026, 10, 20), -20_000, "device") for p in range(1, 61)]
    small.add("invoice", *notes)
    add_campaign(small, 60)
    add_survey(small, [9, None, 4, 7, 10, 2] * 10)


def fill_unanswered(small: Small) -> None:
    """A survey and a campaign to which nobody reacted."""
    add_bills(small.people(60), 60)
    add_survey(small, [None] * 60)
    add_campaign(small, 60)


EDGES: dict[str, Fill] = {
    "nobody": fill_nobody,
    "one person": fill_one,
    "six people": fill_six,
    "everybody left": fill_all_left,
    "all alike": fill_all_alike,
    "only companies": fill_companies,
    "no campaign": fill_without_campaign,
    "people alone": fill_bare,
    "first month": fill_first_month,
    "negative total": fill_negative,
    "nobody answered": fill_unanswered,
}


def make_edge(name: str, home: Path) -> Small:
    """The register of an edge, with its three releases as of 1 November 2026."""
    small = Small(home)
    EDGES[name](small)
    return small


def _with(count: Callable[..., Any], *words: str, **options: Any) -> Count:
    return lambda release, period: count(release, period, *words, **options)


def every_metric() -> Iterator[tuple[str, str, Count]]:
    """Purpose, name and function of every metric that gives cells, with each of its choices."""
    for count in (
        customers.growth,
        customers.by_region,
        customers.by_age,
        customers.billing,
        customers.billing_by_line,
        customers.rfm,
        customers.concentration,
        customers.companies,
        customers.repeat,
        customers.cohorts,
        customers.activity,
        customers.forecast,
    ):
        yield "customer_analysis", count.__name__, count
    for count in (
        contacts.timeline,
        contacts.lawfulness,
        contacts.lawfulness_lately,
        contacts.reasons,
        contacts.handling,
        contacts.pressure,
        contacts.pressure_by_channel,
        contacts.reach,
        contacts.reach_reasons,
        campaigns.uplift_by_campaign,
        campaigns.uplift_together,
        funnel.funnel,
    ):
        yield "campaign_history", count.__name__, count
    for what in ("channel", "campaign"):
        yield "campaign_history", f"lawfulness_by {what}", _with(contacts.lawfulness_by, what)
    for what in ("responded", "opted out"):
        yield "campaign_history", f"dose {what}", _with(contacts.dose, what)
    for what in ("responded", "opted out", "bought"):
        for by in ("channel", "campaign"):
            yield (
                "campaign_history",
                f"outcomes {what} {by}",
                _with(campaigns.outcomes, what, by=by),
            )
    for count in (
        satisfaction.waves,
        satisfaction.scores,
        satisfaction.standing,
        satisfaction.likert_items,
        satisfaction.agreement,
        satisfaction.drivers,
        satisfaction.topics,
        satisfaction.round_tables,
    ):
        yield "satisfaction", count.__name__, count
    for by in ("kind", "age_band", "region", "language", "channel", "complained"):
        yield "satisfaction", f"nps_by {by}", _with(satisfaction.nps_by, by=by)
    groups = _with(satisfaction.group_tables, by={"ages": "age_band", "channels": "channel"})
    yield "satisfaction", "group_tables", groups
