"""`genlib retention sweep` as the night runs it, and what is refused while an erasure is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from workbench import ROOT, Bench

from genlib.cli import run
from genlib.register import journal


@pytest.fixture(scope="module")
def bench(with_sample: Callable[[str], Bench]) -> Bench:
    return with_sample("sweep")


@pytest.fixture(autouse=True)
def environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in bench.environment.items():
        monkeypatch.setenv(name, value)


def test_a_dry_run_and_then_the_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["retention", "sweep", "--dry-run"]) == 0
    promised = capsys.readouterr().out
    assert run(["retention", "sweep"]) == 0
    assert capsys.readouterr().out == promised
    assert run(["retention", "sweep"]) == 0
    assert "go (" not in capsys.readouterr().out


def test_nobody_loads_or_publishes_while_an_erasure_is_left(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a backup: the journal knows an erasure that the register does not."""
    path = journal.locate(bench.home)
    line = {"request": 1, "erased_at": "2026-11-01T08:00:00+00:00", "ground": "not_needed"}
    who = {"user": "x", "marks": [["number", "00" * 32]]}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(line | who) + "\n")
    audience = ["audience", "export", "--campaign", "A", "--channel", "email", "--kind", "DM"]
    for words in (
        ["register", "load", str(ROOT / "data/sample")],
        ["register", "refresh", str(ROOT / "data/sample")],
        ["publish"],
        [*audience, "--recipient", "Kirjepalvelu Oy", str(tmp_path / "list.csv")],
    ):
        assert run(words) == 3, words
        assert "genlib subject finish" in capsys.readouterr().err
    assert run(["subject", "requests"]) == 0
    assert "1 erasures are not in this register" in capsys.readouterr().err
    assert run(["subject", "finish"]) == 0
    assert "1 erasures finished" in capsys.readouterr().out
