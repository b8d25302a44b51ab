"""The catalogue on the command line: list, open, verify, prune, hold."""

import datetime as dt
import json
import re
from pathlib import Path

import nbformat
import pytest
from approving import approve
from catalogued import keep, keep_waiting
from here import run_report, without_kernel
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small import NOW, Small

from genlib.cli import run as command
from genlib.errors import Refused, UsageError
from genlib.reports import catalogue
from genlib.reports.verifying import verify_run
from genlib.settings import load

PARAMETERS = 'period: str = "2026-10"\nlanguage: str = "fi"'
SHOW = """\
import genlib
from genlib import charts, customers, page
from genlib.present import findings
release = genlib.open_release("customer_analysis")
month = release.period(period)
shown = genlib.protect(growth=customers.growth(release, month), language=language)
"""
END = "page.conditions(shown, release, parameters={'period': period})"


@pytest.fixture
def home(tmp_path, monkeypatch):
    home = tmp_path / "workbench"
    home.mkdir()
    monkeypatch.setenv("GENLIB_HOME", str(home))
    monkeypatch.setenv("GENLIB_USER", "aino")
    return home


@pytest.fixture
def book(home, tmp_path) -> Path:
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell("# Reports"), parameters, new_code_cell(SHOW), new_code_cell(END)]
    path = tmp_path / "look.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    approve(path, load())
    return path


def test_a_run_made_again_is_the_same_though_a_newer_release_and_report_came(home, book):
    small = Small(home).people(40)
    small.publish()
    run = run_report(book, settings=load())
    small.people(0).add("customer", *({"id": number} for number in range(41, 60)))
    small.publish(now=NOW + dt.timedelta(days=1))
    run_report(book, settings=load())
    before = sorted(path.name for path in (home / "ledger").iterdir())
    assert verify_run(run, load(), book) == []
    assert sorted(path.name for path in (home / "ledger").iterdir()) == before
    assert len(catalogue.runs(home / "reports")) == 2

    page = run.folder / "report.html"
    page.write_text(page.read_text(encoding="utf-8").replace("Genlib", "Genlip", 1))
    with without_kernel():
        assert verify_run(run, load(), book) == ["report.html"]
        assert command(["report", "verify", run.id, "--notebook", str(book)]) == 5

    book.write_text(book.read_text(encoding="utf-8").replace("# Reports", "# Report"))
    with pytest.raises(Refused, match="the notebook was changed since this run"):
        verify_run(run, load(), book)


def test_a_failed_run_cannot_be_verified(home):
    run = keep(home / "reports", "2026-1", "failed")
    with pytest.raises(UsageError, match="only a good run"):
        verify_run(run, load())


