"""A person's history as a timeline: one row for each second at which anything changed, with all
that stands from then on as one number.

The number is the profile: a bit for every flag of every channel, and for what is known of the
person. The rows of a person lie together in order of time. The memory needed grows with the acts
and people, never with the contacts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from polars import col

from genlib.permission.acts import ENDED, NEVER, SCOPES, flags, in_seconds, seconds
from genlib.permission.rule import CHANNELS
from genlib.permission.switches import Switches

Ints = np.ndarray[Any, np.dtype[Any]]

_SINCE = {
    "restricted": "restricted_from",
    "erased": "erased_at",
    "deceased": "deceased_on",
    "held_back": "held_since",
    "left": "left_on",
}
"""What holds of a person from an instant on, where the people have that column."""
MAJORITY = 18
"""Years (Guardianship Services Act 442/1999, section 2)."""
_STATES = (*_SINCE, "minor")
_ALWAYS = {
    "consumer": col("kind") == "consumer",
    "company_contact": col("kind") == "company_contact",
    "non_disclosure": col("non_disclosure").fill_null(True),
}
_SLOTS = pl.Enum([*SCOPES, *_STATES])
LAST = 2**32 - 1  # second, in the year 2106
_SECONDS = LAST + 1


def timeline(
    acts: pl.LazyFrame,
    people: pl.DataFrame,
    numbers: pl.Series,
    switches: Switches,
    time_zone: str,
) -> pl.DataFrame:
    """person (place in the sorted `numbers`), second and profile, sorted; everybody's first row is
    at second 0. Dates are days of the time zone."""
    since = [slot for slot, column in _SINCE.items() if column in people.columns]
    spans = pl.concat(
        [
            acts.pipe(in_seconds, time_zone),
            *(_since(people.lazy(), slot, time_zone) for slot in since),
            *(_minority(people.lazy(), time_zone) for _ in {"birth_year"} & set(people.columns)),
        ]
    )
    changes = (
        spans.with_columns(col("slot").cast(_SLOTS, strict=False))
        .drop_nulls("slot")
        .join(people.lazy(), on="customer_id", how="semi")
    )
    events = pl.concat([_starts(people.lazy()), _changes(changes)]).collect()
    key = (
        pl.Series(places(numbers, events["customer_id"])).cast(pl.Int64) * _SECONDS
        + events["second"]
    )
    marks = events.lazy().select(key.alias("key"), "slot", "value").sort("key")
    filled = marks.select("key", *_stands()).with_columns(pl.exclude("key").forward_fill())
    profile = pl.sum_horizontal(
        flag.cast(pl.Int64) * 2**bit for bit, flag in enumerate(_flags(switches).values())
    )
    return filled.select(
        person=col("key") // _SECONDS, second=col("key") % _SECONDS, profile=profile
    ).collect()


def places(numbers: pl.Series, ids: pl.Series) -> Ints:
    """Where each id stands in the sorted numbers; a stranger stands behind the last."""
    low, span = (
        (int(numbers[0]), int(numbers[-1]) - int(numbers[0]) + 1) if len(numbers) else (0, 0)
    )
    if span > 4 * len(numbers) + 2**20:
        place = numbers.search_sorted(ids.clip(numbers[0], numbers[-1]).fill_null(low)).alias(
            "place"
        )
        return (
            place.to_frame()
            .select(pl.when(numbers.gather(place) == ids).then(place).otherwise(len(numbers)))
            .to_series()
            .to_numpy()
        )
    table = np.full(span + 1, len(numbers), np.uint32)
    table[(numbers - low).to_numpy()] = np.arange(len(numbers), dtype=np.uint32)
    inside = pl.when(ids.is_between(low, low + span - 1)).then(ids - low).otherwise(span)
    places_of_ids: Ints = table.take(pl.select(inside).to_series().to_numpy())
    return places_of_ids


def unpacked(profile: str, switches: Switches) -> list[pl.Expr]:
    """Every flag, read back from its bit, named as `call consent`, `restricted`, `consumer`."""
    return [
        (col(profile) // 2**bit % 2 == 1).alias(name) for bit, name in enumerate(_flags(switches))
    ]


def _flags(switches: Switches) -> dict[str, pl.Expr]:
    named = {
        f"{channel} {name}": flag
        for channel in CHANNELS
        for name, flag in flags(channel, switches).items()
    }
    return named | {slot: col(slot) > NEVER for slot in (*_STATES, *_ALWAYS)}


def _starts(people: pl.LazyFrame) -> pl.LazyFrame:
    """At second 0 a row without a slot clears them all and says what holds always."""
    value = pl.sum_horizontal(
        holds.cast(pl.Int64) * 2**bit for bit, holds in enumerate(_ALWAYS.values())
    )
    return people.select(
        "customer_id", slot=pl.lit(None, _SLOTS), second=pl.lit(NEVER, pl.Int64), value=value
    )


def _stands() -> list[pl.Expr]:
    start = col("slot").is_null()
    value = col("value")
    since = [
        pl.when(start).then(NEVER).when(col("slot") == slot).then(value).alias(slot)
        for slot in _SLOTS.categories
    ]
    return since + [
        pl.when(start).then(value // 2**bit % 2).alias(name) for bit, name in enumerate(_ALWAYS)
    ]


def _since(people: pl.LazyFrame, slot: str, time_zone: str) -> pl.LazyFrame:
    """A restriction, an erasure or another of `_SINCE` as an act of its own."""
    column = _SINCE[slot]
    start = seconds(column, people.collect_schema()[column], time_zone)
    return people.select(
        "customer_id", slot=pl.lit(slot), given=start, ended=pl.lit(None, pl.Int64)
    ).drop_nulls("given")


def _minority(people: pl.LazyFrame, time_zone: str) -> pl.LazyFrame:
    """That somebody is or may be under age, as an act that ends with the year in which he comes of
    age: the register knows the year of birth only. Of whom it knows none it says nothing."""
    of_age = people.drop_nulls("birth_year").select(
        "customer_id", of_age=pl.date(col("birth_year") + MAJORITY + 1, 1, 1)
    )
    ended = seconds("of_age", pl.Date(), time_zone)
    return of_age.select(
        "customer_id", slot=pl.lit("minor"), given=pl.lit(1, pl.Int64), ended=ended
    )


def _changes(spans: pl.LazyFrame) -> pl.LazyFrame:
    """What stands in a slot from the second of each beginning and each end; an end may uncover an
    older act still in force."""
    spans = spans.with_columns(col("given").clip(1, LAST), col("ended").clip(1, LAST))
    begins = spans.filter(col("ended").is_null() | (col("ended") > col("given")))
    ends = (
        spans.drop_nulls("ended")
        .select("customer_id", "slot", second=pl.max_horizontal("given", "ended"))
        .unique()
    )
    in_force = (col("given") <= col("second")) & (
        col("ended").is_null() | (col("ended") > col("second"))
    )
    left = ends.join(spans, on=["customer_id", "slot"]).group_by("customer_id", "slot", "second")
    return pl.concat(
        [
            begins.select("customer_id", "slot", second="given", value="given"),
            left.agg(value=col("given").filter(in_force).max().fill_null(ENDED)),
        ]
    )
