"""`genlib feed`: what a source's files would do, before anything is kept."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from genlib import settings
from genlib.cli._refreshing import FilesFolder, read_sources
from genlib.cli._telling import PasswordFile, open_identity
from genlib.register.database import open_register
from genlib.register.refresh import Refresh

app = typer.Typer(no_args_is_help=True)
TOLD = 20
"""How many refused rows of a table are told; a refresh writes them all."""


@app.callback()
def feed() -> None:
    """Check what the systems of the company send."""


@app.command()
def check(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="Folders in the register's own layout, or feeds.", metavar="FEED_OR_FOLDER..."
        ),
    ],
    files: FilesFolder = None,
    password_file: PasswordFile = None,
) -> None:
    """Tell what a refresh would do - rows new, changed by column, unchanged, refused - and keep
    nothing; exit code 4 if rows would be refused.

    Example: genlib feed check data/sample
    """
    places = settings.load(password_file=password_file)
    work = Refresh(
        open_register(places.register),
        open_identity(places),
        places.home / "rejected",
        artificial=places.artificial,
    )
    found = work.check(read_sources(places, inputs, files, dt.datetime.now(dt.UTC)))
    for outcome, refused in found:
        typer.echo("\n".join([str(outcome), *outcome.notices]))
        faults = pl.read_csv(io.BytesIO(refused), infer_schema=False)
        for row, column, rule in faults.head(TOLD).iter_rows():
            typer.echo(f"  row {row}: {column} {rule}")
    typer.echo("nothing was kept")
    if any(outcome.refused for outcome, _ in found):
        raise typer.Exit(4)
