"""The commands, and a scheduler that serves."""

import datetime as dt
import json

import pytest
from planning import settings_in

from genlib.cli import run as command
from genlib.schedule.outcome import REFUSED, Outcome
from genlib.schedule.serving import open_store, serve
from genlib.schedule.store import Task

DUE = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
LATE = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)
ENTRY = """\
[[report]]
name = "customers"
report = "customer_analysis"
starts = {starts}
every = "month"
catch_up = 1
"""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    found = settings_in(tmp_path)
    write(found)
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path))
    monkeypatch.setenv("GENLIB_SCHEDULE", str(found.schedule))
    return found


def write(settings, starts="2999-01-01"):
    settings.schedule.write_text(ENTRY.format(starts=starts), encoding="utf-8")


def test_nothing_is_due_before_an_entry_begins(settings, capsys):
    assert command(["schedule", "due"]) == 0
    assert capsys.readouterr().out == "0 due\n"
    said = json.loads((settings.reports / "status.json").read_text())
    assert said["reports"]["waiting"] == 0


def test_what_cannot_be_made_is_said_with_its_reason_and_an_exit_code(
    settings, capsys, monkeypatch
):
    write(settings, "2026-11-01")  # nothing was ever published here
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: DUE)
    assert command(["schedule", "due"]) == 0
    capsys.readouterr()
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: LATE)
    assert command(["schedule", "due"]) == 5
    assert capsys.readouterr().out == (
        "late     report customer_analysis 2026-10 fi {}: customer_analysis has not been published "
        "here; do it with: genlib publish customer_analysis\n1 waiting, 1 late\n"
    )
    assert command(["schedule", "status", "--json"]) == 5
    (line,) = json.loads(capsys.readouterr().out)["tasks"]
    assert (line["status"], line["late"], line["attempts"]) == ("waiting", True, 2)


def test_an_entry_that_is_written_after_its_time_is_not_late(settings, capsys, monkeypatch):
    write(settings, "2026-11-01")
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: LATE)
    assert command(["schedule", "due"]) == 0
    assert capsys.readouterr().out.endswith("\n1 waiting\n")
    assert command(["schedule", "status"]) == 0


def test_again_opens_what_was_refused_of_an_entry(settings, capsys):
    store = open_store(settings)
    now = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    store.add([Task("report x", "report", "customers", now)])
    store.finish(store.claim(["report x"], now), Outcome(REFUSED, "why"), now)
    assert command(["schedule", "again", "customers"]) == 0
    assert capsys.readouterr().out == "1 will be made again\n"
    assert store.read()["report x"]["status"] == "waiting"
    assert command(["schedule", "again", "nobody"]) == 2


def test_install_writes_units_and_says_what_to_do(settings, capsys):
    assert command(["schedule", "install"]) == 0
    service = (settings.home / "systemd/genlib-schedule.service").read_text()
    assert f"GENLIB_HOME={settings.home}" in service
    assert "schedule due" in service
    said = capsys.readouterr().out
    assert "systemctl enable --now genlib-schedule.timer" in said
    assert "*/10 * * * *" in said


def test_a_scheduler_that_serves_goes_on_with_the_last_good_schedule(settings):
    said = []
    rounds = []

    def wait(seconds):
        rounds.append(seconds)
        settings.schedule.write_text("[[report]", encoding="utf-8")
        return len(rounds) == 3

    serve(settings, open_store(settings), wait=wait, tell=said.append)
    assert len(rounds) == 3
    assert [text.startswith("schedule.toml is not TOML") for text in said] == [True, True]
