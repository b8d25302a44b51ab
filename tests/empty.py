"""Empty registers to copy, for making one anew costs a test more than most of them do; and files
that wait for no disk, and keys that are wrapped at little cost, for nothing in a test must outlive
the machine or withstand a thief."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from genlib.register import vault
from genlib.register.database import create_register


@cache
def find_empty_file() -> Path:
    """An empty register of SQLite, made once in a process."""
    folder = TemporaryDirectory(prefix="genlib-empty-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "register.sqlite"
    create_register(f"sqlite:///{path}").engine.dispose()
    return path


def copy_empty_register(folder: Path) -> str:
    """The address of an empty register in a folder, SQLite's, or of the one that is there."""
    path = folder / "register.sqlite"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        shutil.copy(find_empty_file(), path)
    return f"sqlite:///{path}"


def wait_for_no_disk() -> None:
    """Whatever this process writes, and SQLAlchemy's SQLite in it, it hands over to the system and
    goes on."""
    os.fsync = lambda descriptor: None

    @sa.event.listens_for(sa.Engine, "connect")
    def set_pragma(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")


def wrap_at_little_cost() -> None:
    """Keys that this process makes are opened at once by whoever opens them: a key file tells the
    cost of each secret, by default a sixth of a second of all cores."""
    vault.COST = {"time": 1, "memory_kib": 64, "lanes": 1}
