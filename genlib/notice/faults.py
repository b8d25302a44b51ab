"""What a notice says against itself or against the law's closed lists, each fault in a line.

Example: `k = 1` gives `anonymity.k must be at least 2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from genlib.errors import UsageError
from genlib.notice.catalogue import find_column_faults
from genlib.notice.codes import BOUNDS, DAYS, DERIVED, LANGUAGES, WITH_VERDICT, YEARS
from genlib.notice.values import Paper, ReleaseTerms
from genlib.permission.switches import Switches

if TYPE_CHECKING:
    from genlib.notice.terms import Notice


def find_faults(notice: Notice) -> Iterator[str]:
    """What the notice says against itself or against the law's closed lists, a line each."""
    if not re.fullmatch(r"\S(.{0,38}\S)?", notice.version):
        yield "version is a text of 1 to 40 characters, without spaces around it"
    for section in ("controller", "contact"):
        for name, value in vars(getattr(notice, section)).items():
            if not value.strip():
                yield f"{section}.{name} is empty"
    yield from _find_ground_faults(notice)
    for number, paper in enumerate(notice.paper, start=1):
        yield from _find_paper_faults(notice, f"paper {number}", paper)
    for purpose, terms in notice.releases.items():
        yield from _find_release_faults(notice, purpose, terms)
    yield from _find_bound_faults(notice)
    for code, rule in notice.retention.items():
        yield from _check_bound(f"retention.{code}.years", rule.years, YEARS)
    recipients = vars(notice.reports.recipients)
    for language in LANGUAGES:
        if not recipients[language].strip():
            yield f"reports.recipients.{language} is empty"
    yield from _find_permission_faults(notice)
    yield from find_column_faults(notice)


def _find_ground_faults(notice: Notice) -> Iterator[str]:
    for code, use in notice.purposes.items():
        for ground in use.grounds:
            if ground not in notice.grounds:
                yield f"purposes.{code}: unknown ground {ground}"


def _find_paper_faults(notice: Notice, where: str, paper: Paper) -> Iterator[str]:
    for name in ("place", "content", "lock"):
        words = vars(getattr(paper, name))
        for language in LANGUAGES:
            if not words[language].strip():
                yield f"{where}: {name}.{language} is empty"
    if not paper.is_locked:
        yield f"{where} is not locked; lock it, or move the paper (N8.1)"
    if paper.retention not in notice.retention:
        yield f"{where}: unknown retention {paper.retention}"
    if not paper.entrants:
        yield f"{where}: nobody is named who may enter (N8.2)"
    for entrant in paper.entrants:
        if not (entrant.who.strip() and entrant.granted_by.strip()):
            yield f"{where}: say of each who may enter, and who gave the right (N8.2)"


def _find_release_faults(notice: Notice, purpose: str, terms: ReleaseTerms) -> Iterator[str]:
    where = f"releases.{purpose}"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", purpose):
        yield f"{where}: a release is named in small letters, digits and _"
    if not re.fullmatch(r"[a-z]{2,4}", terms.code):
        yield f"{where}.code is two to four small letters"
    codes = [other.code for other in notice.releases.values()]
    if codes.count(terms.code) > 1:
        yield f"{where}.code is another release's too"
    for code in terms.purposes:
        if code not in notice.purposes:
            yield f"{where}: unknown purpose {code}"
    if terms.ground not in notice.grounds:
        yield f"{where}: unknown ground {terms.ground}"
    for name in terms.derived:
        if name not in DERIVED:
            yield f"{where}: nothing derived is called {name}; there are {', '.join(DERIVED)}"
        if name in WITH_VERDICT and "verdict" not in terms.derived:
            yield f"{where}: {name} is told of a verdict, which is not derived"
    for name in terms.marketing:
        if name not in {*notice.columns, *DERIVED}:
            yield f"{where}: marketing names {name}, which is no table"
    if "profile" in terms.derived and "profile" not in terms.marketing:
        yield f"{where}: a profile is marketing: who objected to it is in none (GDPR 21(2))"
    yield from _check_bound(f"{where}.days", terms.days, DAYS)


def _find_bound_faults(notice: Notice) -> Iterator[str]:
    for name, bounds in BOUNDS.items():
        section, _, entry = name.partition(".")
        value = getattr(getattr(notice, section), entry)
        yield from _check_bound(name, value, bounds)
    profiles = notice.disclosure.profiles
    counts = [notice.disclosure.min_count, *profiles.values()]
    if min(counts) < 3:
        yield "disclosure.min_count must never be below 3"
    for profile, count in profiles.items():
        bounds = BOUNDS["disclosure.min_count"]
        yield from _check_bound(f"disclosure.profiles.{profile}", count, bounds)
    if notice.disclosure.min_base < notice.disclosure.min_count:
        yield "disclosure.min_base must not be below disclosure.min_count"


def _find_permission_faults(notice: Notice) -> Iterator[str]:
    switches = {switch.name for switch in fields(Switches)}
    unknown = notice.permission.keys() - switches
    if unknown:
        yield f"permission: no switch {', '.join(sorted(unknown))}"
        return
    try:
        Switches.of(notice.permission)
    except UsageError as error:
        yield str(error)


def _check_bound(name: str, value: int, bounds: tuple[int, int]) -> Iterator[str]:
    least, most = bounds
    if value < least:
        yield f"{name} must be at least {least}"
    if value > most:
        yield f"{name} must be at most {most:,}"
