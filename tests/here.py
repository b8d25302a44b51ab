"""Reports whose cells run in the process of the test; all else of a run is as it is: its checks,
gate, ledger and catalogue. A kernel of its own would cost two to three seconds more, and gives the
same page byte for byte (`reports/test_campaign_report.py`). What only a kernel can show has one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from genlib.lean import spare_grammar
from genlib.reports import run
from genlib.reports.catalogue import Run
from genlib.reports.execute import ROOT, Kernels, Session
from genlib.reports.kernels import environment
from genlib.settings import PUBLICATION

with spare_grammar():
    from nbclient.exceptions import CellExecutionError
    from nbformat.v4 import new_output

NO_HISTORY = Config({"HistoryManager": {"enabled": False}})


class Client:
    """The part of nbclient's client that runs a cell."""

    nb: Any

    def __init__(self) -> None:
        self.shell = InteractiveShell.instance(config=NO_HISTORY)

    def reset_execution_trackers(self) -> None:
        """There are none."""

    def execute_cell(self, cell: Any, index: int) -> None:
        with self.shell.display_trap, capture_output() as captured:
            result = self.shell.run_cell(cell.source)
        if error := result.error_before_exec or result.error_in_exec:
            raise CellExecutionError("", type(error).__name__, str(error))
        texts = {"stdout": captured.stdout, "stderr": captured.stderr}
        said = [new_output("stream", name=name, text=text) for name, text in texts.items() if text]
        shown = [(one.data, one.metadata) for one in captured.outputs]
        cell.outputs = said + [
            new_output("display_data", data=data, metadata=metadata) for data, metadata in shown
        ]


@contextmanager
def open_session(kernels: Kernels, publication: str = "") -> Iterator[Session]:
    """As `Kernels.open`, in this process."""
    settings = kernels._settings
    with pytest.MonkeyPatch.context() as patch, chdir(ROOT):
        for name in [name for name in os.environ if name.startswith("GENLIB_")]:
            patch.delenv(name)
        for name, value in {**environment(settings), PUBLICATION: publication}.items():
            patch.setenv(name, value)
        InteractiveShell.clear_instance()
        client = Client()
        try:
            yield Session(client)
        finally:
            client.shell.restore_sys_module_state()
            InteractiveShell.clear_instance()


@contextmanager
def without_kernel() -> Iterator[None]:
    """What runs a report meanwhile runs its cells here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Kernels, "open", open_session)
        yield


def run_report(name: str | Path, **how: Any) -> Run:
    """As `genlib.reports.run.run_report`."""
    with without_kernel():
        return run.run_report(name, **how)


def read(html: str) -> str:
    """What a reader reads: the text of a page without tags, spaces as they come."""
    body = re.sub(r"(?s)<style.*?</style>|<svg.*?</svg>|<code>.*?</code>", "", html)
    text = unescape(re.sub(r"<[^>]+>", " ", body))
    for joint in ("\u2060", "\u00ad"):
        text = text.replace(joint, "")
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))
