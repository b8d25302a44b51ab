"""The command line in a process that has imported it already: each command runs in a fork of it, a
process of its own with its own environment, folder, output and code, and waits for no import.

Started by `workbench`, which sends an order a line - words, environment, folder, two files for what
is printed - and reads a code a line. What is missing among a command's own imports it would hide,
so one command of each group starts cold as well: `test_ready.py`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import sys
from importlib import import_module
from typing import Any

HEAVY = (
    "nbclient",
    "papermill.parameterize",
    "polars",
    "pyarrow",
    "sqlalchemy.dialects.sqlite",
    "genlib.cli._refreshing",
    "genlib.publish.writer",
    "genlib.register.intake",
    "genlib.reports.run",
    "genlib.reports.verifying",
)
LONGEST = 300
"""Seconds of a command."""


def run(order: dict[str, Any]) -> int:
    """The code of one command."""
    child = os.fork()
    if not child:
        _become(order)
        from genlib.cli import run as command

        _leave(command(order["words"]))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _become(order: dict[str, Any]) -> None:
    signal.alarm(LONGEST)
    for number, path in enumerate((os.devnull, order["stdout"], order["stderr"])):
        os.dup2(os.open(path, os.O_WRONLY if number else os.O_RDONLY), number)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.argv = ["genlib", *order["words"]]


def _leave(code: int) -> None:
    """As Python ends, but for taking all modules apart."""
    sys.stdout.flush()
    sys.stderr.flush()
    atexit._run_exitfuncs()
    os._exit(code)


if __name__ == "__main__":
    from empty import wait_for_no_disk, wrap_at_little_cost

    from genlib.cli import GROUPS

    for name in (*HEAVY, *(f"genlib.cli.{group}" for group in GROUPS)):
        import_module(name)
    wait_for_no_disk()
    wrap_at_little_cost()
    gc.freeze()
    for line in sys.stdin:
        print(run(json.loads(line)), flush=True)
