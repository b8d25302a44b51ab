"""What is due, end to end: a real register, releases, reports and mails; the clock is a value.

The first test makes its report as a scheduler does, in a process and a kernel of its own; the
others in the process of the test, as mails are sent."""

import datetime as dt
import json
import os
import re
import shutil
from dataclasses import replace
from email import message_from_string, policy

import nbformat
import pytest
from approving import approve
from catalogued import keep, keep_waiting
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from workbench import ROOT

from genlib import notice
from genlib.cli import run as command
from genlib.disclosure.ledger import PENDING, Ledger
from genlib.present import banner
from genlib.register import audit, vault
from genlib.register.database import open_register
from genlib.reports import catalogue, second_person
from genlib.reports.second_person import refuse_run
from genlib.schedule import chain, posting, status
from genlib.schedule.chain import Chain
from genlib.schedule.child import Here
from genlib.schedule.outcome import APPROVAL, Outcome
from genlib.schedule.plan import Delivery, Entry, Plan, Source
from genlib.schedule.reporting import make_report
from genlib.schedule.serving import open_store
from genlib.schedule.times import find_due_slots
from genlib.settings import load

DUE = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ENTRY = Entry(
    "satisfaction",
    "satisfaction_survey",
    dt.date(2026, 10, 15),
    every="month",
    refresh=("shop",),
    publish=("satisfaction",),
    recipients={"fi": ("johto@company.example",)},
    on_failure=("data@company.example",),
)


@pytest.fixture
def settings(with_sample, monkeypatch):
    bench = with_sample("schedule")
    for name, value in bench.environment.items():
        monkeypatch.setenv(name, value)
    return load()


class CrewHere:
    """A crew whose reports are made in this process."""

    free = 0

    def __init__(self, settings):
        self.settings = settings

    def call(self, count):
        """Nobody need be there ahead."""

    def start(self, task, now):
        return Here(make_report, task, self.settings, now)

    def close(self):
        """Nobody is there."""


@pytest.fixture
def here(no_kernel, monkeypatch):
    """Steps and reports in this process."""
    monkeypatch.setattr(chain, "Child", Here)
    monkeypatch.setattr(chain, "Crew", CrewHere)


@pytest.fixture
def files(tmp_path):
    """A source's files, of the day before the month was over."""
    folder = shutil.copytree(ROOT / "data/sample", tmp_path / "exports")
    write_at(folder, dt.datetime(2026, 10, 30, 12, tzinfo=dt.UTC))
    return folder


@pytest.fixture
def plan(files, tmp_path, postbox):
    secret = tmp_path / "smtp-password"
    secret.touch(mode=0o600)
    secret.write_text("kuuralehto")
    delivery = Delivery(
        server="localhost",
        port=postbox.port,
        sender="reports@company.example",
        link="https://reports.company.example/",
        internal=("company.example",),
        user="reports",
        password_file=str(secret),
        authority=postbox.authority,
    )
    return Plan((ENTRY,), {"shop": Source("exports")}, delivery, tmp_path)


def write_at(folder, instant):
    for path in folder.iterdir():
        os.utime(path, (instant.timestamp(), instant.timestamp()))


def do(plan, settings, now):
    store = open_store(settings)
    Chain(plan, settings, store, clock=lambda: now, capacity=2).do()
    return {row["key"]: row for row in store.read().values() if row["kind"] == "report"}


def subjects(postbox):
    read = [message_from_string(text, policy=policy.default) for _, text, _ in postbox.letters]
    return [(to[0], one["Subject"]) for (to, _, _), one in zip(postbox.letters, read, strict=True)]


