"""The same metrics on Spark: what Polars counts, Spark counts, of the same release."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from genlib.disclosure.cells import Cells
from genlib.metrics import campaigns, customers, rows, satisfaction
from genlib.period import Period
from genlib.register.synthetic import Truth
from genlib.release import Release

OCTOBER = Period.parse("2026-10")


def purchases_by_channel(release: Release, period: Period) -> Cells:
    return campaigns.outcomes(release, period, "bought")


TABLES: dict[str, tuple[Callable[..., Cells], ...]] = {
    "customer_analysis": (customers.growth, customers.rfm),
    "satisfaction": (satisfaction.waves,),
    "campaign_history": (campaigns.uplift_by_campaign, purchases_by_channel),
}


@pytest.mark.spark
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("purpose", "make"), [(purpose, make) for purpose, made in TABLES.items() for make in made]
)
def test_spark_counts_the_same(
    purpose: str,
    make: Callable[..., Cells],
    planted: tuple[Callable[[str], Release], Truth],
    spark: Any,
) -> None:
    release = planted[0](purpose)
    assert_frame_equal(
        make(release, OCTOBER).frame,
        make(Release(release.path, release.manifest, spark), OCTOBER).frame,
    )


def test_days_are_counted_by_the_calendar() -> None:
    days = [
        date(1969, 12, 31),
        date(1970, 1, 1),
        date(2000, 2, 29),
        date(2100, 3, 1),
        date(2026, 10, 31),
    ]
    found = rows.collect(rows.lazy(pl.DataFrame({"day": days})).select(n=rows.day_number("day")))
    assert found["n"].to_list() == [day.toordinal() - date(1970, 1, 1).toordinal() for day in days]


def test_bands_take_their_lower_end() -> None:
    values = rows.lazy(pl.DataFrame({"n": [0, 1, 4, 5, 9]}))
    found = rows.collect(
        values.select(band=rows.banded(rows.nw.col("n"), {"5+": 5, "1-4": 1, "0": 0}))
    )
    assert found["band"].to_list() == ["0", "1-4", "1-4", "5+", "5+"]
