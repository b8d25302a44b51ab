"""Run a notebook with papermill in a clean kernel of this very Python, with the settings and
without any secret."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory
from typing import Any

import genlib.errors
from genlib.errors import CellFailed, ReportFailed
from genlib.reports.jupyter import UNUSED
from genlib.settings import PUBLICATION, Settings

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

_SYSTEM = re.compile(r"\[Errno (\d{1,3})\]")

_OURS = ("home", "releases", "reports", "notice", "data", "user", "time_zone")


def execute(
    notebook: Any,
    values: Mapping[str, Any],
    *,
    settings: Settings,
    root: Path,
    publication: str = "",
) -> Any:
    """The executed notebook; `publication` is what the ledger calls it. Raises CellFailed where a
    cell fails, ReportFailed if the kernel itself dies."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    bar = f"--IPKernelApp.exec_lines=import sys; sys.modules.setdefault('{UNUSED}', None); del sys"
    try:
        with TemporaryDirectory(prefix=SOCKETS) as sockets:
            own = {PUBLICATION: publication, "IPYTHONDIR": sockets}  # no history, no start-up code
            return papermill.execute_notebook(
                notebook,
                None,
                parameters=dict(values),
                kernel_name="python3",
                language="python",
                progress_bar=sys.stderr.isatty(),
                kernel_manager_class=_kernel(
                    {"env": environment(settings) | own, "cwd": str(root)},
                    sockets,
                ),
                extra_arguments=[bar],
            )
    except papermill.PapermillExecutionError as error:
        raise _failed(
            _place(notebook, error.cell_index, bool(values)), error.ename, error.evalue
        ) from None
    except (DeadKernelError, CellTimeoutError, RuntimeError) as error:
        raise ReportFailed(
            f"the kernel stopped ({type(error).__name__}); is there memory enough?"
        ) from None


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


def parametrised(notebook: Any, values: Mapping[str, Any]) -> Any:
    """The notebook with its parameters put in, not executed."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    return parameterize_notebook(
        load_notebook_node(notebook), dict(values), kernel_name="python3", language="python"
    )


def _failed(place: int, error: str, message: str) -> CellFailed:
    """Only the class of the error is told: its message and traceback may hold values. Our own
    classes say what they mean, and the system what its number means, such as a full disk."""
    if number := _SYSTEM.match(message if error == "OSError" else ""):
        said = os.strerror(int(number[1]))
        return CellFailed(f"stopped: the system says {said}", cell=place, error=error)
    known = getattr(genlib.errors, error, None)
    meaning = (
        f": {(known.__doc__ or '').split(';')[0].rstrip('.')}" if isinstance(known, type) else ""
    )
    return CellFailed(f"stopped with {error}{meaning}", cell=place, error=error)


def _place(notebook: Any, index: int, parametrised: bool) -> int:
    """From a place in the executed notebook to one in the author's, counted from 1: papermill adds
    a cell for the parameters."""
    tagged = [
        place
        for place, cell in enumerate(notebook.cells)
        if "parameters" in cell.metadata.get("tags", [])
    ]
    return index + 1 - int(parametrised and index > tagged[0])


def _kernel(surroundings: dict[str, Any], sockets: str) -> type:
    """A kernel manager for `sys.executable`, whatever kernels this machine has registered.

    It speaks over sockets in a folder of its own, which other users of the machine cannot listen
    to, and what a kernel says outside its notebook is dropped: it may quote the data.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class Kernel(AsyncKernelManager):
        def _kernel_spec_manager_default(self) -> Any:
            return KernelSpecManager(kernel_dirs=[])

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override] # either flavour may await or not
            self.transport, self.connection_file = "ipc", f"{sockets}/kernel.json"
            await self._async_start_kernel(
                **{**options, **surroundings, "stdout": DEVNULL, "stderr": DEVNULL}
            )

    return Kernel
