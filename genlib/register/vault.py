"""Two secrets in one key file, each wrapped once per person under that person's own password.

The identity key opens the direct identifiers and keys their blind indexes; the pseudonym key turns
people into pseudonyms. Wrapping is Argon2id (RFC 9106, its second recommended choice) and
AES-256-GCM. Columns are sealed with AES-256-GCM under a key of their own (HKDF-SHA-256), a random
nonce per value and the column's name as associated data; blind indexes are HMAC-SHA-256.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from genlib.atomic import replacing
from genlib.errors import BadInput, UsageError, WrongPassword

SECRETS = ("identity", "pseudonym")
FORMAT = "genlib-keys-1"
NONCE = 12
COST = {"time": 3, "memory_kib": 65536, "lanes": 4}


@dataclass(frozen=True)
class PseudonymKey:
    """What `publish` needs, and nothing else does. Never shows its bytes."""

    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class IdentityKey:
    """Opens and closes direct identifiers. Never shows its bytes."""

    secret: bytes = field(repr=False)

    def seal(self, series: pl.Series, *, column: str) -> pl.Series:
        """Text → nonce ‖ ciphertext ‖ tag; null stays null. `column` is `table.column`, and the
        same text seals differently each time."""
        cipher = AESGCM(self._derived("seal", column))
        name = column.encode()
        nonces = os.urandom(NONCE * len(series))
        sealed = [
            None
            if text is None
            else nonces[at : at + NONCE]
            + cipher.encrypt(nonces[at : at + NONCE], text.encode(), name)
            for at, text in zip(range(0, len(nonces), NONCE), series.to_list(), strict=True)
        ]
        return pl.Series(series.name, sealed, dtype=pl.Binary)

    def unseal(self, series: pl.Series, *, column: str) -> pl.Series:
        """The text again; BadInput if a value was changed, moved from another column or sealed with
        another key."""
        cipher = AESGCM(self._derived("seal", column))
        name = column.encode()
        try:
            opened = [
                None if v is None else cipher.decrypt(v[:NONCE], v[NONCE:], name).decode()
                for v in series.to_list()
            ]
        except (InvalidTag, ValueError):
            raise BadInput(
                f"{column}: a value does not open with this identity key; it was changed or "
                "belongs elsewhere"
            ) from None
        return pl.Series(series.name, opened, dtype=pl.String)

    def index(self, series: pl.Series, *, column: str) -> pl.Series:
        """Blind index of normalised text: equal texts give equal 32 bytes, and without the key
        nobody can tell whose."""
        key = self._derived("index", column)
        indexed = [
            None if text is None else hmac.digest(key, text.encode(), "sha256")
            for text in series.to_list()
        ]
        return pl.Series(series.name, indexed, dtype=pl.Binary)

    def _derived(self, use: str, column: str) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=f"genlib {use} {column}".encode()).derive(
            self.secret
        )


@dataclass(frozen=True)
class KeyFile:
    """The slots of a key file: who may use which secret. Holds nothing that opens without a
    password."""

    path: Path
    slots: tuple[dict[str, Any], ...]

    @cached_property
    def users(self) -> dict[str, list[str]]:
        """Person → the secrets that person may use."""
        return {
            s["user"]: [t["secret"] for t in self.slots if t["user"] == s["user"]]
            for s in self.slots
        }

    def without(self, user: str, secrets: Sequence[str]) -> list[dict[str, Any]]:
        """The slots but those of a person for these secrets."""
        return [
            slot for slot in self.slots if slot["user"] != user or slot["secret"] not in secrets
        ]

    def unwrap(self, secret: str, user: str, password: str) -> bytes:
        """The bytes of a secret; WrongPassword if this person's password does not open them."""
        slot = next((s for s in self.slots if (s["user"], s["secret"]) == (user, secret)), None)
        if slot is None:
            raise WrongPassword(
                f"{user} has no slot for the {secret} key in {self.path.name}; ask someone who "
                "has: genlib keys add"
            )
        key = _stretched(password, _bytes(slot["salt"]), slot["cost"])
        try:
            return AESGCM(key).decrypt(_bytes(slot["nonce"]), _bytes(slot["wrapped"]), _bound(slot))
        except InvalidTag:
            raise WrongPassword(f"wrong password for {user}, or the key file was changed") from None


