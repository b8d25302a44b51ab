"""Campaigns: whom they reached, what came of it, and what they changed - which only a holdout can tell. Reports get `Cells`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial, reduce
from operator import and_

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Figure, Tables
from genlib.metrics import figures, intervals
from genlib.metrics.contacts import CONTACTS, LEAST, called, merged, outcome, plan, rated
from genlib.metrics.figures import Reached, Share, given
from genlib.metrics.intervals import Estimate
from genlib.metrics.population import MONEY, complete, lately, named, tabulated
from genlib.metrics.rows import Rows, case, collect, day_number, rows, seconds
from genlib.period import Period

STAGES = ("eligible", "targeted", "sent", "bounced", "delivered", "machine", "opened", "clicked", "responded", "bought")
ASIDE = ("bounced", "machine")
"""Stages beside the way: who is there came as far as the one before, and no further."""
READING = ("machine", "opened", "clicked")
"""Stages that only some channels know: no one sees a letter opened."""
ALWAYS = ("eligible", "targeted", "sent", "delivered")
BOUGHT = case({"bought": nw.col("amount_cents") > 0}, "not bought")


@dataclass(frozen=True)
class Attribution:
    """What counts as the fruit of a contact. A purchase within so many days after it was sent, by channel. An opening or a click, unless
    it is a machine's: within `machine_seconds` of delivery, or a click in the same second as those of `burst` people of the campaign -
    mail filters follow links, whole lists at a time."""

    email: int = 5
    sms: int = 1
    call: int = 30
    post: int = 30
    machine_seconds: int = 5
    burst: int = 20

    @property
    def windows(self) -> dict[str, int]:
        return {"email": self.email, "sms": self.sms, "call": self.call, "post": self.post}


AS_ASSIGNED = Attribution(30, 30, 30, 30)
"""A holdout shows what is bought anyway, so its window may be long, and is the same in all channels."""


def uplift(successes: int, n: int, holdout_successes: int, holdout_n: int, *, level: float = 0.95) -> Estimate:
    """Share among those contacted less that of the holdout, with Newcombe's interval (1998, method 10)."""
    return intervals.difference(successes, n, holdout_successes, holdout_n, level=level)


def funnel(
    release: Tables, period: Period, *, campaign: str = "all", attribution: Attribution = Attribution(), without: tuple[str, ...] = ()
) -> Cells:
    """Everyone drawn for one campaign, or for those that began in the period, by the furthest stage in any of them: `reached` (came at
    least so far) and `of_delivered`. Who is at a stage `without` is told at the one before.

    A click implies an opening, and an answer a click where the channel knows any. `bought`: answered, and bought within the window of the
    channel; all purchases after a message stand in `outcomes`. Beside the way lie `bounced` (sent, not delivered) and `machine` (opened
    or clicked by machines only). Of several campaigns no stage is told that few reached in one channel: the channels stand beside it.
    """
    placed = _placed(release, _drawn(release, period, campaign), attribution)
    without += _rare(placed) if campaign == "all" else ()
    return _staged(release, placed, (), _named(period, campaign), without)


def funnel_by_channel(release: Tables, period: Period, *, campaign: str = "all", attribution: Attribution = Attribution()) -> Cells:
    """The funnel by channel, each with the stages that it knows."""
    placed = _placed(release, _drawn(release, period, campaign), attribution)
    apart = () if campaign != "all" else ("channel",)  # in several campaigns one person may meet several channels
    return _staged(release, placed, (Dimension("channel", total=not apart),), _named(period, campaign, *apart))


def _staged(release: Tables, placed: Rows, by: tuple[Dimension, ...], population: str, without: tuple[str, ...] = ()) -> Cells:
    columns, apart = [d.name for d in by], [d.name for d in by if not d.total]
    told = placed.group_by("customer", *columns).agg(nw.col("place").max())
    counted = collect(told.group_by(*columns, "place").agg(nw.len().cast(nw.Int64).alias("n"))).sort(*columns, "place")
    stages = []
    for group, all_people in _groups(counted, apart):
        moved = _moved(all_people, without)
        for place, before in moved.items():
            there = (nw.col(name) == value for name, value in group.items())
            told = told.with_columns(place=case({before: reduce(and_, there, nw.col("place") == place)}, nw.col("place")))
        parts = _groups(counted.filter(pl.lit(True), **group), columns)
        stages += [part | {"stage": STAGES[place]} for part, people in parts for place in _known(people, without) if place not in moved]
    told = told.with_columns(stage=case({stage: nw.col("place") == place for place, stage in enumerate(STAGES)}, STAGES[0]))
    known = pl.DataFrame(stages, schema=dict.fromkeys((*columns, "stage"), pl.String))
    cells = tabulated(release, told, (*by, Dimension("stage")), population, Reached(STAGES, ASIDE, _untold(known)))
    return complete(cells, known.select("stage").unique())


