"""Coarsening: how a column of the register looks in a release, as the notice grants it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from genlib.errors import UsageError

UNKNOWN = "unknown"
YOUNGEST, OLDEST, EVERY = 18, 75, 10  # 18-24, 25-34, …, 65-74, 75-


@dataclass(frozen=True)
class Area:
    """What is needed to coarsen: the postal areas of Statistics Finland, and the year in which people's ages are told."""

    municipality: Mapping[str, str]
    region: Mapping[str, str]
    year: int


@dataclass(frozen=True)
class Released:
    """A column of a release: its name there, the column of the register that it comes from, and how it was coarsened."""

    name: str
    source: str
    coarsening: str

    @property
    def reads(self) -> list[str]:
        """The columns of the register that are read; a comment itself never is."""
        if self.coarsening == "redacted":
            return [f"{self.source}_redacted"]
        return [self.source, "non_disclosure"] if self.coarsening in {"region", "municipality"} else [self.source]


def load_area(postal_areas: Path, now: dt.datetime) -> Area:
    """The postal areas of a CSV with columns postal_code, municipality, region; UsageError if it is not there."""
    if not postal_areas.is_file():
        raise UsageError(f"no postal areas at {postal_areas}; set GENLIB_DATA to the folder that holds finland/postal_areas.csv")
    areas = pl.read_csv(postal_areas, columns=["postal_code", "municipality", "region"], infer_schema=False)
    to = {name: dict(zip(areas["postal_code"], areas[name], strict=True)) for name in ("municipality", "region")}
    return Area(to["municipality"], to["region"], now.year)


def released(table: str, column: str, coarsening: str) -> Released:
    """How the column is called in a release: `issued_at` as a date is `issued_on`, a key is called after what it is the key of."""
    name = column
    if coarsening in {"pseudonym", "age_band", "region", "municipality"}:
        name = coarsening
    elif coarsening == "number":
        name = table.rsplit("_", 1)[-1] if column == "id" else column.removesuffix("_id")
    elif coarsening == "date":
        name = re.sub("_at$", "_on", column)
    elif coarsening in {"month", "apart_month"}:
        name = re.sub("_(on|at)$", "_month", column)
    return Released(name, column, coarsening)


def coarse(column: Released, area: Area) -> pl.Expr:
    """The expression of a released column. Keys and pseudonyms are made by the writer, which holds their maps."""
    source = pl.col(column.source)
    ways: dict[str, Callable[[], pl.Expr]] = {
        "age_band": lambda: age_band(source, area.year),
        "region": lambda: _place(source, area.region),
        "municipality": lambda: _place(source, area.municipality),
        "date": source.dt.date,
        "month": lambda: source.dt.truncate("1mo").cast(pl.Date),
        "apart_month": lambda: source.dt.truncate("1mo").cast(pl.Date),
        "redacted": lambda: pl.col(f"{column.source}_redacted"),
        "number": lambda: source.cast(pl.UInt32),
    }
    return ways.get(column.coarsening, lambda: source)().alias(column.name)


def age_band(birth_year: pl.Expr, year: int) -> pl.Expr:
    """Ten-year bands, the first from 18; a missing or impossible year, and a minor's, is `unknown`."""
    bands = {year - age: _band(age) for age in range(YOUNGEST, 121)}
    return birth_year.replace_strict(bands, default=UNKNOWN, return_dtype=pl.String)


def _band(age: int) -> str:
    if age >= OLDEST:
        return f"{OLDEST}-"
    lower = max(YOUNGEST, (age - 5) // EVERY * EVERY + 5)
    return f"{lower}-{(age - 5) // EVERY * EVERY + 14}"


def _place(postal_code: pl.Expr, places: Mapping[str, str]) -> pl.Expr:
    """`unknown` for a postal code that is no area, and for people with a non-disclosure order (turvakielto)."""
    known = postal_code.replace_strict(places, default=UNKNOWN, return_dtype=pl.String)
    return pl.when(pl.col("non_disclosure")).then(pl.lit(UNKNOWN)).otherwise(known)
