"""Campaigns: whom they reached, what came of it, what they cost - and whether each contact was allowed. Reports get `Cells`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Measure, tabulate
from genlib.metrics import intervals
from genlib.metrics.customers import OVERLAPPING
from genlib.metrics.figures import Cost, Rate, Reached, Share, Uplift
from genlib.metrics.intervals import Estimate
from genlib.metrics.rows import Rows, Tables, active, banded, collect, complete, day_number, lately, month, rows, seconds, since, within
from genlib.period import Period

CONTACTS = Measure("contacts", "count")
STAGES = ("eligible", "targeted", "sent", "delivered", "opened", "machine click", "clicked", "responded", "bought")
PRESSURE = {"5+": 5, "4": 4, "3": 3, "2": 2, "1": 1, "0": 0}


@dataclass(frozen=True)
class Attribution:
    """What counts as the fruit of a contact: a purchase within so many days after it was sent, by channel; and a click, unless it came
    within `machine_seconds` of delivery - that is a mail filter following links."""

    email: int = 5
    sms: int = 1
    call: int = 30
    post: int = 30
    machine_seconds: int = 5

    @property
    def windows(self) -> dict[str, int]:
        return {"email": self.email, "sms": self.sms, "call": self.call, "post": self.post}


AS_ASSIGNED = Attribution(30, 30, 30, 30)
"""A holdout shows what is bought anyway, so its window may be long, and is the same in all channels."""


def uplift(successes: int, n: int, holdout_successes: int, holdout_n: int, *, level: float = 0.95) -> Estimate:
    """Share among those contacted less that of the holdout, with Newcombe's interval (1998, method 10)."""
    return intervals.difference(successes, n, holdout_successes, holdout_n, level=level)


def timeline(release: Tables, period: Period, *, months: int = 13) -> Cells:
    """Contacts sent, and people contacted, by month and channel."""
    return _contacts(release, period, months, Dimension("month"), Dimension("channel"))


def lawfulness(release: Tables, period: Period, *, months: int = 13) -> Cells:
    """Contacts by month and verdict (`allowed`, `refused`) as of the instant each was sent; `refused_rate` of contacts."""
    return _contacts(release, period, months, Dimension("month"), Dimension("verdict"))


def lawfulness_by_channel(release: Tables, period: Period, *, months: int = 13) -> Cells:
    """Contacts by channel and verdict, with the reason of refusals (`why`); `refused_rate` of contacts."""
    return _contacts(release, period, months, Dimension("channel"), Dimension("why", parents=("verdict",)))


def _contacts(release: Tables, period: Period, months: int, *by: Dimension) -> Cells:
    """All from one population, so that the tables are protected together."""
    sent = rows(release, "campaign_contact").filter(nw.col("arm") == "contacted", lately("sent_at", period, months))
    told = _judged(sent).with_columns(month=month("sent_at"), contacts=nw.lit(1)).to_native()
    finer = tuple(name for name in by[1].columns if name != "verdict")
    rate = () if by[1].name == "channel" else (Rate("refused_rate", "verdict", ("refused",), of="contacts", finer=finer),)
    population = f"contacts {since(period, months)} {period.end}"
    return tabulate(told, person="customer", by=by, measures=(OVERLAPPING, CONTACTS), population=population, figures=rate)


def _judged(contacts: Rows) -> Rows:
    """Reasons are told of refusals alone: why a contact was allowed helps nobody and makes small cells."""
    verdict = nw.when(nw.col("allowed")).then(nw.lit("allowed")).otherwise(nw.lit("refused"))
    return contacts.with_columns(verdict=verdict, why=nw.when(nw.col("allowed")).then(verdict).otherwise(nw.col("reason")))


def funnel(release: Tables, period: Period, *, campaign: str = "all", months: int = 3, attribution: Attribution = Attribution()) -> Cells:
    """Everyone drawn for one campaign, or for those that began in the last months, by the furthest stage reached in any of them:
    `reached` (came at least so far) and `of_delivered`. Reached at `machine click` counts all clicks, at `clicked` those of people."""
    return _staged(release, period, (campaign, months), attribution, ())


