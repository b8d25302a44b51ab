"""The closed lists of the notice: classes of columns, coarsenings, and the bounds of its numbers.

Example: a column of class `direct` (a name) may be granted to a release in one way only: `drop`.
"""

from __future__ import annotations

import re

CLASSES = ("direct", "restricted", "quasi", "attribute", "sensitive", "key", "derived")
COARSENINGS = (
    "keep",
    "number",
    "pseudonym",
    "keyed",
    "age_band",
    "region",
    "municipality",
    "month",
    "date",
    "redacted",
    "apart",
    "apart_month",
    "drop",
)
LANGUAGES = ("en", "fi", "sv")
CLOSED = {
    "direct": {"drop"},
    "restricted": {"drop", "redacted"},
    "derived": {"drop"},
    "key": {"drop", "number", "pseudonym", "keyed"},
}
DERIVED = ("profile", "verdict", "act", "follow_up", "reach")
"""What publishing computes and adds."""
WITH_VERDICT = ("act", "follow_up")
"""What is said of a verdict, and of nothing without one."""
BOUNDS = {
    "anonymity.k": (2, 1_000),
    "anonymity.epoch": (1, 10_000),
    "disclosure.min_count": (0, 1_000),
    "disclosure.p": (0, 100),
    "disclosure.min_base": (3, 10_000),
    "disclosure.flag_base": (0, 10_000),
    "reports.keep_months": (1, 1_200),
}
DAYS = (1, 36_525)
YEARS = (0, 100)
SPECIAL = re.compile(  # GDPR 9 and 10: the notice announces none of it (N5.9)
    r"health|diagnos|medic|disab|religi|belief|ethnic|racial|race$|political"
    r"|trade_union|union_member|sexual|orientation|biometric|genetic"
    r"|criminal|offence|conviction|terveys|uskon|etni|seksuaali|rikos"
)
