"""A year of a schedule with all that goes wrong: whatever is killed, missed, late or fails, it
makes exactly the reports that the plan says, each once, and sends exactly their mails."""

import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
from email import message_from_string, policy
from pathlib import Path

import nbformat
import pytest
from approving import approve
from nbformat.v4 import new_code_cell
from workbench import ROOT

from genlib.period import Period
from genlib.register import audit
from genlib.register.database import open_register
from genlib.reports import catalogue
from genlib.schedule.serving import open_store
from genlib.settings import load
from genlib.workdays import move_to_working_day

TURN = Path(__file__).with_name("one_turn.py")
MONTHS = [Period.parse(f"2025-{month}") for month in (11, 12)]
MONTHS += [Period.parse(f"2026-{month:02}") for month in range(1, 11)]
QUARTERS = ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]
BAD = "2026-03"
"""The month of which a notebook fails."""
OFF = {"2026-01", "2026-02"}
"""The months after which the machine was off."""
LATE = "2026-06"
"""The month whose data came three hours late."""
PLAN = """
[sources.shop]
files = "exports"

[delivery]
server = "localhost"
port = {port}
user = "reports"
password_file = "{secret}"
authority = "{authority}"
sender = "reports@company.example"
link = "https://reports.company.example/"
internal = ["company.example"]

[[report]]
name = "payers"
report = "payers.ipynb"
starts = 2025-12-01
every = "quarter"
languages = ["fi", "sv"]
refresh = ["shop"]
publish = ["customer_analysis"]
recipients = {{ fi = ["johto@company.example"], sv = ["ledning@company.example"] }}
on_failure = ["data@company.example"]

[[report]]
name = "frail"
report = "frail.ipynb"
starts = 2025-12-01
every = "month"
languages = ["fi"]
refresh = ["shop"]
publish = ["customer_analysis"]
recipients = {{ fi = ["myynti@company.example"] }}
on_failure = ["data@company.example"]
"""


@pytest.fixture
def settings(with_sample, monkeypatch):
    for name, value in with_sample("year").environment.items():
        monkeypatch.setenv(name, value)
    return load()


@pytest.fixture
def plan(settings, tmp_path, postbox):
    """The schedule's file, with the notebooks that it names and the exports of its source."""
    shutil.copytree(ROOT / "data/sample", tmp_path / "exports")
    secret = tmp_path / "smtp-password"
    secret.touch(mode=0o600)
    secret.write_text("kuuralehto")
    book = nbformat.read(ROOT / "notebooks/own_report.ipynb", as_version=4)
    nbformat.write(book, tmp_path / "payers.ipynb")
    book.cells.insert(3, new_code_cell(f'assert period != "{BAD}"'))
    nbformat.write(book, tmp_path / "frail.ipynb")
    for name in ("payers", "frail"):
        approve(tmp_path / f"{name}.ipynb", settings)
    path = tmp_path / "schedule.toml"
    written = PLAN.format(port=postbox.port, secret=secret, authority=postbox.authority)
    path.write_text(written)
    return path


def write_exports(plan, instant):
    for file in (plan.parent / "exports").iterdir():
        os.utime(file, (instant.timestamp(), instant.timestamp()))


def start(plan, now):
    words = [sys.executable, TURN, plan, now.isoformat()]
    return subprocess.Popen(words, cwd=ROOT, start_new_session=True)


def take_turns(plan, now, chance):
    """One scheduler that is killed with all that it started, then two at once, when its claims are
    free again."""
    first = start(plan, now)
    try:
        first.wait(chance.uniform(1, 8))
    except subprocess.TimeoutExpired:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    both = [start(plan, now + dt.timedelta(minutes=10)) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]


def read_letters(postbox):
    """To whom each letter went, once: who was killed after the server's yes sends it again under
    the same Message-ID. That the months of the gap are late may be told, or not: a scheduler that
    finds them running says so."""
    read = {}
    for to, text, _ in postbox.letters:
        letter = message_from_string(text, policy=policy.default)
        is_of_gap = any(month in letter["Subject"] for month in ("tammikuu", "helmikuu"))
        if not (is_of_gap and to[0].startswith("data@")):
            read[letter["Message-ID"]] = to[0]
    return sorted(read.values())


@pytest.mark.slow
def test_a_year_with_kills_gaps_a_failure_and_a_late_source_is_made_exactly_once(
    plan, settings, postbox
):
    chance = random.Random(7)  # noqa: S311 - a test
    for month in MONTHS:
        if month.label in OFF:
            continue
        # an hour after six o'clock at the company, or two
        due = dt.datetime.combine(move_to_working_day(month.end), dt.time(5), dt.UTC)
        write_exports(plan, due - dt.timedelta(days=40 if month.label == LATE else 1))
        take_turns(plan, due, chance)
        if month.label == LATE:
            rows = open_store(settings).read()
            assert [row["status"] for row in rows.values() if row["period"] == LATE] == ["waiting"]
            write_exports(plan, due)
            take_turns(plan, due + dt.timedelta(hours=3), chance)

    runs = catalogue.runs(settings.reports)
    good = sorted((run.slot.report, run.slot.period, run.slot.language) for run in runs if run.html)
    frail = [("frail", month.label, "fi") for month in MONTHS if month.label != BAD]
    payers = [("payers", quarter, language) for quarter in QUARTERS for language in ("fi", "sv")]
    assert good == sorted(frail + payers)
    rows = [row for row in open_store(settings).read().values() if row["kind"] == "report"]
    failed = [
        (row["entry"], row["period"], row["error"]) for row in rows if row["status"] != "done"
    ]
    assert failed == [("frail", BAD, "AssertionError")]
    people = {"myynti": 11, "johto": 4, "ledning": 4, "data": 1}
    expected = [f"{name}@company.example" for name, count in people.items() for _ in range(count)]
    assert read_letters(postbox) == sorted(expected)
    assert audit.verify(open_register(settings.register)) > 0
