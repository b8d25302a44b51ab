"""When a report is late, and who says so."""

import datetime as dt
from dataclasses import replace

import pytest
from planning import entry

from genlib.schedule.outcome import DONE, Outcome
from genlib.schedule.plan import Delivery, Plan
from genlib.schedule.posting import put_down_late
from genlib.schedule.store import Store, Task
from genlib.schedule.times import find_due_slots

DUE = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
LATE = DUE + dt.timedelta(hours=12, seconds=1)
DELIVERY = Delivery("localhost", "reports@company.example", ("company.example",), "https://x/")


@pytest.fixture
def plan(tmp_path):
    one = entry(on_failure=("data@company.example",))
    return Plan((one,), {}, DELIVERY, tmp_path)


@pytest.fixture
def slots(plan):
    return find_due_slots(plan, LATE, "Europe/Helsinki")


@pytest.fixture
def store(sqlite_url, slots):
    made = Store(sqlite_url)
    (slot,) = slots
    made.add([Task(slot.key, "report", "customers", slot.due_at)])
    return made


def find_mails(store):
    return [row["key"] for row in store.read().values() if row["kind"] == "mail"]


def test_a_report_is_late_once_even_while_somebody_makes_it(plan, slots, store, sqlite_url):
    (slot,) = slots
    store.claim([slot.key], LATE)
    for one in (store, Store(sqlite_url)):
        put_down_late(plan, one, slots, LATE)
    assert find_mails(store) == [f"mail late {slot.key}"]


def test_a_report_is_not_late_before_its_time_nor_when_it_is_over(plan, slots, store):
    put_down_late(plan, store, slots, DUE + dt.timedelta(hours=12))
    (slot,) = slots
    store.finish(store.claim([slot.key], LATE), Outcome(DONE), LATE)
    put_down_late(plan, store, slots, LATE)
    assert find_mails(store) == []


def test_nobody_hears_of_it_where_nobody_is_named(plan, slots, store):
    put_down_late(replace(plan, delivery=None), store, slots, LATE)
    quiet = replace(plan, entries=(entry(),))
    put_down_late(quiet, store, find_due_slots(quiet, LATE, "Europe/Helsinki"), LATE)
    assert find_mails(store) == []
