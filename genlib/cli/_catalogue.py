"""`genlib report list | open | verify | prune | hold`: the catalogue of reports."""

from __future__ import annotations

import json
import sys
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from genlib.clock import read_clock
from genlib.errors import ReportFailed, UsageError
from genlib.reports import addresses, catalogue, index
from genlib.reports.catalogue import (
    DRAFT,
    FAILED_DRAFT,
    GOOD,
    REFUSED,
    WAITING,
    Run,
    newest,
    runs,
)
from genlib.reports.identifying import masked
from genlib.settings import Settings, load

RunId = Annotated[str, typer.Argument(help="The id of a run, as genlib report list shows it.")]


def add_commands(app: typer.Typer) -> None:
    """Put the commands into the group of reports."""
    app.command("list")(list_runs)
    app.command("open")(open_report)
    app.command()(verify)
    app.command()(prune)
    app.command()(hold)


def list_runs(
    as_json: Annotated[bool, typer.Option("--json", help="Every run, for a program.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed.")] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="What the schedule says is due and is not there.")
    ] = False,
) -> None:
    """List the newest good run of every report, every failed run, what waits for a second person or
    was refused by one, and your own drafts; or what is missing.

    Level: reader, by the operating system.

    Example: genlib report list --failed
    """
    if failed and missing:
        raise UsageError("give either --failed or --missing: what is missing did not fail")
    settings = load()
    readable, damaged = catalogue.read_runs(settings.reports)
    visible_runs = [run for run in readable if _is_for(run, settings)]
    if missing:
        _tell_missing(visible_runs, settings, as_json=as_json)
        return
    bad = [run for run in visible_runs if run.status == "failed"]
    inside = [run for run in visible_runs if run.status in {DRAFT, FAILED_DRAFT, WAITING, REFUSED}]
    every = visible_runs if as_json else [*newest(visible_runs, GOOD), *bad, *inside]
    listed_runs = bad if failed else every
    if as_json:
        typer.echo(
            json.dumps([_describe(run) for run in listed_runs], ensure_ascii=False, indent=1)
        )
        return
    for folder in damaged:
        typer.echo(
            f"{folder}: manifest.json cannot be read, so this run is in no list; put it back from "
            "a backup, or remove the folder",
            err=True,
        )
    for run in listed_runs:
        cell = run.manifest.get("failed_cell")
        where = f"  cell {cell}, {run.manifest.get('error')}" if cell else ""
        typer.echo(f"{run.status:12}  {run.id}  {run.slot.folder}{where}")
    if not listed_runs:
        is_empty = "no reports yet; make one with genlib report run NAME"
        typer.echo("nothing failed" if failed else is_empty)


def open_report(
    report: Annotated[str, typer.Argument(help="The name of a report, or the id of a run.")],
    language: Annotated[str, typer.Option(help="fi, sv or en.")] = "fi",
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As it was known on a day.")
    ] = None,
) -> None:
    """Show where the newest good page of a report is, or the one of a day, and open it in a browser
    at a terminal.

    Level: reader, by the operating system.

    Example: genlib report open campaign_history --as-of 2026-11-05
    """
    settings = load()
    visible_runs = [run for run in runs(settings.reports) if _is_for(run, settings)]
    named = [run for run in visible_runs if run.id == report]
    day = as_of.date() if as_of else None
    zone = ZoneInfo(settings.time_zone)
    run = named[0] if named else addresses.find_run(visible_runs, report, language, zone, day)
    if run is None:
        others = [
            one for one in index.PAGES if addresses.find_run(visible_runs, report, one, zone, day)
        ]
        there = f"there is one in {' and '.join(others)}: --language {others[0]}" if others else ""
        listed = "genlib report list shows what there is"
        raise UsageError(f"there is no such good run; {there or listed}")
    if run.html is None and run.status == GOOD:
        raise ReportFailed(f"the page of run {run.id} is not there any more: {run.folder}")
    page = run.html or run.notebook
    typer.echo(page)
    if sys.stdout.isatty():
        webbrowser.open(page.resolve().as_uri())


