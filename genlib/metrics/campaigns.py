"""Campaigns: whom they reached, what came of it, what they cost - and whether each contact was allowed. Each function for a report gives `Cells`."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Measure, tabulate
from genlib.metrics import intervals
from genlib.metrics.customers import OVERLAPPING
from genlib.metrics.figures import Cost, Rate, Reached, Share, Uplift
from genlib.metrics.intervals import Estimate
from genlib.metrics.rows import Rows, Tables, banded, collect, complete, day_number, lately, month, rows, seconds, within
from genlib.period import Period

CONTACTS = Measure("contacts", "count")
WINDOWS = {"email": 5, "sms": 1, "call": 30, "post": 30}
"""Attribution: days after it was sent in which a purchase counts as the fruit of a contact."""
STAGES = ("eligible", "targeted", "sent", "delivered", "opened", "machine click", "clicked", "responded", "bought")


def uplift(successes: int, n: int, holdout_successes: int, holdout_n: int, *, level: float = 0.95) -> Estimate:
    """Share among those contacted less that of the holdout, with Newcombe's interval (1998, method 10)."""
    return intervals.difference(successes, n, holdout_successes, holdout_n, level=level)


def timeline(release: Tables, period: Period, *, months: int = 13, campaign: str = "all") -> Cells:
    """Contacts sent, and people contacted, by month and channel."""
    sent = _sent(release, campaign).filter(lately("sent_at", period, months)).with_columns(month=month("sent_at"))
    return _contacts(sent, (Dimension("month"), Dimension("channel")), _named("contacts", period, months, campaign))


def _contacts(sent: Rows, by: tuple[Dimension, ...], population: str, *figures: object) -> Cells:
    counted = sent.with_columns(contacts=nw.lit(1)).to_native()
    return tabulate(counted, person="customer", by=by, measures=(OVERLAPPING, CONTACTS), population=population, figures=figures)  # type: ignore[arg-type]


def funnel(
    release: Tables,
    period: Period,
    *,
    campaign: str = "all",
    months: int = 1,
    machine_seconds: int = 5,
    windows: Mapping[str, int] = WINDOWS,
) -> Cells:
    """Everyone chosen for the campaigns that began in the last months, by the furthest stage reached in any of them; `reached` (came at least so far), and
    `of_delivered`. A click within `machine_seconds` of delivery is a mail filter's: reached at `machine click` counts all clicks, at `clicked` people's.
    """
    contacts = _with_stage(release, period, campaign, months, machine_seconds, windows)
    furthest = contacts.group_by("customer").agg(nw.col("place").max())
    cells = tabulate(
        _named_stage(furthest).to_native(),
        person="customer",
        by=(Dimension("stage"),),
        population=_named("chosen", period, months, campaign),
        figures=(Reached(STAGES),),
    )
    return complete(cells, pl.DataFrame({"stage": STAGES}))


def response(
    release: Tables,
    period: Period,
    *,
    campaign: str = "all",
    months: int = 1,
    machine_seconds: int = 5,
    windows: Mapping[str, int] = WINDOWS,
) -> Cells:
    """As the funnel, by channel: people by the furthest stage that they reached through it."""
    contacts = _with_stage(release, period, campaign, months, machine_seconds, windows).filter(nw.col("place") >= STAGES.index("sent"))
    furthest = _named_stage(contacts.group_by("customer", "channel").agg(nw.col("place").max()))
    by = (Dimension("channel", total=False), Dimension("stage"))
    cells = tabulate(
        furthest.to_native(),
        person="customer",
        by=by,
        population=_named("sent by channel", period, months, campaign),
        figures=(Reached(STAGES[2:]),),
    )
    return complete(cells, pl.DataFrame({"stage": STAGES[2:]}))


def _with_stage(release: Tables, period: Period, campaign: str, months: int, machine_seconds: int, windows: Mapping[str, int]) -> Rows:
    """Contacts with the place of their furthest stage."""
    chosen = _chosen(release, period, campaign, months).with_columns(sent_on=nw.col("sent_at").cast(nw.Date))
    bought = _buying(release, chosen.filter(~nw.col("sent_on").is_null()), "sent_on", windows)
    machine = seconds("clicked_at") - seconds("delivered_at") <= machine_seconds
    reached = {
        "targeted": nw.col("arm") == "contacted",
        "sent": ~nw.col("sent_at").is_null(),
        "delivered": ~nw.col("delivered_at").is_null(),
        "opened": ~nw.col("opened_at").is_null(),
        "machine click": ~nw.col("clicked_at").is_null(),
        "clicked": ~nw.col("clicked_at").is_null() & ~machine.fill_null(False),
        "responded": ~nw.col("responded_at").is_null(),
        "bought": nw.col("bought") == 1,
    }
    place = nw.lit(0)
    for number, stage in enumerate(STAGES[1:], start=1):
        place = nw.when(reached[stage]).then(nw.lit(number)).otherwise(place)
    return chosen.join(bought, on=["campaign", "customer"], how="left").with_columns(place=place)


