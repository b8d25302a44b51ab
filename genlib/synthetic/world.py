"""What is the same for every customer of a synthetic register: the country, the year, campaigns and
surveys, what is planted."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from genlib.synthetic.chance import Reals, number

DATA = Path(__file__).resolve().parents[2] / "data"
AS_OF = date(2026, 11, 1)
START = number(date(2018, 1, 1))
END = number(AS_OF)
"""The first day of the register, and the first day after it."""
SEGMENTS = ("device", "filter", "service", "rental", "company")
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-", "unknown")
Rates = Mapping[str, float]


@dataclass(frozen=True)
class Planted:
    """The parameters of the drawing.

    `churn`: probability to leave within a year, by segment - a consumer's segment is the product
    line of the first invoice, company contacts are one. `bg_nbd` (weeks): purchases of consumers
    whose first line is not rental, seasons smoothed out; rental is invoiced quarterly.
    `complaint_effect`: points off the 0-10 recommendation within `complaint_days` after a
    complaint. `response`: share of the delivered satisfaction invitations that are answered, by age
    band. `window_days`: from a campaign's first day, where its uplift shows. `unlawful`: contacts
    against the rules as a share of the lawful ones, up to twelve months before the end and in the
    last month. `machine_clicks`: share of delivered e-mails whose links a mail filter follows at
    once.
    """

    churn: Rates = field(
        default_factory=lambda: {
            "device": 0.16,
            "filter": 0.10,
            "service": 0.24,
            "rental": 0.07,
            "company": 0.05,
        }
    )
    bg_nbd: Rates = field(default_factory=lambda: {"r": 1.1, "alpha": 22.0, "a": 0.9, "b": 5.5})
    complaint_effect: int = -3
    complaint_days: int = 180
    response: Rates = field(
        default_factory=lambda: dict(
            zip(AGE_BANDS, (0.12, 0.16, 0.21, 0.27, 0.34, 0.41, 0.32, 0.22), strict=True)
        )
    )
    window_days: int = 30
    unlawful: tuple[float, float] = (0.03, 0.004)
    machine_clicks: Rates = field(
        default_factory=lambda: {"consumer": 0.01, "company_contact": 0.06}
    )


@dataclass(frozen=True)
class Truth:
    """`Planted` and what came of it: `uplift` of the purchase rate by campaign code (0 for the null
    campaigns), the ids of the planted rows (`answers_with_identifiers`: of the invitations) and the
    number of rows by table."""

    planted: Planted
    uplift: Rates
    unlawful_contacts: tuple[int, ...] = ()
    machine_clicks: tuple[int, ...] = ()
    answers_with_identifiers: tuple[int, ...] = ()
    feedback_with_identifiers: tuple[int, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)


PLANTED = Planted()


@cache
def story(name: str) -> pl.DataFrame:
    """A part of the story, numbered from 1: campaigns, surveys, disclosures, processors,
    comments."""
    return pl.read_csv(DATA / "synthetic" / f"{name}.csv", try_parse_dates=True).with_row_index(
        "id", 1
    )


@cache
def questions() -> pl.DataFrame:
    """The questions of every survey, by the survey's kind."""
    asked = (
        story("surveys")
        .select("kind", survey_id="id")
        .join(story("questions").drop("id"), on="kind", maintain_order="left_right")
    )
    return asked.with_row_index("id", 1)


def shared(customers: int) -> dict[str, pl.DataFrame]:
    """The tables that hold no customer; what a campaign costs is planned from the expected number
    of contacts."""
    starts = pl.col("starts_on")
    cents = pl.col("share") * pl.col("unit_cents") * customers * 0.4
    campaigns = story("campaigns").with_columns(
        code=pl.format("{}-{}", starts.dt.strftime("%Y-%m"), "slug"),
        ends_on=starts + pl.duration(days=pl.col("days") - 1),
        holdout_share="holdout",
        cost_cents=40_000 + cents.round(),
    )
    at = pl.col("disclosed_on").cast(pl.Datetime("us", "UTC")) + pl.duration(hours=9)
    return {
        "campaign": campaigns,
        "survey": story("surveys"),
        "survey_question": questions(),
        "processor": story("processors"),
        "disclosure": story("disclosures").with_columns(disclosed_at=at),
    }


@cache
def words() -> dict[str, Any]:
    """Parts of streets, companies and signatures."""
    return tomllib.loads((DATA / "synthetic" / "words.toml").read_text("utf-8"))


@cache
def names(of: str) -> pl.DataFrame:
    """Names and how many bear them."""
    return pl.read_csv(DATA / "finland" / f"{of}.csv")


@cache
def areas() -> pl.DataFrame:
    """Postal areas with people in them, and the share of Swedish speakers by municipality."""
    share = pl.read_csv(
        DATA / "synthetic" / "swedish_share.csv", schema_overrides={"municipality": pl.String}
    )
    codes = {"postal_code": pl.String, "municipality": pl.String, "region": pl.String}
    lived = pl.read_csv(DATA / "finland" / "postal_areas.csv", schema_overrides=codes).filter(
        pl.col("population_2022") > 0
    )
    spoken = lived.join(share, on="municipality", how="left").sort("postal_code")
    return spoken.select(
        "postal_code", weight="population_2022", swedish=pl.col("share").fill_null(0.004)
    )


@cache
def season() -> Reals:
    """A value a day, with mean 1: more is bought in the pollen weeks of spring and in the season of
    wood smoke."""
    day = np.arange(START, END) / 365.2425 % 1
    pollen, smoke = (
        np.exp(-(((day - peak + 0.5) % 1 - 0.5) ** 2) / (2 * width**2))
        for peak, width in ((0.32, 0.05), (0.95, 0.08))
    )
    bought = 0.75 + 0.9 * pollen + 0.6 * smoke
    seasonal: Reals = bought / bought.mean()
    return seasonal
