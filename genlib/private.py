"""Files and folders that hold rows or figures: for their owner only, whatever the umask, and never
through a symbolic link.

Example: under umask 022 `make_folder(home / "releases")` is 0700 and `write_file(path, b"…")` is
0600; with `GROUP` they are 0750 and 0640.
"""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from genlib.errors import Refused


@dataclass(frozen=True)
class Access:
    """The modes of the folders and files that are made."""

    folder: int
    file: int


OWNER = Access(folder=0o700, file=0o600)
GROUP = Access(folder=0o750, file=0o640)


def make_folder(path: Path, access: Access = OWNER) -> Path:
    """The folder `path`, made with those above it that are missing; one that is there keeps its
    mode. Refused if it is a symbolic link."""
    check_no_link(path)
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=access.folder, exist_ok=True)
        _give(folder, access.folder)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return path


def make_home(path: Path) -> Path:
    """As `make_folder`, for a place that somebody named: it may be a link to another disk."""
    return make_folder(path.resolve())


def check_no_link(path: Path) -> None:
    """Refused if `path` is a symbolic link: whoever can put one there would choose where rows and
    figures go."""
    if path.is_symlink():
        raise Refused(
            f"{path} is a symbolic link, and nothing is written through one; remove it, or name "
            "its target in the settings"
        )


def write_file(path: Path, content: bytes | memoryview, access: Access = OWNER) -> None:
    """A new file, flushed to the disk; FileExistsError if anything is there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(path, flags, access.file), "wb") as file:
        _give(path, access.file)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def open_lock(path: Path) -> BinaryIO:
    """The file that a lock is held on, made if it is not there. Refused if it is a link."""
    check_no_link(path)
    return open(path, "ab", opener=partial(os.open, mode=OWNER.file))


def remove(path: Path) -> None:
    """Take away a file, a folder with all that is in it, or a link but not what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _give(path: Path, mode: int) -> None:
    """Add what a umask took away; a group that the folder hands on stays."""
    found = path.stat().st_mode
    if found & mode != mode:
        path.chmod(found | mode)
