"""Campaigns: contacts of a few people counted by hand; real phone campaigns; Newcombe's table."""

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from messages import SENT, after, contact, figured, many, people, release

from genlib.disclosure import Policy
from genlib.disclosure.ladder import make_legible
from genlib.errors import UsageError
from genlib.metrics import campaigns
from genlib.metrics.campaigns import Attribution
from genlib.metrics.figures import Rate
from genlib.period import Period

OCTOBER = Period.parse("2026-10")


def test_uplift_is_newcombes() -> None:
    found = campaigns.uplift(56, 70, 48, 80)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


FUNNEL = release(
    *many(0, arm="holdout"),
    *many(10, SENT),
    *many(20, SENT, bounced=True),
    *many(30, SENT, after(seconds=9)),
    *many(40, SENT, after(seconds=9), after(seconds=10), after(seconds=12)),
    *many(50, SENT, after(seconds=9), after(hours=1)),
    *many(60, SENT, after(seconds=9), after(hours=1), after(hours=2)),
    *many(70, SENT, after(seconds=9), responded_at=after(hours=3)),
    *many(80, SENT, after(seconds=9), responded_at=after(hours=3)),
    bought={30: date(2026, 10, 10), 31: date(2026, 10, 11), 0: date(2026, 10, 6)}
    | {80 + n: date(2026, 10, 9) for n in range(5)},
)


def test_everyone_stands_at_the_furthest_stage() -> None:
    found = people(campaigns.funnel(FUNNEL, OCTOBER), "stage")
    assert found == dict.fromkeys(set(campaigns.STAGES) - {"targeted"}, 5)


def test_the_stages_add_up_to_the_people_and_machines_stand_aside() -> None:
    (figure,) = campaigns.funnel(FUNNEL, OCTOBER).figures
    told = figure(campaigns.funnel(FUNNEL, OCTOBER).frame)
    reached = dict(told.select("stage", "reached").drop_nulls().rows())
    steps = {
        "eligible": 45,
        "targeted": 40,
        "sent": 40,
        "bounced": 5,
        "delivered": 30,
        "machine": 5,
    }
    steps |= {"opened": 20, "clicked": 15, "responded": 10, "bought": 5}
    assert reached == steps


def test_a_click_implies_an_opening() -> None:
    tables = release(
        *many(0, SENT, after(seconds=3), None, after(hours=1)), *many(10, SENT, after(seconds=3))
    )
    assert people(campaigns.funnel(tables, OCTOBER), "stage") == {"clicked": 5, "delivered": 5}


def test_an_answer_implies_a_click_only_where_clicks_are_known() -> None:
    tables = release(
        *many(0, SENT, after(seconds=3), None, None, after(days=1), channel="post"),
        *many(10, SENT, after(seconds=3)),
    )
    cells = campaigns.funnel(tables, OCTOBER)
    assert people(cells, "channel", "stage") == {
        ("email", "delivered"): 5,
        ("post", "responded"): 5,
    }
    told = figured(cells).filter(channel="post").select("stage", "reached")
    assert {stage: told.filter(stage=stage)["reached"].item() for stage in ("opened", "sent")} == {
        "opened": None,
        "sent": 5,
    }


def test_a_purchase_ends_the_way_only_of_those_who_answered() -> None:
    october = {n: date(2026, 10, 6) for n in range(20)}
    tables = release(
        *many(0, SENT, after(seconds=3), None, None, after(days=1)),
        *many(10, SENT, after(seconds=3)),
        bought=october,
    )
    assert people(campaigns.funnel(tables, OCTOBER), "stage") == {"bought": 5, "delivered": 5}
    assert people(campaigns.outcomes(tables, OCTOBER, "bought"), "outcome") == {"bought": 10}


def test_who_got_messages_in_two_channels_is_counted_in_the_one_that_went_further() -> None:
    mails = many(0, SENT, after(seconds=9))
    letters = many(0, SENT, after(seconds=9), None, None, after(days=1), channel="post")
    cells = campaigns.funnel(release(*mails, *letters), OCTOBER)
    assert people(cells, "channel", "stage") == {("post", "responded"): 5}
    assert people(cells) == {5: 5}


