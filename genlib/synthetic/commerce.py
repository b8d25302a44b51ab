"""Purchases and dealings: air purifiers, the filters they need, service and rental, bought as
BG/NBD says (Fader, Hardie, Lee 2005)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from genlib.synthetic.chance import (
    DAY,
    NEVER,
    Ints,
    pick,
    references,
    stacked,
    those,
    whole,
)
from genlib.synthetic.people import People
from genlib.synthetic.world import END, PLANTED, START, season

LINES = ("device", "filter", "service", "rental")
DEVICE, FILTER, SERVICE, RENTAL = range(4)
FIRST_OF_COMPANY = (0.40, 0.15, 0.10, 0.35)
NEXT = np.cumsum(((0.10, 0.72, 0.18), (0.05, 0.88, 0.07), (0.12, 0.38, 0.50)), axis=1)
"""After a first purchase of this line, the chances of the next lines."""
PRICES = np.array(
    (
        (34_900, 59_900, 89_900),
        (5_900, 8_900, 12_900),
        (9_500, 14_900, 22_000),
        (11_700, 17_700, 26_700),
    )
)
KINDS = ("order", "enquiry", "service_visit", "complaint", "delivery", "other")
ORDER, ENQUIRY, VISIT, COMPLAINT, DELIVERY, OTHER = range(6)
RATES = {ENQUIRY: 0.16, COMPLAINT: 0.09, OTHER: 0.06}
"""A year and customer."""
BY_CALL = np.array((0.55, 0.45, 1, 0.40, 0, 0.50))
BY_EMAIL = np.array((0.90, 0.95, 1, 0.92, 0, 0.90))
"""Cumulative shares of the channels for each kind; the rest comes by post."""


class Purchases(NamedTuple):
    """Index of the person in the batch, day, index in `LINES`."""

    person: Ints
    day: Ints
    line: Ints


class Dealings(NamedTuple):
    """Index of the person in the batch, UTC second, index in `KINDS`."""

    person: Ints
    second: Ints
    kind: Ints


def purchases(people: People) -> Purchases:
    """First purchase on the day of joining; then rental every quarter, all else at the person's own
    pace until they drop out in silence."""
    n = len(people)
    first = np.where(
        people.company, pick(people.rng, FIRST_OF_COMPANY, n), np.minimum(people.segment, RENTAL)
    )
    return stacked(
        [
            Purchases(np.arange(n), people.joined, first),
            *_repeats(people, first),
            _rental(people, first),
        ]
    )


def invoices(people: People, bought: Purchases) -> pl.DataFrame:
    """One invoice a purchase; one in fifty is credited later, wholly or by half."""
    rng = people.rng
    n = len(bought.day)
    later = bought.day + rng.integers(3, 30, n)
    half = rng.integers(1, 3, n)
    credit = np.flatnonzero((rng.random(n) < 0.02) & (later < END))
    cents = _cents(people, bought)
    row = np.concatenate([np.arange(n), credit])
    issued = np.concatenate([bought.day, later[credit]])
    person = bought.person[row]
    amount = np.concatenate([cents, -(cents // half)[credit]])
    ids = people.issued.ids("invoice", len(row))
    due = issued + np.where(people.company[person], 30, 14)
    return pl.DataFrame(
        {
            "id": ids,
            "customer_id": people.ids[person],
            "issued_on": issued,
            "due_on": due,
            "paid_on": np.where(amount < 0, issued, _paid(people, issued, due)),
            "amount_cents": amount,
            "product_line": pl.Series(LINES)[bought.line[row]],
            "reference": references(ids + 100_000),
            "source": "SERVICE_USE",
        }
    )


def dealings(people: People, bought: Purchases) -> Dealings:
    """Every interaction: around purchases, and at a constant rate for what goes wrong."""
    rng = people.rng
    chance = people.rng.random(len(bought.day))
    around = (
        (ORDER, 0, (0.8, 0.7, 0, 0)),
        (DELIVERY, 3, (0.9, 0.5, 0, 0)),
        (VISIT, 2, (0, 0, 1, 0)),
    )
    parts = []
    for kind, delay, shares in around:
        rows = chance < np.array(shares)[bought.line]
        parts.append(
            Dealings(bought.person[rows], bought.day[rows] + delay, np.full(rows.sum(), kind))
        )
    spent = people.end - people.joined
    for kind, rate in RATES.items():
        person = np.repeat(np.arange(len(people)), rng.poisson(rate * spent / 365.25))
        parts.append(
            Dealings(
                person,
                people.joined[person] + rng.integers(0, spent[person]),
                np.full(len(person), kind),
            )
        )
    daily = stacked(parts)
    timed = daily._replace(
        second=daily.second * DAY + rng.integers(23_000, 64_000, len(daily.second))
    )
    return those(timed, daily.second < END)


def interactions(people: People, happened: Dealings) -> pl.DataFrame:
    """Rows of `interaction`."""
    chance = people.rng.random(len(happened.kind))
    via = (chance >= BY_CALL[happened.kind]).astype(np.int64) + (chance >= BY_EMAIL[happened.kind])
    frame = pl.DataFrame(
        {
            "customer_id": people.ids[happened.person],
            "occurred_at": happened.second,
            "channel": pl.Series(("call", "email", "post"))[via],
            "kind": pl.Series(KINDS)[happened.kind],
            "source": "DEALING_EVENT",
        }
    )
    return frame.sort("occurred_at", "customer_id", "kind")


def _repeats(people: People, first: Ints) -> list[Purchases]:
    """Exponential gaps in seasonal time, in weeks; after each repeat the person is lost by a chance
    of their own."""
    rng = people.rng
    law = PLANTED.bg_nbd
    pace = (
        rng.gamma(law["r"], 1 / law["alpha"], len(people)) / 7 * np.where(people.company, 1.4, 1.0)
    )
    loss = rng.beta(law["a"], law["b"], len(people))
    elapsed = np.concatenate(
        [[0.0], np.cumsum(season())]
    )  # seasons lived by each day: purchases come evenly in this time
    now = elapsed[people.joined - START]
    until = elapsed[people.end - START]
    alive = np.flatnonzero(first != RENTAL)
    parts = []
    while len(alive):
        now[alive] += rng.exponential(1.0, len(alive)) / pace[alive]
        alive = alive[now[alive] < until[alive]]
        day = START + np.searchsorted(elapsed, now[alive], side="right") - 1
        parts.append(
            Purchases(alive, day, (rng.random((len(alive), 1)) > NEXT[first[alive]]).sum(axis=1))
        )
        alive = alive[rng.random(len(alive)) >= loss[alive]]
    return parts


def _rental(people: People, first: Ints) -> Purchases:
    turns = np.where(first == RENTAL, np.maximum(people.end - people.joined - 1, 0) // 91, 0)
    person = np.repeat(np.arange(len(people)), turns)
    turn = np.arange(len(person)) - np.repeat(np.cumsum(turns) - turns, turns) + 1
    return Purchases(person, people.joined[person] + 91 * turn, np.full(len(person), RENTAL))


def _cents(people: People, bought: Purchases) -> Ints:
    """List prices in whole ten cents, a model for each person and line, more pieces for
    companies."""
    rng = people.rng
    n = len(people)
    model = rng.integers(0, 3, (len(LINES), n))
    habit = np.exp(rng.normal(0, 0.18, n))
    pieces = 1 + rng.poisson(np.where(people.company, 2.2, 0.12)[bought.person])
    return (
        whole(
            PRICES[bought.line, model[bought.line, bought.person]]
            * habit[bought.person]
            * pieces
            / 10
        )
        * 10
    )


def _paid(people: People, issued: Ints, due: Ints) -> Ints:
    late = people.rng.random(len(due))
    delay = np.where(late < 0.14, people.rng.exponential(16, len(due)), 0).astype(np.int64)
    paid = np.where(
        late > 0.988, NEVER, np.maximum(due - people.rng.integers(0, 12, len(due)) + delay, issued)
    )
    return np.where(paid < END, paid, NEVER)
