"""Contacts: counted by hand, judged, how often, and whom we may reach."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from messages import SENT, after, contact, figured, many, people, release

from genlib.disclosure.cells import Cells
from genlib.disclosure.ladder import make_legible
from genlib.disclosure.policy import Policy
from genlib.errors import UsageError
from genlib.metrics import contacts, rows
from genlib.period import Period

OCTOBER = Period.parse("2026-10")
FORBIDDEN = {"allowed": False, "reason": "channel_prohibition"}
MIXED = release(
    *many(0, SENT),
    *many(10, SENT, allowed=False, reason="consent_missing"),
    *many(20, SENT, channel="post", **FORBIDDEN),
    contact(30, SENT, channel="post"),
    contact(31, SENT, channel="sms", **FORBIDDEN),
    contact(32, SENT, channel="call"),
    contact(40, arm="holdout"),
)


def whys(cells: Cells, *, column: str = "people") -> dict[tuple[str, str], int]:
    found = cells.frame.filter(pl.col("why").is_not_null()).select("verdict", "why", column)
    return {(verdict, why): n for verdict, why, n in found.rows()}


def test_contacts_of_a_month() -> None:
    tables = release(
        contact(1, SENT),
        contact(1, after(days=1)),
        contact(2, SENT, channel="sms"),
        contact(3, arm="holdout"),
    )
    cells = contacts.timeline(tables, OCTOBER)
    october = date(2026, 10, 1)
    assert people(cells, "month", "channel", column="contacts") == {
        (october, "email"): 2,
        (october, "sms"): 1,
    }
    assert people(cells, "month", column="contacts") == {october: 3}
    assert people(cells, "channel") == {}


def test_a_period_without_contacts_counts_none() -> None:
    frame = contacts.timeline(MIXED, Period.parse("2027-01")).frame
    assert frame.filter(pl.col("month") == date(2027, 1, 1), pl.col("channel").is_null())[
        "contacts"
    ].to_list() == [0]


def test_the_verdict_of_each_contact_and_the_ground_of_refusals() -> None:
    cells = contacts.lawfulness(MIXED, OCTOBER)
    october = {"month": OCTOBER.start}
    assert people(cells, "verdict", column="contacts", **october) == {"allowed": 7, "refused": 11}
    grounds = {("allowed", "allowed"): 7, ("consent", "refused"): 5, ("prohibition", "refused"): 6}
    assert people(cells, "ground", "verdict", **october) == grounds


def test_grounds_of_few_are_not_divided() -> None:
    tables = release(
        *many(0, SENT, **FORBIDDEN), contact(9, SENT, allowed=False, reason="restricted")
    )
    cells = make_legible(contacts.lawfulness(tables, OCTOBER), Policy())
    assert people(cells, "ground", "verdict", month=OCTOBER.start) == {("undivided", "refused"): 6}


def test_the_refused_part_of_each_channel() -> None:
    refused = many(20, SENT, channel="post", **FORBIDDEN)
    tables = release(*many(0, SENT), *many(10, SENT, **FORBIDDEN), *refused)
    frame = figured(contacts.lawfulness_by(tables, OCTOBER, "channel"))
    rates = frame.filter(pl.col("verdict").is_null()).select("channel", "refused", "refused_rate")
    assert rates.rows() == [("email", 5, 0.5), ("post", 5, None), (None, 10, 10 / 15)]


def test_the_refused_part_of_twelve_months() -> None:
    """Those of the year before are not among them; two contacts of one person are one half."""
    old = many(20, SENT.replace(year=2025), **FORBIDDEN)
    refused = many(10, SENT.replace(month=3), **FORBIDDEN)
    tables = release(*many(0, SENT), *many(0, SENT.replace(day=7)), *refused, *old)
    total = figured(contacts.lawfulness_lately(tables, OCTOBER)).row(-1, named=True)
    assert (total["contacts"], total["refused"], total["refused_rate"]) == (15, 5, 5 / 15)
    assert total["refused_rate_low"] < 5 / 15 < total["refused_rate_high"]


def test_channels_of_few_stand_together_and_the_rate_is_that_of_all_of_them() -> None:
    letters = many(20, SENT, channel="post", **FORBIDDEN)
    calls = [*many(30, SENT, channel="call")[:2], contact(40, SENT, channel="call", **FORBIDDEN)]
    tables = release(*many(0, SENT), *many(10, SENT, channel="post"), *letters, *calls)
    cells = make_legible(contacts.lawfulness_by(tables, OCTOBER, "channel"), Policy())
    assert people(cells, "channel", column="contacts") == {"email": 5, "others+call+post": 13}
    frame = figured(cells).filter(pl.col("verdict").is_null(), channel="others+call+post")
    assert frame.select("refused", "refused_rate").rows() == [(6, 6 / 13)]


def test_campaigns_are_told_by_their_names() -> None:
    frame = figured(contacts.lawfulness_by(MIXED, OCTOBER, "campaign"))
    assert frame.filter(campaign="A")["campaign_fi"].unique().to_list() == ["Kampanja"]


def test_the_newest_campaign_of_a_name_has_it_bare() -> None:
    older = MIXED["campaign"].with_columns(
        pl.lit(2, pl.UInt32).alias("campaign"),
        code=pl.lit("0"),
        starts_on=pl.lit(date(2025, 10, 5)),
    )
    both = MIXED | {"campaign": pl.concat([MIXED["campaign"], older])}
    assert contacts.plan(both)["name"].to_list() == ["Kampanja 10/2025", "Kampanja"]


def test_why_contacts_were_refused() -> None:
    found = whys(contacts.reasons(MIXED, OCTOBER))
    assert found == {
        ("allowed", "allowed"): 7,
        ("refused", "consent_missing"): 5,
        ("refused", "channel_prohibition"): 6,
    }


def test_how_many_refused_contacts_were_handled() -> None:
    handled = many(10, SENT, followed_up=True, **FORBIDDEN)
    tables = release(*many(0, SENT), *handled, *many(20, SENT, followed_up=False, **FORBIDDEN))
    cells = contacts.handling(tables, OCTOBER)
    found = people(cells, "handling", "verdict", column="contacts")
    assert found == {("allowed", "allowed"): 5, ("handled", "refused"): 5, ("open", "refused"): 5}
    assert people(cells, "verdict", column="contacts") == {"allowed": 5, "refused": 10}


def test_of_refused_contacts_none_was_handled() -> None:
    cells = contacts.handling(release(*many(0, SENT, followed_up=False, **FORBIDDEN)), OCTOBER)
    handled = cells.frame.filter(pl.col("handling").is_not_null()).select("handling", "contacts")
    assert handled.rows() == [("handled", 0), ("open", 5)]


def test_reasons_of_few_are_put_together() -> None:
    reasons = ("restricted", "all_prohibitions", "channel_prohibition")
    few = [contact(n, SENT, allowed=False, reason=reasons[n % 2]) for n in range(9, 15)]
    tables = release(*many(0, SENT, **FORBIDDEN), *few)
    found = whys(make_legible(contacts.reasons(tables, OCTOBER), Policy()))
    together, own = sorted(found.items(), key=lambda group: group[1], reverse=True)
    assert own == (("refused", "channel_prohibition"), 5)
    assert together[1] == 6
    assert {"others", "all_prohibitions", "restricted"} < set(together[0][1].split("+"))


def test_a_single_reason_of_few_is_not_told() -> None:
    tables = release(
        *many(0, SENT, **FORBIDDEN), contact(9, SENT, allowed=False, reason="restricted")
    )
    cells = make_legible(contacts.reasons(tables, OCTOBER), Policy())
    assert whys(cells) == {}
    assert people(cells, "verdict") == {"refused": 6}


def test_all_tables_of_a_period_are_of_one_population() -> None:
    made = [contacts.lawfulness_by(MIXED, OCTOBER, what) for what in ("channel", "campaign")]
    assert len({cells.population for cells in (*made, contacts.reasons(MIXED, OCTOBER))}) == 1


def test_a_campaign_of_no_such_code() -> None:
    with pytest.raises(UsageError, match="the code of one of the"):
        contacts.campaign_name(MIXED, "B")
    assert contacts.campaign_name(MIXED, "A") == "Kampanja"


def often(customer: int, times: int) -> list[dict[str, Any]]:
    return [contact(customer, datetime(2026, 10, 2 + n, 9, tzinfo=UTC)) for n in range(times)]


MANY = release(
    *(row for customer in range(5) for row in often(customer, 3)),
    *(row for n in range(10, 15) for row in often(n, 1)),
)


def test_contact_pressure() -> None:
    earlier = [contact(customer, datetime(2026, 8, 20, tzinfo=UTC)) for customer in range(20, 25)]
    tables = MANY | {
        "campaign_contact": pl.concat(
            [MANY["campaign_contact"], release(*earlier)["campaign_contact"]]
        )
    }
    cells = contacts.pressure(tables, OCTOBER)
    assert people(cells, "contacts", days=30) == {"0": 5, "1": 5, "3": 5}
    assert people(cells, "contacts", days=90) == {"1": 10, "3": 5}


@pytest.mark.parametrize(("cap", "part"), [(1, 0.5), (2, 0.5), (3, 0.0)])
def test_the_part_over_the_cap(cap: int, part: float) -> None:
    frame = figured(contacts.pressure(MANY, OCTOBER, cap=cap))
    assert frame.filter(pl.col("contacts").is_null(), days=30)["over_rate"].to_list() == [part]


def test_rare_numbers_of_contacts_stand_together_and_tell_nothing_of_a_cap_within() -> None:
    tables = release(
        *(row for n in range(10) for row in often(n, 1)),
        *often(20, 2),
        *(row for n in range(30, 34) for row in often(n, 4)),
    )
    cells = make_legible(contacts.pressure(tables, OCTOBER, cap=3), Policy())
    assert people(cells, "contacts", days=30) == {"1": 10, "2+": 5}
    rates = figured(cells).filter(pl.col("contacts").is_null(), days=30)["over_rate"]
    assert rates.to_list() == [None]


def test_a_cap_beyond_the_bands_is_refused() -> None:
    with pytest.raises(UsageError, match="1, 2, 3 or 4"):
        contacts.pressure(MANY, OCTOBER, cap=5)


def test_contacts_of_each() -> None:
    frame = figured(contacts.pressure(MANY, OCTOBER)).filter(pl.col("contacts").is_null(), days=30)
    assert frame.select("messages", "contacts_each").rows() == [(20, 2.0)]


def test_days_without_contacts_are_told_as_such() -> None:
    frame = contacts.pressure_by_channel(release(contact(1, SENT)), OCTOBER).frame.filter(
        channel="email"
    )
    assert frame.select("days", "contacts").rows() == [(7, 0), (30, 1), (90, 1)]


def got(customer: int, times: int, **last: Any) -> list[dict[str, Any]]:
    days = [SENT + timedelta(days=n) for n in range(times)]
    return [contact(customer, day, day, **(last if day == days[-1] else {})) for day in days]


def test_doses_are_of_messages() -> None:
    answered = [row for n in range(5) for row in got(n, 1, responded_at=after(days=9))]
    twice = [row for n in range(10, 15) for row in got(n, 2, responded_at=after(days=9))]
    cells = contacts.dose(release(*answered, *twice), OCTOBER, "responded")
    found = people(cells, "dose", "outcome", column="contacts")
    assert found == {("1", "responded"): 5, ("2", "responded"): 5, ("2", "no response"): 5}


def test_an_earlier_opt_out_is_not_of_this_message() -> None:
    earlier, later = (
        contact(n, SENT, after(seconds=9), opted_out_at=after(seconds=9 + gap))
        for n, gap in ((1, -1), (2, 0))
    )
    told = contacts.outcome(
        rows.rows(release(earlier, later, contact(4, SENT)), "campaign_contact"), "opted out"
    )
    assert dict(told.select("customer", "outcome").collect().rows()) == {
        1: "stayed",
        2: "opted out",
    }


REACH = {
    "reach": pl.LazyFrame(
        {
            "customer": [1, 2, 1, 2],
            "channel": ["email", "email", "post", "post"],
            "kind": ["DM"] * 4,
            "allowed": [True, False, True, True],
            "reason": ["consent", "consent_missing", "opt_out_channel", "opt_out_channel"],
        }
    )
}


def test_reach_and_its_reasons_are_the_same_cells() -> None:
    reach, reasons = contacts.reach(REACH, OCTOBER), contacts.reach_reasons(REACH, OCTOBER)
    assert reach.population == reasons.population
    assert people(reach, "channel", "verdict", kind="DM") == {
        ("email", "allowed"): 1,
        ("email", "refused"): 1,
        ("post", "allowed"): 2,
    }
    found = {
        (channel, why): n
        for channel, why, n in reasons.frame.filter(pl.col("why").is_not_null())
        .select("channel", "why", "people")
        .rows()
    }
    assert found == {
        ("email", "allowed"): 1,
        ("email", "consent_missing"): 1,
        ("post", "allowed"): 2,
    }
