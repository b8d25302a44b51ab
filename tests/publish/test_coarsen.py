"""What a column looks like in a release."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from genlib.errors import UsageError
from genlib.notice import COARSENINGS
from genlib.publish.coarsen import Area, age_band, coarse, load_area, released

AREA = Area(
    municipality={"00100": "091", "90820": "564"}, region={"00100": "01", "90820": "17"}, year=2026
)
POSTAL_AREAS = Path(__file__).parents[2] / "data" / "finland" / "postal_areas.csv"


def one(column: str, coarsening: str, **frame: object) -> object:
    return pl.DataFrame(frame).select(coarse(released("customer", column, coarsening), AREA)).item()


AGES = [17, 18, 24, 25, 34, 35, 44, 45, 64, 65, 74, 75, 120, 121, -3, None]
BANDS = [
    "unknown",
    "18-24",
    "18-24",
    "25-34",
    "25-34",
    "35-44",
    "35-44",
    "45-54",
    "55-64",
    "65-74",
    "65-74",
    "75-",
    "75-",
    *["unknown"] * 3,
]


@pytest.mark.parametrize(("age", "band"), list(zip(AGES, BANDS, strict=True)))
def test_age_bands(age: int | None, band: str) -> None:
    birth_year = pl.DataFrame(
        {"birth_year": [None if age is None else 2026 - age]}, schema={"birth_year": pl.Int64}
    )
    assert birth_year.select(age_band(pl.col("birth_year"), 2026)).item() == band


@pytest.mark.parametrize(
    ("postal_code", "hidden", "place"),
    [
        ("00100", False, "091"),
        ("00100", True, "unknown"),
        ("99999", False, "unknown"),
        (None, False, "unknown"),
    ],
)
def test_municipality(postal_code: str | None, hidden: bool, place: str) -> None:
    """An unknown postal code has no area, and neither have people with a non-disclosure order."""
    frame = {"postal_code": pl.Series([postal_code], dtype=pl.String), "non_disclosure": [hidden]}
    assert one("postal_code", "municipality", **frame) == place


def test_region_of_a_postal_code() -> None:
    assert one("postal_code", "region", postal_code=["90820"], non_disclosure=[False]) == "17"


def test_instants_become_dates_and_days_months() -> None:
    at = dt.datetime(2026, 10, 17, 21, 30, tzinfo=dt.UTC)
    assert one("occurred_at", "date", occurred_at=[at]) == dt.date(2026, 10, 17)
    assert one("joined_on", "month", joined_on=[dt.date(2026, 10, 17)]) == dt.date(2026, 10, 1)


def test_a_comment_is_never_read() -> None:
    column = released("feedback", "comment", "redacted")
    assert (column.name, column.reads) == ("comment", ["comment_redacted"])


@pytest.mark.parametrize(
    ("table", "column", "coarsening", "name"),
    [
        ("survey_question", "id", "number", "question"),
        ("survey_answer", "invitation_id", "number", "invitation"),
        ("survey_invitation", "responded_at", "date", "responded_on"),
        ("customer", "left_on", "apart_month", "left_month"),
        ("customer", "id", "pseudonym", "pseudonym"),
        ("invoice", "issued_on", "keep", "issued_on"),
    ],
)
def test_names_in_a_release(table: str, column: str, coarsening: str, name: str) -> None:
    assert released(table, column, coarsening).name == name


def test_every_coarsening_of_the_notice_is_known() -> None:
    made_by_the_writer = {"pseudonym", "drop"}
    kept_as_they_are = {"keep", "apart"}
    changed = set(COARSENINGS) - made_by_the_writer - kept_as_they_are
    assert all(
        str(coarse(released("t", "c_at", name), AREA))
        != str(pl.col("c_at").alias(released("t", "c_at", name).name))
        for name in changed
    )


def test_the_postal_areas_of_statistics_finland() -> None:
    area = load_area(POSTAL_AREAS, dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    assert (area.municipality["00100"], area.region["00100"], area.year, len(area.region)) == (
        "091",
        "01",
        2026,
        3026,
    )


def test_without_postal_areas_nothing_is_published(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="set GENLIB_DATA"):
        load_area(tmp_path / "none.csv", dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
