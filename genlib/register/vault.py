"""Two secrets in one key file, each wrapped once per person under that person's own password.

The identity key opens the direct identifiers and keys their blind indexes; the pseudonym key turns
people into pseudonyms. Wrapping is Argon2id (RFC 9106, its second recommended choice) and
AES-256-GCM. Columns are sealed with AES-256-GCM under a key of their own (HKDF-SHA-256), a random
nonce per value and the column's name as associated data; blind indexes are HMAC-SHA-256.

The file also holds the fingerprints of both secrets, so that whoever opens one of them can say to a
register which other one belongs to it. A fingerprint tells nothing of its secret.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from genlib.atomic import replacing
from genlib.errors import BadInput, UsageError, WrongPassword
from genlib.private import make_home

SECRETS = ("identity", "pseudonym")
FORMAT = "genlib-keys-1"
NONCE = 12
SALT = 16
SECRET = 32
FINGERPRINT = 16
TAG = 16
COST = {"time": 3, "memory_kib": 65536, "lanes": 4}
COST_LIMITS = {"time": 10, "memory_kib": 2 * 2**20, "lanes": 64}
"""A key file that asks for more (2 GiB is the first choice of RFC 9106) was damaged."""


@dataclass(frozen=True)
class Key:
    """One of the two secrets, and the file that it was opened from. Never shows its bytes."""

    name: ClassVar[str]
    secret: bytes = field(repr=False)
    file: Path | None = field(default=None, repr=False, compare=False)
    companions: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Name → fingerprint of the other secrets of the file, if it tells them."""

    @property
    def fingerprint(self) -> bytes:
        """16 bytes that tell this key from others and nothing of the key itself
        (HKDF-SHA-256)."""
        info = f"genlib fingerprint {self.name}".encode()
        return HKDF(SHA256(), FINGERPRINT, salt=None, info=info).derive(self.secret)


@dataclass(frozen=True)
class PseudonymKey(Key):
    """What `publish` needs, and nothing else does."""

    name: ClassVar[str] = "pseudonym"


@dataclass(frozen=True)
class IdentityKey(Key):
    """Opens and closes direct identifiers."""

    name: ClassVar[str] = "identity"

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

    def opens(self, sealed: bytes, *, column: str) -> bool:
        """Whether a stored value was sealed with this key."""
        try:
            self.unseal(pl.Series([sealed], dtype=pl.Binary), column=column)
        except BadInput:
            return False
        return True

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


OneKey = TypeVar("OneKey", IdentityKey, PseudonymKey)


@dataclass(frozen=True)
class Slot:
    """One secret, wrapped for one person. `cost` is that of Argon2id: time, memory_kib, lanes."""

    user: str
    secret: str
    cost: dict[str, int]
    salt: bytes
    nonce: bytes
    wrapped: bytes

    @property
    def bound(self) -> bytes:
        """What the wrapping is bound to, so that no slot serves another person or secret."""
        return _bound(self.secret, self.user)

    def to_json(self) -> dict[str, Any]:
        """The form that stands in the key file."""
        return {
            "user": self.user,
            "secret": self.secret,
            "cost": self.cost,
            "salt": _text(self.salt),
            "nonce": _text(self.nonce),
            "wrapped": _text(self.wrapped),
        }


@dataclass(frozen=True)
class KeyFile:
    """The slots of a key file: who may use which secret. Holds nothing that opens without a
    password."""

    path: Path
    slots: tuple[Slot, ...]
    fingerprints: Mapping[str, bytes] = field(default_factory=dict)
    """Secret → its fingerprint; empty in a file of an earlier version."""

    @property
    def users(self) -> dict[str, list[str]]:
        """Person → the secrets that person may use."""
        found: dict[str, list[str]] = {}
        for slot in self.slots:
            found.setdefault(slot.user, []).append(slot.secret)
        return found

    def without(self, user: str, secrets: Sequence[str]) -> list[Slot]:
        """The slots but those of a person for these secrets."""
        return [slot for slot in self.slots if slot.user != user or slot.secret not in secrets]

    def unwrap(self, secret: str, user: str, password: str) -> bytes:
        """The bytes of a secret; WrongPassword if this person's password does not open them."""
        slot = next((s for s in self.slots if (s.user, s.secret) == (user, secret)), None)
        if slot is None:
            raise WrongPassword(
                f"this user has no slot for the {secret} key in {self.path.name}; ask someone who "
                "has (genlib keys add), or say with GENLIB_USER who you are"
            )
        key = _stretched(password, slot.salt, slot.cost)
        try:
            return AESGCM(key).decrypt(slot.nonce, slot.wrapped, slot.bound)
        except InvalidTag:
            raise WrongPassword(
                "wrong password for this user, or the key file was changed"
            ) from None


