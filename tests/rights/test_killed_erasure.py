"""An erasure that is killed (SIGKILL) at any of its steps is finished by the next command, and
until then nobody loads or publishes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from erasing import CODE, YEARS, ask_erasure
from small import IDENTITY, KEY, NOW, Small
from workbench import ROOT

from genlib import notice as notices
from genlib.errors import Refused
from genlib.publish import folder
from genlib.register import journal
from genlib.register.database import Register, open_register
from genlib.register.vault import IdentityKey
from genlib.rights.erasure import Workplace, finish_erasures
from genlib.rights.releases import Shelves, finish_releases, list_waiting
from genlib.rights.requests import Officer, find_request

KILLED = """
import importlib, os, sys
from pathlib import Path
from genlib import notice
from genlib.register.database import open_register
from genlib.rights.erasure import Workplace, erase
from genlib.rights.releases import Shelves, finish_releases
from genlib.rights.requests import Officer
from small import IDENTITY, KEY, NOW
home, module, step = Path(sys.argv[1]), importlib.import_module(sys.argv[2]), sys.argv[3]
setattr(module, step, lambda *words, **named: os.kill(os.getpid(), 9))
officer = Officer(open_register(f"sqlite:///{home}/register.sqlite"), "officer", NOW, IDENTITY)
erase(officer, Workplace(IDENTITY, home, 6), 1, ground="not_needed")
finish_releases(officer, KEY, Shelves(home / "releases", home / "reports", notice.load()))
"""
STEPS = {
    "the line of the journal is written": ("genlib.rights.erasure", "carry_out"),
    "the lists are clean": ("genlib.rights.erasure", "remove_answers"),
    "rows are gone, and nothing is committed": ("genlib.rights.erasure", "_decide"),
    "the register is done": ("genlib.rights.releases", "list_waiting"),
    "a release is made and not in its place": ("genlib.publish.folder", "place"),
    "it is in its place and not the current one": ("genlib.publish.folder", "point"),
    "both are there": ("genlib.publish.folder", "drop"),
    "releases are done and it is not noted": ("genlib.rights.releases", "_note"),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve customers in a release and a list; the first asks to be erased."""
    home = tmp_path_factory.mktemp("asked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENLIB_HOME", str(home / "home"))
        small = Small(home).people(11)
        small.add("customer", {"id": 12, "email": "gone@post.example", "personal_id": CODE})
        small.publish("satisfaction")
        ask_erasure(Officer(small.register, "officer", NOW, IDENTITY), 12)
        small.register.engine.dispose()
    return home


QUICK = ("rows are gone, and nothing is committed", "both are there")
CASES = [step if step in QUICK else pytest.param(step, marks=pytest.mark.slow) for step in STEPS]


@pytest.mark.parametrize("step", CASES)
def test_the_next_command_finishes_it(
    asked: Path, tmp_path: Path, step: str, key: IdentityKey
) -> None:
    home = shutil.copytree(asked, tmp_path / "bench")
    assert kill(home, *STEPS[step]) == -signal.SIGKILL
    officer = Officer(open_register(f"sqlite:///{home}/register.sqlite"), "officer", NOW, IDENTITY)
    if is_there(officer.register):
        with pytest.raises(Refused, match="genlib subject finish"):
            journal.check_finished(officer.register, home)
    finish_erasures(officer, Workplace(key, home, YEARS))
    journal.check_finished(officer.register, home)
    shelves = Shelves(home / "releases", home / "reports", notices.load())
    finish_releases(officer, KEY, shelves)
    assert not is_there(officer.register)
    assert list_waiting(officer) == []
    assert find_request(officer.register, 1).find_state(officer.today) == "done"
    releases = home / "releases" / "satisfaction"
    [only] = [path.parent for path in releases.glob("*/manifest.json")]
    assert folder.read_current(releases) == only.name
    assert pl.read_parquet(only / "customer" / "*.parquet").height == 11
    officer.register.engine.dispose()


def kill(home: Path, module: str, step: str) -> int:
    """An erasure in a process of its own, killed where it would do the step."""
    command = [sys.executable, "-c", KILLED, str(home), module, step]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "GENLIB_HOME": str(home / "home")}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
    return done.returncode


def is_there(register: Register) -> bool:
    return register.count("customer") == 12
