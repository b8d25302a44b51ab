"""The commands, and a scheduler that serves."""

import datetime as dt
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

import nbformat
import pytest
from approving import approve
from catalogued import keep
from nbformat.v4 import new_code_cell, new_notebook
from planning import settings_in
from workbench import ROOT

from genlib.cli import run as command
from genlib.schedule.outcome import DONE, FAILED, REFUSED, Outcome, put_off
from genlib.schedule.plan import tell_key
from genlib.schedule.serving import open_store, serve
from genlib.schedule.store import Task
from genlib.settings import load

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
        "late     report customer_analysis 2026-10 fi: customer_analysis has not been published "
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


KEY = "report customer_analysis {} fi {{}}"


def refuse(store, key, entry="customers"):
    """A report that was put down and refused."""
    store.add([Task(key, "report", entry, DUE)])
    store.finish(store.claim([key], DUE), Outcome(REFUSED, "why"), DUE)


@pytest.fixture
def failing(settings, capsys, monkeypatch):
    """The tasks, of which one failed once and is tried again in a minute."""
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: DUE)
    write(settings, "2026-11-01")
    store = open_store(settings)
    key = KEY.format("2026-10")
    store.add([Task(key, "report", "customers", DUE, "2026-10", "fi")])
    why = "customer_analysis: the kernel stopped"
    outcome = Outcome(FAILED, why, error="KernelStopped", may_pass=True)
    store.finish(store.claim([key], DUE), put_off(outcome, 1, DUE), DUE)
    return store


def test_what_failed_and_is_tried_again_is_said_with_its_reason_and_an_exit_code(failing, capsys):
    assert command(["schedule", "due"]) == 5
    assert capsys.readouterr().out == (
        "failed   report customer_analysis 2026-10 fi, KernelStopped: customer_analysis: the "
        "kernel stopped; tried 1 times of 5; again after 04:01 UTC\n1 failed\n"
    )


def test_what_failed_and_waits_for_something_else_now_is_said_to_wait(failing, capsys):
    failing.tell(KEY.format("2026-10"), "the files of shop are of 2026-10-30")
    assert command(["schedule", "status"]) == 0
    assert capsys.readouterr().out == (
        "waiting  report customer_analysis 2026-10 fi: the files of shop are of 2026-10-30\n"
        "1 waiting\n"
    )


def test_again_does_not_let_what_failed_wait_for_its_next_try(failing, capsys):
    assert command(["schedule", "again", "customers"]) == 0
    assert capsys.readouterr().out == "1 will be made again\n"
    (row,) = failing.read().values()
    assert (row["attempts"], row["not_before"]) == (1, DUE)


def test_again_opens_what_is_published_for_an_entry_too(settings, capsys, monkeypatch):
    """The password was not found, and is there now; else it would be looked for in an hour."""
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: DUE)
    write(settings, "2026-11-01")
    text = settings.schedule.read_text(encoding="utf-8")
    settings.schedule.write_text(text + 'publish = ["customer_analysis"]\n', encoding="utf-8")
    store = open_store(settings)
    for key in ("publish customer_analysis", "publish satisfaction"):
        store.add([Task(key, "publish", "", DUE)])
        store.finish(store.claim([key], DUE), Outcome(REFUSED, "no password"), DUE)
    assert command(["schedule", "again", "customers"]) == 0
    assert capsys.readouterr().out == "1 will be made again\n"
    states = {key: row["status"] for key, row in store.read().items()}
    assert states == {"publish customer_analysis": "waiting", "publish satisfaction": REFUSED}


def test_again_opens_what_was_refused_of_an_entry(settings, capsys, monkeypatch):
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: DUE)
    write(settings, "2026-11-01")
    store = open_store(settings)
    key = KEY.format("2026-10")
    refuse(store, key)
    assert command(["schedule", "again", "customers"]) == 0
    assert capsys.readouterr().out == "1 will be made again\n"
    assert store.read()[key]["status"] == "waiting"
    assert command(["schedule", "again", "nobody"]) == 2


def test_again_opens_nothing_that_the_schedule_does_not_ask_for(settings, capsys, monkeypatch):
    """A language that went, and a period that is not caught up any more: nobody would make them,
    and what was refused would wait for ever, unseen."""
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: DUE)
    write(settings, "2026-09-01")
    store = open_store(settings)
    left = [KEY.format("2026-10").replace(" fi ", " sv "), KEY.format("2026-09")]
    for key in left:
        refuse(store, key)
    assert command(["schedule", "again", "customers"]) == 0
    assert capsys.readouterr().out == "0 will be made again\n"
    assert {row["status"] for row in store.read().values()} == {REFUSED}


