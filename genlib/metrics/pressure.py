"""Pressure: how often the same people are contacted, and what becomes of their many messages.

Of 100 people contacted in 90 days 5 got more than three messages in the last 30: 5 % over the
cap."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Measure, Tables
from genlib.disclosure.counting import with_rates
from genlib.disclosure.units import name_interval
from genlib.errors import UsageError
from genlib.metrics.ladders import at_least, by_channel, by_number, list_bands
from genlib.metrics.lookup import at, on_total, with_figures
from genlib.metrics.messages import CONTACTS, OUTCOMES, message_rates, outcome, read_sent
from genlib.metrics.names import metric
from genlib.metrics.population import complete, count_at, tabulated
from genlib.metrics.rates import Rate, Share
from genlib.metrics.rows import Rows, banded, count_by, read_once, within
from genlib.period import Period

CAPS = range(1, 5)
"""What the cap of contacts in 30 days may be."""
SPANS = (7, 30, 90)
"""Days that are told beside each other; those contacted in the longest are counted in all."""
MOST = 5
"""So many contacts of one person, or more, are one band."""


@metric()
def pressure(release: Tables, period: Period, *, cap: int = 3) -> Cells:
    """Those contacted in the last 90 days of the period, by the number of contacts in its last 7,
    30 and 90 days, and the `messages` that they got; `contacts_each` of those who got any;
    `over_rate`: the part with more than `cap` (1 to 4),
    where the bands can tell."""
    if cap not in CAPS:
        raise UsageError("the cap of contacts is 1, 2, 3 or 4")
    contacts = read_once(_lately(release, period), "customer", "sent_on")
    people = nw.concat([_frequency(contacts, period, days) for days in SPANS])
    by = (Dimension("days", total=False), by_number("contacts", most=MOST, least=0))
    population = count_at("contacted", period.end)
    figures = (Share(("contacts",)), partial(_over, cap=cap), _contacts_each)
    measures = (PEOPLE, Measure("messages", "count"))
    return tabulated(release, people, by, population, *figures, measures=measures)


def _over(frame: pl.DataFrame, *, cap: int) -> pl.DataFrame:
    """The part above the cap; nothing where the band that the cap lies in reaches beyond it.

    Of 40 people 10 got four messages or more; where two or more are one band nothing is told:

    >>> def count_bands(bands: list[str | None]) -> pl.DataFrame:
    ...     people = [30, 10, 40]
    ...     return pl.DataFrame({"days": [30] * 3, "contacts": bands, "people": people})
    >>> _over(count_bands(["3", "4+", None]), cap=3)["over_rate"].to_list()
    [None, None, 0.25]
    >>> _over(count_bands(["1", "2+", None]), cap=3)["over_rate"].to_list()
    [None, None, None]
    """
    rated = Rate("over_rate", "contacts", at_least(frame, "contacts", cap + 1))(frame)
    wide_bands = [f"{n}+" for n in range(1, cap + 1)]
    unclear = frame.filter(pl.col("contacts").is_in(wide_bands))["days"]
    is_clear = ~pl.col("days").is_in(unclear.implode())
    columns = name_interval("over_rate")
    return rated.with_columns(pl.when(is_clear).then(column).alias(column) for column in columns)


def _contacts_each(frame: pl.DataFrame) -> pl.DataFrame:
    """How many contacts each of those got who got any.

    Of 40 people 10 got none, and the others 60:

    >>> frame = pl.DataFrame(
    ...     {
    ...         "contacts": ["0", "2", None],
    ...         "people": [10, 30, 40],
    ...         "messages": [0, 60, 60],
    ...     }
    ... )
    >>> _contacts_each(frame)["contacts_each"].to_list()
    [None, None, 2.0]
    """
    everybody, nobody, messages = frame.select(
        everybody=at(frame, "people", {"contacts": None}),
        nobody=at(frame, "people", {"contacts": "0"}),
        messages=at(frame, "messages", {"contacts": None}),
    )
    contacted = everybody - nobody
    mean = {"contacts_each": messages / contacted}
    return with_figures(frame, on_total("contacts"), contacted, mean)


def _frequency(contacts: Rows, period: Period, days: int) -> Rows:
    """Everybody who was contacted, with the number of contacts in the last days."""
    sizes = count_by(contacts.filter(_in_last(days, period)), "customer")
    everyone = contacts.select("customer").unique()
    counted = everyone.join(sizes, on="customer", how="left")
    counted = counted.with_columns(n=nw.col("n").fill_null(0))
    band = banded(nw.col("n"), list_bands(MOST, 0))
    return counted.select("customer", days=nw.lit(days), contacts=band, messages="n")


def _in_last(days: int, period: Period) -> nw.Expr:
    """Whether a contact is of the last days of the period."""
    return within("sent_on", period.end - timedelta(days=days), period.end)


def _lately(release: Tables, period: Period) -> Rows:
    """Contacts of the last 90 days of the period."""
    return read_sent(release, None).filter(_in_last(max(SPANS), period))


@metric()
def pressure_by_channel(release: Tables, period: Period) -> Cells:
    """Contacts of the last 7, 30 and 90 days by channel."""
    lately = _lately(release, period)
    sent = read_once(lately, "customer", "channel", "contacts", "sent_on")
    spans = []
    for days in SPANS:
        recent = sent.filter(_in_last(days, period))
        spans.append(recent.with_columns(days=nw.lit(days)))
    contacts = nw.concat(spans)
    longer = ({7: None}, {7: None, 30: None})
    by = (Dimension("days", total=False, ladder=longer), by_channel())
    population = count_at("contacts by days", period.end)
    share = Share(("channel",), of="contacts")
    cells = tabulated(release, contacts, by, population, share, measures=CONTACTS)
    schema = {"days": cells.frame.schema["days"]}
    return complete(cells, pl.DataFrame({"days": SPANS}, schema=schema))


@metric(what=OUTCOMES)
def dose(release: Tables, period: Period, what: str) -> Cells:
    """Messages delivered in the last 90 days, by how many their receiver got and whether it was
    `responded` to or the receiver `opted out` after it; `<what>_rate` of messages."""
    delivered = outcome(_lately(release, period), what)
    delivered = delivered.join(count_by(delivered, "customer"), on="customer")
    banded_messages = delivered.with_columns(dose=banded(nw.col("n"), list_bands(MOST)))
    delivered = read_once(banded_messages, "customer", "dose", "outcome", "contacts")
    by = (by_number("dose", most=MOST), Dimension("outcome", is_subject=True))
    population = count_at("delivered in 90 days", period.end)
    cells = tabulated(release, delivered, by, population, measures=CONTACTS)
    return with_rates(
        cells,
        delivered,
        lambda messages: message_rates(messages, "dose", "outcome", what)[1:],
    )
