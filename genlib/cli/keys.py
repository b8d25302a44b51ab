"""`genlib keys`: who may use which of the two secrets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from genlib import settings
from genlib.register import fingerprints, key_use, vault

app = typer.Typer(no_args_is_help=True)
Secrets = Annotated[
    list[str], typer.Option("--secret", help="identity, pseudonym, or give it twice for both.")
]
PasswordFile = Annotated[Path | None, typer.Option(help="File with your password.")]
OtherPasswordFile = Annotated[Path | None, typer.Option(help="File with that person's password.")]


@app.command()
def create(
    publisher: Annotated[
        str | None, typer.Option(help="The other person, who alone gets the pseudonym key.")
    ] = None,
    publisher_password_file: OtherPasswordFile = None,
    password_file: PasswordFile = None,
) -> None:
    """Make the key file: the identity key for you, the pseudonym key for another person. Refused
    beside a register that has its keys already.

    Example: genlib keys create --publisher bertta
    """
    places = settings.load(password_file=password_file)
    fingerprints.check_keyless(places.register)
    password = settings.password(places, f"new password of {places.user}", twice=True)
    other = (publisher, _password_of(publisher, publisher_password_file)) if publisher else None
    told = ["pseudonym"] if publisher else list(vault.SECRETS)
    _tell_before(places, "create", publisher or places.user, told)()
    vault.create_keys(places.keys, user=places.user, password=password, publisher=other)
    typer.echo(f"keys {places.keys}")
    if not other:
        typer.echo(
            f"both keys are in the hand of {places.user}; with real customers give the pseudonym "
            "key to another person:",
            err=True,
        )
        typer.echo(
            f"genlib keys add NAME --secret pseudonym && genlib keys remove {places.user} "
            "--secret pseudonym",
            err=True,
        )


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who gets a slot, or a new password.")],
    secret: Secrets,
    new_password_file: OtherPasswordFile = None,
    password_file: PasswordFile = None,
) -> None:
    """Give a person a slot of their own for a secret that you can open.

    Example: genlib keys add bertta --secret pseudonym
    """
    places = settings.load(password_file=password_file)
    password = settings.password(places, f"password of {places.user}")
    new = (name, _password_of(name, new_password_file))
    with key_use.telling_failure(places, ", ".join(secret), "keys add"):
        vault.add_user(
            places.keys,
            user=places.user,
            password=password,
            new=new,
            secrets=secret,
            before=_tell_before(places, "add", name, secret),
        )
    typer.echo(f"{name}: {', '.join(secret)}")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Whose slot goes.")], secret: Secrets) -> None:
    """Take a person's slot away; a secret must keep one person who can open it.

    Example: genlib keys remove bertta --secret pseudonym
    """
    places = settings.load()
    vault.remove_user(
        places.keys, user=name, secrets=secret, before=_tell_before(places, "remove", name, secret)
    )
    typer.echo(f"{name}: no {', '.join(secret)}")


@app.command()
def info() -> None:
    """Who may use which secret.

    Example: genlib keys info
    """
    for user, secrets in sorted(vault.read_keys(settings.load().keys).users.items()):
        typer.echo(f"{user:20} {', '.join(secrets)}")


def _tell_before(
    places: settings.Settings, act: str, name: str, secrets: list[str]
) -> Callable[[], None]:
    """Who may open what stands in the trail before it holds - once there is a register, for keys
    come first."""
    detail = {"person": name, "secrets": secrets}
    return lambda: key_use.tell_act(places, f"keys {act}", detail)


def _password_of(name: str, path: Path | None) -> str:
    """The password that somebody else chooses: from their file or typed twice."""
    if path:
        return settings.from_secret_file(path)
    return settings.typed(
        f"new password of {name}",
        twice=True,
        or_else="--new-password-file or --publisher-password-file",
    )
