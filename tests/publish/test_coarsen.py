"""What a column looks like in a release."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.errors import UsageError
from genlib.notice import COARSENINGS
from genlib.publish.coarsen import Area, age_band, coarse, load_area, released
from genlib.register.bulk import UTC_INSTANT

AREA = Area(
    municipality={"00100": "091", "90820": "564"},
    region={"00100": "01", "90820": "17"},
    year=2026,
    time_zone="Europe/Helsinki",
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
    ("postal_code", "country", "hidden", "place"),
    [
        ("00100", None, False, "091"),
        ("00100", "FI", False, "091"),
        ("00100", "EE", False, "abroad"),
        ("SW1A 9ZZ", "GB", False, "abroad"),
        ("00100", "EE", True, "unknown"),
        ("00100", None, True, "unknown"),
        ("99999", None, False, "unknown"),
        (None, None, False, "unknown"),
    ],
)
def test_municipality(
    postal_code: str | None, country: str | None, hidden: bool, place: str
) -> None:
    """An unknown postal code has no area, and neither have people with a non-disclosure order; a
    code abroad is in no Finnish area, whatever it looks like."""
    codes = {"postal_code": postal_code, "country": country}
    frame = {name: pl.Series([code], dtype=pl.String) for name, code in codes.items()}
    assert one("postal_code", "municipality", **frame, non_disclosure=[hidden]) == place


def test_region_of_a_postal_code() -> None:
    frame = {"postal_code": ["90820"], "country": ["FI"], "non_disclosure": [False]}
    assert one("postal_code", "region", **frame) == "17"


def day(at: dt.datetime, coarsening: str = "date", time_zone: str = AREA.time_zone) -> dt.date:
    """The day, or month, of an instant in a release."""
    column = released("interaction", "occurred_at", coarsening, is_instant=True)
    frame = pl.DataFrame({"occurred_at": [at]}, schema={"occurred_at": UTC_INSTANT})
    found: dt.date = frame.select(coarse(column, replace(AREA, time_zone=time_zone))).item()
    return found


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        # the first minutes of a month
        ("2026-09-30T20:59:59Z", "2026-09-30"),
        ("2026-09-30T21:00:00Z", "2026-10-01"),
        ("2026-09-30T21:05:00Z", "2026-10-01"),
        # the night on which clocks go forward: winter time before, summer time after
        ("2026-03-28T21:59:59Z", "2026-03-28"),
        ("2026-03-28T22:00:00Z", "2026-03-29"),
        ("2026-03-29T20:59:59Z", "2026-03-29"),
        ("2026-03-29T21:00:00Z", "2026-03-30"),
        # the night on which they go back: the other way round
        ("2026-10-24T20:59:59Z", "2026-10-24"),
        ("2026-10-24T21:00:00Z", "2026-10-25"),
        ("2026-10-25T21:59:59Z", "2026-10-25"),
        ("2026-10-25T22:00:00Z", "2026-10-26"),
        # New Year
        ("2026-12-31T21:59:59Z", "2026-12-31"),
        ("2026-12-31T22:00:00Z", "2027-01-01"),
    ],
)
def test_an_instant_is_of_the_day_that_it_was_at_the_company(instant: str, expected: str) -> None:
    assert day(dt.datetime.fromisoformat(instant)) == dt.date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("instant", "expected"), [("2026-10-01T03:59:59Z", 9), ("2026-10-01T04:00:00Z", 10)]
)
def test_a_month_begins_at_midnight_in_the_time_zone_of_the_company(
    instant: str, expected: int
) -> None:
    at = dt.datetime.fromisoformat(instant)
    assert day(at, "month", "America/New_York") == dt.date(2026, expected, 1)


@given(
    at=st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2037, 12, 31), timezones=st.just(dt.UTC)),
    time_zone=st.sampled_from(["Europe/Helsinki", "America/St_Johns", "Pacific/Auckland", "UTC"]),
)
def test_days_and_months_are_those_of_the_calendar_there(at: dt.datetime, time_zone: str) -> None:
    there = at.astimezone(ZoneInfo(time_zone)).date()
    assert day(at, "date", time_zone) == there
    assert day(at, "month", time_zone) == there.replace(day=1)


def test_days_become_months_whatever_the_time_zone() -> None:
    assert one("joined_on", "month", joined_on=[dt.date(2026, 10, 17)]) == dt.date(2026, 10, 1)
    assert one("joined_on", "month", joined_on=[dt.date(2026, 10, 1)]) == dt.date(2026, 10, 1)


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
        ("customer", "company_id", "keyed", "company"),
        ("invoice", "issued_on", "keep", "issued_on"),
    ],
)
def test_names_in_a_release(table: str, column: str, coarsening: str, name: str) -> None:
    assert released(table, column, coarsening).name == name


def test_every_coarsening_of_the_notice_is_known() -> None:
    made_by_the_writer = {"pseudonym", "keyed", "drop"}
    kept_as_they_are = {"keep", "apart"}
    changed = set(COARSENINGS) - made_by_the_writer - kept_as_they_are
    columns = [released("t", "c_at", name, is_instant=True) for name in changed]
    untouched = {str(pl.col("c_at").alias(column.name)) for column in columns}
    assert untouched.isdisjoint(str(coarse(column, AREA)) for column in columns)


def test_the_postal_areas_of_statistics_finland() -> None:
    area = load_area(POSTAL_AREAS, dt.datetime(2026, 11, 1, tzinfo=dt.UTC), "Europe/Helsinki")
    assert (area.municipality["00100"], area.region["00100"], area.year, len(area.region)) == (
        "091",
        "01",
        2026,
        3026,
    )


def test_without_postal_areas_nothing_is_published(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="set GENLIB_DATA"):
        load_area(tmp_path / "none.csv", dt.datetime(2026, 11, 1, tzinfo=dt.UTC), "UTC")


@pytest.mark.parametrize(
    ("time_zone", "year"), [("Europe/Helsinki", 2027), ("UTC", 2026), ("America/New_York", 2026)]
)
def test_ages_are_those_of_the_year_that_it_is_at_the_company(time_zone: str, year: int) -> None:
    new_year = dt.datetime(2026, 12, 31, 22, 0, tzinfo=dt.UTC)
    assert load_area(POSTAL_AREAS, new_year, time_zone).year == year
