"""`genlib register refresh` and what belongs to it: the history, and taking a refresh back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from genlib import settings
from genlib.cli._telling import PasswordFile, open_identity, telling
from genlib.register.batches import read_folder
from genlib.register.database import open_register
from genlib.register.refresh import Refresh

AS_OF = "%Y-%m-%dT%H:%M:%SZ"


def add_commands(app: typer.Typer) -> None:
    """Put the commands into the group of the register."""
    app.command()(refresh)


def refresh(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="Folders in the register's own layout, or feeds.", metavar="FEED_OR_FOLDER..."
        ),
    ],
    rejected: Annotated[
        Path | None,
        typer.Option(help="Where to tell the refused rows; default: rejected/ in the workbench."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="The files are all that the source has: mark the rest.")
    ] = False,
    as_of: Annotated[
        dt.datetime | None,
        typer.Option(help="Of when the files speak, in UTC; default: when they were written."),
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """Bring the register up to the next state of its sources: new rows are added, changed ones
    changed, the rest left; exit code 4 if rows were refused. The same input again changes nothing.

    Example: genlib register refresh data/sample
    """
    places = settings.load(password_file=password_file)
    instant = as_of.replace(tzinfo=dt.UTC) if as_of else None
    sources = [source for one in inputs for source in read_folder(one, instant)]
    names = [source.path.name.lower() for source in sources]
    target = rejected or places.home / "rejected"
    with telling("refreshing") as progress:
        work = Refresh(
            open_register(places.register),
            open_identity(places),
            target,
            artificial=places.artificial,
            is_whole=full,
            progress=progress,
        )
        outcomes = work.run(sources, names)
    for one in outcomes:
        typer.echo("\n".join([str(one), *one.notices]))
    changes = sum(one.fresh + one.changed for one in outcomes)
    typer.echo(f"refresh {outcomes[0].run}: {changes or 'no'} rows added or changed")
    refused = sum(one.refused for one in outcomes)
    if refused:
        typer.echo(
            f"{refused} rows were refused; {target} tells which, by row, column and rule", err=True
        )
        raise typer.Exit(4)
