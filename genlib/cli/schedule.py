"""`genlib schedule`: reports that arrive by themselves."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import typer

from genlib.clock import read_clock
from genlib.errors import BadInput
from genlib.schedule.checking import find_faults
from genlib.schedule.reading import find_plan, read_plan
from genlib.schedule.times import find_next
from genlib.settings import load

app = typer.Typer(no_args_is_help=True)


@app.callback()
def schedule() -> None:
    """Make the reports that are due, and say how it stands."""


@app.command()
def check() -> None:
    """Check data/schedule.toml against the notebooks, the notice and the feeds, and tell when each
    report comes next. Every fault is told with its line and what to do; exit code 4.

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
    typer.echo(f"{path.name} is in order: {len(plan.entries)} reports")
