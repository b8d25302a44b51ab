"""Which act of will decided a contact, and what would have made it allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genlib.permission import CHANNELS, KINDS, Judge, Switches, find_acts, verdicts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
ACTS = {
    "customer_id": pl.Int64,
    "act": pl.String,
    "scope": pl.String,
    "given_at": INSTANT,
    "ended_at": INSTANT,
    "received_via": pl.String,
}
PEOPLE = pl.DataFrame(
    {"customer_id": [1], "kind": "consumer", "restricted_from": None, "non_disclosure": False},
    schema_overrides={"restricted_from": INSTANT},
)
SCOPES = ("phone", "post", "email", "market_research", "marketing_use")


def day(number: int) -> datetime:
    return NOON + timedelta(days=number)


def acts(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Rows of act, scope, given (days from noon), ended or None, way."""
    told = [
        (1, act, scope, day(given_on), None if ended is None else day(ended), way)
        for act, scope, given_on, ended, way in rows
    ]
    return pl.DataFrame(told, ACTS, orient="row")


def contact(channel: str = "email", kind: str = "DM", on: int = 0) -> pl.DataFrame:
    row = {"customer_id": [1], "channel": [channel], "kind": [kind], "sent_at": [day(on)]}
    return pl.DataFrame(row)


def decided(said: pl.DataFrame, asked: pl.DataFrame) -> tuple[Any, ...]:
    """Reason, then act, scope, days from noon of its beginning and end, way."""
    judged = verdicts(asked, said, PEOPLE)
    act, scope, began, ended, way = find_acts(judged, said).row(0)
    days = [None if at is None else (at - NOON.timestamp()) / 86_400 for at in (began, ended)]
    return judged["reason"][0], act, scope, *days, way


@pytest.mark.parametrize(
    ("said", "asked", "wanted"),
    [
        ([], contact(), ("consent_missing", None, None, None, None, None)),
        (
            [("consent", "email", -9, None, "web"), ("consent", "email", -5, None, "letter")],
            contact(),
            ("consent", "consent", "email", -5, None, "letter"),
        ),
        (
            [("consent", "email", -9, -2, "web")],
            contact(),
            ("consent_withdrawn", "consent", "email", -9, -2, "web"),
        ),
        (
            [("consent", "email", -9, 3, "web")],
            contact(),
            ("consent", "consent", "email", -9, None, "web"),
        ),
        (
            [("prohibition", "phone", -3, None, "phone")],
            contact("call"),
            ("channel_prohibition", "prohibition", "phone", -3, None, "phone"),
        ),
        (
            [("prohibition", "phone", 3, None, "phone")],
            contact("call"),
            ("opt_out_channel", None, None, None, None, None),
        ),
        (
            [
                ("prohibition", "marketing_use", -7, None, "letter"),
                ("prohibition", "post", -3, None, "web"),
            ],
            contact("post"),
            ("marketing_prohibition", "prohibition", "marketing_use", -7, None, "letter"),
        ),
        (
            [("prohibition", "research_email", -3, None, "opt_out")],
            contact("email", "SAT"),
            ("satisfaction_prohibition", "prohibition", "research_email", -3, None, "opt_out"),
        ),
        (
            [("prohibition", scope, -9 + n, None, "web") for n, scope in enumerate(SCOPES)],
            contact("post", "CC"),
            ("all_prohibitions", "prohibition", "marketing_use", -5, None, "web"),
        ),
    ],
)
def test_the_latest_act_that_counted_decided(said, asked, wanted) -> None:
    assert decided(acts(*said), asked) == wanted


def test_what_was_never_sent_was_decided_by_nothing() -> None:
    asked = contact().with_columns(sent_at=pl.lit(None, INSTANT))
    said = acts(("consent", "email", -5, None, "web"))
    assert decided(said, asked) == ("not_contacted", None, None, None, None, None)


def remedy(said: pl.DataFrame, asked: pl.DataFrame, **switches: Any) -> tuple[Any, ...]:
    judge = Judge.of(said, PEOPLE, switches=Switches(**switches))
    return judge.find_remedies(asked).row(0)


@pytest.mark.parametrize(
    ("said", "asked", "switches", "wanted"),
    [
        ([], contact(), {}, ("consent", "post")),
        ([], contact("post"), {}, (None, None)),
        ([("prohibition", "email", -3, None, "web")], contact(), {}, ("consent", "post")),
        (
            [("prohibition", "email", -3, None, "web")],
            contact(),
            {"q12": "prohibition"},
            ("both", "post"),
        ),
        (
            [("prohibition", "phone", -3, None, "web")],
            contact("call"),
            {},
            ("no prohibition", "post"),
        ),
        (
            [("prohibition", "marketing_use", -3, None, "web")],
            contact("post"),
            {},
            ("no prohibition", None),
        ),
        ([], contact("auto"), {}, ("nothing", "post")),
    ],
)
def test_what_would_have_made_it_allowed(said, asked, switches, wanted) -> None:
    assert remedy(acts(*said), asked, **switches) == wanted


ROW = st.tuples(
    st.sampled_from([("consent", "email"), ("consent", "mobile")])
    | st.tuples(st.just("prohibition"), st.sampled_from(SCOPES)),
    st.integers(-9, -1),
    st.none() | st.integers(1, 5),
).map(lambda row: (*row[0], row[1], None if row[2] is None else row[1] + row[2], "web"))
"""An act before the contact."""


@settings(max_examples=50, deadline=None)
@given(
    said=st.lists(ROW, max_size=5),
    channel=st.sampled_from(CHANNELS),
    kind=st.sampled_from(KINDS),
)
def test_a_remedy_would_have_helped(said: list[Any], channel: str, kind: str) -> None:
    """The contact is allowed once the person says what the remedy names; the open channel is
    open."""
    known, asked = acts(*said), contact(channel, kind)
    is_allowed = verdicts(asked, known, PEOPLE)["allowed"][0]
    helped_by, opened = remedy(known, asked)
    consent = acts(("consent", "email", 0, None, ""), ("consent", "mobile", 0, None, ""))
    unsaid = known.filter(pl.col("act") != "prohibition")
    worlds = {
        "consent": pl.concat([known, consent]),
        "no prohibition": unsaid,
        "both": pl.concat([unsaid, consent]),
    }
    helping = [name for name, acts in worlds.items() if verdicts(asked, acts, PEOPLE)["allowed"][0]]
    assert (helped_by is None) == is_allowed
    if not is_allowed:
        assert helped_by == next(iter(helping), "nothing")
        others = ("post", "call", "email", "sms")
        open_now = [ch for ch in others if verdicts(contact(ch, kind), known, PEOPLE)["allowed"][0]]
        assert opened == next(iter(open_now), None)
