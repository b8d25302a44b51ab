"""Small registers written out by hand, and their releases."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
from empty import copy_empty_register

from genlib import notice as notices
from genlib.notice import Notice
from genlib.publish.writer import publish
from genlib.register.database import open_register
from genlib.register.store import plain_schema, sealed
from genlib.register.vault import IdentityKey, PseudonymKey
from genlib.release import Release

ZONE = "Europe/Helsinki"
NOW = dt.datetime(2026, 11, 1, 4, tzinfo=dt.UTC)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
IDENTITY = IdentityKey(bytes(range(32)))
KEY = PseudonymKey(bytes(range(1, 33)))
PURPOSES = ("customer_analysis", "satisfaction", "campaign_history")
DEFAULTS: dict[str, Any] = {
    "source": "DATA_SUBJECT",
    "kind": "consumer",
    "postal_code": "00100",
    "birth_year": 1980,
    "language": "fi",
    "joined_on": dt.date(2020, 5, 17),
    "non_disclosure": False,
    "updated_at": LONG_AGO,
}


class Small:
    """A register to fill by hand: `add("customer", {...}, {...})`, with defaults for what a test
    does not care about."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.register = open_register(copy_empty_register(home))

    def add(self, table: str, *rows: dict[str, Any]) -> Small:
        schema = plain_schema(table)
        given = (
            DEFAULTS if table == "customer" else {"source": "DATA_SUBJECT", "given_at": LONG_AGO}
        )
        defaults = {name: given.get(name) for name in schema}
        frame = pl.DataFrame([defaults | row for row in rows], schema=schema)
        self.register.append(table, sealed(frame, table, IDENTITY))
        return self

    def people(self, count: int, **same: Any) -> Small:
        return self.add("customer", *({"id": number, **same} for number in range(1, count + 1)))

    def publish(
        self,
        purpose: str = "customer_analysis",
        *,
        now: dt.datetime = NOW,
        notice: Notice | None = None,
        time_zone: str = ZONE,
    ) -> Release:
        terms = notice or notices.load()
        made = publish(
            purpose,
            self.register,
            KEY,
            notice=terms,
            releases=self.home / "releases",
            common=self.home,
            now=now,
            time_zone=time_zone,
        )
        return Release(self.home / "releases" / purpose / made.release_id, made)
