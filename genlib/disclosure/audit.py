"""`intervals`: what anyone can work out from what is shown - an auditor that shares no code with
the search.

Example: of 3 + 9 = 12 the total alone is shown: each of the two lies between 0 and 12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from genlib.disclosure.pattern import Pattern

SCHEMA = {
    "respondent": pl.Int64,
    "variable": pl.Int64,
    "cell": pl.Int64,
    "low": pl.Float64,
    "high": pl.Float64,
}
TINY = 1e-6


def intervals(
    published: Pattern | Mapping[str, Any],
    *,
    alone: bool = False,
    known: Mapping[int, int] | None = None,
) -> pl.DataFrame:
    """The least and the greatest value of every hidden figure that agree with all that is published
    (`respondent` null).

    `published` is a `Pattern` or its `manifest()`, which holds nothing hidden; `known` adds figures
    (by variable) that the attacker knows. `alone` adds what each lone respondent of a `Pattern`,
    who knows his own, works out of figures that stand in a relation with his. `high` is infinite
    where nothing bounds it.
    """
    knowledge = dict(known or {})
    if isinstance(published, Mapping):
        places = _list_hidden(published, knowledge)
        return _collect(_find_bounds(published, places, None, knowledge))
    # nothing is taken to be seen that the pattern hides, even if it follows
    system = published.system
    open_ = published.structure(~system.hidden_variables(published.hidden))
    rows = list(_find_bounds(open_, _list_hidden(open_, knowledge), None, knowledge))
    for respondent in range(system.knows.shape[0] - 1 if alone else 0):
        variables = system.list_known(respondent).tolist()
        figures = knowledge | {variable: int(system.value[variable]) for variable in variables}
        places = _list_hidden(open_, figures) & _list_neighbours(open_, variables)
        rows += _find_bounds(open_, places, respondent, figures)
    return _collect(rows)


def exposed(published: Pattern | Mapping[str, Any]) -> pl.DataFrame:
    """The intervals that are too narrow for a need of their variable; empty if nobody can come too
    close to anyone. Of a manifest, which tells no needs: the hidden figures that can be worked out
    exactly."""
    width = pl.col("high") - pl.col("low")
    if isinstance(published, Mapping):
        return intervals(published).filter(width < 1)
    system = published.system
    needs = {
        "variable": system.need_variable,
        "move": system.need_move,
        "value": system.value[system.need_variable],
    }
    bounds = intervals(published, alone=True).join(pl.DataFrame(needs).unique(), on="variable")
    rise = pl.col("high") - pl.col("value")
    fall = pl.col("value") - pl.col("low")
    reach = pl.when(pl.col("move") > 0).then(rise).otherwise(fall)
    return bounds.filter(reach < pl.col("move").abs() - TINY)


def _collect(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def _list_hidden(open_: Mapping[str, Any], knowledge: Mapping[int, int]) -> set[int]:
    """The figures of cells that are neither published nor known."""
    hidden = [place for place, value in enumerate(open_["published"]) if value is None]
    return {place for place in hidden if place not in knowledge and open_["cell"][place] >= 0}


def _list_neighbours(open_: Mapping[str, Any], places: Iterable[int]) -> set[int]:
    """The figures that stand in a relation with these."""
    relation, variable, _ = (np.asarray(part, int) for part in open_["relations"])
    relations = relation[np.isin(variable, list(places))]
    return set(variable[np.isin(relation, relations)].tolist())


def _find_bounds(
    open_: Mapping[str, Any],
    places: Iterable[int],
    respondent: int | None,
    knowledge: Mapping[int, int],
) -> Iterator[tuple[Any, ...]]:
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    relation, variable, sign = (np.asarray(part, int) for part in open_["relations"])
    published = open_["published"]
    size = len(published)
    matrix = csr_array((sign, (relation, variable)), shape=(relation.max(initial=0) + 1, size))
    figures = {place: value for place, value in enumerate(published) if value is not None}
    figures |= knowledge
    spans = [(low, None) for low in open_["low"]]
    for place, value in figures.items():
        spans[place] = (value, value)
    for place in sorted(places):
        ends = []
        for direction in (1.0, -1.0):
            cost = np.zeros(size)
            cost[place] = direction
            right = np.zeros(matrix.shape[0])
            answer = linprog(cost, A_eq=matrix, b_eq=right, bounds=spans, method="highs")
            end = direction * answer.fun if answer.status == 0 else -direction * np.inf
            ends.append(round(end, 6))
        yield (respondent, place, open_["cell"][place], *ends)
