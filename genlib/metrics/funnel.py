"""The funnel: how far those drawn for campaigns came, each person counted once, at the furthest
stage and in the channel in which it was reached. Gives `Cells`."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Step, Tables
from genlib.metrics.drawn import (
    DELIVERED,
    USUAL,
    Attribution,
    count_drawn,
    read_drawn,
    with_purchases,
)
from genlib.metrics.ladders import CHANNELS, by_channel
from genlib.metrics.names import metric
from genlib.metrics.population import complete, tabulated
from genlib.metrics.rows import Rows, at_once, case
from genlib.metrics.stages import Reached
from genlib.period import Period

STAGES = (
    "eligible",
    "targeted",
    "sent",
    "bounced",
    "delivered",
    "machine",
    "opened",
    "clicked",
    "responded",
    "bought",
)
ASIDE = ("bounced", "machine")
"""Stages beside the way: who is there came as far as the one before, and no further."""
READING = ("machine", "opened", "clicked")
"""Stages that only some channels know: nobody sees a letter opened."""
UNREAD = {"sms": ("opened",), "post": READING, "call": READING}
"""The stages that a channel does not know."""
PLACES = {stage: place for place, stage in enumerate(STAGES)}
MERGES = (
    {"machine": "delivered", "bounced": "sent"},
    {"clicked": "opened"},
    {"clicked": "delivered", "opened": "delivered"},
    {"bought": "responded"},
    {"sent": "targeted", "bounced": "targeted"},
    {"targeted": "eligible", "sent": "eligible", "bounced": "eligible"},
    {"responded": "delivered", "bought": "delivered"},
)
"""Where those at a stage are told instead when few are there, one stage after another; who bought
and who answered are told apart as long as they can be."""


def by_stage() -> Dimension:
    """Furthest stages; then those beside the way with the one before, then fewer of the way."""
    ladder: list[Step] = []
    for merge in MERGES:
        ladder.append({**(ladder[-1] if ladder else {}), **merge})
    return Dimension("stage", ladder=tuple(ladder), is_subject=True)


@metric()
def funnel(
    release: Tables, period: Period, *, campaign: str = "all", attribution: Attribution = USUAL
) -> Cells:
    """Everyone drawn for one campaign, or for those that began in the period, by channel and the
    furthest stage in any of them: `reached` (came at least so far) and `of_delivered`. Who came as
    far in two channels is told in the one of which more is known.

    The base is everyone drawn, whatever became of the contact and whether or not it was allowed. A
    click implies an opening, and an answer a click where the channel knows any. `bought`:
    answered, and bought within the window of the channel; all purchases after a message stand in
    `outcomes`. Beside the way lie `bounced` (sent, not delivered) and `machine` (opened or clicked
    by machines only).
    """
    contacts = _placed(release, read_drawn(release, period, campaign), attribution)
    by = (by_channel(), by_stage())
    population = count_drawn("drawn", release, period, campaign)
    reached = Reached(STAGES, ASIDE, among="channel", unknown=UNREAD)
    cells = tabulated(release, _furthest(contacts), by, population, reached)
    return cells if cells.frame.is_empty() else complete(cells, pl.DataFrame({"stage": STAGES}))


def _furthest(contacts: Rows) -> Rows:
    """One row a person: the furthest stage, and its channel."""
    count = len(CHANNELS)
    rank = case({place: nw.col("channel") == name for place, name in enumerate(CHANNELS)}, 0)
    ranked = contacts.with_columns(_order=nw.col("place") * count + rank)
    people = ranked.group_by("customer").agg(nw.col("_order").max())
    stages = {stage: nw.col("_order") // count == place for stage, place in PLACES.items()}
    channels = {name: nw.col("_order") % count == place for place, name in enumerate(CHANNELS)}
    return people.select(
        "customer",
        channel=case(channels, CHANNELS[0]),
        stage=case(stages, STAGES[0]),
    )


def _placed(release: Tables, contacts: Rows, attribution: Attribution) -> Rows:
    """With the place of the furthest stage of each contact."""
    answered = DELIVERED & ~nw.col("responded_at").is_null()
    contacts = with_purchases(release, contacts, attribution, answered)
    seen = {
        name: ~nw.col(f"{name}_at").is_null() for name in ("sent", "delivered", "opened", "clicked")
    }
    together = nw.col("clicked_at").count().over("campaign", "clicked_at") >= attribution.burst
    clicked = seen["clicked"] & ~_quick("clicked_at", attribution) & ~together
    opened = seen["opened"] & ~_quick("opened_at", attribution)
    reached = {
        "targeted": nw.col("arm") == "contacted",
        "sent": seen["sent"],
        "bounced": seen["sent"] & nw.col("bounced"),
    }
    reached |= {
        "delivered": seen["delivered"],
        "machine": seen["opened"] | seen["clicked"],
        "opened": opened | clicked,
        "clicked": clicked,
    }
    reached |= {"responded": answered, "bought": nw.col("outcome") == "bought"}
    furthest = {PLACES[stage]: reached[stage] for stage in reversed(STAGES[1:])}
    return contacts.with_columns(place=case(furthest, 0))


def _quick(column: str, attribution: Attribution) -> nw.Expr:
    return at_once(column, "delivered_at", attribution.machine_seconds)
