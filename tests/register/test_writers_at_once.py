"""Two processes write to one register at once: who comes second waits, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from erasing import ask_erasure
from next_state import CUSTOMER, INVOICE, PERMISSION, refresh, write
from small import IDENTITY

from genlib.clock import read_clock
from genlib.register import audit
from genlib.register.database import Register
from genlib.register.vault import IdentityKey
from genlib.rights.requests import Officer

TESTS = Path(__file__).parents[1]
OPENED = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from genlib.clock import read_clock
from genlib.register.database import open_register
from small import IDENTITY
register = open_register(sys.argv[2])
"""
REFRESH = f"""{OPENED}
from next_state import refresh
print("ready", flush=True)
for one in refresh(register, IDENTITY, Path(sys.argv[3])).values():
    print(one.table, one.fresh, one.changed, one.unchanged, one.refused)
"""
ERASE = f"""{OPENED}
from genlib.rights.erasure import Workplace, erase
from genlib.rights.requests import Officer
print("ready", flush=True)
officer = Officer(register, "officer", read_clock(), IDENTITY)
erase(officer, Workplace(IDENTITY, Path(sys.argv[3]), 6), int(sys.argv[4]), ground="not_needed")
print("erased")
"""
TABLES = {"customer": CUSTOMER, "permission": PERMISSION, "invoice": INVOICE}


def run_at_once(register: Register, url: str, *works: tuple[str, object]) -> list[list[str]]:
    """Processes that all wait for their turn behind this one: what each says when it is done."""
    with register.writing():
        running = [
            subprocess.Popen(
                [sys.executable, "-c", script, str(TESTS), url, *map(str, given)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for script, *given in works
        ]
        for one in running:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"
    answers = [one.communicate(timeout=300) for one in running]
    assert [one.returncode for one in running] == [0] * len(works), answers
    return [said.splitlines() for said, _ in answers]


def test_two_refreshes_of_one_file_add_each_row_once(
    register: Register, url: str, tmp_path: Path
) -> None:
    folders = [write(tmp_path / name, **TABLES) for name in ("one", "two")]
    first, second = run_at_once(register, url, *((REFRESH, folder) for folder in folders))
    outcomes = [f"{name} {counts}" for name in TABLES for counts in ("1 0 0 0", "0 0 1 0")]
    assert sorted(first + second) == sorted(outcomes)
    assert {name: register.count(name) for name in TABLES} == dict.fromkeys(TABLES, 1)
    assert audit.verify(register) == 6


def test_whoever_is_erased_beside_a_refresh_is_gone(
    register: Register, url: str, key: IdentityKey, tmp_path: Path
) -> None:
    """Whether the refresh has its turn before the erasure or after it."""
    folder = write(tmp_path / "in", customer=CUSTOMER, permission=PERMISSION)
    refresh(register, key, folder)
    write(folder, customer={**CUSTOMER, "phone": "049 765 4321"})
    number = ask_erasure(Officer(register, "officer", read_clock(), IDENTITY), 1)
    home = tmp_path / "home"
    said, _ = run_at_once(register, url, (REFRESH, folder), (ERASE, home, number))
    assert said[0] in {"customer 0 1 0 0", "customer 0 0 0 1"}
    assert register.count("customer") == 0
    assert register.count("permission") == 0
    assert refresh(register, key, folder)["customer"].erased == 1
    assert audit.verify(register)
