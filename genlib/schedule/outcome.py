"""How a task ended, and what may be tried again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from genlib.errors import BadInput, GenlibError, Refused, ReportFailed, UsageError

WAITING, RUNNING, DONE, REFUSED, FAILED = "waiting", "running", "done", "refused", "failed"
APPROVAL = "approval"
"""Made, and waiting for a second person to let it out."""
MOST_ATTEMPTS = 5
FIRST_PAUSE = dt.timedelta(minutes=1)
LOOK_AGAIN = dt.timedelta(hours=1)
"""When data that are too old are looked for again."""


@dataclass(frozen=True)
class Outcome:
    """status: one of the six. `cell` and `error` (a class, never a message) of what failed; `run`:
    what was made. `may_pass`: another try may go well. `reached`: digests of the addresses for
    which a mail was taken."""

    status: str
    reason: str = ""
    run: str | None = None
    cell: int | None = None
    error: str | None = None
    may_pass: bool = False
    not_before: dt.datetime | None = None
    reached: tuple[str, ...] = ()


def judge_error(error: Exception) -> Outcome:
    """What an error means: a refusal is not tried again, nor a cell that failed; what the machine
    could not do at this moment is."""
    kind = type(error).__name__
    if isinstance(error, ReportFailed):
        return Outcome(FAILED, str(error), error=kind)
    if isinstance(error, (Refused, UsageError, BadInput)):
        return Outcome(REFUSED, str(error), error=kind)
    if isinstance(error, GenlibError):
        return Outcome(FAILED, str(error), error=kind, may_pass=True)
    is_of_the_machine = isinstance(error, OSError) or kind == "OperationalError"
    reason = f"stopped with {kind}"
    return Outcome(FAILED, reason, error=kind, may_pass=is_of_the_machine)


def put_off(outcome: Outcome, attempts: int, now: dt.datetime) -> Outcome:
    """The outcome, or another try after a pause that doubles: 1, 2, 4 and 8 minutes."""
    if not outcome.may_pass or attempts >= MOST_ATTEMPTS:
        return outcome
    pause = FIRST_PAUSE * 2 ** (attempts - 1)
    reason = f"{outcome.reason}; tried {attempts} times of {MOST_ATTEMPTS}"
    return replace(outcome, status=WAITING, reason=reason, not_before=now + pause)
