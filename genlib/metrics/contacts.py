"""Contacts: how many, whether each was allowed when it was made, how often the same people, and
whom we could reach now. Gives `Cells`; each idea has its own module, and all are found here."""

from __future__ import annotations

from genlib.metrics.lawfulness import (
    handling,
    lawfulness,
    lawfulness_by,
    lawfulness_lately,
    reasons,
    timeline,
)
from genlib.metrics.messages import campaign_name, outcome, plan
from genlib.metrics.pressure import CAPS, dose, pressure, pressure_by_channel
from genlib.metrics.reach import reach, reach_reasons

__all__ = [
    "CAPS",
    "campaign_name",
    "dose",
    "handling",
    "lawfulness",
    "lawfulness_by",
    "lawfulness_lately",
    "outcome",
    "plan",
    "pressure",
    "pressure_by_channel",
    "reach",
    "reach_reasons",
    "reasons",
    "timeline",
]
