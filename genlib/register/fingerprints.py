"""What the register has met and must meet again unchanged: both keys, and each version of the
notice.

The first key that fills a register, looks somebody up in it or publishes from it is its key. Any
other is refused before a row is sealed or a pseudonym made with it: afterwards neither would open
everything. Kept are 16 bytes that tell nothing of the key (`vault.Key.fingerprint`); those of the
other key of the file are kept with it, so a file whose identity key filled the register is the only
one whose pseudonym key publishes from it.
"""

from __future__ import annotations

import sqlalchemy as sa

from genlib.clock import read_clock
from genlib.errors import Refused, RegisterNotFound
from genlib.notice import Notice
from genlib.register.database import Register, open_register
from genlib.register.schema import table
from genlib.register.vault import IdentityKey, Key


def check_key(register: Register, key: Key) -> None:
    """Refused if the register knows another key; one that knows none yet is left as it is."""
    with register.engine.connect() as connection:
        _check_key(connection, key)


def keep_key(connection: sa.Connection, key: Key) -> None:
    """Make `key` the register's, in the transaction that first uses it. Refused if it has
    another."""
    digests = {**key.companions, key.name: key.fingerprint}
    for name in digests:
        _lock_unless_known(connection, f"{name} key")
    _check_key(connection, key)
    for name, digest in digests.items():
        _keep(connection, f"{name} key", digest)


def replace_key(connection: sa.Connection, key: Key) -> bool:
    """Make a key that was replaced the register's, in place of a former one; False if it is
    already. Refused if the register has another."""
    old_digest = _digest(connection, f"{key.name} key")
    fingerprint = table("fingerprint")
    for name, digest in {**key.companions, key.name: key.fingerprint}.items():
        of = f"{name} key"
        if _digest(connection, of) in key.former:
            changed = {"digest": digest, "since": read_clock()}
            connection.execute(fingerprint.update().values(**changed).where(fingerprint.c.of == of))
    keep_key(connection, key)
    return old_digest != key.fingerprint


def check_notice(register: Register, notice: Notice) -> None:
    """Refused if the register knows another notice of this version."""
    with register.engine.connect() as connection:
        _check_notice(connection, notice)


def keep_notice(connection: sa.Connection, notice: Notice) -> None:
    """Remember what this version of the notice says, in the transaction that first publishes under
    it. Refused if the version said something else."""
    of = f"notice {notice.version}"
    _lock_unless_known(connection, of)
    _check_notice(connection, notice)
    _keep(connection, of, bytes.fromhex(notice.digest))


def check_keyless(url: str) -> None:
    """Refused if the register at `url` is there and has keys already: new ones would open nothing
    of it."""
    try:
        register = open_register(url)
    except RegisterNotFound:
        return
    with register.engine.connect() as connection:
        has_keys = any(_digest(connection, f"{name} key") for name in ("identity", "pseudonym"))
    if has_keys or register.count("customer"):
        raise Refused(
            f"the register at {register.url} has its keys already and new ones would not open it; "
            "put its key file back, or name it with GENLIB_KEYS"
        )


def _check_key(connection: sa.Connection, key: Key) -> None:
    digest = _digest(connection, f"{key.name} key")
    is_other = not _opens(connection, key) if digest is None else digest != key.fingerprint
    if is_other:
        raise _refuse_key(key, key.name, digest)
    for name, companion in key.companions.items():
        digest = _digest(connection, f"{name} key")
        if digest not in (None, companion):
            raise _refuse_key(key, name, digest)


def _refuse_key(key: Key, name: str, digest: bytes | None) -> Refused:
    file = f" of {key.file}" if key.file else ""
    if digest in key.former:
        return Refused(
            f"the {name} key{file} was replaced after this register was copied, so nothing was "
            f"done with it; replace it again: genlib keys rotate --secret {name}"
        )
    return Refused(
        f"the {name} key{file} is not the one of this register, so nothing was done with "
        "it; name the key file that was made for this register with GENLIB_KEYS"
    )


def _opens(connection: sa.Connection, key: Key) -> bool:
    """Whether an identity key opens what a register without fingerprints holds. Of a pseudonym key
    nothing in the register tells."""
    if not isinstance(key, IdentityKey):
        return True
    customer = table("customer")
    sealed = connection.scalar(
        sa.select(customer.c.family_name).where(customer.c.family_name.is_not(None)).limit(1)
    )
    return sealed is None or key.opens(sealed, column="customer.family_name")


def _check_notice(connection: sa.Connection, notice: Notice) -> None:
    digest = _digest(connection, f"notice {notice.version}")
    if digest is not None:
        notice.check_unchanged(notice.version, digest.hex())


def _digest(connection: sa.Connection, of: str) -> bytes | None:
    fingerprint = table("fingerprint")
    return connection.scalar(sa.select(fingerprint.c.digest).where(fingerprint.c.of == of))


def _keep(connection: sa.Connection, of: str, digest: bytes) -> None:
    if _digest(connection, of) is None:
        row = {"of": of, "digest": digest, "since": read_clock()}
        connection.execute(table("fingerprint").insert().values(**row))


def _lock_unless_known(connection: sa.Connection, of: str) -> None:
    """Until the end of the transaction nobody else keeps a new fingerprint; SQLite has one writer
    anyway."""
    if connection.dialect.name == "postgresql" and _digest(connection, of) is None:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('genlib.fingerprint'))"))
