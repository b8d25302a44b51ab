"""The arrays of a `System`: relations with their signs, one variable for cells that are always
equal, needs and lone respondents.

Example: 10 customers, 7 in the south and 3 in the north, are variables 10, 7 and 3 with one
relation 7 + 3 - 10 = 0. If 8 of them answered, the 2 who did not are a fourth variable: 10 - 8 - 2
= 0, which nobody shows and which must stay unsure all the same.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from genlib.disclosure.policy import Policy
from genlib.disclosure.system import ANY_SIGN, Bools, Ints, System, components, make_system
from genlib.errors import UsageError

Assembled = tuple[System, pl.DataFrame, list[str], pl.DataFrame]
"""The system, the group and the cell of every key (`_key`, `_label`, `_cell`), each cell's own
reason ("" = safe in itself), and the figures as variables."""


def assemble(figures: pl.DataFrame, links: pl.DataFrame, policy: Policy) -> Assembled:
    """All of a report as one system."""
    _check_sums(links)
    keys = _unite(figures, links)
    same = pl.struct("_label", "measure").rank("dense").cast(pl.Int64) - 1
    placed = figures.join(keys, on="_key").with_columns(same=same)
    draft = Draft(placed.unique("same", keep="first").sort("same"), policy.min_count)
    draft.add_sums(_rename_ends(links, placed))
    draft.add_rests(_list_groups(draft))
    draft.add_rests(_list_complements(draft))
    columns = ("_label", "_cell", "measure", "kind", "value", "contributors")
    variables = draft.figures.filter(~pl.col("virtual")).select(*columns, variable="same")
    places = keys.filter("told").select("_key", "_label", "_cell")
    return draft.make_system(), places, draft.list_reasons(), variables


def _check_sums(links: pl.DataFrame) -> None:
    """UsageError for a total that is not the sum of its parts, though its measure should add up."""
    is_off = (pl.col("least") != 0) | (pl.col("most") != 0)
    is_sum = (pl.col("kind") != "people") & pl.col("additive")
    if links.filter(is_off & is_sum).height:
        raise UsageError(
            "a total differs from the sum of its parts: mark the measure additive=False"
        )


def _unite(figures: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """`_label` of every key - a parent with a single child is that child - and its `_cell`, -1 if
    it is not shown; whether it is `told` in a table, be it shown or not."""
    by_key = figures.group_by("_key", maintain_order=True)
    keys = by_key.agg(pl.col("virtual").all(), pl.col("shown").any()).with_row_index("_node")
    is_only_child = (pl.col("children") == 1) & (pl.col("gap") == 0)
    only = links.filter(is_only_child & (pl.col("kind") == "people"))
    nodes = keys.select("_key", "_node")
    pairs = only.join(nodes, left_on="parent", right_on="_key")
    pairs = pairs.join(nodes, left_on="child", right_on="_key", suffix="_child")
    labels = components(keys.height, *pairs.select("_node", "_node_child").to_numpy().T)
    keys = keys.with_columns(_label=pl.Series(labels))
    cells = keys.filter("shown").select(pl.col("_label").unique().sort()).with_row_index("_cell")
    is_told = (~pl.col("virtual")).any().over("_label")
    cell = pl.col("_cell").cast(pl.Int64).fill_null(-1)
    placed = keys.join(cells, on="_label", how="left", maintain_order="left")
    return placed.select("_key", "_label", cell, told=is_told)


def _rename_ends(links: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """The links between the variables that are left: `whole` and `part`."""
    wholes = figures.select("same", variable_parent="variable")
    parts = figures.select("same", "variable")
    renamed = links.join(wholes.rename({"same": "whole"}), on="variable_parent")
    renamed = renamed.join(parts.rename({"same": "part"}), on="variable")
    return renamed.filter(pl.col("whole") != pl.col("part"))


class Draft:
    """A system in the making: the variables of the figures first, then those that stand for
    differences nobody shows, which are of `least` people or more if they are not to be hidden."""

    def __init__(self, figures: pl.DataFrame, least: int) -> None:
        self.figures = figures
        self.least = least
        is_below = (pl.col("value") < pl.col("first") + pl.col("rest")).any().over("measure")
        is_signed = (pl.col("kind") == "money") & is_below
        is_told = ~pl.col("virtual")
        self.variables = figures.select(
            "value",
            pl.when(is_told).then("reason").fill_null("").alias("reason"),
            low=pl.when(is_signed).then(ANY_SIGN).otherwise(0),
            cell="_cell",
            up=pl.when(is_told).then("up").otherwise(0),
            down=pl.when(is_told).then("down").otherwise(0),
        )
        self.entries = [pl.DataFrame(schema=ENTRY)]
        self.relations = 0

    def add_sums(self, links: pl.DataFrame) -> None:
        """The margins: exact where parts add up, else what is known of overlapping groups (max of
        parts <= whole <= sum of parts); then those who stand in several parts are a group too."""
        self.links = links
        is_exact = (pl.col("least") == 0) & (pl.col("most") == 0)
        is_loose = ~is_exact & (pl.col("kind") == "people") & ~pl.col("virtual_parent")
        loose = links.filter(is_loose)
        self._add_sum(links.filter(is_exact), 0)
        self._add_sum(loose.filter(pl.col("least") >= 0), -1)
        self._add_sum(loose.filter(pl.col("most") <= 0), 1)
        under = loose.filter((pl.col("least") >= 0) | (pl.col("most") > 0))
        self.add_rests(self.measure_rests(under.select("whole", "part", cell=-1, up=0, down=0)))

    def _add_sum(self, links: pl.DataFrame, slack: int) -> None:
        """Relations of parts and wholes, with a new variable for those who stand in several parts,
        if there are such."""
        row = pl.col("relation").rank("dense").cast(pl.Int64) - 1 + self.relations
        sums = links.with_columns(row=row)
        wholes = sums.unique("row", keep="first").sort("row")
        self._enter(sums.select("row", variable="part", sign=1))
        self._enter(wholes.select("row", variable="whole", sign=-1))
        self.relations += wholes.height
        if slack:
            value = -slack * pl.col("gap")
            up, down = self.free(value)
            several = wholes.select("row", value=value, cell=-1, up=up, down=down)
            self._grow(several, slack)

    def add_rests(self, rests: pl.DataFrame) -> None:
        """One new variable for each `whole` without its `part`, of a `value` >= 0, that is shown
        with its `cell` and must be free to move `up` and `down`."""
        rows = rests.with_columns(row=pl.int_range(pl.len()) + self.relations)
        self.relations += rests.height
        self._enter(rows.select("row", variable="whole", sign=1))
        self._enter(rows.select("row", variable="part", sign=-1))
        self._grow(rows, -1)

    def measure_rests(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Pairs of a `whole` and a `part` with the `value` of the whole without the part, where it
        is not under zero."""
        values = pl.lit(self.variables["value"])
        sizes = pairs.with_columns(value=values.gather("whole") - values.gather("part"))
        return sizes.filter(pl.col("value") >= 0)

    def free(self, people: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
        """How far up and down each count of people must be free to move: a small one up to enough,
        and down by one."""
        is_few = (people > 0) & (people < self.least)
        return pl.when(is_few).then(self.least - people).otherwise(0), is_few.cast(pl.Int64)

    def _enter(self, entries: pl.DataFrame) -> None:
        self.entries.append(entries.cast(ENTRY))  # type: ignore[arg-type]

    def _grow(self, rows: pl.DataFrame, sign: int) -> None:
        """A new variable in each of these rows."""
        number = pl.int_range(pl.len()) + self.variables.height
        self._enter(rows.select("row", variable=number, sign=sign))
        is_needy = (pl.col("up") > 0) | (pl.col("down") > 0)
        reason = pl.when(is_needy).then(pl.lit("primary")).otherwise(pl.lit(""))
        new = rows.select("value", "cell", "up", "down", low=0, reason=reason)
        columns = self.variables.schema
        self.variables = pl.concat([self.variables, new.select(columns.keys()).cast(columns)])

    def make_system(self) -> System:
        virtual = self.figures.filter("virtual")["same"]
        entries = _drop_idle(pl.concat(self.entries), virtual)
        numbered = self.variables.with_row_index("variable")
        moves = [numbered.select("variable", move=move) for move in (pl.col("up"), -pl.col("down"))]
        needs = pl.concat(moves).filter(pl.col("move") != 0)
        shown = self.figures.filter(pl.col("_cell") >= 0)
        cells = shown.group_by("_cell").agg(pl.col("people", "dear").max()).sort("_cell")
        respondents, variables = self._list_lone()
        pairs = self.links.select("part", "whole").to_numpy().T
        excused = pairs[:, self._is_largest(*pairs)]
        return make_system(
            value=self._take("value"),
            low=self._take("low"),
            cell=self._take("cell"),
            weight=cells["dear"].to_numpy() * (np.log1p(cells["people"].to_numpy()) + 1),
            relation=entries["row"],
            variable=entries["variable"],
            sign=entries["sign"],
            need_variable=needs["variable"],
            need_move=needs["move"],
            alone_scenario=respondents,
            alone_variable=variables,
            excused=excused,
        )

    def _is_largest(self, part: Ints, whole: Ints) -> Bools:
        """Whether a part of a sum of money is its largest contribution. Whoever brought that asks
        nothing of the sum: what the others brought is protected where it stands. Of 921 euros 810
        are one person's; the other 111 are told, of five people, so he learns nothing new."""
        is_money = self.figures["kind"].to_numpy()[whole] == "money"
        first = self.figures["first"].to_numpy()[whole]
        is_largest: Bools = is_money & (np.abs(self._take("value")[part]) == first)
        return is_largest

    def _take(self, column: str) -> Ints:
        numbers: Ints = self.variables[column].to_numpy().astype(np.int64)
        return numbers

    def _list_lone(self) -> tuple[Ints, Ints]:
        """What each person who stands alone knows: all figures of his cell, or the one figure that
        only he contributed to - in a part and in the whole that is the same people."""
        figures = self.figures.with_columns(
            alone=(pl.col("people") == 1).any().over("_label"),
            first=pl.col("same").first().over("_label"),
        )
        is_by_one = pl.col("alone") | (pl.col("contributors") == 1)
        owned = figures.filter(~pl.col("virtual") & is_by_one)
        inside = owned.filter("alone").select(part="same", whole="first")
        values = pl.lit(self.variables["value"])
        is_equal = values.gather("part") == values.gather("whole")
        are_owned = pl.col("part", "whole").is_in(owned["same"].implode())
        equal = self.links.filter(is_equal, are_owned).select("part", "whole")
        pairs = pl.concat([inside, equal])
        label = components(self.variables.height, *pairs.to_numpy().T)
        variables = owned["same"].to_numpy()
        respondents = np.unique(label[variables], return_inverse=True)[1]
        return respondents, variables

    def list_reasons(self) -> list[str]:
        """The gravest reason of each cell: `primary` before `dominance` before none, as in the
        alphabet; of a difference that is too small it is `primary`."""
        shown = self.variables.filter(pl.col("cell") >= 0)
        return shown.group_by("cell").agg(pl.col("reason").max()).sort("cell")["reason"].to_list()


ENTRY = {"row": pl.Int64, "variable": pl.Int64, "sign": pl.Int64}


def _drop_idle(entries: pl.DataFrame, virtual: pl.Series) -> pl.DataFrame:
    """Without the relations that only say what a sum would be that nobody shows and nothing else
    uses: of a total of 120 by age and of no figure by age nothing is known."""
    is_idle = (pl.len().over("variable") == 1) & pl.col("variable").is_in(virtual.implode())
    idle = entries.filter(is_idle)["row"]
    while not idle.is_empty():
        entries = entries.filter(~pl.col("row").is_in(idle.implode()))
        idle = entries.filter(is_idle)["row"]
    return entries.with_columns(row=pl.col("row").rank("dense").cast(pl.Int64) - 1)


def _list_groups(draft: Draft) -> pl.DataFrame:
    """Group disclosure: those of a shown group who are not in a sensitive part of it, where they
    are fewer than the threshold. All of them: which are unsafe must not show in the structure."""
    is_people = (pl.col("kind") == "people") & ~pl.col("virtual_parent")
    asked = draft.links.filter(pl.col("sensitive") & is_people).select("whole", "part")
    values = pl.lit(draft.variables["value"])
    cells = pl.lit(draft.variables["cell"])
    rests = draft.measure_rests(asked)
    has_part = (values.gather("whole") >= draft.least) & (values.gather("part") > 0)
    is_unsafe = has_part & (pl.col("value") < draft.least)
    up = pl.when(is_unsafe).then(draft.least - pl.col("value")).otherwise(0)
    return rests.with_columns(cell=cells.gather("part"), up=up, down=0)


def _list_complements(draft: Draft) -> pl.DataFrame:
    """Those of a base who are not in the part that a share is made of (`Measure.of`)."""
    parts = draft.figures.drop_nulls("of").select("_label", "of", "_cell", part="same")
    bases = draft.figures.select("_label", of="measure", whole="same")
    rests = draft.measure_rests(parts.join(bases, on=["_label", "of"]))
    up, down = draft.free(pl.col("value"))
    return rests.with_columns(cell="_cell", up=up, down=down)
