"""A kernel of this very Python, with the settings in force and without any secret; and kernels that
start at once.

Most of what a short report costs is importing: Altair, SciPy and the rest, a second and more for
each kernel. A `KernelSource` is a process that imports them once and holds nothing else. Kernels
are forked from it, so that each is as clean as a new one.

Example: three reports on two cores import everything once instead of three times.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory
from typing import Any, Self

from genlib.reports import forking, stand_in
from genlib.reports.jupyter import UNUSED
from genlib.settings import Settings

SOCKETS = "genlib-kernel-"
"""Begins the name of the folder of a kernel's sockets. The kernel ends with its run; the folder of
a run that was killed stays."""
SECONDS_TO_END = 5

INHERITED = {
    "HOME",
    "LANG",
    "PATH",
    "TMPDIR",
    "TZ",
    # where Python finds this very installation
    "CONDA_PREFIX",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    # what Spark needs
    "HADOOP_CONF_DIR",
    "HADOOP_HOME",
    "JAVA_HOME",
    "PYSPARK_PYTHON",
    "SPARK_CONF_DIR",
    "SPARK_HOME",
    "SPARK_LOCAL_DIRS",
    "SPARK_LOCAL_IP",
}
"""All that a kernel has of the environment of its run, beside LC_* and the settings in force."""

_OURS = ("home", "releases", "reports", "notice", "data", "user", "time_zone")


def environment(settings: Settings) -> dict[str, str]:
    """The environment of the kernel: of ours only what is on the list, and as GENLIB_* the settings
    in force but those that lead to the register, a key or a password. What else a shell or a
    service holds, such as a secret of another program, is none of a report's business."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in INHERITED or name.startswith("LC_")
    }
    in_force = {f"GENLIB_{name.upper()}": str(getattr(settings, name)) for name in _OURS}
    return inherited | in_force | {"PYTHONHASHSEED": "0"}


class KernelSource:
    """The process that kernels are forked from, from `with` to its end; `place` is the socket at
    which it is asked, in a folder of its user's own. It ends with whoever started it."""

    def __init__(self, settings: Settings) -> None:
        self._environment = environment(settings)
        self._folder = TemporaryDirectory(prefix=SOCKETS)
        self.place = str(Path(self._folder.name, "source"))

    def __enter__(self) -> Self:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.place)
            listener.listen()
            descriptor = listener.fileno()
            self._process = Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", forking.__name__, str(descriptor), UNUSED],
                env=self._environment,
                pass_fds=[descriptor],
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=DEVNULL,
            )
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.close()
        self._process.wait(SECONDS_TO_END)
        with suppress(OSError):
            self._folder.cleanup()


def make_kernel_class(surroundings: dict[str, Any], sockets: str, source: str = "") -> type:
    """A kernel manager for `sys.executable`, whatever kernels this machine has registered; its
    kernel is forked from the `source` at this place, if there is one.

    It speaks over sockets in a folder of its own, which other users of the machine cannot listen
    to, and what a kernel says outside its notebook is dropped: it may quote the data.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class Kernel(AsyncKernelManager):
        def _kernel_spec_manager_default(self) -> Any:
            return KernelSpecManager(kernel_dirs=[])

        def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
            command: list[str] = super().format_kernel_cmd(extra_arguments)
            if not source:
                return command
            first = command.index("-f")
            return [sys.executable, "-I", "-S", stand_in.__file__, source, *command[first:]]

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override] # either flavour may await or not
            self.transport, self.connection_file = "ipc", f"{sockets}/kernel.json"
            await self._async_start_kernel(
                **{**options, **surroundings, "stdout": DEVNULL, "stderr": DEVNULL}
            )

    return Kernel