def response(release: Tables, period: Period, *, campaign: str = "all", months: int = 3, attribution: Attribution = Attribution()) -> Cells:
    """The funnel by channel."""
    return _staged(release, period, (campaign, months), attribution, (Dimension("channel", total=campaign != "all"),))


def _staged(release: Tables, period: Period, which: tuple[str, int], attribution: Attribution, by: tuple[Dimension, ...]) -> Cells:
    placed = _placed(release, _drawn(release, period, *which), attribution)
    apart = [dimension.name for dimension in by if not dimension.total]  # in several campaigns one person may meet several channels
    placed = placed.filter(nw.col("order") == nw.col("order").max().over("customer", *apart))
    stage = banded(nw.col("place"), dict(reversed([(name, place) for place, name in enumerate(STAGES)])))
    told, population = placed.with_columns(stage=stage).to_native(), _named(period, *which, *apart)
    cells = tabulate(told, person="customer", by=(*by, Dimension("stage")), population=population, figures=(Reached(STAGES),))
    return complete(cells, pl.DataFrame({"stage": STAGES}))


def _placed(release: Tables, drawn: Rows, attribution: Attribution) -> Rows:
    """With the place of the furthest stage."""
    sent = drawn.with_columns(sent_on=nw.col("sent_at").cast(nw.Date))
    bought = _buying(release, sent.filter(~nw.col("sent_on").is_null()), "sent_on", attribution)
    seen = {name: ~nw.col(f"{name}_at").is_null() for name in ("sent", "delivered", "opened", "clicked", "responded")}
    human = (seconds("clicked_at") - seconds("delivered_at") > attribution.machine_seconds).fill_null(True)
    reached = seen | {"targeted": nw.col("arm") == "contacted", "machine click": seen["clicked"], "clicked": seen["clicked"] & human}
    place = nw.lit(0)
    for number, stage in enumerate(STAGES[1:], start=1):
        place = nw.when((reached | {"bought": nw.col("bought") == 1})[stage]).then(nw.lit(number)).otherwise(place)
    placed = sent.join(bought, on=["campaign", "customer"], how="left").with_columns(place=place)
    return placed.with_columns(order=nw.col("place").cast(nw.Int64) * 2**32 + nw.col("campaign").cast(nw.Int64))


def _drawn(release: Tables, period: Period, campaign: str, months: int) -> Rows:
    """Those contacted and the holdout of the campaigns that began in the last months, or of one campaign whenever it was. Contacts that
    were not allowed are told by `lawfulness` and stand nowhere else: nobody like them is in the holdout."""
    plan = rows(release, "campaign").select("campaign", "code", "starts_on")
    plan = plan.filter(lately("starts_on", period, months) if campaign == "all" else nw.col("code") == campaign)
    return rows(release, "campaign_contact").filter((nw.col("arm") == "holdout") | nw.col("allowed")).join(plan, on="campaign")


def _buying(release: Tables, drawn: Rows, start: str, attribution: Attribution) -> Rows:
    """Campaign and customer of those who bought from the day `start` until the window of their channel closed."""
    bought = rows(release, "invoice").filter(nw.col("amount_cents") > 0).select("customer", "issued_on")
    windows = attribution.windows
    days = nw.col("channel").replace_strict(list(windows), list(windows.values()), default=max(windows.values()), return_dtype=nw.Int64)
    gap = day_number("issued_on") - day_number(start)
    found = drawn.join(bought, on="customer").filter(gap >= 0, gap <= days)
    return found.select("campaign", "customer").unique().with_columns(bought=nw.lit(1))


