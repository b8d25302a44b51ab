"""Contacts that were not allowed are listed for the steward, and handled."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from small import IDENTITY, LONG_AGO, NOW, Small

from genlib.errors import UsageError
from genlib.register.follow_ups import (
    Steward,
    export_exceptions,
    find_exceptions,
    handle_exceptions,
)

STEWARD = Steward("sari", NOW)
NOON = dt.datetime(2026, 9, 5, 12, tzinfo=dt.UTC)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Campaign S: customers 1 and 2 got an e-mail without a consent, 3 with one, 4 was held out;
    and 1 one of another campaign."""
    made = Small(tmp_path).people(4, given_names="=Aino", family_name="Virtanen")
    usual = {"kind": "DM", "starts_on": NOON.date(), "ends_on": NOON.date()}
    usual |= {"holdout_share": 0.0, "cost_cents": 0}
    made.add("campaign", *(usual | {"id": n, "code": c, "name": c} for n, c in enumerate("ST", 1)))
    act = {"id": 1, "customer_id": 3, "act": "consent", "scope": "email", "given_at": LONG_AGO}
    sent = {"campaign_id": 1, "arm": "contacted", "channel": "email", "bounced": False}
    people = [sent | {"id": n, "customer_id": n, "sent_at": NOON} for n in (1, 2, 3)]
    holdout = sent | {"id": 4, "customer_id": 4, "arm": "holdout"}
    other = sent | {"id": 5, "customer_id": 1, "campaign_id": 2, "sent_at": NOON}
    return made.add("permission", act).add("campaign_contact", *people, holdout, other)


def export(small: Small, name: str = "list.csv") -> pl.DataFrame:
    path = small.home / name
    export_exceptions(small.register, IDENTITY, "S", path=path, steward=STEWARD)
    return pl.read_csv(path)


def test_what_was_not_allowed_is_found_with_what_would_have_helped(small: Small) -> None:
    found = find_exceptions(small.register, "S", STEWARD)
    assert found.select("id", "reason", "remedy", "open_channel").rows() == [
        (1, "consent_missing", "consent", "post"),
        (2, "consent_missing", "consent", "post"),
    ]


def test_the_list_has_names_that_no_spreadsheet_runs_and_is_its_owners_alone(small: Small) -> None:
    listed = export(small)
    assert listed["contact"].to_list() == [1, 2]
    assert listed["given_names"].unique().to_list() == ["'=Aino"]
    assert listed["sent_on"].unique().to_list() == ["2026-09-05"]
    assert (small.home / "list.csv").stat().st_mode & 0o777 == 0o600


def test_what_was_handled_is_on_the_next_list_with_its_day(small: Small) -> None:
    export(small)
    assert handle_exceptions(small.register, IDENTITY, "S", [2], steward=STEWARD) == 1
    assert handle_exceptions(small.register, IDENTITY, "S", [2], steward=STEWARD) == 0
    assert export(small, "next.csv")["handled_on"].to_list() == [None, "2026-11-01"]
    assert handle_exceptions(small.register, IDENTITY, "S", [], steward=STEWARD) == 1


def test_a_handled_contact_is_followed_up_in_a_release(small: Small) -> None:
    export(small.people(0).add("customer", *({"id": n} for n in range(5, 12))))
    handle_exceptions(small.register, IDENTITY, "S", [1], steward=STEWARD)
    contacts = small.publish("campaign_history")["campaign_contact"].collect()
    assert contacts.filter("followed_up").height == 1
    assert contacts["followed_up"].null_count() == 2


def test_only_listed_contacts_are_handled(small: Small) -> None:
    export(small)
    with pytest.raises(UsageError, match="1 of these contacts are on no list of campaign S"):
        handle_exceptions(small.register, IDENTITY, "S", [1, 5], steward=STEWARD)
    assert export(small, "next.csv")["handled_on"].to_list() == [None, None]


def test_a_campaign_that_is_not_there_is_not_written_into_the_trail(small: Small) -> None:
    before = small.register.count("audit_event")
    with pytest.raises(UsageError, match="no campaign of this code"):
        handle_exceptions(small.register, IDENTITY, "Aino Virtanen", [], steward=STEWARD)
    assert small.register.count("audit_event") == before


def test_a_list_overwrites_no_file(small: Small) -> None:
    export(small)
    with pytest.raises(UsageError, match="is there already"):
        export(small)


def test_a_campaign_without_exceptions_and_one_that_there_is_not(small: Small) -> None:
    with pytest.raises(UsageError, match="there is no campaign of this code"):
        find_exceptions(small.register, "U", STEWARD)
    act = {"id": 2, "customer_id": 1, "act": "consent", "scope": "email", "given_at": LONG_AGO}
    small.add("permission", act, act | {"id": 3, "customer_id": 2})
    with pytest.raises(UsageError, match="every contact of campaign S was allowed"):
        export(small)
