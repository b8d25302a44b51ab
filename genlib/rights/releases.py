"""What an erasure leaves to whoever holds the pseudonym key: kept releases without the person, and
the reports in which the person was counted, named and never changed.

A request that was decided without this step has no `releases` in its detail, so the next command
with the key does it.

Example: request 5 erased customer 17. The release of October is made anew, and the receipt names
the reports that were made of it, and those of releases that are not kept any more.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genlib.notice import Notice
from genlib.private import OWNER, Access
from genlib.publish.replacing import Removal, remove_from_releases
from genlib.register import audit, fingerprints
from genlib.register.vault import PseudonymKey
from genlib.reports.catalogue import runs
from genlib.rights.requests import Case, Officer, Request, list_requests, read_request


@dataclass(frozen=True)
class Shelves:
    """Where releases and reports are kept, under which notice, and who may read those of a
    purpose."""

    releases: Path
    reports: Path
    notice: Notice
    access_of: Callable[[str], Access] = lambda purpose: OWNER

    @property
    def purposes(self) -> list[str]:
        """Of all that is there, whatever the notice knows by now."""
        return sorted({path.parent.parent.name for path in self.releases.glob("*/*/manifest.json")})


def finish_releases(officer: Officer, key: PseudonymKey, shelves: Shelves) -> list[int]:
    """Remove from kept releases whoever was erased and still is in one; the requests that this
    finishes. Refused while another run publishes."""
    waiting = list_waiting(officer)
    if waiting:
        fingerprints.check_key(officer.register, key)
    for request in waiting:
        _finish(officer, key, shelves, request)
    return [request.id for request in waiting]


def list_waiting(officer: Officer) -> list[Request]:
    """The erasures whose releases are left to do."""
    with officer.register.engine.connect() as connection:
        requests = list_requests(connection)
    waiting = [one for one in requests if one.has_erased and _is_left_to_do(one)]
    return sorted(waiting, key=lambda one: one.id)


def _is_left_to_do(request: Request) -> bool:
    is_open = request.carried_out_at is None
    return is_open and "rows" in request.details and "releases" not in request.details


def _finish(officer: Officer, key: PseudonymKey, shelves: Shelves, request: Request) -> None:
    details = request.details
    erased_at = dt.datetime.fromisoformat(details["erased_at"])
    instant = max(erased_at, request.decided_at or erased_at)
    ladder = shelves.notice.anonymity.ladder
    replacements: dict[str, str] = {}
    for purpose in shelves.purposes:
        removal = Removal(details["rows"], instant, ladder, shelves.access_of(purpose))
        replacements |= remove_from_releases(shelves.releases, purpose, key, removal)
    reports = _list_reports(shelves, replacements)
    with audit.told(officer.register, officer.key) as (connection, tell):
        case = Case(officer, read_request(connection, request.id), connection, tell)
        _note(case, replacements, reports)


def _list_reports(shelves: Shelves, replacements: Mapping[str, str]) -> list[str]:
    """The runs of releases that held the person, and of those that are not there to be asked."""
    present = {path.parent.name for path in shelves.releases.glob("*/*/manifest.json")}
    concerned = []
    for run in runs(shelves.reports):
        cited = run.manifest.get("release", {}).get("id")
        if cited and (cited in replacements or cited not in present):
            concerned.append(run.id)
    return concerned


def _note(case: Case, replacements: dict[str, str], reports: list[str]) -> None:
    """Keep what was done; a request that was granted whole is then carried out."""
    request = case.request
    detail: dict[str, Any] = request.details | {"releases": replacements, "reports": reports}
    is_done = request.decision == "granted"
    case.update(
        detail=json.dumps(detail, sort_keys=True),
        carried_out_at=case.officer.now if is_done else None,
    )
    counts = {"request": request.id, "releases": len(replacements), "reports": len(reports)}
    people = detail["rows"]
    case.tell(case.officer.tell_event("erased from releases", people, counts))
