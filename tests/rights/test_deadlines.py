"""A month from receipt, as Regulation 1182/71 counts, with Finnish holidays."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.rights.deadlines import EXTENDED_MONTHS, find_deadline
from genlib.workdays import add_months

DAYS = [
    # received, a month on, the last day, three months on, the last day
    ("2026-01-31", "2026-02-28", "2026-03-02", "2026-04-30", "2026-04-30"),
    ("2026-03-05", "2026-04-05", "2026-04-07", "2026-06-05", "2026-06-05"),
    ("2026-05-19", "2026-06-19", "2026-06-22", "2026-08-19", "2026-08-19"),
    ("2026-08-31", "2026-09-30", "2026-09-30", "2026-11-30", "2026-11-30"),
    ("2026-11-24", "2026-12-24", "2026-12-28", "2027-02-24", "2027-02-24"),
    ("2026-12-06", "2027-01-06", "2027-01-07", "2027-03-06", "2027-03-08"),
    ("2027-01-30", "2027-02-28", "2027-03-01", "2027-04-30", "2027-04-30"),
    ("2028-01-31", "2028-02-29", "2028-02-29", "2028-04-30", "2028-05-02"),
]


@pytest.mark.parametrize("days", DAYS, ids=[one[0] for one in DAYS])
def test_the_reference_dates(days: tuple[str, ...]) -> None:
    received, target, due, extended_target, extended_due = map(dt.date.fromisoformat, days)
    deadline = find_deadline(received)
    extended = find_deadline(received, months=EXTENDED_MONTHS)
    assert (deadline.target_on, deadline.due_on) == (target, due)
    assert (extended.target_on, extended.due_on) == (extended_target, extended_due)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2090, 1, 1)), st.integers(0, 36))
def test_the_same_day_or_the_last_of_the_month(day: dt.date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    is_last = (later + dt.timedelta(days=1)).day == 1
    assert later.day == day.day or (later.day < day.day and is_last)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2090, 1, 1)))
def test_the_last_day_is_never_before_the_target_nor_on_a_weekend(day: dt.date) -> None:
    deadline = find_deadline(day)
    assert deadline.due_on >= deadline.target_on
    assert deadline.due_on.weekday() < 5
