"""Every error that genlib raises on purpose: one small tree, each with the exit code of its kind.

A message is one line: what was wrong, where (table, column, row number, rule, count), what to do.
It never holds a value from the data.
"""

from __future__ import annotations


class GenlibError(Exception):
    """Base of all; exit code 1."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows in place of a traceback: the line that a shell would get."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(GenlibError):
    """An unknown name, a parameter of the wrong type, a setting that is missing; exit code 2."""

    exit_code = 2


class RegisterNotFound(UsageError):
    """There is no register at this address yet: `genlib register create` makes one."""


class Refused(GenlibError):
    """A permission or a policy says no; exit code 3."""

    exit_code = 3


class WrongPassword(Refused):
    """The password opens no slot of the key file."""


class NotProtected(Refused):
    """Something that did not come through `genlib.protect` was about to be shown."""


class TooFewCustomers(Refused):
    """Too few customers are of this region or kind for a report of their own: take one of all."""


class BadInput(GenlibError):
    """Input that cannot be taken as it is; nothing of it was kept by halves; exit code 4."""

    exit_code = 4


class InvalidIdentifier(BadInput, ValueError):
    """An identifier breaks a rule. `rule` names the rule; the value is nowhere in the error."""

    def __init__(self, kind: str, rule: str) -> None:
        super().__init__(f"not a valid {kind}: {rule}")
        self.kind = kind
        self.rule = rule


class NoticeError(BadInput):
    """data/notice.toml contradicts itself or the schema; nothing starts until it is mended."""


class ReleaseNotFound(UsageError):
    """No such purpose, release or table on this machine, or not whole: `genlib publish` makes a new
    release."""


class PeriodNotCovered(UsageError):
    """The release does not reach to the end of the period: nothing is told of days that were not
    over."""


class NoSuchName(UsageError, AttributeError):
    """A name that a module of genlib does not have."""


class NoSuchTable(UsageError, AttributeError, KeyError):
    """A name is none of the tables that were protected together."""

    __str__ = Exception.__str__


class ReportFailed(GenlibError):
    """A notebook or its export stopped; the last good report is untouched; exit code 5."""

    exit_code = 5


class KernelStopped(ReportFailed):
    """The process that ran a notebook ended before it; another try may go well."""


class CellFailed(ReportFailed):
    """One cell stopped, or showed what may not leave. `cell` counts from 1; `error` is a class or a
    kind of output, never a message."""

    def __init__(self, message: str, *, cell: int, error: str) -> None:
        super().__init__(f"cell {cell} {message}")
        self.cell = cell
        self.error = error
