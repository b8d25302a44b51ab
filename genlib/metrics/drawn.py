"""Who was drawn for campaigns, contacted or held out, and what they bought soon after."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw

from genlib.arguments import check_class
from genlib.disclosure.cells import Tables
from genlib.disclosure.population import Population
from genlib.metrics.population import count_over
from genlib.metrics.rows import Rows, case, collect, day_number, rows, within
from genlib.period import Period

WINDOW = 30
"""Days after the last message of a campaign in which purchases count against its holdout: the
holdout shows what is bought anyway, so the window may be long."""
MESSAGE = ("campaign", "customer", "channel", "sent_on")
DELIVERED = ~nw.col("delivered_at").is_null()


@check_class
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
        """The days of each channel."""
        return {
            "email": self.email,
            "sms": self.sms,
            "call": self.call,
            "post": self.post,
        }


USUAL = Attribution()


def read_drawn(release: Tables, period: Period, campaign: str, months: int | None = None) -> Rows:
    """Everyone in the plan of the campaigns that began in the period (or the last months), or of
    one campaign whenever it was: a row a person and channel, contacted or held out.

    Contacts that were never sent, bounced or not allowed are among them: their like is in the
    holdout too. What was allowed is told by `lawfulness`."""
    campaigns = rows(release, "campaign").select("campaign", "code", "starts_on")
    start = period.back(months) if months else period.start
    is_chosen = nw.col("code") == campaign
    if campaign == "all":
        is_chosen = within("starts_on", start, period.end)
    began = campaigns.filter(is_chosen)
    return rows(release, "campaign_contact").join(began, on="campaign")


def count_drawn(what: str, release: Tables, period: Period, campaign: str) -> Population:
    """Those drawn in the period, or for one campaign: of the month in which it began."""
    if campaign == "all":
        return Population.of(what, period)
    chosen = rows(release, "campaign").filter(nw.col("code") == campaign)
    began = collect(chosen.select("starts_on"))
    return count_over(what, began["starts_on"], campaign=campaign)


def assign_arms(plan: Rows) -> Rows:
    """Campaign, its `code`, customer and `arm`, once a person and campaign; who has a row as
    contacted counts as contacted, whatever the other rows say.

    >>> import polars as pl
    >>> from genlib.metrics.rows import lazy
    >>> plan = {"customer": [1, 1, 2], "arm": ["holdout", "contacted", "holdout"]}
    >>> drawn = lazy(pl.DataFrame({"campaign": [7] * 3, "code": ["spring"] * 3} | plan))
    >>> collect(assign_arms(drawn)).select("customer", "arm").sort("customer").rows()
    [(1, 'contacted'), (2, 'holdout')]
    """
    is_contacted = (nw.col("arm") == "contacted").cast(nw.Int64)
    by_person = plan.group_by("campaign", "code", "customer")
    people = by_person.agg(is_contacted.max().alias("_arm"))
    arm = case({"contacted": nw.col("_arm") == 1}, "holdout")
    return people.with_columns(arm=arm).drop("_arm")


def read_buyers(release: Tables, contacts: Rows, days: int = WINDOW) -> Rows:
    """Everyone in the plan once a campaign (`code`), by `arm` and whether he bought in its window
    (`outcome`), with the `amount_cents` of that."""
    purchases = sum_purchases(release, contacts, days)
    people = assign_arms(contacts).join(purchases, on=["campaign", "customer"], how="left")
    return people.with_columns(
        nw.col("amount_cents").fill_null(0),
        outcome=case({"bought": nw.col("amount_cents") > 0}, "not bought"),
    )


def sum_purchases(release: Tables, plan: Rows, days: int = WINDOW) -> Rows:
    """Campaign, customer and `amount_cents` of all who bought in the window of their campaign: from
    its first day until so many days after its last message, the same for both arms."""
    last = nw.col("sent_on").max()
    windows = plan.group_by("campaign", "starts_on").agg(last.alias("last_on"))
    begins = day_number("starts_on")
    ends = nw.max_horizontal(day_number("last_on"), begins) + days
    windows = windows.select("campaign", begins=begins, ends=ends)
    people = plan.select("campaign", "customer").unique()
    bought = _read_purchases(release, plan, "starts_on")
    purchases = people.join(windows, on="campaign").join(bought, on="customer")
    inside = purchases.filter(nw.col("day") >= nw.col("begins"), nw.col("day") <= nw.col("ends"))
    return inside.group_by("campaign", "customer").agg(nw.col("amount_cents").sum())


def with_purchases(
    release: Tables, contacts: Rows, attribution: Attribution, those: nw.Expr = DELIVERED
) -> Rows:
    """Contacts, and whether the receiver of each of `those` bought within the window of its channel
    (`outcome`); the others count as not bought."""
    chosen = contacts.filter(those)
    windows = attribution.windows
    days = nw.col("channel").replace_strict(
        list(windows),
        list(windows.values()),
        default=max(windows.values()),
        return_dtype=nw.Int64,
    )
    gap = nw.col("day") - day_number("sent_on")
    messages = chosen.select(*MESSAGE).unique()
    purchases = messages.join(_read_purchases(release, chosen, "sent_on"), on="customer")
    in_window = purchases.filter(gap >= 0, gap <= days)
    followed = in_window.select(*MESSAGE).unique().with_columns(_bought=nw.lit(1))
    marked = contacts.join(followed, on=[*MESSAGE], how="left")
    has_bought = ~nw.col("_bought").is_null() & those
    outcome = case({"bought": has_bought}, "not bought")
    return marked.with_columns(outcome=outcome).drop("_bought")


def _read_purchases(release: Tables, contacts: Rows, start: str) -> Rows:
    """Customer, `day` (a number) and `amount_cents` of the purchases from the first day of a column
    on."""
    first = collect(contacts.select(nw.col(start).min()))[start].item()
    bought = rows(release, "invoice").filter(nw.col("amount_cents") > 0)
    later = bought if first is None else bought.filter(nw.col("issued_on") >= first)
    return later.select("customer", "amount_cents", day=day_number("issued_on"))