def test_check_tells_what_of_the_past_a_change_would_bring(settings, capsys, monkeypatch):
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: DUE)
    text = ENTRY.format(starts="2026-08-01").replace("catch_up = 1", "catch_up = 2")
    settings.schedule.write_text(text, encoding="utf-8")
    past = "customers: {} reports from 2026-09 to 2026-10 were due already and come at the next"
    assert command(["schedule", "check"]) == 0
    assert past.format(2) in capsys.readouterr().out
    assert not (settings.home / "schedule.sqlite").exists()
    assert command(["schedule", "due"]) == 3
    capsys.readouterr()
    assert command(["schedule", "check"]) == 0
    checked = capsys.readouterr().out
    assert "due already" not in checked
    assert checked.endswith(": 1 report\n")
    settings.schedule.write_text(text + 'languages = ["fi", "sv"]\n', encoding="utf-8")
    assert command(["schedule", "check"]) == 0
    assert past.format(2) in capsys.readouterr().out


def test_again_knows_an_entry_under_its_new_name(settings, capsys, monkeypatch):
    write(settings, "2026-11-01")
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: DUE)
    assert command(["schedule", "due"]) == 0
    store = open_store(settings)
    (key,) = store.read()
    later = DUE + dt.timedelta(hours=2)
    store.finish(store.claim([key], later), Outcome(REFUSED, "why"), later)
    text = settings.schedule.read_text(encoding="utf-8")
    settings.schedule.write_text(text.replace('"customers"', '"managers"'), encoding="utf-8")
    capsys.readouterr()
    assert command(["schedule", "status"]) == 3
    assert command(["schedule", "again", "managers"]) == 0
    assert capsys.readouterr().out.endswith("1 will be made again\n")


def test_what_was_taken_back_is_withdrawn_and_made_again(settings, capsys, monkeypatch):
    monkeypatch.setattr("genlib.schedule.serving.read_clock", lambda: DUE)
    write(settings, "2026-11-01")
    text = settings.schedule.read_text(encoding="utf-8")
    settings.schedule.write_text(text + 'languages = ["fi", "en"]\n', encoding="utf-8")
    keys = {one: KEY.format("2026-10").replace(" fi ", f" {one} ") for one in ("fi", "sv", "en")}
    store = open_store(settings)
    now = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    figures = "2026-11-02T040000Z-5f2c91"
    runs = {"fi": figures, "sv": "2026-11-02T040000Z-77c0d2", "en": "2026-11-02T040500Z-0a0a0a"}
    for language, run_id in runs.items():
        keep(settings.reports, run_id, "good", language=language)
        store.add([Task(keys[language], "report", "customers", now)])
        claim = store.claim([keys[language]], now)
        store.finish(claim, Outcome(DONE, run=run_id), now)
    swedish = next((settings.reports / "campaign_history/2026-10/sv").glob("*/manifest.json"))
    manifest = json.loads(swedish.read_text())
    swedish.write_text(json.dumps(manifest | {"figures": figures}))
    assert command(["report", "withdraw", runs["sv"], "--reason", "a file came twice"]) == 0
    capsys.readouterr()
    assert command(["schedule", "status"]) == 0
    assert capsys.readouterr().out == (
        f"done     {tell_key(keys['en'])}\n"
        f"withdrawn {tell_key(keys['fi'])}: taken back; made anew after "
        "genlib schedule again customers\n"
        f"withdrawn {tell_key(keys['sv'])}: taken back; the schedule does not ask for it\n"
        "1 done, 2 withdrawn\n"
    )
    assert command(["schedule", "again", "customers"]) == 0
    assert capsys.readouterr().out == "1 will be made again\n"
    assert {row["key"]: row["status"] for row in store.read().values()} == {
        keys["en"]: "done",
        keys["fi"]: "waiting",
        keys["sv"]: "done",
    }


