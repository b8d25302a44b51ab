"""Run notebooks in one clean kernel of this very Python.

papermill puts the parameters in; nbclient, on which it stands, runs the cells.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import genlib
import genlib.errors
from genlib.errors import CellFailed, KernelStopped, ReportFailed
from genlib.lean import UNUSED
from genlib.reports.gate import numbered
from genlib.reports.jupyter import nbformat
from genlib.reports.kernels import ROOT, SOCKETS, environment, make_kernel_class
from genlib.settings import PUBLICATION, Settings

_SYSTEM = re.compile(r"\[Errno (\d{1,3})\]")
SECONDS = 60
"""For which a kernel that has run a cell may take to bring what the cell showed: on a busy machine
it takes longer than the 4 of nbclient."""


Progress = Callable[[int, int], None]
"""Takes which cell runs, from 1, and of how many."""


def ignore_progress(cell: int, cells: int) -> None:
    """For whom nobody waits."""


@dataclass(frozen=True)
class Session:
    """A kernel that runs; what one notebook made in it, the next may use."""

    client: Any

    def run(self, notebook: Any, *, skip: int = 0, progress: Progress = ignore_progress) -> Any:
        """The notebook, executed but for its first cells. Raises CellFailed where a cell fails,
        KernelStopped if the kernel itself dies."""
        from nbclient.exceptions import CellExecutionError

        self.client.nb = notebook
        self.client.reset_execution_trackers()
        for index, cell in enumerate(_show_progress(notebook.cells)):
            progress(index + 1, len(notebook.cells))
            if cell.cell_type != "code":
                continue
            cell.outputs = []
            if index < skip and not is_injected(cell):
                continue
            try:
                with _watch_kernel():
                    self.client.execute_cell(cell, index)
            except CellExecutionError as error:
                place = [place for place, _ in numbered(notebook)][index]
                raise _tell_failure(place, error.ename, error.evalue) from None
        return notebook


class Kernels:
    """Kernels of this very Python, each for one report: new ones, and one started ahead. `server`:
    the address of the server of which they are forks (`forks`), if there is one."""

    def __init__(self, settings: Settings, server: str = "") -> None:
        self._settings = settings
        self._server = server
        self._ahead = ExitStack()
        self._waiting: Any = None

    def start_ahead(self) -> None:
        """Start one that loads what reports load, before anybody knows which report it is for."""
        line = "from genlib.reports.parts import load; load(); del load"
        self._waiting = self._ahead.enter_context(self._start({}, line))

    @contextmanager
    def open(self, publication: str = "") -> Iterator[Session]:
        """A kernel until the end: the one that waits, or a new one. `publication` is what the
        ledger calls what it publishes."""
        variables = {PUBLICATION: publication}
        with ExitStack() as stack:
            client = self._take_waiting(stack)
            if client is None:
                client = stack.enter_context(self._start(variables, ""))
                line = ""
            else:
                line = f"import os; os.environ.update({variables!r}); del os"
            with _watch_kernel():
                stack.enter_context(client.setup_kernel())
            session = Session(client)
            if line:
                session.run(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(line)]))
            yield session

    def _take_waiting(self, stack: ExitStack) -> Any:
        """The client of the kernel that waits, which ends with `stack`; None if none waits, or it
        died meanwhile."""
        client, self._waiting = self._waiting, None
        if client is None:
            return None
        if not _is_alive(client):
            self._ahead.close()
            return None
        stack.enter_context(self._ahead.pop_all())
        return client

    def close(self) -> None:
        """End the one that waits."""
        self._ahead.close()

    def _start(self, variables: dict[str, str], line: str) -> AbstractContextManager[Any]:
        return _start_kernel(environment(self._settings) | variables, self._server, line)


@contextmanager
def _start_kernel(variables: dict[str, str], server: str, line: str) -> Iterator[Any]:
    """The client of a new kernel, which need not be ready yet. It does `line` first, and has
    `variables` as its environment."""
    from nbclient import NotebookClient

    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    bar = f"import sys; sys.modules.setdefault('{UNUSED}', None); del sys; {line}"
    with TemporaryDirectory(prefix=SOCKETS) as sockets:
        # no history, no start-up code
        surroundings = {"env": variables | {"IPYTHONDIR": sockets}, "cwd": str(ROOT)}
        client = NotebookClient(
            nbformat.v4.new_notebook(),
            kernel_name="python3",
            kernel_manager_class=make_kernel_class(surroundings, sockets, server),
            extra_arguments=[f"--IPKernelApp.exec_lines={bar}"],
            timeout=None,
            iopub_timeout=SECONDS,
            raise_on_iopub_timeout=True,
            shutdown_kernel="immediate",  # it has nothing to tidy up
        )
        client.create_kernel_manager()
        with _watch_kernel():
            client.start_new_kernel()
        try:
            yield client
        finally:
            if client.km is not None:  # nobody used it
                client._cleanup_kernel()


def _is_alive(client: Any) -> bool:
    from jupyter_core.utils import run_sync

    return bool(run_sync(client.km.is_alive)())


def parametrise(notebook: Any, values: Mapping[str, Any]) -> Any:
    """The notebook with its parameters put in, not executed."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    loaded = load_notebook_node(notebook)
    if not values:
        return loaded
    return parameterize_notebook(loaded, dict(values), kernel_name="python3", language="python")


def is_injected(cell: Mapping[str, Any]) -> bool:
    """Whether a cell is the one that brings the parameters."""
    return "injected-parameters" in cell["metadata"].get("tags", [])


def _show_progress(cells: list[Any]) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(cells, "Running", console=console, disable=not sys.stderr.isatty())


@contextmanager
def _watch_kernel() -> Iterator[None]:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    try:
        yield
    except ReportFailed:
        raise
    except CellTimeoutError:
        raise KernelStopped(
            f"what a cell showed was not brought within {SECONDS} seconds; the machine is too busy"
        ) from None
    except (DeadKernelError, RuntimeError) as error:
        raise KernelStopped(
            f"the kernel stopped ({type(error).__name__}); is there memory enough?"
        ) from None


def _tell_failure(place: int, error: str, message: str) -> CellFailed:
    """Only the class of the error is told: its message and traceback may hold values. Our own
    classes say what they mean, and the system what its number means, such as a full disk."""
    if number := _SYSTEM.match(message if error == "OSError" else ""):
        reason = os.strerror(int(number[1]))
        return CellFailed(f"stopped: the system says {reason}", cell=place, error=error)
    kind = getattr(genlib.errors, error, None)
    meaning = (
        f": {(kind.__doc__ or '').split(';')[0].rstrip('.')}" if isinstance(kind, type) else ""
    )
    return CellFailed(f"stopped with {error}{meaning}", cell=place, error=error)
