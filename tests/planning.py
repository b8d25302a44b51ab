"""Schedules of a test, written out."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

from genlib.notice import DEFAULT
from genlib.schedule.plan import Entry
from genlib.settings import Settings

STARTS = dt.date(2026, 10, 15)


def entry(**other: Any) -> Entry:
    plain = Entry("customers", "customer_analysis", STARTS, every="month")
    return replace(plain, **other)


def settings_in(home: Path) -> Settings:
    return Settings(
        home=home,
        register=f"sqlite:///{home}/register.sqlite",
        keys=home / "keys.json",
        releases=home / "releases",
        reports=home / "reports",
        common=home,
        notice=DEFAULT,
        data=DEFAULT.parent,
        user="aino",
        schedule=home / "schedule.toml",
    )
