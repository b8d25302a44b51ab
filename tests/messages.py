"""A few contacts of campaigns, written out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from genlib.disclosure.cells import Cells

SENT = datetime(2026, 10, 5, 9, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
STEPS = ("sent_at", "delivered_at", "opened_at", "clicked_at", "responded_at", "opted_out_at")
DAYS = {step.replace("_at", "_on"): pl.col(step) for step in STEPS}
"""The day of each step, as a release has it beside the instant."""


def contact(
    customer: int,
    *steps: datetime | None,
    arm: str = "contacted",
    channel: str = "email",
    **other: Any,
) -> dict[str, Any]:
    """Steps in their order, from sent_at on."""
    times = dict.fromkeys(STEPS) | dict(zip(STEPS, steps, strict=False))
    lawful = {
        "allowed": True if arm == "contacted" else None,
        "reason": "consent",
        "followed_up": None,
        "bounced": False,
    }
    return {
        "campaign": 1,
        "customer": customer,
        "arm": arm,
        "channel": channel,
        **times,
        **lawful,
        **other,
    }


def after(**span: float) -> datetime:
    return SENT + timedelta(**span)


def release(
    *contacts: dict[str, Any], bought: dict[int, date] | None = None
) -> dict[str, pl.LazyFrame]:
    steps = dict.fromkeys(STEPS, INSTANT)
    kinds = {
        "campaign": pl.UInt32,
        "customer": pl.UInt32,
        "arm": pl.String,
        "channel": pl.String,
        **steps,
        "bounced": pl.Boolean,
        "allowed": pl.Boolean,
        "reason": pl.String,
        "followed_up": pl.Boolean,
    }
    invoices = {
        "customer": list(bought or {}),
        "issued_on": list((bought or {}).values()),
        "amount_cents": [100] * len(bought or {}),
    }
    return {
        "customer": pl.LazyFrame({"customer": range(1, 9)}, schema={"customer": pl.UInt32}),
        "campaign": pl.LazyFrame(
            {
                "campaign": [1],
                "code": ["A"],
                "name": ["Kampanja"],
                "starts_on": [date(2026, 10, 5)],
                "ends_on": [date(2026, 10, 30)],
                "holdout_share": [0.5],
                "cost_cents": [1000],
            },
            schema_overrides={"campaign": pl.UInt32},
        ),
        "campaign_contact": pl.LazyFrame(contacts, schema=kinds).with_columns(
            **{
                day: at.dt.convert_time_zone("Europe/Helsinki").dt.date()
                for day, at in DAYS.items()
            }
        ),
        "invoice": pl.LazyFrame(
            invoices, schema={"customer": pl.UInt32, "issued_on": pl.Date, "amount_cents": pl.Int64}
        ),
    }


def people(cells: Cells, *dimensions: str, column: str = "people", **where: Any) -> dict[Any, int]:
    fixed = {*dimensions, *where} | {
        parent for d in cells.by if {*dimensions, *where} & {d.name} for parent in d.parents
    }
    level = [
        pl.col(c).is_not_null() if c in fixed else pl.col(c).is_null() for c in cells.dimensions
    ]
    rows = cells.frame.filter(
        *level, *(pl.col(c) == value for c, value in where.items()), pl.col(column) > 0
    )
    return {
        row[:-1] if len(dimensions) > 1 else row[0]: row[-1]
        for row in rows.select(*dimensions, column).rows()
    }


def many(first: int, *steps: datetime | None, **other: Any) -> list[dict[str, Any]]:
    """Contacts of five people, enough not to be merged."""
    return [contact(customer, *steps, **other) for customer in range(first, first + 5)]


def figured(cells: Cells) -> pl.DataFrame:
    """The frame of a table with its figures, as if nothing were hidden."""
    counted = (
        (pl.lit(None, pl.Int64).alias("people"),)
        if "people" not in {measure.name for measure in cells.measures}
        else ()
    )
    frame = cells.frame.select(
        *cells.dimensions, *counted, *(measure.name for measure in cells.measures)
    )
    for figure in cells.figures:
        frame = figure(frame)
    return frame
