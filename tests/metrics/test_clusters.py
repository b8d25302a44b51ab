"""Design effects: how many messages tell as much as one that stands alone."""

from __future__ import annotations

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from genlib.metrics.clusters import design_effects, effects_among
from genlib.metrics.figures import Rate
from genlib.metrics.rows import lazy

ANSWERED = nw.col("outcome") == "responded"


def messages(*people: tuple[str, int, int], channel: str = "email") -> pl.DataFrame:
    """How many people got so many messages and answered so many of them: ("40x", 2, 1)."""
    rows = [
        (f"{channel} {kind} {person}", channel, "responded" if place < answered else "no")
        for kind, (times, sent, answered) in enumerate(people)
        for person in range(int(times.removesuffix("x")))
        for place in range(sent)
    ]
    return pl.DataFrame(rows, schema=["customer", "channel", "outcome"], orient="row")


def effect(*people: tuple[str, int, int]) -> float:
    found = design_effects(lazy(messages(*people)), "channel", ANSWERED)
    return float(found.filter(channel="email")["effect"].item())


def test_messages_of_one_each_stand_alone() -> None:
    assert effect(("30x", 1, 0), ("10x", 1, 1)) == 1.0


def test_who_answers_both_or_none_tells_as_much_as_one_message() -> None:
    assert effect(("30x", 2, 0), ("10x", 2, 2)) == 2.0


def test_people_who_answer_less_alike_than_by_chance_do_not_narrow_an_interval() -> None:
    assert effect(("400x", 2, 1)) == 1.0


@pytest.mark.parametrize("answered", [0, 3])
def test_where_nobody_or_everybody_answered_people_count(answered: int) -> None:
    assert effect(("40x", 3, answered)) == pytest.approx(3.0)


def test_an_effect_is_told_in_tenths_rounded_up() -> None:
    """One person more with two messages, or fewer, does not show."""
    one, other = (effect(("500x", 1, 0), ("480x", 1, 1), (twice, 2, 2)) for twice in ("20x", "21x"))
    assert one == other == 1.1


def test_each_channel_and_all_together_have_people_and_an_effect() -> None:
    """Ten people got a letter and an e-mail: one person each in a channel, ten in all."""
    both = pl.concat([messages(("10x", 1, 1)), messages(("10x", 1, 1), channel="post")])
    same = both.with_columns(customer=pl.col("customer").str.split(" ").list.last())
    expected = pl.DataFrame(
        {"channel": ["email", "post", None], "persons": [10, 10, 10], "effect": [1.0, 1.0, 2.0]}
    )
    assert_frame_equal(design_effects(lazy(same), "channel", ANSWERED), expected)


MESSAGE = st.tuples(
    st.integers(1, 6),
    st.sampled_from(["email", "post", "sms"]),
    st.sampled_from(["responded", "no"]),
)


@given(st.lists(MESSAGE, min_size=1, max_size=30))
def test_the_others_of_a_channel_are_all_messages_without_it(rows: list[tuple[str, ...]]) -> None:
    contacts = pl.DataFrame(rows, schema=["customer", "channel", "outcome"], orient="row")
    found = effects_among(lazy(contacts), "channel", ANSWERED)
    for channel in contacts["channel"].unique():
        others = contacts.filter(pl.col("channel") != channel)
        row = found.filter(channel=channel).select("other_persons", "other_effect").drop_nulls()
        if others.is_empty():
            assert row.is_empty()
            continue
        whole = design_effects(lazy(others), "channel", ANSWERED).filter(
            pl.col("channel").is_null()
        )
        assert row.rows() == whole.select("persons", "effect").rows()


def compare(contacts: pl.DataFrame, *, by_person: bool) -> pl.DataFrame:
    """The answers by channel, each compared with all others: by person or as if each message stood
    alone."""
    tables = [contacts.group_by(*keys).len() for keys in (["channel", "outcome"], ["channel"], [])]
    by_outcome = contacts.group_by("outcome").len()
    cells = pl.concat([*tables, by_outcome], how="diagonal").select(
        "channel", "outcome", people=pl.lit(None, pl.Int64), contacts=pl.col("len").cast(pl.Int64)
    )
    effects = None
    if by_person:
        effects = effects_among(lazy(contacts), "channel", ANSWERED)
    rate = Rate("rate", "outcome", ("responded",), of="contacts", clusters=effects, among="channel")
    rows = rate(cells).filter(pl.col("outcome").is_null(), pl.col("channel").is_not_null())
    return rows.sort("channel").select("channel", "rate", "^rate_gap.*$")


def test_messages_that_are_all_alike_are_compared_as_so_many_people() -> None:
    """Who got two answered both or none: as if each had got one."""
    twice = [messages(("60x", 2, 0), ("40x", 2, 2)), messages(("70x", 2, 0), ("30x", 2, 2))]
    once = [messages(("60x", 1, 0), ("40x", 1, 1)), messages(("70x", 1, 0), ("30x", 1, 1))]
    two, one = (
        pl.concat(
            [email, post.with_columns(channel=pl.lit("post"), customer="p " + pl.col("customer"))]
        )
        for email, post in (twice, once)
    )
    assert_frame_equal(compare(two, by_person=True), compare(one, by_person=False))


def test_alike_messages_do_not_tell_channels_apart_that_people_would_not() -> None:
    email = messages(("60x", 5, 0), ("40x", 5, 5))
    post = messages(("70x", 5, 0), ("30x", 5, 5)).with_columns(
        channel=pl.lit("post"), customer="p " + pl.col("customer")
    )
    both = pl.concat([email, post])
    lows = [compare(both, by_person=by_person)["rate_gap_low"][0] for by_person in (False, True)]
    assert lows[0] > 0 > lows[1]


def test_nothing_is_said_of_a_channel_whose_others_are_too_few_people() -> None:
    few = messages(("9x", 3, 1)).with_columns(
        channel=pl.lit("post"), customer="p " + pl.col("customer")
    )
    both = pl.concat([messages(("40x", 1, 1)), few])
    assert compare(both, by_person=True)["rate_gap"].to_list() == [None, None]
