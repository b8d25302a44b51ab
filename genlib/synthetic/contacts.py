"""Campaigns: who is chosen - a few of them against the rules - who is held out, and what came of
each contact.

Delivered, opened, clicked, answered, stopped, bought; a stop binds the next campaign.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from genlib.synthetic.chance import DAY, NEVER, Ints, Mask, Rng, number, stacked, those
from genlib.synthetic.commerce import FILTER, LINES, Purchases
from genlib.synthetic.people import People
from genlib.synthetic.wills import MARKETING, Wills
from genlib.synthetic.world import END, PLANTED, story

RULED = (*MARKETING, "MR")
AUDIENCES = {"filter": ("device", "filter"), "device": ("device", "service"), "rental": ("rental",)}
"""Those who have bought these lines; otherwise all, `company` contacts, or the `loyal` with three
purchases."""
DELIVERED = {"email": 0.976, "sms": 0.97, "call": 0.46, "post": 0.985}
OPENED = {"email": 0.37}
CLICKED = {"email": 0.15, "sms": 0.07}
"""E-mail: of the opened; text message: of the delivered."""
RESPONDED = {"email": 0.2, "sms": 0.2, "call": 0.18, "post": 0.015}
"""E-mail and text message: of the clicked; call and post: of the delivered."""
STOPPED = {"email": 0.003, "sms": 0.006, "call": 0.015, "post": 0.002}


class Chosen(NamedTuple):
    """The people of one campaign, by index in the batch."""

    person: Ints
    channel: npt.NDArray[np.str_]
    sent: Ints
    contacted: Mask
    unlawful: Mask


def contacts(
    people: People, wills: Wills, bought: Purchases
) -> tuple[pl.DataFrame, list[Purchases]]:
    """Rows of `campaign_contact` with `unlawful_contacts` and `machine_clicks`, and what was bought
    because of each campaign.

    Campaigns come in their order; stops are recorded in `wills` before the next one chooses its
    people."""
    frames = []
    prompted = []
    for campaign in story("campaigns").to_dicts():
        start = number(campaign["starts_on"])
        chosen = _choose(people, wills, bought, campaign, start)
        buyers = _buyers(people, chosen, bought, start, campaign["uplift"])
        steps, machine = _happen(people, chosen, buyers, promotes=campaign["kind"] in RULED)
        for channel in campaign["channels"].split("+"):
            stopped = (chosen.channel == channel) & (steps["opted_out_at"] < NEVER)
            wills.stop(channel, chosen.person[stopped], steps["opted_out_at"][stopped])
        prompted.append(_purchases(people, chosen.person[buyers], start))
        bought = stacked([bought, prompted[-1]])
        frames.append(
            _frame(people, chosen, steps).with_columns(
                campaign_id=pl.lit(campaign["id"]), machine_clicks=pl.Series(machine)
            )
        )
    return pl.concat(frames, how="vertical_relaxed"), prompted


def _choose(
    people: People, wills: Wills, bought: Purchases, campaign: Mapping[str, Any], start: int
) -> Chosen:
    """In each channel of the campaign those whom the channels before could not reach; arms are
    drawn among all of them, also those chosen against the rules, so that they are alike."""
    draw = people.rng.random
    n = len(people)
    names = campaign["channels"].split("+")
    kind = campaign["kind"]
    wanted = _audience(people, bought, campaign["audience"], start) & (draw(n) < campaign["share"])
    sending = {name: _sending(people.rng, name, start, n) for name in names}
    allowed = {
        name: wanted & people.reachable[name] & wills.allow(kind, name, sending[name])
        for name in names
    }
    lawful = np.logical_or.reduce([*allowed.values()])
    refused = wanted & people.reachable[names[0]] & ~lawful
    breaks = _break_rate(start) * lawful.sum() / max(1, refused.sum()) if kind in RULED else 0.0
    holdout = draw(n) < campaign["holdout"]
    against = refused & (draw(n) < breaks)
    channel = np.select([*allowed.values()], names, default=names[0])
    sent = np.select([*allowed.values()], [*sending.values()], default=sending[names[0]])
    chosen = Chosen(np.arange(n), channel, sent, ~holdout, against & ~holdout)
    return those(chosen, lawful | against)


def _audience(people: People, bought: Purchases, audience: str, start: int) -> Mask:
    """Customers before the campaign and until its effect is measured."""
    earlier = (bought.day < start) & np.isin(
        bought.line, [LINES.index(line) for line in AUDIENCES.get(audience, LINES)]
    )
    times = np.bincount(bought.person[earlier], minlength=len(people))
    meant = people.company if audience == "company" else times >= (3 if audience == "loyal" else 1)
    stays: Mask = people.end >= min(start + PLANTED.window_days, END)
    return meant & stays & (people.joined < start)


def _break_rate(start: int) -> float:
    """Contacts against the rules become fewer over the last twelve months."""
    before, last = PLANTED.unlawful
    return last + (before - last) * min((END - 1 - start) // 30, 11) / 11


def _sending(rng: Rng, channel: str, start: int, n: int) -> Ints:
    """Machines send on the first morning, callers need a working week."""
    if channel == "call":
        return (start + rng.integers(0, 5, n)) * DAY + rng.integers(27_000, 52_000, n)
    return start * DAY + (21_600 if channel == "post" else 25_200) + rng.integers(0, 7_200, n)


def _buyers(people: People, chosen: Chosen, bought: Purchases, start: int, uplift: float) -> Mask:
    """Who buys because of the campaign: so many that the purchase rate of the contacted, whether
    or not it was allowed, rises by `uplift` over that of the holdout."""
    soon = bought.person[(bought.day >= start) & (bought.day < start + PLANTED.window_days)]
    base = (np.bincount(soon, minlength=len(people)) > 0)[chosen.person]
    chance = uplift / max(1e-9, 1 - base.sum() / max(1, len(base)))
    buys: Mask = chosen.contacted & (people.rng.random(len(chosen.person)) < chance)
    return buys


def _purchases(people: People, person: Ints, start: int) -> Purchases:
    day = start + np.minimum(people.rng.geometric(0.15, len(person)), 24)
    return Purchases(person, np.minimum(day, END - 1), np.full(len(person), FILTER))


def _happen(
    people: People, chosen: Chosen, buyers: Mask, *, promotes: bool
) -> tuple[dict[str, Ints], Mask]:
    """The instants of each step of the funnel, and whose click was a mail filter's that follows
    links as soon as the mail arrives."""
    rng = people.rng
    n = len(chosen.person)
    by = chosen.channel
    mail = by == "email"
    digital = np.isin(by, ("email", "sms"))
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
    return {name: np.where(at < END * DAY, at, NEVER) for name, at in steps.items()}, machine


def _happens(rng: Rng, rates: Mapping[str, float], channel: Any, factor: Any = 1) -> Mask:
    rate = np.select([channel == name for name in rates], list(rates.values()))
    happens: Mask = rng.random(len(channel)) < rate * factor
    return happens


def _filtered(people: People) -> Any:
    rates = PLANTED.machine_clicks
    return np.where(people.company, rates["company_contact"], rates["consumer"])


def _transit(rng: Rng, channel: Any) -> Ints:
    seconds = rng.integers(2, 45, len(channel))
    return np.where(
        channel == "post", rng.integers(1, 4, len(channel)) * DAY + seconds * 300, seconds
    )


def _wait(rng: Rng, n: int, log_seconds: float) -> Ints:
    """Human delays: lognormal, never under five seconds."""
    wait: Ints = 5 + np.exp(rng.normal(log_seconds, 1.1, n)).astype(np.int64)
    return wait


def _frame(people: People, chosen: Chosen, steps: dict[str, Ints]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer_id": people.ids[chosen.person],
            "arm": np.where(chosen.contacted, "contacted", "holdout"),
            "channel": chosen.channel,
            **steps,
            "bounced": chosen.contacted
            & (steps["delivered_at"] == NEVER)
            & (chosen.channel != "call"),
            "source": "COMMUNICATION",
            "unlawful_contacts": chosen.unlawful,
        }
    )
