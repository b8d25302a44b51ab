"""A run that is killed takes its kernel with it, and a later run sweeps what it left."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import pytest

from genlib.errors import ReportFailed
from genlib.reports.kernels import SOCKETS
from genlib.reports.run import run_report
from genlib.settings import load


def book(folder: Path, source: str) -> Path:
    path = folder / "sums.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    return path


def killed(home: Path, places: Path) -> Path:
    """The folder that a killed run leaves, when its kernel is gone."""
    command = [
        sys.executable,
        "-m",
        "genlib.cli",
        "report",
        "run",
        str(book(home, "sum(range(10**12))")),
    ]
    with subprocess.Popen(
        command, env={**os.environ, "GENLIB_HOME": str(home), "TMPDIR": str(places)}
    ) as run:
        while not (started := psutil.Process(run.pid).children()):
            time.sleep(0.1)
        run.kill()
    assert psutil.wait_procs(started, timeout=20)[1] == []
    return next(places.glob(f"{SOCKETS}*"))


def test_a_killed_run_leaves_no_kernel_and_its_sockets_until_they_are_a_day_old(
    tmp_path, monkeypatch
):
    with tempfile.TemporaryDirectory(
        prefix="genlib-"
    ) as places:  # a socket's path may have 107 characters, too few for pytest's own folders
        left = killed(tmp_path, Path(places))
        monkeypatch.setattr(tempfile, "tempdir", places)
        settings = replace(load(), home=tmp_path, reports=tmp_path / "reports")
        for old in (False, True):
            if old:
                os.utime(left, (0, 0))
            with pytest.raises(ReportFailed, match="stopped with NameError"):
                run_report(book(tmp_path, "unknown"), settings=settings)
            assert left.exists() != old