def test_a_report_waits_for_its_data_and_comes_once_with_a_letter(plan, settings, files, postbox):
    (early,) = do(plan, settings, DUE).values()
    assert early["status"] == "waiting"
    assert early["reason"] == "the files of shop are of 2026-10-30, before 2026-10 was over"
    assert catalogue.runs(settings.reports) == []
    write_at(files, DUE)
    (too_early,) = do(plan, settings, DUE + HOUR / 2).values()
    assert too_early["status"] == "waiting"  # data that were too old are looked for again hourly

    for _ in range(2):
        (made,) = do(plan, settings, DUE + HOUR).values()
    assert (made["status"], made["period"]) == ("done", "2026-10")
    (run,) = catalogue.runs(settings.reports)
    assert (run.id, run.status, run.slot.period) == (made["run"], "good", "2026-10")

    ((to, text, is_encrypted),) = postbox.letters
    letter = message_from_string(text, policy=policy.default)
    assert (to, is_encrypted) == (["johto@company.example"], True)
    assert letter["Subject"] == "Asiakastyytyväisyys, lokakuu\u00a02026"
    link = f"https://reports.company.example/satisfaction_survey/2026-10/fi/{run.id}/report.html"
    assert link in letter.get_content().replace("=\n", "")
    assert not letter.is_multipart()
    assert audit.verify(open_register(settings.register)) > 0

    (settings.home / "schedule.sqlite").unlink()  # what was made is found in the catalogue
    (again,) = do(plan, settings, DUE + HOUR).values()
    assert again["run"] == made["run"]
    assert len(catalogue.runs(settings.reports)) == 1


@pytest.mark.usefixtures("here")
def test_the_languages_of_a_report_are_made_of_one_run_of_its_figures(plan, settings):
    entry = replace(ENTRY, refresh=(), languages=("fi", "sv"), keep_months=2)
    rows = do(replace(plan, entries=(entry,)), settings, DUE)
    assert [row["status"] for row in rows.values()] == ["done", "done"]
    runs = catalogue.runs(settings.reports)
    assert sorted(run.slot.language for run in runs) == ["fi", "sv"]
    assert len({run.figures for run in runs}) == 1
    assert {row["run"] for row in rows.values()} == {run.id for run in runs}
    for run in runs:
        began = settings.day_of(dt.datetime.fromisoformat(run.manifest["started_at"]))
        until = notice.load(settings.notice).reports.kept_until(began, 2)
        assert run.manifest["kept_until"] == until.isoformat()


def test_only_reports_that_may_begin_now_are_prepared_for():
    entry = replace(ENTRY, languages=("fi", "sv"), each={"region": ("01",)})
    slots = find_due_slots(Plan((entry,), {}, None, ROOT), DUE, "Europe/Helsinki")
    rows = {slot.key: {"status": "waiting", "not_before": None} for slot in slots}
    assert [chain.count_free(slots, rows, DUE), len(slots)] == [2, 4]
    rows[slots[0].key]["not_before"] = DUE + HOUR  # the whole, in the first language
    assert chain.count_free(slots, rows, DUE) == 0
    assert chain.count_free(slots, rows, DUE + HOUR) == 2
    rows[slots[0].key] = {"status": "running", "lease_until": DUE + HOUR}  # elsewhere
    assert chain.count_free(slots, rows, DUE) == 0


@pytest.mark.usefixtures("here")
def test_what_fails_in_one_language_fails_once_in_each(plan, settings, tmp_path):
    make_failing(tmp_path / "own.ipynb", settings)
    entry = replace(ENTRY, report="own.ipynb", refresh=(), publish=(), languages=("fi", "sv"))
    rows = do(replace(plan, entries=(entry,)), settings, DUE)
    assert [(row["status"], row["cell"]) for row in rows.values()] == [("failed", 3)] * 2
    assert len(catalogue.runs(settings.reports)) == 2


@pytest.mark.usefixtures("here")
def test_a_parameter_that_cannot_be_is_refused_with_why_and_again_when_asked(
    plan, settings, postbox
):
    entry = replace(ENTRY, refresh=(), parameters={"comparison": "sideways"})
    plan = replace(plan, entries=(entry,))
    (refused,) = do(plan, settings, DUE).values()
    assert refused["status"] == "refused"
    assert "comparison is one of previous, year_ago" in refused["reason"]
    told = ("data@company.example", "Asiakastyytyväisyys, lokakuu\u00a02026, vertailu: sideways")
    assert subjects(postbox) == [told]
    store = open_store(settings)
    slots = find_due_slots(plan, DUE, settings.time_zone)
    assert status.find_code(status.describe(store.read(), slots, DUE)) == 3
    assert store.reopen(refused, DUE + HOUR)
    do(plan, settings, DUE + HOUR)
    assert subjects(postbox) == [told, told]


