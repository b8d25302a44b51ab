"""What the README says is true: its commands exist, its code runs, its pictures are there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from workbench import ROOT, Bench

from genlib.cli import run

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.S)


def commands() -> list[list[str]]:
    lines = [
        line
        for kind, text in BLOCKS
        if kind == "sh"
        for line in text.splitlines()
        if line.startswith("genlib ")
    ]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_it_is_short() -> None:
    assert len(README.splitlines()) < 150


def test_its_files_and_pictures_are_there() -> None:
    named = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_it_names_every_command() -> None:
    told = {words[0] for words in commands()}
    listed = subprocess.run(
        [sys.executable, "-m", "genlib.cli", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"│ (\w+) {2,}\w", listed)) - told == set()


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_takes_its_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Options are looked up in the command's own help."""
    depth = 1 if words[0] in {"demo", "publish"} else 2
    assert run([*words[:depth], "--help"]) == 0
    helped = capsys.readouterr().out
    assert [word for word in words[depth:] if word.startswith("-") and word not in helped] == []


@pytest.fixture(scope="module")
def published(with_sample: Callable[[str], Bench]) -> Bench:
    bench = with_sample("readme")
    bench.run("publish")
    return bench


@pytest.mark.parametrize("code", [text for kind, text in BLOCKS if kind == "python"])
def test_its_code_runs(published: Bench, code: str, tmp_path: Path) -> None:
    script = tmp_path / "readme.py"
    script.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script],
        env=published.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
