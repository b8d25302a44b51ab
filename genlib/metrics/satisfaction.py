"""Satisfaction: what customers answer, who answers, and what a complaint costs. Each function for a
report gives `Cells`; each idea has its own module, and all are found here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlib.arguments import refuse_others
from genlib.metrics.drivers import drivers
from genlib.metrics.feedback import topics
from genlib.metrics.recommendation import (
    Balanced,
    group_tables,
    months_of,
    nps_by,
    scores,
    standing,
    waves,
)
from genlib.metrics.statements import agreement, likert_items, round_tables
from genlib.metrics.statistics import likert, net_promoter_score
from genlib.metrics.survey_rounds import NEVER, Rounds, survey_rounds

__all__ = [
    "NEVER",
    "Balanced",
    "Rounds",
    "agreement",
    "drivers",
    "group_tables",
    "likert",
    "likert_items",
    "months_of",
    "net_promoter_score",
    "nps_by",
    "round_tables",
    "scores",
    "standing",
    "survey_rounds",
    "topics",
    "waves",
]

if not TYPE_CHECKING:  # else mypy would take any name for one of this module
    __getattr__ = refuse_others(__name__)
