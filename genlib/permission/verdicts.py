"""Verdicts: every contact judged as of the second it was sent, and who can be reached at an
instant.

`decide` is asked once for each question that can occur - a profile of a timeline, a channel, a kind
of message - and a verdict is a look-up among its answers. So a batch of any size answers as one
contact alone would, and ten million take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import prod

import numpy as np
import polars as pl
from polars import col

from genlib.errors import UsageError
from genlib.permission.acts import NEVER, seconds
from genlib.permission.reasons import REASONS
from genlib.permission.remedies import find_remedies
from genlib.permission.rule import CHANNELS, FLAGS, KINDS, PROTECTED, Frame, decide
from genlib.permission.switches import Switches
from genlib.permission.timeline import LAST, Ints, places, timeline, unpacked
from genlib.settings import TIME_ZONE

JUDGED = ("kind", "restricted_from", "deceased_on", "non_disclosure")
"""What is asked about a person, where the question is whether a past contact was allowed."""
_CHANNELS = ["call", "sms", "email", "post"]
_KINDS = ["DM", "MR", "SAT", "CC"]
_CODES: dict[str, list[str | None] | list[bool]] = {
    "channel": [*CHANNELS, None],
    "kind": [*KINDS, None],
    "existing_customer": [False, True],
    "linked_to_duties": [False, True],
}
_EACH = prod(len(codes) for codes in _CODES.values())
_BLOCK = _EACH // len(_CODES["channel"])
"""Questions about a profile and a channel."""
_REASON = pl.Enum(list(REASONS))
_ANSWER = pl.Struct({"allowed": pl.Boolean, "reason": _REASON})
_STRIDE = 2**18
"""Contacts that are looked up at a time: their arrays stay in the processor's cache."""


def verdicts(
    contacts: Frame,
    acts: Frame,
    people: Frame,
    *,
    switches: Switches | None = None,
    time_zone: str = TIME_ZONE,
) -> Frame:
    """The contacts with `allowed` and `reason` (an Enum of `REASONS`) as of `sent_at`; without it
    (holdout) null and not_contacted.

    contacts: customer_id, channel, kind (of the message), sent_at, and where known the booleans
    existing_customer (heeded under Q4) and linked_to_duties (under Q5). acts: as for `state_at`.
    people: customer_id, kind, restricted_from, non_disclosure and where kept erased_at and
    deceased_on (that whole day counts); the register keeps no date for non_disclosure, so it
    counts for every contact. Give held_since, left_on and birth_year too where it is asked who may
    be contacted now, not whether a past contact was lawful: whoever may be under 18 by the year of
    birth gets needed notices only. An act of the very second counts as before it. Days
    are those of the company's `time_zone`.
    """
    judge = Judge.of(acts, people, switches=switches, time_zone=time_zone)
    return judge.verdicts(contacts)


def reach(
    people: Frame,
    acts: Frame,
    instant: datetime,
    *,
    switches: Switches | None = None,
    time_zone: str = TIME_ZONE,
) -> Frame:
    """customer_id, channel, kind, allowed, reason: who may be reached at `instant`, one row for
    each person, channel and kind."""
    asked = people.select(
        "customer_id",
        channel=pl.lit(pl.Series([_CHANNELS])).first(),
        kind=pl.lit(pl.Series([_KINDS])).first(),
    )
    asked = asked.explode("channel").explode("kind").with_columns(sent_at=pl.lit(instant))
    judge = Judge.of(acts, people, switches=switches, time_zone=time_zone)
    return judge.verdicts(asked).drop("sent_at")


