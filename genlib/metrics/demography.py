"""Demography: where the active customers live and how old they are.

Of 1,000 active customers 400 live in Pirkanmaa: a share of 40 %, and 0.7 of a thousand
inhabitants."""

from __future__ import annotations

from functools import cache, partial
from typing import Unpack

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Figure, Tables
from genlib.disclosure.population import narrow_to
from genlib.disclosure.slices import OTHERS, SLICE
from genlib.metrics import intervals
from genlib.metrics.figures import Share, attach_columns, share_gap, with_gaps
from genlib.metrics.intervals import interval
from genlib.metrics.ladders import by_age_band, by_place, read_inhabitants
from genlib.metrics.names import metric
from genlib.metrics.population import Narrowed, active, count_lately, tabulated, with_slices
from genlib.metrics.rows import case
from genlib.period import Period

INHABITANTS = 100_000
"""Of so many inhabitants customers are told: of a thousand, 0.03 would be all that 300 customers
say."""


@metric()
def by_region(
    release: Tables, period: Period, *, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Active customers (billed in the last months) of each region, with their `share` and how many
    they are of 100,000 inhabitants (`per_100_000`, with Wilson's interval); of one region, by
    municipality."""
    region = narrowed.get("region", "all")
    place = "region" if region == "all" else "municipality"
    figures = (Share((place,)), partial(_rate_inhabitants, place=place, region=region))
    return _active(release, period, months, (by_place(place),), *figures, **narrowed)


@metric()
def by_age(
    release: Tables, period: Period, *, months: int = 24, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Active customers (billed in the last months) by age band and kind, with the band's `share` of
    its kind."""
    return _active(
        release,
        period,
        months,
        (by_age_band(), Dimension("kind")),
        Share(("age_band",)),
        **narrowed,
    )


def _active(
    release: Tables,
    period: Period,
    months: int,
    by: tuple[Dimension, ...],
    *figures: Figure,
    **narrowed: Unpack[Narrowed],
) -> Cells:
    customers = with_slices(release, active(release, period, months=months), narrow_to(narrowed))
    if "municipality" in by[0].columns:  # of regions that are not told, no towns are counted
        towns = case({OTHERS: nw.col(SLICE) == OTHERS}, nw.col("municipality"))
        customers = customers.with_columns(municipality=towns)
    population = count_lately("active", period, months, **narrowed)
    return tabulated(release, customers, by, population, *figures)


def _rate_inhabitants(frame: pl.DataFrame, *, place: str, region: str) -> pl.DataFrame:
    places = attach_columns(place, _inhabitants(place, region))(frame.select(place))
    people = frame["people"]
    inhabitants = places["n"]
    ends = intervals.wilson(people, inhabitants)
    figures = interval("per_100_000", people / inhabitants, ends)
    rated = frame.with_columns((INHABITANTS * value).alias(name) for name, value in figures.items())
    counts = (people, inhabitants)
    return with_gaps(rated, "per_100_000", place, counts, share_gap)


@cache
def _inhabitants(place: str, region: str) -> pl.DataFrame:
    """Of each place, and of all on the row null."""
    sizes = read_inhabitants(*dict.fromkeys([place, "region"]))
    there = sizes if region == "all" else sizes.filter(pl.col("region") == region)
    people = pl.col("inhabitants").sum().alias("n")
    each = there.group_by(place).agg(people)
    return pl.concat([each, there.select(people)], how="diagonal")
