"""Companies: each is one, however many contact persons it has.

Example: Oy A was billed 900 euros through its two contact persons this year and 500 the year
before: one company that `stayed`, of 900 euros.
"""

from __future__ import annotations

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Measure, Tables
from genlib.metrics.lookup import at, with_figures
from genlib.metrics.names import metric
from genlib.metrics.population import MONEY, count_lately, lately, read_customers, tabulated
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


def _place_companies(release: Tables, period: Period) -> Rows:
    """One row a company, with its standing and the money of the last year."""
    employers = read_customers(release).filter(~nw.col("company").is_null())
    bills = rows(release, "invoice").filter(lately("issued_on", period, TWO_YEARS))
    billed = bills.join(employers.select("customer", "company"), on="customer")
    cents = nw.col("amount_cents")
    is_recent = lately("issued_on", period, YEAR)
    counted = billed.with_columns(
        recent=((cents > 0) & is_recent).cast(nw.Int64),
        earlier=((cents > 0) & ~is_recent).cast(nw.Int64),
        amount_cents=nw.when(is_recent).then(cents).otherwise(nw.lit(0)),
    )
    sums = nw.col("recent", "earlier", "amount_cents").sum()
    each = counted.group_by("company").agg(sums)
    is_now = nw.col("recent") > 0
    was_before = nw.col("earlier") > 0
    places = {"stayed": is_now & was_before, "new": is_now}
    return each.filter(is_now | was_before).with_columns(standing=case(places, "lost"))


def divide_money(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the money of the year for each company that was billed in it.

    Of 30 companies 10 were lost; the others brought 600 euros:

    >>> frame = pl.DataFrame(
    ...     {
    ...         "standing": ["stayed", "lost", None],
    ...         "people": [20, 10, 30],
    ...         "amount_cents": [60_000, 0, 60_000],
    ...     }
    ... )
    >>> divide_money(frame)["cents_per_company"].to_list()
    [3000.0, None, 3000.0]
    """
    standings = frame["standing"]
    codes = tuple(code for code in BILLED if code in standings)
    on_total = at(frame, "people", {"standing": codes or None})
    of_one = pl.when(standings.is_in(BILLED)).then("people")
    either = pl.when(standings.is_null()).then(on_total).otherwise(of_one)
    base = frame.select(either).to_series()
    mean = {"cents_per_company": frame["amount_cents"] / base}
    return with_figures(frame, pl.lit(True), base, mean)
