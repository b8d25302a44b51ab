"""The funnel: how far those drawn for campaigns came, each person counted once, at the furthest
stage. Gives `Cells`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import and_

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Tables
from genlib.disclosure.population import Population
from genlib.metrics.drawn import (
    DELIVERED,
    USUAL,
    Attribution,
    count_drawn,
    read_drawn,
    with_purchases,
)
from genlib.metrics.figures import Reached
from genlib.metrics.population import complete, tabulated
from genlib.metrics.rows import Rows, at_once, case, collect
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
ALWAYS = ("eligible", "targeted", "sent", "delivered")
ASIDE = ("bounced", "machine")
"""Stages beside the way: who is there came as far as the one before, and no further."""
READING = ("machine", "opened", "clicked")
"""Stages that only some channels know: nobody sees a letter opened."""
FROM = {f"from_{stage}": stage for stage in reversed(STAGES[1:-1]) if stage not in ASIDE}
"""Those who came as far as a stage are a group, the narrowest first: that is what a funnel shows.
"""
PLACES = {stage: place for place, stage in enumerate(STAGES)}

LEAST = 5
"""Of several campaigns a stage that fewer reached in a channel is told with the one before."""

People = Mapping[int, int]
"""How many are at each place."""


def funnel(
    release: Tables,
    period: Period,
    *,
    campaign: str = "all",
    attribution: Attribution = USUAL,
    without: tuple[str, ...] = (),
) -> Cells:
    """Everyone drawn for one campaign, or for those that began in the period, by the furthest stage
    in any of them: `reached` (came at least so far) and `of_delivered`. Who is at a stage `without`
    is told at the one before.

    The base is everyone drawn, whatever became of the contact and whether or not it was allowed. A
    click implies an opening, and an answer a click where the channel knows any. `bought`:
    answered, and bought within the window of the channel; all purchases after a message stand in
    `outcomes`. Beside the way lie `bounced` (sent, not delivered) and `machine` (opened or clicked
    by machines only). Of several campaigns no stage is told that few reached in one channel: the
    channels stand beside it.
    """
    placed = _placed(release, read_drawn(release, period, campaign), attribution)
    without += _rare(placed) if campaign == "all" else ()
    return _staged(release, placed, (), count_drawn("drawn", release, period, campaign), without)


def funnel_by_channel(
    release: Tables, period: Period, *, campaign: str = "all", attribution: Attribution = USUAL
) -> Cells:
    """The funnel by channel, each with the stages that it knows."""
    placed = _placed(release, read_drawn(release, period, campaign), attribution)
    apart = (
        () if campaign != "all" else ("channel",)
    )  # in several campaigns one person may meet several channels
    return _staged(
        release,
        placed,
        (Dimension("channel", total=not apart),),
        count_drawn(" ".join(["drawn", *apart]), release, period, campaign),
        (),
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


def _rare(placed: Rows) -> tuple[str, ...]:
    """Stages beside or beyond delivery that few reached in some channel, or nobody: which of the
    two it was is not to be told."""
    people = collect(
        placed.group_by("channel", "place").agg(
            nw.col("customer").n_unique().cast(nw.Int64).alias("n")
        )
    )
    enough = dict(people.filter(pl.col("n") >= LEAST).group_by("place").len().rows())
    return tuple(
        stage
        for stage, place in PLACES.items()
        if stage not in ALWAYS and enough.get(place, 0) < people["channel"].n_unique()
    )


def _staged(
    release: Tables,
    placed: Rows,
    by: tuple[Dimension, ...],
    whose: Population,
    without: tuple[str, ...],
) -> Cells:
    """Those of groups without a total are told each by its own stages: where a table adds up, all
    have the same."""
    columns = [d.name for d in by]
    apart = [d.name for d in by if not d.total]
    people = placed.group_by("customer", *columns).agg(nw.col("place").max())
    counted = collect(
        people.group_by(*columns, "place").agg(nw.len().cast(nw.Int64).alias("n"))
    ).sort(*columns, "place")
    moves = [
        (group, place, before)
        for group, all_ in _groups(counted, apart)
        for place, before in _moved(all_, without).items()
    ]
    for group, place, before in moves:
        there = reduce(
            and_, (nw.col(name) == value for name, value in group.items()), nw.col("place") == place
        )
        people = people.with_columns(place=case({before: there}, nw.col("place")))
    staged = people.with_columns(
        stage=case({stage: nw.col("place") == place for stage, place in PLACES.items()}, STAGES[0])
    )
    staged = staged.with_columns(
        **{
            name: case({first: nw.col("place") >= PLACES[first]}, nw.col("stage"))
            for name, first in FROM.items()
        }
    )
    gone = {(*group.values(), place) for group, place, _ in moves}
    known = [
        part | {"stage": STAGES[place]}
        for part, some in _groups(counted, columns)
        for place in _known(some, without)
        if (*(part[name] for name in apart), place) not in gone
    ]
    told = pl.DataFrame(known, schema=dict.fromkeys((*columns, "stage"), pl.String))
    cells = tabulated(
        release,
        staged,
        (*by, Dimension("stage", parents=tuple(FROM))),
        whose,
        Reached(STAGES, FROM, _untold(told), among=by[0].name if by else ""),
    )
    far = {
        name: pl.when(pl.col("stage").is_in(STAGES[PLACES[first] :]))
        .then(pl.lit(first))
        .otherwise("stage")
        for name, first in FROM.items()
    }
    return complete(cells, told.select("stage", **far).unique())


def _groups(counted: pl.DataFrame, columns: list[str]) -> Iterator[tuple[dict[str, str], People]]:
    """Each group that the columns tell apart (no columns: all), and its people; none of nobody."""
    groups = counted.select(columns).unique(maintain_order=True).rows(named=True)
    for group in groups if columns else [{}]:
        yield (
            group,
            dict(
                counted.filter(pl.lit(True), **group)
                .group_by("place")
                .agg(pl.col("n").sum())
                .rows()
            ),
        )


def _known(people: People, without: tuple[str, ...]) -> list[int]:
    """The places of the stages that are told of a group: the way to delivery, and what anybody of
    it is known to have reached."""
    furthest = max((place for place, count in people.items() if count), default=0)
    seen_only = {*READING, *ASIDE}
    reached = {
        place
        for stage, place in PLACES.items()
        if people.get(place) or (place <= furthest and stage not in seen_only)
    }
    return [
        place
        for stage, place in PLACES.items()
        if stage not in without and (stage in ALWAYS or place in reached)
    ]


def _moved(people: People, without: tuple[str, ...]) -> dict[int, int]:
    """Where those at a stage that is too small to be shown, or not told, are told instead: at the
    last one before it that is on the way. A stage of the way to delivery stays, for door 2 to hide:
    it is always told, so that its lack would say that it is small."""
    known = _known(people, without)
    left = dict(people)
    moved = {}
    for place in range(len(STAGES) - 1, 0, -1):
        if place not in known or (STAGES[place] not in ALWAYS and 0 < left.get(place, 0) < LEAST):
            moved[place] = max(
                before for before in known if before < place and STAGES[before] not in ASIDE
            )
            left[moved[place]] = left.get(moved[place], 0) + left.get(place, 0)
    return moved


def _untold(told: pl.DataFrame) -> pl.DataFrame:
    """The stages that are told of some groups, with those of which they are not."""
    *groups, stage = told.columns
    every = (
        told.select(groups).unique().join(told.select(stage).unique(), how="cross")
        if groups
        else told
    )
    return every.join(told, on=told.columns, how="anti")
