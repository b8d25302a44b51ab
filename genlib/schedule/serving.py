"""The rounds of a scheduler, and what makes a machine start it by itself."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from genlib.atomic import replacing
from genlib.clock import read_clock
from genlib.errors import GenlibError
from genlib.private import make_folder
from genlib.reports import index
from genlib.schedule import status
from genlib.schedule.chain import Chain
from genlib.schedule.plan import Plan
from genlib.schedule.reading import load_plan
from genlib.schedule.store import Store
from genlib.schedule.times import find_due_slots
from genlib.settings import Settings

ROUND = 60.0
"""Seconds between two rounds of a scheduler that serves."""
SERVICE = """\
[Unit]
Description=genlib: the reports that are due
[Service]
Type=oneshot
WorkingDirectory={folder}
Environment=GENLIB_HOME={home} GENLIB_USER={user}
# the password of the service's own slots of the keys, for refresh and publish
LoadCredential=genlib-password:/etc/genlib/password
ExecStart={command} schedule due
# 3: something was refused, 5: something failed; both are in the status and have been mailed
SuccessExitStatus=3 5
"""
TIMER = """\
[Unit]
Description=genlib: looks every ten minutes for reports that are due
[Timer]
OnCalendar=*:0/10
Persistent=true
[Install]
WantedBy=timers.target
"""
UNITS = {"genlib-schedule.service": SERVICE, "genlib-schedule.timer": TIMER}
Line = Mapping[str, Any]


def open_store(settings: Settings) -> Store:
    """The tasks of a workbench."""
    return Store(settings.slots or f"sqlite:///{settings.home}/schedule.sqlite")


def do_round(plan: Plan, settings: Settings, store: Store) -> list[dict[str, Any]]:
    """Do what is due now, and put down how it stands; a line a task."""
    try:
        Chain(plan, settings, store, clock=read_clock).do()
    finally:
        lines = read_status(plan, settings, store)
        make_folder(settings.reports, settings.access)
        status.write_file(lines, read_clock(), settings)
        index.write(settings.reports, settings.time_zone, settings.access)
    return lines


def read_status(plan: Plan, settings: Settings, store: Store) -> list[dict[str, Any]]:
    """How it stands, a line a task."""
    now = read_clock()
    slots = find_due_slots(plan, now, settings.time_zone)
    return status.describe(store.read(), slots, now)


def serve(
    settings: Settings,
    store: Store,
    *,
    wait: Callable[[float], bool],
    tell: Callable[[str], None],
) -> None:
    """Round after round until `wait` says that it is over. The schedule is read anew each time;
    while it has a fault the last good one holds."""
    plan = load_plan(settings)
    is_over = False
    while not is_over:
        try:
            plan = load_plan(settings)
        except GenlibError as error:
            tell(str(error))
        try:
            do_round(plan, settings, store)
        except (GenlibError, OSError) as error:
            kind = type(error).__name__
            tell(str(error) if isinstance(error, GenlibError) else f"this round: {kind}")
        is_over = wait(ROUND)


def install(settings: Settings, folder: Path) -> list[str]:
    """Write the units of systemd into a folder, and say what to do with them, or in a crontab."""
    command = shutil.which("genlib") or f"{sys.executable} -m genlib.cli"
    facts = {"folder": Path.cwd(), "home": settings.home.resolve(), "user": settings.user}
    for name, text in UNITS.items():
        with replacing(folder / name) as file:
            file.write(text.format(command=command, **facts).encode())
    home = f"GENLIB_HOME={settings.home.resolve()} GENLIB_USER={settings.user}"
    return [
        f"written: {', '.join(str(folder / name) for name in UNITS)}",
        "with systemd, as the service's own user:",
        f"  sudo cp {folder}/genlib-schedule.* /etc/systemd/system/",
        "  sudo systemctl daemon-reload && sudo systemctl enable --now genlib-schedule.timer",
        "or in that user's crontab, with GENLIB_PASSWORD_FILE too for refresh and publish:",
        f"  */10 * * * * cd {Path.cwd()} && {home} {command} schedule due",
        "or as a process of its own: genlib schedule serve. Several at once do no harm.",
    ]
