"""What the customers want: consents and prohibitions as acts with their times, and who may be contacted at an instant.

The rules are those that the notice and the law in force give together (917/2014 200 §, GDPR 21, the notice's clause 11), written down here a
second time on purpose: the register is lawful by this module, and `genlib.permission` has to find the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import DAY, NEVER, Ints, Mask, instants, pick
from genlib.register.synthetic.people import People
from genlib.register.synthetic.world import World

SCOPES = ("mobile", "email", "phone", "post", "email", "market_research", "marketing_use")
MOBILE, EMAIL, NO_PHONE, NO_POST, NO_EMAIL, NO_RESEARCH, NO_MARKETING = range(7)
CONSENT = {"sms": MOBILE, "email": EMAIL}
PROHIBITION = {"sms": NO_PHONE, "call": NO_PHONE, "post": NO_POST, "email": NO_EMAIL}
GIVEN_AT_START = {NO_PHONE: 0.05, NO_POST: 0.03, NO_EMAIL: 0.02, NO_RESEARCH: 0.05, NO_MARKETING: 0.02}
MARKETING = ("DM", "SCA", "BEN")


@dataclass(frozen=True)
class Wills:
    """`given`, `ended`: UTC seconds by layer, scope and person. Layer 0 is what was said to customer service, layer 1 the stops that answer a
    campaign; they are filled in as the campaigns go by."""

    given: Ints
    ended: Ints

    def live(self, scope: int, at: Ints) -> Mask:
        found: Mask = ((self.given[:, scope] <= at) & (at < self.ended[:, scope])).any(axis=0)
        return found

    def newest(self, scope: int, at: Ints) -> Ints:
        """When the live act of that scope was given, -1 without one."""
        live = (self.given[:, scope] <= at) & (at < self.ended[:, scope])
        newest: Ints = np.where(live, self.given[:, scope], -1).max(axis=0)
        return newest

    def allow(self, kind: str, channel: str, at: Ints) -> Mask:
        """May these people be sent this kind of message through this channel at their instants?"""
        if kind == "SVC":
            return np.ones(len(at), dtype=np.bool_)
        silence = ~(self._agreed("sms", at) | self._agreed("email", at))
        for scope in range(NO_PHONE, NO_MARKETING + 1):
            silence &= self.live(scope, at)
        if kind in MARKETING:
            return ~silence & self._marketing(channel, at)
        return ~silence & ~(self.live(NO_RESEARCH, at) if kind in ("MR", "SAT") else np.zeros_like(silence))

    def _marketing(self, channel: str, at: Ints) -> Mask:
        if channel in CONSENT:
            return self._agreed(channel, at)
        return ~self.live(PROHIBITION[channel], at) & ~self.live(NO_MARKETING, at)

    def _agreed(self, channel: str, at: Ints) -> Mask:
        """A live consent that no prohibition has overtaken."""
        against = np.maximum(self.newest(PROHIBITION[channel], at), self.newest(NO_MARKETING, at))
        agreed: Mask = self.newest(CONSENT[channel], at) > against
        return agreed

    def stop(self, channel: str, people: Ints, at: Ints) -> None:
        """These people answered "stop": the consent ends, a prohibition begins."""
        if channel in CONSENT:
            given, ended = (layer[:, CONSENT[channel], people] for layer in (self.given, self.ended))
            self.ended[:, CONSENT[channel], people] = np.where((given <= at) & (at < ended), at, ended)
        scope = PROHIBITION[channel]
        self.given[1, scope, people] = np.minimum(self.given[1, scope, people], at)


def wills(rng: np.random.Generator, people: People) -> Wills:
    """Consents mostly at joining, some later; prohibitions and withdrawals at any time; about 1 % want nothing at all."""
    n = len(people)
    given, ended = np.full((2, 7, n), NEVER), np.full((2, 7, n), NEVER)
    joined = people.joined * DAY + rng.integers(25_000, 60_000, n)
    for scope, at_start, later in ((MOBILE, 0.40, 0.12), (EMAIL, 0.64, 0.12)):
        draw = rng.random(n)
        given[0, scope] = np.where(draw < at_start, joined + scope, np.where(draw < at_start + later, _moment(rng, people), NEVER))
        ended[0, scope] = np.where(rng.random(n) < 0.10, _moment(rng, people), NEVER)
    for scope, share in GIVEN_AT_START.items():
        given[0, scope] = np.where(rng.random(n) < share, _moment(rng, people), NEVER)
        ended[0, scope] = np.where(rng.random(n) < 0.08, _moment(rng, people), NEVER)
    _refuse_all(rng, people, given, ended)
    ended[0] = np.where(ended[0] > given[0], ended[0], NEVER)
    return Wills(given, ended)


def rows(rng: np.random.Generator, world: World, people: People, wills: Wills) -> pl.DataFrame:
    """The acts as rows of `permission`, without ids."""
    _, scope, person = found = np.nonzero(wills.given < world.end * DAY)
    given, ended = wills.given[found], wills.ended[found]
    via = np.where(
        found[0] == 1, "campaign", np.array(("web", "phone", "email", "letter", "store"))[pick(rng, (52, 18, 12, 8, 10), len(given))]
    )
    frame = pl.DataFrame(
        {
            "customer_id": people.ids[person],
            "act": np.where(scope <= EMAIL, "consent", "prohibition"),
            "scope": np.array(SCOPES)[scope],
            "given_at": instants(given),
            "ended_at": instants(np.where(ended < world.end * DAY, ended, NEVER)),
            "received_via": via,
        }
    )
    evidence = pl.format("{}-{} {}", pl.col("received_via"), pl.Series(rng.integers(10_000, 99_999, len(given))), pl.col("act"))
    return frame.with_columns(evidence=evidence, source=pl.lit("DATA_SUBJECT")).sort("given_at", "customer_id", "scope")


def _moment(rng: np.random.Generator, people: People) -> Ints:
    """An instant of office hours while the person is a customer."""
    day = people.joined + (rng.random(len(people)) * np.maximum(people.end - people.joined, 1)).astype(np.int64)
    moment: Ints = day * DAY + rng.integers(25_000, 60_000, len(people))
    return moment


def _refuse_all(rng: np.random.Generator, people: People, given: Ints, ended: Ints) -> None:
    person = np.flatnonzero(rng.random(len(people)) < 0.012)
    moment = _moment(rng, people)[person]
    given[0, :2, person] = NEVER
    given[0, 2:, person] = moment[:, None] + np.arange(5)
    ended[0, :, person] = NEVER
