"""Two secrets, and what is done with them: the identity key opens the direct identifiers and keys
their blind indexes, the pseudonym key turns people into pseudonyms.

Both lie in one key file (`keyfile`), each wrapped once per person under that person's own password.
Columns are sealed with AES-256-GCM (`sealing`); blind indexes are HMAC-SHA-256.

The file also holds the fingerprints of both secrets, so that whoever opens one of them can say to a
register which other one belongs to it. A fingerprint tells nothing of its secret.

Example: `open_identity(path, user="aino", password=…)` gives the key with which `key.seal(names,
column="customer.family_name")` makes bytes that only the holders of that key can read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import ClassVar, TypeVar

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from genlib.errors import BadInput, Refused, UsageError, WrongPassword
from genlib.register.keyfile import (
    FINGERPRINT,
    SECRET,
    SECRETS,
    Holder,
    KeyFile,
    Slot,
    changing,
    make_slot,
    read_keys,
    write_keys,
)
from genlib.register.levels import (
    LEVELS,
    MOST,
    PRIVACY_OFFICER,
    READER,
    Level,
    check_level,
    find_level,
)
from genlib.register.sealing import can_open, hash_texts, open_texts, seal_texts

COST = {"time": 3, "memory_kib": 65536, "lanes": 4}
"""Of Argon2id: the second choice of RFC 9106."""


@dataclass(frozen=True)
class Key:
    """One of the two secrets, and the file that it was opened from. Never shows its bytes."""

    name: ClassVar[str]
    secret: bytes = field(repr=False)
    file: Path | None = field(default=None, repr=False, compare=False)
    companions: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Name → fingerprint of the other secrets of the file, if it tells them."""
    level: Level = field(default=READER, repr=False, compare=False)
    """What the slot shows that it was opened from; of a key that no slot gave, the least."""
    rotation: int = field(default=0, repr=False, compare=False)
    """How often the secret was replaced by another."""
    former: tuple[bytes, ...] = field(default=(), repr=False, compare=False)
    """The fingerprints that the secrets of the file had before."""

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

    def find_epoch(self, first: int) -> int:
        """The number of the pseudonyms that it makes: that of the notice, and one more for every
        rotation."""
        return first + self.rotation


@dataclass(frozen=True)
class IdentityKey(Key):
    """Opens and closes direct identifiers.

    It seals with its secret and opens with this or an `earlier` one (the first one first). Digests
    and blind indexes are keyed by the first secret of all and stay through every rotation: those of
    people who were erased could not be made again. So whoever knew an earlier secret can still test
    a guess against a digest, but opens nothing that was sealed since.
    """

    name: ClassVar[str] = "identity"
    earlier: tuple[bytes, ...] = field(default=(), repr=False, compare=False)

    def seal(self, series: pl.Series, *, column: str) -> pl.Series:
        """Text → nonce ‖ ciphertext ‖ tag; null stays null. `column` is `table.column`, and the
        same text seals differently each time."""
        return seal_texts(series, self.secret, column)

    def unseal(self, series: pl.Series, *, column: str) -> pl.Series:
        """The text again; BadInput if a value was changed, moved from another column or sealed with
        another key."""
        try:
            return open_texts(series, (self.secret, *reversed(self.earlier)), column)
        except (InvalidTag, ValueError):
            raise BadInput(
                f"{column}: a value does not open with this identity key; it was changed or "
                "belongs elsewhere"
            ) from None

    def is_current(self, series: pl.Series, *, column: str) -> pl.Series:
        """Which values are sealed with the secret itself, not an earlier one; null is."""
        return can_open(series, self.secret, column)

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
        first = self.earlier[0] if self.earlier else self.secret
        return hash_texts(series, first, column)


OneKey = TypeVar("OneKey", bound=Key)


