"""a whole report from parameters to catalogue, against papermill on an empty notebook with the same imports"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

GOAL = "not more than 2 seconds above papermill"
REPEATS = 2
CUSTOMERS = {"tiny": 2_000, "small": 20_000, "large": 200_000}
REPORT = "customer_analysis"
IMPORTS = (
    "import altair, great_tables, highspy, polars, vl_convert, genlib.disclosure.protect, genlib.present.page, genlib.metrics.customers"
)


def _settings(folder: Path):
    from genlib.settings import load

    return load(environment={"GENLIB_HOME": str(folder)})


def prepare(folder: Path, size: str) -> None:
    from publish import NOW

    from genlib import notice
    from genlib.publish.writer import publish
    from genlib.register.database import create_register
    from genlib.register.synthetic import synthesise
    from genlib.register.vault import IdentityKey, PseudonymKey

    settings = _settings(folder)
    register = create_register(settings.register)
    synthesise(register, IdentityKey(bytes(32)), customers=CUSTOMERS[size], seed=1)
    publish(REPORT, register, PseudonymKey(bytes(32)), notice=notice.load(), releases=settings.releases, now=NOW)


def genlib(folder: Path, size: str) -> Callable[[], dict]:
    from genlib.reports.run import run_report

    settings = _settings(folder)
    return lambda: {"note": f"{run_report(REPORT, settings=settings).html.stat().st_size // 1024:,} KB"}


def papermill(folder: Path, size: str) -> Callable[[], dict]:
    import nbformat
    import papermill as library

    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IMPORTS)])
    options = {"kernel_name": "python3", "language": "python", "progress_bar": False}
    return lambda: {"note": f"{len(library.execute_notebook(empty, None, **options).cells)} cell"}


SIDES = {"genlib": genlib, "papermill, the imports alone": papermill}
