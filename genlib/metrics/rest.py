"""What a report leaves: the others where it is narrowed to some customers, and the months of a
quarter or a year.

Nobody is shown it, but who has another report can work it out, so it is handed to door 2 with what
is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from genlib.disclosure.cells import Cells, Tables
from genlib.disclosure.keys import ASIDE
from genlib.disclosure.population import Population
from genlib.metrics.population import LOOK_BACK, OTHER_KIND, check_covered
from genlib.period import Period, months_between
from genlib.settings import publication

P = ParamSpec("P")
Metric = Callable[Concatenate[Tables, Period, P], Cells]


def narrowable(metric: Metric[P]) -> Metric[P]:
    """A metric whose cells come with those of the others, where it is narrowed to consumers,
    company contacts or a region."""
    return _resting(metric, lambda period, given: ((period, other) for other in others(given)))


def looking_back(metric: Metric[P]) -> Metric[P]:
    """A metric by steps of time: those of quarters and years come with those of months."""

    def months(period: Period, given: dict[str, Any]) -> Iterator[tuple[Period, dict[str, Any]]]:
        if period.length > 1:
            yield (
                period.months(1)[0],
                given | {"months": given.get("months") or LOOK_BACK[period.length]},
            )

    return _resting(metric, months)


def of_one_period(metric: Metric[P]) -> Metric[P]:
    """A metric of events within the period, or of one campaign whenever it was: a quarter or a year
    comes with each of its months."""

    def months(period: Period, given: dict[str, Any]) -> Iterator[tuple[Period, dict[str, Any]]]:
        if period.length > 1 and given.get("campaign", "all") == "all":
            count = months_between(period.start, period.last_day) + 1
            yield from ((month, given) for month in period.months(count))

    return _resting(metric, months)


def others(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same parameters for those whom they leave out, by kind and by region."""
    if (kind := given.get("kind", "all")) != "all":
        yield given | {"kind": OTHER_KIND[kind]}
    if (region := given.get("region", "all")) != "all":
        yield given | {"region": f"!{region}"}


def _aside(population: Population, then: Period) -> Population:
    return replace(population, what=f"{population.what} {ASIDE}{then.unit}")


def _resting(metric: Metric[P], rests: Callable[[Period, dict[str, Any]], Any]) -> Metric[P]:
    @wraps(metric)
    def told(release: Tables, period: Period, /, *args: P.args, **given: P.kwargs) -> Cells:
        check_covered(release, period)
        cells = metric(release, period, *args, **given)
        if publication() is None:
            return cells
        left = [metric(release, then, *args, **other) for then, other in rests(period, given)]
        apart = [
            replace(one, rest=(), population=_aside(one.population, then))
            for one, (then, _) in zip(left, rests(period, given), strict=True)
        ]
        return replace(
            cells, rest=(*cells.rest, *apart, *(more for one in left for more in one.rest))
        )

    return told
