"""When a report is late, who says so, and what is told no more."""

import datetime as dt
from dataclasses import replace

import pytest
from planning import entry, settings_in

from genlib.schedule.chain import Chain
from genlib.schedule.outcome import DONE, FAILED, REFUSED, Outcome, put_off
from genlib.schedule.plan import Delivery, Plan
from genlib.schedule.posting import find_late, find_news, put_down_late
from genlib.schedule.status import count, describe
from genlib.schedule.store import LEASE, Store, Task
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
    made.add([Task(slot.key, "report", "customers", slot.due_at, awaited_since=slot.due_at)])
    return made


def find_mails(store):
    """The keys of those to send."""
    rows = store.read().values()
    return [row["key"] for row in rows if row["kind"] == "mail" and row["status"] != DONE]


def begin_round(plan, store, now):
    """As a scheduler does; its slots."""
    slots = find_due_slots(plan, now, "Europe/Helsinki")
    Chain(plan, settings_in(plan.folder), store, clock=lambda: now).put_down(slots)
    put_down_late(plan, store, slots, now)
    return slots


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


def test_an_entry_that_began_long_ago_is_new_and_not_late(plan, sqlite_url):
    old = replace(plan.entries[0], starts=dt.date(2026, 1, 15), languages=("fi", "sv", "en"))
    plan = replace(plan, entries=(old,))
    store = Store(sqlite_url)
    for now in (LATE, LATE + dt.timedelta(days=1)):
        slots = begin_round(plan, store, now)
        assert len(slots) == 10 * 3
        assert find_mails(store) == []
        assert count(describe(store.read(), slots, now))["late"] == 0
    last = dt.datetime(2026, 12, 1, 16, 1, tzinfo=dt.UTC)
    slots = begin_round(plan, store, last)
    assert len(find_mails(store)) == 3  # November's, which were waited for
    assert count(describe(store.read(), slots, last))["late"] == 3


def test_what_a_gap_made_late_is_late(plan, sqlite_url):
    store = Store(sqlite_url)
    (october,) = begin_round(plan, store, DUE)
    store.finish(store.claim([october.key], DUE), Outcome(DONE), DUE)
    _, november = begin_round(plan, store, DUE + dt.timedelta(days=40))
    assert find_mails(store) == [f"mail late {november.key}"]


def test_what_was_opened_again_is_late_only_when_it_waited_anew(plan, slots, store):
    (slot,) = slots
    store.finish(store.claim([slot.key], DUE), Outcome(REFUSED), DUE)
    opened = DUE + dt.timedelta(days=21)
    assert store.reopen(store.read()[slot.key], opened)
    put_down_late(plan, store, slots, opened)
    store.claim([slot.key], opened)
    put_down_late(plan, store, slots, opened)  # another, while it is tried
    assert find_mails(store) == []
    claim = store.claim([slot.key], opened + LEASE * 2)
    full_disk = Outcome(FAILED, "stopped with OSError", may_pass=True)
    minute = opened + dt.timedelta(minutes=1)
    store.finish(claim, put_off(full_disk, claim.attempts, minute), minute)
    put_down_late(plan, store, slots, minute)  # it is tried again in some minutes
    assert find_mails(store) == []
    put_down_late(plan, store, slots, opened + dt.timedelta(hours=12, seconds=1))
    assert find_mails(store) == [f"mail late {slot.key}"]


def test_no_mail_goes_to_nobody(plan, slots, store):
    put_down_late(plan, store, slots, LATE)
    assert len(find_late(store, slots)) == 1
    quiet = find_due_slots(replace(plan, entries=(entry(),)), LATE, "Europe/Helsinki")
    assert find_late(store, quiet) == {}


def test_what_was_made_long_ago_is_no_news_for_whoever_is_named_later(slots, store):
    (slot,) = slots
    store.finish(store.claim([slot.key], DUE), Outcome(DONE), DUE)
    end = DUE + dt.timedelta(days=14)
    named = [replace(slot, entry=replace(slot.entry, recipients={"fi": ("a@company.example",)}))]
    (key,) = find_news(store, named, end)
    assert find_news(store, named, end + dt.timedelta(seconds=1)) == {}
    store.add([Task(key, "mail", "customers", end)])  # it was put down, and is yet to be sent
    assert list(find_news(store, named, end + dt.timedelta(days=30))) == [key]


def test_what_is_made_again_after_its_mail_is_news_once(slots, store):
    (slot,) = slots
    named = [replace(slot, entry=replace(slot.entry, recipients={"fi": ("a@company.example",)}))]
    times = [DUE + dt.timedelta(hours=number) for number in range(4)]
    store.finish(store.claim([slot.key], times[0]), Outcome(DONE, run="1"), times[0])
    (first,) = find_news(store, named, times[1])
    store.add([Task(first, "mail", "customers", times[1])])
    store.finish(store.claim([first], times[1]), Outcome(DONE), times[1])
    assert list(find_news(store, named, times[1])) == [first]
    store.reopen(store.read()[slot.key], times[2])
    store.finish(store.claim([slot.key], times[2]), Outcome(DONE, run="2"), times[2])
    (second,) = find_news(store, named, times[2])
    assert second != first
    store.add([Task(second, "mail", "customers", times[2])])
    store.finish(store.claim([second], times[2]), Outcome(DONE), times[2])
    assert list(find_news(store, named, times[3])) == [second]
