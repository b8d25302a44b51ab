"""Customers and companies: names by Finnish frequency, homes by population, identifiers only from ranges that belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import (
    DAY,
    NEVER,
    Ints,
    Mask,
    Reals,
    Rng,
    business_ids,
    days,
    instants,
    number,
    office_hours,
    pick,
    taken,
    text,
    where,
    whole,
)
from genlib.register.synthetic.truth import AGE_BANDS, SEGMENTS
from genlib.register.synthetic.world import SWEDISH, World

CHECKS = list("0123456789ABCDEFHJKLMNPRSTUVWXY")
SIGNS = np.array([list("-YXWVU"), list("ABCDEF")])
CENTURY = date(2000, 1, 1)
SOURCES = ("DATA_SUBJECT", "DEALING_EVENT", "ADDRESS_SERVICE", "UPDATE_SERVICE", "ID_SERVICE")


@dataclass(frozen=True)
class People:
    """One batch and the generator that draws it. `frame`: the plaintext customer rows; the arrays say the same in days since 1970."""

    rng: Rng
    world: World
    frame: pl.DataFrame
    ids: Ints
    joined: Ints
    end: Ints
    segment: Ints
    band: Ints
    reachable: dict[str, Mask]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def company(self) -> Mask:
        return np.equal(self.segment, SEGMENTS.index("company"))


class Slots:
    """How many codes each (birth day, sign, sex) has given out, so that no two customers share a personal identity code."""

    def __init__(self, world: World) -> None:
        self.first = world.end - 95 * 366
        self.used = np.zeros(96 * 366 * 12, dtype=np.int64)

    def take(self, day: Ints, sign: Ints, female: Mask) -> Ints:
        """The individual number, 900-999: even for women. Starts at another number each day, so that all of them occur."""
        slot = (day - self.first) * 12 + sign * 2 + female
        earlier = pl.DataFrame({"slot": slot}).select(pl.int_range(pl.len()).over("slot")).to_series().to_numpy()
        place = self.used[slot] + earlier + day * 37
        self.used += np.bincount(slot, minlength=len(self.used))
        number: Ints = 900 + place % 50 * 2 + ~female
        return number


def people(rng: Rng, world: World, ids: Ints, *, companies: pl.DataFrame, slots: Slots) -> People:
    """Draw the customers `ids`."""
    n = len(ids)
    company = rng.random(n) < world.company_share
    segment = np.where(company, SEGMENTS.index("company"), pick(rng, (0.48, 0.24, 0.13, 0.15), n))
    joined, left = _membership(rng, world, segment)
    end = np.minimum(left, world.end)
    area, employer = pick(rng, world.areas["weight"], n), rng.integers(0, len(companies), n)
    female, known = rng.random(n) < np.where(company, 0.48, 0.55), ~company & (rng.random(n) < 0.96)
    hidden, restricted = rng.random(n) < 0.003, rng.random(n) < 0.005
    phone, email = rng.random(n) < 0.94, rng.random(n) < 0.88
    born = days(world.end - 10 - whole((18 + 72 * rng.beta(2.1, 2.3, n)) * 365.25))
    language = _language(rng, taken(world.areas["swedish"], area).to_numpy())
    frame = pl.DataFrame(
        {
            "id": ids,
            "kind": np.where(company, "company_contact", "consumer"),
            "company_id": where(company, taken(companies["id"], employer)),
            **_names(rng, world, language, female),
            "personal_id": where(known & (rng.random(n) < 0.7), _personal_ids(rng, slots, born, female)),
            "street_address": _streets(rng, world, language),
            "postal_code": taken(world.areas["postal_code"], area),
            "phone": where(phone, text("+{}", 358_490_000_000 + ids * 7_368_787 % 10_000_000)),
            "birth_year": where(known, born.dt.year()),
            "language": taken(("fi", "sv", "en"), language),
            "joined_on": days(joined),
            "left_on": days(left),
            "restricted_from": instants(np.where(restricted, (joined + end) // 2 * DAY + 36_000, NEVER)),
            "non_disclosure": hidden,
            "source": taken(SOURCES, pick(rng, (70, 15, 8, 5, 2), n)),
            "updated_at": instants(office_hours(rng, np.minimum(joined + whole(rng.exponential(300, n)), world.end - 1))),
            "host": text("yritys{}", taken(companies["id"], employer)).zip_with(
                pl.Series(company), taken(world.words["hosts"], employer % 4)
            ),
        }
    )
    age = world.year - born.dt.year().to_numpy()
    band = np.where(known, np.searchsorted((25, 35, 45, 55, 65, 75), age, side="right"), len(AGE_BANDS) - 1)
    usable = ~hidden & ~restricted
    reachable = {"email": usable & email, "sms": usable & phone, "call": usable & phone, "post": usable}
    return People(rng, world, frame.with_columns(_email(email)).drop("host"), ids, joined, end, segment, band, reachable)


def companies(rng: Rng, world: World, *, first_id: int, first_serial: int, size: int) -> tuple[pl.DataFrame, int]:
    """Companies with business ids from 9000000 up, far above what the business register has reached; and the next free serial."""
    business_id, serial = business_ids(first_serial, size)
    name = text("{} Esimerkki-{} {}", *(rng.choice(world.words[part], size) for part in ("places", "trades", "forms")))
    frame = pl.DataFrame({"id": np.arange(first_id, first_id + size), "business_id": business_id, "name": name})
    return frame.with_columns(source=pl.lit("DATA_SUBJECT")), serial


def _membership(rng: Rng, world: World, segment: Ints) -> tuple[Ints, Ints]:
    """Joining grows over the years and follows the seasons; leaving comes at a constant rate that only the segment sets."""
    growth = np.linspace(1, 2.2, world.end - world.start)
    joined = world.start + pick(rng, world.season * growth, len(segment))
    rate = -np.log1p(-np.array([world.planted.churn[name] for name in SEGMENTS]))[segment]
    left = joined + 1 + (rng.exponential(365.25, len(segment)) / rate).astype(np.int64)
    return joined, np.where(left < world.end, left, NEVER)


def _language(rng: Rng, swedish: Reals) -> Ints:
    draw = rng.random(len(swedish))
    return np.where(draw < swedish, 1, np.where(draw > 0.972 + 0.02 * (swedish > 0.5), 2, 0))


def _names(rng: Rng, world: World, language: Ints, female: Mask) -> dict[str, pl.Series]:
    n, weights = len(female), world.surnames["count"].to_numpy()
    both = pl.concat([world.men["name"], world.women["name"]])
    first, second = (np.where(female, len(world.men) + pick(rng, world.women["count"], n), pick(rng, world.men["count"], n)) for _ in "12")
    family = np.where(language == 1, pick(rng, weights * world.surnames["name"].str.contains(SWEDISH).to_numpy(), n), pick(rng, weights, n))
    two = where((rng.random(n) < 0.7) & (first != second), text(" {}", taken(both, second))).fill_null("")
    return {"given_names": taken(both, first) + two, "family_name": taken(world.surnames["name"], family)}


def _personal_ids(rng: Rng, slots: Slots, born: pl.Series, female: Mask) -> pl.Series:
    day = born.cast(pl.Int32).cast(pl.Int64).to_numpy()
    sign = pick(rng, (75, 5, 5, 5, 5, 5), len(day))
    individual, digits = slots.take(day, sign, female), born.dt.strftime("%d%m%y")
    check = (digits.cast(pl.Int64).to_numpy() * 1000 + individual) % 31
    late = (day >= number(CENTURY)).astype(np.int64)
    return text("{}{}{}{}", digits, SIGNS[late, sign], individual, taken(CHECKS, check))


def _streets(rng: Rng, world: World, language: Ints) -> pl.Series:
    n = len(language)
    fi, sv = (
        rng.choice([a + b for a in world.words["streets"][code][0] for b in world.words["streets"][code][1]], n) for code in ("fi", "sv")
    )
    flat = where(rng.random(n) < 0.45, text(" {} {}", rng.choice(list("ABCD"), n), rng.integers(1, 60, n))).fill_null("")
    return text("{} {}{}", np.where(language == 1, sv, fi), rng.integers(1, 120, n), flat)


def _email(known: Mask) -> pl.Expr:
    """Addresses that no mail server will ever take: every domain ends in .example (RFC 2606)."""
    name = pl.concat_str(pl.col("given_names").str.split(" ").list.first(), pl.lit("."), pl.col("family_name")).str.to_lowercase()
    plain = name.str.replace_many({"ä": "a", "ö": "o", "å": "a", "é": "e"}).str.replace_all(r"[^a-z.]", "")
    return pl.when(pl.Series(known)).then(pl.format("{}{}@{}.example", plain, "id", "host")).alias("email")
