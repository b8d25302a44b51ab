"""How long a request may wait: one month from the day it came, three if it was extended in time
(GDPR 12(3)), counted as Regulation 1182/71 counts.

The day of receipt is not counted. A month ends on the same day of the next one, or on its last day
if there is none. If that is a weekend or a holiday, the last day is the next working day.

Example: a letter of Saturday 31 January 2026 is to be answered by 28 February, and at the latest on
Monday 2 March.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from genlib.workdays import add_months, move_to_working_day

MONTHS = 1
EXTENDED_MONTHS = 3


@dataclass(frozen=True)
class Deadline:
    """`target_on` is the day to work for, `due_on` the last one that the law allows. Whether the
    two Eves of Finland are holidays to the Regulation is doubtful, so rely on `target_on`."""

    target_on: dt.date
    due_on: dt.date


def find_deadline(received_on: dt.date, *, months: int = MONTHS) -> Deadline:
    """When a request that came on this day is to be answered."""
    target = add_months(received_on, months)
    return Deadline(target, move_to_working_day(target))
