"""Periods as people write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.errors import UsageError
from genlib.period import Period

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
