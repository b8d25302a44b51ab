"""Opening a key leaves an event in the audit trail, and so does a password that opens nothing.

Example: `open_identity(places, password, "register load")` gives the key and leaves the event
`key use` with the secret and the command; a wrong password leaves `password failed` instead. Where
there is no register yet, there is no trail, and nothing fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from genlib.errors import GenlibError, RegisterNotFound, WrongPassword
from genlib.register import audit, vault
from genlib.register.database import open_register
from genlib.settings import Settings


def open_identity(places: Settings, password: str, command: str) -> vault.IdentityKey:
    """The identity key of the user of the settings, once its use stands in the trail."""
    with _telling_use(places, "identity", command):
        return vault.open_identity(places.keys, user=places.user, password=password)


def open_pseudonym(places: Settings, password: str, command: str) -> vault.PseudonymKey:
    """The pseudonym key of the user of the settings, once its use stands in the trail."""
    with _telling_use(places, "pseudonym", command):
        return vault.open_pseudonym(places.keys, user=places.user, password=password)


def tell_act(
    places: Settings, action: str, detail: Mapping[str, Any], *, purpose: str = "register"
) -> bool:
    """Append an event of the user of the settings; False where there is no register yet."""
    try:
        register = open_register(places.register)
    except RegisterNotFound:
        return False
    audit.record(
        register, purpose=purpose, action=action, people=0, detail=detail, user=places.user
    )
    return True


@contextmanager
def telling_failure(places: Settings, secret: str, command: str) -> Iterator[None]:
    """A password that opens nothing is told before it is refused; it is refused even if that
    cannot be told."""
    try:
        yield
    except WrongPassword:
        detail = {"secret": secret, "command": command}
        with suppress(GenlibError, OSError):
            tell_act(places, "password failed", detail)
        raise


@contextmanager
def _telling_use(places: Settings, secret: str, command: str) -> Iterator[None]:
    """The use is told when the key has opened; nobody has the key unless it stands."""
    with telling_failure(places, secret, command):
        yield
    tell_act(places, "key use", {"secret": secret, "command": command})
