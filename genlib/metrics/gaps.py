"""Gaps: how far each group lies from all others together, with the interval of the difference.

Of 40 in a hundred in one region and 30 in a hundred in all others the gap is 10 points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import polars as pl

from genlib import judgement
from genlib.disclosure.units import name_interval
from genlib.metrics import intervals
from genlib.metrics.lookup import dimensions, least, on_total


class Gap(Protocol):
    """The difference of two groups of people, given by their counts, with the ends of its interval
    at a level."""

    def __call__(
        self, counts: Sequence[Any], other_counts: Sequence[Any], /, *, level: float
    ) -> tuple[Any, Any, Any]: ...


def with_gaps(  # noqa: PLR0913 - what groups are compared by
    frame: pl.DataFrame,
    name: str,
    among: str,
    counts: Sequence[pl.Series],
    gap: Gap,
    *,
    effects: Sequence[pl.Series] = (),
) -> pl.DataFrame:
    """How far the figure of each code of `among` lies from that of all others together:
    `<name>_gap` with the ends of its interval, at the level of so many comparisons
    (judgement.level_among).

    `counts` are what the figure was made of, the number of people last. The others are the total
    less the group or, where the table has no total, the sum of all others that are shown; nothing
    is said where they are hidden, or too few.

    `effects`: where the counts are of events of which a person may have several, the design effect
    of each group and that of all its others; both tell as much as so many fewer events.

    Example: 40 of 80 messages to 40 people, at effect 2, are compared as 20 of 40.

    Of 100 people in one region 40 bought, and of 100 in the other 30:

    >>> frame = pl.DataFrame(
    ...     {
    ...         "region": ["01", "06", None],
    ...         "people": [100, 100, 200],
    ...         "rate": [0.4, 0.3, 0.35],
    ...     }
    ... )
    >>> counts = [pl.Series([40, 30, 70]), frame["people"]]
    >>> with_gaps(frame, "rate", "region", counts, share_gap)["rate_gap"].round(2).to_list()
    [0.1, -0.1, None]
    """
    columns = [f"_count{place}" for place in range(len(counts))]
    effect, other_effect = effects or (pl.lit(1.0), pl.lit(1.0))
    counted = frame.with_columns(
        **dict(zip(columns, counts, strict=True)),
        _effect=effect,
        _other_effect=other_effect,
    )
    keys = dimensions(frame)
    elsewhere = [key for key in keys if key != among]
    judged = counted.filter(pl.col(name).is_not_null() | on_total(among))
    names = name_interval(f"{name}_gap")
    schema = {key: frame.schema[key] for key in keys} | dict.fromkeys(names, pl.Float64)
    gaps = [pl.DataFrame(schema=schema)]
    parts = judged.partition_by(elsewhere) if elsewhere else [judged]
    for part in parts:
        groups = _beside_others(part, among, columns, least(frame))
        of_group = [pl.col(column) / pl.col("_effect") for column in columns]
        of_others = [pl.col(f"{column}_others") / pl.col("_other_effect") for column in columns]
        group = list(groups.select(of_group).to_numpy().T)
        others = list(groups.select(of_others).to_numpy().T)
        gap_and_ends = gap(group, others, level=judgement.level_among(groups.height))
        values = dict(zip(names, gap_and_ends, strict=True))
        gaps_of_part = groups.select(keys).with_columns(**values)
        gaps.append(gaps_of_part.cast(schema))  # type: ignore[arg-type]
    return frame.join(
        pl.concat(gaps),
        on=keys,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )


def _beside_others(part: pl.DataFrame, among: str, columns: list[str], fewest: int) -> pl.DataFrame:
    """The groups that can be compared, with the counts of all others as `<column>_others`."""
    is_total = pl.col(among).is_null()
    groups = part.filter(~is_total)
    total = part.filter(is_total)
    whole = total if total.height else groups.select(pl.col(columns).sum())
    others = [f"{column}_others" for column in columns]
    compared = groups.with_columns(
        (pl.lit(whole[column]).first() - pl.col(column)).alias(other)
        for column, other in zip(columns, others, strict=True)
    )
    counted = compared.drop_nulls([*columns, *others, "_effect", "_other_effect"])
    people = pl.col(columns[-1])
    other_people = pl.col(others[-1])
    return counted.filter(people >= fewest, other_people >= fewest)


def share_gap(
    counts: Sequence[Any], others: Sequence[Any], *, level: float
) -> tuple[Any, Any, Any]:
    """The difference of two shares, each (part, whole), by Newcombe's method 10.

    >>> [round(number, 2) for number in share_gap((40, 100), (30, 100), level=0.95)]
    [0.1, -0.03, 0.23]
    """
    part, whole = counts
    other_part, other_whole = others
    ends = intervals.newcombe(part, whole, other_part, other_whole, level=level)
    return part / whole - other_part / other_whole, *ends