@contextmanager
def scheduler_at_work(order, settings, folder):
    """One that makes a report for which nobody would wait."""
    text = 'period: str = "2026-10"\nlanguage: str = "fi"'
    parameters = new_code_cell(text, metadata={"tags": ["parameters"]})
    slow = new_code_cell(f"import time; open({str(folder / 'begun')!r}, 'w'); time.sleep(900)")
    nbformat.write(new_notebook(cells=[parameters, slow]), folder / "own.ipynb")
    approve(folder / "own.ipynb", settings)
    slow_entry = ENTRY.replace('"customer_analysis"', '"own.ipynb"').format(starts="2026-10-15")
    settings.schedule.write_text(slow_entry, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command_line = [sys.executable, "-c", "from genlib.cli import main; main()", "schedule", order]
    with subprocess.Popen(
        command_line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as scheduler:
        while not (folder / "begun").exists():
            assert scheduler.poll() is None
            time.sleep(0.05)
        try:
            yield scheduler
        finally:
            scheduler.kill()


@pytest.mark.parametrize(("order", "code"), [("serve", 0), ("due", 143)])
def test_a_scheduler_that_is_told_to_stop_leaves_its_report_to_the_next(
    settings, tmp_path, order, code
):
    with scheduler_at_work(order, settings, tmp_path) as scheduler:
        scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(60) == code
    *_, row = open_store(settings).read().values()  # those of earlier months are not caught up
    assert (row["status"], row["attempts"]) == ("waiting", 0)
    assert json.loads((settings.reports / "status.json").read_text())["reports"]["waiting"] == 1


def test_a_scheduler_that_is_told_to_stop_stops_though_its_database_stops_before(
    settings, tmp_path
):
    with scheduler_at_work("serve", settings, tmp_path) as scheduler:
        (settings.home / "schedule.sqlite").write_bytes(b"no database" * 1000)
        scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(50) == 0


def test_install_writes_units_and_says_what_to_do(settings, capsys):
    assert command(["schedule", "install"]) == 0
    service = (settings.home / "systemd/genlib-schedule.service").read_text()
    assert f"GENLIB_HOME={settings.home}" in service
    assert "schedule due" in service
    said = capsys.readouterr().out
    assert "systemctl enable --now genlib-schedule.timer" in said
    assert "*/10 * * * *" in said


def read_units(settings):
    """The variables of the service, as systemd understands them."""
    text = (settings.home / "systemd/genlib-schedule.service").read_text()
    values = [line.partition("=")[2] for line in text.splitlines() if line.startswith("Environ")]
    words = [shlex.split(value.replace("%%", "%"))[0] for value in values]
    return dict(word.split("=", 1) for word in words)


def read_as_cron(line):
    """What cron hands to the shell: a backslash takes the next character with it, and goes itself
    if that is a %; a % alone ends the command."""
    parts = re.findall(r"\\.|%|[^\\%]+", line)
    end = parts.index("%") if "%" in parts else len(parts)
    return "".join("%" if part == r"\%" else part for part in parts[:end])


def read_crontab(said):
    """The variables of the crontab's line, as cron hands it to the shell."""
    line = next(line for line in said.splitlines() if "*/10" in line)
    words = shlex.split(read_as_cron(line).partition("&& ")[2])
    return dict(word.split("=", 1) for word in words if word.startswith("GENLIB_"))


@pytest.fixture
def other_settings(settings, tmp_path, monkeypatch):
    """Each setting is another than the default, some with what systemd, cron or a shell obey."""
    named = {
        "GENLIB_HOME": f'{tmp_path}/100 % "work" \\ \\% \\\\% $bench',
        "GENLIB_SCHEDULE": str(settings.schedule),
        "GENLIB_USER": "aino o'malley",
        "GENLIB_REGISTER": "postgresql://aino%40home@db.example/register",
        "GENLIB_SLOTS": "postgresql://aino@db.example/slots",
        "GENLIB_TIME_ZONE": "Europe/Stockholm",
        "GENLIB_GROUPS": "customer_analysis=analysts, reports=readers",
        "GENLIB_ARTIFICIAL": "false",
        "GENLIB_GROUP_READABLE": "yes",
        "GENLIB_ACCESS_LOG": f"{tmp_path}/log.jsonl",
        "GENLIB_KEYS": f"{tmp_path}/keys",
        "GENLIB_RELEASES": f"{tmp_path}/releases",
        "GENLIB_REPORTS": f"{tmp_path}/reports",
        "GENLIB_COMMON": f"{tmp_path}/common",
        "GENLIB_NOTICE": str(settings.notice),
        "GENLIB_PASSWORD_FILE": f"{tmp_path}/word",
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    return load()


def test_install_writes_the_settings_in_force_but_the_password_file(other_settings, capsys):
    assert command(["schedule", "install"]) == 0
    in_force = replace(other_settings, password_file=None)
    for variables in (read_units(in_force), read_crontab(capsys.readouterr().out)):
        assert load(environment=variables) == in_force


def test_what_genlib_toml_says_is_left_to_it(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    address = "postgresql://aino:kuuralehto@db.example/register"
    (tmp_path / "genlib.toml").write_text(f'register = "{address}"\n', encoding="utf-8")
    assert command(["schedule", "install"]) == 0
    assert set(read_units(settings)) == {"GENLIB_HOME", "GENLIB_USER", "GENLIB_SCHEDULE"}


@pytest.mark.parametrize("variable", ["GENLIB_REGISTER", "GENLIB_SLOTS"])
@pytest.mark.parametrize(
    "address",
    ["postgresql://a:kuuralehto@db.example/r", "postgresql://a@db.example/r?password=kuuralehto"],
)
def test_install_writes_no_password(settings, monkeypatch, capsys, variable, address):
    monkeypatch.setenv(variable, address)
    assert command(["schedule", "install"]) == 2
    said = capsys.readouterr()
    assert f"{variable} holds a password" in said.err
    assert ".pgpass" in said.err
    assert "kuuralehto" not in said.out + said.err
    assert not (settings.home / "systemd").exists()


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


def test_install_writes_no_second_line_for_a_value(settings, monkeypatch, capsys):
    monkeypatch.setenv("PGPASSFILE", "/x\nExecStartPre=/bin/echo")
    assert command(["schedule", "install"]) == 2
    assert "holds the end of a line" in capsys.readouterr().err
    assert not (settings.home / "systemd").exists()


def test_a_dollar_in_the_place_of_genlib_stands_as_it_is(settings, monkeypatch):
    """systemd takes no variable in the first word, and so no second $ away."""
    monkeypatch.setattr("shutil.which", lambda _: "/opt/a$b/genlib")
    assert command(["schedule", "install"]) == 0
    service = (settings.home / "systemd/genlib-schedule.service").read_text()
    assert 'ExecStart="/opt/a$b/genlib" schedule due' in service
