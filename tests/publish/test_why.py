"""A release of campaign histories tells why each contact was allowed or not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from small import LONG_AGO, Small

from genlib.publish.why import WHY, hide_rare_ways
from genlib.release import Release

NOON = dt.datetime(2026, 9, 5, 12, tzinfo=dt.UTC)
LATE = dt.datetime(2026, 3, 1, 22, 30, tzinfo=dt.UTC)
"""The 2nd of March in Finland."""


@pytest.fixture
def made(tmp_path: Path) -> Small:
    """Customers 1-6 were written to; 1 said nothing, the others prohibited e-mail on 2 March, 2
    in a way of their own; 6 later."""
    day = dt.date(2026, 9, 1)
    campaign = {"id": 9, "code": "2026-9", "name": "Syysetu", "kind": "DM", "cost_cents": 1}
    dates = {"starts_on": day, "ends_on": day, "holdout_share": 0.0}
    made = Small(tmp_path).people(8).add("campaign", campaign | dates)
    act = {"act": "prohibition", "scope": "email", "given_at": LATE, "received_via": "web"}
    acts = [act | {"id": number, "customer_id": number} for number in range(2, 9)]
    acts[0]["received_via"] = "a note given to Matti on the doorstep"
    sent = {"arm": "contacted", "channel": "email", "sent_at": NOON, "bounced": False}
    contacts = [
        sent | {"id": number, "campaign_id": 9, "customer_id": number} for number in range(1, 7)
    ]
    return made.add("permission", *acts).add("campaign_contact", *contacts)


def why(release: Release) -> pl.DataFrame:
    contacts = release["campaign_contact"].select("reason", *WHY, "followed_up")
    return contacts.unique().sort("reason", "act_via").collect()


def test_each_contact_has_the_act_that_decided_it_and_what_would_have_helped(made: Small) -> None:
    day = dt.date(2026, 3, 2)
    prohibition = ("channel_prohibition", "prohibition", "email", day, None)
    assert why(made.publish("campaign_history")).rows() == [
        (*prohibition, "other", "consent", "post", False),
        (*prohibition, "web", "consent", "post", False),
        ("consent_missing", None, None, None, None, None, "consent", "post", False),
    ]


def test_a_way_of_fewer_than_k_people_is_told_as_other() -> None:
    acts = pl.DataFrame(
        {
            "customer_id": [1, 2, 3, 3, 3, 4],
            "received_via": ["web", "web", "fax", "fax", "fax", None],
        }
    )
    ways = hide_rare_ways(acts, k=2)["received_via"].to_list()
    assert ways == ["web", "web", "other", "other", "other", None]


def test_what_was_handled_is_known_to_the_release(made: Small) -> None:
    handled = {"contact_id": [1, 2], "listed_at": [NOON, NOON], "handled_at": [NOON, None]}
    schema = {"listed_at": pl.Datetime("us", "UTC"), "handled_at": pl.Datetime("us", "UTC")}
    made.register.append("follow_up", pl.DataFrame(handled, schema_overrides=schema))
    contacts = made.publish("campaign_history")["campaign_contact"].collect()
    assert contacts["followed_up"].sum() == 1
    assert contacts["followed_up"].null_count() == 0


def test_an_allowed_contact_needs_no_follow_up(tmp_path: Path) -> None:
    day = dt.date(2026, 9, 1)
    campaign = {"id": 9, "code": "2026-9", "name": "Syysetu", "kind": "DM", "cost_cents": 1}
    dates = {"starts_on": day, "ends_on": day, "holdout_share": 0.0}
    sent = {"arm": "contacted", "channel": "post", "sent_at": LONG_AGO, "bounced": False}
    made = Small(tmp_path).people(6).add("campaign", campaign | dates)
    made.add("campaign_contact", sent | {"id": 1, "campaign_id": 9, "customer_id": 1})
    assert why(made.publish("campaign_history")).rows() == [
        ("opt_out_channel", *[None] * (len(WHY) + 1))
    ]
