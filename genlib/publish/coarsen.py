"""Coarsening: how a column of the register looks in a release, as the notice grants it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from genlib.errors import UsageError

UNKNOWN = "unknown"
BANDS = {
    "18-24": range(18, 25),
    **{f"{age}-{age + 9}": range(age, age + 10) for age in range(25, 75, 10)},
    "75-": range(75, 121),
}


@dataclass(frozen=True)
class Area:
    """What is needed to coarsen: the postal areas of Statistics Finland, and the year in which
    people's ages are told."""

    municipality: Mapping[str, str]
    region: Mapping[str, str]
    year: int


@dataclass(frozen=True)
class Released:
    """A column of a release: its name there, the column of the register that it comes from, and how
    it was coarsened."""

    name: str
    source: str
    coarsening: str

    @property
    def reads(self) -> list[str]:
        """The columns of the register that are read; a comment itself never is."""
        if self.coarsening == "redacted":
            return [f"{self.source}_redacted"]
        return (
            [self.source, "non_disclosure"]
            if self.coarsening in {"region", "municipality"}
            else [self.source]
        )


def load_area(postal_areas: Path, now: dt.datetime) -> Area:
    """The postal areas of a CSV with columns postal_code, municipality, region; UsageError if it is
    not there."""
    if not postal_areas.is_file():
        raise UsageError(
            f"no postal areas at {postal_areas}; set GENLIB_DATA to the folder that holds "
            "finland/postal_areas.csv"
        )
    areas = pl.read_csv(
        postal_areas, columns=["postal_code", "municipality", "region"], infer_schema=False
    )
    to = {
        name: dict(zip(areas["postal_code"], areas[name], strict=True))
        for name in ("municipality", "region")
    }
    return Area(to["municipality"], to["region"], now.year)


def released(table: str, column: str, coarsening: str) -> Released:
    """How the column is called in a release: `issued_at` as a date is `issued_on`, a key is called
    after what it is the key of."""
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
    """The expression of a released column. Keys and pseudonyms are made by the writer, which holds
    their maps."""
    source = pl.col(column.source)
    match column.coarsening:
        case "age_band":
            source = age_band(source, area.year)
        case "region":
            source = _place(source, area.region)
        case "municipality":
            source = _place(source, area.municipality)
        case "date":
            source = source.dt.date()
        case "month" | "apart_month":
            source = source.dt.truncate("1mo").cast(pl.Date)
        case "redacted":
            source = pl.col(f"{column.source}_redacted")
        case "number":
            source = source.cast(pl.UInt32)
    return source.alias(column.name)


def age_band(birth_year: pl.Expr, year: int) -> pl.Expr:
    """The band of the age reached in `year`; a missing or impossible birth year, and a minor's, is
    `unknown`."""
    bands = {year - age: label for label, ages in BANDS.items() for age in ages}
    return birth_year.replace_strict(bands, default=UNKNOWN, return_dtype=pl.String)


def _place(postal_code: pl.Expr, places: Mapping[str, str]) -> pl.Expr:
    """`unknown` for a postal code that is no area, and for people with a non-disclosure order
    (turvakielto)."""
    known = postal_code.replace_strict(places, default=UNKNOWN, return_dtype=pl.String)
    return pl.when(pl.col("non_disclosure")).then(pl.lit(UNKNOWN)).otherwise(known)
