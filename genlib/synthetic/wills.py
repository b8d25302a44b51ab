"""What the customers want: consents and prohibitions as acts with their times, and who may be
contacted at an instant.

The rules are what the notice and the law in force give together (917/2014 200 §, GDPR 21, the
notice's clause 11), written down here a second time on purpose: the register is lawful by this
module, and `genlib.permission` has to find the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from genlib.synthetic.chance import DAY, NEVER, Ints, Mask, office_hours, pick, text
from genlib.synthetic.people import People
from genlib.synthetic.world import END

SCOPES = ("mobile", "email", "phone", "post", "email", "market_research", "marketing_use")
MOBILE, EMAIL, NO_PHONE, NO_POST, NO_EMAIL, NO_RESEARCH, NO_MARKETING = range(7)
CONSENT = {"sms": MOBILE, "email": EMAIL}
PROHIBITION = {"sms": NO_PHONE, "call": NO_PHONE, "post": NO_POST, "email": NO_EMAIL}
PROHIBITING = {NO_PHONE: 0.05, NO_POST: 0.03, NO_EMAIL: 0.02, NO_RESEARCH: 0.05, NO_MARKETING: 0.02}
MARKETING = ("DM", "SCA", "BEN")


@dataclass(frozen=True)
class Wills:
    """`given`, `ended`: UTC seconds by layer, scope and person. Layer 0 is what was said to
    customer service, layer 1 the stops that answer a campaign; they are filled in as the campaigns
    go by."""

    given: Ints
    ended: Ints

    def newest(self, scope: int, at: Ints) -> Ints:
        """When the live act of that scope was given, -1 without one."""
        live = (self.given[:, scope] <= at) & (at < self.ended[:, scope])
        starts: Ints = np.where(live, self.given[:, scope], -1).max(axis=0)
        return starts

    def allow(self, kind: str, channel: str, at: Ints) -> Mask:
        """May these people be sent this kind of message through this channel at their instants?"""
        if kind == "SVC":
            return np.ones(len(at), dtype=np.bool_)
        silent = ~self._agreed("sms", at) & ~self._agreed("email", at)
        for scope in PROHIBITING:
            silent &= self.newest(scope, at) >= 0
        if kind not in MARKETING:
            return ~silent & ((self.newest(NO_RESEARCH, at) < 0) | (kind == "CC"))
        return ~silent & (
            self._agreed(channel, at) if channel in CONSENT else self._against(channel, at) < 0
        )

    def stop(self, channel: str, people: Ints, at: Ints) -> None:
        """These people answered "stop": a live consent ends, a prohibition begins."""
        if channel in CONSENT:
            starts, ends = (
                layer[:, CONSENT[channel], people] for layer in (self.given, self.ended)
            )
            self.ended[:, CONSENT[channel], people] = np.where(
                (starts <= at) & (at < ends), at, ends
            )
        scope = PROHIBITION[channel]
        self.given[1, scope, people] = np.minimum(self.given[1, scope, people], at)

    def _against(self, channel: str, at: Ints) -> Ints:
        return np.maximum(self.newest(PROHIBITION[channel], at), self.newest(NO_MARKETING, at))

    def _agreed(self, channel: str, at: Ints) -> Mask:
        """A live consent that no prohibition has overtaken."""
        agreed: Mask = self.newest(CONSENT[channel], at) > self._against(channel, at)
        return agreed


def wills(people: People) -> Wills:
    """Consents mostly at joining, some later; prohibitions and withdrawals at any time; about 1 %
    want nothing at all."""
    n = len(people)
    draw = people.rng.random
    starts = np.full((2, 7, n), NEVER)
    ends = np.full((2, 7, n), NEVER)
    joined = office_hours(people.rng, people.joined)
    for scope, at_start in ((MOBILE, 0.40), (EMAIL, 0.64)):
        chance = draw(n)
        starts[0, scope] = np.where(
            chance < at_start,
            joined + scope,
            np.where(chance < at_start + 0.12, _moment(people), NEVER),
        )
        ends[0, scope] = np.where(draw(n) < 0.10, _moment(people), NEVER)
    for scope, share in PROHIBITING.items():
        starts[0, scope] = np.where(draw(n) < share, _moment(people), NEVER)
        ends[0, scope] = np.where(draw(n) < 0.08, _moment(people), NEVER)
    silent = np.flatnonzero(draw(n) < 0.012)
    starts[0, :, silent] = np.where(np.arange(7) < NO_PHONE, NEVER, _moment(people)[silent, None])
    ends[0, :, silent] = NEVER
    ends[0] = np.where(ends[0] > starts[0], ends[0], NEVER)
    return Wills(starts, ends)


def permissions(people: People, wills: Wills) -> pl.DataFrame:
    """The acts as rows of `permission`."""
    layer, scope, person = places = np.nonzero(wills.given < END * DAY)
    starts = wills.given[places]
    ends = wills.ended[places]
    via = np.where(layer == 1, 5, pick(people.rng, (52, 18, 12, 8, 10), len(starts)))
    frame = pl.DataFrame(
        {
            "customer_id": people.ids[person],
            "act": np.where(scope <= EMAIL, "consent", "prohibition"),
            "scope": pl.Series(SCOPES)[scope],
            "given_at": starts,
            "ended_at": np.where(ends < END * DAY, ends, NEVER),
            "received_via": pl.Series(("web", "phone", "email", "letter", "store", "campaign"))[
                via
            ],
            "evidence": text("TALLENNE-{}", people.rng.integers(100_000, 999_999, len(starts))),
        }
    )
    return frame.with_columns(source=pl.lit("DATA_SUBJECT")).sort(
        "given_at", "customer_id", "scope"
    )


def _moment(people: People) -> Ints:
    """An instant of office hours while the person is a customer."""
    spent = np.maximum(people.end - people.joined, 1)
    return office_hours(people.rng, people.joined + people.rng.integers(0, spent))
