"""What is the same for every customer of a synthetic register: the country, the calendar of the year, the plan of campaigns and surveys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import Reals, number
from genlib.register.synthetic.truth import Planted

DATA = Path(__file__).resolve().parents[3] / "data"
STORY_ENDS = date(2026, 11, 1)
FIRST_DAY = date(2018, 1, 1)
SWEDISH = r"(?i)(ström|lund|berg|man|sson|qvist|holm|roos|gren|lind|blom|back|fors|näs|dahl|björk|gård|sund|stedt|wall|sjö|vik)s?$"


@dataclass(frozen=True)
class World:
    """Days count from 1970; `start` is the first day of the register, `end` the first day after it. `season` has mean 1, a value a day."""

    planted: Planted
    start: int
    end: int
    year: int
    shift: timedelta
    season: Reals
    areas: pl.DataFrame
    men: pl.DataFrame
    women: pl.DataFrame
    surnames: pl.DataFrame
    campaigns: pl.DataFrame
    surveys: pl.DataFrame
    questions: pl.DataFrame
    comments: pl.DataFrame
    processors: pl.DataFrame
    disclosures: pl.DataFrame
    company_share: float = 0.12

    @property
    def elapsed(self) -> Reals:
        """Seasons lived by the start of each day: purchases come evenly in this time."""
        return np.concatenate([[0.0], np.cumsum(self.season)])


def world(as_of: date, planted: Planted | None = None) -> World:
    """The world as it is told on `as_of`; the plan of campaigns and surveys moves with it."""
    shift = as_of - STORY_ENDS
    start, end = number(FIRST_DAY + shift), number(as_of)
    finland, story = DATA / "finland", DATA / "synthetic"
    surveys = _told(story / "surveys.csv", shift).with_row_index("id", 1)
    return World(
        planted=planted or Planted(),
        start=start,
        end=end,
        year=as_of.year,
        shift=shift,
        season=_season(start, end),
        areas=_areas(),
        men=pl.read_csv(finland / "first_names_men.csv"),
        women=pl.read_csv(finland / "first_names_women.csv"),
        surnames=pl.read_csv(finland / "surnames.csv").with_columns(swedish=pl.col("name").str.contains(SWEDISH)),
        campaigns=_told(story / "campaigns.csv", shift),
        surveys=surveys,
        questions=_questions(surveys, pl.read_csv(story / "questions.csv")),
        comments=pl.read_csv(story / "comments.csv"),
        processors=pl.read_csv(story / "processors.csv").with_row_index("id", 1),
        disclosures=_told(story / "disclosures.csv", shift).with_row_index("id", 1),
    )


def _told(file: Path, shift: timedelta) -> pl.DataFrame:
    """A plan whose dates move with `as_of`."""
    return pl.read_csv(file, try_parse_dates=True).with_columns(pl.col(pl.Date) + shift)


def _questions(surveys: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    """Each survey asks the questions of its kind."""
    asked = surveys.select("kind", survey_id="id").join(questions, on="kind", maintain_order="left_right")
    return asked.drop("kind").with_row_index("id", 1)


def _areas() -> pl.DataFrame:
    """Postal areas with people in them, and the share of Swedish speakers by municipality."""
    text = {"postal_code": pl.String, "municipality": pl.String, "region": pl.String}
    share = pl.read_csv(DATA / "synthetic" / "swedish_share.csv", schema_overrides={"municipality": pl.String})
    areas = pl.read_csv(DATA / "finland" / "postal_areas.csv", schema_overrides=text).join(share, on="municipality", how="left")
    kept = areas.filter(pl.col("population_2022") > 0).sort("postal_code")
    return kept.select("postal_code", "municipality", "region", weight="population_2022", swedish=pl.col("share").fill_null(0.004))


def _season(start: int, end: int) -> Reals:
    """More is bought in the pollen weeks of spring and in the season of wood smoke."""
    day = np.arange(start, end) % 365.2425 / 365.2425
    pollen, smoke = (np.exp(-(((day - peak + 0.5) % 1 - 0.5) ** 2) / (2 * width**2)) for peak, width in ((0.32, 0.05), (0.95, 0.08)))
    season = 0.75 + 0.9 * pollen + 0.6 * smoke
    mean: Reals = season / season.mean()
    return mean