def _untold(known: pl.DataFrame) -> pl.DataFrame:
    """The stages that are told of some groups, with those of which they are not."""
    *groups, stage = known.columns
    every = known.select(groups).unique().join(known.select(stage).unique(), how="cross") if groups else known
    return every.join(known, on=known.columns, how="anti")


def _groups(counted: pl.DataFrame, columns: list[str]) -> Iterator[tuple[dict[str, str], dict[int, int]]]:
    """Each group that the columns tell apart (none: all), and how many people it has at each place."""
    for group in counted.select(columns).unique(maintain_order=True).rows(named=True) or [{}]:
        here = counted.filter(pl.lit(True), **group).group_by("place").agg(pl.col("n").sum())
        yield group, dict(here.rows())


def _known(people: dict[int, int], without: tuple[str, ...]) -> list[int]:
    """The places of the stages that are told of a group: the way to delivery, and what anybody of it is known to have reached."""
    there = {place for place, count in people.items() if count}
    reached = {place for place in range(max(there, default=-1) + 1) if place in there or STAGES[place] not in (*READING, *ASIDE)}
    return [place for place, stage in enumerate(STAGES) if stage not in without and (stage in ALWAYS or place in reached)]


def _moved(people: dict[int, int], without: tuple[str, ...]) -> dict[int, int]:
    """Where those at a stage that is too small to be shown, or not told, are told instead: at the last one before it that is on the way."""
    known, people, moved = _known(people, without), dict(people), {}
    for place in range(len(STAGES) - 1, 0, -1):
        if place not in known or 0 < people.get(place, 0) < LEAST:
            moved[place] = max(before for before in known if before < place and STAGES[before] not in ASIDE)
            people[moved[place]] = people.get(moved[place], 0) + people.get(place, 0)
    return moved


def _rare(placed: Rows) -> tuple[str, ...]:
    """Stages beside or beyond delivery that only a few reached in some channel."""
    people = placed.group_by("channel", "place").agg(nw.col("customer").n_unique().cast(nw.Int64).alias("n"))
    few = collect(people.filter(nw.col("n") < LEAST))["place"].unique().to_list()
    return tuple(stage for place, stage in enumerate(STAGES) if place in few and stage not in ALWAYS)


def _placed(release: Tables, drawn: Rows, attribution: Attribution) -> Rows:
    """With the place of the furthest stage of each contact."""
    seen = {name: ~nw.col(f"{name}_at").is_null() for name in ("sent", "delivered", "opened", "clicked", "responded")}
    together = nw.col("clicked_at").count().over("campaign", "clicked_at") >= attribution.burst
    clicked = seen["clicked"] & ~_quick("clicked_at", attribution) & ~together
    opened = seen["opened"] & ~_quick("opened_at", attribution)
    responded = seen["delivered"] & seen["responded"]
    reached = {"targeted": nw.col("arm") == "contacted", "sent": seen["sent"], "bounced": seen["sent"] & nw.col("bounced")}
    reached |= {"delivered": seen["delivered"], "machine": seen["opened"] | seen["clicked"], "opened": opened | clicked, "clicked": clicked}
    reached |= {"responded": responded, "bought": responded & (nw.col("outcome") == "bought")}
    furthest = {place: reached[STAGES[place]] for place in range(len(STAGES) - 1, 0, -1)}
    bought = _purchased(release, drawn, attribution).select("campaign", "customer", "outcome")
    return drawn.join(bought, on=["campaign", "customer"], how="left").with_columns(place=case(furthest, 0))


def _quick(column: str, attribution: Attribution) -> nw.Expr:
    return (seconds(column) - seconds("delivered_at") <= attribution.machine_seconds).fill_null(False)


def _drawn(release: Tables, period: Period, campaign: str, months: int | None = None) -> Rows:
    """Those contacted and the holdout of the campaigns that began in the period (or the last months), or of one campaign whenever it was.
    Contacts that were not allowed are told by `lawfulness` and stand nowhere else: nobody like them is in the holdout."""
    began = rows(release, "campaign").select("campaign", "code", "starts_on")
    began = began.filter(lately("starts_on", period, months or period.length) if campaign == "all" else nw.col("code") == campaign)
    return rows(release, "campaign_contact").filter((nw.col("arm") == "holdout") | nw.col("allowed")).join(began, on="campaign")


