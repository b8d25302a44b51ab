"""Feedback: on what topics customers write to us.

Of 50 messages 20 are of billing: a share of 40 %, whoever wrote them."""

from __future__ import annotations

import narwhals as nw

from genlib.disclosure.cells import Cells, Dimension, Measure, Tables
from genlib.disclosure.ladder import join_smallest
from genlib.metrics.names import metric
from genlib.metrics.population import count_lately, lately, tabulated
from genlib.metrics.rates import Share
from genlib.metrics.recommendation import months_of
from genlib.metrics.rows import list_by_size, rows
from genlib.period import Period


@metric()
def topics(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """Feedback of the period (of a month, of the last twelve), by topic: who gave some on several
    topics is in each of them, so the messages are told and not the people."""
    months = months or months_of(period)
    feedback = rows(release, "feedback").filter(lately("received_on", period, months))
    messages = feedback.with_columns(nw.col("topic").fill_null("unknown"), feedback=nw.lit(1))
    ladder = join_smallest(list_by_size(messages, "topic"))
    by = (Dimension("topic", ladder=ladder, sensitive=True),)
    population = count_lately("feedback", period, months, kind=kind)
    share = Share(("topic",), of="feedback")
    measures = (Measure("feedback", "count"),)
    return tabulated(release, messages, by, population, share, measures=measures)
