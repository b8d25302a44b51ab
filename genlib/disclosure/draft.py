"""A system in the making: the figures are its first variables, then come differences that nobody
shows but that tell of people all the same.

Example: 6 had e-mail and 5 a text message, 9 in all. So 2 had both: a fourth variable, and the
relation 6 + 5 - 9 - 2 = 0. Two are too few, so they must be free to rise by 3 and to fall by 1.

>>> figures = pl.DataFrame(
...     {
...         "same": [0, 1, 2],
...         "_label": [0, 1, 2],
...         "_cell": [0, 1, 2],
...         "measure": ["people", "people", "people"],
...         "kind": ["people", "people", "people"],
...         "value": [6, 5, 9],
...         "people": [6, 5, 9],
...         "contributors": [6, 5, 9],
...         "first": [0, 0, 0],
...         "rest": [0, 0, 0],
...         "dear": [1.0, 1.0, 1.0],
...         "up": [0, 0, 0],
...         "down": [0, 0, 0],
...         "reason": [None, None, None],
...         "virtual": [False, False, False],
...     },
...     schema_overrides={"reason": pl.String},
... )
>>> links = pl.DataFrame(
...     {
...         "part": [0, 1],
...         "whole": [2, 2],
...         "relation": [0, 0],
...         "gap": [2, 2],
...         "least": [2, 2],
...         "most": [2, 2],
...         "is_exact": [False, False],
...         "kind": ["people", "people"],
...         "virtual_parent": [False, False],
...     }
... )
>>> draft = Draft(figures, links, least=5)
>>> draft.add_sums()
>>> system = draft.make_system()
>>> system.value.tolist()
[6, 5, 9, 2, 3, 4]
>>> system.matrix.toarray()[0].tolist()
[1, 1, -1, -1, 0, 0]
>>> system.need_variable.tolist(), system.need_move.tolist()
([3, 3], [3, -1])

The last two variables are 9 - 6 and 9 - 5: no part is larger than the whole.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from genlib.disclosure.respondents import list_excused, list_lone
from genlib.disclosure.system import ANY_SIGN, Ints, System, make_system

ENTRY = pl.Schema({"row": pl.Int64, "variable": pl.Int64, "sign": pl.Int64})
IS_TOLD = ~pl.col("virtual")


class Draft:
    """The `variables`, the `entries` of the matrix, and how many `relations` there are so far.

    `figures`: one row a variable, in the order of their numbers `same`. `links`: which of them is
    `part` of which `whole`. A difference of fewer than `least` people must not be told.
    """

    def __init__(self, figures: pl.DataFrame, links: pl.DataFrame, least: int) -> None:
        self.figures = figures
        self.links = links
        self.least = least
        self.variables = _list_variables(figures)
        self.entries = [pl.DataFrame(schema=ENTRY)]
        self.relations = 0

    def add_sums(self) -> None:
        """The margins: exact where parts add up, else what is known of overlapping groups: the
        largest part <= the whole <= the sum of the parts.

        Example: 6 by e-mail, 5 by text message, 9 in all. The sum is 2 over, which is a variable;
        and 9 - 6 = 3 and 9 - 5 = 4 are variables, for no part is larger than the whole.
        """
        is_exact = pl.col("is_exact")
        is_overlapping = ~is_exact & (pl.col("kind") == "people") & ~pl.col("virtual_parent")
        exceeds = pl.col("least") >= 0
        falls_short = pl.col("most") <= 0
        overlapping = self.links.filter(is_overlapping)
        self._add_sum(self.links.filter(is_exact), 0)
        self._add_sum(overlapping.filter(exceeds), -1)
        self._add_sum(overlapping.filter(falls_short), 1)
        pairs = overlapping.filter(exceeds | ~falls_short)
        needless = pairs.select("whole", "part", cell=-1, up=0, down=0)
        self.add_rests(self.measure_rests(needless))

    def _add_sum(self, links: pl.DataFrame, slack: int) -> None:
        """Relations of parts and wholes; with a `slack` a new variable, of this sign, for those who
        stand in several parts or in none."""
        row = pl.col("relation").rank("dense").cast(pl.Int64) - 1 + self.relations
        parts = links.with_columns(row=row)
        wholes = parts.unique("row", keep="first").sort("row")
        self._enter(parts.select("row", variable="part", sign=1))
        self._enter(wholes.select("row", variable="whole", sign=-1))
        self.relations += wholes.height
        if slack:
            others = wholes.select("row", value=-slack * pl.col("gap"), cell=-1)
            self._add_variables(free_few(others, self.least), slack)

    def add_rests(self, rests: pl.DataFrame) -> None:
        """One new variable for each `whole` without its `part`, of a `value` >= 0, that is shown
        with its `cell` and must be free to move `up` and `down`."""
        row = pl.int_range(pl.len()) + self.relations
        rows = rests.with_columns(row=row)
        self.relations += rests.height
        self._enter(rows.select("row", variable="whole", sign=1))
        self._enter(rows.select("row", variable="part", sign=-1))
        self._add_variables(rows, -1)

    def measure_rests(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Pairs of a `whole` and a `part` with the `value` of the whole without the part, where it
        is not under zero."""
        whole = self.look_up("value", "whole")
        part = self.look_up("value", "part")
        return pairs.with_columns(value=whole - part).filter(pl.col("value") >= 0)

    def look_up(self, column: str, end: str) -> pl.Expr:
        """What a column of the variables says of those at one end of a link."""
        return pl.lit(self.variables[column]).gather(end)

    def _enter(self, entries: pl.DataFrame) -> None:
        self.entries.append(entries.cast(ENTRY))

    def _add_variables(self, rows: pl.DataFrame, sign: int) -> None:
        """A new variable in each of these rows."""
        number = pl.int_range(pl.len()) + self.variables.height
        self._enter(rows.select("row", variable=number, sign=sign))
        is_needy = (pl.col("up") > 0) | (pl.col("down") > 0)
        reason = pl.when(is_needy).then(pl.lit("primary")).otherwise(pl.lit(""))
        added = rows.with_columns(low=0, reason=reason)
        schema = self.variables.schema
        new = added.select(schema.keys()).cast(schema)
        self.variables = pl.concat([self.variables, new])

    def list_reasons(self) -> list[str]:
        """The gravest reason of each cell: `primary` before `dominance` before none, as in the
        alphabet; of a difference that is too small it is `primary`."""
        cells = self.variables.filter(pl.col("cell") >= 0).group_by("cell")
        gravest = cells.agg(pl.col("reason").max())
        return gravest.sort("cell")["reason"].to_list()

    def list_told(self) -> pl.DataFrame:
        """The figures that are told, with their `variable`."""
        columns = ["_label", "_cell", "measure", "kind", "value", "contributors"]
        return self.figures.filter(IS_TOLD).select(*columns, variable="same")

    def make_system(self) -> System:
        """The system of all that was added."""
        virtual = self.figures.filter("virtual")["same"]
        entries = _drop_idle(pl.concat(self.entries), virtual)
        needs = self._list_needs()
        respondents, variables = list_lone(self.figures, self.links)
        return make_system(
            value=self._take("value"),
            low=self._take("low"),
            cell=self._take("cell"),
            weight=self._weigh_cells(),
            relation=entries["row"],
            variable=entries["variable"],
            sign=entries["sign"],
            need_variable=needs["variable"],
            need_move=needs["move"],
            alone_scenario=respondents,
            alone_variable=variables,
            excused=list_excused(self.figures, self.links),
        )

    def _list_needs(self) -> pl.DataFrame:
        """Each variable with each way that it must be free to `move`: down is below zero."""
        numbered = self.variables.with_row_index("variable")
        ways = [
            numbered.select("variable", move="up"),
            numbered.select("variable", move=-pl.col("down")),
        ]
        return pl.concat(ways).filter(pl.col("move") != 0)

    def _weigh_cells(self) -> pl.Series:
        """What it costs to hide each cell: more people are dearer, but ten times as many are not
        ten times as dear."""
        shown = self.figures.filter(pl.col("_cell") >= 0)
        cells = shown.group_by("_cell").agg(pl.col("people", "dear").max()).sort("_cell")
        weights: pl.Series = cells["dear"] * (np.log1p(cells["people"].to_numpy()) + 1)
        return weights

    def _take(self, column: str) -> Ints:
        numbers: Ints = self.variables[column].to_numpy().astype(np.int64)
        return numbers


