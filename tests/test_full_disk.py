"""A full disk is told as one, nothing is left by halves, and work goes on when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workbench import ROOT, Bench

CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    ).returncode
    == 0
)
pytestmark = pytest.mark.skipif(not CAN_MOUNT, reason="this user may not mount a small disk")
SCRIPT = """
set -u
mount -t tmpfs -o size=6m tmpfs "$HOME_OF_BENCH"
cd "$HOME_OF_BENCH"
cp -a "$SOURCE"/. .
head -c 6m /dev/zero > zeros 2>/dev/null || true
"$@"
echo "code $?" >&2
rm zeros
find . -name '.*.draft' -o -name '.tmp-*' -o -name '.20*' | sed 's/^/left /' >&2
cp -a . "$SOURCE"/
"""


def run_on_a_full_disk(bench: Bench, folder: Path, *words: str | Path) -> list[str]:
    """What a command says, its code, and what it left, on a disk that the workbench fills."""
    folder.mkdir()
    command = [sys.executable, "-m", "genlib.cli", *map(str, words)]
    own = {"GENLIB_HOME": str(folder), "GENLIB_PASSWORD_FILE": str(bench.home / "password")}
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", SCRIPT, "bash", *command],
        env={
            **bench.environment,
            **own,
            "HOME_OF_BENCH": str(folder),
            "SOURCE": str(bench.home),
            "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT)),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stderr.splitlines()


@pytest.fixture(scope="module")
def published(with_sample) -> Bench:
    """A workbench with a release, to be copied."""
    bench = with_sample("full")
    bench.run("publish", "customer_analysis")
    return bench


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("register", "load", ROOT / "data/sample"), 2),
        (("keys", "add", "bertta", "--secret", "pseudonym", "--new-password-file"), 1),
        (("publish", "customer_analysis"), 2),
        (("report", "run", "customer_analysis"), 2),
    ],
)
def test_a_full_disk_is_told_as_one_and_nothing_is_left(
    published: Bench, tmp_path: Path, words: tuple[str | Path, ...], code: int
) -> None:
    bench = Bench(shutil.copytree(published.home, tmp_path / "bench"))
    if words[0] == "keys":
        words = (*words, bench.home / "password")
    said = run_on_a_full_disk(bench, tmp_path / "disk", *words)
    assert said[-1] == f"code {code}"
    assert "no space left on" in said[-2].lower()
    bench.run("audit", "verify")
    bench.run("publish", "customer_analysis")


def test_keys_and_register_are_not_made_by_halves_on_a_full_disk(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "bench")
    bench.home.mkdir()
    (bench.home / "password").write_text("correct horse battery")
    said = run_on_a_full_disk(bench, tmp_path / "disk", "keys", "create")
    assert "no space left on" in said[-2].lower()
    assert not (bench.home / "keys.json").exists()
    said = run_on_a_full_disk(bench, tmp_path / "disk2", "register", "create")
    assert "no space left on" in said[-2].lower()
    bench.run("keys", "create")
    bench.run("register", "create")
    bench.run("register", "load", ROOT / "data/sample")
