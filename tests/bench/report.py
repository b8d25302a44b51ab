"""a whole report from parameters to catalogue, against papermill on an empty notebook with the same
imports

Ours imports nothing before it is needed, so its import statements alone load next to nothing: the
peer's notebook also names the libraries that ours has loaded by its end. The statements alone are
beside it, for what an empty kernel costs. The sides take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import goals

REPEATS = 1
ROUNDS = 4
CUSTOMERS = {"tiny": 2_000, "small": 20_000, "large": 200_000}
REPORT = "customer_analysis"
PARTS = ("great_tables", "highspy", "polars", "vl_convert")


def _settings(folder: Path):
    from genlib.settings import load

    return load(environment={"GENLIB_HOME": str(folder)})


def prepare(folder: Path, size: str) -> None:
    from publish import workbench

    workbench(folder, CUSTOMERS[size], REPORT)


def genlib(folder: Path, size: str) -> Callable[[], dict]:
    from genlib.reports.run import run_report

    ask = partial(run_report, REPORT, parameters={"period": "2026-10"}, settings=_settings(folder))
    return lambda: {"note": f"{ask().html.stat().st_size // 1024:,} KB"}


def papermill(folder: Path, size: str, *, parts: tuple[str, ...] = ()) -> Callable[[], dict]:
    import nbformat
    import papermill as library

    ours = nbformat.read(Path(__file__).parents[2] / "notebooks" / f"{REPORT}.ipynb", as_version=4)
    lines = [
        line for cell in ours.cells if cell.cell_type == "code" for line in cell.source.splitlines()
    ]
    imports = [line for line in lines if line.startswith(("import ", "from "))] + [
        f"import {part}" for part in parts
    ]
    empty = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("\n".join(imports))], metadata=ours.metadata
    )
    options = {"kernel_name": "python3", "language": "python", "progress_bar": False}
    return lambda: {
        "note": f"{len(imports)} imports, "
        f"{len(library.execute_notebook(empty, None, **options).cells)} cell"
    }


LOADED = "papermill, the same libraries loaded"
SIDES = {
    "genlib": genlib,
    LOADED: partial(papermill, parts=PARTS),
    "papermill, the statements alone": papermill,
}
GOALS = {LOADED: goals.above(2)}
