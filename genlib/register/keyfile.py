"""The key file: who may open which of the two secrets, each wrapped once per person under that
person's own password.

Wrapping is Argon2id (RFC 9106, its second recommended choice) and AES-256-GCM, bound to the person,
the secret and the level: whoever edits the file can take a slot away, but can neither move one to
another name nor raise its level.

Example: {"user": "aino", "secret": "identity", "level": "steward", "cost": …, "wrapped": …}.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from genlib.atomic import replacing
from genlib.errors import BadInput, UsageError, WrongPassword
from genlib.private import keep_access, make_home
from genlib.register.levels import LEAST, LEVELS, MOST, Level, tell_need
from genlib.register.sealing import NONCE

SECRETS = ("identity", "pseudonym")
FORMAT = "genlib-keys-1"
SALT = 16
SECRET = 32
FINGERPRINT = 16
TAG = 16
EARLIER = b"genlib earlier identity secrets"
SHORTEST = 8
"""Characters of a password."""
COST_LIMITS = {"time": 10, "memory_kib": 2 * 2**20, "lanes": 64}
"""A key file that asks for more (2 GiB is the first choice of RFC 9106) was damaged."""


@dataclass(frozen=True)
class Holder:
    """For whom a secret is wrapped, and what it shows: the slot is bound to all of it. `level` is
    blank in a slot of an earlier version; `rotation`: how often the secret was replaced."""

    user: str
    secret: str
    level: str = ""
    rotation: int = 0

    @property
    def shows(self) -> Level:
        """The level that the slot shows."""
        return LEVELS[self.level] if self.level else MOST[self.secret]

    @property
    def bound(self) -> bytes:
        """What the wrapping is bound to, so that no slot serves another person, secret or level."""
        level = f"\nlevel {self.level}" if self.level else ""
        rotation = f"\nrotation {self.rotation}" if self.rotation else ""
        return f"{FORMAT} {self.secret} {self.user}{level}{rotation}".encode()


@dataclass(frozen=True)
class Slot:
    """One secret, wrapped for one person. `cost` is that of Argon2id: time, memory_kib, lanes."""

    holder: Holder
    cost: Mapping[str, int]
    salt: bytes
    nonce: bytes
    wrapped: bytes

    @property
    def user(self) -> str:
        return self.holder.user

    @property
    def secret(self) -> str:
        return self.holder.secret

    def open(self, password: str) -> bytes:
        """The bytes of the secret; WrongPassword if this is not the person's password."""
        key = _stretch(password, self.salt, self.cost)
        try:
            return AESGCM(key).decrypt(self.nonce, self.wrapped, self.holder.bound)
        except InvalidTag:
            raise WrongPassword(
                "wrong password for this user, or the key file was changed"
            ) from None

    def to_json(self) -> dict[str, Any]:
        """The form that stands in the key file."""
        holder = self.holder
        level = {"level": holder.level} if holder.level else {}
        rotation = {"rotation": holder.rotation} if holder.rotation else {}
        return {
            "user": holder.user,
            "secret": holder.secret,
            **level,
            **rotation,
            "cost": self.cost,
            "salt": _write_bytes(self.salt),
            "nonce": _write_bytes(self.nonce),
            "wrapped": _write_bytes(self.wrapped),
        }


def check_password(password: str) -> None:
    """UsageError for a new password that is too short."""
    if len(password) < SHORTEST:
        raise UsageError(f"a password needs at least {SHORTEST} characters")


def make_slot(holder: Holder, password: str, value: bytes, cost: Mapping[str, int]) -> Slot:
    """A secret wrapped for a person; UsageError for a name that cannot be written or a password
    that is too short."""
    if not holder.user.strip() or not holder.user.isprintable():
        raise UsageError("the name of a person in the key file is one line of plain text")
    check_password(password)
    salt = os.urandom(SALT)
    nonce = os.urandom(NONCE)
    cipher = AESGCM(_stretch(password, salt, cost))
    return Slot(holder, cost, salt, nonce, cipher.encrypt(nonce, value, holder.bound))


