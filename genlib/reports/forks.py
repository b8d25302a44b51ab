"""Kernels that are forks of a server (`fork_server`), as a kernel manager wants them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Client
from subprocess import Popen
from typing import Any, cast

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Unicode

LAUNCHER = "ipykernel_launcher"
SECONDS = 60
"""For which a kernel waits for a server that loads."""


class Fork:
    """A kernel of the server, with what a `Popen` has; nobody learns how it ended."""

    stdin = stdout = stderr = None

    def __init__(
        self, address: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        """Raises OSError or EOFError if the server does not answer."""
        self._connection = Client(address, "AF_UNIX")
        if not self._connection.poll(SECONDS):
            raise TimeoutError
        self.pid = int(self._connection.recv_bytes())
        order = {"arguments": arguments, "environment": environment}
        self._connection.send_bytes(json.dumps(order).encode())

    def poll(self) -> int | None:
        """None as long as it runs."""
        return 1 if self._connection.poll() else None

    def wait(self) -> int:
        """Wait until it has ended."""
        self._connection.poll(None)
        return 1

    def send_signal(self, number: int) -> None:
        """To it and what it started; to nobody if it has ended: it is buried, and its number
        may be another's."""
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
            fork = Fork(self.address, arguments, options["env"])
        except (OSError, EOFError):
            return await super().launch_kernel(cmd, **options)
        self.process = cast("Popen[bytes]", fork)  # all of it that is asked for
        self.pid = self.pgid = fork.pid
        self.cwd = options["cwd"]
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        if isinstance(self.process, Fork):
            self.process.send_signal(signum)
        else:
            await super().send_signal(signum)