def test_stages_of_few_are_told_with_the_one_before() -> None:
    """Two opened and one clicked; who bought and who answered are told as long as they can be."""
    tables = release(
        *many(0, SENT, after(seconds=9)),
        *many(20, SENT, after(seconds=9), None, None, after(days=1)),
        contact(9, SENT, after(seconds=9), after(hours=1)),
        contact(8, SENT, after(seconds=9), after(hours=1)),
        contact(7, SENT, after(seconds=9), after(hours=1), after(hours=2)),
    )
    cells = make_legible(campaigns.funnel(tables, OCTOBER), Policy())
    told = cells.frame.filter(pl.col("channel").is_null(), pl.col("stage").is_not_null())
    assert dict(told.filter(pl.col("people") > 0).select("stage", "people").rows()) == {
        "delivered": 8,
        "responded": 5,
    }


def test_a_funnel_names_every_stage() -> None:
    found = campaigns.funnel(FUNNEL, OCTOBER).frame["stage"].drop_nulls()
    assert set(campaigns.STAGES) == set(found)


@pytest.mark.parametrize(("seconds", "stage"), [(0, "machine"), (5, "machine"), (6, "clicked")])
def test_a_click_within_seconds_of_delivery_is_a_machine(seconds: int, stage: str) -> None:
    tables = release(*many(0, SENT, after(seconds=3), None, after(seconds=3 + seconds)))
    assert people(campaigns.funnel(tables, OCTOBER), "stage") == {stage: 5}


@pytest.mark.parametrize(("burst", "stage"), [(5, "machine"), (6, "clicked")])
def test_clicks_of_a_whole_list_at_once_are_a_machine(burst: int, stage: str) -> None:
    tables = release(*many(0, SENT, after(seconds=3), None, after(hours=1)))
    assert people(
        campaigns.funnel(tables, OCTOBER, attribution=Attribution(burst=burst)), "stage"
    ) == {stage: 5}


def got(customer: int, **other: Any) -> dict[str, Any]:
    return contact(customer, SENT, after(seconds=9), **other)


@pytest.mark.parametrize(
    ("channel", "days"), [("email", 5), ("sms", 1), ("call", 30), ("post", 30)]
)
@pytest.mark.parametrize(("late", "outcome"), [(0, "bought"), (1, "not bought")])
def test_a_purchase_counts_within_the_window_of_its_channel(
    channel: str, days: int, late: int, outcome: str
) -> None:
    tables = release(
        got(1, channel=channel), bought={1: date(2026, 10, 5) + timedelta(days=days + late)}
    )
    assert people(campaigns.outcomes(tables, OCTOBER, "bought"), "outcome") == {outcome: 1}


def test_a_purchase_before_the_contact_does_not_count() -> None:
    cells = campaigns.outcomes(release(got(1), bought={1: date(2026, 10, 4)}), OCTOBER, "bought")
    assert people(cells, "outcome") == {"not bought": 1}


def test_the_window_is_a_parameter() -> None:
    tables = release(got(1), bought={1: date(2026, 10, 15)})
    assert people(
        campaigns.outcomes(tables, OCTOBER, "bought", attribution=Attribution(email=10)), "outcome"
    ) == {"bought": 1}


def test_outcomes_are_of_delivered_messages() -> None:
    cells = campaigns.outcomes(release(contact(1, SENT), got(2)), OCTOBER, "responded")
    assert people(cells, "outcome", column="contacts") == {"no response": 1}


def test_the_cost_of_a_response() -> None:
    answered = [got(customer, responded_at=after(days=1)) for customer in range(10)]
    cells = campaigns.outcomes(release(*answered), OCTOBER, "responded", by="campaign")
    frame = cells.frame
    for figure in cells.figures:
        frame = figure(frame)
    row = frame.row(
        by_predicate=(pl.col("campaign") == "A") & pl.col("outcome").is_null(), named=True
    )
    assert (row["cost_cents"], row["cents_each"], row["responded"], row["campaign_fi"]) == (
        1000,
        100,
        10,
        "Kampanja",
    )


def test_outcomes_of_campaigns_have_no_total() -> None:
    """Who answered two campaigns is one person in the funnel: the sum less that would tell how few
    they are."""
    cells = campaigns.outcomes(FUNNEL, OCTOBER, "responded", by="campaign")
    assert cells.frame["campaign"].null_count() == 0


def test_what_came_of_a_message_is_one_of_three() -> None:
    with pytest.raises(UsageError, match="responded, bought, opted out"):
        campaigns.outcomes(FUNNEL, OCTOBER, "smiled")


def test_a_person_in_two_campaigns_counts_once() -> None:
    tables = release(*many(1, SENT), *many(1, SENT, after(seconds=9), campaign=2))
    second = tables["campaign"].with_columns(
        pl.lit(2, pl.UInt32).alias("campaign"), code=pl.lit("B")
    )
    both = tables | {"campaign": pl.concat([tables["campaign"], second])}
    assert people(campaigns.funnel(both, OCTOBER), "stage") == {"delivered": 5}
    assert people(campaigns.funnel(both, OCTOBER, campaign="A"), "stage") == {"sent": 5}


