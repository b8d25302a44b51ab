"""The process that has loaded what reports load, and of which kernels are forks: none loads it
again. It holds no data and no secret, and no thread that works for a report: those of Polars and
of the drawing of charts begin in a kernel.

Each connection is a kernel: the fork sends the number of its process, reads what it is to run, and
ends when the other end is closed, as it is when the run ends in whatever way.

Example: of three reports each would load for 1.3 s of a core; so they load once.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from select import select
from shutil import rmtree
from socket import socket
from threading import Thread

from genlib.lean import UNUSED
from genlib.reports.parts import load_for_all


def main(listener: socket) -> None:
    """Load, and serve until stdin is closed; a fork comes back as a kernel."""
    sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type] # see genlib.lean
    load_for_all()
    gc.freeze()  # what all forks share is not looked through again
    become_kernel(fork_for_each(listener))


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


def become_kernel(connection: Connection) -> None:
    """Run a kernel with nothing but the environment and the arguments that are read."""
    import numpy as np
    from ipykernel import kernelapp

    os.setsid()
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    os.register_at_fork(after_in_child=connection.close)
    connection.send_bytes(str(os.getpid()).encode())
    order = json.loads(connection.recv_bytes())
    Thread(target=_end_with_run, args=[connection], daemon=True).start()
    os.environ.clear()
    os.environ.update(order["environment"])
    np.random.seed()  # else what is drawn without a seed would be the same in all forks
    sys.argv[1:] = order["arguments"]
    del sys.path[0]  # the working folder, which IPython puts back
    kernelapp.launch_new_instance()


def _bury(number: int, frame: object) -> None:
    """Nobody here asks how a kernel ended, but what it took is counted."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _end_with_run(connection: Connection) -> None:
    connection.poll(None)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(socket(fileno=int(sys.argv[1])))
