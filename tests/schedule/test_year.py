"""A year of a schedule with all that goes wrong: whatever is killed, missed, late or fails, it
makes exactly the reports that the plan says, each once, and sends exactly their mails."""

import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from email import message_from_string, policy
from pathlib import Path

import nbformat
import pytest
from approving import approve
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from workbench import ROOT

from genlib.notice import DEFAULT
from genlib.period import Period
from genlib.present.words import Words
from genlib.register import audit
from genlib.register.database import open_register
from genlib.reports import catalogue
from genlib.schedule.serving import open_store
from genlib.settings import load
from genlib.workdays import move_to_working_day

TURN = Path(__file__).with_name("one_turn.py")
MINUTES = dt.timedelta(minutes=1)
HOURS = dt.timedelta(hours=1)
DAYS = dt.timedelta(days=1)
MONTHS = [Period.parse(f"2025-{month}") for month in (11, 12)]
MONTHS += [Period.parse(f"2026-{month:02}") for month in range(1, 11)]
QUARTERS = ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]
BAD = "2026-03"
"""The month of which a notebook fails."""
OFF = ["2026-01", "2026-02"]
"""The months after which the machine was off."""
LATE = "2026-06"
"""The month whose data came 14 hours late."""
KILLS = {
    "2025-11": "refresh",
    "2025-12": "publish",
    BAD: "report",
    "2026-04": "mail",
    "2026-07": "report",
    "2026-09": "refresh",
}
"""The months whose first scheduler is killed, and at what."""
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
publish = ["satisfaction"]
recipients = {{ fi = ["johto@company.example"], sv = ["ledning@company.example"] }}
on_failure = ["data@company.example"]

[[report]]
name = "frail"
report = "frail.ipynb"
starts = 2025-12-01
every = "month"
languages = ["fi"]
refresh = ["shop"]
publish = ["satisfaction"]
recipients = {{ fi = ["myynti@company.example"] }}
on_failure = ["data@company.example"]
"""


@pytest.fixture
def settings(with_sample, monkeypatch, tmp_path):
    for name, value in with_sample("year").environment.items():
        monkeypatch.setenv(name, value)
    notice = tmp_path / "notice.toml"
    text = DEFAULT.read_text(encoding="utf-8")
    notice.write_text(text.replace("valid_from = 2026", "valid_from = 2025"), encoding="utf-8")
    monkeypatch.setenv("GENLIB_NOTICE", str(notice))
    return load()


@pytest.fixture
def plan(settings, tmp_path, postbox):
    """The schedule's file, with the notebooks that it names and the exports of its source."""
    shutil.copytree(ROOT / "data/sample", tmp_path / "exports")
    secret = tmp_path / "smtp-password"
    secret.touch(mode=0o600)
    secret.write_text("kuuralehto")
    write_notebook(tmp_path / "payers.ipynb", "", settings)
    write_notebook(tmp_path / "frail.ipynb", f'assert period != "{BAD}"', settings)
    path = tmp_path / "schedule.toml"
    written = PLAN.format(port=postbox.port, secret=secret, authority=postbox.authority)
    path.write_text(written)
    return path


def write_notebook(path, figures, settings):
    """An approved notebook that takes no time."""
    lines = 'period: str = "2026-10"\nlanguage: str = "fi"'
    cells = [
        new_markdown_cell(f"# {path.stem}"),
        new_code_cell(lines, metadata={"tags": ["parameters"]}),
        new_code_cell(figures, metadata={"tags": ["figures"]}),
    ]
    nbformat.write(new_notebook(cells=cells), path)
    approve(path, settings)


def write_exports(plan, instant):
    for file in (plan.parent / "exports").iterdir():
        os.utime(file, (instant.timestamp(), instant.timestamp()))


def start(plan, now):
    return subprocess.Popen([sys.executable, TURN, plan, now.isoformat()], cwd=ROOT)


def take_turns(plan, now):
    """Two schedulers at once."""
    both = [start(plan, now) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]


