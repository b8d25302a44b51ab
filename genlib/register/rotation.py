"""Another secret in the place of one: what the old one opens is sealed anew, pseudonyms begin a new
epoch.

The key file comes first, in one stroke: the new secret for whoever rotates, all other slots of that
secret gone (they hold the old one; their people are given new ones), the old identity secret kept
under the new one. Until the end the file says that a secret is being replaced, and nothing else
opens a key; every row opens with the new secret or an earlier one, whatever is killed when. Whoever
rotates calls it again, and it goes on. Rows are sealed anew in batches, each a transaction; what is
sealed with the new secret is left. What a command that was at work brings in meanwhile is sealed
with the old secret and opens too, until the next rotation seals it anew.

The images of changed rows, by which a refresh is taken back, are forgotten: they hold what the old
secret sealed. What digests people by the identity key stays as it is (`vault.IdentityKey`).

Example: carl, a steward, leaves. erja removes his slot and rotates: his copy of the old secret
opens nothing any more, and bertta, the other steward, gets a new slot.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from genlib.errors import Refused, UsageError
from genlib.register import audit, fingerprints, vault
from genlib.register.database import Register, frame_schema
from genlib.register.keyfile import (
    SECRET,
    SECRETS,
    Holder,
    KeyFile,
    Slot,
    changing,
    make_slot,
    read_keys,
    seal_earlier,
    write_keys,
)
from genlib.register.levels import MOST, check_level
from genlib.register.runs import wait_for_refresh
from genlib.register.schema import Base, table
from genlib.register.staging import Stage
from genlib.register.store import opened
from genlib.register.vault import IdentityKey, Key, PseudonymKey

ROWS = 16_384
"""Of a batch: so long other writers wait."""
KINDS: dict[str, type[IdentityKey] | type[PseudonymKey]] = {
    kind.name: kind for kind in (IdentityKey, PseudonymKey)
}


def begin_rotation(
    path: Path,
    *,
    user: str,
    password: str,
    secret: str,
    before: Callable[[], None] = lambda: None,
) -> list[Holder]:
    """Put a new secret into the key file, or find that it is there and not finished; who lost a
    slot by it. Refused without the greatest level of the secret, or while the other is being
    rotated. `before` is called when all is ready and nothing has changed yet."""
    if secret not in SECRETS:
        raise UsageError(f"no such secret; there are {' and '.join(SECRETS)}")
    with changing(path):
        keys = read_keys(path)
        check_level(keys.levels, user, MOST[secret])
        slot = keys.find_slot(user, secret)
        key = vault.open_slot(KINDS[secret], keys, slot, password)
        if keys.rotating == secret:
            return []
        if keys.rotating:
            raise Refused(
                f"the {keys.rotating} key is being replaced and that is not finished; finish it "
                f"first: genlib keys rotate --secret {keys.rotating}"
            )
        write_keys(_replace_secret(keys, slot, password, key), before)
    return [one.holder for one in keys.slots if one.secret == secret and one.user != user]


def _replace_secret(keys: KeyFile, slot: Slot, password: str, key: Key) -> KeyFile:
    """The key file with a new secret in the one slot of whoever rotates."""
    fresh = os.urandom(SECRET)
    level = slot.holder.shows.name
    holder = replace(slot.holder, level=level, rotation=slot.holder.rotation + 1)
    others = [one for one in keys.slots if one.secret != slot.secret]
    earlier = keys.earlier
    former = keys.former.get(slot.secret, ())
    if isinstance(key, IdentityKey):
        earlier = seal_earlier(fresh, (*key.earlier, key.secret))
    return replace(
        keys,
        slots=(*others, make_slot(holder, password, fresh, vault.COST)),
        fingerprints={**keys.fingerprints, **vault.fingerprint_secrets({slot.secret: fresh})},
        earlier=earlier,
        former={**keys.former, slot.secret: (*former, key.fingerprint)},
        rotating=slot.secret,
    )


def finish_rotation(
    path: Path,
    register: Register | None,
    *,
    user: str,
    password: str,
    progress: Callable[[str, int], None] = lambda table, rows: None,
) -> int:
    """Bring a register, if there is one, to the secret that `begin_rotation` put into the key file,
    and end the rotation; how many rows were sealed anew. `progress` is told each table and how many
    of its rows were read. Refused if the register has another key."""
    keys = read_keys(path)
    if not keys.rotating:
        raise UsageError(f"nothing is being replaced in {path.name}")
    slot = keys.find_slot(user, keys.rotating)
    key = vault.open_slot(KINDS[keys.rotating], keys, slot, password)
    count = 0
    if register is not None:
        _change_register(register, key)
        if isinstance(key, IdentityKey):
            count = seal_anew(register, key, progress)
        audit.record(
            register,
            purpose="register",
            action="keys rotated",
            people=0,
            detail={"secret": key.name, "rotation": key.rotation, "rows": count},
        )
    with changing(path):
        write_keys(replace(read_keys(path), rotating=""))
    return count


def _change_register(register: Register, key: Key) -> None:
    """Let the register know the new key, after any refresh that runs; from then on what comes with
    the old one is refused."""
    with register.writing() as connection:
        wait_for_refresh(connection)
        is_new = fingerprints.replace_key(connection, key)
        if is_new and isinstance(key, IdentityKey):
            connection.execute(table("refresh_row").delete())


def seal_anew(
    register: Register,
    key: IdentityKey,
    progress: Callable[[str, int], None] = lambda table, rows: None,
) -> int:
    """Seal all that an earlier secret sealed with the key's own; how many rows that were."""
    return sum(
        _seal_table(register, key, one.name, progress)
        for one in Base.metadata.sorted_tables
        if find_secrets(one.name)
    )


