"""`genlib publish`: through door 1."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from genlib import notice, settings
from genlib.cli._erasing import find_shelves
from genlib.clock import read_clock
from genlib.publish import writer
from genlib.register import journal, key_use
from genlib.register.database import open_register
from genlib.release import Manifest
from genlib.rights.releases import finish_releases
from genlib.rights.requests import Officer

app = typer.Typer()


@app.command()
def publish(
    purposes: Annotated[
        list[str] | None,
        typer.Argument(help="Release purposes of the notice; all of them by default."),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password of your slot of the pseudonym key.")
    ] = None,
) -> None:
    """Publish a release for each purpose, as the register is now, and make it the current one.

    Level: publisher.

    Example: genlib publish customer_analysis satisfaction
    """
    places = settings.load(password_file=password_file)
    terms = notice.load(places.notice)
    wanted = purposes or list(terms.releases)
    for purpose in wanted:
        terms.release(purpose)
    register = open_register(places.register)
    password = settings.password(places, "password of the pseudonym key")
    key = key_use.open_pseudonym(places, password, "publish")
    journal.check_finished(register, places.common)
    officer = Officer(register, places.user, read_clock(), None, places.time_zone)
    finish_releases(officer, key, find_shelves(places))
    for purpose in wanted:
        now = read_clock()
        with Console(stderr=True).status(purpose) as status:
            manifest = writer.publish(
                purpose,
                register,
                key,
                notice=terms,
                releases=places.releases,
                now=now,
                time_zone=places.time_zone,
                common=places.common,
                data=places.data,
                access=places.access_of(purpose),
                progress=lambda table, rows: status.update(f"{table} {rows:,}"),
            )
        typer.echo(summary(manifest))
        if not manifest.people:
            typer.echo(
                f"genlib: nobody is in this release of {purpose}: everybody in the register was "
                "left out",
                err=True,
            )


def summary(manifest: Manifest) -> str:
    """One line: which release, of how many people, without whom, how anonymous."""
    without = (
        ", ".join(
            f"{count} {reason.replace('_', ' ')}"
            for reason, count in manifest.left_out.items()
            if count
        )
        or "nobody"
    )
    return (
        f"{manifest.purpose} {manifest.release_id}: {manifest.people} people, left out: {without}; "
        f"k = {manifest.k['reached']}"
    )