def test_a_period_in_which_no_campaign_began_has_an_empty_funnel_in_every_channel() -> None:
    cells = campaigns.funnel(FUNNEL, Period.parse("2026-11"))
    assert people(cells, "channel", "stage") == {}
    assert figured(cells)["reached"].drop_nulls().to_list() == []


def test_campaigns_that_began_before_the_period_are_left_out_unless_named() -> None:
    later = Period.parse("2026-11")
    assert people(campaigns.funnel(FUNNEL, later), "stage") == {}
    assert len(people(campaigns.funnel(FUNNEL, later, campaign="A"), "stage")) == 9


REFUSED = {"allowed": False, "reason": "no_consent"}
ARMS = release(
    contact(1, SENT),
    contact(2, SENT),
    contact(3, SENT, **REFUSED),
    contact(4, arm="holdout"),
    contact(5, arm="holdout"),
    bought={1: date(2026, 11, 4), 2: date(2026, 11, 5), 3: date(2026, 10, 6), 4: date(2026, 10, 5)},
)


def arms(tables: dict[str, pl.LazyFrame], column: str = "people") -> dict[Any, int]:
    cells = campaigns.uplift_by_campaign(tables, OCTOBER)
    return people(cells, "arm", "outcome", campaign="A", column=column)


def test_both_arms_have_one_clock() -> None:
    assert arms(ARMS) == {
        ("contacted", "bought"): 2,
        ("contacted", "not bought"): 1,
        ("holdout", "bought"): 1,
        ("holdout", "not bought"): 1,
    }


@pytest.mark.parametrize(
    "row",
    [
        contact(1, allowed=None, reason="not_contacted"),
        contact(1, SENT, bounced=True),
        contact(1, SENT, after(seconds=9), **REFUSED),
        contact(1, SENT, after(seconds=9)),
    ],
    ids=["never sent", "bounced", "not allowed", "delivered"],
)
def test_whatever_became_of_the_contact_the_person_stays_in_the_contacted_arm(
    row: dict[str, Any],
) -> None:
    assert arms(release(row)) == {("contacted", "not bought"): 1}


def test_the_uplift_is_that_of_everyone_assigned() -> None:
    """Of 100 drawn in each arm 30 and 15 bought: 15 points. The contacted who did not buy were
    refused, bounced or never sent; without them it would be 28."""
    sent = [contact(n, SENT, after(seconds=9)) for n in range(70)]
    lost = [contact(n) for n in range(70, 80)]
    lost += [contact(n, SENT, bounced=True) for n in range(80, 90)]
    lost += [contact(n, SENT, **REFUSED) for n in range(90, 100)]
    held = [contact(n, arm="holdout") for n in range(100, 200)]
    bought = dict.fromkeys([*range(30), *range(100, 115)], date(2026, 10, 20))
    found = figured(
        campaigns.uplift_by_campaign(release(*sent, *lost, *held, bought=bought), OCTOBER)
    )
    shown = found.filter(campaign="A").drop_nulls("uplift").row(0, named=True)
    assert (shown["rate"], shown["holdout_rate"], shown["uplift"]) == pytest.approx(
        (0.30, 0.15, 0.15)
    )


def test_money_counts_once_a_person_and_campaign() -> None:
    """A letter and a call, or two letters, to one person."""
    rows = [contact(1, SENT, channel="post"), contact(1, after(days=2), channel="call")]
    rows += [contact(2, SENT, channel="post"), contact(2, after(days=2), channel="post")]
    tables = release(*rows, bought={1: date(2026, 10, 20), 2: date(2026, 10, 21)})
    assert arms(tables) == {("contacted", "bought"): 2}
    assert arms(tables, "amount_cents") == {("contacted", "bought"): 200}


def test_who_has_a_row_in_both_arms_counts_as_contacted() -> None:
    tables = release(contact(1, arm="holdout", channel="post"), contact(1, SENT))
    assert arms(tables) == {("contacted", "not bought"): 1}


