"""`intervals`: what anyone can work out from what is shown - an auditor that shares no code with
the search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from genlib.disclosure.pattern import Pattern

SCHEMA = {
    "respondent": pl.Int64,
    "variable": pl.Int64,
    "cell": pl.Int64,
    "name": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
}


def intervals(
    published: Pattern | Mapping[str, Any],
    *,
    alone: bool = False,
    known: Mapping[int, int] | None = None,
) -> pl.DataFrame:
    """The least and the greatest value of every hidden figure that agree with all that is published
    (`respondent` null).

    `published` is a `Pattern` or its `manifest()`, which holds nothing hidden; `known` adds figures
    (by variable) that the attacker knows. `alone` repeats it in the eyes of each lone respondent of
    a `Pattern`, who knows his own. `high` is infinite where nothing bounds it.
    """
    open_ = _all_hidden(published) if isinstance(published, Pattern) else published
    rows = list(_bounds(open_, None, known or {}))
    if alone and isinstance(published, Pattern):
        system = published.system
        for respondent in np.unique(system.alone_scenario):
            variables = system.alone_variable[system.alone_scenario == respondent].tolist()
            knowledge = {variable: int(system.value[variable]) for variable in variables}
            rows += _bounds(open_, int(respondent), knowledge | dict(known or {}))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def exposed(published: Pattern | Mapping[str, Any]) -> pl.DataFrame:
    """The intervals that are too narrow for a need of their variable; empty if nobody can come too
    close to anyone. Of a manifest, which tells no needs: the hidden figures that can be worked out
    exactly."""
    if not isinstance(published, Pattern):
        return intervals(published).filter(pl.col("high") - pl.col("low") < 1)
    pattern = published
    system = pattern.system
    needs = pl.DataFrame(
        {
            "variable": system.need_variable,
            "move": system.need_move,
            "value": system.value[system.need_variable],
        }
    )
    bounds = intervals(pattern, alone=True).join(needs, on="variable")
    reach = (
        pl.when(pl.col("move") > 0)
        .then(pl.col("high") - pl.col("value"))
        .otherwise(pl.col("value") - pl.col("low"))
    )
    near = {(int(s), int(v)) for s, v in zip(*_neighbours(pattern), strict=True)}
    short = bounds.filter(reach < pl.col("move").abs() - 1e-6)
    seen = [
        who is None or (who, variable) in near
        for who, variable in short.select("respondent", "variable").rows()
    ]
    return short.filter(pl.Series(seen, dtype=pl.Boolean))


def _all_hidden(pattern: Pattern) -> dict[str, Any]:
    """Nothing is taken to be seen that the pattern hides, even if it follows: what follows is for
    the auditor to find."""
    return pattern.structure(~pattern.system.hidden_variables(pattern.hidden))


def _neighbours(pattern: Pattern) -> tuple[Any, Any]:
    """Lone respondents and the variables of others that share a relation with theirs."""
    system = pattern.system
    relations: dict[int, set[int]] = {}
    for relation, variable in zip(system.relation.tolist(), system.variable.tolist(), strict=True):
        relations.setdefault(relation, set()).add(variable)
    pairs: set[tuple[int, int]] = set()
    for respondent in np.unique(system.alone_scenario).tolist():
        is_his = system.alone_scenario == respondent
        variables = set(system.alone_variable[is_his].tolist())
        shared = [together for together in relations.values() if together & variables]
        others = set().union(*shared) - variables
        pairs |= {(respondent, other) for other in others}
    return ([respondent for respondent, _ in pairs], [other for _, other in pairs])


def _bounds(
    open_: Mapping[str, Any], respondent: int | None, knowledge: Mapping[int, int]
) -> Iterable[tuple[Any, ...]]:
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    relation, variable, sign = (np.asarray(part, np.int64) for part in open_["relations"])
    published = open_["published"]
    figures = {place: value for place, value in enumerate(published) if value is not None}
    figures |= knowledge
    size = len(published)
    names = open_["names"] or [""] * size
    shape = (int(relation.max(initial=-1)) + 1, size)
    matrix = csr_array((sign.astype(float), (relation, variable)), shape=shape)
    bounds = [
        (figures[place],) * 2 if place in figures else (low, None)
        for place, low in enumerate(open_["low"])
    ]
    constraints = {"A_eq": matrix, "b_eq": np.zeros(matrix.shape[0])} if matrix.shape[0] else {}
    for place in (
        place for place in range(size) if place not in figures and open_["cell"][place] >= 0
    ):
        ends = []
        for direction in (1.0, -1.0):
            cost = np.zeros(size)
            cost[place] = direction
            answer = linprog(cost, bounds=bounds, method="highs", **constraints)
            ends.append(direction * answer.fun if answer.status == 0 else np.inf * -direction)
        yield (
            respondent,
            place,
            open_["cell"][place],
            names[place],
            *(round(end, 6) for end in ends),
        )
