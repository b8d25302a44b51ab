"""door 2 alone: all tables of each report protected together and recorded in the ledger, the first
time and after a year of reports"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import goals
from combinations import count_combinations

REPEATS = 3
CUSTOMERS = {"tiny": 2_000, "small": 20_000, "large": 200_000}
REPORTS = ("campaign_history", "customer_analysis", "satisfaction_survey")
BUSIEST = "campaign_history"
MONTH = "2026-10"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def prepare(folder: Path, size: str) -> None:
    from publish import workbench

    workbench(folder, CUSTOMERS[size], "customer_analysis", "satisfaction", "campaign_history")


def protection(folder: Path, size: str, *, report: str, months: int = 0) -> Callable[[], dict]:
    import genlib
    from genlib.disclosure import Ledger

    past, numbers = folder / f"past-{report}-{months}", count()
    past.mkdir(exist_ok=True)
    for earlier in _months(months):
        for name in REPORTS:
            genlib.protect(
                ledger=Ledger(past, earlier.end, f"{name}-{earlier}"),
                **_cells(folder, name, str(earlier)),
            )
    cells = _cells(folder, report, MONTH)
    left = ""
    if months:  # what is not promised, in the year before
        pairs, threes = count_combinations(Ledger(past).read_past())
        left = f"; in the ledger {pairs} pairs and {threes} threes of few people"

    def work() -> dict:
        ledger = Path(shutil.copytree(past, folder / f"{report}-{months}-{next(numbers)}"))
        told = genlib.protect(ledger=Ledger(ledger, date(2026, 11, 1), "run"), **cells).conditions
        return {
            "note": f"{told['cells']} cells, {sum(told['hidden'].values())} hidden, "
            f"{told['status']}{left}"
        }

    return work


def _months(months: int) -> tuple[Any, ...]:
    """The months before the one that is protected."""
    from genlib import Period

    return Period.parse(MONTH).previous().months(months) if months else ()


def _cells(folder: Path, report: str, period: str) -> dict[str, Any]:
    """What the notebook hands to `protect`."""
    os.environ |= {
        "GENLIB_HOME": str(folder),
    }
    book, scope = json.loads((NOTEBOOKS / f"{report}.ipynb").read_text(encoding="utf-8")), {}
    parameters, *sources = (
        "".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"
    )
    exec(parameters, scope)  # noqa: S102 - our own notebook
    scope["period"] = period
    for source in sources:
        exec(source.partition("figures = genlib.protect")[0], scope)  # noqa: S102
        if "genlib.protect(" in source:
            break
    return scope["cells"]


LATER = f"{BUSIEST}, after a year"
SIDES = {report: partial(protection, report=report) for report in REPORTS} | {
    LATER: partial(protection, report=BUSIEST, months=11)
}
GOALS = dict.fromkeys(SIDES, goals.within(0.5))
