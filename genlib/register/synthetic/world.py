"""What is the same for every customer of a synthetic register: the country, the calendar of the year, the plan of campaigns and surveys."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import Reals, number
from genlib.register.synthetic.truth import Planted

DATA = Path(__file__).resolve().parents[3] / "data"
FIRST_DAY, AS_OF = date(2018, 1, 1), date(2026, 11, 1)
NAMES = {"men": "first_names_men", "women": "first_names_women", "surnames": "surnames"}
SWEDISH = r"(?i)(ström|lund|berg|man|sson|qvist|holm|roos|gren|lind|blom|back|fors|näs|dahl|björk|gård|sund|stedt|wall|sjö|vik)s?$"


@dataclass(frozen=True)
class World:
    """Days count from 1970; `start` is the first day of the register, `end` the first day after it. `season` has mean 1, a value a day."""

    planted: Planted
    start: int
    end: int
    year: int
    season: Reals
    areas: pl.DataFrame
    men: pl.DataFrame
    women: pl.DataFrame
    surnames: pl.DataFrame
    campaigns: pl.DataFrame
    surveys: pl.DataFrame
    questions: pl.DataFrame
    disclosures: pl.DataFrame
    processors: pl.DataFrame
    comments: pl.DataFrame
    words: dict[str, Any]
    company_share: float = 0.12

    @property
    def elapsed(self) -> Reals:
        """Seasons lived by the start of each day: purchases come evenly in this time."""
        return np.concatenate([[0.0], np.cumsum(self.season)])

    @property
    def shared(self) -> dict[str, pl.DataFrame]:
        """The tables that hold no customer, but for the campaigns."""
        at = pl.col("disclosed_on").cast(pl.Datetime("us", "UTC")) + pl.duration(hours=9)
        disclosures = self.disclosures.with_columns(disclosed_at=at)
        return {"survey": self.surveys, "survey_question": self.questions, "processor": self.processors, "disclosure": disclosures}


@cache
def world() -> World:
    """The world as it is told on `AS_OF`."""
    told: dict[str, Any] = {name: _told(name) for name in ("campaigns", "surveys", "questions", "disclosures", "processors", "comments")}
    asked = told["surveys"].select("kind", survey_id="id").join(told["questions"].drop("id"), on="kind", maintain_order="left_right")
    told["questions"] = asked.with_row_index("id", 1)
    names: dict[str, Any] = {name: pl.read_csv(DATA / "finland" / f"{file}.csv") for name, file in NAMES.items()}
    words = tomllib.loads((DATA / "synthetic" / "words.toml").read_text("utf-8"))
    start, end = number(FIRST_DAY), number(AS_OF)
    return World(Planted(), start, end, AS_OF.year, _season(start, end), _areas(), words=words, **names, **told)


def _told(name: str) -> pl.DataFrame:
    """A part of the story."""
    return pl.read_csv(DATA / "synthetic" / f"{name}.csv", try_parse_dates=True).with_row_index("id", 1)


def _areas() -> pl.DataFrame:
    """Postal areas with people in them, and the share of Swedish speakers by municipality."""
    share = pl.read_csv(DATA / "synthetic" / "swedish_share.csv", schema_overrides={"municipality": pl.String})
    codes = {"postal_code": pl.String, "municipality": pl.String, "region": pl.String}
    areas = pl.read_csv(DATA / "finland" / "postal_areas.csv", schema_overrides=codes).join(share, on="municipality", how="left")
    lived = areas.filter(pl.col("population_2022") > 0).sort("postal_code")
    return lived.select("postal_code", weight="population_2022", swedish=pl.col("share").fill_null(0.004))


def _season(start: int, end: int) -> Reals:
    """More is bought in the pollen weeks of spring and in the season of wood smoke."""
    day = np.arange(start, end) / 365.2425 % 1
    pollen, smoke = (np.exp(-(((day - peak + 0.5) % 1 - 0.5) ** 2) / (2 * width**2)) for peak, width in ((0.32, 0.05), (0.95, 0.08)))
    season = 0.75 + 0.9 * pollen + 0.6 * smoke
    mean: Reals = season / season.mean()
    return mean
