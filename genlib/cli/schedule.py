"""`genlib schedule`: reports that arrive by themselves."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM, signal
from threading import Event
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from genlib.clock import read_clock
from genlib.errors import BadInput, UsageError
from genlib.schedule.checking import find_faults, find_warnings
from genlib.schedule.installing import install as write_units
from genlib.schedule.reading import find_plan, load_plan, read_plan
from genlib.schedule.serving import (
    count_reports,
    do_round,
    open_again,
    open_store,
    read_status,
    tell_past,
)
from genlib.schedule.serving import serve as run_rounds
from genlib.schedule.status import count, find_code, tell
from genlib.schedule.times import find_next
from genlib.settings import load

STOPPED = 128 + SIGTERM
"""The exit code of what was told to stop."""
app = typer.Typer(no_args_is_help=True)


@app.callback()
def schedule() -> None:
    """Make the reports that are due, and say how it stands."""


@app.command()
def check() -> None:
    """Check data/schedule.toml against the notebooks, the notice and the feeds, and tell when each
    report comes next. Every fault is told with its line and what to do; exit code 4. A notebook
    that nobody has approved is told too, and is no fault.

    Level: none.

    Example: genlib schedule check
    """
    settings = load()
    path = find_plan(settings)
    plan, faults = read_plan(path)
    faults = faults or list(find_faults(plan, path, settings))
    for fault in faults:
        typer.echo(f"{path.name} {fault}")
    if faults:
        raise BadInput(f"{path.name} has {len(faults)} fault{'s' if faults[1:] else ''}")
    zone = ZoneInfo(settings.time_zone)
    for entry in plan.entries:
        at, period = find_next(entry, read_clock(), zone)
        when = f"{at.astimezone(zone):%a %d %b %Y at %H:%M}"
        languages = ", ".join(entry.languages)
        typer.echo(f"{entry.name}: {entry.report} of {period} comes on {when} in {languages}")
    for line in tell_past(plan, settings):
        typer.echo(line)
    warnings = list(find_warnings(plan, path, settings))
    for warning in warnings:
        typer.echo(f"{path.name} {warning}")
    is_ready = "has no fault, but what was said above" if warnings else "is in order"
    typer.echo(f"{path.name} {is_ready}: {count_reports(len(plan.entries))}")


@app.command()
def due() -> None:
    """Do what is due: refresh, publish, reports, mail. To be called again and again, by cron or a
    timer; several at once do no harm. Exit code 5 if a report failed or is late, 3 if one was
    refused, 143 if it was told to stop (SIGTERM): what it was at is free for the next.

    Level: steward to refresh, publisher to publish, analyst to report.

    Example: genlib schedule due
    """
    settings = load()
    plan = load_plan(settings)
    with _stop_when_told(STOPPED):
        lines = do_round(plan, settings, open_store(settings))
    _tell(lines, only_open=True)
    raise typer.Exit(find_code(lines))


@app.command()
def serve() -> None:
    """Do what is due, minute after minute, until it is stopped (SIGTERM): at once, and what it was
    at is free for the next.

    Level: steward to refresh, publisher to publish, analyst to report.

    Example: genlib schedule serve
    """
    settings = load()
    with _stop_when_told(0) as signals:
        run_rounds(
            settings,
            open_store(settings),
            wait=lambda seconds: bool(signals) or Event().wait(seconds),
            tell=lambda text: typer.echo(f"genlib: {text}", err=True),
        )


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Every task, for a program.")] = False,
) -> None:
    """How it stands: waiting and why, made and waiting for approval, running since, done, withdrawn
    (made and taken back), refused and why, failed in which cell, late. Exit code 5 if a report
    failed or is late, 3 if one was refused.

    Level: reader, by the operating system.

    Example: genlib schedule status
    """
    settings = load()
    lines = read_status(load_plan(settings), settings, open_store(settings))
    if as_json:
        typer.echo(json.dumps({"reports": count(lines), "tasks": lines}, ensure_ascii=False))
    else:
        _tell(lines, only_open=False)
    raise typer.Exit(find_code(lines))


@app.command()
def again(
    entry: Annotated[str, typer.Argument(help="The name of an entry of the schedule.")],
) -> None:
    """Let what was refused, failed or taken back of an entry, or waits for its next try, be made
    again at the next round, with what is refreshed and published for it: the notebook was mended or
    approved, the disk has room, the data were corrected.

    Level: analyst, by the operating system.

    Example: genlib schedule again campaigns
    """
    settings = load()
    plan = load_plan(settings)
    if entry not in {one.name for one in plan.entries}:
        raise UsageError("no entry of that name in the schedule")
    opened = open_again(entry, plan, settings, open_store(settings))
    typer.echo(f"{opened} will be made again")


@app.command()
def install(
    to: Annotated[
        Path | None, typer.Option(help="Where to write; default: systemd/ in the workbench.")
    ] = None,
) -> None:
    """Write units for systemd, and say what to do with them, or what to put into a crontab. Both
    have the settings in force; one that holds a password is refused.

    Level: none.

    Example: genlib schedule install
    """
    settings = load()
    load_plan(settings)
    for line in write_units(settings, to or settings.home / "systemd"):
        typer.echo(line)


@contextmanager
def _stop_when_told(code: int) -> Iterator[list[int]]:
    """At SIGTERM end what is going on, and the process with this code. The signal is in the list
    then: what fails while a round ends, such as a database that stops too, would hide it."""
    signals: list[int] = []

    def stop(number: int, frame: object) -> None:
        signals.append(number)
        sys.exit(code)

    before = signal(SIGTERM, stop)
    try:
        yield signals
    finally:
        signal(SIGTERM, before)


def _tell(lines: list[dict[str, Any]], *, only_open: bool) -> None:
    for line in lines:
        if not only_open or line["status"] != "done":
            typer.echo(tell(line))
    counts = count(lines)
    typer.echo(
        ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "0 due"
    )
