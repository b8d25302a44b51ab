"""What a schedule says that cannot be: unknown reports, parameters, purposes, people."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cronsim import CronSim, CronSimError

from genlib import notice
from genlib.errors import GenlibError, UsageError
from genlib.period import UNITS
from genlib.reports.approval import ask_for_approval, digest_notebook, is_approved
from genlib.reports.parameters import Parameter, parameters_of, settle
from genlib.reports.run import checked, name_notebook, open_notebook
from genlib.schedule.overlap import check_alike, check_once
from genlib.schedule.plan import EVERY, Delivery, Entry, Plan, Source, find_report
from genlib.schedule.reading import Fault, Places, list_places
from genlib.schedule.spreading import SPREADABLE
from genlib.settings import Settings

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([a-z0-9-]+\.)+[a-z]{2,24}")
LANGUAGES = ("fi", "sv", "en")
BOUNDS = {
    "day": (1, 28),
    "catch_up": (1, 120),
    "late_after_hours": (1, 720),
    "time_limit_minutes": (1, 1440),
}
OURS = ("period", "language")
"""Parameters that the schedule gives."""
Complaint = tuple[str, str]
"""Which key is wrong, and in what way."""


def find_faults(plan: Plan, path: Path, settings: Settings) -> Iterator[Fault]:
    """What keeps the plan from being carried out, in the order of the file."""
    places = Places(path.read_text(encoding="utf-8"))
    terms = notice.load(settings.notice)
    purposes = set(terms.releases)
    for name, source in plan.sources.items():
        for key, text in _check_source(source, settings):
            yield Fault(places.find(f"sources.{name}.{key}"), text)
    if plan.delivery:
        for key, text in _check_delivery(plan.delivery):
            yield Fault(places.find(f"delivery.{key}"), text)
    names = [entry.name for entry in plan.entries]
    for entry, place in list_places(path, plan):
        complaints = [
            *_check_entry(entry),
            *_check_keeping(entry, terms.reports.keep_months),
            *_check_names(entry, names, plan, purposes),
            *_check_report(entry, plan),
            *_check_overlap(entry, plan),
            *_check_people(entry, plan.delivery),
        ]
        for key, text in complaints:
            yield Fault(places.find(f"{place}.{key}"), text)


def find_warnings(plan: Plan, path: Path, settings: Settings) -> Iterator[Fault]:
    """What a plan without faults needs of somebody: notebooks that nobody has approved."""
    places = Places(path.read_text(encoding="utf-8"))
    for entry, place in list_places(path, plan):
        notebook = find_report(entry.report, plan.folder)
        if not is_approved(digest_notebook(open_notebook(notebook)), settings):
            yield Fault(places.find(f"{place}.report"), ask_for_approval(name_notebook(notebook)))


def _check_source(source: Source, settings: Settings) -> Iterator[Complaint]:
    feed = source.feed
    ready = settings.data / "feeds" / f"{feed}.toml"
    if feed and not feed.endswith(".toml") and not ready.is_file():
        yield "feed", "no such feed in data/feeds; name one of them, or a file NAME.toml"


def _check_delivery(delivery: Delivery) -> Iterator[Complaint]:
    if not ADDRESS.fullmatch(delivery.sender):
        yield "sender", "sender is a plain address of e-mail"
    if not re.fullmatch(r"(https?|file)://\S+/", delivery.link):
        yield "link", "link is where readers reach the reports, and ends with /: https://…/"
    if not delivery.internal:
        yield "internal", "internal names the company's own domains"
    strange = set(delivery.files_to) - {*delivery.internal, *delivery.processors}
    if strange:
        yield "files_to", "files_to names a domain that is neither in internal nor in processors"
    if bool(delivery.user) != bool(delivery.password_file):
        yield "user", "user and password_file belong together"


def _check_entry(entry: Entry) -> Iterator[Complaint]:
    if not NAME.fullmatch(entry.name):
        yield "name", "name is in small letters, digits and -"
    if bool(entry.every) == bool(entry.cron):
        yield "every", "say either every = month, quarter or year, or a cron line"
    if entry.every and entry.every not in UNITS:
        yield "every", f"every is one of {', '.join(UNITS)}"
    if entry.unit not in UNITS:
        yield "unit", f"unit is one of {', '.join(UNITS)}"
    if entry.cron and not _is_cron(entry.cron):
        yield "cron", "cron is five fields: minute, hour, day, month, day of the week"
    if not _is_time(entry.at):
        yield "at", 'at is a time of day: "06:00"'
    for name, (least, most) in BOUNDS.items():
        if not least <= getattr(entry, name) <= most:
            yield name, f"{name} is from {least} to {most}"
    if not entry.languages or set(entry.languages) - set(LANGUAGES):
        yield "languages", "languages are fi, sv and en"
    if len(entry.each) > 1:
        yield "each", "each names one parameter"


def _check_keeping(entry: Entry, longest: int) -> Iterator[Complaint]:
    if not 0 <= entry.keep_months <= longest:
        yield (
            "keep_months",
            f"keep_months is from 1 to {longest}, the keep_months of [reports] in the notice; "
            "without it a page is kept as long as that",
        )


def _check_names(
    entry: Entry, names: list[str], plan: Plan, purposes: set[str]
) -> Iterator[Complaint]:
    if names.count(entry.name) > 1:
        yield "name", "two entries have this name"
    if set(entry.refresh) - plan.sources.keys():
        yield "refresh", "refresh names a source that is not in [sources.…]"
    if set(entry.publish) - purposes:
        yield "publish", f"publish names releases of the notice: {', '.join(sorted(purposes))}"
    if entry.refresh and not entry.publish:
        yield "refresh", "what is refreshed reaches a report only through publish; name a release"


def _check_report(entry: Entry, plan: Plan) -> Iterator[Complaint]:
    try:
        path = find_report(entry.report, plan.folder)
        parameters = parameters_of(open_notebook(path))
    except GenlibError as error:
        yield "report", str(error)
        return
    for name in OURS:
        if name in {*entry.parameters, *entry.each}:
            yield "parameters", f"{name} is given by the schedule itself"
            return
    if "language" not in parameters and len(entry.languages) > 1:
        yield "languages", "this report has no parameter language; name one language"
    yield from _check_values(entry, parameters)


def _check_overlap(entry: Entry, plan: Plan) -> Iterator[Complaint]:
    """What this entry would make twice, by itself or with an earlier one."""
    path = _find_place(entry, plan)
    if path is None:
        return
    with suppress(GenlibError):  # which its own report tells
        parameters = parameters_of(open_notebook(path))
        defaults = {name: one.default for name, one in parameters.items()}
        earlier = plan.entries[: plan.entries.index(entry)]
        places = [(one, _find_place(one, plan)) for one in earlier]
        others = [(one, place) for one, place in places if place is not None]
        yield from check_once(entry, defaults)
        yield from check_alike(entry, path, defaults, others)


def _find_place(entry: Entry, plan: Plan) -> Path | None:
    """Where the notebook of an entry lies, however it is named; None if it is not found."""
    with suppress(GenlibError):
        return find_report(entry.report, plan.folder).resolve()
    return None


def _check_values(entry: Entry, parameters: Mapping[str, Parameter]) -> Iterator[Complaint]:
    choices: list[tuple[str, dict[str, Any]]] = [("parameters", dict(entry.parameters))]
    for name, values in entry.each.items():
        if not values:
            yield "each", "each needs values"
        if EVERY not in values:
            choices += [("each", {name: value}) for value in values]
        elif name not in parameters or name not in SPREADABLE or len(values) > 1:
            yield "each", f'"{EVERY}" stands alone, for every campaign or every region'
    for key, choice in choices:
        if EVERY in choice.values():
            yield key, f'"{EVERY}" is no value; each may have it, for every campaign or region'
            continue
        try:
            values_settled = settle(parameters, choice)
            checked({name: values_settled[name] for name in choice})
        except UsageError as error:
            yield key, str(error)


def _check_people(entry: Entry, delivery: Delivery | None) -> Iterator[Complaint]:
    everybody = [*entry.on_failure]
    for addresses in entry.recipients.values():
        everybody.extend(addresses)
    if everybody and delivery is None:
        yield "recipients", "there is nobody to carry mail; add a section [delivery]"
        return
    if entry.recipients.keys() - set(entry.languages):
        yield "recipients", "recipients are by language, of those in languages"
    if not all(ADDRESS.fullmatch(address) for address in everybody):
        yield "recipients", "a recipient is a plain address of e-mail"
    if delivery is None:
        return
    domains = {address.rpartition("@")[2] for address in everybody}
    if domains - {*delivery.internal, *delivery.processors}:
        yield (
            "recipients",
            "a recipient is of a domain that is neither in internal nor in processors",
        )
    if entry.send_file and not delivery.files_to:
        yield "send_file", "the file may go nowhere; name domains in delivery.files_to"


def _is_cron(line: str) -> bool:
    try:
        next(CronSim(line, dt.datetime(2026, 1, 1)))
    except (CronSimError, StopIteration):
        return False
    return len(line.split()) == 5


def _is_time(text: str) -> bool:
    try:
        time = dt.time.fromisoformat(text)
    except ValueError:
        return False
    return time.tzinfo is None
