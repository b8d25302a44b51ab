"""`genlib retention`: what was kept long enough goes."""

from __future__ import annotations

from typing import Annotated

import typer

from genlib import notice
from genlib.cli._erasing import find_workplace, finish_left, open_officer
from genlib.cli._telling import PasswordFile
from genlib.rights import retention

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None: ...


@app.command()
def sweep(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would go, and keep everything.")
    ] = False,
    password_file: PasswordFile = None,
) -> None:
    """Remove what the notice's retention says must go, and tell it by table and ground; to be run
    every night. It ends erasures of which only the books were left.

    Level: privacy_officer.

    Example: genlib retention sweep --dry-run
    """
    places, officer, key = open_officer(password_file, "retention sweep")
    terms = notice.load(places.notice)
    finish_left(places, officer, key)
    place = find_workplace(places, key)
    removals = retention.sweep(officer, place, terms, is_trial=dry_run)
    for one in removals:
        _say(one, terms.retention[one.rule].ground)
    if not removals:
        typer.echo("nothing is older than the notice says")


def _say(one: retention.Swept, ground: str) -> None:
    """A line by table and ground."""
    act = "to be reviewed" if one.table == "suppression" else "go"
    typer.echo(f"{one.table}: {one.count} {act} ({one.rule}: {ground})")