def _named_stage(furthest: Rows) -> Rows:
    return furthest.with_columns(stage=banded(nw.col("place"), {stage: place for place, stage in reversed(list(enumerate(STAGES)))}))


def _chosen(release: Tables, period: Period, campaign: str, months: int) -> Rows:
    """Contacts and holdout of the campaigns that began in the last months, or of one campaign whenever it was."""
    plan = rows(release, "campaign").select("campaign", "code", "starts_on")
    plan = plan.filter(lately("starts_on", period, months) if campaign == "all" else nw.col("code") == campaign)
    return rows(release, "campaign_contact").join(plan, on="campaign")


def _buying(release: Tables, chosen: Rows, start: str, windows: Mapping[str, int]) -> Rows:
    """Campaign and customer of those who bought from the day `start` until the window of their channel closed."""
    bought = rows(release, "invoice").filter(nw.col("amount_cents") > 0).select("customer", "issued_on")
    days = nw.col("channel").replace_strict(list(windows), list(windows.values()), default=max(windows.values()), return_dtype=nw.Int64)
    gap = day_number("issued_on") - day_number(start)
    found = chosen.join(bought, on="customer").filter(gap >= 0, gap <= days)
    return found.select("campaign", "customer").unique().with_columns(bought=nw.lit(1))


def uplift_by_campaign(
    release: Tables, period: Period, *, campaign: str = "all", months: int = 6, windows: int | Mapping[str, int] = 30
) -> Cells:
    """Campaigns that began in the last months, by arm and outcome (bought or not) within `windows` days (one number, or one by channel) of the
    campaign's first day - one clock for both arms; a holdout shows what would have been bought anyway, so the window may be long.

    As assigned: who was drawn to be contacted counts as such, opened or not. Contacts that were not allowed are left out: nobody like them is in
    the holdout. Figures on the campaign's row: `Uplift` and `Cost`.
    """
    fixed = windows if isinstance(windows, Mapping) else dict.fromkeys(WINDOWS, windows)
    drawn = _chosen(release, period, campaign, months).filter((nw.col("arm") == "holdout") | nw.col("allowed"))
    bought = _buying(release, drawn, "starts_on", fixed)
    outcome = nw.when(nw.col("bought") == 1).then(nw.lit("bought")).otherwise(nw.lit("not bought"))
    told = drawn.join(bought, on=["campaign", "customer"], how="left").select(
        "customer", "arm", outcome.alias("outcome"), campaign=nw.col("code")
    )
    plan = collect(rows(release, "campaign").select("code", "holdout_share", "cost_cents")).sort("code")
    figures = (
        Share(("outcome",)),
        Uplift(tuple(plan.select("code", "holdout_share").rows())),
        Cost(tuple(plan.select("code", "cost_cents").rows())),
    )
    by = (Dimension("campaign", total=False), Dimension("arm"), Dimension("outcome"))
    return tabulate(told.to_native(), person="customer", by=by, population=_named("drawn", period, months, campaign), figures=figures)


def pressure(release: Tables, period: Period) -> Cells:
    """Everyone, by the number of contacts in the last 30 and the last 90 days of the period: 0 to 4, 5+; `share` of all."""
    parts = [_frequency(release, period, days) for days in (30, 90)]
    by = (Dimension("days", total=False), Dimension("contacts"))
    cells = tabulate(
        nw.concat(parts).to_native(),
        person="customer",
        by=by,
        population=f"customers contacted {period.end}",
        figures=(Share(("contacts",)),),
    )
    return complete(cells, pl.DataFrame({"contacts": ["0", "1", "2", "3", "4", "5+"]}))