def _list_variables(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures as variables; what no table shows needs nothing for its own sake. A balance may
    be below zero, and money of which some is less than the sizes of its parts: there were refunds.

    Example: 90 euros, of which the largest part was 100 and the others 10 in all: 10 went back.
    """
    is_below = (pl.col("value") < pl.col("first") + pl.col("rest")).any().over("measure")
    is_signed = (pl.col("kind") == "balance") | ((pl.col("kind") == "money") & is_below)
    return figures.select(
        "value",
        reason=pl.when(IS_TOLD).then("reason").fill_null(""),
        low=pl.when(is_signed).then(ANY_SIGN).otherwise(0),
        cell="_cell",
        up=pl.when(IS_TOLD).then("up").otherwise(0),
        down=pl.when(IS_TOLD).then("down").otherwise(0),
    )


def free_few(rests: pl.DataFrame, least: int) -> pl.DataFrame:
    """The rests with how far `up` and `down` each must be free to move: few people up to enough,
    and down by one.

    >>> free_few(pl.DataFrame({"value": [0, 2, 5]}), 5).rows()
    [(0, 0, 0), (2, 3, 1), (5, 0, 0)]
    """
    people = pl.col("value")
    is_few = (people > 0) & (people < least)
    return rests.with_columns(
        up=pl.when(is_few).then(least - people).otherwise(0),
        down=is_few.cast(pl.Int64),
    )


def _drop_idle(entries: pl.DataFrame, virtual: pl.Series) -> pl.DataFrame:
    """Without the relations that only say what a sum would be that nobody shows (`virtual`) and
    nothing else uses, numbered anew.

    Of the relations 0 + 1 = 2 and 3 + 4 = 2, where nobody shows 4, the second tells nothing:

    >>> row, variable, sign = [0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 2], [1, 1, -1, 1, 1, -1]
    >>> entries = pl.DataFrame({"row": row, "variable": variable, "sign": sign})
    >>> _drop_idle(entries, pl.Series([4])).rows()
    [(0, 0, 1), (0, 1, 1), (0, 2, -1)]
    """
    is_single = pl.len().over("variable") == 1
    is_idle = is_single & pl.col("variable").is_in(virtual.implode())
    idle = entries.filter(is_idle)["row"]
    while not idle.is_empty():
        entries = entries.filter(~pl.col("row").is_in(idle.implode()))
        idle = entries.filter(is_idle)["row"]
    row = pl.col("row").rank("dense").cast(pl.Int64) - 1
    return entries.with_columns(row=row)