def _named(period: Period, campaign: str, *apart: str) -> str:
    return named(" ".join(["drawn", f"{period.start} {period.end}" if campaign == "all" else "", *apart]), campaign=campaign)


def outcomes(  # noqa: PLR0913 - what, of which, by what
    release: Tables, period: Period, what: str, *, by: str = "channel", campaign: str = "all", attribution: Attribution = Attribution()
) -> Cells:
    """Delivered messages of one campaign, or of those that began in the period, by `channel` or `campaign` and whether the receiver
    `responded`, `bought` within the window of the channel, or `opted out` after it; `<what>_rate` of messages. By campaign also
    `cost_cents` (from the books) and `cents_each`, per message that did."""
    drawn = _drawn(release, period, campaign).with_columns(contacts=nw.lit(1))
    told = _purchased(release, drawn, attribution) if what == "bought" else outcome(drawn, what)
    told = merged(told.drop("campaign").rename({"code": "campaign"}), by, None, nw.col("outcome") == what)
    costs = (called(release), partial(figures.cost_each, outcome=what)) if by == "campaign" else ()
    population = f"messages {_named(period, campaign)}"
    return tabulated(release, told, (Dimension(by), Dimension("outcome")), population, *rated("outcome", what), *costs, measures=CONTACTS)


def _purchased(release: Tables, drawn: Rows, attribution: Attribution) -> Rows:
    """Delivered contacts, whether the receiver bought within the window of the channel."""
    delivered = drawn.filter(~nw.col("delivered_at").is_null()).with_columns(sent_on=nw.col("sent_at").cast(nw.Date))
    bought = _buying(release, delivered, "sent_on", attribution)
    return delivered.join(bought, on=["campaign", "customer"], how="left").with_columns(outcome=BOUGHT)


def _buying(release: Tables, drawn: Rows, start: str, attribution: Attribution) -> Rows:
    """Campaign, customer and `amount_cents` of those who bought from the day `start` until the window of their channel closed."""
    first = collect(drawn.select(nw.col(start).min()))[start].item()
    bought = rows(release, "invoice").filter(nw.col("amount_cents") > 0).select("customer", "issued_on", "amount_cents")
    bought = bought if first is None else bought.filter(nw.col("issued_on") >= first)
    windows = attribution.windows
    days = nw.col("channel").replace_strict(list(windows), list(windows.values()), default=max(windows.values()), return_dtype=nw.Int64)
    gap = day_number("issued_on") - day_number(start)
    found = drawn.select("campaign", "customer", "channel", start).join(bought, on="customer").filter(gap >= 0, gap <= days)
    return found.group_by("campaign", "customer").agg(nw.col("amount_cents").sum())


def uplift_by_campaign(
    release: Tables, period: Period, *, campaign: str = "all", months: int = 6, attribution: Attribution = AS_ASSIGNED
) -> Cells:
    """One campaign, or those that began in the last months, by arm and outcome: bought or not within the window from the campaign's
    first day, one clock for both arms; `amount_cents` of that. As assigned: who was drawn to be contacted counts as such, reached or not.
    Figures on the campaign's row: see `figures.uplift` and `figures.worth`; none without a holdout. `ongoing`: its window was open when
    the release was made."""
    drawn = _drawn(release, period, campaign, months)
    bought = _buying(release, drawn, "starts_on", attribution)
    told = drawn.join(bought, on=["campaign", "customer"], how="left").select(
        "customer", "arm", BOUGHT.alias("outcome"), nw.col("amount_cents").fill_null(0), campaign=nw.col("code")
    )
    by = (Dimension("campaign", total=False), Dimension("arm"), Dimension("outcome"))
    made = (called(release), Share(("outcome",)), figures.uplift, figures.worth, _ongoing(release, attribution))
    return tabulated(release, told, by, f"{_named(period, campaign)} {months}", *made, measures=(PEOPLE, MONEY))


def _ongoing(release: Tables, attribution: Attribution) -> Figure:
    made = getattr(getattr(release, "manifest", None), "published_at", "9999")[:10]
    ends = (pl.col("starts_on") + timedelta(max(attribution.windows.values()))).dt.to_string()
    return given("campaign", plan(release).select(campaign="code", ongoing=ends >= made))
