"""After an erasure whoever holds the pseudonym key makes the kept releases anew, and the reports in
which the person was counted are named."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest
from erasing import YEARS, erase_person
from small import IDENTITY, KEY, NOW, Small

from genlib import notice as notices
from genlib.errors import Refused
from genlib.private import OWNER, Access
from genlib.register.vault import PseudonymKey
from genlib.reports.catalogue import Slot, keep
from genlib.rights.receipt import finish_receipts, tell_receipt, write_receipt
from genlib.rights.releases import Shelves, finish_releases, list_waiting
from genlib.rights.removing import Books
from genlib.rights.requests import Officer, find_request

GONE = "2025-01-01T0400Z-000000"
PURPOSE = "satisfaction"


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path).people(12)


def keep_run(small: Small, at: int, purpose: str, release: str) -> str:
    """A run in the catalogue that cites a release."""
    number = f"2026-11-0{at}T000000Z-abcdef"
    slot = {"report": "own", "period": "2026-10", "language": "fi", "slug": ""}
    cited = {"release": {"purpose": purpose, "id": release}}
    manifest = {"run_id": number, "status": "good", "slot": slot} | cited
    keep(small.home / "reports", Slot(**slot), {}, manifest)
    return number


def test_releases_are_made_anew_and_reports_are_named(small: Small) -> None:
    """The receipt tells it too, once it is written anew; an answer of another request of this
    number, of before a backup, does not stay beside it."""
    with_person = small.publish(PURPOSE)
    counted = keep_run(small, 1, PURPOSE, with_person.id)
    perhaps = keep_run(small, 2, PURPOSE, GONE)
    officer = Officer(small.register, "officer", NOW + dt.timedelta(hours=1), IDENTITY)
    number = erase_person(officer, small.home, 12).id
    answer = small.home / "rights" / str(number) / "answer.html"
    answer.parent.mkdir(parents=True)
    answer.write_text("of somebody else")
    left = find_request(small.register, number)
    assert not write_receipt(small.register, left, Books(officer.today, YEARS), small.home)[
        "releases"
    ]
    later = replace(officer, now=NOW + dt.timedelta(days=1))
    without = small.publish("customer_analysis", now=later.now)
    keep_run(small, 3, "customer_analysis", without.id)
    ours = {PURPOSE: Access(0o750, 0o640)}
    homes = (small.home / "releases", small.home / "reports")
    shelves = Shelves(*homes, notices.load(), lambda purpose: ours.get(purpose, OWNER))
    with pytest.raises(Refused, match="not the one of this register"):
        finish_releases(later, PseudonymKey(bytes(32)), shelves)
    assert finish_releases(later, KEY, shelves) == [number]
    assert list_waiting(later) == []
    request = find_request(small.register, number)
    assert (request.decision, request.carried_out_at) == ("granted", later.now)
    books = Books(later.today, YEARS)
    finish_receipts(small.register, books, small.home)
    [file] = (small.home / "rights" / str(number)).iterdir()
    receipt = json.loads(file.read_text())
    assert list(receipt["releases"]) == [with_person.id]
    anew = small.home / "releases" / PURPOSE / receipt["releases"][with_person.id]
    assert (anew / "manifest.json").stat().st_mode & 0o777 == 0o640
    assert set(receipt["reports"]) == {counted, perhaps}
    lines = "\n".join(tell_receipt(receipt))
    assert f"release {with_person.id}: made anew as" in lines
    assert counted in lines
    assert IDENTITY.name not in lines
