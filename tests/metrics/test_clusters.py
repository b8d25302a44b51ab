"""Design effects: how many messages tell as much as one that stands alone."""

from __future__ import annotations

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from genlib.metrics.clusters import design_effects
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
