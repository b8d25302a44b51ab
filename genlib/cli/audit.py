"""`genlib audit`: what was done, and whether the trail of it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genlib import settings
from genlib.register import audit
from genlib.register.database import open_register
from genlib.register.schema import table

app = typer.Typer(no_args_is_help=True)


@app.command()
def verify(
    anchor: Annotated[
        Path | None, typer.Option(help="An anchor file that was kept elsewhere.")
    ] = None,
) -> None:
    """Find any event that was changed, removed or cut off; exit code 1 if there is one.

    Level: privacy_officer, by the operating system.

    Example: genlib audit verify
    """
    register = open_register(settings.load().register)
    events = audit.verify(register, anchor=anchor)
    typer.echo(
        f"{events} events, none changed, removed or cut off; anchor "
        f"{anchor or audit.anchor_path(register)}"
    )


@app.command("list")
def listed(
    last: Annotated[int, typer.Option(help="How many of the latest events.", min=1)] = 20,
) -> None:
    """The latest events: when, who, for which purpose, what, how many people.

    Level: privacy_officer, by the operating system.

    Example: genlib audit list --last 50
    """
    events = table("audit_event")
    with open_register(settings.load().register).engine.connect() as connection:
        rows = connection.execute(events.select().order_by(events.c.id.desc()).limit(last)).all()
    for row in reversed(rows):
        typer.echo(
            f"{row.id:>6} {row.at:%Y-%m-%dT%H:%M:%SZ} {row.user:12} {row.purpose:20} "
            f"{row.action:24} {row.people:>9,}"
        )
