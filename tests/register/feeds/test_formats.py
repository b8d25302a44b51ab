"""What a source writes is read exactly, or not at all."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.errors import BadInput
from genlib.register.feeds.formats import (
    UNREADABLE,
    Format,
    read_cents,
    read_code,
    read_day,
    read_instant,
    read_truth,
)

FINNISH = Format(
    date="d.m.yyyy",
    instant="d.m.yyyy HH:MM",
    decimal=",",
    money="euros",
    true=("kyllä",),
    false=("ei",),
)


def read(reading, *texts: str | None, form: Format = FINNISH) -> list[str | None]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(reading(pl.col("text"), form).alias("text"))["text"].to_list()


def test_a_finnish_date_is_read() -> None:
    assert read(read_day, "1.10.2026", "01.10.2026", None) == ["2026-10-01", "2026-10-01", None]


@pytest.mark.parametrize("text", ["31.2.2026", "1.10.26", "2026-10-01", "1.10.2026 ", "10/1/2026"])
def test_another_date_is_unreadable(text: str) -> None:
    assert read(read_day, text) == [UNREADABLE]


def test_a_local_time_becomes_utc() -> None:
    assert read(read_instant, "1.10.2026 00:05", "1.12.2026 00:05") == [
        "2026-09-30T21:05:00Z",
        "2026-11-30T22:05:00Z",
    ]


@pytest.mark.parametrize("text", ["25.10.2026 03:30", "29.3.2026 03:30"])
def test_an_hour_that_comes_twice_or_never_is_unreadable(text: str) -> None:
    assert read(read_instant, text) == [UNREADABLE]


def test_amounts_are_read_to_the_cent() -> None:
    texts = ("25", "25,00", "1 234,50 €", "1\u00a0234,50", "-9,90", "\u22129,90", "0,05")
    expected = ["2500", "2500", "123450", "123450", "-990", "-990", "5"]
    assert read(read_cents, *texts) == expected


@pytest.mark.parametrize(
    "text", ["25.00", "25,0", "25,000", "1 23,00", "12 34", "25,00 $", "", "€"]
)
def test_another_amount_is_unreadable(text: str) -> None:
    assert read(read_cents, text) == [UNREADABLE]


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_every_amount_comes_back(cents: int) -> None:
    euros, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    grouped = f"{euros:,}".replace(",", "\u00a0")
    assert read(read_cents, f"{sign}{grouped},{rest:02} €") == [str(cents)]


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2999, 12, 31)))
def test_every_day_comes_back(day: dt.date) -> None:
    assert read(read_day, f"{day.day}.{day.month}.{day.year:04}") == [day.isoformat()]


def test_cents_have_no_fraction() -> None:
    form = Format(money="cents")
    assert read(read_cents, "2500", "25.00", form=form) == ["2500", UNREADABLE]


def test_truths_are_words_of_the_feed() -> None:
    assert read(read_truth, "Kyllä", "EI", "joo", None) == ["true", "false", UNREADABLE, None]


def test_a_code_that_the_feed_does_not_name_is_unreadable() -> None:
    frame = pl.DataFrame({"text": ["suomi", "ruotsi", "fi", None]})
    codes = {"suomi": "fi", "ruotsi": "sv"}
    found = frame.select(read_code(pl.col("text"), codes))["text"].to_list()
    assert found == ["fi", "sv", UNREADABLE, None]


@pytest.mark.parametrize(
    ("given_form", "message"),
    [
        ({"decimal": ";"}, "decimal is"),
        ({"money": "dollars"}, "money is one of"),
        ({"date": "d.m."}, "date is a pattern such as"),
        ({"instant": "d.m.yyyy"}, "instant is a pattern such as"),
        ({"time_zone": "Helsinki/Europe"}, "time_zone is a name"),
        ({"true": ("x",), "false": ("x",)}, "true and false at once"),
    ],
)
def test_a_form_that_says_nothing_is_refused(given_form: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Format(**given_form)  # type: ignore[arg-type]
