"""Customers and companies: names by Finnish frequency, homes by population, identifiers only from
ranges that belong to nobody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from genlib.synthetic.chance import (
    DAY,
    NEVER,
    Ints,
    Mask,
    Rng,
    business_ids,
    office_hours,
    pick,
    text,
    where,
    whole,
)
from genlib.synthetic.world import (
    AGE_BANDS,
    AS_OF,
    END,
    PLANTED,
    SEGMENTS,
    START,
    areas,
    names,
    season,
    words,
)

COMPANY_SHARE = 0.12
DEATHS = 31
"""Of the consumers who left, those whose number this divides had died. No draw is spent on it."""
CHECKS = list("0123456789ABCDEFHJKLMNPRSTUVWXY")
SIGNS = np.array([list("-YXWVU"), list("ABCDEF")])
SOURCES = ("DATA_SUBJECT", "DEALING_EVENT", "ADDRESS_SERVICE", "UPDATE_SERVICE", "ID_SERVICE")
SWEDISH = (
    r"(?i)(ström|lund|berg|man|sson|qvist|holm|roos|gren|lind|blom|back|fors|näs|dahl|björk|gård"
    r"|sund|stedt|wall|sjö|vik)s?$"
)


class Issued:
    """What has been given out: no two rows share an id, no two companies a business id, no two
    customers a personal identity code."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.serial = 9_000_000  # far above what the business register has reached
        self.first_day = END - 95 * 366
        self.codes = np.zeros(96 * 366 * 12, dtype=np.int64)

    def ids(self, table: str, size: int) -> Ints:
        """The ids of so many new rows."""
        return np.arange(self.rows[table] + 1, self.rows[table] + 1 + size)

    def numbered(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with their ids, if they have none; those ids are used up."""
        ids = self.ids(table, len(rows))
        self.rows[table] += len(rows)
        return rows if "id" in rows.columns else rows.with_columns(id=pl.Series(ids))

    def business_ids(self, size: int) -> pl.Series:
        """The next business ids."""
        ids, self.serial = business_ids(self.serial, size)
        return ids

    def individual_numbers(self, day: Ints, sign: Ints, female: Mask) -> Ints:
        """900-999, even for women, each once for a birth day, sign and sex; starts at another
        number each day, so that all occur."""
        slot = (day - self.first_day) * 12 + sign * 2 + female
        earlier = (
            pl.DataFrame({"slot": slot})
            .select(pl.int_range(pl.len()).over("slot"))
            .to_series()
            .to_numpy()
        )
        place = self.codes[slot] + earlier + day * 37
        self.codes += np.bincount(slot, minlength=len(self.codes))
        number: Ints = 900 + place % 50 * 2 + ~female
        return number


@dataclass(frozen=True)
class People:
    """One batch and the generator that draws it. `frame`: the customer rows; the arrays say the
    same for arithmetic."""

    rng: Rng
    issued: Issued
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


def companies(rng: Rng, issued: Issued, *, customers: int) -> pl.DataFrame:
    """The companies of a batch of so many customers."""
    size = max(1, int(customers * COMPANY_SHARE * 0.7))
    name = text(
        "{} Esimerkki-{} {}",
        *(rng.choice(words()[part], size) for part in ("places", "trades", "forms")),
    )
    frame = pl.DataFrame(
        {"id": issued.ids("company", size), "business_id": issued.business_ids(size), "name": name}
    )
    return frame.with_columns(source=pl.lit("DATA_SUBJECT"))


def people(rng: Rng, issued: Issued, ids: Ints, companies: pl.DataFrame) -> People:
    """Draw the customers `ids`."""
    n = len(ids)
    company = rng.random(n) < COMPANY_SHARE
    segment = np.where(company, SEGMENTS.index("company"), pick(rng, (0.48, 0.24, 0.13, 0.15), n))
    joined, left = _membership(rng, segment)
    end = np.minimum(left, END)
    died = ~company & (left < END) & (ids % DEATHS == 0)
    area = pick(rng, areas()["weight"], n)
    employer = rng.integers(0, len(companies), n)
    female = rng.random(n) < np.where(company, 0.48, 0.55)
    has_birth_date = ~company & (rng.random(n) < 0.96)
    hidden = rng.random(n) < 0.003
    restricted = rng.random(n) < 0.005
    phone = rng.random(n) < 0.94
    email = rng.random(n) < 0.88
    born = (
        pl.Series(END - 10 - whole((18 + 72 * rng.beta(2.1, 2.3, n)) * 365.25))
        .cast(pl.Int32)
        .cast(pl.Date)
    )
    language = _language(rng, areas()["swedish"].to_numpy()[area])
    frame = pl.DataFrame(
        {
            "id": ids,
            "kind": np.where(company, "company_contact", "consumer"),
            "company_id": where(company, companies["id"][employer]),
            **_names(rng, language, female),
            "personal_id": where(
                has_birth_date & (rng.random(n) < 0.7), _personal_ids(rng, issued, born, female)
            ),
            "street_address": _streets(rng, language),
            "postal_code": areas()["postal_code"][area],
            "country": pl.repeat(None, n, dtype=pl.String, eager=True),
            "phone": where(phone, text("+{}", 358_490_000_000 + ids * 7_368_787 % 10_000_000)),
            "birth_year": where(has_birth_date, born.dt.year()),
            "language": pl.Series(("fi", "sv", "en"))[language],
            "joined_on": joined,
            "left_on": left,
            "deceased_on": np.where(died, left, NEVER),
            "restricted_from": np.where(restricted, (joined + end) // 2 * DAY + 36_000, NEVER),
            "non_disclosure": hidden,
            "source": pl.Series(SOURCES)[pick(rng, (70, 15, 8, 5, 2), n)],
            "updated_at": office_hours(
                rng, np.minimum(joined + whole(rng.exponential(300, n)), END - 1)
            ),
        }
    )
    provider = np.where(
        company,
        text("yritys{}", companies["id"][employer]),
        pl.Series(words()["hosts"])[employer % 4],
    )
    band = np.where(has_birth_date, _find_band(born), AGE_BANDS.index("unknown"))
    usable = ~hidden & ~restricted
    reachable = _find_channels(usable, email, phone)
    addressed = frame.with_columns(email=where(email, _emails(frame, provider)))
    return People(rng, issued, addressed, ids, joined, end, segment, band, reachable)


def _find_band(born: pl.Series) -> Ints:
    """The place of each age among the bands."""
    age = AS_OF.year - born.dt.year().to_numpy()
    place: Ints = np.searchsorted((25, 35, 45, 55, 65, 75), age, side="right")
    return place


def _find_channels(usable: Mask, email: Mask, phone: Mask) -> dict[str, Mask]:
    """By channel, who can be reached by it."""
    by_phone = usable & phone
    return {"email": usable & email, "sms": by_phone, "call": by_phone, "post": usable}


def _membership(rng: Rng, segment: Ints) -> tuple[Ints, Ints]:
    """Joining grows over the years and follows the seasons; leaving comes at a constant rate that
    only the segment sets."""
    growth = np.linspace(1, 2.2, END - START)
    joined = START + pick(rng, season() * growth, len(segment))
    rate = -np.log1p(-np.array([PLANTED.churn[name] for name in SEGMENTS]))[segment]
    left = joined + 1 + (rng.exponential(365.25, len(segment)) / rate).astype(np.int64)
    return joined, np.where(left < END, left, NEVER)


def _language(rng: Rng, swedish: Any) -> Ints:
    draw = rng.random(len(swedish))
    return np.where(draw < swedish, 1, np.where(draw > 0.972 + 0.02 * (swedish > 0.5), 2, 0))


def _names(rng: Rng, language: Ints, female: Mask) -> dict[str, pl.Series]:
    n = len(female)
    men = names("first_names_men")
    women = names("first_names_women")
    surnames = names("surnames")
    both = pl.concat([men["name"], women["name"]])
    first, second = (
        np.where(female, len(men) + pick(rng, women["count"], n), pick(rng, men["count"], n))
        for _ in "12"
    )
    swedish = surnames["count"] * surnames["name"].str.contains(SWEDISH)
    family = np.where(language == 1, pick(rng, swedish, n), pick(rng, surnames["count"], n))
    two = where((rng.random(n) < 0.7) & (first != second), text(" {}", both[second])).fill_null("")
    return {"given_names": both[first] + two, "family_name": surnames["name"][family]}


def _personal_ids(rng: Rng, issued: Issued, born: pl.Series, female: Mask) -> pl.Series:
    day = born.cast(pl.Int32).cast(pl.Int64).to_numpy()
    sign = pick(rng, (75, 5, 5, 5, 5, 5), len(day))
    individual = issued.individual_numbers(day, sign, female)
    digits = born.dt.strftime("%d%m%y")
    check = (digits.cast(pl.Int64).to_numpy() * 1000 + individual) % 31
    century = (born.dt.year() >= 2000).cast(pl.Int64).to_numpy()
    return text("{}{}{}{}", digits, SIGNS[century, sign], individual, pl.Series(CHECKS)[check])


def _streets(rng: Rng, language: Ints) -> pl.Series:
    n = len(language)
    fi, sv = (
        rng.choice([a + b for a in begins for b in ends], n)
        for begins, ends in (words()["streets"][code] for code in ("fi", "sv"))
    )
    flat = where(
        rng.random(n) < 0.45, text(" {} {}", rng.choice(list("ABCD"), n), rng.integers(1, 60, n))
    ).fill_null("")
    return text("{} {}{}", np.where(language == 1, sv, fi), rng.integers(1, 120, n), flat)


def _emails(frame: pl.DataFrame, provider: Any) -> pl.Series:
    """Addresses that no mail server will ever take: every domain ends in .example (RFC 2606)."""
    name = pl.concat_str(
        pl.col("given_names").str.split(" ").list.first(), pl.lit("."), pl.col("family_name")
    ).str.to_lowercase()
    plain = name.str.replace_many({"ä": "a", "ö": "o", "å": "a", "é": "e"}).str.replace_all(
        r"[^a-z.]", ""
    )
    local = plain.str.replace_all(r"\.+", ".").str.strip_chars(".")
    return frame.select(pl.format("{}{}@{}.example", local, "id", pl.Series(provider))).to_series()
