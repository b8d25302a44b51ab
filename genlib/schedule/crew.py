"""Processes that make reports, one after another, and are called before there is one to make.

They and their kernels are forks of a server that has loaded what reports load: while a release is
published, a core is free for that. Each starts the kernel of its first report at once. A kernel
makes one report. A crew, and its server, is of one round: the next finds the package as it is then.

Example: of three reports on two cores the first two find a process and a kernel that wait for them;
the third finds the process that is free first, and a new kernel.
"""

from __future__ import annotations

import datetime as dt
import os
from contextlib import closing, suppress
from pathlib import Path

from genlib.reports.execute import Kernels
from genlib.reports.fork_server import Line
from genlib.reports.forks import Fork
from genlib.reports.kernels import ForkServer
from genlib.schedule.child import KILLED, judge
from genlib.schedule.outcome import Outcome
from genlib.schedule.reporting import Making, make_report
from genlib.settings import Settings, read_environment

SECONDS = 10
"""For which one that has nothing to do may take to end."""
LOADS = (
    "cryptography.hazmat.primitives.ciphers.aead",
    "genlib.present.sheets",
    "genlib.reports.making",
    "genlib.reports.run",
    "nbclient",
    "papermill.iorw",
    "papermill.parameterize",
    "psycopg",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.orm",
)
"""What they load beside what reports do. Kernels have it too: nothing of the register's own."""


class Crew:
    """The processes of a scheduler."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._free: list[Worker] = []
        self._server: ForkServer | None = None
        self._most = 1

    def call(self, count: int) -> None:
        """Have so many that are free."""
        self._most = max(self._most, count)
        while len(self._free) < count:
            self._free.append(self._call_one())

    def _call_one(self) -> Worker:
        """One of the server, or of another in the place of one that died, or that takes nobody any
        more since it is about to end."""
        if self._server and self._server.is_alive:
            with suppress(OSError):
                return Worker(self, self._settings, self._server.address)
        self._end_server()
        self._server = self._start_server()
        return Worker(self, self._settings, self._server.address)

    def _start_server(self) -> ForkServer:
        """As many as are called at once share the cores: threads of one would wait for those of
        another, and cost more than they bring."""
        threads = max(1, (os.cpu_count() or 1) // self._most)
        return ForkServer(self._settings, LOADS, threads)

    def _end_server(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    def start(self, task: Making, now: dt.datetime) -> Worker:
        """One that makes this report; what died while it was free is not asked."""
        self._drop_dead()
        self.call(1)
        worker = self._free.pop(0)
        worker.give(task, now)
        return worker

    def take_back(self, worker: Worker) -> None:
        """Have one free again."""
        self._free.append(worker)

    @property
    def free(self) -> int:
        """How many have nothing to do."""
        return len(self._free)

    def _drop_dead(self) -> None:
        for worker in list(self._free):
            if not worker.is_alive:
                self._free.remove(worker)
                worker.dismiss()
                worker.stop()

    def close(self) -> None:
        """End all that are free."""
        for worker in self._free:
            worker.dismiss()
        for worker in self._free:
            worker.stop(SECONDS)
        self._end_server()


class Worker:
    """A process of a crew."""

    def __init__(self, crew: Crew, settings: Settings, server: str) -> None:
        self._crew = crew
        self._is_busy = False
        self._fork = Fork(server, read_environment(), _serve, Path.cwd(), settings, server)

    def give(self, task: Making, now: dt.datetime) -> None:
        """Let it make a report; if it was killed meanwhile, it says so when it is waited for."""
        self._is_busy = True
        with suppress(OSError):
            self._fork.send((task, now))

    def wait(self, seconds: float) -> Outcome | None:
        """How the report ended; None if it goes on after so many seconds."""
        try:
            outcome: Outcome | None = self._fork.receive(seconds)
        except (EOFError, OSError):
            return KILLED
        if outcome is not None:
            self._is_busy = False
        return outcome

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return not self._fork.has_ended()

    @property
    def pid(self) -> int:
        """The number of the process, once it has begun."""
        return self._fork.pid

    def stop(self, seconds: float = 0) -> None:
        """End it after so many seconds, if it is at work; else it is free for another report."""
        if self._is_busy:
            self._fork.end(seconds)
        else:
            self._crew.take_back(self)

    def dismiss(self) -> None:
        """Tell it that there is nothing more to do."""
        self._is_busy = True
        with suppress(OSError):
            self._fork.send(None)


def _serve(line: Line, folder: Path, settings: Settings, server: str) -> None:
    """Make reports in the folder of the scheduler."""
    os.chdir(folder)
    with closing(Kernels(settings, server)) as kernels:
        with suppress(Exception):  # the report meets the same error, and says so
            kernels.start_ahead()
        while message := line.receive():
            task, now = message
            line.send(judge(make_report, (task, settings, now, kernels)))
