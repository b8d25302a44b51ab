"""What came of each contact: delivered, opened, clicked, answered, stopped, bought - a stop binds the next campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from genlib.register.synthetic.campaigns import RULED, Chosen, choose
from genlib.register.synthetic.chance import DAY, NEVER, Ints, Mask, Rng, instants
from genlib.register.synthetic.commerce import FILTER, Purchases, joined
from genlib.register.synthetic.people import People
from genlib.register.synthetic.wills import Wills

DELIVERED = {"email": 0.976, "sms": 0.97, "call": 0.46, "post": 0.985}
OPENED = {"email": 0.37}
CLICKED = {"email": 0.15, "sms": 0.07}
"""E-mail: of the opened; text message: of the delivered."""
RESPONDED = {"email": 0.2, "sms": 0.2, "call": 0.18, "post": 0.015}
"""E-mail and text message: of the clicked; call and post: of the delivered."""
STOPPED = {"email": 0.003, "sms": 0.006, "call": 0.015, "post": 0.002}


@dataclass(frozen=True)
class Outcome:
    """`frame`: rows of `campaign_contact` in the order of their ids to come; `unlawful`, `machine`: row numbers."""

    frame: pl.DataFrame
    unlawful: Ints
    machine: Ints
    bought: Purchases


def contacts(people: People, wills: Wills, bought: Purchases) -> Outcome:
    """All campaigns in their order; stops are recorded in `wills` before the next campaign chooses its people."""
    frames, unlawful, machines, extra = [], [], [], joined([])
    for campaign_id, campaign in enumerate(people.world.campaigns.to_dicts(), start=1):
        chosen = choose(people, wills, bought + extra, campaign)
        buyers = _buyers(people, chosen, bought + extra, campaign["uplift"])
        steps, machine = _happen(people, chosen, buyers, promotes=campaign["kind"] in RULED)
        for channel in campaign["channels"].split("+"):
            stopped = (chosen.channel == channel) & (steps["opted_out_at"] < NEVER)
            wills.stop(channel, chosen.person[stopped], steps["opted_out_at"][stopped])
        extra = extra + _purchases(people, chosen, buyers)
        frames.append(_frame(people, chosen, steps, campaign_id))
        unlawful.append(chosen.unlawful)
        machines.append(machine)
    return Outcome(
        pl.concat(frames, how="vertical_relaxed"), np.flatnonzero(np.concatenate(unlawful)), np.flatnonzero(np.concatenate(machines)), extra
    )


def _buyers(people: People, chosen: Chosen, bought: Purchases, uplift: float) -> Mask:
    """Who buys because of the campaign: so many that the purchase rate of the contacted rises by `uplift` over that of the holdout."""
    base = bought.within(len(people), chosen.start, people.world.planted.window_days)[chosen.person]
    chance = uplift / max(1e-9, 1 - base.sum() / max(1, len(base)))
    buys: Mask = chosen.contacted & ~chosen.unlawful & (people.rng.random(len(chosen.person)) < chance)
    return buys


def _purchases(people: People, chosen: Chosen, buyers: Mask) -> Purchases:
    person = chosen.person[buyers]
    day = chosen.start + np.minimum(people.rng.geometric(0.15, len(person)), 24)
    return Purchases(person, np.minimum(day, people.world.end - 1), np.full(len(person), FILTER))


def _happen(people: People, chosen: Chosen, buyers: Mask, *, promotes: bool) -> tuple[dict[str, Ints], Mask]:
    """The instants of each step of the funnel, and whose click was a mail filter's that follows links as soon as the mail arrives."""
    rng, n, by = people.rng, len(chosen.person), chosen.channel
    mail, digital = by == "email", np.isin(by, ("email", "sms"))
    got = chosen.contacted & (_happens(rng, DELIVERED, by) | buyers)
    opens = mail & got & (_happens(rng, OPENED, by) | buyers)
    clicks = np.where(mail, opens, got) & digital & (_happens(rng, CLICKED, by) | buyers)
    answers = np.where(digital, clicks, got) & _happens(rng, RESPONDED, by) | buyers
    stops = got & promotes & ~buyers & _happens(rng, STOPPED, by, np.where(chosen.unlawful, 8, 1))
    machine = got & mail & (rng.random(n) < _filtered(people)[chosen.person])
    delivered = np.where(got, chosen.sent + _transit(rng, by), NEVER)
    opened = np.where(opens, delivered + _wait(rng, n, 9.2), NEVER)
    seen = np.where(opens, opened, delivered)
    clicked = np.where(clicks, seen + _wait(rng, n, 4), NEVER)
    responded = np.where(answers, np.where(clicks, clicked, delivered) + _wait(rng, n, 6), NEVER)
    stopped = np.where(stops, seen + _wait(rng, n, 7), NEVER)
    opened = np.where(stops & mail, np.minimum(opened, stopped - 15), opened)
    quick = delivered + rng.integers(1, 5, n)
    steps = {
        "sent_at": np.where(chosen.contacted, chosen.sent, NEVER),
        "delivered_at": delivered,
        "opened_at": np.where(machine, quick, opened),
        "clicked_at": np.where(machine, quick, clicked),
        "responded_at": responded,
        "opted_out_at": stopped,
    }
    return {name: np.where(at < people.world.end * DAY, at, NEVER) for name, at in steps.items()}, machine


def _happens(rng: Rng, rates: Mapping[str, float], channel: Any, factor: Any = 1) -> Mask:
    rate = np.select([channel == name for name in rates], list(rates.values()))
    happens: Mask = rng.random(len(channel)) < rate * factor
    return happens


def _filtered(people: People) -> Any:
    rates = people.world.planted.machine_clicks
    return np.where(people.company, rates["company_contact"], rates["consumer"])


def _transit(rng: Rng, channel: Any) -> Ints:
    seconds = rng.integers(2, 45, len(channel))
    return np.where(channel == "post", rng.integers(1, 4, len(channel)) * DAY + seconds * 300, seconds)


def _wait(rng: Rng, n: int, log_seconds: float) -> Ints:
    """Human delays: lognormal, never under five seconds."""
    wait: Ints = 5 + np.exp(rng.normal(log_seconds, 1.1, n)).astype(np.int64)
    return wait


def _frame(people: People, chosen: Chosen, steps: dict[str, Ints], campaign_id: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "campaign_id": np.full(len(chosen.person), campaign_id),
            "customer_id": people.ids[chosen.person],
            "arm": np.where(chosen.contacted, "contacted", "holdout"),
            "channel": chosen.channel,
            **{name: instants(at) for name, at in steps.items()},
            "bounced": chosen.contacted & (steps["delivered_at"] == NEVER) & (chosen.channel != "call"),
            "source": "COMMUNICATION",
        }
    )
