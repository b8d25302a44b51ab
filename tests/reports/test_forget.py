"""An experiment that nobody was shown is taken back, out of the ledger and out of the catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import genlib
from genlib.cli import run as command
from genlib.disclosure import Cells, Dimension, Ledger, Population, Protected
from genlib.register import audit
from genlib.register.database import create_register
from genlib.reports import catalogue
from genlib.reports.catalogue import Run, Slot

ID = "2026-11-01T040000Z-5f2c91"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path))
    monkeypatch.setenv("GENLIB_USER", "aino")
    return tmp_path


def publish(home: Path, run: str) -> Protected:
    frame = pl.DataFrame({"region": ["01", "06", None], "people": [1043, 587, 1630]})
    return genlib.protect(
        ledger=Ledger(home / "ledger", date(2026, 11, 1), run),
        table=Cells(frame, (Dimension("region"),), population=Population("all")),
    )


def keep(home: Path, run: str) -> Run:
    slot = Slot("look", "2026-10", "fi")
    return catalogue.keep(
        home / "reports",
        slot,
        {"report.html": b"<p>"},
        {"run_id": run, "status": "good", "slot": asdict(slot)},
    )


def test_a_run_leaves_ledger_and_catalogue(home, capsys):
    publish(home, ID)
    publish(home, "2026-11-02T040000Z-000000")
    kept = keep(home, ID)
    assert command(["report", "forget", ID, "--yes"]) == 0
    assert not kept.folder.exists()
    assert not Ledger(home / "ledger").published(ID)
    assert Ledger(home / "ledger").published("2026-11-02T040000Z-000000")
    assert ID not in (home / "reports/index.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"forgotten: {ID} (publications in the ledger: 1)\n"


def test_the_ledger_keeps_who_did_it(home):
    publish(home, ID)
    command(["report", "forget", ID, "--yes"])
    place = home / "ledger/forgotten.json"
    told = json.loads(place.read_text())[ID]
    assert (told["user"], told["struck"]) == ("aino", 1)
    assert place.stat().st_mode & 0o777 == 0o600


def test_a_run_that_was_shown_is_withdrawn_and_told_anew(home, capsys):
    publish(home, ID)
    kept = keep(home, ID)
    assert command(["report", "withdraw", ID, "--reason", "a file came twice"]) == 0
    assert capsys.readouterr().out == f"withdrawn: {ID} (parts of tables: 1)\n"
    assert not kept.folder.exists()
    shown = publish(home, "2026-11-02T040000Z-000000")
    assert shown.conditions["corrected"] == 1


def test_what_is_taken_back_stands_in_the_audit_trail(home):
    register = create_register(f"sqlite:///{home}/register.sqlite")
    publish(home, ID)
    keep(home, ID)
    assert command(["report", "withdraw", ID, "--reason", "a file came twice"]) == 0
    publish(home, "2026-11-02T040000Z-000000")
    assert command(["report", "forget", "2026-11-02T040000Z-000000", "--yes"]) == 0
    assert [(row.action, json.loads(row.detail)) for row in audit.list_events(register)] == [
        ("report withdraw", {"run": ID, "report": "look"}),
        ("report forget", {"run": "2026-11-02T040000Z-000000", "report": None}),
    ]


def test_a_killed_run_that_only_the_ledger_knows_can_be_forgotten(home):
    publish(home, ID)
    assert command(["report", "forget", ID, "--yes"]) == 0
    assert not Ledger(home / "ledger").published(ID)


def test_an_unknown_run_is_wrong_usage(home, capsys):
    assert command(["report", "forget", "2026-11-01", "--yes"]) == 2
    assert "genlib report list" in capsys.readouterr().err


def test_nothing_is_forgotten_unless_confirmed(home, monkeypatch, capsys):
    publish(home, ID)
    kept = keep(home, ID)
    monkeypatch.setattr(
        "typer.confirm", lambda question, abort: (_ for _ in ()).throw(__import__("typer").Abort())
    )
    assert command(["report", "forget", ID]) == 130
    assert kept.folder.exists()
    assert Ledger(home / "ledger").published(ID)


def test_what_was_withdrawn_is_known_to_readers_and_never_struck(home):
    """A page of it that was not there when it was withdrawn, or its id, is forgotten afterwards."""
    publish(home, ID)
    other = "2026-11-01T040000Z-77c0d2"
    together = {"figures": ID, "together": [ID, other]}
    for run_id, language in ((ID, "fi"), (other, "sv")):
        slot = Slot("look", "2026-10", language)
        told = {"run_id": run_id, "status": "good", "slot": asdict(slot)} | together
        swedish = catalogue.keep(home / "reports", slot, {"report.html": b"<p>"}, told).folder
    swedish.rename(home / "aside")
    assert command(["report", "withdraw", ID, "--reason", "a file came twice"]) == 0
    swedish.parent.mkdir(parents=True, exist_ok=True)
    (home / "aside").rename(swedish)
    assert command(["report", "forget", other, "--yes"]) == 0
    assert command(["report", "forget", ID, "--yes"]) == 0
    assert Ledger(home / "ledger").published(ID)
