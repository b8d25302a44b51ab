"""Reach: whom we may contact now, by which channel, and why not the others.

Of 1,000 customers 400 may be sent marketing by e-mail: 40 % are reachable."""

from __future__ import annotations

import narwhals as nw

from genlib.disclosure.cells import Cells, Dimension, Tables
from genlib.disclosure.population import Population
from genlib.metrics.messages import WHY, judge_contacts
from genlib.metrics.names import metric
from genlib.metrics.population import Form, tabulated
from genlib.metrics.rates import Rate, Share
from genlib.metrics.rows import Rows, rows
from genlib.period import Period
from genlib.permission.rule import KINDS as MESSAGES


@metric()
def reach(release: Tables, period: Period) -> Cells:
    """Everyone, by channel, kind of message and whether we may contact them so at the release;
    `reachable` of all."""
    return _reach(release, judge_contacts(rows(release, "reach")), Dimension("verdict"))


@metric(kind=MESSAGES)
def reach_reasons(release: Tables, period: Period, *, kind: str = "DM") -> Cells:
    """Everyone, by channel and why we may not send them this kind of message (`why`); `share` of
    all."""
    contacts = judge_contacts(rows(release, "reach").filter(nw.col("kind") == kind))
    return _reach(release, contacts, WHY)


def _reach(release: Tables, contacts: Rows, verdict: Dimension) -> Cells:
    by = (Dimension("channel", total=False), Dimension("kind", total=False), verdict)
    rate = Rate(
        "reachable",
        "verdict",
        ("allowed",),
        finer=tuple(name for name in verdict.columns if name != "verdict"),
    )
    # the release has one row a person, channel and kind of message
    form = Form(is_unique=True)
    if not verdict.ladder:
        form = Form(has_steps=False, apart="kind", is_unique=True)
    figures = (Share(verdict.columns), rate)
    return tabulated(release, contacts, by, Population("reach"), *figures, form=form)
