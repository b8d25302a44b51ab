"""Figures: columns derived from a table *as it is shown*. Each kind has its own module, and all are
found here."""

from __future__ import annotations

from genlib.metrics.beliefs import Believed
from genlib.metrics.changes import Change, Stock, changes
from genlib.metrics.gains import Worth, chance, cost_each, uplift
from genlib.metrics.gaps import share_gap, with_gaps
from genlib.metrics.lookup import attach_columns, dimensions
from genlib.metrics.rates import Mean, Nps, Rate, Share, likert
from genlib.metrics.stages import Reached

__all__ = [
    "Believed",
    "Change",
    "Mean",
    "Nps",
    "Rate",
    "Reached",
    "Share",
    "Stock",
    "Worth",
    "attach_columns",
    "chance",
    "changes",
    "cost_each",
    "dimensions",
    "likert",
    "share_gap",
    "uplift",
    "with_gaps",
]