def read_keys(path: Path) -> KeyFile:
    """The key file at `path`; UsageError if there is none, BadInput if it is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return KeyFile(path, _read_slots(content), _read_fingerprints(content))
    except FileNotFoundError:
        raise UsageError(f"no key file at {path}; make one with: genlib keys create") from None
    except OSError as error:
        raise UsageError(f"the key file {path} cannot be read ({error.strerror})") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BadInput(
            f"{path} is not a key file of this version of genlib, or was damaged; put back a copy "
            "of it, or name the right one with GENLIB_KEYS"
        ) from None


def _read_slots(content: Any) -> tuple[Slot, ...]:
    """The slots of a parsed key file; ValueError, KeyError or TypeError if it is not one."""
    if content["format"] != FORMAT or not isinstance(content["slots"], list):
        raise ValueError
    slots = tuple(_read_slot(raw) for raw in content["slots"])
    holders = [(slot.user, slot.secret) for slot in slots]
    if not slots or len(holders) > len(set(holders)):
        raise ValueError
    return slots


def _read_fingerprints(content: Any) -> dict[str, bytes]:
    raw = content.get("fingerprints", {})
    if raw and set(raw) - set(SECRETS):
        raise ValueError
    return {secret: _read_bytes(raw[secret], FINGERPRINT) for secret in raw}


def _read_slot(raw: Any) -> Slot:
    if raw["secret"] not in SECRETS or not raw["user"].isprintable():
        raise ValueError
    return Slot(
        user=raw["user"],
        secret=raw["secret"],
        cost=_read_cost(raw["cost"]),
        salt=_read_bytes(raw["salt"], SALT),
        nonce=_read_bytes(raw["nonce"], NONCE),
        wrapped=_read_bytes(raw["wrapped"], SECRET + TAG),
    )


def _read_cost(raw: Any) -> dict[str, int]:
    cost = {name: raw[name] for name in COST_LIMITS}
    whole = all(type(value) is int for value in cost.values())
    if not whole or any(not 1 <= cost[name] <= most for name, most in COST_LIMITS.items()):
        raise ValueError
    if cost["memory_kib"] < 8 * cost["lanes"]:  # RFC 9106, 3.1
        raise ValueError
    return cost


def _read_bytes(text: Any, length: int) -> bytes:
    value = base64.b64decode(text, validate=True)
    if len(value) != length:
        raise ValueError
    return value


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
        values = {secret: os.urandom(SECRET) for secret in SECRETS}
        slots = [
            _new_slot(*holder, secret, values[secret])
            for holder, secret in zip(holders, SECRETS, strict=True)
        ]
        _write(KeyFile(path, tuple(slots), _fingerprint(values)))


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
        values = {secret: keys.unwrap(secret, user, password) for secret in secrets}
        fresh = [_new_slot(*new, secret, value) for secret, value in values.items()]
        slots = (*keys.without(new[0], secrets), *fresh)
        _write(KeyFile(path, slots, {**keys.fingerprints, **_fingerprint(values)}), before)


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
            raise UsageError(f"that user has no such slot in {path.name}")
        if lost := {slot.secret for slot in keys.slots} - {slot.secret for slot in kept}:
            raise UsageError(
                f"this is the last who can open the {', '.join(sorted(lost))} key; add another "
                "person first"
            )
        _write(KeyFile(path, tuple(kept), keys.fingerprints), before)


def open_identity(path: Path, *, user: str, password: str) -> IdentityKey:
    """The identity key of a steward; WrongPassword if it does not open."""
    return _open(IdentityKey, path, user, password)


def open_pseudonym(path: Path, *, user: str, password: str) -> PseudonymKey:
    """The pseudonym key of a publisher; WrongPassword if it does not open."""
    return _open(PseudonymKey, path, user, password)


def _open(kind: type[OneKey], path: Path, user: str, password: str) -> OneKey:
    keys = read_keys(path)
    companions = {name: digest for name, digest in keys.fingerprints.items() if name != kind.name}
    key = kind(keys.unwrap(kind.name, user, password), path, companions)
    if keys.fingerprints.get(kind.name, key.fingerprint) != key.fingerprint:
        raise BadInput(f"{path} was changed or damaged; put back a copy of it")
    return key


def _fingerprint(values: Mapping[str, bytes]) -> dict[str, bytes]:
    """Secret → its fingerprint."""
    kinds = (IdentityKey, PseudonymKey)
    return {kind.name: kind(values[kind.name]).fingerprint for kind in kinds if kind.name in values}


def check_password(password: str) -> None:
    """UsageError for a new password that is too short."""
    if len(password) < 8:
        raise UsageError("a password needs at least 8 characters")


def _new_slot(user: str, password: str, secret: str, value: bytes) -> Slot:
    check_password(password)
    salt = os.urandom(SALT)
    nonce = os.urandom(NONCE)
    cipher = AESGCM(_stretched(password, salt, COST))
    wrapped = cipher.encrypt(nonce, value, _bound(secret, user))
    return Slot(user, secret, COST, salt, nonce, wrapped)


def _bound(secret: str, user: str) -> bytes:
    return f"{FORMAT} {secret} {user}".encode()


def _stretched(password: str, salt: bytes, cost: dict[str, int]) -> bytes:
    argon2 = Argon2id(
        salt=salt,
        length=32,
        iterations=cost["time"],
        lanes=cost["lanes"],
        memory_cost=cost["memory_kib"],
    )
    return argon2.derive(password.encode())


def _write(keys: KeyFile, before: Callable[[], None] = lambda: None) -> None:
    content = {
        "format": FORMAT,
        "slots": [slot.to_json() for slot in keys.slots],
        "fingerprints": {name: _text(digest) for name, digest in keys.fingerprints.items()},
    }
    with replacing(keys.path) as file:
        file.write(json.dumps(content, indent=1).encode())
        before()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One change of a key file at a time, so that no slot is lost between reading and writing."""
    import fcntl

    descriptor = os.open(make_home(path.parent), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
