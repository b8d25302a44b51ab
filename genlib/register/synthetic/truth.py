"""What was planted in a synthetic register, so that a test - or a reader of a report - can look for it and know whether it was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SEGMENTS = ("device", "filter", "service", "rental", "company")
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-", "unknown")

Rates = Mapping[str, float]


@dataclass(frozen=True)
class Planted:
    """The parameters of the drawing.

    `churn`: probability to leave within a year, by segment - a consumer's segment is the product line of the first invoice, company
    contacts are one. `bg_nbd` (weeks): purchases of consumers whose first line is not rental, seasons smoothed out; rental is invoiced
    quarterly. `complaint_effect`: points off the 0-10 recommendation within `complaint_days` after a complaint. `response`: share of the
    delivered satisfaction invitations that are answered, by age band. `window_days`: from a campaign's first day, where its uplift shows.
    `unlawful`: contacts against the rules as a share of the lawful ones, up to twelve months before the end and in the last month.
    `machine_clicks`: share of delivered e-mails whose links a mail filter follows at once.
    """

    churn: Rates = field(default_factory=lambda: {"device": 0.16, "filter": 0.10, "service": 0.24, "rental": 0.07, "company": 0.05})
    bg_nbd: Rates = field(default_factory=lambda: {"r": 1.1, "alpha": 22.0, "a": 0.9, "b": 5.5})
    complaint_effect: int = -3
    complaint_days: int = 180
    response: Rates = field(default_factory=lambda: dict(zip(AGE_BANDS, (0.12, 0.16, 0.21, 0.27, 0.34, 0.41, 0.32, 0.22), strict=True)))
    window_days: int = 30
    unlawful: tuple[float, float] = (0.03, 0.004)
    machine_clicks: Rates = field(default_factory=lambda: {"consumer": 0.01, "company_contact": 0.06})


@dataclass(frozen=True)
class Truth:
    """`Planted` and what came of it: `uplift` of the purchase rate by campaign code (0 for the null campaigns), the ids of the planted rows
    (`answers_with_identifiers`: of the invitations) and the number of rows by table."""

    planted: Planted
    uplift: Rates
    unlawful_contacts: tuple[int, ...] = ()
    machine_clicks: tuple[int, ...] = ()
    answers_with_identifiers: tuple[int, ...] = ()
    feedback_with_identifiers: tuple[int, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
