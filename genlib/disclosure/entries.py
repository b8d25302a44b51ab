"""The arrays of a `System`: relations with their signs, one variable for cells that are always
equal, needs and lone respondents."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from genlib.disclosure.policy import Policy
from genlib.disclosure.system import (
    ANY_SIGN,
    Ints,
    System,
    components,
    make_system,
    with_respondents,
)
from genlib.errors import UsageError

SEVERITY = ("", "dominance", "primary")


Assembled = tuple[System, pl.DataFrame, list[str], pl.DataFrame]
"""The system, the group and the cell of every key (`_key`, `_label`, `_cell`), each cell's own
reason ("" = safe in itself), and the figures as variables."""


def assemble(figures: pl.DataFrame, links: pl.DataFrame, policy: Policy) -> Assembled:
    """All of a report as one system."""
    off = (
        (pl.col("kind") != "people")
        & pl.col("additive")
        & ((pl.col("least") != 0) | (pl.col("most") != 0))
    )
    if links.filter(off).height:
        raise UsageError(
            "a total differs from the sum of its parts: mark the measure additive=False"
        )
    keys = _united(figures, links)
    figures = figures.join(keys, on="_key").with_columns(
        pl.struct("_label", "measure").rank("dense").cast(pl.Int64).alias("same") - 1
    )
    links = _renamed(links, figures)
    draft = Draft(figures.unique("same", keep="first").sort("same"), policy.min_count)
    draft.sums(links)
    draft.differences(*_groups(links, draft, policy))
    draft.differences(*_complements(draft))
    columns = ("_label", "_cell", "measure", "kind", "value", "contributors", "first", "second")
    variables = draft.figures.filter(~pl.col("virtual")).select(*columns, variable="same")
    places = keys.filter("told").select("_key", "_label", "_cell")
    return draft.system(), places, draft.reasons(), variables


def _united(figures: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """`_label` of every key - a parent with a single child is that child - and its `_cell`, -1 if
    it is not shown; whether it is `told` in a table, be it shown or not."""
    by_key = figures.group_by("_key", maintain_order=True)
    keys = by_key.agg(pl.col("virtual").all(), pl.col("shown").any()).with_row_index("_node")
    is_only_child = (pl.col("children") == 1) & (pl.col("gap") == 0)
    only = links.filter(is_only_child & (pl.col("kind") == "people"))
    single = only.select("parent", "child").unique()
    nodes = dict(zip(keys["_key"], keys["_node"], strict=True))
    parents = np.array([nodes[key] for key in single["parent"]], np.int64)
    children = np.array([nodes[key] for key in single["child"]], np.int64)
    labels = components(keys.height, parents, children)
    keys = keys.with_columns(_label=pl.Series(labels))
    cells = keys.filter("shown").select(pl.col("_label").unique().sort()).with_row_index("_cell")
    is_told = (~pl.col("virtual")).any().over("_label")
    cell = pl.col("_cell").cast(pl.Int64).fill_null(-1)
    placed = keys.join(cells, on="_label", how="left")
    return placed.select("_key", "_label", cell, told=is_told)


def _renamed(links: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    name = dict(zip(figures["variable"], figures["same"], strict=True))
    sides = [
        pl.col(side).replace_strict(name, return_dtype=pl.Int64)
        for side in ("parent_variable", "child_variable")
    ]
    return links.with_columns(sides).filter(pl.col("parent_variable") != pl.col("child_variable"))


class Draft:
    """A system in the making: the shown variables first, then those that stand for sums and
    differences nobody shows, which are of `least` people or more if they are not to be hidden."""

    def __init__(self, figures: pl.DataFrame, least: int) -> None:
        self.figures, self.least = figures, least
        self.value, self.cell = (
            figures[name].to_numpy().astype(np.int64) for name in ("value", "_cell")
        )
        signed = figures.select(
            (pl.col("kind") == "money")
            & (pl.col("value") < pl.col("first") + pl.col("rest")).any().over("measure")
        )
        self.low = np.where(signed.to_series().to_numpy(), ANY_SIGN, 0)
        self.entries: list[Ints] = []
        self.needs = [_needs(figures)]
        self.relations = 0

    def sums(self, links: pl.DataFrame) -> None:
        """The margins: exact where parts add up, else what is known of overlapping groups (max of
        parts <= whole <= sum of parts); then those who stand in several parts are a group too."""
        self.nested = (
            links.select("child_variable", "parent_variable").to_numpy().T.astype(np.int64)
        )
        exact = (pl.col("least") == 0) & (pl.col("most") == 0)
        loose = links.filter(~exact & (pl.col("kind") == "people") & ~pl.col("parent_virtual"))
        self._sum(links.filter(exact), 0)
        self._sum(loose.filter(pl.col("least") >= 0), -1)
        self._sum(loose.filter(pl.col("most") <= 0), 1)
        under = loose.filter((pl.col("least") >= 0) | (pl.col("most") > 0))
        self.differences(
            under["parent_variable"].to_numpy(),
            under["child_variable"].to_numpy(),
            np.full(under.height, -1),
            None,
        )

    def _sum(self, links: pl.DataFrame, slack: int) -> None:
        wholes = links.unique("relation", keep="first").sort("relation")
        place = self.relations + (links["relation"].rank("dense").to_numpy().astype(np.int64) - 1)
        rows = self.relations + np.arange(wholes.height)
        self._enter(place, links["child_variable"].to_numpy(), 1)
        self._enter(rows, wholes["parent_variable"].to_numpy(), -1)
        if slack:
            several = -slack * wholes["gap"].to_numpy()
            new = self._grow(several, np.full(wholes.height, -1))
            self._enter(rows, new, slack)
            self._ask(new, self.freed(several))
        self.relations += wholes.height

    def differences(
        self, whole: Ints, part: Ints, cell: Ints, needs: tuple[Ints, Ints] | None
    ) -> None:
        """One new variable for each whole - part >= 0, shown with `cell`, with moves (up, down)
        that it needs."""
        rows = self.relations + np.arange(len(whole))
        new = self._grow(self.value[whole] - self.value[part], cell)
        for variable, sign in ((whole, 1), (part, -1), (new, -1)):
            self._enter(rows, variable, sign)
        self.relations += len(whole)
        if needs is not None:
            self._ask(new, needs)

    def freed(self, people: Ints) -> tuple[Ints, Ints]:
        """How far up and down each count of people must be free to move: a small one up to enough,
        and down by one."""
        few = (people > 0) & (people < self.least)
        return np.where(few, self.least - people, 0), few.astype(np.int64)

    def _ask(self, variable: Ints, needs: tuple[Ints, Ints]) -> None:
        up, down = needs
        self.needs += [np.stack([variable, up]), np.stack([variable, -down])]

    def _grow(self, value: Ints, cell: Ints) -> Ints:
        new = np.arange(len(self.value), len(self.value) + len(value))
        self.value, self.cell = np.append(self.value, value), np.append(self.cell, cell)
        self.low = np.append(self.low, np.zeros(len(value), np.int64))
        return new

    def _enter(self, relation: Ints, variable: Ints, sign: int) -> None:
        self.entries.append(
            np.stack([relation, variable, np.full(len(variable), sign)]).astype(np.int64)
        )

    def system(self) -> System:
        virtual = np.flatnonzero(self.figures["virtual"].to_numpy())
        relation, variable, sign = _pruned(
            np.concatenate([np.zeros((3, 0), np.int64), *self.entries], axis=1), virtual
        )
        need = np.concatenate(self.needs, axis=1)
        need = need[:, need[1] != 0]
        cells = (
            self.figures.filter(pl.col("_cell") >= 0)
            .group_by("_cell")
            .agg(pl.col("people", "dear").max())
            .sort("_cell")
        )
        people = cells["people"].to_numpy()
        dear = cells["dear"].to_numpy()
        scenario, variables_of_one = self._alone()
        parts: dict[str, Any] = {
            "value": self.value,
            "low": self.low,
            "cell": self.cell,
            "weight": dear * (np.log1p(people) + 1),
        }
        parts |= {
            "relation": relation,
            "variable": variable,
            "sign": sign,
            "need_variable": need[0],
            "need_move": need[1],
        }
        parts |= {
            "alone_scenario": scenario,
            "alone_variable": variables_of_one,
            "need_scenario": np.full(need.shape[1], -1),
        }
        return with_respondents(make_system(**parts), *self._eased(need))

    def _eased(self, need: Ints) -> tuple[Ints, Ints]:
        """What is left of each need where the largest contributor asks himself, and which variables
        are such contributors."""
        count = self.figures.height
        money = np.append(
            (self.figures["kind"] == "money").to_numpy(), np.zeros(len(self.value) - count, bool)
        )[need[0]]
        lessened = (
            self.figures["eased"].to_numpy()[np.minimum(need[0], count - 1)] if count else need[1]
        )
        part, total = self.nested
        largest = np.abs(self.value[part]) == self.figures["first"].to_numpy()[total]
        return np.where(
            money, np.sign(need[1]) * np.minimum(lessened, np.abs(need[1])), need[1]
        ), self.nested[:, largest]

    def _alone(self) -> tuple[Ints, Ints]:
        """What each person who stands alone knows: all figures of his cell, or the one figure that
        only he contributed to - in a part and in the whole that is the same people."""
        figures = self.figures.with_columns(
            alone=(pl.col("people") == 1).any().over("_label"),
            first=pl.col("same").first().over("_label"),
        )
        figures = figures.filter(~pl.col("virtual"))
        inside = figures.filter("alone").select("same", "first").to_numpy().T
        by_one = figures.filter(pl.col("alone") | (pl.col("contributors") == 1))
        is_owned = np.zeros(len(self.value), bool)
        is_owned[by_one["same"].to_numpy()] = True
        part, total = self.nested
        same = is_owned[part] & is_owned[total] & (self.value[part] == self.value[total])
        equal = np.stack([part[same], total[same]])
        label = components(len(self.value), *np.concatenate([inside, equal], axis=1))
        owned = np.flatnonzero(is_owned)
        respondents = np.unique(label[owned], return_inverse=True)[1]
        return respondents.astype(np.int64), owned

    def reasons(self) -> list[str]:
        """The gravest reason of each cell: what a rule says of its figures, and `primary` where a
        difference is too small."""
        reason = np.zeros(int(self.cell.max(initial=-1)) + 1, np.int64)
        for level, name in enumerate(SEVERITY):
            is_marked = (pl.col("reason") == name) & (pl.col("_cell") >= 0)
            marked = self.figures.filter(is_marked)["_cell"].to_numpy()
            reason[marked] = np.maximum(reason[marked], level)
        late = np.concatenate(self.needs, axis=1)
        late = late[0][(late[0] >= self.figures.height) & (late[1] != 0)]
        cells = self.cell[late]
        reason[cells[cells >= 0]] = len(SEVERITY) - 1
        return [SEVERITY[level] for level in reason]


def _needs(figures: pl.DataFrame) -> Ints:
    figures_told = figures.filter(~pl.col("virtual"))
    both = [
        figures_told.select("same", move=sign * pl.col(side))
        for side, sign in (("up", 1), ("down", -1))
    ]
    return pl.concat(both).to_numpy().T.astype(np.int64)


def _groups(
    links: pl.DataFrame, draft: Draft, policy: Policy
) -> tuple[Ints, Ints, Ints, tuple[Ints, Ints]]:
    """Group disclosure: those of a shown group who are not in a sensitive part of it, where they
    are fewer than the threshold."""
    asked = links.filter(
        pl.col("sensitive") & (pl.col("kind") == "people") & ~pl.col("parent_virtual")
    )
    whole, part = (asked[side].to_numpy() for side in ("parent_variable", "child_variable"))
    rest = draft.value[whole] - draft.value[part]
    whole, part, rest = (
        whole[rest >= 0],
        part[rest >= 0],
        rest[rest >= 0],
    )  # all of them: which are unsafe must not show in the structure
    unsafe = (
        (draft.value[whole] >= policy.min_count)
        & (draft.value[part] > 0)
        & (rest < policy.min_count)
    )
    return (
        whole,
        part,
        draft.cell[part],
        (np.where(unsafe, policy.min_count - rest, 0), np.zeros_like(rest)),
    )


def _complements(draft: Draft) -> tuple[Ints, Ints, Ints, tuple[Ints, Ints]]:
    """Those of a base who are not in the part that a share is made of (`Measure.of`)."""
    parts = draft.figures.filter(pl.col("of").is_not_null())
    base = draft.figures.select("_label", of="measure", base="same")
    both = parts.join(base, on=["_label", "of"])
    whole = both["base"].to_numpy().astype(np.int64)
    part = both["same"].to_numpy().astype(np.int64)
    rest = draft.value[whole] - draft.value[part]
    whole, part, rest = whole[rest >= 0], part[rest >= 0], rest[rest >= 0]
    return whole, part, draft.cell[part], draft.freed(rest)


def _pruned(entries: Ints, virtual: Ints) -> Ints:
    """Without the relations that only say what a sum would be that nobody shows and nothing else
    uses."""
    while entries.shape[1]:
        uses = np.bincount(entries[1], minlength=int(entries[1].max()) + 1)
        loose = entries[0][np.isin(entries[1], virtual) & (uses[entries[1]] == 1)]
        if not loose.size:
            break
        entries = entries[:, ~np.isin(entries[0], loose)]
    entries[0] = np.unique(entries[0], return_inverse=True)[1]
    return entries
