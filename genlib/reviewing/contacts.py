"""The contacts of a release as a reviewer reads them, and what they come to: who was contacted
again and again, and how two campaigns differ.

Example: of campaign A two contacts were refused and one allowed, of B one refused; person 1 was
refused in both. The totals say refused 2 and 1, allowed 1 and 0; the people of both are person 1,
with one exception in each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
from polars import col

if TYPE_CHECKING:
    from genlib.release import Release

IS_REFUSED = col("verdict") == "refused"
EXCEPTIONS_FIRST = [True, True, False]


@dataclass(frozen=True)
class Pair:
    """Two campaigns side by side. `totals`: verdict, reason (null in the row of a whole verdict),
    and how many contacts the `first` and the `second` have. `people`: who was contacted in both, by
    pseudonym, with contacts and exceptions in each; those with most exceptions first."""

    campaigns: tuple[str, str]
    totals: pl.DataFrame
    people: pl.DataFrame


def read_contacts(release: Release) -> pl.LazyFrame:
    """Every contact with its campaign, its person's pseudonym and its verdict; `at` is when it was
    sent, or could have been (noon of the campaign's first day), on the company's clock."""
    zone = release.manifest.time_zone
    noon = col("starts_on").cast(pl.Datetime("us")) + timedelta(hours=12)
    campaigns = release["campaign"].select(
        "campaign", "code", "name", "kind", start=noon.dt.replace_time_zone(zone)
    )
    people = release["customer"].select("customer", "pseudonym")
    verdict = (
        pl.when("allowed")
        .then(pl.lit("allowed"))
        .when(~col("allowed"))
        .then(pl.lit("refused"))
        .otherwise(pl.lit("held out"))
    )
    contacts: pl.LazyFrame = (
        release["campaign_contact"]
        .join(campaigns, on="campaign")
        .join(people, on="customer")
        .drop("campaign", "customer")
    )
    sent = col("sent_at").dt.convert_time_zone(zone)
    at = pl.coalesce(sent, "start")
    return contacts.with_columns(verdict=verdict, at=at).drop("start", "allowed")


def count_repeats(contacts: pl.LazyFrame) -> pl.DataFrame:
    """Who was contacted more than once: pseudonym, `contacts`, `refused` (those that were not
    allowed), `campaigns`, and the `first` and `last` on the company's clock; people with most
    exceptions first."""
    people = contacts.group_by("pseudonym").agg(
        contacts=pl.len(),
        refused=IS_REFUSED.sum(),
        campaigns=col("code").n_unique(),
        first=col("at").min(),
        last=col("at").max(),
    )
    repeated = people.filter(col("contacts") > 1)
    return repeated.sort("refused", "contacts", "pseudonym", descending=EXCEPTIONS_FIRST).collect()


def compare_pair(contacts: pl.LazyFrame, campaigns: tuple[str, ...]) -> Pair:
    """Two campaigns beside each other."""
    first, second = campaigns
    is_first = col("code") == first
    by_reason = contacts.group_by("verdict", col("reason").cast(pl.String)).agg(
        first=is_first.sum(), second=(~is_first).sum()
    )
    by_verdict = by_reason.group_by("verdict").agg(col("first", "second").sum())
    totals = pl.concat([by_verdict, by_reason], how="diagonal").sort(
        IS_REFUSED,
        col("reason").is_null(),
        col("first") + col("second"),
        "reason",
        descending=[True, True, True, False],
    )
    people = contacts.group_by("pseudonym").agg(
        first=is_first.sum(),
        second=(~is_first).sum(),
        first_refused=(is_first & IS_REFUSED).sum(),
        second_refused=(~is_first & IS_REFUSED).sum(),
    )
    in_both = people.filter(col("first") > 0, col("second") > 0).sort(
        col("first_refused") + col("second_refused"),
        col("first") + col("second"),
        "pseudonym",
        descending=EXCEPTIONS_FIRST,
    )
    columns = ["verdict", "reason", "first", "second"]
    return Pair((first, second), totals.select(columns).collect(), in_both.collect())
