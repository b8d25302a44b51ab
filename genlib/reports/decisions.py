"""What a second person decided of a run that waits in another login's folder: a file beside its
page, until the login that owns the folder carries it out.

The group that the setting `groups` names for `waiting` may read the page and put the file there.
Who decided is who owns the file, as the system knows it, and not what the file says.

Example: the schedule, whose login is genlib, made a page that waits. bertta, whose login is
bertta.k, allows it: decision.json, of bertta.k, lies beside the page, and the next run of the
schedule lets the page out.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from genlib.access_log import name_login
from genlib.errors import Refused, UsageError
from genlib.private import JOINED
from genlib.reports import catalogue
from genlib.reports.catalogue import DECISION, GOOD, REFUSED, Run


@dataclass(frozen=True)
class Decision:
    """What becomes of a run: the status that it gets, by whom (name and login of the machine), when
    (ISO), of which digest, and why it was refused."""

    status: str
    by: str
    login: str
    at: str
    digest: str
    reason: str = ""

    def describe(self) -> dict[str, str]:
        """As the manifest of the run tells it."""
        description = {"by": self.by, "login": self.login, "at": self.at, "digest": self.digest}
        return description | {"reason": self.reason} if self.status == REFUSED else description


def is_own(run: Run) -> bool:
    """Whether the login of this process owns the folder of a run."""
    return run.folder.stat().st_uid == os.geteuid()


def check_undecided(run: Run) -> None:
    """UsageError if a decision lies beside the page of a run."""
    if has_decision(run):
        raise UsageError(
            "a second person has decided of this run already; the login of the machine that made "
            "it carries that out with its next genlib schedule due, report run or report prune"
        )


def leave_decision(run: Run, decision: Decision) -> None:
    """Put a decision beside the page, for the login that owns the folder, with the folder's group.
    Refused if this login may not write there."""
    content = json.dumps(asdict(decision), ensure_ascii=False).encode()
    try:
        catalogue.replace(run.folder / DECISION, content, JOINED)
    except PermissionError:
        raise Refused(
            "the run lies in the folder of another login of the machine, and this one may not put "
            "its decision there: let groups name, for waiting, a group of both"
        ) from None


def has_decision(run: Run) -> bool:
    """Whether a decision, or what looks like one, lies beside the page of a run."""
    return os.path.lexists(run.folder / DECISION)


def read_decision(run: Run) -> Decision:
    """The decision of whoever owns its file; OSError, ValueError or TypeError if it cannot be
    read."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(run.folder / DECISION, flags), encoding="utf-8") as file:
        file_facts = os.fstat(file.fileno())
        if not stat.S_ISREG(file_facts.st_mode):
            raise OSError(errno.EINVAL, "no file")
        content = json.load(file)
    decision = Decision(**content | {"login": name_login(file_facts.st_uid)})
    if decision.status not in {GOOD, REFUSED}:
        raise ValueError("no such decision")
    return decision


def end_decision(run: Run) -> None:
    """Take a decision away that was carried out, or that cannot be."""
    (run.folder / DECISION).unlink(missing_ok=True)


def find_closed(reports: Path, run_id: str) -> bool:
    """Whether there is a run of this id that the login of this process may not read."""
    places = [path for path in reports.glob("**/20*") if path.name == run_id]
    return any(not os.access(path, os.R_OK | os.X_OK) for path in places)
