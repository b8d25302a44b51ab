"""How it stands with the schedule: for people, and as JSON for a monitor."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from genlib.atomic import replacing
from genlib.schedule.lateness import is_late
from genlib.schedule.outcome import APPROVAL, DONE, FAILED, REFUSED, RUNNING, WAITING
from genlib.schedule.plan import Slot, find_slot_key, tell_key
from genlib.settings import Settings

Row = Mapping[str, Any]
BAD = {REFUSED, FAILED}
LASTING = {DONE, RUNNING, APPROVAL}
"""What stands even if the schedule does not name it any more."""
WITHDRAWN = "withdrawn"
"""How it stands with a report that was made and taken back."""


def describe(
    rows: Mapping[str, Row],
    slots: Sequence[Slot],
    now: dt.datetime,
    taken_back: Set[str] = frozenset(),
) -> list[dict[str, Any]]:
    """A line a task, the oldest first: status, reason, cell, error, run and times; late of a report
    that should be there. One whose last try failed has failed, though it is tried again.
    `taken_back`: the runs that somebody forgot or withdrew. What was never made and is not in the
    schedule any more is left out, for nothing can be done about it."""
    late = {slot.key for slot in slots if slot.key in rows and is_late(slot, rows[slot.key], now)}
    asked = {slot.key for slot in slots if not slot.is_missed}
    entries = find_entries(rows, slots)
    lines = [
        _describe_row(row, entries.get(key) or row["entry"], late=key in late)
        for key, row in rows.items()
        if key in entries or row["status"] in LASTING
    ]
    for line in lines:
        if is_withdrawn(line, taken_back):
            line["status"] = WITHDRAWN
            line["reason"] = (
                f"taken back; made anew after genlib schedule again {line['entry']}"
                if line["key"] in asked
                else "taken back; the schedule does not ask for it"
            )
    return lines


def find_entries(rows: Mapping[str, Row], slots: Sequence[Slot]) -> dict[str, str]:
    """The keys of the tasks that the schedule asks for as it is now, each with the name of its
    entry; of a source or a release, which belong to none, with none."""
    names = {slot.key: slot.entry.name for slot in reversed(slots)}
    entries = dict.fromkeys(rows.keys() & find_steps(slots), "")
    return entries | {key: names[find_slot_key(key)] for key in rows if find_slot_key(key) in names}


def find_steps(slots: Sequence[Slot]) -> set[str]:
    """The keys of what is refreshed and published for these slots."""
    steps = {f"refresh {name}" for slot in slots for name in slot.entry.refresh}
    return steps | {f"publish {name}" for slot in slots for name in slot.entry.publish}


def is_withdrawn(row: Row, taken_back: Set[str]) -> bool:
    """Whether a report was made and its run was taken back since."""
    return row["status"] == DONE and row["run"] in taken_back


def can_be_made_again(row: Row, taken_back: Set[str]) -> bool:
    """Whether a task is over and a person may let it be done anew: it was refused, failed or was
    taken back."""
    return row["status"] in BAD or is_withdrawn(row, taken_back)


def is_put_off(row: Row) -> bool:
    """Whether a task waits for its next try."""
    return bool(row["status"] == WAITING and row["not_before"])


def _describe_row(row: Row, entry: str, *, late: bool) -> dict[str, Any]:
    plain = ("key", "kind", "period", "language", "status", "reason", "cell", "error")
    more = ("run", "attempts")
    times = ("due_at", "started_at", "finished_at", "not_before")
    description = {name: row[name] for name in (*plain, *more)}
    description |= {name: row[name].isoformat() if row[name] else None for name in times}
    if _is_failing(row):
        description["status"] = FAILED
        again = f"after {row['not_before']:%H:%M} UTC" if row["not_before"] else "at the next round"
        description["reason"] = f"{row['reason']}; again {again}"
    return description | {"entry": entry, "late": late}


def _is_failing(row: Row) -> bool:
    """Whether the last try of a report failed, and another is to come."""
    return bool(row["kind"] == "report" and row["status"] == WAITING and row["error"])


def count(lines: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many reports stand how; late ones beside."""
    reports = [line for line in lines if line["kind"] == "report"]
    names = ("waiting", "approval", "running", "done", "refused", "failed", WITHDRAWN)
    counts = {name: sum(line["status"] == name for line in reports) for name in names}
    return counts | {"late": sum(line["late"] for line in reports)}


def find_code(lines: Sequence[Mapping[str, Any]]) -> int:
    """The exit code: 5 if something failed or is late, 3 if something was refused, else 0."""
    if any(line["status"] == FAILED or line["late"] for line in lines):
        return 5
    return 3 if any(line["status"] == REFUSED for line in lines) else 0


def find_file(settings: Settings) -> Path:
    """Where a monitor looks."""
    return settings.reports / "status.json"


def write_file(lines: Sequence[Mapping[str, Any]], now: dt.datetime, settings: Settings) -> None:
    """Put down how it stands, for a monitor."""
    content = {"at": now.isoformat(), "reports": count(lines), "tasks": list(lines)}
    text = json.dumps(content, ensure_ascii=False, indent=1)
    with replacing(find_file(settings), settings.access) as file:
        file.write(f"{text}\n".encode())


def tell(line: Mapping[str, Any]) -> str:
    """A task in a line of text."""
    status = "late" if line["late"] else line["status"]
    since = f" since {line['started_at']}" if line["status"] == RUNNING else ""
    where = f", cell {line['cell']}" if line["cell"] else ""
    kind = f", {line['error']}" if line["error"] else ""
    reason = f": {line['reason']}" if line["reason"] else ""
    return f"{status:8}{since} {tell_key(line['key'])}{where}{kind}{reason}"
