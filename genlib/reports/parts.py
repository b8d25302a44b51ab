"""What nearly every report loads, so that a kernel that waits for its report has it already."""

from __future__ import annotations

from importlib import import_module

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


def load() -> None:
    """Load them, and start what turns charts into pictures."""
    for part in PARTS:
        import_module(part)
    from genlib.present import svg

    svg.fitted({"mark": "bar", "data": {"values": []}}, 1)
