"""Figures: columns derived from a table *as it is shown*. Each kind has its own module, and all are
found here."""

from __future__ import annotations

from genlib.metrics.beliefs import Believed
from genlib.metrics.changes import Change, Figures, Stock, changes
from genlib.metrics.gains import ALARM, LIKE, Worth, chance, cost_each, uplift
from genlib.metrics.gaps import Gap, nps_gap, share_gap, with_gaps
from genlib.metrics.lookup import (
    BASE,
    at,
    attach_columns,
    dimensions,
    least,
    on_total,
    over,
    with_figures,
)
from genlib.metrics.rates import Mean, Nps, Rate, Share, likert
from genlib.metrics.stages import Reached

__all__ = [
    "ALARM",
    "BASE",
    "LIKE",
    "Believed",
    "Change",
    "Figures",
    "Gap",
    "Mean",
    "Nps",
    "Rate",
    "Reached",
    "Share",
    "Stock",
    "Worth",
    "at",
    "attach_columns",
    "chance",
    "changes",
    "cost_each",
    "dimensions",
    "least",
    "likert",
    "nps_gap",
    "on_total",
    "over",
    "share_gap",
    "uplift",
    "with_figures",
    "with_gaps",
]