@pytest.mark.usefixtures("here")
def test_whoever_the_mail_server_puts_off_is_told_later_and_nobody_twice(plan, settings, postbox):
    at_once, later = "data@company.example", "new@company.example"
    wrong = replace(ENTRY, refresh=(), parameters={"comparison": "sideways"})
    plan = replace(plan, entries=(replace(wrong, on_failure=(at_once, later)),))
    postbox.refuses = {later: "450 not yet"}
    do(plan, settings, DUE)
    do(plan, settings, DUE + HOUR)
    assert [to for to, _, _ in postbox.letters] == [[at_once]]
    postbox.refuses = {}
    do(plan, settings, DUE + 2 * HOUR)
    do(plan, settings, DUE + 3 * HOUR)
    assert [to for to, _, _ in postbox.letters] == [[at_once], [later]]


def make_failing(path, settings):
    """An approved notebook whose third cell fails."""
    text = 'period: str = "2026-10"\nlanguage: str = "fi"'
    parameters = new_code_cell(text, metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell("# Own"), parameters, new_code_cell("1 / 0")]
    nbformat.write(new_notebook(cells=cells), path)
    approve(path, settings)


@pytest.mark.usefixtures("here")
def test_a_cell_that_fails_is_named_with_its_kind_and_not_tried_again(plan, settings, tmp_path):
    make_failing(tmp_path / "own.ipynb", settings)
    entry = replace(ENTRY, report="own.ipynb", refresh=(), publish=())
    (failed,) = do(replace(plan, entries=(entry,)), settings, DUE).values()
    told = [failed[name] for name in ("status", "cell", "error", "attempts")]
    assert told == ["failed", 3, "ZeroDivisionError", 1]
    (run,) = catalogue.runs(settings.reports)
    assert (run.id, run.notebook.exists()) == (failed["run"], True)


@pytest.mark.usefixtures("here")
def test_a_notebook_that_nobody_approved_is_refused(plan, settings, tmp_path):
    text = (ROOT / "notebooks/satisfaction_survey.ipynb").read_text(encoding="utf-8")
    (tmp_path / "own.ipynb").write_text(text.replace("# Customer satisfaction", "# Mine"))
    entry = replace(ENTRY, report="own.ipynb", refresh=(), publish=())
    (refused,) = do(replace(plan, entries=(entry,)), settings, DUE).values()
    assert (refused["status"], refused["attempts"]) == ("refused", 1)
    assert f"runs genlib report approve {tmp_path}/own.ipynb; then" in refused["reason"]
    assert catalogue.runs(settings.reports) == []


@pytest.mark.usefixtures("here")
def test_what_is_late_is_said_once_and_what_was_missed_is_refused_with_a_word(
    plan, settings, postbox
):
    entry = replace(ENTRY, starts=dt.date(2026, 9, 1), catch_up=1, publish=("satisfaction",))
    late = DUE + 13 * HOUR
    for now in (DUE, late, late):
        rows = do(replace(plan, entries=(entry,)), settings, now)
    assert [(row["period"], row["status"]) for row in rows.values()] == [
        ("2026-08", "refused"),
        ("2026-09", "refused"),
        ("2026-10", "waiting"),
    ]
    assert "only the last period is caught up" in rows[next(iter(rows))]["reason"]
    assert sorted(subject for _, subject in subjects(postbox)) == [
        "Asiakastyytyväisyys, elokuu\u00a02026",
        "Asiakastyytyväisyys, lokakuu\u00a02026",
        "Asiakastyytyväisyys, syyskuu\u00a02026",
    ]
    slots = find_due_slots(replace(plan, entries=(entry,)), late, settings.time_zone)
    lines = status.describe(open_store(settings).read(), slots, late)
    assert status.count(lines) == {
        "waiting": 1,
        "approval": 0,
        "running": 0,
        "done": 0,
        "refused": 2,
        "failed": 0,
        "withdrawn": 0,
        "late": 1,
    }
    assert status.find_code(lines) == 5


@pytest.mark.usefixtures("here")
def test_a_release_that_is_older_than_the_period_makes_a_report_wait(plan, settings):
    entry = replace(ENTRY, refresh=(), publish=(), report="satisfaction_survey")
    do(replace(plan, entries=(replace(ENTRY, refresh=()),)), settings, DUE)
    december = dt.datetime(2026, 12, 1, 4, tzinfo=dt.UTC)
    rows = do(replace(plan, entries=(entry,)), settings, december)
    waiting = [row for row in rows.values() if row["period"] == "2026-11"]
    assert [row["status"] for row in waiting] == ["waiting"]
    assert "publish a newer one: genlib publish satisfaction" in waiting[0]["reason"]


