"""`genlib keys`: who may use which of the two secrets."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from genlib.errors import UsageError

app = typer.Typer(help="Make the key file and give people their own slot in it.", no_args_is_help=True)
Secrets = Annotated[list[str], typer.Option("--secret", help="identity, pseudonym, or give it twice for both.")]
PasswordFile = Annotated[Path | None, typer.Option(help="File with your password.")]


@app.command()
def create(
    publisher: Annotated[str | None, typer.Option(help="The other person, who alone gets the pseudonym key.")] = None,
    publisher_password_file: Annotated[Path | None, typer.Option(help="File with that person's password.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """Make the key file: the identity key for you, the pseudonym key for another person.

    Example: genlib keys create --publisher bertta
    """
    from genlib import settings
    from genlib.register.vault import create_keys

    places = settings.with_password_file(settings.load(), password_file)
    password = settings.password(places, f"new password of {places.user}")
    if settings.password(places, "the same again") != password:
        raise UsageError("the two passwords differ")
    other = (publisher, _new_password(publisher, publisher_password_file)) if publisher else None
    create_keys(places.keys, user=places.user, password=password, publisher=other)
    typer.echo(f"keys {places.keys}")
    if not other:
        typer.echo(f"both keys are in the hand of {places.user}; with real customers give the pseudonym key to another person:", err=True)
        typer.echo(f"genlib keys add NAME --secret pseudonym && genlib keys remove {places.user} --secret pseudonym", err=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who gets a slot, or a new password.")],
    secret: Secrets,
    new_password_file: Annotated[Path | None, typer.Option(help="File with that person's password.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """Give a person a slot of their own for a secret that you can open.

    Example: genlib keys add bertta --secret pseudonym
    """
    from genlib import settings
    from genlib.register.vault import add_user

    places = settings.with_password_file(settings.load(), password_file)
    password = settings.password(places, f"password of {places.user}")
    add_user(places.keys, user=places.user, password=password, new=(name, _new_password(name, new_password_file)), secrets=secret)
    typer.echo(f"{name}: {', '.join(secret)}")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Whose slot goes.")], secret: Secrets) -> None:
    """Take a person's slot away; a secret must keep one person who can open it.

    Example: genlib keys remove bertta --secret pseudonym
    """
    from genlib import settings
    from genlib.register.vault import remove_user

    remove_user(settings.load().keys, user=name, secrets=secret)
    typer.echo(f"{name}: no {', '.join(secret)}")


@app.command()
def info() -> None:
    """Who may use which secret.

    Example: genlib keys info
    """
    from genlib import settings
    from genlib.register.vault import read_keys

    for user, secrets in sorted(read_keys(settings.load().keys).users.items()):
        typer.echo(f"{user:20} {', '.join(secrets)}")


def _new_password(name: str, path: Path | None) -> str:
    """The password that somebody else chooses: from their file or typed twice."""
    from genlib import settings

    if path:
        return settings.from_secret_file(path)
    if not sys.stdin.isatty():
        raise UsageError(f"the password of {name} is needed: name a file with --new-password-file or --publisher-password-file")
    first, again = getpass.getpass(f"new password of {name}: "), getpass.getpass("the same again: ")
    if first != again:
        raise UsageError("the two passwords differ")
    return first
