"""Processes that make reports, one after another, and are called before there is one to make.

Each loads what it needs once, and starts the kernel of its first report at once. Kernels are forks
of a server that has loaded what reports load: while a release is published, a core is free for
that. A kernel makes one report.

Example: of three reports on two cores the first two find a process and a kernel that wait for them;
the third finds the process that is free first, and a new kernel.
"""

from __future__ import annotations

import datetime as dt
from contextlib import closing, suppress
from multiprocessing.connection import Connection

from genlib.reports.execute import Kernels
from genlib.reports.kernels import ForkServer
from genlib.schedule.child import Child, judge, stand_alone
from genlib.schedule.outcome import Outcome
from genlib.schedule.reporting import Making, make_report
from genlib.settings import Settings

SECONDS = 10
"""For which one that has nothing to do may take to end."""


class Crew:
    """The processes of a scheduler."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._free: list[Worker] = []
        self._server: ForkServer | None = None

    def call(self, count: int) -> None:
        """Have so many that are free."""
        while len(self._free) < count:
            server = self._server = self._server or ForkServer(self._settings)
            self._free.append(Worker(self, self._settings, server.address))

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
        if self._server:
            self._server.close()


class Worker(Child):
    """A process of a crew."""

    def __init__(self, crew: Crew, settings: Settings, server: str) -> None:
        self._crew = crew
        self._is_busy = False
        self._start(_serve, settings, server)

    def give(self, task: Making, now: dt.datetime) -> None:
        """Let it make a report; if it was killed meanwhile, it says so when it is waited for."""
        self._is_busy = True
        with suppress(OSError):
            self._pipe.send((task, now))

    def wait(self, seconds: float) -> Outcome | None:
        """How the report ended; None if it goes on after so many seconds."""
        outcome = super().wait(seconds)
        if outcome is not None and outcome.error != "Killed":
            self._is_busy = False
        return outcome

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """The number of the process."""
        return self._process.pid

    def stop(self, seconds: float = 0) -> None:
        """End it after so many seconds, if it is at work; else it is free for another report."""
        if self._is_busy:
            self._process.join(seconds)
            super().stop()
        else:
            self._crew.take_back(self)

    def dismiss(self) -> None:
        """Tell it that there is nothing more to do."""
        self._is_busy = True
        with suppress(OSError):
            self._pipe.send(None)


def _serve(pipe: Connection, settings: Settings, server: str) -> None:
    stand_alone()
    with closing(Kernels(settings, server)) as kernels:
        with suppress(Exception):  # the report meets the same error, and says so
            kernels.start_ahead()
        while message := pipe.recv():
            task, now = message
            pipe.send(judge(make_report, (task, settings, now, kernels)))
