"""Coarsening: how a column of the register looks in a release, as the notice grants it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from genlib.errors import NoticeError, UsageError
from genlib.register.addresses import FINNISH

UNKNOWN = "unknown"
ABROAD = "abroad"
BANDS = {
    "18-24": range(18, 25),
    **{f"{age}-{age + 9}": range(age, age + 10) for age in range(25, 75, 10)},
    "75-": range(75, 121),
}


@dataclass(frozen=True)
class Area:
    """What is needed to coarsen: the postal areas of Statistics Finland, the year in which people's
    ages are told, and the time zone that decides on which day an instant was."""

    municipality: Mapping[str, str]
    region: Mapping[str, str]
    year: int
    time_zone: str


@dataclass(frozen=True)
class Released:
    """A column of a release: its name there, the column of the register that it comes from, how it
    was coarsened, and whether the register has instants there (else days, or neither)."""

    name: str
    source: str
    coarsening: str
    is_instant: bool = False

    @property
    def reads(self) -> list[str]:
        """The columns of the register that are read; a comment itself never is."""
        if self.coarsening == "redacted":
            return [f"{self.source}_redacted"]
        return (
            [self.source, "non_disclosure", "country"]
            if self.coarsening in {"region", "municipality"}
            else [self.source]
        )


def load_area(postal_areas: Path, now: dt.datetime, time_zone: str) -> Area:
    """The postal areas of a CSV with columns postal_code, municipality, region, and the year that
    it is `now` in the time zone; UsageError if there is no such file."""
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
    year = now.astimezone(ZoneInfo(time_zone)).year
    return Area(to["municipality"], to["region"], year, time_zone)


def released(table: str, column: str, coarsening: str, *, is_instant: bool = False) -> Released:
    """How the column is called in a release: `issued_at` as a date is `issued_on`, a key is called
    after what it is the key of."""
    name = column
    if coarsening in {"pseudonym", "age_band", "region", "municipality"}:
        name = coarsening
    elif coarsening in {"number", "keyed"}:
        name = table.rsplit("_", 1)[-1] if column == "id" else column.removesuffix("_id")
    elif coarsening == "date":
        name = re.sub("_at$", "_on", column)
    elif coarsening in {"month", "apart_month"}:
        name = re.sub("_(on|at)$", "_month", column)
    return Released(name, column, coarsening, is_instant)


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
            source = _day(column, area.time_zone)
        case "month" | "apart_month":
            source = _day(column, area.time_zone).dt.month_start()
        case "redacted":
            source = pl.col(f"{column.source}_redacted")
        case "number":
            source = source.cast(pl.UInt32)
        case "keep" | "apart":
            pass
        case _:
            raise NoticeError(f"{column.source}: coarsening {column.coarsening} releases nothing")
    return source.alias(column.name)


def _day(column: Released, time_zone: str) -> pl.Expr:
    """The day of a column: of an instant the one that it was in the time zone."""
    source = pl.col(column.source)
    return source.dt.convert_time_zone(time_zone).dt.date() if column.is_instant else source


def age_band(birth_year: pl.Expr, year: int) -> pl.Expr:
    """The band of the age reached in `year`; a missing or impossible birth year, and a minor's, is
    `unknown`."""
    bands = {year - age: label for label, ages in BANDS.items() for age in ages}
    return birth_year.replace_strict(bands, default=UNKNOWN, return_dtype=pl.String)


def _place(postal_code: pl.Expr, places: Mapping[str, str]) -> pl.Expr:
    """`abroad` for an address abroad, whatever its postal code looks like; `unknown` for a postal
    code that is no area, and for people with a non-disclosure order (turvakielto)."""
    area = postal_code.replace_strict(places, default=UNKNOWN, return_dtype=pl.String)
    is_abroad = pl.col("country").is_not_null() & ~pl.col("country").is_in(FINNISH)
    return (
        pl.when(pl.col("non_disclosure"))
        .then(pl.lit(UNKNOWN))
        .when(is_abroad)
        .then(pl.lit(ABROAD))
        .otherwise(area)
    )
