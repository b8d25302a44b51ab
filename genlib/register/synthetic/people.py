"""Customers and companies: names by Finnish frequency, homes by population, identifiers only from ranges that belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import DAY, NEVER, Ints, Mask, business_ids, days, instants, pick, rounded, taken, where
from genlib.register.synthetic.truth import AGE_BANDS, SEGMENTS
from genlib.register.synthetic.world import World

CHECKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
SIGNS = ("-YXWVU", "ABCDEF")
STREETS = {
    "fi": (
        "Koivu Mänty Kuusi Pihlaja Tammi Vaahtera Leppä Haapa Ranta Mäki Niitty Pelto Järvi Koski Silta Kivi Aurinko Kevät Suvi Metsä Aho".split(),
        "tie katu kuja polku rinne kaari".split(),
    ),
    "sv": (
        "Björk Tall Gran Rönn Ek Lönn Al Asp Strand Berg Äng Åker Sjö Fors Bro Sten Sol Vår Sommar Skog Hag".split(),
        "vägen gatan gränden stigen".split(),
    ),
}
TRADES = (
    "Hammaslääkärit Kuntokeskus Päiväkoti Toimistohotelli Kahvila Parturi Apteekki Kirjanpito Optiikka Eläinklinikka Autohuolto Kiinteistöhuolto "
    "Hoivakoti Fysioterapia Leipomo Majatalo"
).split()
PLACES = "Koivurannan Kuusiniemen Lehtolan Harjun Suvilahden Aallonkodin Peltolan Mäntyharjan Vesirannan Kivisillan Pohjoispuiston Kevätkummun".split()
SOURCES = ("DATA_SUBJECT", "DEALING_EVENT", "ADDRESS_SERVICE", "UPDATE_SERVICE", "ID_SERVICE")


@dataclass(frozen=True)
class People:
    """One batch. `frame`: the plaintext customer rows; the arrays say the same in a form to calculate with (days since 1970)."""

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
        return self.segment == SEGMENTS.index("company")


class Slots:
    """How many codes each (birth day, sign, sex) has given out, so that no two customers share a personal identity code."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.used = np.zeros((last - first + 1) * 12, dtype=np.int64)

    def take(self, day: Ints, sign: Ints, female: Mask) -> Ints:
        """The individual number, 900-999: even for women."""
        slot = (day - self.first) * 12 + sign * 2 + female
        order = np.argsort(slot, kind="stable")
        first = np.searchsorted(slot[order], slot[order], side="left")
        rank = np.empty_like(slot)
        rank[order] = np.arange(len(slot)) - first
        rank += self.used[slot]
        np.add.at(self.used, slot, 1)
        return 900 + (rank + day * 37) % 50 * 2 + np.where(female, 0, 1)


def people(rng: np.random.Generator, world: World, ids: Ints, *, companies: pl.DataFrame, slots: Slots) -> People:
    """Draw the customers `ids`."""
    n = len(ids)
    company = rng.random(n) < world.company_share
    segment = np.where(company, SEGMENTS.index("company"), pick(rng, (0.48, 0.24, 0.13, 0.15), n))
    joined, left = _membership(rng, world, segment)
    area = pick(rng, world.areas["weight"], n)
    language = _language(rng, taken(world.areas["swedish"], area).to_numpy())
    female = rng.random(n) < np.where(company, 0.48, 0.55)
    age = 18 + 72 * rng.beta(2.1, 2.3, n)
    born = world.end - 10 - rounded(age * 365.25)
    birth_year = rounded(np.floor(born / 365.2425 + 1970))
    known = ~company & (rng.random(n) < 0.96)
    names = _names(rng, world, language, female)
    hidden = rng.random(n) < 0.003
    restricted = np.where(rng.random(n) < 0.005, joined + rounded(rng.random(n) * (np.minimum(left, world.end) - joined)), NEVER)
    phone, email = rng.random(n) < 0.94, rng.random(n) < 0.88
    employer = rng.integers(0, max(1, len(companies)), n)
    frame = pl.DataFrame(
        {
            "id": ids,
            "kind": np.where(company, "company_contact", "consumer"),
            "company_id": where(company, taken(companies["id"], employer)),
            **names,
            "personal_id": where(known & (rng.random(n) < 0.7), _personal_ids(rng, slots, born, female)),
            "street_address": _streets(rng, language),
            "postal_code": taken(world.areas["postal_code"], area),
            "phone": where(phone, pl.select(pl.format("+{}", pl.Series(358_490_000_000 + ids * 7_368_787 % 10_000_000))).to_series()),
            "birth_year": where(known, pl.Series(birth_year)),
            "language": pl.Series(np.array(("fi", "sv", "en"))[language]),
            "joined_on": days(joined),
            "left_on": days(left),
            "restricted_from": instants(np.where(restricted < NEVER, restricted * DAY + 36_000, NEVER)),
            "non_disclosure": hidden,
            "source": np.array(SOURCES)[pick(rng, (70, 15, 8, 5, 2), n)],
            "updated_at": instants(
                np.minimum(joined + rounded(rng.exponential(300, n)), world.end - 1) * DAY + rng.integers(25_000, 60_000, n)
            ),
        }
    ).with_columns(_email(email, companies, company, employer))
    band = np.where(known, np.searchsorted((25, 35, 45, 55, 65, 75), world.year - birth_year, side="right"), len(AGE_BANDS) - 1)
    usable = ~hidden & (restricted == NEVER)
    reachable = {"email": usable & email, "sms": usable & phone, "call": usable & phone, "post": usable}
    return People(frame, ids, joined, np.minimum(left, world.end), segment, band, reachable)


