"""Drivers: which statements go with the recommendation.

Where "I got help" explains .20 of the scores' variance and "It was easy" .10, their drivers are .20
and .10, the R-squared of both together being .30."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Tables
from genlib.disclosure.population import narrow_to
from genlib.disclosure.slices import SLICE
from genlib.metrics.invitations import attach_texts, read_asked, read_items
from genlib.metrics.lookup import attach_columns
from genlib.metrics.names import metric
from genlib.metrics.population import OPTIONAL, count_lately, tabulated, with_slices
from genlib.metrics.recommendation import months_of
from genlib.metrics.rows import collect, lazy
from genlib.period import Period

FIRM = 100
"""On fewer people no drivers are told."""
MOST_ITEMS = 15
"""Of n statements 2**n regressions are averaged."""


@metric()
def drivers(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """Which items go with the recommendation: each one's part of R-squared (Shapley, LMG) in
    `driver`, of those who answered all of them. Null under 100 such people, where all of them gave
    the same score, and of more than 15 items; nobody is counted then."""
    months = months or months_of(period)
    cut = narrow_to({"kind": kind})
    everybody = lazy(_answers_by_person(release, period, months))
    # sums hang on the order of rows in their last digits, and a join has none
    answers = collect(with_slices(release, everybody, cut, "person")).sort("person")
    asked = answers.filter(pl.col(SLICE) == kind) if cut else answers
    items = sorted(set(answers.columns) - {"person", "_score", SLICE})
    is_firm = asked.height >= FIRM and 0 < len(items) <= MOST_ITEMS
    parts = shapley(asked, "_score", items) if is_firm else {}
    schema = {"question": pl.String, "driver": pl.Float64}
    driver = pl.DataFrame([*parts.items()], schema=schema, orient="row")
    index = ["person", SLICE] if cut else ["person"]
    counted = answers.unpivot(
        items,
        index=index,
        variable_name="question",
        value_name="_answer",
    )
    if not parts:
        counted = counted.clear()
    return tabulated(
        release,
        lazy(counted),
        (Dimension("question", total=False),),
        count_lately("all items", period, months, kind=kind),
        attach_columns("question", driver),
        attach_texts(release),
        person="person",
        form=OPTIONAL,
    )


def _answers_by_person(release: Tables, period: Period, months: int) -> pl.DataFrame:
    """One row a person who answered all items and gave a score: `person`, a column an item, and
    `_score`."""
    asked = read_asked(release, period, months).filter(nw.col("outcome") == "complete")
    scored = asked.select("person", "score", question=nw.lit("_score"))
    items = read_items(release, period, months).select("person", "score", "question")
    listed = collect(nw.concat([items, scored]))
    wide = listed.pivot("question", index="person", values="score").drop_nulls()
    return wide if "_score" in wide.columns else wide.clear()


def shapley(frame: pl.DataFrame, y: str, drivers: list[str]) -> dict[str, float]:
    """Each driver's part of R-squared of a linear regression of `y`, averaged over all orders of
    entering (Lindeman, Merenda and Gold 1980). Rows with a gap are left out. A driver that is the
    same for all explains nothing: 0. Empty if there is nothing to explain (`y` is the same for all)
    or too few rows to tell (no more than drivers and one).

    Two statements that go their own ways, the score is three times the one and once the other:

    >>> answers = pl.DataFrame(
    ...     {
    ...         "score": [4, 2, -2, -4],
    ...         "helped": [1, 1, -1, -1],
    ...         "easy": [1, -1, 1, -1],
    ...     }
    ... )
    >>> parts = shapley(answers, "score", ["helped", "easy"])
    >>> {name: round(part, 2) for name, part in parts.items()}
    {'helped': 0.9, 'easy': 0.1}
    """
    columns = [pl.col(name).cast(pl.Float64) for name in (y, *drivers)]
    values = frame.select(columns).drop_nulls()
    varying = [name for name in values.columns if values[name].n_unique() > 1]
    moving = [name for name in drivers if name in varying]
    if y not in varying or values.height <= len(moving) + 1:
        return {}
    return dict.fromkeys(drivers, 0.0) | _average_parts(values.select(y, *moving))


def _average_parts(values: pl.DataFrame) -> dict[str, float]:
    """What each driver (they follow `y` in the columns) adds to R-squared, averaged."""
    correlation = np.corrcoef(values.to_numpy(), rowvar=False)
    _, *drivers = values.columns
    parts = dict.fromkeys(drivers, 0.0)
    count = len(drivers)
    places = range(1, count + 1)
    explained: dict[tuple[int, ...], float] = {(): 0.0}
    for size in places:
        # in this part of all orders just these have entered when one of them has
        weight = 1 / (count * comb(count - 1, size - 1))
        for chosen in combinations(places, size):
            explained[chosen] = _explain(correlation, chosen)
            for place in chosen:
                others = tuple(one for one in chosen if one != place)
                added = explained[chosen] - explained[others]
                parts[drivers[place - 1]] += weight * added
    return parts


def _explain(correlation: Any, chosen: tuple[int, ...]) -> float:
    """R-squared of the first column by the chosen ones.

    >>> correlation = np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.0], [0.3, 0.0, 1.0]])
    >>> round(_explain(correlation, (1, 2)), 2)
    0.45
    """
    with_first = correlation[0, list(chosen)]
    among = correlation[np.ix_(chosen, chosen)]
    return float(with_first @ np.linalg.lstsq(among, with_first, rcond=None)[0])