def uplift_by_campaign(
    release: Tables, period: Period, *, campaign: str = "all", months: int = 6, attribution: Attribution = AS_ASSIGNED
) -> Cells:
    """One campaign, or those that began in the last months, by arm and outcome: bought or not within the window from the campaign's
    first day, one clock for both arms. As assigned: who was drawn to be contacted counts as such, reached or not. Figures on the
    campaign's row: see `figures.Uplift` and `figures.Cost`."""
    drawn = _drawn(release, period, campaign, months)
    bought = _buying(release, drawn, "starts_on", attribution)
    outcome = nw.when(nw.col("bought") == 1).then(nw.lit("bought")).otherwise(nw.lit("not bought"))
    told = drawn.join(bought, on=["campaign", "customer"], how="left").select(
        "customer", "arm", outcome.alias("outcome"), campaign=nw.col("code")
    )
    plan = collect(rows(release, "campaign").select("code", "holdout_share", "cost_cents")).sort("code")
    shares, costs = (tuple(plan.select("code", column).rows()) for column in ("holdout_share", "cost_cents"))
    by = (Dimension("campaign", total=False), Dimension("arm"), Dimension("outcome"))
    figures = (Share(("outcome",)), Uplift(shares), Cost(costs))
    return tabulate(told.to_native(), person="customer", by=by, population=_named(period, campaign, months), figures=figures)


def _named(period: Period, campaign: str, months: int, *apart: str) -> str:
    return " ".join(["drawn", f"{since(period, months)} {period.end}" if campaign == "all" else f"for {campaign}", *apart])


def opt_outs(release: Tables, period: Period, *, months: int = 13) -> Cells:
    """People to whom a message was delivered, by channel and whether they opted out after it (an earlier opt-out is not this message's);
    `opt_out_rate`."""
    sent = rows(release, "campaign_contact").filter(lately("sent_at", period, months), ~nw.col("delivered_at").is_null())
    stopped = (nw.col("opted_out_at") >= nw.col("delivered_at")).fill_null(False).cast(nw.Int64)
    people = sent.with_columns(stopped=stopped).group_by("customer", "channel").agg(nw.col("stopped").max())
    told = people.with_columns(outcome=nw.when(nw.col("stopped") == 1).then(nw.lit("opted out")).otherwise(nw.lit("stayed"))).to_native()
    by = (Dimension("channel", total=False), Dimension("outcome"))
    population = f"delivered {since(period, months)} {period.end}"
    return tabulate(told, person="customer", by=by, population=population, figures=(Rate("opt_out_rate", "outcome", ("opted out",)),))


def pressure(release: Tables, period: Period) -> Cells:
    """Active customers (billed in the last 24 months) by the number of contacts in the last 30 and in the last 90 days of the period."""
    told = nw.concat([_frequency(release, period, days) for days in (30, 90)]).to_native()
    by = (Dimension("days", total=False), Dimension("contacts"))
    cells = tabulate(told, person="customer", by=by, population=f"active contacted {period.end}", figures=(Share(("contacts",)),))
    return complete(cells, pl.DataFrame({"contacts": list(PRESSURE)}))


def _frequency(release: Tables, period: Period, days: int) -> Rows:
    first = period.end - timedelta(days=days)
    sent = rows(release, "campaign_contact").filter(nw.col("arm") == "contacted", within("sent_at", first, period.end))
    counted = sent.group_by("customer").agg(nw.len().cast(nw.Int64).alias("n"))
    everyone = active(release, period).select("customer").join(counted, on="customer", how="left")
    return everyone.select("customer", days=nw.lit(days), contacts=banded(nw.col("n").fill_null(0), PRESSURE))


def reach(release: Tables, period: Period) -> Cells:
    """Everyone, by channel, kind of message and whether we may contact them so at the release; `reachable` of all."""
    return _reach(rows(release, "reach"), Dimension("verdict"))


def reach_reasons(release: Tables, period: Period, *, kind: str = "DM") -> Cells:
    """Everyone, by channel and why we may not send them this kind of message (`why`); `share` of all."""
    return _reach(rows(release, "reach").filter(nw.col("kind") == kind), Dimension("why", parents=("verdict",)))


def _reach(wanted: Rows, verdict: Dimension) -> Cells:
    by = (Dimension("channel", total=False), Dimension("kind", total=False), verdict)
    rate = Rate("reachable", "verdict", ("allowed",), finer=tuple(name for name in verdict.columns if name != "verdict"))
    return tabulate(_judged(wanted).to_native(), person="customer", by=by, population="reach", figures=(Share(verdict.columns), rate))