def kill_scheduler(plan, now, point, postbox, store):
    """One scheduler that is killed at a task of a kind: so many seconds after it began, or of a
    mail when the server has it."""
    kind, moment = point
    one = start(plan, now)
    if kind == "mail":
        postbox.when_taken = one.kill
    else:
        while not any(row["status"] == "running" for row in read_tasks(store, kind)):
            assert one.poll() is None
            time.sleep(0.01)
        time.sleep(moment)
        one.kill()
    assert one.wait() == -signal.SIGKILL
    postbox.when_taken = lambda: None


def read_tasks(store, kind):
    return [row for row in store.read().values() if row["kind"] == kind]


def find_waiting(store):
    rows = read_tasks(store, "report")
    return sorted((row["entry"], row["period"]) for row in rows if row["status"] == "waiting")


def finish_turn(plan, now, store):
    """Round after round, as a timer would, until nothing waits for another try."""
    for _ in range(4):
        rows = store.read().values()
        reasons = [row["reason"] for row in rows if row["status"] in {"waiting", "running"}]
        if not reasons:
            return
        now += 10 * MINUTES
        assert start(plan, now).wait() == 0
    pytest.fail(f"it waits: {reasons}")


def read_letters(postbox):
    """To whom each letter went, and about what; and how many came twice, under one Message-ID."""
    read = {}
    for (to,), text, _ in postbox.letters:
        letter = message_from_string(text, policy=policy.default)
        read[letter["Message-ID"]] = (to.partition("@")[0], letter["Subject"])
    return sorted(read.values()), len(postbox.letters) - len(read)


def name_letter(to, report, period):
    language = "sv" if to == "ledning" else "fi"
    return to, f"{report}, {Words(language).period(period)}"


def expect_letters():
    """Of each report to its readers; of the month that failed and of each late report to whom it
    concerns, once."""
    letters = [("myynti", "frail", month.label) for month in MONTHS if month.label != BAD]
    letters += [(who, "payers", one) for one in QUARTERS for who in ("johto", "ledning")]
    letters += [("data", "frail", month) for month in [BAD, LATE, *OFF]]
    late = [("data", f"payers, {Words(one).period(QUARTERS[2])}") for one in ("fi", "sv")]
    return sorted([name_letter(*one) for one in letters] + late)


@pytest.mark.slow
def test_a_year_with_kills_gaps_a_failure_and_a_late_source_is_made_exactly_once(
    plan, settings, postbox
):
    chance = random.Random(7)  # noqa: S311 - a moment
    store = open_store(settings)
    for month in MONTHS:
        if month.label in OFF:
            continue
        # an hour after six o'clock at the company, or two
        now = dt.datetime.combine(move_to_working_day(month.end), dt.time(5), dt.UTC)
        write_exports(plan, now - (40 * DAYS if month.label == LATE else HOURS))
        if month.label in KILLS:
            point = KILLS[month.label], chance.uniform(0, 1)
            kill_scheduler(plan, now, point, postbox, store)
            now += 10 * MINUTES
        if month.label == LATE:
            for hours in (0, 13):
                take_turns(plan, now + hours * HOURS)
                assert find_waiting(store) == [("frail", LATE), *[("payers", QUARTERS[2])] * 2]
            now += 14 * HOURS
            write_exports(plan, now)
        take_turns(plan, now)
        finish_turn(plan, now, store)

    runs = catalogue.runs(settings.reports)
    good = sorted((run.slot.report, run.slot.period, run.slot.language) for run in runs if run.html)
    frail = [("frail", month.label, "fi") for month in MONTHS if month.label != BAD]
    payers = [("payers", quarter, language) for quarter in QUARTERS for language in ("fi", "sv")]
    assert good == sorted(frail + payers)
    rows = read_tasks(store, "report")
    failed = [
        (row["entry"], row["period"], row["error"]) for row in rows if row["status"] != "done"
    ]
    assert failed == [("frail", BAD, "AssertionError")]
    # the one whose sender was killed before it heard the server's yes came twice
    assert read_letters(postbox) == (expect_letters(), 1)
    assert audit.verify(open_register(settings.register)) > 0
