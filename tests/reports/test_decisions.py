"""What a second person decides under a login of their own is carried out by the login that made
the page, and by who owns the decision's file."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from catalogued import PAGE, keep_waiting
from logins import list_groups, make_passage, run_as_nobody
from planning import settings_in

from genlib.access_log import read_login
from genlib.cli import run as command
from genlib.errors import UsageError
from genlib.present.banner import take_banner
from genlib.reports import catalogue
from genlib.reports.catalogue import DECISION, GOOD, MANIFEST, REFUSED, Run, read_run
from genlib.reports.decisions import Decision, find_closed, has_decision, leave_decision
from genlib.reports.second_person import (
    allow_run,
    carry_out_decisions,
    check_second_person,
    digest_run,
    refuse_run,
)
from genlib.settings import Settings

ID = "2026-11-01T040000Z-5f2c91"
AT = "2026-11-02T04:00:00+00:00"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of aino, who makes the reports."""
    return replace(settings_in(tmp_path), group_readable=True)


def decide(run: Run, status: str = GOOD, **other: str) -> None:
    """What bertta leaves, in a file of this process's login."""
    decision = Decision(status, "bertta", "", AT, digest_run(run))
    leave_decision(run, replace(decision, **other))


def read_status(run: Run) -> tuple[str, bool]:
    """The status of a run, and whether a decision lies there."""
    return read_run(run.folder / MANIFEST).status, has_decision(run)


def test_a_decision_is_carried_out_once_and_tells_the_login_that_owns_its_file(settings):
    run = keep_waiting(settings.reports, ID)
    decide(run, login="erja")
    assert [carry_out_decisions(settings) for _ in range(2)] == [1, 0]
    assert read_status(run) == ("good", False)
    allowed = read_run(run.folder / MANIFEST).manifest["allowed"]
    assert (allowed["by"], allowed["login"], allowed["at"]) == ("bertta", read_login(), AT)
    assert (run.folder / "report.html").read_text(encoding="utf-8") == PAGE
    assert (settings.reports / "campaign_history/latest-good/fi.html").exists()


def test_a_refusal_is_carried_out_with_its_reason(settings):
    run = keep_waiting(settings.reports, ID)
    decide(run, REFUSED, reason="unclear")
    assert carry_out_decisions(settings) == 1
    assert read_status(run) == ("refused", False)
    assert read_run(run.folder / MANIFEST).manifest["refused"]["reason"] == "unclear"
    (note,) = json.loads((settings.home / "ledger/withdrawn.json").read_text()).values()
    assert (note["user"], note["reason"]) == ("bertta", "unclear")


@pytest.mark.parametrize("other", [{"by": "aino"}, {"by": "aino.m"}, {"status": "waiting"}])
def test_a_decision_of_the_maker_or_of_nothing_is_none(settings, other):
    run = keep_waiting(settings.reports, ID)
    decide(run, **other)
    assert carry_out_decisions(settings) == 0
    assert read_status(run) == ("waiting", False)


def test_a_decision_in_a_file_of_the_makers_login_is_none(settings):
    run = keep_waiting(settings.reports, ID, login=read_login())
    decide(run, login="bertta.k")
    assert carry_out_decisions(settings) == 0
    assert read_status(run) == ("waiting", False)


def test_a_link_to_a_decision_is_none(settings, tmp_path):
    run = keep_waiting(settings.reports, ID)
    decide(run)
    (run.folder / DECISION).rename(tmp_path / "elsewhere")
    (run.folder / DECISION).symlink_to(tmp_path / "elsewhere")
    assert carry_out_decisions(settings) == 0
    assert read_status(run) == ("waiting", False)


def test_pruning_tells_what_it_carried_out(settings, monkeypatch, capsys):
    decide(keep_waiting(settings.reports, ID))
    monkeypatch.setenv("GENLIB_HOME", str(settings.home))
    assert command(["report", "prune"]) == 0
    assert "1 carried out, as second persons decided" in capsys.readouterr().out
    assert command(["report", "prune"]) == 0
    assert "carried out" not in capsys.readouterr().out


def test_what_was_changed_since_it_was_decided_stays_where_it_is(settings):
    run = keep_waiting(settings.reports, ID)
    decide(run)
    (run.folder / "report.html").write_text(PAGE.replace("Lokakuu", "Marraskuu"))
    assert carry_out_decisions(settings) == 0
    assert read_status(run) == ("waiting", False)


def test_who_is_stopped_while_carrying_it_out_does_it_again(settings):
    run = keep_waiting(settings.reports, ID)
    decide(run)
    page = run.folder / "report.html"
    page.write_text(take_banner(page.read_text(encoding="utf-8")))
    assert carry_out_decisions(settings) == 1
    decide(run)  # as if it had not been taken away yet
    assert carry_out_decisions(settings) == 0
    assert read_status(run) == ("good", False)


def test_one_decides(settings):
    run = keep_waiting(settings.reports, ID)
    decide(run)
    with pytest.raises(UsageError, match="has decided of this run already"):
        check_second_person(run, replace(settings, user="cilla"))


@pytest.fixture
def common() -> Iterator[Settings]:
    """The workbench of one login, with groups of others."""
    with make_passage() as home:
        readers, publishers = list_groups()[:2]
        yield replace(settings_in(home), groups=f"reports={readers}, waiting={publishers}")


@pytest.mark.parametrize("status", [GOOD, REFUSED])
def test_a_second_person_decides_under_a_login_of_their_own(common, status):
    groups = [part.split("=")[1] for part in common.groups.split(", ")]
    run = keep_waiting(common.reports, ID, common.access, common.waiting)
    bertta = replace(common, user="bertta", home=common.home / "none")

    def act() -> None:
        (found,) = catalogue.runs(common.reports)
        if status == GOOD:
            assert allow_run(found, digest_run(found), bertta).status == "waiting"
        else:
            refuse_run(found, "unclear", bertta)

    assert run_as_nobody(act, *groups) == 0
    assert read_status(run) == ("waiting", True)
    assert carry_out_decisions(common) == 1
    decided = read_run(run.folder / MANIFEST)
    said = decided.manifest["allowed" if status == GOOD else "refused"]
    assert (decided.status, said["by"], said["login"]) == (status, "bertta", "nobody")
    folder = 0o750 if status == GOOD else 0o700
    assert stat.S_IMODE(run.folder.stat().st_mode) == folder
    assert status == REFUSED or run.folder.group() == groups[0]


def test_readers_of_reports_cannot_read_what_waits_but_are_told_that_it_is_there(common):
    readers, _ = [part.split("=")[1] for part in common.groups.split(", ")]
    keep_waiting(common.reports, ID, common.access, common.waiting)

    def act() -> None:
        assert catalogue.runs(common.reports) == []
        assert find_closed(common.reports, ID)

    assert run_as_nobody(act, readers) == 0
    assert not find_closed(common.reports, ID)
