"""Who is chosen for each campaign: people who may be contacted at that instant, a holdout among them, and a few against the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from genlib.register.synthetic.chance import DAY, Ints, Mask, Rng, number
from genlib.register.synthetic.commerce import LINES, Purchases
from genlib.register.synthetic.people import People
from genlib.register.synthetic.wills import MARKETING, Wills
from genlib.register.synthetic.world import World

RULED = (*MARKETING, "MR")
AUDIENCES = {"filter": ("device", "filter"), "device": ("device", "service"), "rental": ("rental",)}
"""Those who have bought these lines; otherwise all, `company` contacts, or the `loyal` with three purchases."""


@dataclass(frozen=True)
class Chosen:
    """The people of one campaign, by index in the batch."""

    person: Ints
    channel: npt.NDArray[np.str_]
    sent: Ints
    contacted: Mask
    unlawful: Mask
    start: int


def campaign_rows(world: World, customers: int) -> pl.DataFrame:
    """The table `campaign`; the cost is planned from the expected number of contacts."""
    starts, cents = pl.col("starts_on"), pl.col("share") * pl.col("unit_cents") * customers * 0.4
    return world.campaigns.select(
        "id",
        "name",
        "kind",
        "starts_on",
        code=pl.format("{}-{}", starts.dt.strftime("%Y-%m"), "slug"),
        ends_on=starts + pl.duration(days=pl.col("days") - 1),
        holdout_share="holdout",
        cost_cents=40_000 + cents.round(),
    )


def choose(people: People, wills: Wills, bought: Purchases, campaign: Mapping[str, Any]) -> Chosen:
    """In each channel of the campaign those whom the channels before could not reach; arms are drawn among the allowed."""
    draw, n, names = people.rng.random, len(people), campaign["channels"].split("+")
    start, kind = number(campaign["starts_on"]), campaign["kind"]
    wanted = _audience(people, bought, campaign["audience"], start) & (draw(n) < campaign["share"])
    sending = {name: _sending(people.rng, name, start, n) for name in names}
    allowed = {name: wanted & people.reachable[name] & wills.allow(kind, name, sending[name]) for name in names}
    lawful = np.logical_or.reduce([*allowed.values()])
    holdout = lawful & (draw(n) < campaign["holdout"])
    refused = wanted & people.reachable[names[0]] & ~lawful
    breaks = _break_rate(people.world, start) * (lawful & ~holdout).sum() / max(1, refused.sum()) if kind in RULED else 0.0
    against = refused & (draw(n) < breaks)
    person = np.flatnonzero(lawful | against)
    channel = np.select([*allowed.values()], names, default=names[0])
    sent = np.select([*allowed.values()], [*sending.values()], default=sending[names[0]])
    return Chosen(person, channel[person], sent[person], ~holdout[person], against[person], start)


def _audience(people: People, bought: Purchases, audience: str, start: int) -> Mask:
    """Customers before the campaign and until its effect is measured."""
    earlier = (bought.day < start) & np.isin(bought.line, [LINES.index(line) for line in AUDIENCES.get(audience, LINES)])
    times = np.bincount(bought.person[earlier], minlength=len(people))
    meant = people.company if audience == "company" else times >= (3 if audience == "loyal" else 1)
    stays: Mask = people.end >= min(start + people.world.planted.window_days, people.world.end)
    return meant & stays & (people.joined < start)


def _break_rate(world: World, start: int) -> float:
    """Contacts against the rules become fewer over the last twelve months."""
    before, last = world.planted.unlawful
    return last + (before - last) * min((world.end - 1 - start) // 30, 11) / 11


def _sending(rng: Rng, channel: str, start: int, n: int) -> Ints:
    """Machines send on the first morning, callers need a working week."""
    if channel == "call":
        return (start + rng.integers(0, 5, n)) * DAY + rng.integers(27_000, 52_000, n)
    return start * DAY + (21_600 if channel == "post" else 25_200) + rng.integers(0, 7_200, n)
