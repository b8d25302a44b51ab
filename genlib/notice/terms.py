"""The notice in force as one value: what it grants, how it is cited, and whether it may rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from genlib.errors import NoticeError, Refused, UsageError
from genlib.notice.catalogue import find_schema_faults, select_granted
from genlib.notice.faults import find_faults
from genlib.notice.lines import in_one_line, locate_fault
from genlib.notice.values import (
    Anonymity,
    Authority,
    Category,
    Column,
    Contact,
    Controller,
    DisclosurePolicy,
    Gap,
    Paper,
    ReleaseTerms,
    ReportTerms,
    Retention,
    Term,
    Translation,
)


@dataclass(frozen=True)
class Notice:
    """A notice, in force from the day `valid_from`. `columns` is the catalogue: table, then column.
    `digest` is the SHA-256 of what the file says, whatever its comments and spaces. `lines`: on
    which line of the file an entry begins."""

    version: str
    valid_from: date
    register_name: str
    controller: Controller
    contact: Contact
    authority: Authority
    subjects: Mapping[str, Term]
    grounds: Mapping[str, Term]
    purposes: Mapping[str, Term]
    sources: Mapping[str, Term]
    categories: Mapping[str, Category]
    recipients: Mapping[str, Term]
    consents: Mapping[str, Term]
    prohibitions: Mapping[str, Term]
    protection: Mapping[str, Term]
    rights: Mapping[str, Term]
    paper: tuple[Paper, ...]
    messages: Mapping[str, Term]
    levels: Mapping[str, str]
    retention: Mapping[str, Retention]
    releases: Mapping[str, ReleaseTerms]
    anonymity: Anonymity
    disclosure: DisclosurePolicy
    reports: ReportTerms
    permission: Mapping[str, bool | str]
    gaps: Mapping[str, Gap]
    translations: Mapping[str, Translation]
    columns: Mapping[str, Mapping[str, Column]]
    digest: str
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def years_kept(self) -> dict[str, int]:
        """Rule of retention → years."""
        return {code: rule.years for code, rule in self.retention.items()}

    @property
    def k(self) -> int:
        return self.anonymity.k

    @property
    def reference(self) -> str:
        """How the notice is cited: `2026-1 (a1b2c3d4e5f6…)`."""
        return reference(self.version, self.digest)

    def check_in_force(self, today: date) -> None:
        """Refused before `valid_from`: what customers have not been told yet rules nothing."""
        if today < self.valid_from:
            raise Refused(
                f"the notice {self.version} is in force from {self.valid_from} only, which is yet "
                "to come; name the one in force today with GENLIB_NOTICE, or mend `valid_from`"
            )

    def located(self, fault: str) -> str:
        """A fault of the notice with the line of the file that it is about, where it is known."""
        return locate_fault(fault, self.lines)

    def check_unchanged(self, version: str, digest: str) -> None:
        """Refused if what was published under this very version was published under another
        text."""
        if version == self.version and digest != self.digest:
            raise Refused(
                "the notice was changed but its version was not: what was published cites "
                f"{reference(version, digest)}; raise `version` in the notice and set `valid_from`"
            )

    def release(self, purpose: str) -> ReleaseTerms:
        """The terms of a release purpose; UsageError for one that the notice does not know."""
        if purpose not in self.releases:
            raise UsageError(f"no such release purpose; the notice has {', '.join(self.releases)}")
        return self.releases[purpose]

    def granted(self, purpose: str) -> dict[str, dict[str, tuple[str, ...]]]:
        """Table -> column -> coarsenings that `purpose` is granted, in the order of the catalogue;
        everything else is denied."""
        self.release(purpose)
        return select_granted(self.columns, purpose)

    def check_schema(self, tables: Mapping[str, Iterable[str]]) -> None:
        """Raise NoticeError unless catalogue and schema (table -> columns) name exactly the same
        columns (N5.6)."""
        raise_first(self, self.schema_faults(tables))

    def schema_faults(self, tables: Mapping[str, Iterable[str]]) -> Iterator[str]:
        """What keeps catalogue and schema apart, a line each."""
        return find_schema_faults(self.columns, tables)

    def faults(self) -> Iterator[str]:
        """What the notice says against itself or against the law's closed lists, a line each."""
        return find_faults(self)


def reference(version: str, digest: str) -> str:
    """A notice as it is cited: its version, and the beginning of its digest."""
    return f"{version} ({digest[:12]}…)"


def raise_first(notice: Notice, faults: Iterator[str]) -> None:
    messages = list(faults)
    if messages:
        more = f" (and {len(messages) - 1} more: genlib notice check)" if messages[1:] else ""
        raise NoticeError(in_one_line(f"notice: {notice.located(messages[0])}{more}"))
