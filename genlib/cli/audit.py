"""`genlib audit`: what was done, and whether the trail of it is whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from genlib import settings
from genlib.register import audit, trail_file
from genlib.register.chain import read_anchor
from genlib.register.database import open_register
from genlib.workdays import find_instant

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(
    last: Annotated[int, typer.Option(help="How many of the latest events.", min=1)] = 20,
    action: Annotated[str, typer.Option(help="Only events of this action.")] = "",
    since: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only from this day on.")
    ] = None,
) -> None:
    """The latest events: when, who, for which purpose, what, how many people.

    Level: privacy_officer, by the operating system.

    Example: genlib audit show --last 50 --action "key use" --since 2026-11-01
    """
    places = settings.load()
    zone = ZoneInfo(places.time_zone)
    instant = find_instant(since.date(), dt.time(), zone) if since else None
    register = open_register(places.register)
    for row in audit.list_events(register, last=last, action=action, since=instant):
        typer.echo(
            f"{row.id:>6} {row.at:%Y-%m-%dT%H:%M:%SZ} {row.user:12} {row.purpose:20} "
            f"{row.action:24} {row.people:>9,}"
        )


@app.command()
def verify(
    anchor: Annotated[
        Path | None, typer.Option(help="An anchor file that was kept elsewhere.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="An export of the trail, in place of the register's.")
    ] = None,
) -> None:
    """Find any event that was changed, removed, moved or cut off; exit code 1 if there is one. An
    export is held against an anchor only if one is named: a copy made with it.

    Level: privacy_officer, by the operating system.

    Example: genlib audit verify
             genlib audit verify --file trail.jsonl --anchor register.sqlite.audit
    """
    if file:
        head = trail_file.check_file(file, read_anchor(anchor) if anchor else None)
        comparison = f"anchor {anchor}" if anchor else f"compare the head: {head.digest.hex()}"
        typer.echo(f"{head.number} events, none changed, removed or cut off; {comparison}")
        return
    register = open_register(settings.load().register)
    events = audit.verify(register, anchor=anchor)
    typer.echo(
        f"{events} events, none changed, removed or cut off; anchor "
        f"{anchor or audit.anchor_path(register)}"
    )


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A new file, for its owner only.", dir_okay=False)],
) -> None:
    """Write the whole trail as JSON lines with their digests; that it was exported is its last
    event. Keep a copy of the anchor with it.

    Level: privacy_officer, by the operating system.

    Example: genlib audit export trail.jsonl
    """
    places = settings.load()
    register = open_register(places.register)
    trail_file.check_new(file)
    audit.record(register, purpose="register", action="audit export", people=0, user=places.user)
    head = trail_file.export_trail(register, file)
    typer.echo(f"{file}: {head.number} events, head {head.digest.hex()}")
