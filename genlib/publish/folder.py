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
    make_folder(home, access)
    with open_lock(home / ".lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(
                f"{home.name} is being published by another run; wait for it to end"
            ) from None
        _clean(home)
        stage = make_folder(home / f"{ASIDE}{secrets.token_hex(8)}", access)
        try:
            yield stage
        finally:
            _clean(home)


def commit(stage: Path, release_id: str, access: Access = OWNER) -> Path:
    """Make the staged folder the release `release_id` and the current one. A release with that id
    is the same release and stays."""
    home = stage.parent
    release = stage.parent / release_id
    for path in (*stage.rglob("*"), stage):
        synced(path)
    if release.is_symlink():
        remove(release)
    if not release.exists():
        stage.rename(release)
    synced(home)
    pointer = home / f"{ASIDE}{secrets.token_hex(8)}"
    write_file(pointer, f"{release_id}\n".encode(), access)
    pointer.replace(home / "current")
    synced(home)
    return release


def prune(home: Path, *, before: str) -> list[str]:
    """Remove the releases whose id is older than `before` (an id's time), but never the current
    one; gives their ids.

    To be called by whoever holds `staged`, for it removes everything that stands aside.
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
