"""What commands about the register share: its key, and telling how far long work is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from genlib import settings
from genlib.register import key_use, vault
from genlib.register.keyfile import read_keys
from genlib.register.levels import STEWARD, Level, check_level

PasswordFile = Annotated[
    Path | None, typer.Option(help="File with the password of your slot of the identity key.")
]
TOLD_ROWS = 655_360


def open_identity(
    places: settings.Settings, command: str, level: Level = STEWARD
) -> vault.IdentityKey:
    """The identity key, with the password of the user of the settings; the audit trail tells which
    command opened it. Refused, before it is asked for, if that user has not the level."""
    holders = read_keys(places.keys).levels
    check_level(holders, places.user, level)
    password = settings.password(places, "password of the identity key")
    key = key_use.open_identity(places, password, command)
    check_level(holders | {places.user: [key.level]}, places.user, level)
    return key


@contextmanager
def telling(title: str) -> Iterator[Callable[[str, int], None]]:
    """What is being done, moving on a terminal and in plain lines elsewhere."""
    console = Console(stderr=True)

    def tell(table: str, rows: int) -> None:
        if console.is_terminal:
            status.update(f"{title}: {table} {rows:,}")
        elif rows % TOLD_ROWS == 0:
            typer.echo(f"{title}: {table} {rows:,}", err=True)

    with console.status(title) as status:
        yield tell
