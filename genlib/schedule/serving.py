"""The rounds of a scheduler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from genlib.clock import read_clock
from genlib.disclosure.ledger import Ledger
from genlib.errors import GenlibError
from genlib.private import make_folder
from genlib.reports import index
from genlib.schedule import status
from genlib.schedule.chain import Chain
from genlib.schedule.plan import Plan, Slot
from genlib.schedule.reading import load_plan
from genlib.schedule.spreading import read_campaigns
from genlib.schedule.store import Store
from genlib.schedule.times import find_due_slots
from genlib.settings import Settings

ROUND = 60.0
"""Seconds between two rounds of a scheduler that serves."""
Line = Mapping[str, Any]


def open_store(settings: Settings) -> Store:
    """The tasks of a workbench."""
    return Store(settings.slots or f"sqlite:///{find_file(settings)}")


def read_tasks(settings: Settings) -> Mapping[str, Line]:
    """The tasks of a workbench by key; none, and nothing is made, before the first round."""
    is_begun = bool(settings.slots) or find_file(settings).is_file()
    return open_store(settings).read() if is_begun else {}


def find_file(settings: Settings) -> Path:
    """Where the tasks of a workbench are kept, unless the settings name a database."""
    return settings.home / "schedule.sqlite"


def do_round(plan: Plan, settings: Settings, store: Store) -> list[dict[str, Any]]:
    """Do what is due now, and put down how it stands; a line a task."""
    try:
        Chain(plan, settings, store, clock=read_clock).do()
    finally:
        lines = read_status(plan, settings, store)
        make_folder(settings.reports, settings.access)
        status.write_file(lines, read_clock(), settings)
        index.write(settings.reports, settings.time_zone, settings.access)
    return lines


def read_status(plan: Plan, settings: Settings, store: Store) -> list[dict[str, Any]]:
    """How it stands, a line a task."""
    rows = store.read()
    slots = find_slots(plan, settings, rows)
    return status.describe(rows, slots, read_clock(), list_taken_back(settings))


def find_slots(plan: Plan, settings: Settings, rows: Mapping[str, Line]) -> list[Slot]:
    """Every slot that is due by now. rows: the tasks that were put down."""
    campaigns = read_campaigns(plan, settings, rows)
    return find_due_slots(plan, read_clock(), settings.time_zone, campaigns)


def tell_past(plan: Plan, settings: Settings) -> list[str]:
    """A line for each entry of which reports of the past would come at the next round, because
    the entry, a language or a parameter is new; none if the database cannot be asked here."""
    try:
        rows = read_tasks(settings)
    except (GenlibError, OSError):
        return []
    wanted = [one for one in find_slots(plan, settings, rows) if not one.is_missed]
    lines = []
    for entry in plan.entries:
        slots = [one for one in wanted if one.entry == entry and one.key not in rows]
        if slots:
            first, last = slots[0].period, slots[-1].period
            span = f"of {first}" if first == last else f"from {first} to {last}"
            are_due = (
                "was due already and comes" if len(slots) == 1 else "were due already and come"
            )
            lines.append(
                f"{entry.name}: {count_reports(len(slots))} {span} {are_due} at the next round, "
                "with the mail; a later starts leaves out what is past"
            )
    return lines


def count_reports(number: int) -> str:
    """So many reports, in words.

    >>> count_reports(1), count_reports(2)
    ('1 report', '2 reports')
    """
    return f"{number} report{'s' * (number != 1)}"


def open_again(entry: str, plan: Plan, settings: Settings, store: Store) -> int:
    """Let what was refused, failed or taken back of an entry, or waits for its next try, be made
    again, under whatever name it was put down, with what is refreshed and published for it; how
    many. What the schedule does not ask for any more, or catch up, stays as it is, for nobody would
    make it."""
    taken_back = list_taken_back(settings)
    everything = store.read()
    slots = find_slots(plan, settings, everything)
    ours = [slot for slot in slots if slot.entry.name == entry and not slot.is_missed]
    keys = status.find_entries(everything, ours)
    rows = [everything[key] for key in keys]
    now = read_clock()
    over = [row for row in rows if status.can_be_made_again(row, taken_back)]
    opened = sum(store.reopen(row, now) for row in over)
    return opened + sum(store.hasten(row, now) for row in rows if status.is_put_off(row))


def list_taken_back(settings: Settings) -> set[str]:
    """The runs that somebody forgot or withdrew; none if the ledger cannot be read."""
    ledger = Ledger.of(settings)
    with suppress(OSError, ValueError):
        return ledger.list_forgotten() | ledger.list_withdrawn()
    return set()


def serve(
    settings: Settings,
    store: Store,
    *,
    wait: Callable[[float], bool],
    tell: Callable[[str], None],
) -> None:
    """Round after round until `wait` says that it is over. The schedule is read anew each time;
    while it has a fault the last good one holds."""
    plan = load_plan(settings)
    is_over = False
    while not is_over:
        try:
            plan = load_plan(settings)
        except GenlibError as error:
            tell(str(error))
        try:
            do_round(plan, settings, store)
        except (GenlibError, OSError) as error:
            kind = type(error).__name__
            tell(str(error) if isinstance(error, GenlibError) else f"this round: {kind}")
        is_over = wait(ROUND)