@pytest.fixture
def four_eyes(settings, tmp_path, monkeypatch):
    """The settings with a notice that wants four eyes, and bertta, a publisher."""
    text = notice.DEFAULT.read_text(encoding="utf-8").replace(
        "four_eyes = false", "four_eyes = true"
    )
    path = tmp_path / "notice.toml"
    path.write_text(text.replace('version = "', 'version = "eyes-', 1), encoding="utf-8")
    monkeypatch.setenv("GENLIB_NOTICE", str(path))
    word = (settings.home / "password").read_text()
    vault.add_user(
        settings.keys, user="steward", password=word, new=("bertta", word), levels=["publisher"]
    )
    return load()


def test_a_report_waits_for_a_second_person_and_is_mailed_once_when_it_is_let_out(
    plan, four_eyes, postbox, monkeypatch
):
    plan = replace(plan, entries=(replace(ENTRY, refresh=()),))
    (made,) = do(plan, four_eyes, DUE).values()
    assert made["status"] == "approval"
    assert made["reason"].startswith("waiting for approval: a second person reads it")
    (run,) = catalogue.runs(four_eyes.reports)
    assert (run.id, run.status) == (made["run"], "waiting")
    assert f"genlib report allow {run.id} --digest DIGITS" in made["reason"]
    assert postbox.letters == []
    told = Ledger.of(four_eyes).published(run.figures)  # the second person reads them
    assert told
    assert not [file for file in told if file.name.endswith(PENDING)]
    page = run.html.read_text(encoding="utf-8")
    digits = re.search(r"Tiiviste: ([0-9a-f]{12})<", page)[1]

    for _ in range(2):
        do(plan, four_eyes, DUE + 13 * HOUR)
    ((late, text, _),) = postbox.letters
    assert late == ["data@company.example"]
    assert "waiting for approval" in message_from_string(text, policy=policy.default).get_content()

    allow = ["report", "allow", run.id, "--digest", digits]
    assert command(allow) == 3  # the schedule runs under this name
    monkeypatch.setenv("GENLIB_USER", "bertta")
    assert command(allow) == 3  # and under this login of the machine
    monkeypatch.setattr(second_person, "read_login", lambda: "bertta")
    assert command(allow) == 0
    for _ in range(2):
        (done,) = do(plan, four_eyes, DUE + 14 * HOUR).values()
    assert (done["status"], done["run"], done["attempts"]) == ("done", run.id, 1)
    assert [to for to, _, _ in postbox.letters] == [late, ["johto@company.example"]]
    assert [one.status for one in catalogue.runs(four_eyes.reports)] == ["good"]
    assert banner.BEGIN not in run.html.read_text(encoding="utf-8")


def hold_for_approval(plan, settings, run):
    """The slot of October, made and waiting for a second person."""
    store = open_store(settings)
    slots = find_due_slots(plan, DUE, settings.time_zone)
    Chain(plan, settings, store, clock=lambda: DUE).put_down(slots)
    claim = store.claim([slot.key for slot in slots], DUE)
    assert store.finish(claim, Outcome(APPROVAL, "waiting for approval", run), DUE)


def test_what_a_second_person_refused_is_told_once_to_whom_failures_are_told(
    plan, settings, postbox
):
    plan = replace(plan, entries=(replace(ENTRY, refresh=(), publish=()),))
    run = keep_waiting(settings.reports, "2026-11-02T040000Z-5f2c91")
    hold_for_approval(plan, settings, run.id)
    (waiting,) = do(plan, settings, DUE).values()
    assert (waiting["status"], postbox.letters) == ("approval", [])
    refuse_run(run, "the title says too much", replace(settings, user="bertta"))
    for _ in range(2):
        (refused,) = do(plan, settings, DUE + HOUR).values()
    assert refused["status"] == "refused"
    assert refused["reason"] == "a second person did not let it out: the title says too much"
    assert [to for to, _, _ in postbox.letters] == [["data@company.example"]]


def test_what_was_taken_back_while_it_waited_is_refused(plan, settings, postbox):
    plan = replace(plan, entries=(replace(ENTRY, refresh=(), publish=()),))
    hold_for_approval(plan, settings, "2026-11-02T040000Z-5f2c91")
    Ledger.of(settings).note_forgotten("2026-11-02T040000Z-5f2c91", by="aino")
    (refused,) = do(plan, settings, DUE).values()
    assert (refused["status"], refused["reason"]) == (
        "refused",
        "it was taken back before a second person let it out",
    )
    assert [to for to, _, _ in postbox.letters] == [["data@company.example"]]