@pytest.mark.parametrize(("late", "outcome"), [(0, "bought"), (1, "not bought")])
def test_the_window_ends_for_both_arms_30_days_after_the_last_message(
    late: int, outcome: str
) -> None:
    """A campaign of 60 days: what the people of its last day buy counts too."""
    day = date(2026, 10, 5) + timedelta(days=60 + 30 + late)
    rows = [contact(1, SENT), contact(2, after(days=60)), contact(3, arm="holdout")]
    tables = release(*rows, bought={2: day, 3: day})
    found = arms(tables)
    assert found[("contacted", outcome)] == (1 if outcome == "bought" else 2)
    assert found[("holdout", outcome)] == 1


def test_a_campaign_of_100_days_that_made_everyone_buy_is_told_as_100_points() -> None:
    """Every day one of 100 people gets a message, and buys on the day after."""
    days = range(100)
    sent = [contact(n, after(days=n)) for n in days]
    held = [contact(100 + n, arm="holdout") for n in days]
    bought = {n: date(2026, 10, 6) + timedelta(days=n) for n in days}
    found = figured(campaigns.uplift_by_campaign(release(*sent, *held, bought=bought), OCTOBER))
    assert found.filter(campaign="A")["uplift"].drop_nulls().to_list() == [1.0]


def test_a_purchase_follows_the_message_in_whose_window_it_lies() -> None:
    """Twenty days after both: within the 30 days of the letter, not within the 5 of the e-mail."""
    rows = [got(1, channel="email"), got(1, channel="post")]
    tables = release(*rows, bought={1: date(2026, 10, 25)})
    cells = campaigns.outcomes(tables, OCTOBER, "bought")
    assert people(cells, "outcome", column="contacts") == {"bought": 1, "not bought": 1}


def test_an_answer_to_one_of_two_messages_makes_no_burst_of_the_other() -> None:
    """Clicks are counted once each, however many messages their people got."""
    clicks = [
        contact(n, SENT, after(seconds=3), None, after(hours=1), after(hours=2)) for n in range(15)
    ]
    letters = [
        contact(n, SENT, after(seconds=3), None, None, after(days=1), channel="post")
        for n in range(15)
    ]
    bought = dict.fromkeys(range(15), date(2026, 10, 6))
    cells = campaigns.funnel(release(*clicks, *letters, bought=bought), OCTOBER)
    assert people(cells, "channel", "stage") == {("email", "bought"): 15}


def test_everyone_drawn_is_in_the_funnel_and_every_message_delivered_in_what_came_of_it() -> None:
    tables = release(
        *many(0), *many(10, SENT, **REFUSED), *many(20, SENT, after(seconds=9), **REFUSED)
    )
    assert people(campaigns.funnel(tables, OCTOBER)) == {15: 15}
    found = campaigns.outcomes(tables, OCTOBER, "responded")
    assert people(found, "outcome", column="contacts") == {"no response": 5}


def test_uplift_knows_plan_and_cost() -> None:
    cells = campaigns.uplift_by_campaign(ARMS, OCTOBER)
    assert cells.figures[0](cells.frame).select("holdout_share", "cost_cents").unique().rows() == [
        (0.5, 1000)
    ]


@pytest.mark.parametrize(
    ("published", "holdout", "ongoing"),
    [
        (date(2026, 11, 4), 0.5, True),
        (date(2026, 11, 5), 0.5, False),
        (date(2027, 1, 1), 0.5, False),
        (date(2026, 11, 4), 0.0, False),
    ],
)
def test_a_campaign_with_a_holdout_whose_window_was_open_at_the_release_is_ongoing(
    published: date, holdout: float, ongoing: bool
) -> None:
    class Dated(dict[str, Any]):
        manifest = SimpleNamespace(published_on=published)

    planned = ARMS["campaign"].with_columns(holdout_share=pl.lit(holdout))
    told = campaigns.uplift_by_campaign(Dated(ARMS | {"campaign": planned}), OCTOBER)
    shown = told.figures[0](told.frame).pipe(told.figures[-1])
    assert shown.filter(campaign="A")["ongoing"].unique().to_list() == [ongoing]


def test_real_phone_campaigns() -> None:
    """UCI Bank Marketing: 521 of 4,521 said yes; -1 days since the last contact means never, and
    enters no average."""
    file = Path(__file__).parents[2] / "data" / "reference" / "uci_bank_marketing.csv"
    bank = (
        pl.read_csv(file, separator=";").group_by("y").agg(pl.len().cast(pl.Int64).alias("people"))
    )
    table = pl.concat(
        [bank, bank.select(pl.lit(None, pl.String).alias("y"), pl.col("people").sum())]
    )
    assert Rate("yes", "y", ("yes",))(table)["yes"].drop_nulls().to_list() == pytest.approx(
        [0.11524], abs=5e-6
    )
