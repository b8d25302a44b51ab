"""An erasure that begins while a release is made keeps that release from its place."""

from __future__ import annotations

import fcntl
from pathlib import Path

import polars as pl
import pytest
from small import KEY, NOW, ZONE, Small

from genlib import notice as notices
from genlib.errors import Refused
from genlib.publish.writer import publish
from genlib.register import journal
from genlib.register.database import Register

PURPOSE = "satisfaction"


def begin_erasure(home: Path) -> None:
    """As far as the line in the journal, by which another command knows that it began."""
    marks = pl.DataFrame({"identifier": ["number"], "digest": [bytes(32)]})
    entry = journal.make_entry(
        1, at=NOW, ground="not_needed", user="officer", marks=marks, counters={}
    )
    journal.append(home, entry)


def test_a_release_during_which_an_erasure_began_is_not_kept(small: Small) -> None:
    people = small.people(6).register
    begun: list[str] = []

    def note(name: str, rows: int) -> None:
        if not begun:
            begin_erasure(small.home)
        begun.append(name)

    places = {"releases": small.home / "releases", "common": small.home}
    terms = {"notice": notices.load(), "now": NOW, "time_zone": ZONE}
    with pytest.raises(Refused, match="publish again"):
        publish(PURPOSE, people, KEY, **terms, **places, progress=note)
    assert begun
    assert [path.name for path in (small.home / "releases" / PURPOSE).glob("[!.]*")] == []
    with pytest.raises(Refused, match="genlib subject finish"):
        publish(PURPOSE, people, KEY, **terms, **places)


@pytest.mark.parametrize("step", ["check_finished", "list_begun"])
def test_an_erasure_that_begins_at_the_very_beginning_is_noticed(
    small: Small, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Right after either look at the journal, before the other or before the first row."""
    people = small.people(6).register
    look = getattr(journal, step)

    def look_and_begin(register: Register, home: Path) -> object:
        found = look(register, home)
        monkeypatch.setattr(journal, step, look)
        begin_erasure(home)
        return found

    monkeypatch.setattr(journal, step, look_and_begin)
    places = {"releases": small.home / "releases", "common": small.home}
    terms = {"notice": notices.load(), "now": NOW, "time_zone": ZONE}
    with pytest.raises(Refused, match="erasure"):
        publish(PURPOSE, people, KEY, **terms, **places)
    assert [path.name for path in (small.home / "releases" / PURPOSE).glob("[!.]*")] == []


def test_no_erasure_begins_while_a_release_is_put_in_its_place(small: Small) -> None:
    people = small.people(6).register
    with journal.stand_still(people, small.home, journal.list_begun(people, small.home)):
        lock = journal.locate(small.home).parent / ".lock"
        with lock.open("ab") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    begin_erasure(small.home)
    assert len(journal.read(small.home)) == 1
