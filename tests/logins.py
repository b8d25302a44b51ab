"""Another login of the machine, which only root can be."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def make_passage() -> Iterator[Path]:
    """A folder through which others may go; the test is skipped without root, who can be anyone."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another login")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def run_as_nobody(act: Callable[[], object], *groups: str) -> int:
    """The exit code of what another login does, a member of these groups."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([grp.getgrnam(name).gr_gid for name in groups])
            os.setgid(pwd.getpwnam("nobody").pw_gid)
            os.setuid(pwd.getpwnam("nobody").pw_uid)
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def list_groups() -> list[str]:
    """Names of groups that neither root nor nobody is in by default."""
    return [one.gr_name for one in grp.getgrall() if one.gr_gid not in {0, 65534}]