def _frequency(release: Tables, period: Period, days: int) -> Rows:
    since = type(period.end).fromordinal(period.end.toordinal() - days)
    counted = _sent(release).filter(within("sent_at", since, period.end)).group_by("customer").agg(nw.len().cast(nw.Int64).alias("n"))
    everyone = rows(release, "customer").select("customer").join(counted, on="customer", how="left").with_columns(nw.col("n").fill_null(0))
    return everyone.select("customer", days=nw.lit(days), contacts=banded(nw.col("n"), {"5+": 5, "4": 4, "3": 3, "2": 2, "1": 1, "0": 0}))


def lawfulness(release: Tables, period: Period, *, months: int = 13, campaign: str = "all") -> Cells:
    """Contacts by month and verdict (`allowed`, `refused`) as of the instant each was sent, with the reason of the refusals; `refused_rate` of contacts."""
    return _judged(release, period, months, campaign, Dimension("month"), "month")


def lawfulness_by_channel(release: Tables, period: Period, *, months: int = 1, campaign: str = "all") -> Cells:
    """Contacts by channel and verdict, as `lawfulness`."""
    return _judged(release, period, months, campaign, Dimension("channel"), "channel")


def _judged(release: Tables, period: Period, months: int, campaign: str, dimension: Dimension, name: str) -> Cells:
    sent = _with_verdict(_sent(release, campaign).filter(lately("sent_at", period, months))).with_columns(month=month("sent_at"))
    rate = Rate("refused_rate", "verdict", ("refused",), of="contacts", finer=("reason",))
    return _contacts(sent, (dimension, Dimension("reason", parents=("verdict",))), _named("contacts", period, months, campaign), rate)


def _with_verdict(judged: Rows) -> Rows:
    """Reasons are told of refusals alone: why a contact was allowed is of no use on a report and makes small cells."""
    verdict = nw.when(nw.col("allowed")).then(nw.lit("allowed")).otherwise(nw.lit("refused"))
    return judged.with_columns(verdict=verdict, reason=nw.when(nw.col("allowed")).then(nw.lit("allowed")).otherwise(nw.col("reason")))


def opt_outs(release: Tables, period: Period, *, months: int = 6, campaign: str = "all") -> Cells:
    """People delivered to, by campaign and whether they opted out after it reached them (an earlier opt-out is not this campaign's); `opt_out_rate`."""
    delivered = _chosen(release, period, campaign, months).filter(~nw.col("delivered_at").is_null())
    stopped = (nw.col("opted_out_at") >= nw.col("delivered_at")).fill_null(False)
    told = delivered.select("customer", campaign="code", outcome=nw.when(stopped).then(nw.lit("opted out")).otherwise(nw.lit("stayed")))
    by = (Dimension("campaign", total=False), Dimension("outcome"))
    rate = Rate("opt_out_rate", "outcome", ("opted out",))
    return tabulate(told.to_native(), person="customer", by=by, population=_named("delivered", period, months, campaign), figures=(rate,))


def reach(release: Tables, period: Period) -> Cells:
    """Everyone, by channel, kind of message and whether we may contact them so at the release; `reachable` of all, with reasons on `reach_reasons`."""
    judged = _with_verdict(rows(release, "reach"))
    by = (Dimension("channel", total=False), Dimension("kind", total=False), Dimension("verdict"))
    return tabulate(
        judged.to_native(),
        person="customer",
        by=by,
        population="reach",
        figures=(Share(("verdict",)), Rate("reachable", "verdict", ("allowed",))),
    )


def reach_reasons(release: Tables, period: Period, *, kind: str = "DM") -> Cells:
    """Everyone, by channel and the reason why we may not send this kind of message; `share` of all."""
    judged = _with_verdict(rows(release, "reach").filter(nw.col("kind") == kind))
    by = (Dimension("channel", total=False), Dimension("reason", parents=("verdict",)))
    return tabulate(judged.to_native(), person="customer", by=by, population=f"reach kind={kind}", figures=(Share(("reason", "verdict")),))


def _sent(release: Tables, campaign: str = "all") -> Rows:
    sent = rows(release, "campaign_contact").filter(nw.col("arm") == "contacted", ~nw.col("sent_at").is_null())
    chosen = rows(release, "campaign").filter(nw.col("code") == campaign).select("campaign")
    return sent if campaign == "all" else sent.join(chosen, on="campaign", how="semi")


def _named(what: str, period: Period, months: int, campaign: str) -> str:
    return f"{what} {period.months(months)[0].start} {period.end}" if campaign == "all" else f"{what} campaign={campaign} {period.end}"
