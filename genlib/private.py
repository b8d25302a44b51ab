"""Files and folders that hold rows or figures: for their owner only, whatever the umask, and never
through a symbolic link.

Example: under umask 022 `make_folder(home / "releases")` is 0700 and `write_file(path, b"…")` is
0600; with `GROUP` they are 0750 and 0640, and with a group that is named they belong to it before
it may read them.
"""

from __future__ import annotations

import errno
import grp
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from genlib.errors import Refused, UsageError


@dataclass(frozen=True)
class Access:
    """The modes of the folders and files that are made, and the group that they are given to; blank
    leaves them to the group that the system chooses."""

    folder: int
    file: int
    group: str = ""

    @property
    def passage(self) -> Access:
        """Of the folder above folders of several groups: who knows a name inside may go through."""
        return replace(self, folder=0o711) if self.group else self


OWNER = Access(folder=0o700, file=0o600)
GROUP = Access(folder=0o750, file=0o640)
SHARED = Access(folder=0o2770, file=0o660)
"""Of a folder in which a group works together: what one makes there the others may change."""
JOINED = Access(folder=0o2770, file=0o640)
"""Of a folder that a group reads, and to which it adds; what is there stays its owner's to change,
and who added what is told by the file's owner."""
GROUPS, OTHERS = 0o060, 0o007
"""What a mode lets the group do with a file, and everybody else."""
OWNERS = 0o700
"""What a mode lets the owner do: all that anything has until it belongs to its group."""


def make_folder(path: Path, access: Access = OWNER) -> Path:
    """The folder `path`, made with those above it that are missing; one that is there keeps its
    mode, unless a group is named. Refused if it is a symbolic link."""
    check_no_link(path)
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=access.folder & OWNERS, exist_ok=True)
        give(folder, access.folder, access.group)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if access.group and path not in missing:
        give(path, access.folder, access.group)
    return path


def make_home(path: Path) -> Path:
    """As `make_folder`, for a place that somebody named: it may be a link to another disk."""
    return make_folder(path.resolve())


def make_common(path: Path) -> Access:
    """How files are made in the folder `path`, which is made if it is missing (`find_access`). One
    whose making was stopped is opened to its group."""
    nearest = _find_nearest(path)
    if _is_half_made(nearest):
        give(nearest, SHARED.folder)
    access = find_access(path)
    make_folder(path.resolve(), access)
    return access


def find_access(path: Path) -> Access:
    """`SHARED` inside a folder whose group may write to it and owns what is made there (setgid),
    which only somebody who means it sets up so; else its owner's."""
    nearest = _find_nearest(path)
    return SHARED if _is_shared(nearest) or _is_half_made(nearest) else OWNER


def keep_access(path: Path) -> Access:
    """How a file is made anew that is there: for its group too, if somebody has opened it to that
    and to nobody else; one that is new, that others may reach, or that is of a group to which this
    user may give nothing, is its owner's.

    Example: keys.json is 0660 of the group publishers, and stays so when a slot is added.
    """
    with suppress(FileNotFoundError, KeyError):
        status = path.stat()
        mode = stat.S_IMODE(status.st_mode)
        is_given = os.geteuid() == 0 or status.st_gid in {os.getegid(), *os.getgroups()}
        if is_given and mode & GROUPS and not mode & OTHERS:
            group = grp.getgrgid(status.st_gid).gr_name
            return Access(OWNER.folder, OWNER.file | mode & GROUPS, group)
    return OWNER


def _find_nearest(path: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())


def _is_shared(folder: Path) -> bool:
    return folder.stat().st_mode & SHARED.folder == SHARED.folder


def _is_half_made(folder: Path) -> bool:
    """Whether this user made a folder inside a shared one, and was stopped before it was its
    group's: it has the setgid of the folder above, which one that was there before has not."""
    status = folder.stat()
    is_half = stat.S_IMODE(status.st_mode) == SHARED.folder & (OWNERS | stat.S_ISGID)
    return is_half and status.st_uid == os.geteuid() and _is_shared(folder.resolve().parent)


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
    with open(os.open(path, flags, access.file & OWNERS), "wb") as file:
        give(file.fileno(), access.file, access.group)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def open_lock(path: Path) -> BinaryIO:
    """The file that a lock is held on, made if it is not there. Refused if it is a link."""
    check_no_link(path)
    return open(path, "ab", opener=_open_no_link)


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, OWNER.file)


def remove(path: Path) -> None:
    """Take away a file, a folder with all that is in it, or a link but not what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def give(target: Path | int, mode: int, group: str = "") -> None:
    """Let a file or folder, or what a descriptor is of, have this very mode and belong to the
    group; without one, add what a umask took away (a group that the folder hands on stays).

    UsageError if there is no such group, Refused if this user may not give anything to it.
    """
    status = os.stat(target)
    if not group:
        if status.st_mode & mode != mode:
            os.chmod(target, stat.S_IMODE(status.st_mode) | mode)
        return
    number = _find_group(group)
    if (status.st_gid, stat.S_IMODE(status.st_mode)) == (number, mode):
        return
    try:
        os.chown(target, -1, number)
        os.chmod(target, mode)
    except PermissionError:
        raise Refused(
            f"this user may not give files to the group {group}; be a member of it and own what is "
            "there, or let the system's administrator set it"
        ) from None


def _find_group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise UsageError(
            f"the setting groups names {name}, which is no group of this machine; make it, or name "
            "another"
        ) from None
