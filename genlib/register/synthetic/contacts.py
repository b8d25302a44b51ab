"""Campaigns and what each contact did: drawn among those who may be contacted at that instant, except for the planted contacts that broke the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import DAY, NEVER, Ints, Mask, instants, number
from genlib.register.synthetic.commerce import LINES, Purchases, nothing
from genlib.register.synthetic.people import People
from genlib.register.synthetic.wills import MARKETING, Wills
from genlib.register.synthetic.world import World

DELIVERED = {"email": 0.976, "sms": 0.97, "call": 0.46, "post": 0.985}
OPENED = 0.37
CLICKED = {"email": 0.15, "sms": 0.07, "call": 0.0, "post": 0.0}
"""E-mail: of the opened; text message: of the delivered."""
RESPONDED = {"email": 0.2, "sms": 0.2, "call": 0.18, "post": 0.015}
"""E-mail and text message: of the clicked; call and post: of the delivered."""
STOPPED = {"email": 0.003, "sms": 0.006, "call": 0.015, "post": 0.002}
RULED = (*MARKETING, "MR")
STEPS = ("sent_at", "delivered_at", "opened_at", "clicked_at", "responded_at", "opted_out_at")


@dataclass(frozen=True)
class Outcome:
    """`frame`: rows of `campaign_contact` in the order of their ids to come; `unlawful`, `machine`: row numbers; `bought`: purchases that the campaigns
    brought about."""

    frame: pl.DataFrame
    unlawful: Ints
    machine: Ints
    bought: Purchases


def campaign_rows(world: World, customers: int) -> pl.DataFrame:
    """The table `campaign`: the cost is planned from the expected number of contacts."""
    code = pl.format("{}-{}", pl.col("starts_on").dt.strftime("%Y-%m"), "slug")
    return world.campaigns.select(
        pl.int_range(1, pl.len() + 1).alias("id"),
        code.alias("code"),
        "name",
        "kind",
        "starts_on",
        (pl.col("starts_on") + pl.duration(days=pl.col("days") - 1)).alias("ends_on"),
        pl.col("holdout").cast(pl.Float64).alias("holdout_share"),
        (40_000 + (pl.col("share") * pl.col("unit_cents") * customers * 0.4).round()).cast(pl.Int64).alias("cost_cents"),
    )


def contacts(rng: np.random.Generator, world: World, people: People, wills: Wills, bought: Purchases) -> Outcome:
    """All campaigns in their order; stops are recorded in `wills` before the next campaign chooses its people."""
    frames: list[pl.DataFrame] = []
    planted: dict[str, list[Mask]] = {"unlawful": [], "machine": []}
    extra = nothing()
    for campaign_id, campaign in enumerate(world.campaigns.iter_rows(named=True), start=1):
        chosen = _choose(rng, world, people, wills, bought + extra, campaign)
        buyers = _buyers(rng, world, people, chosen, bought + extra, campaign["uplift"])
        steps, machine = _happen(rng, world, people, chosen, buyers)
        for channel in campaign["channels"].split("+"):
            stopped = (chosen.channel == channel) & (steps["opted_out_at"] < NEVER)
            wills.stop(channel, chosen.person[stopped], steps["opted_out_at"][stopped])
        extra = extra + _purchases_of(rng, world, chosen, buyers)
        frames.append(_frame(people, chosen, steps, campaign_id))
        planted["unlawful"].append(chosen.unlawful)
        planted["machine"].append(machine)
    unlawful, machines = (np.flatnonzero(np.concatenate(masks)) for masks in planted.values())
    return Outcome(pl.concat(frames), unlawful, machines, extra)


@dataclass(frozen=True)
class Chosen:
    """The people of one campaign, by index in the batch."""

    person: Ints
    channel: Any
    sent: Ints
    contacted: Mask
    unlawful: Mask
    promotes: bool
    start: int


def _choose(rng: np.random.Generator, world: World, people: People, wills: Wills, bought: Purchases, campaign: Mapping[str, Any]) -> Chosen:
    start, n, names = number(campaign["starts_on"]), len(people), campaign["channels"].split("+")
    wanted = _audience(people, bought, campaign["audience"], start) & _stays(world, people, start) & (rng.random(n) < campaign["share"])
    sending = {name: _sending(rng, name, start, n) for name in names}
    allowed = {name: wanted & people.reachable[name] & wills.allow(campaign["kind"], name, sending[name]) for name in names}
    lawful = np.logical_or.reduce([*allowed.values()])
    holdout = lawful & (rng.random(n) < campaign["holdout"])
    refused = wanted & people.reachable[names[0]] & ~lawful
    against = refused & (rng.random(n) < _break_rate(world, campaign, start) * (lawful & ~holdout).sum() / max(1, refused.sum()))
    person = np.flatnonzero(lawful | against)
    channel = np.select([*allowed.values()], names, default=names[0])
    sent = np.select([*allowed.values()], [*sending.values()], default=sending[names[0]])
    return Chosen(person, channel[person], sent[person], ~holdout[person], against[person], campaign["kind"] in RULED, start)


def _break_rate(world: World, campaign: Mapping[str, Any], start: int) -> float:
    """Contacts against the rules become fewer over the last twelve months."""
    before, last = world.planted.unlawful
    back = min((world.end - 1 - start) // 30, 11) / 11
    return last + (before - last) * back if campaign["kind"] in RULED else 0.0


def _audience(people: People, bought: Purchases, audience: str, start: int) -> Mask:
    lines = {"filter": ("device", "filter"), "device": ("device", "service"), "rental": ("rental",)}.get(audience, LINES)
    earlier = (bought.day < start) & np.isin(bought.line, [LINES.index(line) for line in lines])
    times = np.bincount(bought.person[earlier], minlength=len(people))
    return people.company if audience == "company" else times >= (3 if audience == "loyal" else 1)


def _stays(world: World, people: People, start: int) -> Mask:
    """A customer before the campaign and until its effect is measured."""
    return (people.joined < start) & (people.end >= min(start + world.planted.window_days, world.end))


def _sending(rng: np.random.Generator, channel: str, start: int, n: int) -> Ints:
    """Machines send on the first morning, callers need a working week."""
    if channel == "call":
        return (start + rng.integers(0, 5, n)) * DAY + rng.integers(27_000, 52_000, n)
    return start * DAY + (21_600 if channel == "post" else 25_200) + rng.integers(0, 7_200, n)


def _buyers(rng: np.random.Generator, world: World, people: People, chosen: Chosen, bought: Purchases, uplift: float) -> Mask:
    """Who buys because of the campaign: so many that the purchase rate of the contacted rises by `uplift` over that of the holdout."""
    base = bought.within(len(people), chosen.start, world.planted.window_days)[chosen.person].mean() if len(chosen.person) else 0.0
    return chosen.contacted & ~chosen.unlawful & (rng.random(len(chosen.person)) < uplift / max(1e-9, 1 - base))


def _purchases_of(rng: np.random.Generator, world: World, chosen: Chosen, buyers: Mask) -> Purchases:
    person = chosen.person[buyers]
    day = np.minimum(chosen.start + np.minimum(rng.geometric(0.15, len(person)), 24), world.end - 1)
    return Purchases(person, day, np.full(len(person), LINES.index("filter")))


def _happen(rng: np.random.Generator, world: World, people: People, chosen: Chosen, buyers: Mask) -> tuple[dict[str, Ints], Mask]:
    """The instants of each step of the funnel, and whose click was a machine's: a mail filter that follows links as soon as the mail arrives."""
    n, by = len(chosen.person), chosen.channel
    chance = rng.random((6, n))
    got = chosen.contacted & ((chance[0] < _rate(DELIVERED, by)) | buyers)
    delivered = np.where(got, chosen.sent + _transit(rng, by), NEVER)
    kind = np.array([world.planted.machine_clicks[k] for k in ("consumer", "company_contact")])[people.company[chosen.person].astype(int)]
    machine = got & (by == "email") & (chance[1] < kind)
    opened = np.where((by == "email") & (chance[2] < OPENED) & got | buyers & (by == "email"), delivered + _wait(rng, n, 9.2), NEVER)
    clicks = (chance[3] < _rate(CLICKED, by)) & (got & (by == "sms") | (opened < NEVER)) | buyers & np.isin(by, ("email", "sms"))
    clicked = np.where(clicks, np.where(opened < NEVER, opened, delivered) + _wait(rng, n, 4), NEVER)
    answers = (chance[4] < _rate(RESPONDED, by)) & np.where(np.isin(by, ("email", "sms")), clicks, got) | buyers
    responded = np.where(answers, np.where(clicks, clicked, delivered) + _wait(rng, n, 6), NEVER)
    stops = got & chosen.promotes & (chance[5] < _rate(STOPPED, by) * np.where(chosen.unlawful, 8, 1)) & ~buyers
    stopped = np.where(stops, np.where(opened < NEVER, opened, delivered) + _wait(rng, n, 7), NEVER)
    opened = np.where(stops & (by == "email"), np.minimum(opened, stopped - 15), opened)
    quick = delivered + rng.integers(1, 5, n)
    opened, clicked = np.where(machine, quick - 1, opened), np.where(machine, quick, clicked)
    sent = np.where(chosen.contacted, chosen.sent, NEVER)
    steps = dict(zip(STEPS, (sent, delivered, opened, clicked, responded, stopped), strict=True))
    return {name: np.where(at < world.end * DAY, at, NEVER) for name, at in steps.items()}, machine


def _rate(rates: Mapping[str, float], channel: Any) -> Any:
    return np.select([channel == name for name in rates], list(rates.values()))


def _transit(rng: np.random.Generator, channel: Any) -> Ints:
    seconds = rng.integers(2, 45, len(channel))
    return np.select([channel == "post", channel == "call"], [rng.integers(1, 4, len(channel)) * DAY + seconds * 300, seconds], seconds)


def _wait(rng: np.random.Generator, n: int, log_seconds: float) -> Ints:
    """Human delays: lognormal, never under five seconds."""
    return 5 + np.exp(rng.normal(log_seconds, 1.1, n)).astype(np.int64)


def _frame(people: People, chosen: Chosen, steps: dict[str, Ints], campaign_id: int) -> pl.DataFrame:
    lost = chosen.contacted & (steps["delivered_at"] == NEVER) & (chosen.channel != "call")
    return pl.DataFrame(
        {
            "campaign_id": np.full(len(chosen.person), campaign_id),
            "customer_id": people.ids[chosen.person],
            "arm": np.where(chosen.contacted, "contacted", "holdout"),
            "channel": chosen.channel,
            **{name: instants(at) for name, at in steps.items()},
            "bounced": lost,
            "source": "COMMUNICATION",
        }
    )
