"""door 2 alone: all tables of each report protected together and recorded in the ledger"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import goals

REPEATS = 3
CUSTOMERS = {"tiny": 2_000, "small": 20_000, "large": 200_000}
REPORTS = ("campaign_history", "customer_analysis", "satisfaction_survey")
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def prepare(folder: Path, size: str) -> None:
    from publish import workbench

    workbench(folder, CUSTOMERS[size], "customer_analysis", "satisfaction", "campaign_history")


def protection(folder: Path, size: str, *, report: str) -> Callable[[], dict]:
    import genlib
    from genlib.disclosure import Ledger

    os.environ |= {"GENLIB_HOME": str(folder), "GENLIB_PUBLICATION": f"2026-11-01 {report}/2026-10/fi run"}
    cells, number = _cells(report), count()

    def work() -> dict:
        ledger = Ledger(folder / f"{report}-{next(number)}", report, date(2026, 11, 1), "run")
        told = genlib.protect(ledger=ledger, **cells).conditions
        return {"note": f"{told['cells']} cells, {sum(told['hidden'].values())} hidden, {told['status']}"}

    return work


def _cells(report: str) -> dict[str, Any]:
    """What the notebook hands to `protect`."""
    book, scope = json.loads((NOTEBOOKS / f"{report}.ipynb").read_text(encoding="utf-8")), {}
    sources = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    for source in sources:
        exec(source.partition("shown = genlib.protect")[0], scope)  # noqa: S102 - our own notebook
        if "genlib.protect(" in source:
            break
    return scope["cells"]


SIDES = {report: partial(protection, report=report) for report in REPORTS}
GOALS = dict.fromkeys(REPORTS, goals.within(0.5))
