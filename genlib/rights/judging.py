"""What is concluded of a person: whether each contact was allowed when it was sent, the figures
that segments are made from, and the reports in which the person may have been counted.

Example: customer 17 bought on 4 March and 8 April, for 50 euros each: one repeat purchase, five
weeks after the first, of 50 euros.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from polars import col

from genlib.notice import Notice
from genlib.permission import JUDGED, Switches, verdicts
from genlib.register.acts import read_acts
from genlib.register.database import Register
from genlib.reports import catalogue
from genlib.rights.people import to_series

GOOD = "good"
"""The status of a run that was published."""


@dataclass(frozen=True)
class Counted:
    """A report that was made of a release in which the person may be."""

    report: str
    period: str
    purpose: str
    release: str
    published_on: dt.date


def judge_contacts(
    register: Register, tables: Mapping[str, pl.DataFrame], notice: Notice, time_zone: str
) -> pl.DataFrame:
    """The person's contacts with `allowed` and `reason`, as of the instant each was sent."""
    contacts = tables["campaign_contact"]
    customers = tables["customer"]
    kinds = tables["campaign"].select("id", message="kind")
    sent = contacts.join(kinds, left_on="campaign_id", right_on="id", maintain_order="left")
    asked = sent.select("customer_id", "channel", "sent_at", kind="message")
    judged = verdicts(
        asked,
        read_acts(register, to_series(customers["id"].to_list())),
        customers.select("id", *JUDGED).rename({"id": "customer_id"}),
        switches=Switches.of(notice.permission),
        time_zone=time_zone,
    )
    answers = judged.select("allowed", col("reason").cast(pl.String))
    return pl.concat([contacts, answers], how="horizontal")


def summarise_purchases(tables: Mapping[str, pl.DataFrame], today: dt.date) -> dict[str, Any]:
    """What segments and forecasts are made from: days with a repeat `purchase`, weeks from the
    first to the last (`recency`) and to today (`T`), mean value of a repeat day in cents
    (`monetary`). Nothing of somebody who bought nothing."""
    from genlib.metrics.customers import purchase_summary

    invoices = tables["invoice"]
    is_purchase = (col("amount_cents") > 0) & (col("product_line") != "rental")
    purchases = invoices.filter(is_purchase).with_columns(person=pl.lit(1))
    if purchases.is_empty():
        return {}
    summary = purchase_summary(
        purchases, customer="person", date="issued_on", amount="amount_cents", as_of=today
    )
    rows: list[dict[str, Any]] = summary.drop("customer").to_dicts()
    return rows[0] if rows else {}


def list_counted(
    reports: Path,
    customers: pl.DataFrame,
    time_zone: str,
    searched: Mapping[str, bool],
) -> list[Counted]:
    """The published reports that the person may have been counted in, the newest first: those of a
    release that is known to hold the person (`searched`: release → whether it does); of one that
    was not searched, if it was published after the person joined and not while the person was
    restricted. A report is listed once, whatever its languages."""
    listed: dict[Counted, None] = {}
    for run in catalogue.runs(reports):
        release = run.manifest.get("release")
        if run.status != GOOD or not release:
            continue
        instant = _read_instant(release["id"])
        may_be_in = _may_be_in(customers, instant, time_zone)
        if not searched.get(release["id"], may_be_in):
            continue
        published_on = instant.astimezone(ZoneInfo(time_zone)).date()
        slot = run.slot
        one = Counted(slot.report, slot.period, release["purpose"], release["id"], published_on)
        listed[one] = None
    return list(listed)


def _read_instant(release: str) -> dt.datetime:
    """When a release was published, from its id."""
    minute = release.rpartition("-")[0]
    return dt.datetime.strptime(minute, "%Y-%m-%dT%H%MZ").replace(tzinfo=dt.UTC)


def _may_be_in(customers: pl.DataFrame, published: dt.datetime, time_zone: str) -> bool:
    day = published.astimezone(ZoneInfo(time_zone)).date()
    has_joined = col("joined_on") <= day
    is_free = (col("restricted_from") > published).fill_null(value=True)
    return not customers.filter(has_joined & is_free).is_empty()
