"""The process that has loaded what reports load, and of which kernels and those who make reports
are forks: none loads it again. It holds no data and no secret, and no thread that works for a
report: those of Polars and of the drawing of charts begin in a fork.

Each connection is a fork, which sends the number of its process, does what it is told, and ends
when the other end is closed, as it is when that process ends in whatever way. Nobody but the two
knows of it: that the server is killed changes nothing.

Example: of three reports each would load for 1.3 s of a core; so they load once.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from select import select
from shutil import rmtree
from socket import socket
from threading import Thread
from typing import Any

from genlib.lean import UNUSED
from genlib.reports.parts import load_for_all


@dataclass
class Line:
    """What a fork has to speak with the process that it works for, and the fork's own end when that
    is gone, whatever it does at the moment."""

    connection: Connection
    _letters: SimpleQueue[bytes] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        os.register_at_fork(after_in_child=self.connection.close)
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                self._letters.put(self.connection.recv_bytes())
        os.killpg(0, signal.SIGKILL)

    def receive(self) -> Any:
        """What comes next."""
        return pickle.loads(self._letters.get())  # noqa: S301 - the folder is this user's alone

    def send(self, message: object) -> None:
        """Say something."""
        self.connection.send(message)


Act = Callable[..., None]
"""What a fork does: a module's own function, which takes its line and what was sent along."""


def main(listener: socket, modules: Sequence[str]) -> None:
    """Load, these modules too, and serve until stdin is closed; a fork comes back to work."""
    sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type] # see genlib.lean
    load_for_all()
    for module in modules:
        import_module(module)
    gc.freeze()  # what all forks share is not looked through again
    work(fork_for_each(listener))


def fork_for_each(listener: socket) -> Connection:
    """In each fork the connection it is for; the server itself ends here, and takes its folder
    along, for its scheduler may have been killed."""
    signal.signal(signal.SIGCHLD, _bury)
    while sys.stdin not in select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return Connection(connection.detach())
        connection.close()
    rmtree(Path(listener.getsockname()).parent, ignore_errors=True)
    sys.exit()


def work(connection: Connection) -> None:
    """Do what the other end says, in a group of its own and with the environment that it sends."""
    os.setsid()
    with open(os.devnull, "r+b", buffering=0) as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
        os.dup2(nothing.fileno(), sys.stderr.fileno())  # what the server itself says is seen
    connection.send(os.getpid())
    line = Line(connection)
    act, arguments, environment = line.receive()
    os.environ.clear()
    os.environ.update(environment)
    act(line, *arguments)


def become_kernel(line: Line, arguments: Sequence[str]) -> None:
    """Run a kernel with these arguments."""
    import numpy as np
    from ipykernel import kernelapp

    np.random.seed()  # else what is drawn without a seed would be the same in all forks
    sys.argv[1:] = arguments
    del sys.path[0]  # the working folder, which IPython puts back
    kernelapp.launch_new_instance()


def _bury(number: int, frame: object) -> None:
    """Nobody here asks how a fork ended, but what it took is counted."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    ours = import_module("genlib.reports.fork_server")  # as messages name it, not as __main__
    ours.main(socket(fileno=int(sys.argv[1])), sys.argv[2:])
