"""When a report is late, who says so, and what is told no more."""

import datetime as dt
from dataclasses import replace

import pytest
from planning import entry, settings_in

from genlib.schedule.chain import Chain, drop_repeats
from genlib.schedule.outcome import DONE, FAILED, REFUSED, WAITING, Outcome, put_off
from genlib.schedule.plan import Delivery, Plan, find_slot_key
from genlib.schedule.posting import (
    _drop_stale,
    _take_up,
    find_late,
    find_news,
    put_down_late,
    put_off_mail,
)
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


def test_a_quarterly_entry_is_new_beside_a_monthly_one_of_the_same_report(plan, sqlite_url):
    store = Store(sqlite_url)
    monthly = replace(plan.entries[0], starts=dt.date(2026, 1, 15))
    begin_round(replace(plan, entries=(monthly,)), store, DUE)
    quarterly = replace(monthly, name="quarterly", every="quarter")
    both = replace(plan, entries=(monthly, quarterly))
    slots = begin_round(both, store, DUE + dt.timedelta(hours=1))
    assert [slot.period.unit for slot in slots].count("quarter") == 3
    assert find_mails(store) == []


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


def order_twice(plan):
    """Two entries of one report, for other people: board two days after customers."""
    people = {"fi": ("johto@company.example",)}
    board = {"fi": ("hallitus@company.example",)}
    entries = (
        entry(name="customers", recipients=people, on_failure=("a@company.example",)),
        entry(name="board", recipients=board, on_failure=("b@company.example",), day=4),
    )
    return replace(plan, entries=entries)


def read_news(plan, store, now):
    """Whom the news go to, by the key of the mail; as the scheduler puts them down and sends."""
    slots = find_due_slots(plan, now, "Europe/Helsinki")
    news = find_news(store, slots, now)
    store.add([Task(key, "mail", one[0].entry.name, now) for key, one in news.items()])
    return {key: to for key, (_, _, _, to) in news.items()}


def finish_all(store, keys, now):
    for key in keys:
        if claim := store.claim([key], now):
            store.finish(claim, Outcome(DONE), now)


def test_each_entry_of_one_report_tells_its_own_readers_once(plan, slots, store):
    plan = order_twice(plan)
    (slot,) = slots
    store.finish(store.claim([slot.key], DUE), Outcome(DONE, run="1"), DUE)
    first = read_news(plan, store, DUE)
    assert first == {f"mail made {slot.key}": ("johto@company.example",)}
    finish_all(store, first, DUE)
    later = DUE + dt.timedelta(days=3)
    both = first | {f"mail made for board: {slot.key}": ("hallitus@company.example",)}
    assert read_news(plan, store, later) == both
    finish_all(store, both, later)
    renamed = (replace(plan.entries[0], name="managers"), plan.entries[1])
    turned = replace(plan, entries=(plan.entries[1], plan.entries[0]))
    for changed in (replace(plan, entries=renamed), turned):
        assert read_news(changed, store, later) == both


def test_whoever_two_entries_name_is_told_once(plan, slots, store):
    customers, board = order_twice(plan).entries
    people = {"fi": ("hallitus@company.example", "johto@company.example")}
    (slot,) = slots
    store.finish(store.claim([slot.key], DUE), Outcome(DONE, run="1"), DUE)
    later = DUE + dt.timedelta(days=3)
    both = replace(plan, entries=(customers, replace(board, recipients=people)))
    assert list(read_news(both, store, later).values()) == [
        ("johto@company.example",),
        ("hallitus@company.example",),
    ]
    same = replace(plan, entries=(customers, replace(board, recipients=customers.recipients)))
    assert list(read_news(same, store, later)) == [f"mail made {slot.key}"]


def test_a_report_of_two_entries_is_made_once_and_late_for_both(plan, slots, store):
    plan = order_twice(plan)
    slots = find_due_slots(plan, LATE + dt.timedelta(days=3), "Europe/Helsinki")
    assert len(slots) == 2
    assert len(drop_repeats(slots)) == 1
    put_down_late(plan, store, slots, LATE + dt.timedelta(days=3))
    key = slots[0].key
    assert set(find_mails(store)) == {f"mail late {key}", f"mail late for board: {key}"}
    told = [to for _, _, _, to in find_late(store, slots).values()]
    assert told == [("a@company.example",), ("b@company.example",)]


