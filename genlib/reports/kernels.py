"""A kernel of this very Python, with the settings in force and without any secret."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from socket import AF_UNIX, socket
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory
from typing import Any

import genlib
from genlib.settings import Settings

ROOT = Path(genlib.__file__).parents[1]
"""Where a kernel runs."""

SOCKETS = "genlib-kernel-"
"""Begins the name of the folder of a kernel's sockets. The kernel ends with its run; the folder of
a run that was killed stays."""

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

ALWAYS = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
"""What makes a figure the same, to the last bit, however many cores there are: one order of what
has none, and sums that no number of cores parts. The matrices of a report are of a few columns:
threads of linear algebra only waited for one another, a third of the time of the customer analysis.
"""

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
    if settings.access_log:
        in_force["GENLIB_ACCESS_LOG"] = str(settings.access_log)
    return inherited | in_force | ALWAYS


class ForkServer:
    """A server for all forks of these settings (`fork_server`), which loads these modules too; it
    ends with this process. What Polars puts aside of a release that memory has no room for lies in
    the server's own folder: the thread that would tidy it up is in no fork. `threads`: how many of
    Polars each fork has, which reads that when it is loaded; 0 is as many as there are cores."""

    def __init__(self, settings: Settings, modules: Sequence[str] = (), threads: int = 0) -> None:
        self._folder = TemporaryDirectory(prefix=SOCKETS)
        self.address = f"{self._folder.name}/server"
        polars = {"POLARS_OOC_SPILL_DIR": self._folder.name}
        polars |= {"POLARS_MAX_THREADS": str(threads)} if threads else {}
        with socket(AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen()
            number = listener.fileno()
            self._process = Popen(  # noqa: S603 - this very Python
                [sys.executable, "-m", "genlib.reports.fork_server", str(number), *modules],
                env=environment(settings) | polars,
                cwd=ROOT,
                stdin=PIPE,
                stdout=DEVNULL,
                pass_fds=[number],
                start_new_session=True,
            )

    @property
    def is_alive(self) -> bool:
        """Whether it is there."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it; forks that run go on."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


def make_kernel_class(surroundings: dict[str, Any], sockets: str, server: str = "") -> type:
    """A kernel manager for `sys.executable`, whatever kernels this machine has registered; its
    kernel is a fork of the `server` at this address, if there is one.

    It speaks over sockets in a folder of its own, which other users of the machine cannot listen
    to, and what a kernel says outside its notebook is dropped: it may quote the data.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    from genlib.reports.forks import ForkProvisioner

    class Kernel(AsyncKernelManager):
        def _kernel_spec_manager_default(self) -> Any:
            return KernelSpecManager(kernel_dirs=[])

        # either flavour may await or not
        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            self.transport, self.connection_file = "ipc", f"{sockets}/kernel.json"
            if server:
                self.provisioner = ForkProvisioner(
                    address=server, kernel_spec=self.kernel_spec, parent=self
                )
            await self._async_start_kernel(
                **{**options, **surroundings, "stdout": DEVNULL, "stderr": DEVNULL}
            )

    return Kernel
