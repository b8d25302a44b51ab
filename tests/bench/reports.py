"""three reports of a fresh release as the schedule makes them, on two cores, against papermill on
the same notebooks one by one, which draws no page

In three languages ours runs the figures of a report once; papermill runs each notebook whole.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import goals

REPEATS = 1
ROUNDS = 1
CUSTOMERS = {"tiny": 2_000, "small": 20_000, "large": 200_000}
PURPOSES = ("customer_analysis", "satisfaction", "campaign_history")
REPORTS = ("customer_analysis", "satisfaction_survey", "campaign_history")
STARTS = dt.date(2026, 10, 15)
NOW = dt.datetime(2026, 11, 2, 5, tzinfo=dt.UTC)
ONE = ("fi",)
THREE = ("fi", "sv", "en")


def prepare(folder: Path, size: str) -> None:
    from publish import workbench

    workbench(folder, CUSTOMERS[size], *PURPOSES)


def genlib(folder: Path, size: str, *, languages: tuple[str, ...]) -> Callable[[], dict]:
    from genlib.schedule.chain import Chain
    from genlib.schedule.plan import Entry, Plan
    from genlib.schedule.store import Store
    from genlib.settings import load

    for made in ("reports", "ledger"):
        shutil.rmtree(folder / made, ignore_errors=True)
    (folder / "schedule.sqlite").unlink(missing_ok=True)
    entries = [Entry(name, name, STARTS, every="month", languages=languages) for name in REPORTS]
    store = Store(f"sqlite:///{folder}/schedule.sqlite")
    settings = load(environment={"GENLIB_HOME": str(folder)})
    plan = Plan(tuple(entries), {}, None, folder)
    chain = Chain(plan, settings, store, clock=lambda: NOW, capacity=2)

    def work() -> dict:
        begun = time.perf_counter()
        chain.do()
        minutes = (time.perf_counter() - begun) / 60
        pages = [row["status"] for row in store.read().values()]
        if pages != ["done"] * len(REPORTS) * len(languages):
            raise RuntimeError(f"not all pages were made: {pages}")
        return {"note": f"{len(pages) / minutes:.0f} pages a minute"}

    return work


def papermill(folder: Path, size: str, *, languages: tuple[str, ...]) -> Callable[[], dict]:
    import papermill as library

    os.environ["GENLIB_HOME"] = str(folder)
    notebooks = Path(__file__).parents[2] / "notebooks"
    options = {"kernel_name": "python3", "progress_bar": False, "cwd": str(notebooks)}

    def work() -> dict:
        begun = time.perf_counter()
        for name in REPORTS:
            for language in languages:
                values = {"period": "2026-10", "language": language}
                library.execute_notebook(notebooks / f"{name}.ipynb", None, values, **options)
        minutes = (time.perf_counter() - begun) / 60
        return {"note": f"{len(REPORTS) * len(languages) / minutes:.0f} notebooks a minute"}

    return work


OURS, OURS_IN_THREE = "genlib, one language", "genlib, three languages"
SIDES = {
    OURS: partial(genlib, languages=ONE),
    "papermill one by one, one language": partial(papermill, languages=ONE),
    OURS_IN_THREE: partial(genlib, languages=THREE),
    "papermill one by one, three languages": partial(papermill, languages=THREE),
}
GOALS = {OURS: goals.within(8), OURS_IN_THREE: goals.within(16)}
