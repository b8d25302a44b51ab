"""Purchases and dealings: air purifiers, the filters they need, service and rental, bought as the BG/NBD model says (Fader, Hardie, Lee 2005)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import DAY, NEVER, Ints, Mask, Reals, days, instants, pick, references, rounded
from genlib.register.synthetic.people import People
from genlib.register.synthetic.world import World

LINES = ("device", "filter", "service", "rental")
FIRST_OF_COMPANY = (0.40, 0.15, 0.10, 0.35)
NEXT = np.cumsum(((0.10, 0.72, 0.18), (0.05, 0.88, 0.07), (0.12, 0.38, 0.50)), axis=1)
"""After a first purchase of this line, the chances of the next lines."""
PRICES = np.array(((34_900, 59_900, 89_900), (5_900, 8_900, 12_900), (9_500, 14_900, 22_000), (11_700, 17_700, 26_700)))
RATES = {"enquiry": 0.16, "complaint": 0.09, "other": 0.06}
"""A year and customer."""


@dataclass(frozen=True)
class Purchases:
    """Rows: index of the person in the batch, day, product line."""

    person: Ints
    day: Ints
    line: Ints

    def __add__(self, other: Purchases) -> Purchases:
        return Purchases(*(np.concatenate([getattr(self, f), getattr(other, f)]) for f in ("person", "day", "line")))

    def within(self, size: int, start: int, days: int) -> Mask:
        """Who of `size` people bought in the `days` from `start` on."""
        rows = self.person[(self.day >= start) & (self.day < start + days)]
        return np.bincount(rows, minlength=size) > 0


def nothing() -> Purchases:
    return Purchases(*np.zeros((3, 0), dtype=np.int64))


def purchases(rng: np.random.Generator, world: World, people: People) -> Purchases:
    """First purchase on the day of joining; then rental every quarter, all else at the person's own pace until they drop out in silence."""
    n = len(people)
    first = np.where(people.company, pick(rng, FIRST_OF_COMPANY, n), np.minimum(people.segment, LINES.index("rental")))
    rents = first == LINES.index("rental")
    begin = Purchases(np.arange(n), people.joined, first)
    return begin + _repeats(rng, world, people, first, ~rents) + _rental(people, rents)