def verify(
    run: RunId,
    notebook: Annotated[
        Path | None, typer.Option(help="The notebook of that day, if it was changed since.")
    ] = None,
) -> None:
    """Make a run again from the same notebook, release, parameters and past, and compare all that
    is no time to the byte. Nothing is kept. Exit code 5 if it came out otherwise.

    Level: reader, by the operating system.

    Example: genlib report verify 2026-11-01T040000Z-5f2c91
    """
    from genlib.reports.verifying import verify_run

    settings = load()
    differing = verify_run(find_run(run, settings), settings, notebook)
    if differing:
        raise ReportFailed(f"made again it differs in {', '.join(differing)}")
    typer.echo(f"the same, to the byte: {run}")


def prune(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell which runs would go.")
    ] = False,
) -> None:
    """Remove the runs that were to be kept until today; those on hold stay. What a second person
    decided under another login (allow, refuse) is carried out. Each run of a report does the same.

    Level: analyst, by the operating system.

    Example: genlib report prune --dry-run
    """
    from genlib.reports.second_person import carry_out_decisions

    settings = load()
    today = settings.day_of(read_clock()).isoformat()
    expired = catalogue.find_expired(settings.reports, today=today)
    for run in expired:
        typer.echo(f"{run.id}  {run.slot.folder}  kept until {run.manifest['kept_until']}")
    if not dry_run:
        decided = carry_out_decisions(settings)
        if decided:
            typer.echo(f"{decided} carried out, as second persons decided")
        catalogue.prune(settings.reports, today=today)
        index.write(settings.reports, settings.time_zone, settings.access)
    typer.echo(f"{len(expired)} {'would go' if dry_run else 'removed'}")


def hold(
    run: RunId,
    reason: Annotated[str, typer.Option(help="Why, in words that name nobody.")] = "",
    end: Annotated[bool, typer.Option("--end", help="The hold is over.")] = False,
) -> None:
    """Keep a run beyond its time, for a court or an authority, until the hold is ended.

    Level: analyst, by the operating system.

    Example: genlib report hold 2026-11-01T040000Z-5f2c91 --reason "asked by the ombudsman"
    """
    if end == bool(reason):
        raise UsageError("give either --reason or --end")
    settings = load()
    held_run = find_run(run, settings)
    if end:
        catalogue.end_hold(held_run)
    else:
        note = {"reason": masked(reason), "by": settings.user, "at": read_clock().isoformat()}
        catalogue.hold(held_run, note, settings.access)
    typer.echo(f"{'no longer on hold' if end else 'on hold'}: {run}")


def find_run(run_id: str, settings: Settings) -> Run:
    """The run of the catalogue with this id, if it is for whoever asks; UsageError."""
    for run in runs(settings.reports):
        if run.id == run_id and _is_for(run, settings):
            return run
    raise UsageError("no run of that id; genlib report list shows the runs with their ids")


def _is_for(run: Run, settings: Settings) -> bool:
    """A draft is its author's alone."""
    is_draft = run.status in {DRAFT, FAILED_DRAFT}
    return not is_draft or run.manifest["user"] == settings.user


def _describe(run: Run) -> dict[str, Any]:
    slot = run.slot
    names = ("finished_at", "kept_until", "failed_cell", "error", "chosen")
    description = {"id": run.id, "status": run.status, "report": slot.report, "period": slot.period}
    description |= {"language": slot.language, "folder": str(run.folder)}
    return description | {name: run.manifest.get(name) for name in names}


def _tell_missing(visible_runs: list[Run], settings: Settings, *, as_json: bool) -> None:
    """The slots of the schedule that are due and have neither a good run nor one that waits for a
    second person."""
    from genlib.schedule.plan import tell_key
    from genlib.schedule.reading import load_plan
    from genlib.schedule.serving import read_tasks
    from genlib.schedule.spreading import read_campaigns
    from genlib.schedule.times import find_due_slots

    plan = load_plan(settings)
    campaigns = read_campaigns(plan, settings, read_tasks(settings))
    slots = find_due_slots(plan, read_clock(), settings.time_zone, campaigns)
    there = [run for run in visible_runs if run.status in {GOOD, WAITING}]
    orders = {run.manifest.get("order") for run in there}
    absent = [slot for slot in slots if slot.key not in orders]
    if as_json:
        keys = [{"slot": slot.key, "due_at": slot.due_at.isoformat()} for slot in absent]
        typer.echo(json.dumps(keys, ensure_ascii=False, indent=1))
        return
    for slot in absent:
        typer.echo(f"missing  {tell_key(slot.key)}  due {slot.due_at:%Y-%m-%d %H:%M} UTC")
    if not absent:
        typer.echo("nothing is missing")
