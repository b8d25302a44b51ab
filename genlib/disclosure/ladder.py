"""Ladders: a table takes the first steps at which no group in it is too small to be told, so that
nothing in it need be hidden.

1. Each dimension has a chain of coarser steps, the same in all tables: its smallest groups
   together, always in the same order; then its coarser groups; then no groups at all.
2. A table takes, of all combinations of steps at which no cell is unsafe and no figure is a near
   twin of one before it, in this table or in an earlier one of the report, the one with most cells;
   nor may its months or campaigns, taken from an earlier whole, leave few people.
3. Before that: none of its dimensions goes if another may be coarser; what the table is about
   (outcome, verdict) goes last; and time gives way after the others.
4. A table without such steps is left out; of one that makes no sense in coarser groups what has a
   small cell in it, or all of it; so is one that could tell nothing of what it is about.
5. What was taken is said under the table.

Example: of 2, 4, 30 and 64 customers in regions A, B, C and D, whose order is A, B, C, D, the
table takes the first step: A and B together 6, C 30, D 64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple

import narwhals as nw
import polars as pl

from genlib.disclosure.apart import keep_safe_codes
from genlib.disclosure.cells import Cells, Dimension, Rows, Step
from genlib.disclosure.faults import count_unsafe, find_near
from genlib.disclosure.figures import NOTHING_EARLIER
from genlib.disclosure.policy import Policy
from genlib.disclosure.slices import SLICE

Steps = Mapping[str, int]
"""How many steps each dimension has gone down its ladder; dimensions at their finest are left
out."""
FINEST: Steps = MappingProxyType({})
TOGETHER = "others"
ONE_GROUP = 2
"""Cells of a dimension of which one group is left, and the total: that group is all of it."""
MOST_UNSAFE = 0.1
"""What may be left out is, if a larger part of its cells is unsafe or a near twin."""


def join_smallest(order: Sequence[str]) -> tuple[Step, ...]:
    """Steps that put the first two codes of an order together, the first three, and so on, until
    two groups are left. The code of those together names them.

    >>> join_smallest(["post", "sms", "email"])
    ({'post': 'others+post+sms', 'sms': 'others+post+sms'},)
    """
    return tuple(join(order[:count]) for count in range(2, len(order)))


def join(codes: Iterable[str]) -> Step:
    """One step that puts these codes together."""
    parts = sorted(codes)
    name = "+".join([TOGETHER, *parts])
    return dict.fromkeys(parts, name)


def split_joined(code: str) -> list[str]:
    """The codes that a step put together (see `join`); none, of a code that is one by itself.

    >>> split_joined("others+post+sms"), split_joined("email")
    (['post', 'sms'], [])
    """
    first, *parts = code.split("+")
    return parts if first == TOGETHER else []


def step_down(rows: Rows, by: Sequence[Dimension], steps: Steps) -> Rows:
    """The rows with the codes of these steps.

    January and February are in the first quarter; April is in no whole one:

    >>> quarters = {"01": "Q1", "02": "Q1", "04": None}
    >>> rows = nw.from_native(pl.DataFrame({"month": ["01", "02", "04"]}))
    >>> by = [Dimension("month", ladder=(quarters,))]
    >>> step_down(rows, by, {"month": 1}).to_native()["month"].to_list()
    ['Q1', 'Q1']
    """
    for dimension in by:
        step = _find_step(dimension, steps)
        left_out = [fine for fine, coarse in step.items() if coarse is None]
        if left_out:
            rows = rows.filter(~nw.col(dimension.name).is_in(left_out))
        if step:
            rows = rows.with_columns(_map_codes(column, step) for column in dimension.columns)
    return rows


def _find_step(dimension: Dimension, steps: Steps) -> Step:
    """What becomes of a dimension's codes at these steps; at its finest nothing, and past its
    ladder what became of them last."""
    taken = min(steps.get(dimension.name, 0), len(dimension.ladder))
    return dimension.ladder[taken - 1] if taken else {}


def _map_codes(column: str, step: Step) -> nw.Expr:
    """The codes of a column after a step."""
    code = nw.col(column)
    for name in sorted(set(step.values()) - {None}):
        parts = [fine for fine, coarse in step.items() if coarse == name]
        code = nw.when(nw.col(column).is_in(parts)).then(nw.lit(name)).otherwise(code)
    return code.alias(column)


def list_units(by: Sequence[Dimension], steps: Steps) -> dict[str, str]:
    """What the codes of time are at these steps, by column.

    >>> months = Dimension("month", units=("quarter", "year"))
    >>> list_units([months], {"month": 2}), list_units([months], {})
    ({'month': 'year'}, {})
    """
    units = {}
    for dimension in by:
        taken = steps.get(dimension.name, 0)
        if dimension.units and taken:
            units[dimension.name] = dimension.units[taken - 1]
    return units


def dropped_columns(by: Sequence[Dimension], steps: Steps) -> list[str]:
    """The columns whose codes are not told at these steps: those past the end of the ladder.

    A step past its ladder a town is told by its region only, two steps past not at all:

    >>> towns = Dimension("town", parents=("region",))
    >>> dropped_columns([towns], {"town": 1}), dropped_columns([towns], {"town": 2})
    (['town'], ['town', 'region'])
    """
    columns: list[str] = []
    for dimension in by:
        past_ladder = steps.get(dimension.name, 0) - len(dimension.ladder)
        columns += dimension.columns[: max(past_ladder, 0)]
    return columns


def make_legible(
    cells: Cells,
    policy: Policy,
    floor: Steps = FINEST,
    earlier: pl.DataFrame = NOTHING_EARLIER,
) -> Cells:
    """The cells at the first steps, from `floor` down, at which none of them is unsafe, nor a near
    twin of the figures of `earlier` tables; of what has no steps no row, if it may be left out, and
    else the cells as they are: door 2 hides what is unsafe. A table none of whose dimensions has a
    ladder is wanted at its level."""
    if cells.occupied.is_empty():
        return cells
    if has_ladder(cells) and cells.recount:
        return _take_steps(cells, cells.recount, policy, floor, earlier)
    if cells.apart:
        return keep_safe_codes(cells, policy, earlier)
    is_slice = SLICE in cells.dimensions
    if not (is_slice or cells.is_optional):
        return cells
    twins = find_near(cells, policy, earlier)["figure"].n_unique()
    untold = count_unsafe(cells, policy) + twins
    most = 0 if is_slice else MOST_UNSAFE * cells.frame.height
    return leave_out(cells) if untold > most else cells


def has_ladder(cells: Cells) -> bool:
    """Whether a table may take coarser groups; else it is wanted at its level."""
    return any(dimension.ladder or dimension.is_subject for dimension in cells.by)


def _take_steps(
    cells: Cells,
    recount: Callable[[Steps], Cells],
    policy: Policy,
    floor: Steps,
    earlier: pl.DataFrame,
) -> Cells:
    """The cells at the first steps, from `floor` down, at which none is unsafe and no figure is a
    near twin of one before it; if there are none such, no cell.

    Example: of 30, 20 and 9 who answered in three regions the 30 are three fewer than the customers
    that an earlier table tells of the first. With the 9 they are 39, which no other figure is near.
    """
    codes = {one.name: cells.frame[one.name].drop_nulls().unique() for one in cells.by}
    tried: set[str] = set()
    for steps in list_steps(cells):
        is_above_floor = any(steps.get(name, 0) < least for name, least in floor.items())
        groups = _name_groups(cells.by, steps, codes)
        if is_above_floor or groups in tried:
            continue
        tried.add(groups)
        coarser = cells
        if steps:
            coarser = replace(recount(steps), recount=recount, steps=steps)
        if coarser.occupied.is_empty() or count_unsafe(coarser, policy):
            continue
        if find_near(coarser, policy, earlier).is_empty():
            return _leave_out_if_blank(coarser)
    return leave_out(cells)


def _name_groups(by: Sequence[Dimension], steps: Steps, codes: Mapping[str, Iterable[Any]]) -> str:
    """What becomes of the codes that there are at these steps: the same for steps that join no
    others.

    Nobody had a text message, so a step that joins these with post is none:

    >>> channels = Dimension("channel", ladder=join_smallest(["sms", "post", "call", "email"]))
    >>> codes = {"channel": ["post", "call", "email"]}
    >>> names = [_name_groups([channels], {"channel": step}, codes) for step in range(3)]
    >>> names[0] == names[1], names[1] == names[2]
    (True, False)
    """
    groups: list[Any] = [dropped_columns(by, steps), list_units(by, steps)]
    for dimension in by:
        step = _find_step(dimension, steps)
        joined: dict[Any, list[str]] = {}
        for code in codes[dimension.name]:
            joined.setdefault(step.get(code, code), []).append(str(code))
        groups.append(sorted(map(sorted, joined.values())))
    return str(groups)


def _leave_out_if_blank(cells: Cells) -> Cells:
    """Without a table that tells nothing of what it is about.

    Example: answers by age, of which only the ages would be left.
    """
    subjects = [dimension for dimension in cells.by if dimension.is_subject]
    is_blank = any(cells.steps.get(one.name, 0) == count_steps(one) for one in subjects)
    return leave_out(cells) if is_blank else cells


def leave_out(cells: Cells) -> Cells:
    """Without any cell: nothing is told of the table but that."""
    return replace(cells, frame=cells.frame.clear(), draw=None, left_out="all")


class _Option(NamedTuple):
    """One dimension so many steps down: what is lost by it, the gravest first, and how many cells
    it leaves."""

    name: str
    step: int
    loss: tuple[int, int, int]
    size: int


def list_steps(cells: Cells) -> list[Steps]:
    """Every combination of steps, by rule 2 and 3, the finest first.

    Four regions: as they are, the two smallest together, the three smallest, or the total alone:

    >>> regions = Dimension("region", ladder=join_smallest(["01", "02", "03", "04"]))
    >>> frame = pl.DataFrame({"region": ["01", "02", "03", "04"], "people": [2, 4, 30, 64]})
    >>> list_steps(Cells(frame, (regions,)))
    [{}, {'region': 1}, {'region': 2}, {'region': 3}]
    """
    options = [_list_options(cells, dimension) for dimension in cells.by]
    combinations = sorted(product(*options), key=_weigh_options)
    return [{name: step for name, step, *_ in chosen if step} for chosen in combinations]


def _weigh_options(chosen: Sequence[_Option]) -> tuple[int, ...]:
    """What is lost by these options together, the gravest first; then the more cells the better.

    Four cells of regions, the two smallest together, and no ages:

    >>> together = _Option("region", 1, (0, 0, 0), 4)
    >>> undivided = _Option("age", 2, (1, 0, 0), 1)
    >>> _weigh_options([together, undivided])
    (1, 0, 0, -4)
    """
    losses = zip(*(option.loss for option in chosen), strict=True)
    cells = prod(option.size for option in chosen)
    return *map(sum, losses), -cells


def _list_options(cells: Cells, dimension: Dimension) -> list[_Option]:
    """The steps of a dimension: those that leave a single group say no more than its total."""
    last = count_steps(dimension)
    ladder = len(dimension.ladder)
    sizes = _count_codes(cells, dimension)[: last + 1]
    options = []
    for step, size in enumerate(sizes):
        is_single_group = size == ONE_GROUP and 1 <= step <= ladder
        if is_single_group:
            continue
        is_undivided = step == last > 0
        given_up = max(0, step - ladder) if dimension.is_subject else 0
        longer = step if dimension.units else 0
        loss = (int(is_undivided), given_up, longer)
        options.append(_Option(dimension.name, step, loss, size))
    return options


def describe_steps(cells: Cells) -> dict[str, str]:
    """How each dimension was made coarser: its smaller codes `together`, in another unit of time
    (`quarter`, `year`), by its `parents` only, or not told at all (`undivided`); `*` is `left out`
    of a table of which nothing is told, `small left out` where only some codes are.

    >>> towns = Dimension("town", parents=("region",), ladder=join_smallest(["1", "2", "3"]))
    >>> cells = Cells(pl.DataFrame(), (towns,))
    >>> [describe_steps(replace(cells, steps={"town": step})) for step in (1, 2, 3)]
    [{'town': 'together'}, {'town': 'parents'}, {'town': 'undivided'}]
    """
    if cells.left_out == "all":
        return {"*": "left out"}
    if cells.left_out == "some":
        return {cells.apart: "small left out"}
    units = list_units(cells.by, cells.steps)
    dropped = dropped_columns(cells.by, cells.steps)
    return {
        dimension.name: units.get(dimension.name) or _describe_groups(dimension, dropped)
        for dimension in cells.by
        if cells.steps.get(dimension.name)
    }


def _describe_groups(dimension: Dimension, dropped: Sequence[str]) -> str:
    if dimension.name not in dropped:
        return "together"
    return "undivided" if set(dimension.columns) <= set(dropped) else "parents"


def list_untold(cells: Cells) -> list[str]:
    """The codes of which these steps say nothing by themselves, as "channel=sms", and the columns
    of which they say nothing at all, as "channel": no figure may take them for nobody.

    >>> channels = Dimension("channel", ladder=join_smallest(["post", "sms", "email"]))
    >>> cells = Cells(pl.DataFrame(), (channels,))
    >>> list_untold(replace(cells, steps={"channel": 1}))
    ['channel=post', 'channel=sms']
    >>> list_untold(replace(cells, steps={"channel": 2}))
    ['channel', 'channel=post', 'channel=sms']
    """
    untold = dropped_columns(cells.by, cells.steps)
    for dimension in cells.by:
        changed = _find_step(dimension, cells.steps)
        for code in changed:
            untold += [f"{column}={code}" for column in dimension.columns]
    return untold


def count_steps(dimension: Dimension) -> int:
    """How many steps a dimension can go down; the last one leaves no groups, if it has a total."""
    return len(dimension.ladder) + len(dimension.columns) - (not dimension.total)


def _count_codes(cells: Cells, dimension: Dimension) -> list[int]:
    """How many cells a dimension has at each step, its total among them.

    Four regions and their total, then two together, three, and the total alone:

    >>> regions = Dimension("region", ladder=join_smallest(["01", "02", "03", "04"]))
    >>> frame = pl.DataFrame({"region": ["01", "02", "03", "04", None]})
    >>> _count_codes(Cells(frame, (regions,)), regions)
    [5, 4, 3, 1]
    """
    codes = cells.frame.select(dimension.columns).unique()
    finest = set(codes[dimension.name].drop_nulls())
    counts = [len(finest)]
    for step in dimension.ladder:
        groups = {step.get(code, code) for code in finest}
        counts.append(len(groups - {None}))
    for column in dimension.parents:
        counts.append(codes[column].drop_nulls().n_unique())
    return [*(count + 1 for count in counts), 1]
