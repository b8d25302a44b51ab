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

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from genlib.disclosure.pattern import Pattern

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
Span = tuple[int, int | None]
"""What anyone knows that a figure lies between."""


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
    respondents = system.knows.shape[0] - 1 if alone else 0
    for respondent in range(respondents):
        variables = system.list_known(respondent).tolist()
        figures = knowledge | {variable: int(system.value[variable]) for variable in variables}
        places = _list_hidden(open_, figures) & _list_neighbours(open_, variables)
        rows += _find_bounds(open_, places, respondent, figures)
    return _collect(rows)


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


def _collect(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def _list_hidden(open_: Mapping[str, Any], knowledge: Mapping[int, int]) -> set[int]:
    """The figures of cells that are neither published nor known.

    >>> structure = {"published": [None, 4, None, None], "cell": [0, 1, 2, -1]}
    >>> _list_hidden(structure, {2: 7})
    {0}
    """
    hidden = set()
    for place, value in enumerate(open_["published"]):
        is_told = value is not None or place in knowledge
        if not is_told and open_["cell"][place] >= 0:
            hidden.add(place)
    return hidden


def _list_neighbours(open_: Mapping[str, Any], places: Iterable[int]) -> set[int]:
    """The figures that stand in a relation with these, and they themselves.

    Of 0 + 1 = 2 and 3 + 4 = 2 the 0 stands in the first:

    >>> sorted(_list_neighbours({"relations": [[0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 2], []]}, [0]))
    [0, 1, 2]
    """
    relation = np.asarray(open_["relations"][0], int)
    variable = np.asarray(open_["relations"][1], int)
    relations = relation[np.isin(variable, list(places))]
    return set(variable[np.isin(relation, relations)].tolist())


def _find_bounds(
    open_: Mapping[str, Any],
    places: Iterable[int],
    respondent: int | None,
    knowledge: Mapping[int, int],
) -> Iterator[tuple[Any, ...]]:
    """A row of `SCHEMA` for each of these figures."""
    matrix = _make_matrix(open_)
    spans = _list_spans(open_, knowledge)
    for place in sorted(places):
        low = _find_end(matrix, spans, place, 1.0)
        high = _find_end(matrix, spans, place, -1.0)
        yield (respondent, place, open_["cell"][place], low, high)


def _make_matrix(open_: Mapping[str, Any]) -> csr_array:
    """The relations, a row each."""
    from scipy.sparse import csr_array

    relation, variable, sign = (np.asarray(part, int) for part in open_["relations"])
    shape = (relation.max(initial=0) + 1, len(open_["published"]))
    return csr_array((sign, (relation, variable)), shape=shape)


def _list_spans(open_: Mapping[str, Any], knowledge: Mapping[int, int]) -> list[Span]:
    """Between what each figure lies at first: what is published or known is what it is.

    >>> _list_spans({"published": [None, 4, None], "low": [0, 0, -9]}, {2: 7})
    [(0, None), (4, 4), (7, 7)]
    """
    spans: list[Span] = [(low, None) for low in open_["low"]]
    for place, value in enumerate(open_["published"]):
        if value is not None:
            spans[place] = (value, value)
    for place, value in knowledge.items():
        spans[place] = (value, value)
    return spans


def _find_end(matrix: csr_array, spans: list[Span], place: int, direction: float) -> float:
    """The least value of a figure (`direction` 1), or the greatest (-1)."""
    from scipy.optimize import linprog

    cost = np.zeros(len(spans))
    cost[place] = direction
    answer = linprog(
        cost,
        A_eq=matrix,
        b_eq=np.zeros(matrix.shape[0]),
        bounds=spans,
        method="highs",
    )
    end = direction * answer.fun if answer.status == 0 else -direction * np.inf
    return round(end, 6)
