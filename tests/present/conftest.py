"""Small protected tables, as door 2 would give them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from genlib.disclosure.cells import PEOPLE, Dimension, Measure
from genlib.disclosure.table import SEAL, Protected, ProtectedTable

Maker = Callable[..., ProtectedTable]


@pytest.fixture(scope="session")
def protected() -> Maker:
    """A protected table of rows; the columns named in `by` are its dimensions."""

    def make(
        rows: list[dict[str, Any]],
        *by: str,
        name: str = "sample",
        language: str = "fi",
        measures: tuple[Measure, ...] = (PEOPLE,),
    ) -> ProtectedTable:
        frame = pl.DataFrame(rows, infer_schema_length=None)
        frame = (
            frame
            if "reason" in frame.columns
            else frame.with_columns(reason=pl.lit(None, pl.String))
        )
        return ProtectedTable(
            name,
            frame,
            tuple(map(Dimension, by)),
            measures,
            frame["reason"].count(),
            language,
            SEAL,
        )

    return make


@pytest.fixture
def channels(protected: Maker) -> ProtectedTable:
    """One of three cells hidden."""
    rows = [("email", 900, None), ("sms", 100, None), ("post", None, "primary"), (None, 1003, None)]
    return protected(
        [dict(zip(("channel", "people", "reason"), row, strict=True)) for row in rows],
        "channel",
        name="channels",
    )


@pytest.fixture
def months(protected: Maker) -> ProtectedTable:
    days = [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    return protected(
        [{"month": day, "people": 10 * n} for n, day in enumerate(days, 1)], "month", name="months"
    )


@pytest.fixture
def campaigns(protected: Maker) -> ProtectedTable:
    """Uplifts: one surely above zero, one that may be nothing, one surely below, one hidden."""
    rows = [
        ("a", 0.04, 0.03, 0.05),
        ("b", 0.01, -0.01, 0.03),
        ("c", -0.02, -0.03, -0.01),
        ("d", None, None, None),
        (None, 0.02, 0.01, 0.03),
    ]
    named = [
        dict(zip(("campaign", "uplift", "uplift_low", "uplift_high"), row, strict=True))
        | {"people": 100}
        for row in rows
    ]
    return protected(
        [row | {"reason": None if row["uplift"] else "primary"} for row in named],
        "campaign",
        name="campaigns",
    )


@pytest.fixture
def both(channels: ProtectedTable, months: ProtectedTable) -> Protected:
    policy = {"min_count": 5, "p": 10, "base": 10, "flag": 30}
    return Protected(
        {"channels": channels, "months": months},
        {"policy": policy, "cells": 7, "hidden": {"primary": 1}, "proof": "checked"},
    )
