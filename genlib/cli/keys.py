"""`genlib keys`: who may use which of the two secrets, and at which level."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from genlib import settings
from genlib.cli._telling import telling
from genlib.errors import UsageError
from genlib.register import fingerprints, key_use, rotation, vault
from genlib.register.database import open_register
from genlib.register.keyfile import SECRETS, read_keys
from genlib.register.levels import MOST, check_level

app = typer.Typer(no_args_is_help=True)
Secrets = Annotated[
    list[str] | None,
    typer.Option("--secret", help="identity, pseudonym, or give it twice for both."),
]
Levels = Annotated[
    list[str] | None,
    typer.Option("--level", help="steward, publisher or privacy_officer; may be repeated."),
]
PasswordFile = Annotated[Path | None, typer.Option(help="File with your password.")]
NewPasswordFile = Annotated[Path | None, typer.Option(help="File with the new password.")]
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

    Level: none; you become a privacy officer.

    Example: genlib keys create --publisher bertta
    """
    places = settings.load(password_file=password_file)
    fingerprints.check_keyless(places.register)
    password = settings.password(places, f"new password of {places.user}", twice=True)
    other = (publisher, _password_of(publisher, publisher_password_file)) if publisher else None
    secrets = ["pseudonym"] if publisher else list(SECRETS)
    _tell_before(places, "create", publisher or places.user, secrets)()
    vault.create_keys(places.keys, user=places.user, password=password, publisher=other)
    typer.echo(f"keys {places.keys}")
    if not other:
        typer.echo(
            f"both keys are in the hand of {places.user}; with real customers give the pseudonym "
            "key to another person:",
            err=True,
        )
        typer.echo(
            f"genlib keys add NAME --level publisher && genlib keys remove {places.user} "
            "--secret pseudonym",
            err=True,
        )


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who gets a slot, or a new password.")],
    level: Levels = None,
    secret: Secrets = None,
    new_password_file: OtherPasswordFile = None,
    password_file: PasswordFile = None,
) -> None:
    """Give a person a level that you have, in a slot of the key file with a password of that
    person's own; with --secret, at the level at which you have the secret.

    Level: the one that is given.

    Example: genlib keys add bertta --level publisher
    """
    if bool(level) == bool(secret):
        raise UsageError("name either --level or --secret")
    places = settings.load(password_file=password_file)
    keys = read_keys(places.keys)
    grants = vault.find_grants(keys, places.user, secret or [], level or [])
    for grant in grants:
        check_level(keys.levels, places.user, grant)
    password = settings.password(places, f"password of {places.user}")
    new = (name, _password_of(name, new_password_file))
    with key_use.telling_failure(places, ", ".join(grant.secret for grant in grants), "keys add"):
        vault.add_user(
            places.keys,
            user=places.user,
            password=password,
            new=new,
            secrets=[],
            levels=[grant.name for grant in grants],
            before=_tell_before(places, "add", name, [grant.secret for grant in grants]),
        )
    typer.echo(f"{name}: {', '.join(grant.name for grant in grants)}")


@app.command()
def password(new_password_file: NewPasswordFile = None, password_file: PasswordFile = None) -> None:
    """Change your own password; those of your slots that open with the old one get the new one.

    Level: any; the old password is asked for.

    Example: genlib keys password
    """
    places = settings.load(password_file=password_file)
    old = settings.password(places, f"old password of {places.user}")
    new = _password_of(places.user, new_password_file)
    with key_use.telling_failure(places, ", ".join(SECRETS), "keys password"):
        changed = vault.change_password(
            places.keys,
            user=places.user,
            password=old,
            new=new,
            before=_tell_before(places, "password", places.user, list(SECRETS)),
        )
    typer.echo(f"{places.user}: a new password for {', '.join(changed)}")


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Whose slots go.")],
    secret: Secrets = None,
    password_file: PasswordFile = None,
) -> None:
    """Take a person's slots away, or those of one secret; a secret must keep one person who can
    open it. Whoever knew a secret knows it still: genlib keys rotate makes another.

    Level: privacy_officer, or that of the slot.

    Example: genlib keys remove bertta
    """
    places = settings.load(password_file=password_file)
    secrets = secret or list(SECRETS)
    password = settings.password(places, f"password of {places.user}")
    with key_use.telling_failure(places, ", ".join(secrets), "keys remove"):
        vault.check_remover(
            places.keys, user=places.user, password=password, whose=name, secrets=secrets
        )
    vault.remove_user(
        places.keys,
        user=name,
        secrets=secrets,
        before=_tell_before(places, "remove", name, secrets),
    )
    typer.echo(f"{name}: no {', '.join(secrets)}")


@app.command()
def rotate(
    secret: Annotated[str, typer.Option(help="identity, or pseudonym.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    no_register: Annotated[bool, typer.Option(help="There is none yet to seal anew.")] = False,
    password_file: PasswordFile = None,
) -> None:
    """Put another secret in the place of one: what the old identity key sealed is sealed anew, or
    releases begin a new epoch of pseudonyms. The others who hold it lose their slots. Killed, it
    goes on when it is called again; until then nothing else opens a key.

    Level: privacy_officer for identity, publisher for pseudonym.

    Example: genlib keys rotate --secret identity
    """
    places = settings.load(password_file=password_file)
    keys = read_keys(places.keys)
    register = None if no_register else open_register(places.register)
    if secret in MOST:
        check_level(keys.levels, places.user, MOST[secret])
    others = sorted(
        user for user, secrets in keys.users.items() if secret in secrets and user != places.user
    )
    if others and not yes:
        typer.confirm(f"{', '.join(others)} will need a new slot. Go on?", abort=True)
    password = settings.password(places, f"password of {places.user}")
    with key_use.telling_failure(places, secret, "keys rotate"):
        lost = rotation.begin_rotation(
            places.keys,
            user=places.user,
            password=password,
            secret=secret,
            before=_tell_before(places, "rotate", places.user, [secret]),
        )
    with telling("sealing anew") as progress:
        count = rotation.finish_rotation(
            places.keys, register, user=places.user, password=password, progress=progress
        )
    typer.echo(f"{secret}: another secret; {count:,} rows sealed anew")
    for holder in lost:
        typer.echo(f"genlib keys add {holder.user} --level {holder.shows}")


@app.command()
def info() -> None:
    """Who may use which secret, and at which level.

    Level: none.

    Example: genlib keys info
    """
    keys = read_keys(settings.load().keys)
    for user, secrets in sorted(keys.users.items()):
        levels = [level.name for level in keys.levels[user]]
        typer.echo(f"{user:20} {', '.join(secrets):22} {', '.join(levels)}")
    if keys.rotating:
        typer.echo(f"the {keys.rotating} key is being replaced, and that is not finished")


def _tell_before(
    places: settings.Settings, act: str, name: str, secrets: list[str]
) -> Callable[[], None]:
    """Who may open what stands in the trail before it holds - once there is a register, for keys
    come first."""
    detail = {"person": name, "secrets": secrets}

    def tell() -> None:
        key_use.tell_act(places, f"keys {act}", detail)

    return tell


def _password_of(name: str, path: Path | None) -> str:
    """The password that somebody else chooses: from their file or typed twice."""
    if path:
        return settings.from_secret_file(path)
    return settings.typed(
        f"new password of {name}",
        twice=True,
        or_else="--new-password-file or --publisher-password-file",
    )