def read_keys(path: Path) -> KeyFile:
    """The key file at `path`; UsageError if there is none, BadInput if it is not one."""
    try:
        content = json.loads(path.read_text())
        return KeyFile(path, tuple({FORMAT: content["slots"]}[content["format"]]))
    except FileNotFoundError:
        raise UsageError(f"no key file at {path}; make one with: genlib keys create") from None
    except (ValueError, KeyError, TypeError):
        raise BadInput(f"{path} is not a key file of this version of genlib") from None


def create_keys(
    path: Path, *, user: str, password: str, publisher: tuple[str, str] | None = None
) -> None:
    """A new key file with fresh secrets. With `publisher` (name, password) the two secrets lie in
    two hands, as they should."""
    holders = (user, password), publisher or (user, password)
    if publisher and publisher[0] == user:
        raise UsageError(
            "the publisher is another person than the one who makes the keys; leave the publisher "
            "out to hold both"
        )
    with _locked(path):
        if path.exists():
            raise UsageError(f"{path} exists; a new key file would make the register unreadable")
        _write(
            path,
            [
                _slot(*holder, secret, os.urandom(32))
                for holder, secret in zip(holders, SECRETS, strict=True)
            ],
        )


def add_user(  # noqa: PLR0913 - who gives what to whom, and who is told
    path: Path,
    *,
    user: str,
    password: str,
    new: tuple[str, str],
    secrets: Sequence[str] = SECRETS,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Give `new` (name, password) the named secrets, which `user` must hold; earlier slots for them
    are replaced. `before` is called when all is ready and nothing has changed yet."""
    if unknown := set(secrets) - set(SECRETS):
        raise UsageError(
            f"no secret {', '.join(sorted(unknown))}; there are {' and '.join(SECRETS)}"
        )
    with _locked(path):
        keys = read_keys(path)
        fresh = [_slot(*new, secret, keys.unwrap(secret, user, password)) for secret in secrets]
        _write(path, [*keys.without(new[0], secrets), *fresh], before)


def remove_user(
    path: Path,
    *,
    user: str,
    secrets: Sequence[str] = SECRETS,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Take slots away; UsageError rather than leave a secret that nobody can open. `before` as in
    `add_user`."""
    with _locked(path):
        keys = read_keys(path)
        kept = keys.without(user, secrets)
        if len(kept) == len(keys.slots):
            raise UsageError(f"{user} has no such slot in {path.name}")
        if lost := {s["secret"] for s in keys.slots} - {s["secret"] for s in kept}:
            raise UsageError(
                f"{user} is the last who can open the {', '.join(sorted(lost))} key; add another "
                "person first"
            )
        _write(path, kept, before)


def open_identity(path: Path, *, user: str, password: str) -> IdentityKey:
    """The identity key of a steward; WrongPassword if it does not open."""
    return IdentityKey(read_keys(path).unwrap("identity", user, password))


def open_pseudonym(path: Path, *, user: str, password: str) -> PseudonymKey:
    """The pseudonym key of a publisher; WrongPassword if it does not open."""
    return PseudonymKey(read_keys(path).unwrap("pseudonym", user, password))


def _slot(user: str, password: str, secret: str, value: bytes) -> dict[str, Any]:
    if len(password) < 8:
        raise UsageError("a password needs at least 8 characters")
    salt = os.urandom(16)
    nonce = os.urandom(NONCE)
    slot = {
        "user": user,
        "secret": secret,
        "cost": COST,
        "salt": _text(salt),
        "nonce": _text(nonce),
    }
    wrapped = AESGCM(_stretched(password, salt, COST)).encrypt(nonce, value, _bound(slot))
    return {**slot, "wrapped": _text(wrapped)}


def _bound(slot: dict[str, Any]) -> bytes:
    return f"{FORMAT} {slot['secret']} {slot['user']}".encode()


def _stretched(password: str, salt: bytes, cost: dict[str, int]) -> bytes:
    argon2 = Argon2id(
        salt=salt,
        length=32,
        iterations=cost["time"],
        lanes=cost["lanes"],
        memory_cost=cost["memory_kib"],
    )
    return argon2.derive(password.encode())


def _write(
    path: Path, slots: list[dict[str, Any]], before: Callable[[], None] = lambda: None
) -> None:
    with replacing(path) as file:
        file.write(json.dumps({"format": FORMAT, "slots": slots}, indent=1).encode())
        before()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One change of a key file at a time, so that no slot is lost between reading and writing."""
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
