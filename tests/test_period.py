"""Periods as people write them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.errors import PeriodNotCovered, UsageError
from genlib.period import Period, name_period

texts = st.one_of(
    st.builds("{:04}-{:02}".format, st.integers(1990, 2100), st.integers(1, 12)),
    st.builds("{:04}-Q{}".format, st.integers(1990, 2100), st.integers(1, 4)),
    st.builds("{:04}".format, st.integers(1990, 2100)),
)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 11, 1)),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
        ("2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
        ("2026", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_period_ends_before_its_end(text: str, start: date, end: date) -> None:
    period = Period.parse(text)
    assert (start, end, text) == (period.start, period.end, period.label)


@pytest.mark.parametrize(
    "text",
    ["2026-13", "2026-00", "2026-Q5", "26-10", "2026-1", "October", "", "2026-10-01", "２０２６"],
)
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="a period is a month"):
        Period.parse(text)


@given(texts)
def test_the_previous_period_ends_where_this_one_starts(text: str) -> None:
    period = Period.parse(text)
    assert (period.start, period.length) == (period.previous().end, period.previous().length)


@given(texts)
def test_a_year_ago_is_the_same_part_of_the_year(text: str) -> None:
    period = Period.parse(text)
    assert (
        period.label.replace(str(period.start.year), str(period.start.year - 1))
        == period.year_ago().label
    )


@given(texts, st.integers(1, 30))
def test_the_last_months_follow_each_other_to_the_end(text: str, n: int) -> None:
    period = Period.parse(text)
    months = period.months(n)
    assert (n, period.end) == (len(months), months[-1].end)
    assert [m.end for m in months[:-1]] == [m.start for m in months[1:]]


DAYS = st.integers(1, 366)


@pytest.mark.parametrize(
    ("text", "end", "previous_end", "year_ago_end"),
    [
        ("2026-10", date(2026, 10, 14), date(2026, 9, 14), date(2025, 10, 14)),
        ("2026-10", date(2026, 10, 31), date(2026, 10, 1), date(2025, 10, 31)),
        ("2026-03", date(2026, 3, 31), date(2026, 3, 1), date(2025, 3, 31)),
        ("2026-Q4", date(2026, 11, 14), date(2026, 8, 14), date(2025, 11, 14)),
        ("2026-Q2", date(2026, 5, 31), date(2026, 3, 1), date(2025, 5, 31)),
        ("2026", date(2026, 11, 14), date(2025, 11, 14), date(2025, 11, 14)),
        ("2028", date(2028, 2, 29), date(2027, 3, 1), date(2027, 3, 1)),
    ],
)
def test_an_unfinished_period_is_held_against_the_same_span(
    text: str, end: date, previous_end: date, year_ago_end: date
) -> None:
    period = Period.parse(text).so_far(end)
    assert (period.end, period.label, period.is_over) == (end, text, False)
    assert period.previous().end == previous_end
    assert period.year_ago().end == year_ago_end


@given(texts, DAYS)
def test_the_span_before_lies_within_its_period(text: str, days: int) -> None:
    whole = Period.parse(text)
    period = whole.so_far(whole.start + timedelta(days=days))
    for other in (period.previous(), period.year_ago()):
        assert other.start < other.end <= other.whole.end
        assert (other.length, other.unit) == (period.length, period.unit)


@given(texts, DAYS)
def test_so_far_ends_no_later_than_the_period(text: str, days: int) -> None:
    whole = Period.parse(text)
    period = whole.so_far(whole.start + timedelta(days=days))
    assert (period.whole, period.start, period.label) == (whole, whole.start, whole.label)
    assert period.is_over == (whole.start + timedelta(days=days) >= whole.end)
    assert period.last_day == period.end - timedelta(days=1)


def test_a_period_of_which_no_day_is_over_is_refused() -> None:
    with pytest.raises(PeriodNotCovered, match="of 2026-10 no day is over yet"):
        Period.parse("2026-10").so_far(date(2026, 10, 1))


def test_the_last_month_of_an_unfinished_quarter_is_unfinished() -> None:
    months = Period.parse("2026-Q4").so_far(date(2026, 11, 14)).months(2)
    assert [(month.label, month.end) for month in months] == [
        ("2026-10", date(2026, 11, 1)),
        ("2026-11", date(2026, 11, 14)),
    ]


def test_steps_have_the_same_span_each() -> None:
    found = Period.parse("2026").so_far(date(2026, 3, 14)).steps(36)
    assert [step.end for step in found] == [date(year, 3, 14) for year in (2024, 2025, 2026)]


@pytest.mark.parametrize(
    ("end", "months", "begins"),
    [
        (date(2026, 11, 1), 24, date(2024, 11, 1)),
        (date(2026, 10, 14), 24, date(2024, 10, 14)),
        (date(2026, 10, 31), 1, date(2026, 10, 1)),
    ],
)
def test_a_window_is_as_many_months_back_from_the_end(end: date, months: int, begins: date) -> None:
    assert Period.parse("2026-10").so_far(end).back(months) == begins


@pytest.mark.parametrize(
    ("unit", "label"), [("month", "2026-11"), ("quarter", "2026-Q4"), ("year", "2026")]
)
def test_the_period_around_a_day(unit: str, label: str) -> None:
    assert Period.around(date(2026, 11, 14), unit).label == label


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("last", "2026-12"),
        ("last-month", "2026-12"),
        ("last-quarter", "2026-Q4"),
        ("last-year", "2026"),
        ("2025-03", "2025-03"),
        ("October", "October"),
    ],
)
def test_a_word_for_what_was_over_last_names_it(word, name):
    assert name_period(word, date(2027, 1, 1)) == name


@pytest.mark.parametrize("day", [date(2026, 3, 31), date(2026, 1, 1), date(2026, 2, 28)])
def test_what_runs_is_not_over_on_its_last_day(day):
    for word in ("last-month", "last-quarter", "last-year"):
        assert Period.parse(name_period(word, day)).end <= day