def invoices(rng: np.random.Generator, world: World, people: People, bought: Purchases, *, first_id: int) -> pl.DataFrame:
    """One invoice a purchase; one in fifty is credited later, wholly or by half."""
    person, day, cents = bought.person, bought.day, _cents(rng, people, bought)
    issued_later = day + rng.integers(3, 30, len(day))
    credit = (rng.random(len(day)) < 0.02) & (issued_later < world.end)
    part = np.where(rng.random(len(day)) < 0.6, 1, 2)
    person, line = np.concatenate([person, person[credit]]), np.concatenate([bought.line, bought.line[credit]])
    issued = np.concatenate([day, issued_later[credit]])
    amount = np.concatenate([cents, -(cents // part)[credit]])
    ids = first_id + np.arange(len(issued))
    due = issued + np.where(people.company[person], 30, 14)
    return pl.DataFrame(
        {
            "id": ids,
            "customer_id": people.ids[person],
            "issued_on": days(issued),
            "due_on": days(due),
            "paid_on": days(np.where(amount < 0, issued, _paid(rng, world, issued, due))),
            "amount_cents": amount,
            "product_line": np.array(LINES)[line],
            "reference": references(ids + 100_000),
            "source": "SERVICE_USE",
        }
    )


def dealings(rng: np.random.Generator, world: World, people: People, bought: Purchases) -> tuple[Ints, Ints, Ints]:
    """Person, UTC second and index in `KINDS` of every interaction."""
    orders = rng.random(len(bought.day)) < np.array((0.8, 0.7, 0.0, 0.0))[bought.line]
    goods = rng.random(len(bought.day)) < np.array((0.9, 0.5, 0.0, 0.0))[bought.line]
    visits = bought.line == LINES.index("service")
    parts = [
        (bought.person[rows], bought.day[rows] + delay, KINDS.index(kind))
        for rows, delay, kind in ((orders, 0, "order"), (goods, 3, "delivery"), (visits, -2, "service_visit"))
    ]
    parts += [(*_scattered(rng, people, rate), KINDS.index(kind)) for kind, rate in RATES.items()]
    person, day, kind = (np.concatenate([np.broadcast_to(p[i], p[0].shape) for p in parts]) for i in range(3))
    kept = day < world.end
    second = day * DAY + rng.integers(23_000, 64_000, len(day))
    return person[kept], second[kept], kind[kept]


KINDS = ("order", "enquiry", "service_visit", "complaint", "delivery", "other")
VIA = {
    "order": (55, 35, 10),
    "enquiry": (45, 50, 5),
    "service_visit": (100, 0, 0),
    "complaint": (40, 52, 8),
    "delivery": (0, 0, 100),
    "other": (50, 40, 10),
}


def interactions(rng: np.random.Generator, people: People, happened: tuple[Ints, Ints, Ints]) -> pl.DataFrame:
    """Rows of `interaction`, without ids."""
    person, second, kind = happened
    shares = np.cumsum([VIA[name] for name in KINDS], axis=1)[kind]
    channel = np.array(("call", "email", "post"))[(rng.random(len(kind))[:, None] * 100 >= shares[:, :2]).sum(axis=1)]
    frame = pl.DataFrame(
        {"customer_id": people.ids[person], "occurred_at": instants(second), "channel": channel, "kind": np.array(KINDS)[kind]}
    )
    return frame.with_columns(source=pl.lit("DEALING_EVENT")).sort("occurred_at", "customer_id", "kind")


def years(people: People) -> Reals:
    spent: Reals = np.maximum(people.end - people.joined, 0) / 365.25
    return spent


def _scattered(rng: np.random.Generator, people: People, rate: float) -> tuple[Ints, Ints]:
    """Events at a constant `rate` a year while the person is a customer: person and day."""
    person = np.repeat(np.arange(len(people)), rng.poisson(rate * years(people)))
    return person, people.joined[person] + (rng.random(len(person)) * (people.end - people.joined)[person]).astype(np.int64)


def _repeats(rng: np.random.Generator, world: World, people: People, first: Ints, buys: Mask) -> Purchases:
    """Exponential gaps in seasonal time, weeks; after each repeat the person is lost with a chance of their own. One turn a purchase, not a person."""
    law, elapsed = world.planted.bg_nbd, world.elapsed
    pace = rng.gamma(law["r"], 1 / law["alpha"], len(people)) / 7 * np.where(people.company, 1.4, 1.0)
    loss = rng.beta(law["a"], law["b"], len(people))
    now, until = elapsed[people.joined - world.start], elapsed[people.end - world.start]
    alive, parts = np.flatnonzero(buys), [nothing()]
    while len(alive):
        now[alive] += rng.exponential(1.0, len(alive)) / pace[alive]
        alive = alive[now[alive] < until[alive]]
        day = world.start + np.searchsorted(elapsed, now[alive], side="right") - 1
        parts.append(Purchases(alive, day, (rng.random(len(alive))[:, None] > NEXT[first[alive]]).sum(axis=1)))
        alive = alive[rng.random(len(alive)) >= loss[alive]]
    person, day, line = (np.concatenate([getattr(p, f) for p in parts]) for f in ("person", "day", "line"))
    return Purchases(person, day, line)


def _rental(people: People, rents: Mask) -> Purchases:
    person = np.flatnonzero(rents)
    turns = np.maximum(people.end - people.joined - 1, 0)[person] // 91
    person = np.repeat(person, turns)
    turn = np.arange(len(person)) - np.repeat(np.cumsum(turns) - turns, turns) + 1
    return Purchases(person, people.joined[person] + 91 * turn, np.full(len(person), LINES.index("rental")))


def _cents(rng: np.random.Generator, people: People, bought: Purchases) -> Ints:
    """List prices in whole ten cents, a model for each person and line, more pieces for companies."""
    taste, habit = rng.integers(0, 3, (len(LINES), len(people))), np.exp(rng.normal(0, 0.18, len(people)))
    pieces = 1 + rng.poisson(np.where(people.company, 2.2, 0.12)[bought.person])
    price = PRICES[bought.line, taste[bought.line, bought.person]] * habit[bought.person] * pieces
    return rounded(price / 10) * 10


def _paid(rng: np.random.Generator, world: World, issued: Ints, due: Ints) -> Ints:
    late = rng.random(len(due))
    day = due - rng.integers(0, 12, len(due)) + np.where(late < 0.14, rng.exponential(16, len(due)).astype(np.int64), 0)
    paid = np.where(late > 0.988, NEVER, np.maximum(day, issued))
    return np.where(paid < world.end, paid, NEVER)