def find_secrets(name: str) -> list[str]:
    """The sealed columns of a table."""
    return [column.name for column in table(name).columns if column.info.get("secret")]


def _seal_table(
    register: Register, key: IdentityKey, name: str, progress: Callable[[str, int], None]
) -> int:
    count = 0
    read = 0
    last: tuple[int, ...] | None = None
    while True:
        with register.writing() as connection:
            rows = _read_after(connection, name, last)
            if rows.is_empty():
                return count
            stage = Stage(register, connection, name, ())
            old = rows.filter(~_are_current(rows, name, key))
            if old.height:
                stage.update(_seal_rows(old, name, key))
        last = rows.select(stage.keys).row(-1)
        count += old.height
        read += rows.height
        progress(name, read)


def _read_after(connection: sa.Connection, name: str, last: tuple[int, ...] | None) -> pl.DataFrame:
    """The next rows of a table by their numbers: these, and the sealed columns."""
    there = table(name)
    numbers = list(there.primary_key)
    columns = [*(number.name for number in numbers), *find_secrets(name)]
    query = sa.select(*(there.c[column] for column in columns)).order_by(*numbers).limit(ROWS)
    if last is not None:
        query = query.where(sa.tuple_(*numbers) > last)
    rows = [tuple(row) for row in connection.execute(query)]
    schema = {column: frame_schema(name)[column] for column in columns}
    return pl.DataFrame(rows, schema, orient="row")


def _are_current(rows: pl.DataFrame, name: str, key: IdentityKey) -> pl.Series:
    """Which rows are sealed with the key's own secret in every column."""
    columns = [key.is_current(rows[one], column=f"{name}.{one}") for one in find_secrets(name)]
    return pl.DataFrame(columns).select(pl.all_horizontal(pl.all())).to_series()


def _seal_rows(rows: pl.DataFrame, name: str, key: IdentityKey) -> pl.DataFrame:
    """The numbers of rows and their sealed columns, sealed with the key's own secret."""
    numbers = rows.drop(find_secrets(name))
    plain = opened(rows, name, key)
    sealed = [key.seal(plain[one], column=f"{name}.{one}") for one in find_secrets(name)]
    return numbers.with_columns(sealed)
