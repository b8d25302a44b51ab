"""Release folders: whole or not there. Made aside, fsynced, renamed; `current` is replaced at once;
leftovers of killed runs go."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genlib.atomic import synced
from genlib.errors import Refused
from genlib.private import OWNER, Access, make_folder, open_lock, remove, write_file
from genlib.release import RELEASE_ID

ASIDE = ".tmp-"


@contextmanager
def staged(home: Path, access: Access = OWNER) -> Iterator[Path]:
    """An empty folder beside the releases in `home`, for one publisher at a time; gone at the end
    unless committed."""
    with locked(home, access):
        yield make_stage(home, access)


def make_stage(home: Path, access: Access = OWNER) -> Path:
    """An empty folder beside the releases, for whoever holds `locked`; gone with the lock unless
    placed."""
    return make_folder(home / f"{ASIDE}{secrets.token_hex(8)}", access)


@contextmanager
def locked(home: Path, access: Access = OWNER) -> Iterator[None]:
    """One writer at a time to the releases in `home`, else Refused; what stands aside goes before
    and after."""
    make_folder(home, access)
    with open_lock(home / ".lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(
                f"{home.name} is being published by another run; wait for it to end"
            ) from None
        _clean(home)
        try:
            yield
        finally:
            _clean(home)


def commit(stage: Path, release_id: str, access: Access = OWNER) -> Path:
    """Make the staged folder the release `release_id` and the current one. A release with that id
    is the same release and stays."""
    release = place(stage, release_id)
    point(stage.parent, release_id, access)
    return release


def place(stage: Path, release_id: str) -> Path:
    """Make the staged folder the release `release_id`, beside the current one."""
    home = stage.parent
    release = stage.parent / release_id
    for path in (*stage.rglob("*"), stage):
        synced(path)
    if release.is_symlink():
        remove(release)
    if not release.exists():
        stage.rename(release)
    synced(home)
    return release


def point(home: Path, release_id: str, access: Access = OWNER) -> None:
    """Make a release the current one, at once."""
    pointer = home / f"{ASIDE}{secrets.token_hex(8)}"
    write_file(pointer, f"{release_id}\n".encode(), access)
    pointer.replace(home / "current")
    synced(home)


def read_current(home: Path) -> str:
    """The id of the current release; nothing if there is none."""
    pointer = home / "current"
    return pointer.read_text(encoding="utf-8").strip() if pointer.exists() else ""


def drop(home: Path, release_id: str) -> None:
    """Take a release out of sight at once, and then away. To be called by whoever holds
    `locked`."""
    aside = home / f"{ASIDE}{release_id}"
    (home / release_id).rename(aside)
    remove(aside)
    synced(home)


def prune(home: Path, *, before: str) -> list[str]:
    """Remove the releases whose id is older than `before` (an id's time), but never the current
    one; gives their ids.

    To be called by whoever holds `locked`, for it removes everything that stands aside.
    """
    current = (home / "current").read_text(encoding="utf-8").strip()
    old = sorted(
        path
        for path in home.iterdir()
        if RELEASE_ID.fullmatch(path.name) and path.name < before and path.name != current
    )
    for path in old:
        path.rename(home / f"{ASIDE}{path.name}")
    _clean(home)
    return [path.name for path in old]


def _clean(home: Path) -> None:
    for leftover in home.glob(f"{ASIDE}*"):
        remove(leftover)
