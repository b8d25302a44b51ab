"""Findings: sentences made by small rules from protected figures and their intervals. Where nothing
stands out they name what is shown.

A change is announced only if it is more than chance (genlib.judgement): of a share, a mean or a
score by the interval of the difference, of counts and money by their usual swing; a group differs
from the others by one rule for all groups of a table (present.groups). `what` is an English subject
("The number of customers"), `since` one of previous, year_ago or an English phrase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlib.arguments import refuse_others
from genlib.present.comparisons import change, difference, usual
from genlib.present.lists import among, surely, without
from genlib.present.rankings import contrast, highest, largest, leading, lost
from genlib.present.remarks import between, dated, first, narrowed, nothing, phrase, say, unfinished
from genlib.present.steps import Compared, compare_steps, since

__all__ = [
    "Compared",
    "among",
    "between",
    "change",
    "compare_steps",
    "contrast",
    "dated",
    "difference",
    "first",
    "highest",
    "largest",
    "leading",
    "lost",
    "narrowed",
    "nothing",
    "phrase",
    "say",
    "since",
    "surely",
    "unfinished",
    "usual",
    "without",
]

if not TYPE_CHECKING:  # else mypy would take any name for one of this module
    __getattr__ = refuse_others(__name__)
