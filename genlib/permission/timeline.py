"""A person's history as a timeline: one row for each second at which anything changed, with all that stands from then on as one number.

The number is the profile: a bit for every flag of every channel, and for what is known of the person. Customer and second share one sorted
integer key, so that what stood at an instant is a single search. The memory needed grows with the acts and people, never with the contacts.
"""

from __future__ import annotations

import polars as pl
from polars import col

from genlib.permission.acts import ENDED, NEVER, SCOPES, flags, in_seconds, seconds
from genlib.permission.rule import CHANNELS
from genlib.permission.switches import Switches

_SINCE = {"restricted": "restricted_from", "erased": "erased_at"}
_ALWAYS = {
    "consumer": col("kind") == "consumer",
    "company_contact": col("kind") == "company_contact",
    "non_disclosure": col("non_disclosure").fill_null(True),
}
_SLOTS = pl.Enum([*SCOPES, *_SINCE])
_SECONDS = 2**34  # until the year 2514
_DENSE = 2**29


def timeline(acts: pl.LazyFrame, people: pl.DataFrame, switches: Switches) -> pl.DataFrame:
    """key, customer_id, profile, sorted by key; the first row stands before everybody and belongs to nobody."""
    numbers = people["customer_id"].unique().sort()
    spans = pl.concat([acts.pipe(in_seconds), *(_since(people.lazy(), slot) for slot in _SINCE if _SINCE[slot] in people.columns)])
    known = spans.with_columns(col("slot").cast(_SLOTS, strict=False)).drop_nulls("slot").join(people.lazy(), on="customer_id", how="semi")
    events = pl.concat([_starts(people.lazy()), _changes(known)])
    marks = events.select(key(numbers, "customer_id", "second"), "customer_id", "slot", "value").sort("key")
    filled = marks.select("key", "customer_id", *_stands()).with_columns(pl.exclude("key", "customer_id").forward_fill())
    profile = pl.sum_horizontal(flag.cast(pl.Int64) * 2**bit for bit, flag in enumerate(_flags(switches).values()))
    nobody = pl.LazyFrame({"key": [-(2**63)], "customer_id": [None], "profile": [0]}, schema_overrides={"customer_id": numbers.dtype})
    return pl.concat([nobody, filled.select("key", "customer_id", profile=profile)]).collect()


def key(numbers: pl.Series, customer: str, second: str) -> pl.Expr:
    """Customer and second in one integer: the number itself where numbers (sorted) are dense, else its rank; a stranger gets -1."""
    low, high = (int(numbers[0]), int(numbers[-1])) if len(numbers) else (0, -1)
    rank = pl.when(col(customer).is_between(low, high)).then(col(customer) - low)
    if high - low >= _DENSE:
        place = pl.lit(numbers).search_sorted(col(customer).clip(low, high))
        rank = pl.when(pl.lit(numbers).gather(place) == col(customer)).then(place.cast(pl.Int64))
    shifted: pl.Expr = rank.fill_null(-1) * _SECONDS
    return (shifted + col(second).clip(NEVER)).alias("key")


def person(keys: pl.Expr) -> pl.Expr:
    """The customer's part of a key."""
    return keys // _SECONDS


def unpacked(profile: str, switches: Switches) -> list[pl.Expr]:
    """Every flag, read back from its bit, named as `call consent`, `restricted`, `consumer`."""
    return [(col(profile) // 2**bit % 2 == 1).alias(name) for bit, name in enumerate(_flags(switches))]


def _flags(switches: Switches) -> dict[str, pl.Expr]:
    named = {f"{channel} {name}": flag for channel in CHANNELS for name, flag in flags(channel, switches).items()}
    return named | {slot: col(slot) > NEVER for slot in (*_SINCE, *_ALWAYS)}


def _starts(people: pl.LazyFrame) -> pl.LazyFrame:
    """At second 0 a row without a slot clears them all and says what holds always."""
    value = pl.sum_horizontal(holds.cast(pl.Int64) * 2**bit for bit, holds in enumerate(_ALWAYS.values()))
    return people.select("customer_id", slot=pl.lit(None, _SLOTS), second=pl.lit(NEVER, pl.Int64), value=value)


def _stands() -> list[pl.Expr]:
    start, value = col("slot").is_null(), col("value")
    since = [pl.when(start).then(NEVER).when(col("slot") == slot).then(value).alias(slot) for slot in _SLOTS.categories]
    return since + [pl.when(start).then(value // 2**bit % 2).alias(name) for bit, name in enumerate(_ALWAYS)]


def _since(people: pl.LazyFrame, slot: str) -> pl.LazyFrame:
    """A restriction or an erasure as an act of its own."""
    given = seconds(_SINCE[slot], people.collect_schema()[_SINCE[slot]])
    return people.select("customer_id", slot=pl.lit(slot), given=given, ended=pl.lit(None, pl.Int64)).drop_nulls("given")


def _changes(spans: pl.LazyFrame) -> pl.LazyFrame:
    """What stands in a slot from the second of each beginning and each end; an end may uncover an older act still in force."""
    spans = spans.with_columns(col("given").clip(1))
    begins = spans.filter(col("ended").is_null() | (col("ended") > col("given")))
    ends = spans.drop_nulls("ended").select("customer_id", "slot", second=pl.max_horizontal("given", "ended")).unique()
    in_force = (col("given") <= col("second")) & (col("ended").is_null() | (col("ended") > col("second")))
    left = ends.join(spans, on=["customer_id", "slot"]).group_by("customer_id", "slot", "second")
    return pl.concat(
        [
            begins.select("customer_id", "slot", second="given", value="given"),
            left.agg(value=col("given").filter(in_force).max().fill_null(ENDED)),
        ]
    )
