"""`genlib publish`: through door 1."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from genlib.release import Manifest

app = typer.Typer(help="Publish pseudonymised releases.")


@app.command()
def publish(
    purposes: Annotated[list[str] | None, typer.Argument(help="Release purposes of the notice; all of them by default.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the password of your slot of the pseudonym key.")] = None,
) -> None:
    """Publish a release for each purpose, as the register is now, and make it the current one.

    Example: genlib publish customer_analysis satisfaction
    """
    from rich.console import Console

    from genlib import notice, settings
    from genlib.publish.writer import publish as through_door
    from genlib.register import audit
    from genlib.register.database import open_register
    from genlib.register.vault import open_pseudonym

    places = settings.with_password_file(settings.load(), password_file)
    terms = notice.load(places.notice)
    wanted = purposes or list(terms.releases)
    for purpose in wanted:
        terms.release(purpose)
    register = open_register(places.register)
    key = open_pseudonym(places.keys, user=places.user, password=settings.password(places, "password of the pseudonym key"))
    for purpose in wanted:
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        with Console(stderr=True).status(purpose) as status:
            made = through_door(
                purpose,
                register,
                key,
                notice=terms,
                releases=places.releases,
                now=now,
                data=places.data,
                progress=partial(_tell, status.update, purpose),
            )
        detail = {"release": made.release_id, "notice": made.notice_version}
        audit.record(register, user=places.user, purpose=purpose, action="publish", people=made.people, detail=detail)
        typer.echo(summary(made))


def _tell(update: Callable[[str], None], purpose: str, table: str, rows: int) -> None:
    update(f"{purpose}: {table} {rows:,}")


def summary(made: Manifest) -> str:
    """One line: which release, of how many people, without whom, how anonymous."""
    without = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in made.left_out.items() if count) or "nobody"
    return f"{made.purpose} {made.release_id}: {made.people} people, left out: {without}; k = {made.k['reached']}"
