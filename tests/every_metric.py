"""Which metrics there are: whoever runs all of them finds them here, so that none is forgotten."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from genlib.metrics import campaigns, contacts, customers, funnel, satisfaction

MODULES: dict[str, tuple[ModuleType, ...]] = {
    "customer_analysis": (customers,),
    "satisfaction": (satisfaction,),
    "campaign_history": (campaigns, contacts, funnel),
}
"""The metrics of each release."""
TOOLS = {"tabulate", "tabulated", "with_rates", "complete"}
"""Give cells, of whatever they are given; no metrics."""


def find_metrics() -> set[tuple[str, Callable[..., Any]]]:
    """The purpose of each metric and the metric: every public function that gives `Cells`,
    whichever module it was taken from."""
    return {
        (purpose, function)
        for purpose, modules in MODULES.items()
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and name not in TOOLS and _gives_cells(function)
    }


def _gives_cells(function: Callable[..., Any]) -> bool:
    returned = str(inspect.get_annotations(function).get("return"))
    return returned in {"Cells", "dict[str, Cells]"}
