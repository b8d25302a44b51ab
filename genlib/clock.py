"""The one place that reads the clock for what is kept: in UTC, and to the second."""

from __future__ import annotations

from datetime import UTC, datetime


def read_clock() -> datetime:
    """The instant that it is now, as register, releases and catalogue keep instants."""
    return datetime.now(UTC).replace(microsecond=0)
