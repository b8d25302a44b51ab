"""Verdicts as of the second of sending, against a slow and plain reading of the same acts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars import col

from genlib.errors import UsageError
from genlib.permission import CHANNELS, KINDS, REASONS, Switches, decide, reach, state_at, verdicts
from genlib.permission.acts import PROHIBITIONS
from genlib.permission.rule import FLAGS

INSTANT = pl.Datetime("us", "UTC")
ACTS = {
    "customer_id": pl.Int64,
    "act": pl.String,
    "scope": pl.String,
    "given_at": INSTANT,
    "ended_at": INSTANT,
}
PEOPLE = {
    "customer_id": pl.Int64,
    "kind": pl.String,
    "restricted_from": INSTANT,
    "non_disclosure": pl.Boolean,
}
CONTACTS = {"customer_id": pl.Int64, "channel": pl.String, "kind": pl.String, "sent_at": INSTANT}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOUCHED = {  # the channels and kinds that a prohibition reaches by the defaults
    "phone": ({"call", "auto", "sms"}, {"DM", "SCA", "BEN"}),
    "email": ({"email"}, {"DM", "SCA", "BEN"}),
    "post": ({"post"}, {"DM", "SCA", "BEN"}),
    "market_research": (set(CHANNELS), {"MR", "SAT"}),
    "marketing_use": (set(CHANNELS), {"DM", "SCA", "BEN"}),
}
QUESTIONS = list(product(CHANNELS, KINDS))


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def acts(*rows: tuple[object, ...]) -> pl.DataFrame:
    """Rows of act, scope, given, ended (seconds from noon) and, if not 1, the customer."""
    told = [
        (
            row[4] if len(row) > 4 else 1,
            row[0],
            row[1],
            at(row[2]),
            None if row[3] is None else at(row[3]),
        )
        for row in rows
    ]
    return pl.DataFrame(told, ACTS, orient="row")


def person(
    customer: int = 1,
    kind: str = "consumer",
    restricted: datetime | None = None,
    hidden: bool = False,
) -> tuple[object, ...]:
    return customer, kind, restricted, hidden


def people(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows or [person()], PEOPLE, orient="row")


def contact(
    channel: str = "email", kind: str = "DM", sent: int | None = 0, customer: int | None = 1
) -> pl.DataFrame:
    return pl.DataFrame(
        [(customer, channel, kind, None if sent is None else at(sent))], CONTACTS, orient="row"
    )


def every(sent: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        [(1, channel, kind, at(sent)) for channel, kind in QUESTIONS], CONTACTS, orient="row"
    )


def verdict(
    history: pl.DataFrame,
    *args: object,
    who: pl.DataFrame | None = None,
    switches: Switches | None = None,
    **given: object,
) -> tuple:
    return (
        verdicts(
            contact(*args, **given), history, people() if who is None else who, switches=switches
        )
        .select("allowed", "reason")
        .row(0)
    )


FEW = settings(max_examples=40, deadline=None)
moments = st.integers(-5, 5)
spans = st.tuples(moments, st.none() | moments)
consents = st.tuples(st.just("consent"), st.sampled_from(["mobile", "email"]), spans)
prohibitions = st.tuples(st.just("prohibition"), st.sampled_from(PROHIBITIONS), spans)
histories = st.lists(consents | prohibitions, max_size=8).map(
    lambda rows: acts(*((act, scope, *span) for act, scope, span in rows))
)


@pytest.mark.notice("N11.19")
@FEW
@given(
    histories,
    moments,
    st.sampled_from(
        [Switches(), Switches(q1="calls"), Switches(q2=False), Switches(q12="prohibition")]
    ),
)
def test_verdicts_are_decide_on_the_state_at_the_second(
    history: pl.DataFrame, sent: int, switches: Switches
) -> None:
    asked = every(sent)
    state = asked.join(
        state_at(history, at(sent), switches=switches),
        on=["customer_id", "channel"],
        how="left",
        maintain_order="left",
    )
    flags = [
        pl.col(flag).fill_null(False) if flag in state.columns else pl.lit(False).alias(flag)
        for flag in FLAGS
    ]
    expected = decide(state.with_columns(*flags, recipient=pl.lit("P")), switches=switches)
    assert expected.select("allowed", "reason").equals(
        verdicts(asked, history, people(), switches=switches).select("allowed", "reason")
    )


@pytest.mark.notice("N11.19")
@FEW
@given(histories, st.sampled_from(PROHIBITIONS), st.integers(1, 5))
def test_a_prohibition_after_the_send_changes_nothing(
    history: pl.DataFrame, scope: str, later: int
) -> None:
    longer = history.vstack(acts(("prohibition", scope, later, None)))
    assert verdicts(every(), history, people()).equals(verdicts(every(), longer, people()))


@pytest.mark.notice("N4.22", "N4.23", "N11.6", "N11.7", "N11.8", "N11.9", "N11.10")
@FEW
@given(histories, st.sampled_from(PROHIBITIONS), st.integers(-5, 0))
def test_a_prohibition_before_the_send_stops_what_it_reaches(
    history: pl.DataFrame, scope: str, earlier: int
) -> None:
    older = history.filter(pl.col("given_at") <= at(earlier))
    channels, kinds = TOUCHED[scope]
    judged = verdicts(every(), older.vstack(acts(("prohibition", scope, earlier, None))), people())
    assert not judged.filter(
        pl.col("channel").is_in(list(channels)), pl.col("kind").is_in(list(kinds))
    )["allowed"].any()


@pytest.mark.notice("N11.3")
@FEW
@given(histories, st.sampled_from(["mobile", "email"]), moments)
def test_a_consent_opens_no_other_channel_to_marketing(
    history: pl.DataFrame, scope: str, given_at: int
) -> None:
    other = pl.col("kind").is_in(["DM", "SCA", "BEN"]) & (
        pl.col("channel") != {"mobile": "sms", "email": "email"}[scope]
    )
    before, after = (
        verdicts(every(), known, people()).filter(other)
        for known in (history, history.vstack(acts(("consent", scope, given_at, None))))
    )
    assert before["allowed"].equals(after["allowed"])


@settings(max_examples=12, deadline=None)  # each example asks for some ten contacts one by one
@given(st.lists(histories, min_size=2, max_size=5))
def test_a_batch_answers_as_each_contact_alone(owned: list[pl.DataFrame]) -> None:
    numbers = [7 * 10**9 * n + 3 for n in range(len(owned))]
    history = pl.concat(
        [
            one.with_columns(customer_id=pl.lit(n, pl.Int64))
            for n, one in zip(numbers, owned, strict=True)
        ]
    )
    contacts = pl.concat(
        [every(2).with_columns(customer_id=pl.lit(n, pl.Int64)) for n in numbers]
    ).sort("channel", "kind")
    who = people(*(person(n) for n in numbers))
    alone = pl.concat(
        [verdicts(one, history, who) for one in contacts.gather_every(11).iter_slices(1)]
    )
    assert alone.equals(verdicts(contacts, history, who).gather_every(11))


@pytest.mark.notice("N4.9", "N11.11", "N11.12", "N11.15")
@pytest.mark.parametrize(
    "chosen",
    list(product([False, True], repeat=5)),
    ids=lambda chosen: "".join(map(str, map(int, chosen))),
)
def test_all_32_combinations_of_prohibitions(chosen: tuple[bool, ...]) -> None:
    scopes = [scope for scope, is_chosen in zip(PROHIBITIONS, chosen, strict=True) if is_chosen]
    judged = verdicts(
        every(), acts(*(("prohibition", scope, -1, None) for scope in scopes)), people()
    )
    expected = set(QUESTIONS) - {
        (channel, kind)
        for channel, kind in QUESTIONS
        if kind in ("DM", "SCA", "BEN") and channel not in ("call", "post")
    }
    for scope in scopes:
        expected -= set(product(*TOUCHED[scope]))
    if all(chosen):
        expected = {(channel, "SVC") for channel in CHANNELS}
    assert expected == set(judged.filter("allowed").select("channel", "kind").rows())


def plainly(history: pl.DataFrame, channel: str, kind: str, sent: datetime) -> bool:
    """The answer for a consumer by the defaults, read act by act."""
    live: dict[tuple[str, str], datetime] = {}
    for _, act, scope, given_at, ended_at in history.rows():
        if given_at <= sent and (ended_at is None or sent < ended_at):
            later_ends = history.filter(
                pl.col("ended_at") > given_at,
                pl.col("ended_at") <= sent,
                act="consent",
                scope=scope,
            )
            if act == "consent" and later_ends.height:
                continue
            live[act, scope] = max(given_at, live.get((act, scope), given_at))

    def against(scope: str) -> list[datetime]:
        return [
            live["prohibition", wide]
            for wide in (scope, "marketing_use")
            if ("prohibition", wide) in live
        ]

    def agreed(scope: str, own: str) -> bool:
        given_at = live.get(("consent", scope))
        return given_at is not None and all(prohibited < given_at for prohibited in against(own))

    agreements = {"sms": agreed("mobile", "phone"), "email": agreed("email", "email")}
    silent = all(("prohibition", scope) in live for scope in PROHIBITIONS) and not any(
        agreements.values()
    )
    if kind == "SVC" or silent:
        return kind == "SVC"
    if kind in ("CC", "MR", "SAT"):
        return kind == "CC" or ("prohibition", "market_research") not in live
    return (
        agreements[channel]
        if channel in agreements
        else channel in ("call", "post") and not against({"call": "phone"}.get(channel, channel))
    )


@pytest.mark.notice("N11.17")
def test_whoever_ends_a_consent_has_no_older_one_of_its_scope() -> None:
    older = ("consent", "email", -4, None)
    ended = ("consent", "email", -3, -1)
    assert verdict(acts(older, ended), "email") == (False, "consent_withdrawn")
    assert verdict(acts(older, ended), "email", sent=-2) == (True, "consent")


@pytest.mark.parametrize("renewed", [-1, 0])
def test_a_consent_of_that_second_or_later_stands(renewed: int) -> None:
    history = acts(("consent", "email", -3, -1), ("consent", "email", renewed, None))
    assert verdict(history, "email") == (True, "consent")


def test_the_end_of_a_consent_leaves_those_of_another_scope_and_person() -> None:
    history = acts(("consent", "mobile", -4, None), ("consent", "email", -3, -1))
    other = history.with_columns(customer_id=pl.lit(2, pl.Int64))
    assert verdict(history, "sms") == (True, "consent")
    older = acts(("consent", "email", -4, None))
    assert verdict(pl.concat([older, other]), "email") == (True, "consent")


def test_the_end_of_a_prohibition_leaves_the_older_one() -> None:
    history = acts(("prohibition", "post", -4, None), ("prohibition", "post", -3, -1))
    assert verdict(history, "post") == (False, "channel_prohibition")


@pytest.mark.parametrize("kind", ["MR", "SAT"])
def test_an_opting_out_of_surveys_stops_those_of_its_channel(kind: str) -> None:
    history = acts(("prohibition", "research_email", -1, None))
    allowed = {
        channel
        for channel in CHANNELS
        if verdict(history, channel, kind, switches=Switches(q3=False))[0]
    }
    assert allowed == set(CHANNELS) - {"email"}


def test_an_opting_out_of_text_messages_stops_them_however_prohibitions_of_calls_are_read() -> None:
    history = acts(("consent", "mobile", -2, None), ("prohibition", "sms", -1, None))
    assert verdict(history, "sms", switches=Switches(q2=False)) == (False, "channel_prohibition")


@FEW
@given(histories, moments)
def test_verdicts_are_what_a_plain_reading_of_the_acts_says(
    history: pl.DataFrame, sent: int
) -> None:
    asked = every(sent)
    expected = [plainly(history, channel, kind, at(sent)) for channel, kind in QUESTIONS]
    assert verdicts(asked, history, people())["allowed"].to_list() == expected


EVERY_PROHIBITION = [("prohibition", scope, -10, None) for scope in PROHIBITIONS]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "consent_missing"),
        ([("consent", "email", -5, None)], "consent"),
        ([("consent", "email", 0, None)], "consent"),
        ([("consent", "email", 1, None)], "consent_missing"),
        ([("consent", "email", -5, 0)], "consent_withdrawn"),
        ([("consent", "email", -5, 1)], "consent"),
        (
            [("consent", "email", -5, None), ("prohibition", "email", -3, None)],
            "channel_prohibition",
        ),
        (
            [("consent", "email", -3, None), ("prohibition", "email", -3, None)],
            "channel_prohibition",
        ),
        ([("consent", "email", -2, None), ("prohibition", "email", -3, None)], "consent"),
        ([("consent", "email", -2, -1), ("prohibition", "email", -3, None)], "channel_prohibition"),
        ([("consent", "email", -5, None), ("prohibition", "email", -3, -1)], "consent"),
        (
            [("consent", "email", -5, None), ("prohibition", "marketing_use", -3, None)],
            "marketing_prohibition",
        ),
        ([("consent", "email", -2, None), ("prohibition", "marketing_use", -3, None)], "consent"),
        (
            [("consent", "mobile", -2, None), ("prohibition", "marketing_use", -3, None)],
            "marketing_prohibition",
        ),
        (EVERY_PROHIBITION, "all_prohibitions"),
        ([*EVERY_PROHIBITION, ("consent", "email", -5, None)], "consent"),
        ([*EVERY_PROHIBITION, ("consent", "email", -20, None)], "all_prohibitions"),
        ([*EVERY_PROHIBITION, ("consent", "mobile", -5, None)], "marketing_prohibition"),
        ([("consent", "email", -5, -2), ("consent", "email", -4, None)], "consent_withdrawn"),
        (
            [
                ("prohibition", "email", -5, None),
                ("prohibition", "email", -4, -2),
                ("consent", "email", -3, None),
            ],
            "consent",
        ),
        (
            [
                ("prohibition", "email", -5, None),
                ("prohibition", "email", -2, -1),
                ("consent", "email", -3, None),
            ],
            "consent",
        ),
    ],
)
def test_the_latest_act_wins_in_its_scope(rows: list[tuple[object, ...]], reason: str) -> None:
    assert reason == verdict(acts(*rows))[1]


def test_q12_prohibition_wins_over_every_later_consent() -> None:
    history = acts(("prohibition", "email", -5, None), ("consent", "email", -2, None))
    assert verdict(history, switches=Switches(q12="prohibition")) == (False, "channel_prohibition")


@pytest.mark.notice("N11.6")
def test_a_telephone_prohibition_stops_text_messages_only_under_q2() -> None:
    history = acts(("consent", "mobile", -5, None), ("prohibition", "phone", -3, None))
    assert [verdict(history, "sms", switches=Switches(q2=q2)) for q2 in (True, False)] == [
        (False, "channel_prohibition"),
        (True, "consent"),
    ]


@pytest.mark.notice("N11.4")
def test_a_later_mobile_consent_lifts_text_messages_but_not_calls() -> None:
    history = acts(("prohibition", "phone", -5, None), ("consent", "mobile", -3, None))
    assert [verdict(history, channel)[0] for channel in ("sms", "call")] == [True, False]


def test_work_duties_and_existing_customers_count_only_when_switched_on() -> None:
    asked = contact().with_columns(existing_customer=True, linked_to_duties=True)
    asked = pl.concat([asked, asked.with_columns(customer_id=pl.lit(2, pl.Int64))])
    who = people(person(1), person(2, "company_contact"))
    judged = [
        verdicts(asked, acts(), who, switches=switches)["allowed"].to_list()
        for switches in (Switches(), Switches(q4=True), Switches(q5=True))
    ]
    assert judged == [[False, False], [True, False], [False, True]]


@pytest.mark.parametrize(
    ("sent", "reason"), [(-1, "opt_out_channel"), (0, "restricted"), (1, "restricted")]
)
def test_a_restriction_stops_marketing_from_its_second_on(sent: int, reason: str) -> None:
    assert reason == verdict(acts(), "post", sent=sent, who=people(person(restricted=NOON)))[1]


def test_a_person_with_non_disclosure_gets_needed_notices_only() -> None:
    who = people(person(hidden=True))
    assert [verdict(acts(), "post", kind, who=who)[1] for kind in ("CC", "SVC")] == [
        ("non_disclosure"),
        ("safe_route"),
    ]


def test_an_erased_person_gets_nothing() -> None:
    who = people().with_columns(erased_at=pl.lit(date(2026, 1, 1)))
    assert verdict(acts(), "post", "SVC", who=who) == (False, "erased")


@pytest.mark.parametrize(
    ("days", "kind", "expected"),
    [
        (-1, "DM", (False, "deceased")),
        (0, "DM", (False, "deceased")),
        (0, "SVC", (False, "deceased")),
        (1, "DM", (True, "consent")),
        (1, "SVC", (True, "needed_notice")),
    ],
)
def test_nothing_is_sent_to_the_dead_from_the_day_of_death_on(
    days: int, kind: str, expected: tuple[bool, str]
) -> None:
    died = NOON.date() + timedelta(days=days)
    who = people().with_columns(deceased_on=pl.lit(died))
    assert expected == verdict(acts(("consent", "email", -5, None)), "email", kind, who=who)


def test_a_list_asks_who_has_left_and_is_held_back_and_a_past_contact_does_not() -> None:
    history = acts(("consent", "email", -5, None))
    who = people()
    left = who.with_columns(left_on=pl.lit(NOON.date()))
    held = who.with_columns(held_since=pl.lit(NOON))
    told = [verdict(history, "email", who=asked)[1] for asked in (who, left, held)]
    assert told == ["consent", "left", "held_back"]


@pytest.mark.parametrize("customer", [None, 0, 2, 10**18, -(10**18), 1 + 2**30])
def test_a_stranger_is_refused(customer: int | None) -> None:
    history = acts(("consent", "email", -5, None), ("consent", "email", -5, None, 2))
    assert verdict(history, customer=customer) == (False, "unknown_person")


def test_a_holdout_has_no_verdict() -> None:
    assert verdict(acts(), sent=None) == (None, "not_contacted")


def test_the_repeated_hour_of_autumn_is_told_apart() -> None:
    """03:30 comes twice in Finland on 25.10.2026; a prohibition between the two leaves the first
    allowed."""
    helsinki = ZoneInfo("Europe/Helsinki")
    nights = [
        datetime(2026, 10, 25, 3, 30, tzinfo=helsinki, fold=fold).astimezone(UTC) for fold in (0, 1)
    ]
    history = pl.DataFrame(
        [(1, "prohibition", "post", datetime(2026, 10, 25, 1, 0, tzinfo=UTC), None)],
        ACTS,
        orient="row",
    )
    sent = pl.DataFrame(
        {
            "customer_id": 1,
            "channel": "post",
            "kind": "DM",
            "sent_at": pl.Series(nights).dt.convert_time_zone("Europe/Helsinki"),
        }
    )
    assert verdicts(sent, history, people())["allowed"].to_list() == [True, False]


def test_a_restriction_told_as_a_date_begins_at_midnight_in_finland() -> None:
    who = people().with_columns(
        restricted_from=pl.lit(date(2026, 3, 29))
    )  # the night when summer time begins
    sent = [datetime(2026, 3, 28, 21, 59, 59, tzinfo=UTC), datetime(2026, 3, 28, 22, 0, tzinfo=UTC)]
    asked = pl.DataFrame([(1, "post", "DM", when) for when in sent], CONTACTS, orient="row")
    assert verdicts(asked, acts(), who)["allowed"].to_list() == [True, False]


@pytest.mark.parametrize(
    ("birth_year", "reason"),
    [
        (1950, "consent"),
        (2007, "consent"),
        (2008, "minor"),
        (2013, "minor"),
        (2026, "minor"),
        (2100, "minor"),
        (None, "consent"),
    ],
)
def test_whoever_may_be_under_18_is_on_no_list_but_of_needed_notices(
    birth_year: int | None, reason: str
) -> None:
    """At noon of 1 March 2026: who was born in 2008 is 17 or 18, nobody knows which."""
    history = acts(("consent", "email", -5, None))
    who = people().with_columns(birth_year=pl.lit(birth_year, pl.Int64))
    assert verdict(history, "email", who=who) == (reason == "consent", reason)
    assert verdict(history, "email", "SVC", who=who) == (True, "needed_notice")


def test_minority_ends_with_the_companys_year() -> None:
    who = people().with_columns(birth_year=pl.lit(2008))
    new_year = datetime(2026, 12, 31, 22, tzinfo=UTC)
    sent = [new_year - timedelta(seconds=1), new_year]
    asked = pl.DataFrame([(1, "post", "DM", when) for when in sent], CONTACTS, orient="row")
    judged = verdicts(asked, acts(), who, time_zone="Europe/Helsinki")
    assert judged["reason"].to_list() == ["minor", "opt_out_channel"]


def test_lazy_frames_stream_to_the_same_verdicts() -> None:
    history = acts(("consent", "email", -5, 3))
    judged = verdicts(every().lazy(), history.lazy(), people().lazy())
    assert isinstance(judged, pl.LazyFrame)
    assert judged.collect(engine="streaming").equals(verdicts(every(), history, people()))


def test_order_and_other_columns_are_kept() -> None:
    asked = (
        pl.concat([every(2), every(-3)])
        .with_row_index("mine")
        .sample(fraction=1, shuffle=True, seed=1)
    )
    assert asked.equals(
        verdicts(asked, acts(("consent", "email", 0, None)), people()).drop("allowed", "reason")
    )


def test_an_end_in_the_year_9999_is_no_end() -> None:
    forever = acts(
        ("prohibition", "post", -5, None), ("prohibition", "post", -5, None, 2)
    ).with_columns(ended_at=pl.lit(datetime(9999, 12, 31, tzinfo=UTC)).cast(INSTANT))
    asked = pl.concat([contact("post", customer=1), contact("post", customer=2)])
    assert verdicts(asked, forever, people(person(1), person(2)))["allowed"].to_list() == [
        False,
        False,
    ]


def test_nobody_in_nothing_out() -> None:
    assert verdicts(every().clear(), acts(), people().clear()).height == 0


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError, match="the people lack the columns non_disclosure"):
        verdicts(every(), acts(), people().drop("non_disclosure"))


def test_reach_answers_for_each_person_channel_and_kind() -> None:
    found = reach(people(person(1), person(2)), acts(("consent", "email", -5, None)), NOON)
    marketing = found.filter(pl.col("kind") == "DM", "allowed").select("customer_id", "channel")
    assert (32, {(1, "call"), (1, "email"), (1, "post"), (2, "call"), (2, "post")}) == (
        found.height,
        set(marketing.rows()),
    )


def test_every_reason_has_words_for_people() -> None:
    assert all(reason.text and (reason.law or reason.allows is None) for reason in REASONS.values())


@pytest.mark.parametrize(
    ("time_zone", "first"),
    [
        ("Europe/Helsinki", datetime(2026, 3, 28, 22, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 29, 4, 0, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 3, 28, 15, 0, tzinfo=UTC)),
        ("Asia/Beirut", datetime(2026, 3, 28, 22, 0, tzinfo=UTC)),
    ],
)
def test_a_date_is_a_day_of_the_company_wherever_it_is(time_zone: str, first: datetime) -> None:
    """In Beirut there was no midnight that day: clocks went from 00:00 to 01:00."""
    who = people().with_columns(restricted_from=pl.lit(date(2026, 3, 29)))
    sent = [first - timedelta(seconds=1), first]
    asked = pl.DataFrame([(1, "post", "DM", when) for when in sent], CONTACTS, orient="row")
    judged = verdicts(asked, acts(), who, time_zone=time_zone)
    assert judged["allowed"].to_list() == [True, False]
    for at, allowed in zip(sent, (True, False), strict=True):
        found = reach(who, acts(), at, time_zone=time_zone)
        post = found.filter(col("channel") == "post", col("kind") == "DM")
        assert post["allowed"].to_list() == [allowed]


def test_acts_told_by_their_day_stand_from_the_companys_midnight() -> None:
    told = pl.DataFrame(
        {
            "customer_id": [1],
            "act": ["prohibition"],
            "scope": ["post"],
            "given_at": [date(2026, 10, 2)],
            "ended_at": pl.Series([None], dtype=pl.Date),
        }
    )
    at_four = datetime(2026, 10, 2, 4, 0, tzinfo=UTC)
    assert state_at(told, at_four, time_zone="Europe/Helsinki").height > 0
    assert state_at(told, at_four - timedelta(seconds=1), time_zone="America/New_York").height == 0
    assert state_at(told, at_four, time_zone="America/New_York").height > 0
