"""Survey statistics: design-based means and totals (through svy, equal to R survey) and the drivers of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Any, Literal

import numpy as np
import polars as pl

from genlib.errors import UsageError
from genlib.metrics.intervals import Estimate


def mean(frame: pl.DataFrame, column: str, *, level: float = 0.95, **design: Any) -> Estimate:
    """Weighted mean of a column. `design`: `weight`, `stratum`, `cluster`, `population` (columns; the last is the size for the finite population
    correction), and `poststrata` (one) or `margins` (several): known totals, {column: {value: total}}, to which weights are fitted."""
    return _estimate(frame, column, "mean", level, **design)


def total(frame: pl.DataFrame, column: str, *, level: float = 0.95, **design: Any) -> Estimate:
    """Weighted total of a column; `design` as for `mean`."""
    return _estimate(frame, column, "total", level, **design)


def _estimate(frame: pl.DataFrame, column: str, what: Literal["mean", "total"], level: float, **design: Any) -> Estimate:
    sample = _sample(frame, **design)
    found = getattr(sample.estimation, what)(column, alpha=1 - level).estimates[0]
    return Estimate(float(found.est), float(found.se), float(found.lci), float(found.uci), frame.height)


def _sample(
    frame: pl.DataFrame,
    *,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    population: str | None = None,
    poststrata: Mapping[str, Mapping[Any, float]] | None = None,
    margins: Mapping[str, Mapping[Any, float]] | None = None,
) -> Any:
    try:
        import svy
    except ModuleNotFoundError:
        raise UsageError("weighted figures need the part svy: pip install 'genlib[survey]'") from None
    sample = svy.Sample(frame, svy.Design(stratum=stratum, wgt=weight, psu=cluster, pop_size=population))
    if poststrata:
        ((column, totals),) = poststrata.items()
        sample = sample.weighting.poststratify(controls=dict(totals), cells=column)
    return sample.weighting.rake(controls={name: dict(totals) for name, totals in margins.items()}) if margins else sample


def shapley(frame: pl.DataFrame, y: str, drivers: list[str]) -> dict[str, float]:
    """Each driver's part of R-squared of a linear regression of `y`, averaged over all orders of entering (Lindeman, Merenda and Gold 1980)."""
    correlation = np.corrcoef(frame.select(y, *drivers).cast(pl.Float64).to_numpy(), rowvar=False)
    places = range(1, len(drivers) + 1)
    explained = {chosen: _r_squared(correlation, chosen) for size in range(len(drivers) + 1) for chosen in combinations(places, size)}
    weights = [factorial(size) * factorial(len(drivers) - size - 1) / factorial(len(drivers)) for size in range(len(drivers))]
    return {
        name: sum(weights[len(c)] * (explained[tuple(sorted((*c, place)))] - r) for c, r in explained.items() if place not in c)
        for place, name in zip(places, drivers, strict=True)
    }


def _r_squared(correlation: Any, chosen: tuple[int, ...]) -> float:
    with_y = correlation[0, list(chosen)]
    return float(with_y @ np.linalg.lstsq(correlation[np.ix_(chosen, chosen)], with_y, rcond=None)[0]) if chosen else 0.0


@dataclass(frozen=True)
class Given:
    """A figure of a model over many people, given and not derived from cells: one value for each value of a dimension, and one for the total.
    Null where the cell itself is hidden."""

    name: str
    dimension: str
    values: tuple[tuple[str, float], ...]
    total: float | None = None

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        value = pl.col(self.dimension).replace_strict(dict(self.values), default=self.total, return_dtype=pl.Float64)
        return frame.with_columns(pl.when(pl.col("people").is_not_null()).then(value).alias(self.name))
