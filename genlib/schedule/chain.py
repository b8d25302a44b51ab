"""What is due, as one chain: refresh, publish, reports, mail. It stops with its reason where the
data are older than they should be, and goes on by itself when they are not.

Example: October is due on 2 November at 06:00. The shop's file is of 30 October: the slot waits,
"the files of shop are of 2026-10-30, before 2026-10 was over". At 07:00 a newer file lies there: it
is refreshed, the release published, the report made, the mail sent.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from genlib.clock import read_clock
from genlib.schedule import posting
from genlib.schedule.child import Child
from genlib.schedule.crew import Crew, Worker
from genlib.schedule.lateness import find_awaited_since
from genlib.schedule.outcome import APPROVAL, DONE, LOOK_AGAIN
from genlib.schedule.plan import Plan, Slot, find_report
from genlib.schedule.reporting import Making, find_decision
from genlib.schedule.spreading import read_campaigns
from genlib.schedule.store import Store, Task, is_free, is_over, is_to_do
from genlib.schedule.tasks import find_task
from genlib.schedule.times import find_due_slots
from genlib.schedule.work import Start, Work
from genlib.settings import Settings

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """What a step must have reached: done not before `since`; of a source, its files not older than
    the day `covers`."""

    since: dt.datetime
    covers: dt.date = dt.date.min


@dataclass
class Chain:
    """A scheduler of a plan. `capacity`: how many reports at once."""

    plan: Plan
    settings: Settings
    store: Store
    clock: Callable[[], dt.datetime] = read_clock
    capacity: int = field(default_factory=lambda: os.cpu_count() or 1)

    def do(self) -> int:
        """Do all that is due now; how many reports were made, refused or failed here."""
        campaigns = read_campaigns(self.plan, self.settings, self.store.read())
        now = self.clock()
        slots = find_due_slots(self.plan, now, self.settings.time_zone, campaigns)
        reports = drop_repeats(slots)
        self.put_down(reports)
        self._settle(reports)
        posting.put_down_late(self.plan, self.store, slots, self.clock())
        waiting = self._find_waiting(reports)
        waiting = self._refresh(waiting)
        with closing(Crew(self.settings)) as crew:
            rows = self.store.read([slot.key for slot in waiting])
            crew.call(min(count_free(waiting, rows, self.clock()), self.capacity))
            waiting = self._publish(waiting)
            count = self._make_reports(waiting, crew)
        posting.post(self.plan, self.settings, self.store, slots, self.clock, since=now)
        return count

    def put_down(self, slots: Sequence[Slot]) -> None:
        """Every slot that is due has a row; one that was missed for too long is refused."""
        earlier = self.store.read([slot.key for slot in slots])
        awaited_since = find_awaited_since(slots, earlier, self.clock())
        tasks = [
            Task(
                slot.key,
                "report",
                slot.entry.name,
                slot.due_at,
                slot.period.label,
                slot.language,
                place,
                awaited_since[slot.key],
            )
            for place, slot in enumerate(slots)
        ]
        self.store.add(tasks)
        for slot in slots:
            if slot.is_missed:
                limit = slot.entry.catch_up
                last = f"the last {limit} periods are" if limit > 1 else "the last period is"
                reason = (
                    f"missed: only {last} caught up (catch_up); make it by hand with genlib report "
                    "run"
                )
                self.store.refuse(slot.key, reason, self.clock())

    def _settle(self, slots: Sequence[Slot]) -> None:
        """Keep what a second person decided of the reports that waited for one."""
        rows = self.store.read([slot.key for slot in slots])
        for slot in slots:
            row = rows[slot.key]
            if row["status"] == APPROVAL:
                outcome = find_decision(slot, row, self.settings, self.clock())
                if outcome.status != APPROVAL:
                    self.store.decide(slot.key, outcome, self.clock())

    def _find_waiting(self, slots: Sequence[Slot]) -> list[Slot]:
        rows = self.store.read([slot.key for slot in slots])
        return [slot for slot in slots if is_to_do(rows[slot.key])]

    def _refresh(self, slots: list[Slot]) -> list[Slot]:
        """Refresh what the slots need; those whose sources are in order."""
        needs: dict[str, Need] = {}
        for slot in slots:
            for name in slot.entry.refresh:
                needs[name] = _raise_need(needs.get(name), Need(slot.due_at, slot.period.end))
        rows = self._do_steps("refresh", needs)
        return [slot for slot in slots if self._is_fresh(slot, rows)]

    def _publish(self, slots: list[Slot]) -> list[Slot]:
        """Publish what the slots need, after what was refreshed for them; those whose releases are
        in order."""
        refreshed = self.store.read()
        needs: dict[str, Need] = {}
        for slot in slots:
            sources = [refreshed[f"refresh {name}"] for name in slot.entry.refresh]
            # another scheduler may have opened one again meanwhile
            ends = [row["finished_at"] for row in sources if is_over(row)]
            since = max([slot.due_at, *ends])
            for purpose in slot.entry.publish:
                needs[purpose] = _raise_need(needs.get(purpose), Need(since))
        rows = self._do_steps("publish", needs)
        return [slot for slot in slots if self._is_published(slot, rows)]

    def _do_steps(self, kind: str, needs: Mapping[str, Need]) -> Mapping[str, Row]:
        """Do what is not done yet as it is needed, one after another; the rows by name."""
        now = self.clock()
        self.store.add([Task(f"{kind} {name}", kind, "", now) for name in needs])
        rows = self.store.read([f"{kind} {name}" for name in needs])
        for name, need in needs.items():
            row = rows[f"{kind} {name}"]
            if _is_wanting(row, need, now):
                self.store.reopen(row, now)
        self._work(self._start_step).do(list(rows))
        results = self.store.read(rows)
        return {name: results[f"{kind} {name}"] for name in needs}

    def _make_reports(self, slots: list[Slot], crew: Crew) -> int:
        """The first language of a report makes the pages of all, from one run of the figures; the
        others wait for it, and find theirs made or why it was not."""
        by_key = {slot.key: slot for slot in slots}
        leaders = find_leaders(slots)
        led = {key: [one for one in slots if leaders.get(one.key) == key] for key in by_key}

        def start(key: str) -> Worker:
            since = self._find_start(key, leaders.get(key))
            task = Making(by_key[key], tuple(led[key]), self.plan.folder, since)
            return crew.start(task, self.clock())

        work = self._work(start, self.capacity)
        for key, slot in by_key.items():
            pages = [slot, *led[key]]
            work.limits[key] = dt.timedelta(minutes=slot.entry.time_limit_minutes) * len(pages)
            wholes = {one.after for one in pages if one.after}
            work.after[key] = wholes | {leaders[key]} if key in leaders else wholes
        return work.do(sorted(by_key, key=lambda key: -self._measure(by_key[key])))

    def _measure(self, slot: Slot) -> int:
        """How long a report takes, roughly: the longest begins first, and none is left alone at the
        end. Bytes of its notebook; 0 if there is none, which its own outcome tells."""
        path = find_report(slot.entry.report, self.plan.folder)
        return path.stat().st_size if path.is_file() else 0

    def _find_start(self, key: str, leader: str | None) -> dt.datetime | None:
        """When the task was begun that made this one's page with its own; None if none did, or if
        the page is tried anew."""
        rows = self.store.read([key, leader or key])
        if leader not in rows or key not in rows or rows[key]["attempts"] > 1:
            return None
        started_at: dt.datetime | None = rows[leader]["started_at"]
        return started_at

    def _start_step(self, key: str) -> Child:
        return Child(*find_task(key, self.plan, self.settings, self.clock()))

    def _work(self, start: Start, capacity: int = 1) -> Work:
        return Work(self.store, start, capacity, clock=self.clock)

    def _is_fresh(self, slot: Slot, rows: Mapping[str, Row]) -> bool:
        for name in slot.entry.refresh:
            row = rows[name]
            if not self._is_done(slot, row, f"{name} is not refreshed"):
                return False
            if dt.date.fromisoformat(row["run"]) < slot.period.end:
                reason = f"the files of {name} are of {row['run']}, before {slot.period} was over"
                self.store.tell(slot.key, reason)
                return False
        return True

    def _is_published(self, slot: Slot, rows: Mapping[str, Row]) -> bool:
        return all(
            self._is_done(slot, rows[purpose], f"{purpose} is not published")
            for purpose in slot.entry.publish
        )

    def _is_done(self, slot: Slot, row: Row, otherwise: str) -> bool:
        """Whether a step is done; else the slot says why it waits."""
        if row["status"] == DONE:
            return True
        self.store.tell(slot.key, f"{otherwise}: {row['reason'] or row['status']}")
        return False


def drop_repeats(slots: Sequence[Slot]) -> list[Slot]:
    """Each report once: of several entries that order it the one that is due first makes it, of
    those that still catch it up."""
    by_key: dict[str, Slot] = {}
    for slot in slots:
        first = by_key.setdefault(slot.key, slot)
        if first.is_missed and not slot.is_missed:
            by_key[slot.key] = slot
    return list(by_key.values())


def find_leaders(slots: Sequence[Slot]) -> dict[str, str]:
    """The key of each slot that differs in its language alone from one before it, with the key of
    the first such.

    Example: of October in fi, sv and en, sv and en have fi as their leader; fi has none.
    """
    first: dict[str, str] = {}
    leaders: dict[str, str] = {}
    for slot in slots:
        leader = first.setdefault(slot.figures, slot.key)
        if leader != slot.key:
            leaders[slot.key] = leader
    return leaders


def count_free(slots: Sequence[Slot], rows: Mapping[str, Row], now: dt.datetime) -> int:
    """How many reports may be begun now, of slots that are yet to be done: all languages of one are
    made at once, and a part waits for its whole.

    Example: of October in fi and sv, whole and of region 01, two; none if the whole in fi is put
    off to the next hour.
    """
    put_off = {slot.key for slot in slots if not is_free(rows[slot.key], now)}
    leaders = find_leaders(slots)
    firsts = [slot for slot in slots if slot.key not in leaders]
    return sum(put_off.isdisjoint({slot.key, slot.after}) for slot in firsts)


def _raise_need(one: Need | None, other: Need) -> Need:
    if one is None:
        return other
    return Need(max(one.since, other.since), max(one.covers, other.covers))


def _is_wanting(row: Row, need: Need, now: dt.datetime) -> bool:
    """Whether a step that is over must be done again: it was over before it was needed; or it
    failed, or gave data that are too old, an hour ago."""
    if not is_over(row):
        return False
    if row["finished_at"] < need.since:
        return True
    is_old = row["kind"] == "refresh" and row["status"] == DONE
    is_short = is_old and dt.date.fromisoformat(row["run"]) < need.covers
    is_bad = row["status"] != DONE or is_short
    return bool(is_bad and row["finished_at"] + LOOK_AGAIN <= now)
