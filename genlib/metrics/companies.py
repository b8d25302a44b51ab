"""Companies: each is one, however many contact persons it has.

Example: Oy A was billed 900 euros through its two contact persons this year and 500 the year
before: one company that `stayed`, of 900 euros.
"""

from __future__ import annotations

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Measure, Tables
from genlib.metrics.lookup import over, with_figures
from genlib.metrics.names import metric
from genlib.metrics.population import MONEY, count_lately, lately, tabulated
from genlib.metrics.rates import Rate, Share
from genlib.metrics.rows import Rows, case, rows
from genlib.period import Period

YEAR, TWO_YEARS = 12, 24
BILLED = ("stayed", "new", "still billed")
STILL_BILLED = {"stayed": "still billed", "new": "still billed"}
COUNTED: tuple[Measure, ...] = (PEOPLE, MONEY)


@metric()
def companies(release: Tables, period: Period) -> Cells:
    """Companies that were billed in the last two years, by `standing`: `stayed` (billed in both),
    `new` (in the last year only) and `lost` (in the year before only), with the money of the last
    year. Figures: `share`, `cents_per_company` (of those billed in the last year), and on the total
    `churn`, those of the companies of the year before that were lost, with Wilson's interval.

    A credit note alone is no bill, but takes money off. Always of all companies of the release: the
    contact persons of one may live in several regions. Bills go with the contact person, so who has
    changed companies takes his old ones along. A release that does not tell for which company a
    contact person stands has none.
    """
    by = (Dimension("standing", ladder=(STILL_BILLED,), is_subject=True),)
    return tabulated(
        release,
        _place_companies(release, period),
        by,
        count_lately("companies", period, TWO_YEARS),
        Share(("standing",)),
        divide_money,
        Rate("churn", "standing", ("lost",), ("stayed", "lost")),
        measures=COUNTED,
        person="company",
    )


def _list_employers(release: Tables) -> Rows:
    """The contact persons with the company that each stands for; nobody, if no release tells."""
    customers = rows(release, "customer")
    if "company" not in customers.collect_schema():
        nobody = nw.lit(None).cast(nw.Int64)
        customers = customers.with_columns(nobody.alias("company"))
    return customers.filter(~nw.col("company").is_null()).select("customer", "company")


def _place_companies(release: Tables, period: Period) -> Rows:
    """One row a company, with its standing and the money of the last year."""
    employers = _list_employers(release)
    bills = rows(release, "invoice").filter(lately("issued_on", period, TWO_YEARS))
    dated = bills.join(employers, on="customer").with_columns(
        is_recent=lately("issued_on", period, YEAR)
    )
    cents = nw.col("amount_cents")
    is_bill = cents > 0
    billed = dated.with_columns(
        recent_bills=(is_bill & nw.col("is_recent")).cast(nw.Int64),
        earlier_bills=(is_bill & ~nw.col("is_recent")).cast(nw.Int64),
        amount_cents=nw.when(nw.col("is_recent")).then(cents).otherwise(nw.lit(0)),
    )
    sums = ("recent_bills", "earlier_bills", "amount_cents")
    each = billed.group_by("company").agg(*(nw.col(name).sum() for name in sums))
    is_now = nw.col("recent_bills") > 0
    was_before = nw.col("earlier_bills") > 0
    places = {"stayed": is_now & was_before, "new": is_now}
    billed_companies = each.filter(is_now | was_before)
    return billed_companies.with_columns(standing=case(places, "lost"))


def divide_money(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the money of the year for each company that was billed in it."""
    standings = frame["standing"]
    codes = tuple(code for code in BILLED if code in standings)
    on_total = over(frame, "people", "standing", codes)
    of_one = pl.when(standings.is_in(BILLED)).then("people")
    base = frame.select(pl.when(standings.is_null()).then(on_total).otherwise(of_one)).to_series()
    return with_figures(
        frame, pl.lit(True), base, {"cents_per_company": frame["amount_cents"] / base}
    )
