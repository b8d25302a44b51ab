"""A command that a person starts imports for itself what it needs: the commands of all other tests
run where everything is imported already (`ready`)."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from workbench import ROOT, Bench

from genlib.cli import GROUPS

COMMANDS = {
    "demo --customers 1": 2,
    "register info": 0,
    "feed check data/reference": 4,
    "keys info": 0,
    "publish customer_analysis": 2,
    "report list": 0,
    "schedule due": 0,
    "subject requests": 0,
    "retention sweep": 0,
    "audience exceptions --campaign none": 2,
    "audit verify": 0,
    "notice text": 0,
}
"""A cheap one of each group, and its code on a register without people."""


@pytest.fixture(scope="module")
def environment(make_bench: Callable[[str], Bench]) -> dict[str, str]:
    """Of a workbench whose schedule begins when nobody who runs this test is there any more:
    nothing is due."""
    bench = make_bench("cold")
    schedule = bench.home / "schedule.toml"
    shipped = (ROOT / "data" / "schedule.toml").read_text(encoding="utf-8")
    schedule.write_text(re.sub(r"(?m)^starts = \S+", "starts = 2900-01-01", shipped))
    return {**bench.environment, "GENLIB_SCHEDULE": str(schedule)}


def test_each_group_has_a_command_here() -> None:
    assert {words.split()[0] for words in COMMANDS} == GROUPS.keys()


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_starts_in_a_process_of_its_own(environment: dict[str, str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "genlib.cli", *words.split()],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (COMMANDS[words], bool(COMMANDS[words]))
    assert "unexpected" not in done.stderr
