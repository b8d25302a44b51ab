"""Survey statistics: design-based means and totals (through svy, equal to R survey) and the drivers
of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import polars as pl

from genlib.errors import BadInput, UsageError
from genlib.metrics.intervals import Estimate

VARYING = 2
"""Values that a column has at least, if it is not the same for all."""
Totals = Mapping[str, Mapping[Any, float]]
"""Known totals of a population: {column: {value: total}}."""


@dataclass(frozen=True)
class Design:
    """The columns of a sample's design (`population`: size, for the finite population correction),
    and known totals that weights are fitted to: `poststrata` (of one column) or `margins` (of
    several, raked)."""

    weight: str | None = None
    stratum: str | None = None
    cluster: str | None = None
    population: str | None = None
    poststrata: Totals | None = None
    margins: Totals | None = None


def mean(frame: pl.DataFrame, column: str, design: Design, *, level: float = 0.95) -> Estimate:
    """Weighted mean of a column, linearised (Taylor)."""
    return _estimate(frame, column, design, "mean", level)


def total(frame: pl.DataFrame, column: str, design: Design, *, level: float = 0.95) -> Estimate:
    """Weighted total of a column, linearised (Taylor)."""
    return _estimate(frame, column, design, "total", level)


def _estimate(
    frame: pl.DataFrame, column: str, design: Design, what: str, level: float
) -> Estimate:
    try:
        import svy
    except ModuleNotFoundError:
        raise UsageError(
            "weighted figures need the part svy: pip install 'genlib[survey]'"
        ) from None
    try:
        estimation = getattr(_sample(svy, frame, design).estimation, what)
        [estimate, *_] = estimation(column, alpha=1 - level).estimates
    except (svy.SvyError, ValueError):  # its message quotes the data
        raise BadInput(
            f"no weighted {what} of column {column}: a weight is missing, or a stratum has one "
            "answer"
        ) from None
    return Estimate(
        float(estimate.est),
        float(estimate.se),
        float(estimate.lci),
        float(estimate.uci),
        frame.height,
    )


def _sample(svy: Any, frame: pl.DataFrame, design: Design) -> Any:
    sample = svy.Sample(
        frame,
        svy.Design(
            stratum=design.stratum,
            wgt=design.weight,
            psu=design.cluster,
            pop_size=design.population,
        ),
    )
    if design.poststrata:
        ((column, totals),) = design.poststrata.items()
        sample = sample.weighting.poststratify(controls=dict(totals), cells=column)
    return (
        sample.weighting.rake(
            controls={name: dict(totals) for name, totals in design.margins.items()}
        )
        if design.margins
        else sample
    )


def shapley(frame: pl.DataFrame, y: str, drivers: list[str]) -> dict[str, float]:
    """Each driver's part of R-squared of a linear regression of `y`, averaged over all orders of
    entering (Lindeman, Merenda and Gold 1980). Rows with a gap are left out. A driver that is the
    same for all explains nothing: 0. Empty if there is nothing to explain (`y` is the same for all)
    or too few rows to tell (no more than drivers and one)."""
    columns = [pl.col(name).cast(pl.Float64) for name in (y, *drivers)]
    values = frame.select(columns).drop_nulls()
    constant = [name for name in values.columns if values[name].n_unique() < VARYING]
    moving = [name for name in drivers if name not in constant]
    if y in constant or values.height <= len(moving) + 1:
        return {}
    parts = _average_parts(values.select(y, *moving), moving)
    return {name: parts.get(name, 0.0) for name in drivers}


def _average_parts(values: pl.DataFrame, drivers: list[str]) -> dict[str, float]:
    """What each driver (they follow `y` in the columns) adds to R-squared, averaged."""
    if not drivers:
        return {}
    correlation = np.corrcoef(values.to_numpy(), rowvar=False)
    places = range(1, len(drivers) + 1)
    explained = {
        chosen: _r_squared(correlation, chosen)
        for size in range(len(drivers) + 1)
        for chosen in combinations(places, size)
    }
    weights = [
        factorial(size) * factorial(len(drivers) - size - 1) / factorial(len(drivers))
        for size in range(len(drivers))
    ]
    return {
        name: sum(
            weights[len(c)] * (explained[tuple(sorted((*c, place)))] - r)
            for c, r in explained.items()
            if place not in c
        )
        for place, name in zip(places, drivers, strict=True)
    }


def _r_squared(correlation: Any, chosen: tuple[int, ...]) -> float:
    with_y = correlation[0, list(chosen)]
    return (
        float(with_y @ np.linalg.lstsq(correlation[np.ix_(chosen, chosen)], with_y, rcond=None)[0])
        if chosen
        else 0.0
    )
