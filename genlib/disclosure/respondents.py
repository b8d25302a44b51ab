"""Lone respondents: whoever stands alone in a cell knows his own figures, and so more than anybody
else.

Example: of 40 customers of a village one is a company. It knows what it paid, so whatever else is
hidden in a sum with that must stay unsure in its eyes too.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from genlib.disclosure.system import Bools, Ints, components


def list_lone(figures: pl.DataFrame, links: pl.DataFrame) -> tuple[Ints, Ints]:
    """What each person who stands alone knows, as pairs of a number of his and a variable: all
    figures of his cell, or the one figure that only he contributed to - in a part and in the
    whole that is the same people.

    `figures`: one row a variable (`same`), in their order; `links`: which is `part` of which
    `whole`. Variable 0 is of one person, 1 is the sum that he alone has a part in, 2 of others:

    >>> figures = pl.DataFrame(
    ...     {
    ...         "same": [0, 1, 2],
    ...         "_label": [0, 1, 2],
    ...         "value": [7, 7, 9],
    ...         "people": [1, 6, 8],
    ...         "contributors": [1, 1, 8],
    ...         "virtual": [False, False, False],
    ...     }
    ... )
    >>> links = pl.DataFrame({"part": [0, 2], "whole": [1, 1]})
    >>> [numbers.tolist() for numbers in list_lone(figures, links)]
    [[0, 0], [0, 1]]
    """
    with_lone = figures.with_columns(
        alone=(pl.col("people") == 1).any().over("_label"),
        first=pl.col("same").first().over("_label"),
    )
    is_by_one = pl.col("alone") | (pl.col("contributors") == 1)
    owned = with_lone.filter(~pl.col("virtual"), is_by_one)
    in_cell = owned.filter("alone").select(part="same", whole="first")
    in_whole = _list_equal(figures, links, owned["same"])
    part, whole = pl.concat([in_cell, in_whole]).to_numpy().T
    labels = components(figures.height, part, whole)
    variables = owned["same"].to_numpy()
    respondents = np.unique(labels[variables], return_inverse=True)[1]
    return respondents, variables


def _list_equal(figures: pl.DataFrame, links: pl.DataFrame, owned: pl.Series) -> pl.DataFrame:
    """The links of two of one person's figures of the same value: the part is all of the whole."""
    values = pl.lit(figures["value"])
    is_equal = values.gather("part") == values.gather("whole")
    are_owned = pl.col("part", "whole").is_in(owned.implode())
    return links.filter(is_equal, are_owned).select("part", "whole")


def list_excused(figures: pl.DataFrame, links: pl.DataFrame) -> Ints:
    """The parts of a sum of money that are its largest contribution, and the sums. Whoever
    brought that asks nothing of the sum: what the others brought is protected where it stands.

    Of 921 euros 810 are one person's; the other 111 are told, of five people, so he learns nothing
    new:

    >>> figures = pl.DataFrame(
    ...     {"kind": ["money"] * 3, "value": [810, 111, 921], "first": [810, 40, 810]}
    ... )
    >>> list_excused(figures, pl.DataFrame({"part": [0, 1], "whole": [2, 2]})).tolist()
    [[0], [2]]
    """
    part, whole = links.select("part", "whole").to_numpy().T
    is_money = figures["kind"].to_numpy()[whole] == "money"
    first = figures["first"].to_numpy()[whole]
    is_largest = np.abs(figures["value"].to_numpy()[part]) == first
    is_excused: Bools = is_money & is_largest
    return np.stack([part[is_excused], whole[is_excused]])
