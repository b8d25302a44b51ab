"""`genlib retention`: what was kept long enough goes."""

from __future__ import annotations

from typing import Annotated

import typer

from genlib import notice, settings
from genlib.cli._erasing import find_workplace, finish_left
from genlib.cli._telling import PasswordFile, open_identity
from genlib.clock import read_clock
from genlib.register import fingerprints
from genlib.register.database import open_register
from genlib.register.levels import PRIVACY_OFFICER
from genlib.rights import retention
from genlib.rights.requests import Officer

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
    places = settings.load(password_file=password_file)
    terms = notice.load(places.notice)
    register = open_register(places.register)
    key = open_identity(places, "retention sweep", PRIVACY_OFFICER)
    fingerprints.check_key(register, key)
    officer = Officer(register, places.user, read_clock(), key, places.time_zone)
    finish_left(places, officer, key)
    place = find_workplace(places, key)
    found = retention.sweep(officer, place, terms, is_trial=dry_run)
    for one in found:
        _say(one, terms.retention[one.rule].ground)
    if not found:
        typer.echo("nothing is older than the notice says")


def _say(one: retention.Swept, ground: str) -> None:
    """A line by table and ground."""
    act = "to be reviewed" if one.table == "suppression" else "go"
    typer.echo(f"{one.table}: {one.count} {act} ({one.rule}: {ground})")
