"""Billing: the money billed, who pays and for what.

Of 100 € billed to 4 payers in October 25 € fall on each; 60 € for heating are a share of 60 %."""

from __future__ import annotations

from typing import Unpack

from genlib.disclosure.cells import Cells, Dimension, Tables
from genlib.disclosure.population import Population
from genlib.metrics.figures import Mean, Share, changes
from genlib.metrics.ladders import by_product_line, by_time
from genlib.metrics.names import metric
from genlib.metrics.population import (
    LOOK_BACK,
    MONEY,
    OVERLAPPING,
    Narrowed,
    count_stepwise,
    place_in_steps,
    tabulated,
)
from genlib.metrics.rows import Rows, rows
from genlib.period import Period


@metric()
def billing(
    release: Tables, period: Period, *, months: int | None = None, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Money billed (credit notes taken off), payers and `cents_per_payer` by month (quarter or
    year, as the period is), with `change` since the step before and `change_year` of the money."""
    dated, by, population = _billed(release, period, months, **narrowed)
    each = Mean("cents_per_payer", "amount_cents")
    changed = changes("amount_cents", period)
    measures = (OVERLAPPING, MONEY)
    return tabulated(release, dated, (by,), population, each, *changed, measures=measures)


@metric()
def billing_by_line(
    release: Tables, period: Period, *, months: int | None = None, **narrowed: Unpack[Narrowed]
) -> Cells:
    """Money billed by month (quarter or year) and product line, with the line's `share` of the
    month, `change` and `change_year`. Who pays for several lines is in each of them, so payers are
    told by `billing` alone."""
    dated, by, population = _billed(release, period, months, **narrowed)
    share = Share(("product_line",), of="amount_cents")
    changed = changes("amount_cents", period)
    by_line = (by, by_product_line())
    return tabulated(release, dated, by_line, population, share, *changed, measures=(MONEY,))


def _billed(
    release: Tables, period: Period, months: int | None, **narrowed: Unpack[Narrowed]
) -> tuple[Rows, Dimension, Population]:
    """The invoices of the steps of a period, the steps, and whose they are."""
    length = months or LOOK_BACK[period.length]
    dated = place_in_steps(rows(release, "invoice"), "issued_on", period, length)
    return dated, by_time(period, length), count_stepwise("payers", period, length, **narrowed)