def companies(rng: np.random.Generator, *, first_id: int, first_serial: int, size: int) -> tuple[pl.DataFrame, int]:
    """Companies with business ids from 9000000 up, far above what the business register has reached; and the next free serial."""
    business_id, serial = business_ids(first_serial, size)
    trade, place, form = rng.integers(0, len(TRADES), size), rng.integers(0, len(PLACES), size), pick(rng, (80, 8, 12), size)
    name = [pl.Series(np.array(words)[index]) for words, index in ((PLACES, place), (TRADES, trade), (("Oy", "Ab", "Ky"), form))]
    frame = pl.DataFrame(
        {
            "id": np.arange(first_id, first_id + size),
            "business_id": business_id,
            "name": pl.select(pl.format("{} Esimerkki-{} {}", *name)).to_series(),
        }
    )
    return frame.with_columns(source=pl.lit("DATA_SUBJECT")), serial


def _membership(rng: np.random.Generator, world: World, segment: Ints) -> tuple[Ints, Ints]:
    """Joining grows over the years and follows the seasons; leaving comes at a constant rate that only the segment sets."""
    days = np.arange(world.start, world.end)
    joined = world.start + pick(rng, world.season[days - world.start] * (1 + 1.2 * np.arange(len(days)) / len(days)), len(segment))
    churn = np.array([world.planted.churn[name] for name in SEGMENTS])[segment]
    left = joined + 1 + (rng.exponential(1.0, len(segment)) / -np.log1p(-churn) * 365.25).astype(np.int64)
    return joined, np.where(left < world.end, left, NEVER)


def _language(rng: np.random.Generator, swedish: Any) -> Ints:
    draw = rng.random(len(swedish))
    return np.where(draw < swedish, 1, np.where(draw > 0.972 + 0.02 * (swedish > 0.5), 2, 0))


def _names(rng: np.random.Generator, world: World, language: Ints, female: Mask) -> dict[str, pl.Series]:
    n = len(female)
    both = pl.concat([world.men["name"], world.women["name"]])
    first, second = (
        np.where(female, len(world.men) + pick(rng, world.women["count"], n), pick(rng, world.men["count"], n)) for _ in range(2)
    )
    weights = world.surnames["count"].to_numpy()
    family = np.where(language == 1, pick(rng, weights * world.surnames["swedish"].to_numpy(), n), pick(rng, weights, n))
    two = where((rng.random(n) < 0.7) & (first != second), taken(both, second))
    given = pl.select(pl.concat_str(taken(both, first), two, separator=" ", ignore_nulls=True)).to_series()
    return {"given_names": given, "family_name": taken(world.surnames["name"], family)}


def _personal_ids(rng: np.random.Generator, slots: Slots, born: Ints, female: Mask) -> pl.Series:
    day = pl.Series(born.astype(np.int32)).cast(pl.Date).dt
    year, digits = day.year().cast(pl.Int64).to_numpy(), (day.day().cast(pl.Int64) * 10_000 + day.month().cast(pl.Int64) * 100).to_numpy()
    sign = pick(rng, (75, 5, 5, 5, 5, 5), len(born))
    individual = slots.take(born, sign, female)
    check = ((digits + year % 100) * 1000 + individual) % 31
    signs = np.array([list(text) for text in SIGNS])[(year >= 2000).astype(int), sign]
    date = pl.Series(born.astype(np.int32)).cast(pl.Date).dt.strftime("%d%m%y")
    return pl.select(
        pl.format("{}{}{}{}", date, pl.Series(signs), pl.Series(individual), pl.Series(np.array(list(CHECKS))[check]))
    ).to_series()


def _streets(rng: np.random.Generator, language: Ints) -> pl.Series:
    n = len(language)
    words = {code: np.array([f"{a}{b}" for a in first for b in last]) for code, (first, last) in STREETS.items()}
    street = np.where(language == 1, words["sv"][rng.integers(0, len(words["sv"]), n)], words["fi"][rng.integers(0, len(words["fi"]), n)])
    stair = np.array(list("ABCD"))[rng.integers(0, 4, n)]
    flat = where(rng.random(n) < 0.45, pl.select(pl.format(" {} {}", pl.Series(stair), pl.Series(rng.integers(1, 60, n)))).to_series())
    return pl.select(pl.format("{} {}{}", pl.Series(street), pl.Series(rng.integers(1, 120, n)), flat.fill_null(""))).to_series()


def _email(known: Mask, companies: pl.DataFrame, company: Mask, employer: Ints) -> pl.Expr:
    """Addresses that no mail server will ever take: every domain ends in .example (RFC 2606)."""
    own = pl.Series(np.array(("posti", "kotiposti", "sahkoposti", "hemma")))
    host = (
        pl.when(pl.Series(company))
        .then(pl.format("yritys{}", taken(companies["id"], employer)))
        .otherwise(own.gather(pl.Series(employer % 4)))
    )
    name = pl.concat_str(pl.col("given_names").str.split(" ").list.first(), pl.lit("."), pl.col("family_name")).str.to_lowercase()
    plain = name.str.replace_many({"ä": "a", "ö": "o", "å": "a", "é": "e"}).str.replace_all(r"[^a-z.]", "")
    return pl.when(pl.Series(known)).then(pl.format("{}{}@{}.example", plain, pl.col("id"), host)).alias("email")
