"""The commands of `genlib register` that give people a login to a register on a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genlib import settings
from genlib.register import logins
from genlib.register.database import open_register

Address = Annotated[
    str | None,
    typer.Option(
        "--url",
        help="Where, if not where the settings say. Leave the password out, for others see what "
        "you type: the server's client takes it from PGPASSFILE.",
    ),
]
Name = Annotated[str, typer.Argument(help="The name that the person logs in with.")]


def choose_address(url: str | None) -> str:
    """The address that was said, else that of the settings."""
    return url or settings.load().register


def add_commands(app: typer.Typer) -> None:
    """Add them to the group `register`."""
    for command in (grant, revoke, logins_of):
        app.command("logins" if command is logins_of else None)(command)


def grant(
    name: Name,
    level: Annotated[
        str, typer.Option(help="reader, analyst, publisher, steward or privacy_officer.")
    ],
    new_password_file: Annotated[
        Path | None, typer.Option(help="File with that person's new password; else it is typed.")
    ] = None,
    url: Address = None,
) -> None:
    """Give a person a login of their own to a register on a server, or another level. A new login
    is asked for its password; whoever has one keeps it unless a file is named.

    Level: none; whoever owns the database.

    Example: genlib register grant bertta --level publisher --url postgresql://admin@host/register
    """
    register = open_register(choose_address(url))
    is_known = logins.has_login(register, name)
    password = None
    if new_password_file:
        password = settings.from_secret_file(new_password_file)
    elif not is_known:
        password = settings.typed(
            "new password of the login", twice=True, or_else="--new-password-file"
        )
    logins.grant_level(register, name, level, password=password)
    typer.echo(f"{name}: {level}")


def revoke(name: Name, url: Address = None) -> None:
    """Take a person's level away, at once; the login is closed unless it has a level of another
    register on that server.

    Level: none; whoever owns the database.

    Example: genlib register revoke bertta --url postgresql://admin@host/register
    """
    is_closed = logins.revoke_login(open_register(choose_address(url)), name)
    typer.echo(f"{name}: no level{', the login is closed' if is_closed else ''}")


def logins_of(url: Address = None) -> None:
    """Who may log in to a register on a server, and the level of each.

    Level: none; whoever may read the roles of the server.

    Example: genlib register logins
    """
    for name, level in logins.list_logins(open_register(choose_address(url))):
        typer.echo(f"{name:20} {level}")
