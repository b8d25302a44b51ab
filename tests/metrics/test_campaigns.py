"""Campaigns: contacts of a few people counted by hand; real phone campaigns; Newcombe's table."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from genlib.disclosure.cells import Cells
from genlib.metrics import campaigns
from genlib.metrics.campaigns import Attribution
from genlib.metrics.figures import Rate
from genlib.period import Period

OCTOBER = Period.parse("2026-10")
SENT = datetime(2026, 10, 5, 9, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
STEPS = ("sent_at", "delivered_at", "opened_at", "clicked_at", "responded_at", "opted_out_at")


def contact(customer: int, *steps: datetime | None, arm: str = "contacted", channel: str = "email", **other: Any) -> dict[str, Any]:
    """Steps in their order, from sent_at on."""
    times = dict.fromkeys(STEPS) | dict(zip(STEPS, steps, strict=False))
    lawful = {"allowed": True if arm == "contacted" else None, "reason": "consent"}
    return {"campaign": 1, "customer": customer, "arm": arm, "channel": channel, **times, **lawful, **other}


def after(**span: float) -> datetime:
    return SENT + timedelta(**span)


def release(*contacts: dict[str, Any], bought: dict[int, date] | None = None) -> dict[str, pl.LazyFrame]:
    steps = dict.fromkeys(STEPS, INSTANT)
    kinds = {
        "campaign": pl.UInt32,
        "customer": pl.UInt32,
        "arm": pl.String,
        "channel": pl.String,
        **steps,
        "allowed": pl.Boolean,
        "reason": pl.String,
    }
    invoices = {"customer": list(bought or {}), "issued_on": list((bought or {}).values()), "amount_cents": [100] * len(bought or {})}
    return {
        "customer": pl.LazyFrame({"customer": range(1, 9)}, schema={"customer": pl.UInt32}),
        "campaign": pl.LazyFrame(
            {"campaign": [1], "code": ["A"], "starts_on": [date(2026, 10, 5)], "holdout_share": [0.5], "cost_cents": [1000]},
            schema_overrides={"campaign": pl.UInt32},
        ),
        "campaign_contact": pl.LazyFrame(contacts, schema=kinds),
        "invoice": pl.LazyFrame(invoices, schema={"customer": pl.UInt32, "issued_on": pl.Date, "amount_cents": pl.Int64}),
    }


def people(cells: Cells, *dimensions: str, column: str = "people", **where: Any) -> dict[Any, int]:
    fixed = {*dimensions, *where}
    level = [pl.col(c).is_not_null() if c in fixed else pl.col(c).is_null() for c in cells.dimensions]
    rows = cells.frame.filter(*level, *(pl.col(c) == value for c, value in where.items()), pl.col(column) > 0)
    return {row[:-1] if len(dimensions) > 1 else row[0]: row[-1] for row in rows.select(*dimensions, column).rows()}


def test_uplift_is_newcombes() -> None:
    found = campaigns.uplift(56, 70, 48, 80)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


FUNNEL = release(
    contact(1, SENT),
    contact(2, SENT, after(seconds=9)),
    contact(3, SENT, after(seconds=9), after(hours=1)),
    contact(4, SENT, after(seconds=9), after(seconds=10), after(seconds=12)),
    contact(5, SENT, after(seconds=9), after(hours=1), after(hours=2)),
    contact(6, SENT, after(seconds=9), after(hours=1), after(hours=2), after(hours=3)),
    contact(7, SENT, after(seconds=9), after(hours=1)),
    contact(8, arm="holdout"),
    bought={7: date(2026, 10, 10), 8: date(2026, 10, 6)},
)


def test_everyone_stands_at_the_furthest_stage() -> None:
    expected = dict.fromkeys(("eligible", "sent", "delivered", "opened", "machine click", "clicked", "responded", "bought"), 1)
    assert expected == people(campaigns.funnel(FUNNEL, OCTOBER), "stage")


def test_a_funnel_names_every_stage() -> None:
    found = campaigns.funnel(FUNNEL, OCTOBER).frame["stage"].drop_nulls()
    assert set(campaigns.STAGES) == set(found)


@pytest.mark.parametrize(("seconds", "stage"), [(0, "machine click"), (5, "machine click"), (6, "clicked")])
def test_a_click_within_seconds_of_delivery_is_a_machine(seconds: int, stage: str) -> None:
    tables = release(contact(1, SENT, after(seconds=3), None, after(seconds=3 + seconds)))
    assert {stage: 1} == people(campaigns.funnel(tables, OCTOBER), "stage")


@pytest.mark.parametrize(("channel", "days"), [("email", 5), ("sms", 1), ("call", 30), ("post", 30)])
@pytest.mark.parametrize(("late", "stage"), [(0, "bought"), (1, "sent")])
def test_a_purchase_counts_within_the_window_of_its_channel(channel: str, days: int, late: int, stage: str) -> None:
    tables = release(contact(1, SENT, channel=channel), bought={1: date(2026, 10, 5) + timedelta(days=days + late)})
    assert {stage: 1} == people(campaigns.funnel(tables, OCTOBER), "stage")


def test_a_purchase_before_the_contact_does_not_count() -> None:
    assert people(campaigns.funnel(release(contact(1, SENT), bought={1: date(2026, 10, 4)}), OCTOBER), "stage") == {"sent": 1}


def test_the_window_is_a_parameter() -> None:
    tables = release(contact(1, SENT), bought={1: date(2026, 10, 15)})
    assert people(campaigns.funnel(tables, OCTOBER, attribution=Attribution(email=10)), "stage") == {"bought": 1}


def test_a_person_in_two_campaigns_counts_once() -> None:
    tables = release(contact(1, SENT), contact(1, SENT, after(seconds=9), campaign=2))
    second = tables["campaign"].with_columns(pl.lit(2, pl.UInt32).alias("campaign"), code=pl.lit("B"))
    both = tables | {"campaign": pl.concat([tables["campaign"], second])}
    assert people(campaigns.funnel(both, OCTOBER), "stage") == {"delivered": 1}
    assert people(campaigns.funnel(both, OCTOBER, campaign="A"), "stage") == {"sent": 1}


def test_the_funnel_of_one_campaign_is_the_sum_of_its_channels() -> None:
    tables = release(contact(1, SENT), contact(2, SENT, channel="sms"), contact(3, arm="holdout", channel="sms"))
    funnel, by_channel = (make(tables, OCTOBER, campaign="A") for make in (campaigns.funnel, campaigns.response))
    assert funnel.population == by_channel.population
    assert people(funnel, "stage") == people(by_channel, "stage") == {"sent": 2, "eligible": 1}
    assert people(by_channel, "channel") == {"email": 1, "sms": 2}


def test_campaigns_before_the_months_are_left_out_unless_named() -> None:
    later = Period.parse("2027-03")
    assert people(campaigns.funnel(FUNNEL, later), "stage") == {}
    assert len(people(campaigns.funnel(FUNNEL, later, campaign="A"), "stage")) == 8


ARMS = release(
    contact(1, SENT),
    contact(2, SENT),
    contact(3, SENT, allowed=False, reason="no_consent"),
    contact(4, arm="holdout"),
    contact(5, arm="holdout"),
    bought={1: date(2026, 11, 4), 2: date(2026, 11, 5), 3: date(2026, 10, 6), 4: date(2026, 10, 5)},
)


def test_both_arms_have_one_clock_and_refused_contacts_no_arm() -> None:
    found = people(campaigns.uplift_by_campaign(ARMS, OCTOBER), "arm", "outcome", campaign="A")
    assert found == {("contacted", "bought"): 1, ("contacted", "not bought"): 1, ("holdout", "bought"): 1, ("holdout", "not bought"): 1}


def test_uplift_knows_plan_and_cost() -> None:
    cells = campaigns.uplift_by_campaign(ARMS, OCTOBER)
    assert (cells.figures[1].holdout_shares, cells.figures[2].cents) == ((("A", 0.5),), (("A", 1000),))  # type: ignore[attr-defined]


def test_contacts_and_people_of_a_month() -> None:
    tables = release(contact(1, SENT), contact(1, after(days=1)), contact(2, SENT, channel="sms"), contact(3, arm="holdout"))
    cells = campaigns.timeline(tables, OCTOBER)
    assert people(cells, "channel", column="contacts") == {"email": 2, "sms": 1}
    assert {date(2026, 10, 1): 2} == people(cells, "month")


def test_the_verdict_of_each_contact() -> None:
    cells = campaigns.lawfulness(ARMS, OCTOBER)
    assert people(cells, "verdict", column="contacts") == {"allowed": 2, "refused": 1}


def test_why_contacts_were_refused() -> None:
    cells = campaigns.lawfulness_by_channel(ARMS, OCTOBER)
    found = {
        (verdict, why): n
        for why, verdict, n in cells.frame.filter(pl.col("channel").is_null(), pl.col("why").is_not_null())
        .select("why", "verdict", "people")
        .rows()
    }
    assert found == {("allowed", "allowed"): 2, ("refused", "no_consent"): 1}


def test_all_tables_of_contacts_are_of_one_population() -> None:
    made = (campaigns.timeline, campaigns.lawfulness, campaigns.lawfulness_by_channel)
    assert len({make(ARMS, OCTOBER).population for make in made}) == 1


def test_an_earlier_opt_out_is_not_of_this_message() -> None:
    earlier, later = (contact(n, SENT, after(seconds=9), opted_out_at=after(seconds=9 + gap)) for n, gap in ((1, -1), (2, 0)))
    tables = release(earlier, later, contact(3, SENT, after(seconds=9)), contact(4, SENT))
    assert people(campaigns.opt_outs(tables, OCTOBER), "outcome", channel="email") == {"stayed": 2, "opted out": 1}


def test_contact_pressure() -> None:
    many = [contact(1, datetime(2026, 10, 2 + n, 9, tzinfo=UTC)) for n in range(6)]
    contacts = (*many, contact(2, datetime(2026, 10, 1, tzinfo=UTC)), contact(3, arm="holdout"))
    tables = release(*contacts, bought=dict.fromkeys(range(1, 9), date(2026, 1, 1)) | {8: date(2024, 10, 31)})
    cells = campaigns.pressure(tables, OCTOBER)
    assert people(cells, "contacts", days=30) == {"0": 6, "5+": 1}
    assert people(cells, "contacts", days=90) == {"0": 5, "1": 1, "5+": 1}


REACH = {
    "reach": pl.LazyFrame(
        {
            "customer": [1, 2, 1, 2],
            "channel": ["email", "email", "post", "post"],
            "kind": ["DM"] * 4,
            "allowed": [True, False, True, True],
            "reason": ["consent", "no_consent", "opt_out_channel", "opt_out_channel"],
        }
    )
}


def test_reach_and_its_reasons_are_the_same_cells() -> None:
    reach, reasons = campaigns.reach(REACH, OCTOBER), campaigns.reach_reasons(REACH, OCTOBER)
    assert reach.population == reasons.population
    assert people(reach, "channel", "verdict", kind="DM") == {("email", "allowed"): 1, ("email", "refused"): 1, ("post", "allowed"): 2}
    assert {
        (channel, why): n for channel, why, n in reasons.frame.filter(pl.col("why").is_not_null()).select("channel", "why", "people").rows()
    } == {("email", "allowed"): 1, ("email", "no_consent"): 1, ("post", "allowed"): 2}


def test_real_phone_campaigns() -> None:
    """UCI Bank Marketing: 521 of 4,521 said yes; -1 days since the last contact means never, and enters no average."""
    file = Path(__file__).parents[2] / "data" / "reference" / "uci_bank_marketing.csv"
    bank = pl.read_csv(file, separator=";").group_by("y").agg(pl.len().cast(pl.Int64).alias("people"))
    table = pl.concat([bank, bank.select(pl.lit(None, pl.String).alias("y"), pl.col("people").sum())])
    assert Rate("yes", "y", ("yes",))(table)["yes"].drop_nulls().to_list() == pytest.approx([0.11524], abs=5e-6)
