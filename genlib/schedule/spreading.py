"""What `each` of an entry spreads over where it says "*": every campaign of the period that the
release in force knows, or every region.

Example: the release knows 2026-09-A, from 20 September until 5 October, and 2026-11-B, of November.
`each = { campaign = ["*"] }` gives October 2026-09-A alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from genlib.errors import GenlibError
from genlib.metrics.names import REGIONS
from genlib.period import Period, read_period
from genlib.release import open_release, read_manifest
from genlib.schedule.plan import EVERY, Plan, read_choice
from genlib.settings import Settings

Row = Mapping[str, Any]
PURPOSE = "campaign_history"
"""Of the release that has the campaigns."""
SPREADABLE = ("campaign", "region")
"""The parameters of which a release, or the country, has all values."""


@dataclass(frozen=True)
class Campaign:
    """Its code, with its first and its last day; where these are vague, those of a period of which
    it has a report, and nothing else is known.

    Example: of a report of the third quarter it is not known whether its campaign is one of July;
    that of a campaign in July is one of the quarter.
    """

    code: str
    starts_on: dt.date
    ends_on: dt.date
    is_vague: bool = False

    def is_in(self, period: Period) -> bool:
        """Whether it has a report of the period, as far as is known."""
        if self.is_vague:
            return self.starts_on >= period.start and self.ends_on < period.end
        return self.starts_on < period.end and self.ends_on >= period.start


def list_values(
    name: str, values: Sequence[str], period: Period, campaigns: Iterable[Campaign]
) -> list[str]:
    """The values of a parameter for which a report of the period comes."""
    if EVERY not in values:
        return list(values)
    if name == "region":
        return [region for region in REGIONS if region not in {"all", "unknown"}]
    return list(dict.fromkeys(one.code for one in campaigns if one.is_in(period)))


def read_campaigns(plan: Plan, settings: Settings, rows: Mapping[str, Row]) -> tuple[Campaign, ...]:
    """The campaigns of the release in force, by their codes; none if no entry asks for them. If the
    release cannot be opened, which its report tells, those of which there are tasks (`rows`), each
    in their periods, so that no mail about one is struck."""
    if not any(EVERY in entry.each.get("campaign", ()) for entry in plan.entries):
        return ()
    with suppress(GenlibError, OSError):
        release_id = read_manifest(PURPOSE, settings=settings).release_id
        return _read_release(release_id, settings)
    return tuple(dict.fromkeys(_find_known(rows)))


def _find_known(rows: Mapping[str, Row]) -> Iterator[Campaign]:
    """The campaigns of which reports were put down, each as if it was of that period."""
    for row in rows.values():
        code = read_choice(row).get("campaign") if row["kind"] == "report" else None
        if code:
            period = read_period(row["period"])
            last_day = period.end - dt.timedelta(days=1)
            yield Campaign(str(code), period.start, last_day, is_vague=True)


@lru_cache(maxsize=1)
def _read_release(release_id: str, settings: Settings) -> tuple[Campaign, ...]:
    """Of one release once in a process, for each opening stands in the access log."""
    table = open_release(PURPOSE, release_id, settings=settings)["campaign"]
    rows = table.select("code", "starts_on", "ends_on").sort("code").collect()
    return tuple(Campaign(*row) for row in rows.rows())
