"""An opting out after a message is a prohibition, whether or not somebody wrote it down as one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from edges import add_campaign
from small import LONG_AGO, NOW, Small

from genlib.permission.acts import SCOPES
from genlib.register.acts import read_acts
from genlib.register.columns import OPTED_OUT_SCOPES

OPTED_OUT = dt.datetime(2026, 10, 7, 12, tzinfo=dt.UTC)
LATER = OPTED_OUT + dt.timedelta(days=9)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Six customers; those of the campaign are 1 to 6, and 7 opted out of an e-mail."""
    made = Small(tmp_path).people(7)
    add_campaign(made, 6, kind="DM")
    contact = {
        "id": 7,
        "campaign_id": 1,
        "customer_id": 7,
        "arm": "contacted",
        "channel": "email",
        "sent_at": OPTED_OUT - dt.timedelta(hours=3),
        "opted_out_at": OPTED_OUT,
        "bounced": False,
    }
    return made.add("campaign_contact", contact)


def acts(small: Small) -> list[tuple[Any, ...]]:
    return read_acts(small.register).rows()


def test_an_opting_out_is_a_prohibition_of_its_channel(small: Small) -> None:
    assert acts(small) == [(7, "prohibition", "email", OPTED_OUT, None)]


def test_where_it_was_written_down_that_row_and_its_end_count(small: Small) -> None:
    written = {"id": 1, "customer_id": 7, "act": "prohibition", "scope": "email"}
    small.add("permission", {**written, "given_at": OPTED_OUT, "ended_at": LATER})
    assert acts(small) == [(7, "prohibition", "email", OPTED_OUT, LATER)]


@pytest.fixture
def survey(tmp_path: Path) -> Small:
    """Customer 3 opted out of a text message that asked for an answer to market research."""
    asked = Small(tmp_path).people(7)
    add_campaign(asked, 6, kind="MR")
    contact = {
        "id": 7,
        "campaign_id": 1,
        "customer_id": 3,
        "arm": "contacted",
        "channel": "sms",
        "sent_at": OPTED_OUT - dt.timedelta(hours=3),
        "opted_out_at": OPTED_OUT,
        "bounced": False,
    }
    return asked.add("campaign_contact", contact)


def test_an_opting_out_of_a_survey_stops_the_surveys_of_its_channel_too(survey: Small) -> None:
    assert {(row[2], row[4]) for row in acts(survey)} == {
        ("phone", None),
        ("sms", None),
        ("research_phone", None),
    }


def test_where_it_was_written_down_its_end_counts_for_surveys(survey: Small) -> None:
    written = {"id": 1, "customer_id": 3, "act": "prohibition", "scope": "phone"}
    survey.add("permission", {**written, "given_at": OPTED_OUT, "ended_at": LATER})
    assert {(row[2], row[4]) for row in acts(survey)} == {
        ("phone", LATER),
        ("sms", LATER),
        ("research_phone", LATER),
    }


def test_permission_knows_whatever_an_opting_out_stops() -> None:
    lists_alone = {scope for scope in OPTED_OUT_SCOPES if scope.startswith("courtesy_")}
    judged = set(OPTED_OUT_SCOPES) - lists_alone
    assert {f"prohibition_{scope}" for scope in judged} <= set(SCOPES)


def test_of_others_nothing_is_read(small: Small) -> None:
    assert read_acts(small.register, _ids(1, 2)).height == 0
    assert read_acts(small.register, _ids(7)).height == 1


def _ids(*numbers: int) -> pl.Series:
    return pl.Series(numbers, dtype=pl.Int64)


def can_be_reached(small: Small, **consent: dt.datetime) -> bool:
    given = {"id": 9, "customer_id": 7, "act": "consent", "scope": "email"}
    small.add("permission", *({**given, "given_at": at} for at in consent.values()))
    release = small.publish("campaign_history", now=NOW)
    reach = release["reach"].collect().filter(channel="email", kind="DM")
    people = release["customer"].collect()
    assert (reach.height, people.height) == (7, 7)
    return bool(reach["allowed"].any())


def test_a_consent_before_it_reaches_nobody(small: Small) -> None:
    assert not can_be_reached(small, given_at=LONG_AGO)


def test_a_consent_after_it_lifts_it(small: Small) -> None:
    assert can_be_reached(small, given_at=LATER)


def test_whoever_has_left_is_not_reachable(tmp_path: Path) -> None:
    small = Small(tmp_path).people(6, left_on=dt.date(2026, 9, 14))
    given = {"act": "consent", "scope": "email", "given_at": LONG_AGO}
    small.add("permission", *({"id": n, "customer_id": n, **given} for n in range(1, 7)))
    reach = small.publish("campaign_history")["reach"].collect()
    assert reach.filter(channel="email", kind="DM")["reason"].unique().to_list() == ["left"]
    assert reach.filter(channel="email", kind="SVC")["allowed"].all()
