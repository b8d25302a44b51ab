"""Processes that are forks of a server (`fork_server`): any, and kernels, as a kernel manager wants
them."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Client
from subprocess import Popen
from typing import Any, cast

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Unicode

from genlib.reports.fork_server import Act, become_kernel

LAUNCHER = "ipykernel_launcher"
SECONDS = 60
"""For which a kernel waits for a server that loads."""


class Fork:
    """`act(line, *arguments)` with this environment, in a fork of the server at this address. It is
    there as long as it holds the other end of its connection: nobody asks the server, which may be
    gone."""

    pid = 0
    """The number of its process, once it said so, which it does first."""

    def __init__(
        self, address: str, environment: Mapping[str, str], act: Act, *arguments: Any
    ) -> None:
        """Raises OSError if there is no server."""
        self._connection = Client(address, "AF_UNIX")
        self.send((act, arguments, dict(environment)))

    def send(self, message: object) -> None:
        """Say something. Raises OSError if it has ended."""
        self._connection.send(message)

    def receive(self, seconds: float) -> Any:
        """What it says; None if it goes on after so many seconds. Raises EOFError or OSError if it
        has ended."""
        if not self._connection.poll(seconds):
            return None
        message = self._connection.recv()
        if self.pid:
            return message
        self.pid = int(message)
        return None

    def has_ended(self, seconds: float = 0) -> bool:
        """Whether it ends within so many seconds; what it says meanwhile is lost."""
        with suppress(EOFError, OSError):
            while self._connection.poll(seconds):
                self.receive(0)
            return False
        return True

    def end(self, seconds: float = 0) -> None:
        """End it after so many seconds, with what it started; nobody if it has ended: it is buried,
        and its number may be another's. One that has not begun finds nobody to work for."""
        if not self.has_ended(seconds) and self.pid:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.has_ended(SECONDS)
        self._connection.close()


class KernelFork(Fork):
    """A kernel, with what a `Popen` has; nobody learns how it ended."""

    stdin = stdout = stderr = None

    def __init__(
        self, address: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        """Raises OSError or EOFError if the server does not answer."""
        super().__init__(address, environment, become_kernel, arguments)
        self.receive(SECONDS)
        if not self.pid:
            raise TimeoutError

    def poll(self) -> int | None:
        """None as long as it runs."""
        return 1 if self._connection.poll() else None

    def wait(self) -> int:
        """Wait until it has ended."""
        self._connection.poll(None)
        return 1

    def send_signal(self, number: int) -> None:
        """To it and what it started; to nobody if it has ended."""
        if self.poll() is None:
            os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class ForkProvisioner(LocalProvisioner):
    """Where a kernel manager has its kernel from: the server, or a new process if that is gone."""

    address = Unicode()

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        arguments = cmd[cmd.index(LAUNCHER) + 1 :]
        try:
            fork = KernelFork(self.address, arguments, options["env"])
        except (OSError, EOFError):
            return await super().launch_kernel(cmd, **options)
        self.process = cast("Popen[bytes]", fork)  # all of it that is asked for
        self.pid = self.pgid = fork.pid
        self.cwd = options["cwd"]
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        if isinstance(self.process, KernelFork):
            self.process.send_signal(signum)
        else:
            await super().send_signal(signum)
