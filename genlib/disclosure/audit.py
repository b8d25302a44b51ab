"""`intervals`: what anyone can work out from what is shown - an auditor that shares no code with
the search.

Example: of 3 + 9 = 12 the total alone is shown: each of the two lies between 0 and 12.

>>> published = {
...     "cells": 3,
...     "hidden": [0, 1],
...     "cell": [0, 1, 2],
...     "low": [0, 0, 0],
...     "published": [None, None, 12],
...     "relations": [[0, 0, 0], [0, 1, 2], [1, 1, -1]],
... }
>>> intervals(published).select("variable", "low", "high").rows()
[(0, 0.0, 12.0), (1, 0.0, 12.0)]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from genlib.disclosure.pattern import Pattern
from genlib.disclosure.system import Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_array

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
        return _find_bounds(published, knowledge)
    # nothing is taken to be seen that the pattern hides, even if it follows
    system = published.system
    open_ = published.structure(~system.hidden_variables(published.hidden))
    bounds = [_find_bounds(open_, knowledge)]
    respondents = system.knows.shape[0] - 1 if alone else 0
    for respondent in range(respondents):
        variables = system.list_known(respondent)
        own = dict(zip(variables.tolist(), system.value[variables].tolist(), strict=True))
        of_respondent = _find_bounds(open_, knowledge | own, variables)
        bounds.append(of_respondent.with_columns(respondent=pl.lit(respondent, pl.Int64)))
    return pl.concat(bounds)


def exposed(published: Pattern | Mapping[str, Any]) -> pl.DataFrame:
    """The intervals that are too narrow for a need of their variable; empty if nobody can come too
    close to anyone. Of a manifest, which tells no needs: the hidden figures that can be worked out
    exactly.

    The 3 must be able to rise by 2. It can where the 9 is hidden too; by itself it is exposed:

    >>> from dataclasses import replace
    >>> from genlib.disclosure.search import suppress
    >>> from genlib.disclosure.system import make_total
    >>> system = make_total(3, 9, need_variable=[0], need_move=[2])
    >>> pattern = suppress(system)
    >>> exposed(pattern).height
    0
    >>> exposed(replace(pattern, hidden=np.array([True, False, False])))["variable"].to_list()
    [0]
    """
    if isinstance(published, Mapping):
        width = pl.col("high") - pl.col("low")
        return intervals(published).filter(width < 1)
    system = published.system
    needs = pl.DataFrame(
        {
            "variable": system.need_variable,
            "move": system.need_move,
            "value": system.value[system.need_variable],
        }
    )
    bounds = intervals(published, alone=True).join(needs.unique(), on="variable")
    rise = pl.col("high") - pl.col("value")
    fall = pl.col("value") - pl.col("low")
    reach = pl.when(pl.col("move") > 0).then(rise).otherwise(fall)
    return bounds.filter(reach < pl.col("move").abs() - TINY)


def _find_bounds(
    open_: Mapping[str, Any], knowledge: Mapping[int, int], near: Ints | None = None
) -> pl.DataFrame:
    """The bounds of the figures of cells that are neither published nor in this knowledge; of
    those alone that stand in a relation `near` these.

    Of two parts of 4 the first is known to be 3:

    >>> open_ = {"published": [None, None, 4], "cell": [0, 1, 2], "low": [0, 0, 0]}
    >>> open_ |= {"relations": [[0, 0, 0], [0, 1, 2], [1, 1, -1]]}
    >>> _find_bounds(open_, {0: 3}).select("variable", "low", "high").rows()
    [(1, 1.0, 1.0)]
    """
    matrix = _make_matrix(open_)
    known = np.array(open_["published"], float)
    known[list(knowledge)] = list(knowledge.values())
    is_known = ~np.isnan(known)
    low = np.where(is_known, known, open_["low"])
    high = np.where(is_known, known, np.inf)
    is_asked = ~is_known & (np.asarray(open_["cell"], int) >= 0)
    if near is not None:
        entries = abs(matrix)
        is_asked &= entries.T @ entries[:, near].sum(axis=1) > 0
    places = np.flatnonzero(is_asked).tolist()
    spans = np.column_stack([low, high])
    return pl.DataFrame(
        {
            "respondent": [None] * len(places),
            "variable": places,
            "cell": [open_["cell"][place] for place in places],
            "low": [_find_end(matrix, spans, place, 1.0) for place in places],
            "high": [_find_end(matrix, spans, place, -1.0) for place in places],
        },
        schema=SCHEMA,
    )


def _make_matrix(open_: Mapping[str, Any]) -> csr_array:
    """The relations, a row each."""
    from scipy.sparse import csr_array

    relation, variable, sign = (np.asarray(part, int) for part in open_["relations"])
    shape = (relation.max(initial=0) + 1, len(open_["published"]))
    return csr_array((sign, (relation, variable)), shape=shape)


def _find_end(matrix: csr_array, spans: Floats, place: int, direction: float) -> float:
    """The least value of a figure (`direction` 1), or the greatest (-1).

    Each of two parts of 12 lies between 0 and 12:

    >>> from scipy.sparse import csr_array
    >>> spans = np.array([[0, np.inf], [0, np.inf], [12, 12]])
    >>> total = csr_array([[1, 1, -1]])
    >>> _find_end(total, spans, 0, 1.0), _find_end(total, spans, 0, -1.0)
    (0.0, 12.0)
    """
    from scipy.optimize import linprog

    cost = np.zeros(len(spans))
    cost[place] = direction
    relations = np.zeros(matrix.shape[0])
    answer = linprog(cost, A_eq=matrix, b_eq=relations, bounds=spans, method="highs")
    end = direction * answer.fun if answer.status == 0 else -direction * np.inf
    return round(end, 6)
