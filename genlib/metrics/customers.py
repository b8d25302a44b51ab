"""Customers: how many there are, what they buy, who are worth most and who still buy. Each function
for a report gives `Cells`; each idea has its own module, and all are found here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlib.arguments import refuse_others
from genlib.metrics.billing import billing, billing_by_line
from genlib.metrics.buyers import concentration, find_segments, rfm
from genlib.metrics.companies import companies
from genlib.metrics.demography import by_age, by_region
from genlib.metrics.loyalty import cohorts, repeat
from genlib.metrics.membership import growth
from genlib.metrics.models import fit_bg_nbd, fit_gamma_gamma
from genlib.metrics.outlook import activity, find_chances, forecast
from genlib.metrics.purchases import purchase_summary

__all__ = [
    "activity",
    "billing",
    "billing_by_line",
    "by_age",
    "by_region",
    "cohorts",
    "companies",
    "concentration",
    "find_chances",
    "find_segments",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "forecast",
    "growth",
    "purchase_summary",
    "repeat",
    "rfm",
]

if not TYPE_CHECKING:  # else mypy would take any name for one of this module
    __getattr__ = refuse_others(__name__)