@dataclass(frozen=True)
class KeyFile:
    """The slots of a key file: who may use which secret. Holds nothing that opens without a
    password."""

    path: Path
    slots: tuple[Slot, ...]
    fingerprints: Mapping[str, bytes] = field(default_factory=dict)
    """Secret → its fingerprint; empty in a file of an earlier version."""
    earlier: bytes = b""
    """The identity secrets before the one of the slots, sealed under it (`seal_earlier`)."""
    former: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    """Secret → the fingerprints that it had before it was replaced."""
    rotating: str = ""
    """The secret that is being replaced, if that is not finished."""

    @property
    def users(self) -> dict[str, list[str]]:
        """Person → the secrets that person may use."""
        secrets: dict[str, list[str]] = {}
        for slot in self.slots:
            secrets.setdefault(slot.user, []).append(slot.secret)
        return secrets

    @property
    def levels(self) -> dict[str, list[Level]]:
        """Person → the levels that the person's slots show."""
        shows: dict[str, list[Level]] = {}
        for slot in self.slots:
            shows.setdefault(slot.user, []).append(slot.holder.shows)
        return shows

    def without(self, user: str, secrets: Sequence[str]) -> list[Slot]:
        """The slots but those of a person for these secrets."""
        return [slot for slot in self.slots if slot.user != user or slot.secret not in secrets]

    def find_slot(self, user: str, secret: str) -> Slot:
        """A person's slot; WrongPassword that says whom to ask if there is none."""
        for slot in self.slots:
            if (slot.user, slot.secret) == (user, secret):
                return slot
        need = tell_need(self.levels, LEAST[secret])
        raise WrongPassword(f"this user has no slot for the {secret} key, and {need}")

    def unwrap(self, secret: str, user: str, password: str) -> bytes:
        """The bytes of a secret; WrongPassword if this person's password does not open them."""
        return self.find_slot(user, secret).open(password)

    def open_earlier(self, secret: bytes) -> tuple[bytes, ...]:
        """The identity secrets before this one, the first one first; InvalidTag if they were sealed
        under another."""
        if not self.earlier:
            return ()
        nonce, sealed = self.earlier[:NONCE], self.earlier[NONCE:]
        value = AESGCM(_derive_sealer(secret)).decrypt(nonce, sealed, EARLIER)
        return tuple(value[at : at + SECRET] for at in range(0, len(value), SECRET))


def seal_earlier(secret: bytes, earlier: Sequence[bytes]) -> bytes:
    """Earlier identity secrets under the newest one, as they stand in the key file."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(_derive_sealer(secret)).encrypt(nonce, b"".join(earlier), EARLIER)


def _derive_sealer(secret: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=EARLIER).derive(secret)


def read_keys(path: Path) -> KeyFile:
    """The key file at `path`; UsageError if there is none, BadInput if it is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return KeyFile(
            path,
            _read_slots(content),
            _read_fingerprints(content),
            base64.b64decode(content.get("earlier", ""), validate=True),
            _read_former(content),
            _read_rotating(content),
        )
    except FileNotFoundError:
        raise UsageError(f"no key file at {path}; make one with: genlib keys create") from None
    except OSError as error:
        raise UsageError(
            f"the key file {path} cannot be read ({error.strerror}); it is its owner's, who lets a "
            "group read it by chgrp and chmod 660, in a folder of that group (chmod 2770)"
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BadInput(
            f"{path} is not a key file of this version of genlib, or was damaged; put back a copy "
            "of it, or name the right one with GENLIB_KEYS"
        ) from None


def write_keys(keys: KeyFile, when_ready: Callable[[], None] = lambda: None) -> None:
    """Put a key file in its place at once. `when_ready` is called when nothing has changed yet."""
    fingerprints = {name: _write_bytes(digest) for name, digest in keys.fingerprints.items()}
    content: dict[str, Any] = {
        "format": FORMAT,
        "slots": [slot.to_json() for slot in keys.slots],
        "fingerprints": fingerprints,
    }
    if keys.earlier:
        content["earlier"] = _write_bytes(keys.earlier)
    if keys.former:
        former = {name: [*map(_write_bytes, digests)] for name, digests in keys.former.items()}
        content["former"] = former
    if keys.rotating:
        content["rotating"] = keys.rotating
    with replacing(keys.path, keep_access(keys.path)) as file:
        file.write(json.dumps(content, indent=1).encode())
        when_ready()


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """One change of a key file at a time, so that no slot is lost between reading and writing."""
    descriptor = os.open(make_home(path.parent), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


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


def _read_former(content: Any) -> dict[str, tuple[bytes, ...]]:
    raw = content.get("former", {})
    if raw and set(raw) - set(SECRETS):
        raise ValueError
    return {secret: tuple(_read_bytes(one, FINGERPRINT) for one in raw[secret]) for secret in raw}


def _read_rotating(content: Any) -> str:
    rotating: str = content.get("rotating", "")
    if rotating not in ("", *SECRETS):
        raise ValueError
    return rotating


def _read_slot(raw: Any) -> Slot:
    return Slot(
        holder=_read_holder(raw),
        cost=_read_cost(raw["cost"]),
        salt=_read_bytes(raw["salt"], SALT),
        nonce=_read_bytes(raw["nonce"], NONCE),
        wrapped=_read_bytes(raw["wrapped"], SECRET + TAG),
    )


def _read_holder(raw: Any) -> Holder:
    if raw["secret"] not in SECRETS or not raw["user"].isprintable():
        raise ValueError
    level = raw.get("level", "")
    if level != "" and LEVELS[level].secret != raw["secret"]:
        raise ValueError
    rotation = raw.get("rotation", 0)
    if type(rotation) is not int or rotation < 0:
        raise ValueError
    return Holder(raw["user"], raw["secret"], level, rotation)


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


def _write_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _stretch(password: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    argon2 = Argon2id(
        salt=salt,
        length=32,
        iterations=cost["time"],
        lanes=cost["lanes"],
        memory_cost=cost["memory_kib"],
    )
    return argon2.derive(password.encode())
