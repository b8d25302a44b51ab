"""What reports load, so that a kernel that waits for its report has it already."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

PARTS = (
    "genlib.present.charts",
    "genlib.disclosure.protect",
    "genlib.present.findings",
    "genlib.present.marks",
    "genlib.present.page",
    "genlib.present.tables",
    "great_tables",
    "highspy",
    "scipy.sparse.csgraph",
    "scipy.special",
)


MORE = (
    "IPython.core.completerlib",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "genlib.release",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "narwhals._polars.namespace",
    "narwhals.stable.v1._namespace",
    "scipy.optimize",
    "sqlite3",
)
"""What kernels themselves are made of, and what some reports load."""


def load_for_all() -> None:
    """Load what any report may load. No thread may begin here that works for a report."""
    metrics = find_spec("genlib.metrics")
    places = (metrics and metrics.submodule_search_locations) or []
    measures = [f"genlib.metrics.{module.name}" for module in iter_modules(places)]
    for part in [*PARTS, *MORE, *measures]:
        import_module(part)


def load() -> None:
    """Load what nearly every report loads, and start what turns charts into pictures."""
    for part in PARTS:
        import_module(part)
    from genlib.present import svg

    svg.fitted({"mark": "bar", "data": {"values": []}}, 1)
