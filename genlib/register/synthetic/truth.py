"""What was planted in a synthetic register, so that a test - or a reader of a report - can look for it and know whether it was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

SEGMENTS = ("device", "filter", "service", "rental", "company")
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-", "unknown")


@dataclass(frozen=True)
class Planted:
    """The parameters of the drawing.

    `churn`: probability to leave within a year, by segment - a consumer's segment is the product line of the first invoice, all company
    contacts are one. `bg_nbd` (weeks): purchases of consumers whose first line is not rental, the year's seasons smoothed out; rental is
    invoiced quarterly. `complaint_effect`: points off the 0-10 recommendation within `complaint_days` after a complaint.
    `response`: share of delivered satisfaction invitations answered, by age band. `window_days`: in it, from the campaign's first day, purchases are
    raised by the campaign's uplift. `unlawful`: marketing contacts sent against the rules, as a share of lawful ones, twelve months before the end
    and in the last month.
    """

    churn: Mapping[str, float] = field(
        default_factory=lambda: {"device": 0.16, "filter": 0.10, "service": 0.24, "rental": 0.07, "company": 0.05}
    )
    bg_nbd: Mapping[str, float] = field(default_factory=lambda: {"r": 1.1, "alpha": 22.0, "a": 0.9, "b": 5.5})
    complaint_effect: int = -3
    complaint_days: int = 180
    response: Mapping[str, float] = field(
        default_factory=lambda: dict(zip(AGE_BANDS, (0.12, 0.16, 0.21, 0.27, 0.34, 0.41, 0.32, 0.22), strict=True))
    )
    window_days: int = 30
    unlawful: tuple[float, float] = (0.03, 0.004)
    machine_clicks: Mapping[str, float] = field(default_factory=lambda: {"consumer": 0.01, "company_contact": 0.06})


@dataclass(frozen=True)
class Truth:
    """`Planted` and what came of it: `uplift` by campaign code (0 for the null campaigns) and the ids of the planted rows."""

    planted: Planted
    uplift: Mapping[str, float]
    unlawful_contacts: tuple[int, ...] = ()
    machine_clicks: tuple[int, ...] = ()
    answers_with_identifiers: tuple[int, ...] = ()
    feedback_with_identifiers: tuple[int, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)

    def with_ids(self, **ids: Any) -> Truth:
        """Truth with more planted rows (`answers_with_identifiers` are ids of invitations)."""
        return replace(self, **{name: getattr(self, name) + tuple(np.asarray(more).tolist()) for name, more in ids.items()})

    def counted(self, rows: Mapping[str, int]) -> Truth:
        return replace(self, rows=dict(rows))
