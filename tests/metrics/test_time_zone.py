"""Days and months are the company's, from the register to the figures of a report."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from messages import people
from small import Small

from genlib.metrics import campaigns, contacts, satisfaction
from genlib.period import Period

OCTOBER = Period.parse("2026-10")
SEPTEMBER = OCTOBER.previous()
JUST_OCTOBER = datetime(2026, 9, 30, 21, 5, tzinfo=UTC)
"""Five past midnight on the 1st of October in Finland."""


@pytest.fixture
def mailed(tmp_path: Path) -> Small:
    """200 people are mailed in the first minutes of October; 60 of them bought the day before."""
    mails = ({"id": n, "customer_id": n, **MAIL} for n in range(1, 201))
    bills = ({"id": n, "customer_id": n, **BILL} for n in range(1, 61))
    consents = ({"id": n, "customer_id": n, **CONSENT} for n in range(1, 201))
    small = Small(tmp_path).people(200).add("permission", *consents).add("campaign", CAMPAIGN)
    return small.add("campaign_contact", *mails).add("invoice", *bills)


CAMPAIGN = {
    "id": 1,
    "code": "LOKAKUU-AVAUS",
    "name": "Lokakuun avaus",
    "kind": "DM",
    "starts_on": date(2026, 10, 1),
    "ends_on": date(2026, 10, 31),
    "holdout_share": 0.0,
    "cost_cents": 10000,
}
MAIL = {
    "campaign_id": 1,
    "arm": "contacted",
    "channel": "email",
    "sent_at": JUST_OCTOBER,
    "delivered_at": JUST_OCTOBER,
    "bounced": False,
}
BILL = {
    "issued_on": date(2026, 9, 30),
    "due_on": date(2026, 10, 14),
    "amount_cents": 10000,
    "product_line": "device",
}
CONSENT = {"act": "consent", "scope": "email", "received_via": "web"}


def contacts_by_month(release: Any, period: Period) -> dict[date, int]:
    return people(contacts.timeline(release, period), "month", column="contacts")


def test_mails_of_the_first_minutes_of_a_month_are_of_that_month(mailed: Small) -> None:
    release = mailed.publish("campaign_history")
    assert contacts_by_month(release, OCTOBER) == {date(2026, 10, 1): 200}
    assert contacts_by_month(release, SEPTEMBER) == {}


def test_a_purchase_of_the_day_before_a_mail_is_none_after_it(mailed: Small) -> None:
    release = mailed.publish("campaign_history")
    outcomes = campaigns.outcomes(release, OCTOBER, "bought")
    assert people(outcomes, "outcome", column="contacts") == {"not bought": 200}


def test_a_company_elsewhere_has_other_days_and_months(mailed: Small) -> None:
    release = mailed.publish("campaign_history", time_zone="America/New_York")
    assert contacts_by_month(release, SEPTEMBER) == {date(2026, 9, 1): 200}
    outcomes = campaigns.outcomes(release, OCTOBER, "bought")
    assert people(outcomes, "outcome", column="contacts") == {"bought": 60, "not bought": 140}


@pytest.mark.parametrize(
    ("sent", "months"),
    [
        ("2026-12-31T21:59:59Z", {date(2026, 12, 1): 6}),
        ("2026-12-31T22:00:00Z", {date(2027, 1, 1): 6}),
    ],
)
def test_a_year_ends_at_midnight_at_the_company(
    tmp_path: Path, sent: str, months: dict[date, int]
) -> None:
    at = datetime.fromisoformat(sent)
    mails = (
        {"id": n, "customer_id": n, **MAIL, "sent_at": at, "delivered_at": at} for n in range(1, 7)
    )
    small = Small(tmp_path).people(6).add("campaign", CAMPAIGN).add("campaign_contact", *mails)
    release = small.publish("campaign_history", now=datetime(2027, 2, 1, tzinfo=UTC))
    assert contacts_by_month(release, Period.parse("2027-01")) == months


def test_the_verdict_is_of_the_instant_whatever_the_day(mailed: Small) -> None:
    """The prohibition came between two mails of one night, and counts from its second on."""
    wish = {"act": "prohibition", "scope": "email", "given_at": JUST_OCTOBER}
    mailed.add("permission", {"id": 999, "customer_id": 1, **wish})
    verdicts = {}
    for zone in ("Europe/Helsinki", "Pacific/Auckland"):
        release = mailed.publish("campaign_history", time_zone=zone)
        verdicts[zone] = release["campaign_contact"].select("allowed", "reason").collect()
    assert verdicts["Europe/Helsinki"].equals(verdicts["Pacific/Auckland"])
    assert verdicts["Europe/Helsinki"]["allowed"].sum() == 199


def test_feedback_of_the_first_minutes_of_a_month_is_of_that_month(tmp_path: Path) -> None:
    wrote = {"received_at": JUST_OCTOBER, "channel": "email", "topic": "delivery"}
    feedback = ({"id": n, "customer_id": n, **wrote} for n in range(1, 7))
    release = Small(tmp_path).people(6).add("feedback", *feedback).publish("satisfaction")
    found = {
        period.label: people(satisfaction.topics(release, period, months=1), "topic")
        for period in (SEPTEMBER, OCTOBER)
    }
    assert found == {"2026-09": {}, "2026-10": {"delivery": 6}}


def test_an_instant_that_is_kept_has_its_day_beside_it(mailed: Small) -> None:
    columns = mailed.publish("campaign_history")["campaign_contact"].collect_schema()
    instants = [name for name, kind in columns.items() if kind.is_temporal() and "_at" in name]
    assert len(instants) == 6
    days = [columns[name.replace("_at", "_on")] for name in instants]
    assert days == [pl.Date] * 6
