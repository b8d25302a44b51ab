"""Who opened which release, and when: a line for each opening, appended before a row is read.

The user is the one of the operating system, whatever the settings say; what the settings say stands
beside it. Whoever can write the file can change it: an append-only file of the administrator's
(`chattr +a`, or a log host), named by the setting `access_log`, cannot be changed by whom it tells
of. A release whose opening cannot be recorded is not opened.

Example: {"at": "2026-11-24T10:00:00+00:00", "user": "aino", "named": "aino", "purpose":
"satisfaction", "release": "2026-11-01T0400Z-5f2c91"}
"""

from __future__ import annotations

import errno
import json
import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genlib.clock import read_clock
from genlib.errors import Refused
from genlib.private import OWNER, make_home
from genlib.settings import Settings

LOG = "access.jsonl"


def find_log(settings: Settings) -> Path:
    """Where the openings are kept."""
    return settings.access_log or settings.home / LOG


def record_opening(settings: Settings, purpose: str, release: str) -> None:
    """Append that the user of this process opens a release now; Refused if it cannot be kept."""
    _record(settings, {"purpose": purpose, "release": release}, "the opening of a release")


def record_act(settings: Settings, action: str, detail: Mapping[str, Any]) -> None:
    """Append what a user does who has no way to the register and its audit trail; Refused if it
    cannot be kept."""
    _record(settings, {"action": action, **detail}, f"{action} by a user without the register")


def _record(settings: Settings, what: Mapping[str, Any], called: str) -> None:
    who = {"at": read_clock().isoformat(), "user": read_login(), "named": settings.user}
    path = find_log(settings)
    try:
        _append(path, f"{json.dumps({**who, **what}, ensure_ascii=False)}\n".encode())
    except OSError as error:
        raise Refused(
            f"{called} cannot be recorded in {path} ({error.strerror}), so it is not done; let "
            "this user append to that file, or name another with GENLIB_ACCESS_LOG"
        ) from None


def read_login() -> str:
    """The user of this process as the operating system knows it; a number without a name."""
    return name_login(os.geteuid())


def name_login(number: int) -> str:
    """The name of a user of the operating system; the number of one without a name."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _append(path: Path, line: bytes) -> None:
    """In one write, so that lines of several processes never mix, and flushed to the disk."""
    make_home(path.parent)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(path, flags, OWNER.file)
    try:
        if os.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, "the line is not whole")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
