"""`data/schedule.toml` as frozen values: which report comes when, in which languages, for whom.

Example: an entry of `campaign_history`, every month from 2026-11-01, in fi and sv, each of regions
01 and 06: the slots of October are the whole, 01 and 06, each in fi and sv: six reports.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genlib.period import Period
from genlib.reports.run import find_notebook

EVERY = "*"
"""In `each`, instead of values: all that there are."""


@dataclass(frozen=True)
class Source:
    """What is refreshed before a report: a feed of data/feeds or a file, and the folder in which
    its files lie; or that folder alone, in the register's own layout."""

    files: str
    feed: str = ""


@dataclass(frozen=True)
class Delivery:
    """The mail server, and to which domains what may go. `internal` domains are the company's own;
    `processors` are those who work for it. `files_to`: of these, who may get the page itself.
    `link`: where readers reach the catalogue, as an address that the paths of runs are put behind.
    """

    server: str
    sender: str
    internal: tuple[str, ...]
    link: str
    port: int = 587
    user: str = ""
    password_file: str = ""
    authority: str = ""
    processors: tuple[str, ...] = ()
    files_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A report that comes again and again.

    `every` unit that is over, on its `day` (of the month after) at the time `at`; or by a `cron`
    line, about the `unit` that was over last. `working_days`: what would come on a weekend or a
    Finnish holiday comes on the next working day. `each`: a parameter and its values, or EVERY of
    the campaigns of the period, or of the regions; the whole comes first. `recipients`: addresses
    by language. `catch_up`: how many missed periods are made after all. `keep_months`: how long a
    page is kept; 0 is as long as the notice lets it be.
    """

    name: str
    report: str
    starts: dt.date
    every: str = ""
    cron: str = ""
    unit: str = "month"
    day: int = 1
    at: str = "06:00"
    working_days: bool = True
    languages: tuple[str, ...] = ("fi",)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    each: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refresh: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()
    recipients: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    on_failure: tuple[str, ...] = ()
    send_file: bool = False
    pdf: bool = False
    keep_months: int = 0
    catch_up: int = 12
    late_after_hours: int = 12
    time_limit_minutes: int = 60

    @property
    def period_unit(self) -> str:
        """month, quarter or year."""
        return self.every or self.unit


@dataclass(frozen=True)
class Plan:
    """All entries, with the sources and the delivery that they name."""

    entries: tuple[Entry, ...]
    sources: Mapping[str, Source]
    delivery: Delivery | None
    folder: Path


@dataclass(frozen=True)
class Slot:
    """One report to make: of an entry, for a period, in a language, with parameters. `after`: the
    key of the slot that must be over before. `is_missed`: it lies further back than is caught
    up."""

    entry: Entry
    due_at: dt.datetime
    period: Period
    language: str
    parameters: Mapping[str, Any]
    after: str = ""
    is_missed: bool = False

    @property
    def key(self) -> str:
        """By which the slot is known, whoever schedules it under whatever name."""
        return name_slot(self.entry.report, self.period, self.language, self.parameters)

    @property
    def figures(self) -> str:
        """What the slots of one report in several languages share: all but the language."""
        return name_slot(self.entry.report, self.period, "", self.parameters)

    @property
    def series(self) -> str:
        """What the slots of one report share that are of another month each (quarter or year)."""
        return name_slot(self.entry.report, self.period.unit, self.language, self.parameters)

    @property
    def patience(self) -> dt.timedelta:
        """How long after its time it is late."""
        return dt.timedelta(hours=self.entry.late_after_hours)

    @property
    def late_at(self) -> dt.datetime:
        """After which instant it is late."""
        return self.due_at + self.patience


def name_slot(
    report: str, period: Period | str, language: str, parameters: Mapping[str, Any]
) -> str:
    """The key of a slot: the same for the same report, parameters, language and period."""
    choice = json.dumps(dict(parameters), sort_keys=True, ensure_ascii=False)
    return f"report {report} {period} {language} {choice}"


def tell_key(key: str) -> str:
    """A key as a person reads it: no parameters are not worth a word."""
    return key.replace(" {}", "")


def read_choice(row: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a report that was put down; the name of a notebook may have any letter."""
    written = row["key"].rpartition(f" {row['period']} {row['language']} ")[2]
    choice: dict[str, Any] = json.loads(written)
    return choice


def find_slot_key(task: str) -> str:
    """The key of the slot that a task is about: of a report's own, or of a mail about it."""
    return "report " + f" {task}".partition(" report ")[2]


def find_report(report: str, folder: Path) -> Path:
    """Where the notebook of an entry lies; a path is from the schedule's folder."""
    return folder / report if report.endswith(".ipynb") else find_notebook(report)