def test_what_failed_is_listed_alone_and_all_as_json(home, capsys):
    keep(home / "reports", "2026-1", "good")
    keep(home / "reports", "2026-2", "failed")
    assert command(["report", "list", "--failed"]) == 0
    said = capsys.readouterr().out
    assert said == "failed        2026-2  campaign_history/2026-10/fi  cell 4, None\n"
    assert command(["report", "list", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [(one["id"], one["failed_cell"]) for one in said] == [("2026-2", 4), ("2026-1", None)]


def order_good(reports, run_id, key):
    """A run that waits is let out."""
    (run,) = [run for run in catalogue.runs(reports) if run.id == run_id]
    manifest = {**run.manifest, "status": "good", "order": key}
    (run.folder / "manifest.json").write_text(json.dumps(manifest))


def test_what_the_schedule_misses_is_listed(home, tmp_path, monkeypatch, capsys):
    schedule = tmp_path / "schedule.toml"
    schedule.write_text(
        '[[report]]\nname = "a"\nreport = "campaign_history"\nstarts = 2026-10-15\nevery = "month"'
    )
    monkeypatch.setenv("GENLIB_SCHEDULE", str(schedule))
    now = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)
    monkeypatch.setattr("genlib.cli._catalogue.read_clock", lambda: now)
    assert command(["report", "list", "--missing"]) == 0
    key = "report campaign_history 2026-10 fi {}"
    assert (
        capsys.readouterr().out == f"missing  {key.removesuffix(' {}')}  due 2026-11-02 04:00 UTC\n"
    )
    keep_waiting(home / "reports", "2026-1", order=key)
    assert command(["report", "list", "--missing"]) == 0
    assert capsys.readouterr().out == "nothing is missing\n"
    order_good(home / "reports", "2026-1", key)
    assert command(["report", "list", "--missing"]) == 0
    assert capsys.readouterr().out == "nothing is missing\n"


def test_a_report_is_opened_by_name_day_or_run(home, capsys):
    keep(home / "reports", "2026-1", "good")
    keep(home / "reports", "2026-2", "good", period="2026-09")
    asked = (["campaign_history"], ["2026-2"], ["campaign_history", "--as-of", "2026-10-31"])
    codes = [command(["report", "open", *words]) for words in asked]
    assert codes == [0, 0, 2]
    said = capsys.readouterr().out
    assert re.findall(r"/(2026-\d)/report.html", said) == ["2026-1", "2026-2"]


def test_a_report_that_is_there_in_another_language_is_told(home, capsys):
    keep(home / "reports", "2026-1", "good", language="sv")
    assert command(["report", "open", "campaign_history"]) == 2
    assert "there is one in sv: --language sv" in capsys.readouterr().err
    assert command(["report", "open", "nobody"]) == 2
    assert "genlib report list shows what there is" in capsys.readouterr().err


def expire(home, run_id):
    run = keep(home / "reports", run_id, "good", period=f"{run_id}0")
    manifest = run.folder / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"kept_until": "2026-01-01"}))


def test_pruning_can_be_tried_and_a_hold_keeps_a_run(home, capsys):
    expire(home, "2025-1")
    expire(home, "2024-1")
    assert command(["report", "hold", "2025-1", "--reason", "asked for"]) == 0
    assert command(["report", "prune", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "2024-1" in said
    assert "1 would go" in said
    assert command(["report", "prune"]) == 0
    assert [run.id for run in catalogue.runs(home / "reports")] == ["2025-1"]
    assert command(["report", "forget", "2025-1", "--yes"]) == 3
    assert command(["report", "hold", "2025-1", "--end"]) == 0
    assert command(["report", "prune"]) == 0
    assert catalogue.runs(home / "reports") == []


def test_a_hold_needs_its_reason(home):
    keep(home / "reports", "2026-1", "good")
    assert command(["report", "hold", "2026-1"]) == 2
    assert command(["report", "hold", "nobody", "--end"]) == 2


def test_a_page_that_was_taken_away_is_missed_in_one_line(home, capsys):
    run = keep(load().reports, "2026-11-01T040000Z-5f2c91", catalogue.GOOD)
    manifest = run.folder / "manifest.json"
    manifest.write_text(json.dumps({**run.manifest, "release": {}}), encoding="utf-8")
    run.html.unlink()
    assert command(["report", "open", "campaign_history"]) == 5
    assert f"the page of run {run.id} is not there any more" in capsys.readouterr().err
    assert command(["report", "verify", run.id]) == 5
    assert "report.html, disclosure.json of this run is not there" in capsys.readouterr().err


def test_what_is_missing_did_not_fail(home, capsys):
    assert command(["report", "list", "--failed", "--missing"]) == 2
    assert "give either --failed or --missing" in capsys.readouterr().err


def test_a_notebook_that_is_not_at_its_place_is_named_as_one(home, capsys):
    assert command(["report", "run", str(home / "none.ipynb")]) == 2
    assert "no notebook none.ipynb at that place" in capsys.readouterr().err


def test_a_run_whose_manifest_was_cut_is_told_and_the_last_good_one_stays(home, capsys):
    keep(load().reports, "2026-1", "good")
    cut = keep(load().reports, "2026-2", "good")
    (cut.folder / "manifest.json").write_text('{"run_id": "2026-2"')
    assert command(["report", "list"]) == 0
    listed = capsys.readouterr()
    assert "2026-1" in listed.out
    assert f"{cut.folder}: manifest.json cannot be read" in listed.err
