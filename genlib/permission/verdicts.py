"""Verdicts: every contact judged as of the second it was sent, and who can be reached at an instant.

`decide` is asked once for each question that can occur - a profile of a timeline, a channel, a kind of message - and a verdict is a look-up
among its answers. So a batch of any size answers as one contact alone would, and ten million take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from polars import col

from genlib.errors import UsageError
from genlib.permission.acts import NEVER, seconds
from genlib.permission.rule import CHANNELS, FLAGS, KINDS, PROTECTED, Frame, decide
from genlib.permission.switches import Switches
from genlib.permission.timeline import key, timeline, unpacked

_CHANNELS, _KINDS = ["call", "sms", "email", "post"], ["DM", "MR", "SAT", "CC"]
_ASKED = ("existing_customer", "linked_to_duties")
_ANSWER = pl.Struct({"allowed": pl.Boolean, "reason": pl.String})


def verdicts(contacts: Frame, acts: Frame, people: Frame, *, switches: Switches | None = None) -> Frame:
    """The contacts with `allowed` and `reason` as of `sent_at`; without `sent_at` (holdout) allowed is null and reason not_contacted.

    contacts: customer_id, channel, kind (of the message), sent_at, and where known the booleans existing_customer (heeded under Q4) and
    linked_to_duties (under Q5). acts: as for `state_at`. people: customer_id, kind, restricted_from, non_disclosure and where kept
    erased_at; the register keeps no date for non_disclosure, so it counts for every contact. An act of the very second counts as before it.
    """
    sent = _check(contacts, "contacts", ("customer_id", "channel", "kind", "sent_at"))
    _check(acts, "acts", ("customer_id", "act", "scope", "given_at", "ended_at"))
    _check(people, "people", ("customer_id", "kind", "restricted_from", "non_disclosure"))
    history = _history(acts.lazy(), people.lazy().collect(), switches or Switches())
    told = [(col(name).fill_null(False) if name in sent else pl.lit(False)).alias(name) for name in _ASKED]
    codes = [_code("channel", CHANNELS), _code("kind", KINDS)]
    asked = pl.struct("customer_id", seconds("sent_at", sent["sent_at"]).alias("second"), *codes, *told)
    answer = asked.map_batches(history.judge, return_dtype=_ANSWER, is_elementwise=True).alias("answer")
    return contacts.select(pl.exclude("allowed", "reason"), answer).unnest("answer")


def reach(people: Frame, acts: Frame, instant: datetime, *, switches: Switches | None = None) -> Frame:
    """customer_id, channel, kind, allowed, reason: who may be reached at `instant`, one row for each person, channel and kind."""
    asked = people.select("customer_id", channel=pl.lit(pl.Series([_CHANNELS])).first(), kind=pl.lit(pl.Series([_KINDS])).first())
    asked = asked.explode("channel").explode("kind").with_columns(sent_at=pl.lit(instant))
    return asked.pipe(verdicts, acts, people, switches=switches).drop("sent_at")


@dataclass(frozen=True, repr=False)
class _History:
    """The timeline, with profiles numbered from 0, and the answers to every question about a profile, in order of their places."""

    numbers: pl.Series
    timeline: pl.DataFrame
    answers: pl.DataFrame

    def judge(self, asked: pl.Series) -> pl.Series:
        contacts = asked.struct.unnest()
        found = self.timeline[self._row(contacts)].select("profile", owner="customer_id")
        contacts = contacts.hstack(found)
        judged = self.answers[contacts.select(_place()).to_series()].hstack(
            contacts.select("second", known=(col("owner") == col("customer_id")).fill_null(False))
        )
        unsent = col("second").is_null()
        reason = pl.when(unsent).then(pl.lit("not_contacted")).when("known").then("reason").otherwise(pl.lit("unknown_person"))
        return judged.select(pl.struct(allowed=pl.when(~unsent).then(col("allowed") & col("known")), reason=reason)).to_series()

    def _row(self, contacts: pl.DataFrame) -> pl.Series:
        """The last timeline row at or before each contact; sorted first, so that the search runs along the keys and not across them."""
        wanted = contacts.select(key(self.numbers, "customer_id", "second").fill_null(NEVER)).to_series()
        order = wanted.arg_sort()
        row = np.empty(len(wanted), np.uint32)
        row[order.to_numpy()] = self.timeline["key"].search_sorted(wanted.gather(order), side="right").to_numpy() - 1
        return pl.Series(row)


def _history(acts: pl.LazyFrame, people: pl.DataFrame, switches: Switches) -> _History:
    rows = timeline(acts, people, switches)
    profiles = rows["profile"].unique().sort()
    numbered = rows.with_columns(profile=profiles.search_sorted(rows["profile"]))
    return _History(people["customer_id"].unique().sort(), numbered, _answers(profiles, switches))


def _answers(profiles: pl.Series, switches: Switches) -> pl.DataFrame:
    """allowed and reason for every profile, channel, kind and answer to what is asked; an unknown code comes after the known ones."""
    asked = pl.DataFrame({"profile": profiles}).with_row_index("place").select("place", *unpacked("profile", switches))
    told = pl.DataFrame([(False, False), (False, True), (True, False), (True, True)], schema=list(_ASKED), orient="row")
    asked = asked.join(pl.DataFrame({"channel": [*CHANNELS, None]}), how="cross").join(pl.DataFrame({"kind": [*KINDS, None]}), how="cross")
    return (
        asked.join(told, how="cross", maintain_order="left_right")
        .select(_question(switches))
        .pipe(decide, switches=switches)
        .select("allowed", "reason")
    )


def _question(switches: Switches) -> list[pl.Expr]:
    duties = pl.when(col("linked_to_duties") & switches.q5).then(pl.lit("W")).otherwise(pl.lit("N"))
    recipient = pl.when("consumer").then(pl.lit("P")).when("company_contact").then(duties).alias("recipient")
    flags = [
        pl.coalesce(pl.when(col("channel") == channel).then(f"{channel} {flag}") for channel in CHANNELS).alias(flag) for flag in FLAGS[:-1]
    ]
    existing = (col("existing_customer") & switches.q4).alias("existing_customer")
    return [recipient, col("channel"), col("kind"), *flags, existing, *(col(name) for name in PROTECTED)]


def _place() -> pl.Expr:
    codes = (col("profile").cast(pl.UInt32) * (len(CHANNELS) + 1) + col("channel")) * (len(KINDS) + 1) + col("kind")
    return (codes * 2 + col("existing_customer").cast(pl.UInt32)) * 2 + col("linked_to_duties").cast(pl.UInt32)


def _code(name: str, codes: Sequence[str]) -> pl.Expr:
    """A code as its number; an unknown one gets the number after the last."""
    return col(name).cast(pl.String).cast(pl.Enum(codes), strict=False).to_physical().cast(pl.UInt32).fill_null(len(codes)).alias(name)


def _check(frame: Frame, what: str, columns: Sequence[str]) -> pl.Schema:
    schema = frame.lazy().collect_schema()
    missing = [name for name in columns if name not in schema]
    if missing:
        raise UsageError(f"permission: the {what} lack the columns {', '.join(missing)}")
    return schema
