"""A file is there whole or not at all, whenever the machine stops."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from genlib.private import OWNER, Access, give, make_home

DRAFT = ".draft"
"""Ends the name of a file that is being written."""


@contextmanager
def replacing(path: Path, access: Access = OWNER) -> Iterator[BinaryIO]:
    """A file to write to, readable by its owner only unless `access` says otherwise, which takes
    the place of `path` when the block ends well. What killed processes left beside it goes."""
    make_home(path.parent)
    sweep_drafts(path)
    descriptor, draft = _open_draft(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            give(descriptor, access.file, access.group)
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(draft, path)
        synced(path.parent)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def sweep_drafts(path: Path) -> None:
    """Remove the drafts of `path`, and all that are marked as drafts in its folder, unless somebody
    is writing to them: a draft is locked as long as its writer lives."""
    unmarked = re.compile(rf"\.{re.escape(path.name)}\.([a-z0-9_]{{8}}|[0-9a-f]{{6}})")
    for draft in path.parent.glob(".*"):
        if draft.name.endswith(DRAFT) or unmarked.fullmatch(draft.name):
            _remove_abandoned(draft)


def synced(path: Path) -> None:
    """Make a file's content, or a folder's entries, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_draft(path: Path) -> tuple[int, str]:
    """A new file beside `path`, locked: its descriptor and name."""
    while True:
        descriptor, draft = tempfile.mkstemp(DRAFT, f".{path.name}.", path.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.path.exists(draft):
            return descriptor, draft
        os.close(descriptor)  # swept before it was locked


def _remove_abandoned(draft: Path) -> None:
    with suppress(OSError):  # locked by its writer, gone already, a link or of another user
        descriptor = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
        finally:
            os.close(descriptor)
