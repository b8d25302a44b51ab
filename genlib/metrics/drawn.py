"""Who was drawn for campaigns, contacted or held out, and what they bought soon after."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw

from genlib.disclosure.cells import Tables
from genlib.metrics.population import check_covered, named_over, since
from genlib.metrics.rows import Rows, case, collect, day_number, rows, within
from genlib.period import Period

BOUGHT = case({"bought": nw.col("amount_cents") > 0}, "not bought")


@dataclass(frozen=True)
class Attribution:
    """What counts as the fruit of a contact. A purchase within so many days after it was sent, by
    channel. An opening or a click, unless it is a machine's: within `machine_seconds` of delivery,
    or a click in the same second as those of `burst` people of the campaign - mail filters follow
    links, whole lists at a time."""

    email: int = 5
    sms: int = 1
    call: int = 30
    post: int = 30
    machine_seconds: int = 5
    burst: int = 20

    @property
    def windows(self) -> dict[str, int]:
        return {"email": self.email, "sms": self.sms, "call": self.call, "post": self.post}


USUAL = Attribution()
AS_ASSIGNED = Attribution(30, 30, 30, 30)
"""A holdout shows what is bought anyway, so its window may be long, and is the same in all
channels."""


def drawn(release: Tables, period: Period, campaign: str, months: int | None = None) -> Rows:
    """Those contacted and the holdout of the campaigns that began in the period (or the last
    months), or of one campaign whenever it was. Contacts that were not allowed are told by
    `lawfulness` and stand nowhere else: nobody like them is in the holdout."""
    check_covered(release, period)
    began = rows(release, "campaign").select("campaign", "code", "starts_on")
    start = since(period, months) if months else period.start
    began = began.filter(
        within("starts_on", start, period.end) if campaign == "all" else nw.col("code") == campaign
    )
    return (
        rows(release, "campaign_contact")
        .filter((nw.col("arm") == "holdout") | nw.col("allowed"))
        .join(began, on="campaign")
    )


def population(release: Tables, period: Period, campaign: str, *apart: str) -> str:
    """What those are called: of one campaign by the month in which it began."""
    what = " ".join(["drawn", *apart])
    if campaign == "all":
        return f"{what} {period.start} {period.end}"
    began = collect(
        rows(release, "campaign").filter(nw.col("code") == campaign).select("starts_on")
    )
    return named_over(what, began["starts_on"], campaign=campaign)


def purchased(release: Tables, contacts: Rows, attribution: Attribution) -> Rows:
    """Delivered contacts, and whether the receiver bought within the window of the channel
    (`outcome`)."""
    delivered = contacts.filter(~nw.col("delivered_at").is_null())
    bought = buying(release, delivered, "sent_on", attribution)
    return delivered.join(bought, on=["campaign", "customer"], how="left").with_columns(
        outcome=BOUGHT
    )


def buying(release: Tables, contacts: Rows, start: str, attribution: Attribution) -> Rows:
    """Campaign, customer and `amount_cents` of those who bought from the day `start` until the
    window of their channel closed."""
    first = collect(contacts.select(nw.col(start).min()))[start].item()
    bought = (
        rows(release, "invoice")
        .filter(nw.col("amount_cents") > 0)
        .select("customer", "issued_on", "amount_cents")
    )
    bought = bought if first is None else bought.filter(nw.col("issued_on") >= first)
    windows = attribution.windows
    days = nw.col("channel").replace_strict(
        list(windows), list(windows.values()), default=max(windows.values()), return_dtype=nw.Int64
    )
    gap = day_number("issued_on") - day_number(start)
    found = (
        contacts.select("campaign", "customer", "channel", start)
        .join(bought, on="customer")
        .filter(gap >= 0, gap <= days)
    )
    return found.group_by("campaign", "customer").agg(nw.col("amount_cents").sum())
