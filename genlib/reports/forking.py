"""The process that kernels are forked from (`kernels.KernelSource`): it imports what every report
imports, and then forks a kernel for whoever asks at its socket.

It computes nothing, so that at a fork no thread of a library is at work. A kernel ends when whoever
asked for it hangs up, and all of them with this process, which ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

LIBRARIES = (
    "altair",
    "anywidget",
    "babel.dates",
    "great_tables",
    "highspy",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "jinja2",
    "polars",
    "pyarrow",
    "scipy.optimize",
    "scipy.sparse.csgraph",
    "scipy.special",
    "vl_convert",
    "genlib.present.charts",
    "genlib.disclosure.protect",
    "genlib.disclosure.solver",
    "genlib.metrics.campaigns",
    "genlib.metrics.contacts",
    "genlib.metrics.customers",
    "genlib.metrics.satisfaction",
    "genlib.present.findings",
    "genlib.present.page",
    "genlib.present.tables",
)
FIRST_FREE = 3
"""Descriptors below are the standard three."""
MOST_OPEN = 256
KILLED = 1


class Source:
    """Forks kernels, and keeps the line to whoever asked for each."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._lines: dict[int, socket.socket] = {}
        self._waker, self._alarm = socket.socketpair()
        for end in (self._waker, self._alarm):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        for thing in (sys.stdin, listener, self._waker):
            self._selector.register(thing, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._alarm.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        """Until standard input ends."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    self._end_all()
                    return
                if key.fileobj is self._listener:
                    self._fork()
                elif key.fileobj is self._waker:
                    self._waker.recv(MOST_OPEN)
                    self._reap()
                else:
                    self._hang_up(key.data)

    def _fork(self) -> None:
        line, _ = self._listener.accept()
        with line.makefile("rb") as asked:
            text = asked.readline()
        if not text:
            line.close()
            return
        child = os.fork()
        if child == 0:
            become_kernel(json.loads(text))
        self._lines[child] = line
        self._selector.register(line, selectors.EVENT_READ, child)

    def _reap(self) -> None:
        """Tell those who wait how their kernels ended."""
        while self._lines:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            line = self._lines.pop(child)
            self._selector.unregister(line)
            code = os.waitstatus_to_exitcode(status)
            with suppress(OSError):  # whoever asked has gone
                line.sendall(bytes([code if code >= 0 else KILLED]))
            line.close()

    def _hang_up(self, child: int) -> None:
        if child in self._lines:
            os.kill(child, signal.SIGKILL)

    def _end_all(self) -> None:
        for child in self._lines:
            os.kill(child, signal.SIGKILL)


def become_kernel(request: dict[str, Any]) -> None:
    """Turn this process, just forked, into a kernel as if it had been started by itself."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.closerange(FIRST_FREE, MOST_OPEN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(FIRST_FREE):
        os.dup2(nothing, standard)
    os.setsid()
    os.environ.clear()
    os.environ.update(request["environment"], JPY_PARENT_PID=str(os.getppid()))
    time.tzset()
    os.chdir(request["folder"])
    sys.path.insert(0, "")
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *request["words"]]
    try:
        IPKernelApp.launch_instance(request["words"])
    finally:
        os._exit(0)


def main(descriptor: int, unused: str) -> None:
    """Import, then serve at this socket; `unused` is a module that nobody needs."""
    sys.modules.setdefault(unused, None)  # type: ignore[arg-type] # Python's own sign for: do not import
    for name in LIBRARIES:
        import_module(name)
    Source(socket.socket(fileno=descriptor)).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