def create_keys(
    path: Path, *, user: str, password: str, publisher: tuple[str, str] | None = None
) -> None:
    """A new key file with fresh secrets. `user` becomes a privacy officer. With `publisher` (name,
    password) the two secrets lie in two hands, as they should."""
    holders = (user, password), publisher or (user, password)
    if publisher and publisher[0] == user:
        raise UsageError(
            "the publisher is another person than the one who makes the keys; leave the publisher "
            "out to hold both"
        )
    with changing(path):
        if path.exists():
            raise UsageError(f"{path} exists; a new key file would make the register unreadable")
        values = {secret: os.urandom(SECRET) for secret in SECRETS}
        slots = []
        for (name, word), secret in zip(holders, SECRETS, strict=True):
            holder = Holder(name, secret, MOST[secret].name)
            slots.append(make_slot(holder, word, values[secret], COST))
        write_keys(KeyFile(path, tuple(slots), fingerprint_secrets(values)))


def add_user(  # noqa: PLR0913 - who gives what to whom, and who is told
    path: Path,
    *,
    user: str,
    password: str,
    new: tuple[str, str],
    secrets: Sequence[str] = SECRETS,
    levels: Sequence[str] = (),
    before: Callable[[], None] = lambda: None,
) -> None:
    """Give `new` (name, password) the named levels; or, without any, the secrets at the level at
    which `user` has them. Earlier slots for the same secrets are replaced.

    `user` must hold the secrets, and no level is given that `user` has not (Refused). `before` is
    called when all is ready and nothing has changed yet.
    """
    if unknown := set(secrets) - set(SECRETS):
        raise UsageError(
            f"no secret {', '.join(sorted(unknown))}; there are {' and '.join(SECRETS)}"
        )
    with changing(path):
        keys = read_keys(path)
        slots = []
        values = {}
        for level in find_grants(keys, user, secrets, levels):
            secret = level.secret
            check_level(keys.levels, user, level)
            slot_of_user = keys.find_slot(user, secret)
            values[secret] = slot_of_user.open(password)
            holder = Holder(new[0], secret, level.name, slot_of_user.holder.rotation)
            slots.append(make_slot(holder, new[1], values[secret], COST))
        for slot in keys.slots:  # nobody takes the slot of a level that is not theirs
            if slot.user == new[0] != user and slot.secret in values:
                check_level(keys.levels, user, slot.holder.shows)
        others = keys.without(new[0], list(values))
        fingerprints = {**keys.fingerprints, **fingerprint_secrets(values)}
        _put_in_place(keys, (*others, *slots), fingerprints, before)


def find_grants(
    keys: KeyFile, giver: str, secrets: Sequence[str], levels: Sequence[str]
) -> list[Level]:
    """The levels to give: those that are named, of one secret the one that includes the other; else
    the giver's own of the secrets."""
    if not levels:
        return [keys.find_slot(giver, secret).holder.shows for secret in secrets]
    for name in levels:
        find_level(name)
    grants = {level.secret: level for level in LEVELS.values() if level.name in levels}
    return list(grants.values())


def change_password(
    path: Path,
    *,
    user: str,
    password: str,
    new: str,
    before: Callable[[], None] = lambda: None,
) -> list[str]:
    """Give the slots of `user` that open with `password` a new one; the secrets of these slots.
    WrongPassword if it opens none. `before` as in `add_user`."""
    if new == password:
        raise UsageError("the new password is the old one; choose another")
    with changing(path):
        keys = read_keys(path)
        opened = [slot for slot in keys.slots if slot.user == user and _opens(slot, password)]
        if not opened:
            raise WrongPassword(f"wrong password for this user, or no slot in {path.name}")
        others = [slot for slot in keys.slots if slot not in opened]
        fresh = [make_slot(slot.holder, new, slot.open(password), COST) for slot in opened]
        _put_in_place(keys, (*others, *fresh), keys.fingerprints, before)
    return [slot.secret for slot in opened]


