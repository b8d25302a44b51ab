"""A JupyterLab of its own, a browser to look at it with, and a small notebook to run there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from workbench import ROOT

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PARAMETERS = """\
period: str = "last"  # a month, a quarter or a year
language: str = "fi"
region: str = "all"
note: str = ""
"""
SHOWN = """\
import polars as pl
import genlib
from genlib import charts, page
from genlib.disclosure.cells import Cells, Dimension
from genlib.disclosure.population import Population
frame = pl.DataFrame({"region": ["01", "06", None], "people": [1043, 587, 1630]})
cells = Cells(frame, (Dimension("region"),), population=Population("customers"))
shown = genlib.protect(language=language, growth=cells)
"""
CHART = "charts.bars(shown.growth, x='people', y='region')"
CONDITIONS = """\
page.conditions(
    shown, genlib.open_release('customer_analysis'), parameters={'period': period}
)
"""


def write_report(folder: Path) -> Path:
    """A report of one chart, its parameters typed; nobody has approved it."""
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    cells = [new_code_cell(source) for source in (SHOWN, CHART, CONDITIONS)]
    book = new_notebook(cells=[new_markdown_cell("# Regions"), parameters, *cells])
    path = folder / "regions.ipynb"
    nbformat.write(book, path)
    return path


def write_cells(path: Path, sources: Sequence[str]) -> None:
    """A notebook of code cells."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cells = [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells, metadata=kernel), path)


def read_written(file: Path) -> dict[str, Any]:
    """What JSON a file holds; nothing while another process has not written all of it."""
    try:
        found: dict[str, Any] = json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found


@contextmanager
def jupyterlab(folder: Path, home: Path) -> Iterator[str]:
    """The address of `cases.ipynb` in a JupyterLab of its own."""
    places = {
        f"JUPYTER_{place}_DIR": str(folder / place.lower())
        for place in ("CONFIG", "DATA", "RUNTIME")
    }
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        "--port=0",
        "--allow-root",
        "--IdentityProvider.token=reviewer",
        f"--ServerApp.root_dir={folder}",
    ]
    ours = {
        "JUPYTER_CONFIG_PATH": str(ROOT / ".jupyter"),
        "IPYTHONDIR": str(folder / "ipython"),
        "GENLIB_HOME": str(home),
    }
    environment = {**os.environ, **places, **ours}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log
        )
    try:
        said_of_itself = folder / "runtime" / f"jpserver-{server.pid}.json"
        while "url" not in (started := read_written(said_of_itself)):
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield f"{started['url']}lab/tree/cases.ipynb?token=reviewer"
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def chromium(script: str = "") -> Iterator[Any]:
    """A page of a browser, in which a script runs before any other."""
    from playwright.sync_api import sync_playwright

    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=options)
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        page.set_default_timeout(120_000)  # a busy machine starts a kernel slowly
        page.add_init_script(script)
        yield page
        browser.close()