@dataclass(frozen=True, repr=False)
class Judge:
    """Knows everybody's history; for contacts that come batch by batch. Holds the timelines of all
    people end to end, the last of them a stranger's, and the answers to every question about a
    profile, in order of their places. `time_zone`: whose days dates are."""

    numbers: pl.Series
    first: Ints  # of each person: the row where the timeline begins
    second: Ints
    profile: Ints
    answers: pl.DataFrame
    profiles: pl.Series
    switches: Switches
    time_zone: str

    @classmethod
    def of(
        cls,
        acts: pl.DataFrame | pl.LazyFrame,
        people: pl.DataFrame | pl.LazyFrame,
        *,
        switches: Switches | None = None,
        time_zone: str = TIME_ZONE,
    ) -> Judge:
        """One who knows these acts of these people; UsageError names a missing column."""
        _check(acts, "acts", ("customer_id", "act", "scope", "given_at", "ended_at"))
        _check(people, "people", ("customer_id", "kind", "restricted_from", "non_disclosure"))
        switches, everybody = switches or Switches(), people.lazy().collect()
        numbers = everybody["customer_id"].unique().sort()
        rows = timeline(acts.lazy(), everybody, numbers, switches, time_zone)
        profiles = rows["profile"].unique().sort()
        return cls(
            numbers=numbers,
            first=np.append(
                rows["person"].search_sorted(np.arange(len(numbers) + 1)).to_numpy(), len(rows) + 1
            ).astype(np.int32),
            second=np.append(rows["second"].to_numpy().astype(np.uint32), np.uint32(0)),
            profile=np.append(
                profiles.search_sorted(rows["profile"]).to_numpy(), np.uint32(len(profiles))
            ),
            answers=_answers(profiles, switches),
            profiles=profiles,
            switches=switches,
            time_zone=time_zone,
        )

    def verdicts(self, contacts: Frame) -> Frame:
        """The contacts with `allowed` and `reason`, as the function of that name gives them."""
        asked = self._asked(contacts)
        answer = asked.map_batches(self._judge, return_dtype=_ANSWER, is_elementwise=True).alias(
            "answer"
        )
        return contacts.select(pl.exclude("allowed", "reason"), answer).unnest("answer")

    def find_remedies(self, contacts: pl.DataFrame) -> pl.DataFrame:
        """`remedy` and `open_channel` of each contact (`permission.remedies`), null where it was
        allowed or never sent."""
        places = contacts.select(self._asked(contacts).alias("asked"))["asked"]
        return self._remedies[self._places(places)]

    @cached_property
    def _remedies(self) -> pl.DataFrame:
        """In order of places, as `answers`; the last two profiles are the stranger's and what was
        never sent, which nothing mends."""
        asked = _questions(self.profiles, self.switches)
        allowed = self.answers["allowed"].head(asked.height)
        remedies = find_remedies(asked, allowed, self.switches, block=_BLOCK)
        unmended = remedies.clear(self.answers.height - asked.height)
        return pl.concat([remedies, unmended])

    def _asked(self, contacts: pl.DataFrame | pl.LazyFrame) -> pl.Expr:
        sent = _check(contacts, "contacts", ("customer_id", "channel", "kind", "sent_at"))
        return pl.struct(
            "customer_id",
            seconds("sent_at", sent["sent_at"], self.time_zone).alias("second"),
            *(_code(name, sent) for name in _CODES),
        )

    def _judge(self, asked: pl.Series) -> pl.Series:
        return self.answers[self._places(asked)].to_struct()

    def _places(self, asked: pl.Series) -> pl.Series:
        """Where the answer to each question stands."""
        contacts = asked.struct.unnest()
        person = places(self.numbers, contacts["customer_id"])
        second = contacts["second"].fill_null(NEVER).clip(NEVER, LAST).to_numpy().astype(np.uint32)
        profile = pl.Series("profile", self._profiles(person, second))
        unsent = contacts["second"].is_null()
        if unsent.any():
            profile = profile.set(unsent, int(self.profile[-1]) + 1)
        return contacts.with_columns(profile).select(_place()).to_series()

    def _profiles(self, person: Ints, second: Ints) -> Ints:
        """What stood for each contact's person at its second; NumPy alone in the threads, which no
        engine can wait for."""
        slices = [slice(start, start + _STRIDE) for start in range(0, len(person), _STRIDE)]
        with ThreadPoolExecutor() as threads:
            parts = list(threads.map(lambda part: self._stood(person[part], second[part]), slices))
        return np.concatenate([self.profile[:0], *parts])

    def _stood(self, person: Ints, second: Ints) -> Ints:
        """A binary search in all the timelines at once, by halving strides."""
        row = self.first.take(person)
        last = self.first[1:].take(person) - 1
        longest = int(np.diff(self.first).max(initial=1))
        for stride in (2**power for power in reversed(range((longest - 1).bit_length()))):
            ahead = np.minimum(row + stride, last)
            np.copyto(row, ahead, where=self.second.take(ahead) <= second)
        profiles: Ints = self.profile.take(row)
        return profiles


def _answers(profiles: pl.Series, switches: Switches) -> pl.DataFrame:
    """allowed and reason for every profile, channel, kind and answer to what is asked; an unknown
    code comes after the known ones."""
    asked = _questions(profiles, switches)
    answers = asked.pipe(decide, switches=switches).select("allowed", "reason")
    fixed_answers = {"unknown_person": False, "not_contacted": None}
    every = pl.concat(
        [
            answers,
            *(
                pl.DataFrame({"allowed": [no], "reason": [why]}, answers.schema)[[0] * _EACH]
                for why, no in fixed_answers.items()
            ),
        ]
    )
    return every.cast({"reason": _REASON})


def _questions(profiles: pl.Series, switches: Switches) -> pl.DataFrame:
    """Every question that `decide` can be asked, in order of places."""
    asked = pl.DataFrame({"profile": profiles}).select(unpacked("profile", switches))
    for name, codes in _CODES.items():
        asked = asked.join(pl.DataFrame({name: codes}), how="cross", maintain_order="left_right")
    return asked.select(_question(switches))


def _question(switches: Switches) -> list[pl.Expr]:
    duties = pl.when(col("linked_to_duties") & switches.q5).then(pl.lit("W")).otherwise(pl.lit("N"))
    recipient = (
        pl.when("consumer")
        .then(pl.lit("P"))
        .when("company_contact")
        .then(duties)
        .alias("recipient")
    )
    flags = [
        pl.coalesce(
            pl.when(col("channel") == channel).then(f"{channel} {flag}") for channel in CHANNELS
        ).alias(flag)
        for flag in FLAGS[:-1]
    ]
    existing = (col("existing_customer") & switches.q4).alias("existing_customer")
    return [
        recipient,
        col("channel"),
        col("kind"),
        *flags,
        existing,
        *(col(name) for name in PROTECTED),
    ]


def _place() -> pl.Expr:
    place = col("profile").cast(pl.UInt32)
    for name, codes in _CODES.items():
        place = place * len(codes) + col(name)
    return place


def _code(name: str, schema: pl.Schema) -> pl.Expr:
    """A code as its number; an unknown one is the last, an unknown yes or no is a no."""
    codes = _CODES[name]
    if name not in schema:
        return pl.lit(0, pl.UInt32).alias(name)
    if codes[-1] is not None:
        return col(name).fill_null(False).cast(pl.UInt32)
    number = (
        col(name).cast(pl.String).cast(pl.Enum([str(code) for code in codes[:-1]]), strict=False)
    )
    return number.to_physical().cast(pl.UInt32).fill_null(len(codes) - 1).alias(name)


def _check(frame: pl.DataFrame | pl.LazyFrame, what: str, columns: Sequence[str]) -> pl.Schema:
    schema = frame.lazy().collect_schema()
    missing = [name for name in columns if name not in schema]
    if missing:
        raise UsageError(f"permission: the {what} lack the columns {', '.join(missing)}")
    return schema