def test_the_later_of_two_entries_is_told_however_long_before_it_was_made(plan, slots, store):
    plan = order_twice(plan)
    late_board = replace(plan.entries[1], day=25, starts=dt.date(2026, 11, 1))
    plan = replace(plan, entries=(plan.entries[0], late_board))
    (slot,) = slots
    store.finish(store.claim([slot.key], DUE), Outcome(DONE, run="1"), DUE)
    finish_all(store, read_news(plan, store, DUE), DUE)
    day = dt.datetime(2026, 11, 25, 5, tzinfo=dt.UTC)
    assert f"mail made for board: {slot.key}" in read_news(plan, store, day)


def test_a_mail_fails_after_five_tries_and_is_tried_each_hour_for_five_days(plan, store):
    away = Outcome(FAILED, "the mail server cannot be reached", may_pass=True)
    assert put_off_mail(away, 4, DUE).status == WAITING
    final = put_off_mail(away, 5, DUE)
    assert (final.status, final.not_before) == (FAILED, DUE + dt.timedelta(hours=1))
    assert put_off_mail(Outcome(FAILED), 5, DUE).not_before is None
    store.add([Task("mail made report x", "mail", "customers", DUE)])
    key = "mail made report x"
    for hour in range(1, 125):
        now = DUE + dt.timedelta(hours=hour)
        if claim := store.claim([key], now):
            store.finish(claim, put_off_mail(away, 5, now), now)
        _take_up(store, [key], now + dt.timedelta(hours=1))
    assert store.read()[key]["attempts"] == 120
    assert store.read()[key]["status"] == FAILED


def test_what_was_refused_for_good_is_not_taken_up(store):
    key = "mail made report x"
    store.add([Task(key, "mail", "customers", DUE)])
    store.finish(store.claim([key], DUE), Outcome(FAILED, "the mail server said no"), DUE)
    _take_up(store, [key], DUE + dt.timedelta(hours=3))
    assert store.read()[key]["status"] == FAILED


def test_a_mail_that_nobody_is_to_be_told_any_more_does_not_wait_for_ever(plan, slots, store):
    """A dated one that waited when the report was taken back again; one of an entry that went."""
    (slot,) = slots
    old = f"mail made 2026-11-03T04:00:00Z {slot.key}"
    store.add(
        [Task(old, "mail", "customers", DUE), Task("mail late report gone", "mail", "x", DUE)]
    )
    store.finish(store.claim([slot.key], DUE), Outcome(DONE, run="2"), DUE)
    named = [replace(slot, entry=replace(slot.entry, recipients={"fi": ("a@company.example",)}))]
    news = find_news(store, named, DUE)
    _drop_stale(store, news, DUE)
    assert find_mails(store) == []
    assert slot.key in store.read()


def test_status_tells_what_the_schedule_asks_for_under_its_name_of_today(plan, slots, store):
    (slot,) = slots
    gone = "report satisfaction_survey 2026-10 fi {}"
    for key, kind in (
        (gone, "report"),
        (f"mail failed {gone}", "mail"),
        ("refresh shop", "refresh"),
    ):
        store.add([Task(key, kind, "gone", DUE)])
        store.finish(store.claim([key], DUE), Outcome(FAILED, "why"), DUE)
    renamed = [replace(slot, entry=replace(slot.entry, name="managers"))]
    (line,) = describe(store.read(), renamed, DUE)
    assert (line["key"], line["entry"]) == (slot.key, "managers")


def tell_both(plan, slots, store):
    """Two entries of one report of which nobody is told yet; both, and the keys of their mails."""
    plan = order_twice(plan)
    (slot,) = slots
    store.finish(store.claim([slot.key], DUE), Outcome(DONE, run="1"), DUE)
    read_news(plan, store, DUE)
    mails = list(read_news(plan, store, BOTH_DUE))
    return plan, *mails