def test_a_page_that_is_not_out_is_never_mailed(plan, settings, postbox):
    run = keep_waiting(settings.reports, "2026-11-02T040000Z-5f2c91")
    (slot,) = find_due_slots(plan, DUE, settings.time_zone)
    row = {"run": run.id, "reason": "", "status": "done"}
    news = (slot, row, "made", ("johto@company.example",))
    assert posting.send_news("mail", news, plan, settings).status == "failed"
    assert postbox.letters == []


def test_what_was_made_anew_before_all_had_its_mail_is_news_to_all(plan, settings, postbox):
    to = ("johto@company.example", "later@company.example")
    (slot,) = find_due_slots(plan, DUE, settings.time_zone)
    postbox.refuses = {to[1]: "450 not yet"}
    reached = ()
    for run_id in ("2026-11-02T040000Z-5f2c91", "2026-11-02T040500Z-0a0a0a"):
        keep(settings.reports, run_id, "good")
        row = {"run": run_id, "reason": "", "status": "done"}
        outcome = posting.send_news("mail", (slot, row, "made", to), plan, settings, reached)
        reached = outcome.reached
        postbox.refuses = {}
    assert [addresses for addresses, _, _ in postbox.letters] == [[to[0]], [*to]]
    ids = {message_from_string(text)["Message-ID"] for _, text, _ in postbox.letters}
    assert len(ids) == 2


def test_a_report_of_ones_own_is_mailed_under_its_title(plan, settings, postbox):
    run = keep(settings.reports, "2026-11-02T040000Z-5f2c91", "good", report="my own")
    manifest = run.folder / "manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8")) | {"title": "Kuuralehdet"}
    manifest.write_text(json.dumps(told), encoding="utf-8")
    entry = replace(ENTRY, report="reports/my own.ipynb")
    (slot,) = find_due_slots(replace(plan, entries=(entry,)), DUE, settings.time_zone)
    for kind, status_of in (("made", "done"), ("failed", "failed")):
        row = {"run": run.id, "reason": "", "status": status_of}
        news = (slot, row, kind, ("johto@company.example",))
        assert posting.send_news(f"mail {kind}", news, plan, settings).status == "done"
    assert [subject for _, subject in subjects(postbox)] == [
        "Kuuralehdet, lokakuu\u00a02026",
        "my own, lokakuu\u00a02026",
    ]


def test_a_page_that_failed_among_others_is_tried_anew(settings, tmp_path, monkeypatch):
    tries = []

    def start(crew, task, now):
        tries.append((task.slot.language, task.since is not None))
        failed = Outcome("failed", "the kernel stopped", error="KernelStopped", may_pass=True)
        outcome = failed if task.slot.language == "sv" else Outcome("done")
        return Here(lambda: outcome)

    monkeypatch.setattr(chain, "Crew", CrewHere)
    monkeypatch.setattr(CrewHere, "start", start)
    entry = replace(ENTRY, languages=("fi", "sv"), refresh=(), publish=())
    plan = Plan((entry,), {}, None, tmp_path)
    instants = iter(DUE + HOUR * number for number in range(1000))
    Chain(plan, settings, open_store(settings), lambda: next(instants), capacity=1).do()
    assert tries == [("fi", False), ("sv", True), *[("sv", False)] * 4]


@pytest.mark.usefixtures("here")
def test_a_part_of_too_few_customers_is_refused_and_says_why(settings, tmp_path):
    sources = [
        'period: str = "2026-10"\nregion: str = "all"\nlanguage: str = "fi"',
        "from genlib.errors import TooFewCustomers",
        'if region != "all":\n    raise TooFewCustomers("7919 of them")',
    ]
    cells = [new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(new_notebook(cells=cells), tmp_path / "own.ipynb")
    approve(tmp_path / "own.ipynb", settings)
    fields = {"refresh": (), "publish": (), "recipients": {}, "each": {"region": ("06",)}}
    entry = replace(ENTRY, report="own.ipynb", on_failure=(), **fields)
    whole, part = do(Plan((entry,), {}, None, tmp_path), settings, DUE).values()
    assert whole["status"] == "done"
    assert (part["status"], part["cell"], part["error"]) == ("refused", 3, "TooFewCustomers")
    assert "Too few customers are of this region" in part["reason"]
    assert "7919" not in part["reason"]