def remove_user(
    path: Path,
    *,
    user: str,
    secrets: Sequence[str] = SECRETS,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Take slots away; UsageError rather than leave a secret that nobody can open, or no privacy
    officer. `before` as in `add_user`."""
    with changing(path):
        keys = read_keys(path)
        others = keys.without(user, secrets)
        if len(others) == len(keys.slots):
            raise UsageError(f"that user has no such slot in {path.name}")
        _put_in_place(keys, others, keys.fingerprints, before)


def check_remover(
    path: Path, *, user: str, password: str, whose: str, secrets: Sequence[str] = SECRETS
) -> None:
    """Refused unless `user` may take these slots away: a privacy officer may take anybody's, others
    those of a level that they have. WrongPassword if the password opens no slot of `user`."""
    keys = read_keys(path)
    opened = [slot for slot in keys.slots if slot.user == user and _opens(slot, password)]
    if not opened:
        raise WrongPassword(f"wrong password for this user, or no slot in {path.name}")
    levels = [slot.holder.shows for slot in opened]
    if PRIVACY_OFFICER in levels:
        return
    for slot in keys.slots:
        if slot.user == whose and slot.secret in secrets:
            check_level(keys.levels | {user: levels}, user, slot.holder.shows)


def _opens(slot: Slot, password: str) -> bool:
    try:
        slot.open(password)
    except WrongPassword:
        return False
    return True


def _put_in_place(
    keys: KeyFile,
    slots: Sequence[Slot],
    fingerprints: Mapping[str, bytes],
    before: Callable[[], None],
) -> None:
    """Write a key file with other slots; UsageError if nobody were left who can open a secret, or
    who can give the level of a privacy officer."""
    changed = replace(keys, slots=tuple(slots), fingerprints=fingerprints)
    if lost := _find_secrets(keys) - _find_secrets(changed):
        raise UsageError(
            f"this is the last who can open the {', '.join(sorted(lost))} key; add another "
            "person first"
        )
    if lost_levels := _find_levels(keys) - _find_levels(changed):
        raise UsageError(
            f"this is the last {', '.join(sorted(lost_levels))}, and nobody could make another; "
            "add another person first"
        )
    write_keys(changed, before)


def _find_secrets(keys: KeyFile) -> set[str]:
    return {slot.secret for slot in keys.slots}


def _find_levels(keys: KeyFile) -> set[str]:
    """The levels in a file that only who has them can give."""
    most = {level.name for level in MOST.values()}
    return {slot.holder.shows.name for slot in keys.slots} & most


def open_identity(path: Path, *, user: str, password: str) -> IdentityKey:
    """The identity key of a steward; WrongPassword if it does not open."""
    return _open(IdentityKey, path, user, password)


def open_pseudonym(path: Path, *, user: str, password: str) -> PseudonymKey:
    """The pseudonym key of a publisher; WrongPassword if it does not open."""
    return _open(PseudonymKey, path, user, password)


def _open(kind: type[OneKey], path: Path, user: str, password: str) -> OneKey:
    keys = read_keys(path)
    slot = keys.find_slot(user, kind.name)
    if keys.rotating:
        raise Refused(
            f"the {keys.rotating} key is being replaced and that is not finished; whoever began it "
            f"goes on with: genlib keys rotate --secret {keys.rotating}"
        )
    return open_slot(kind, keys, slot, password)


def open_slot(kind: type[OneKey], keys: KeyFile, slot: Slot, password: str) -> OneKey:
    """The key of a slot; WrongPassword if it does not open, BadInput if the rest of the file does
    not belong to it."""
    value = slot.open(password)
    companions = {name: digest for name, digest in keys.fingerprints.items() if name != kind.name}
    holder = slot.holder
    key = kind(
        value,
        keys.path,
        companions,
        holder.shows,
        holder.rotation,
        tuple(chain.from_iterable(keys.former.values())),
        **{"earlier": _open_earlier(keys, slot, value)} if kind is IdentityKey else {},
    )
    if keys.fingerprints.get(kind.name, key.fingerprint) != key.fingerprint:
        raise _tell_damage(keys)
    return key


def _open_earlier(keys: KeyFile, slot: Slot, value: bytes) -> tuple[bytes, ...]:
    """The earlier identity secrets; BadInput unless there is one for every rotation, for without
    the first no digest would be found again."""
    try:
        earlier = keys.open_earlier(value)
    except (InvalidTag, ValueError):
        raise _tell_damage(keys) from None
    if len(earlier) != slot.holder.rotation:
        raise _tell_damage(keys)
    return earlier


def _tell_damage(keys: KeyFile) -> BadInput:
    return BadInput(f"{keys.path} was changed or damaged; put back a copy of it")


def fingerprint_secrets(values: Mapping[str, bytes]) -> dict[str, bytes]:
    """Secret → its fingerprint."""
    kinds = (IdentityKey, PseudonymKey)
    return {kind.name: kind(values[kind.name]).fingerprint for kind in kinds if kind.name in values}
