"""When slots are due."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning import STARTS, entry

from genlib.schedule.times import find_dues, find_next, find_slots_of, move_to_working_day

HELSINKI = ZoneInfo("Europe/Helsinki")
NEW_YEAR = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


def due(entry, until=NEW_YEAR):
    return [
        (f"{at:%Y-%m-%dT%H:%M}", f"{period}") for at, period in find_dues(entry, until, HELSINKI)
    ]


def test_a_month_is_due_when_it_is_over_on_a_working_day_in_company_time():
    assert due(entry()) == [("2026-11-02T04:00", "2026-10"), ("2026-12-01T04:00", "2026-11")]


def test_what_may_come_on_any_day_comes_on_its_day():
    assert due(entry(working_days=False))[0] == ("2026-11-01T04:00", "2026-10")


def test_a_slot_is_due_at_its_very_instant_and_not_a_second_before():
    at = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
    assert len(due(entry(), at)) == 1
    assert due(entry(), at - dt.timedelta(seconds=1)) == []


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        (dt.date(2026, 4, 3), dt.date(2026, 4, 7)),  # Good Friday to the Tuesday after Easter
        (dt.date(2026, 6, 19), dt.date(2026, 6, 22)),  # Midsummer Eve
        (dt.date(2027, 1, 1), dt.date(2027, 1, 4)),
        (dt.date(2026, 12, 1), dt.date(2026, 12, 1)),
    ],
)
def test_a_finnish_holiday_moves_a_day_on(day, moved):
    assert move_to_working_day(day) == moved


def test_quarters_and_years_are_due_after_their_end():
    until = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)
    assert due(entry(every="quarter", day=3), until) == [("2027-01-04T04:00", "2026-Q4")]
    assert due(entry(every="year"), until) == [("2027-01-04T04:00", "2026")]


def test_a_cron_line_makes_a_period_once_however_often_it_comes():
    weekly = entry(every="", cron="30 7 * * MON", unit="month")
    assert due(weekly) == [
        ("2026-10-19T04:30", "2026-09"),
        ("2026-11-02T05:30", "2026-10"),
        ("2026-12-07T05:30", "2026-11"),
    ]


def test_the_next_time_is_after_now():
    at, period = find_next(entry(), dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC), HELSINKI)
    assert (at, str(period)) == (dt.datetime(2026, 12, 1, 4, tzinfo=dt.UTC), "2026-11")


def test_the_whole_comes_before_its_parts_and_each_in_every_language():
    parts = entry(languages=("fi", "sv"), each={"region": ("01", "06")})
    until = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)
    slots = find_slots_of(parts, until, HELSINKI)
    assert [(slot.parameters.get("region"), slot.language) for slot in slots] == [
        (None, "fi"),
        (None, "sv"),
        ("01", "fi"),
        ("01", "sv"),
        ("06", "fi"),
        ("06", "sv"),
    ]
    assert [slot.after for slot in slots[:2]] == ["", ""]
    assert {slot.after for slot in slots[2:]} == {slots[0].key, slots[1].key}


def test_of_missed_periods_the_newest_are_caught_up():
    slots = find_slots_of(entry(catch_up=1), NEW_YEAR, HELSINKI)
    assert [(str(slot.period), slot.is_missed) for slot in slots] == [
        ("2026-10", True),
        ("2026-11", False),
    ]


@given(st.datetimes(dt.datetime(2026, 10, 1), dt.datetime(2029, 1, 1)), st.integers(1, 28))
def test_no_period_is_due_before_it_is_over_nor_twice(now, day):
    found = find_dues(entry(day=day), now.replace(tzinfo=dt.UTC), HELSINKI)
    assert all(at.astimezone(HELSINKI).date() >= period.end for at, period in found)
    assert all(at.astimezone(HELSINKI).date() >= STARTS for at, _ in found)
    periods = [period for _, period in found]
    assert periods == sorted(set(periods))