BOTH_DUE = DUE + dt.timedelta(days=3)


def test_an_entry_keeps_its_mail_when_the_other_one_goes(plan, slots, store):
    plan, first, of_board = tell_both(plan, slots, store)
    alone = replace(plan, entries=plan.entries[1:])
    finish_all(store, [first], BOTH_DUE)
    assert list(read_news(alone, store, BOTH_DUE)) == [of_board]  # it is yet to be sent


def test_nobody_is_told_again_because_the_other_entry_went(plan, slots, store):
    plan, _, of_board = tell_both(plan, slots, store)
    alone = replace(plan, entries=plan.entries[1:])
    finish_all(store, [of_board], BOTH_DUE)
    news = find_news(store, find_due_slots(alone, BOTH_DUE, "Europe/Helsinki"), BOTH_DUE)
    assert list(news) == [of_board]
    _drop_stale(store, news, BOTH_DUE)
    assert find_mails(store) == []
    key = slots[0].key
    store.reopen(store.read()[key], BOTH_DUE)
    again = BOTH_DUE + dt.timedelta(hours=1)
    store.finish(store.claim([key], again), Outcome(DONE, run="2"), again)
    (anew,) = read_news(alone, store, again)
    assert anew != of_board


def test_the_later_of_two_entries_may_have_another_name_too(plan, slots, store):
    plan, *both = tell_both(plan, slots, store)
    finish_all(store, both, BOTH_DUE)
    renamed = replace(plan, entries=(plan.entries[0], replace(plan.entries[1], name="directors")))
    assert list(read_news(renamed, store, BOTH_DUE)) == both


def test_who_is_due_later_is_told_though_the_first_entry_is_gone(plan, slots, store):
    plan = order_twice(plan)
    (slot,) = slots
    store.finish(store.claim([slot.key], DUE), Outcome(DONE, run="1"), DUE)
    finish_all(store, read_news(plan, store, DUE), DUE)
    alone = replace(plan, entries=plan.entries[1:])
    assert list(read_news(alone, store, BOTH_DUE)) == [f"mail made for board: {slot.key}"]


def test_what_is_too_old_for_one_entry_is_told_by_the_other(plan, slots, store):
    customers, board = order_twice(plan).entries
    late_board = replace(
        board, day=25, starts=dt.date(2026, 11, 1), recipients=customers.recipients
    )
    (slot,) = slots
    store.finish(store.claim([slot.key], DUE), Outcome(DONE, run="1"), DUE)
    day = dt.datetime(2026, 11, 25, 5, tzinfo=dt.UTC)
    both = replace(plan, entries=(customers, late_board))
    assert list(read_news(both, store, day).values()) == [("johto@company.example",)]


def test_a_mail_of_a_slot_that_was_not_due_when_a_round_began_is_left(store):
    store.add([Task("mail late report x", "mail", "x", LATE)])
    _drop_stale(store, {}, DUE)
    assert find_mails(store) == ["mail late report x"]


def test_nobody_waits_for_a_report_before_it_is_due_for_him(plan, slots, store):
    plan = order_twice(plan)
    now = dt.datetime(2026, 11, 4, 4, 1, tzinfo=dt.UTC)
    put_down_late(plan, store, find_due_slots(plan, now, "Europe/Helsinki"), now)
    assert find_mails(store) == [f"mail late {slots[0].key}"]


def test_what_one_entry_missed_another_catches_up(slots):
    (slot,) = slots
    missed = replace(slot, is_missed=True)
    assert drop_repeats([missed, slot]) == drop_repeats([slot, missed]) == [slot]


@pytest.mark.parametrize("mail", ["made", "made for report:", "made for my-report:"])
def test_a_mail_is_about_its_report_whatever_its_entry_is_named(mail):
    report = "report report 2026-10 fi {}"
    assert find_slot_key(f"mail {mail} {report}") == find_slot_key(report) == report
