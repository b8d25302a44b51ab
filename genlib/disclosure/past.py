"""What earlier publications demand of the next one: known figures stay known, hidden ones hidden, and nobody is found by subtraction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from genlib.disclosure.entries import components
from genlib.disclosure.ledger import digests, words
from genlib.disclosure.model import Model
from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import Words, differences
from genlib.disclosure.system import Bools, Ints, System

PAIRS = 50_000


@dataclass(frozen=True)
class Standing:
    """How each cell stands to the past: `known` (published for the same people), gated (too few people apart from something published:
    it must stay free to move `up` and `down`), or still `hidden`; and `earlier`, the last published figures of gated cells."""

    known: Bools
    up: Ints
    down: Ints
    hidden: Bools
    earlier: pl.DataFrame


def standing(cells: pl.DataFrame, past: pl.DataFrame, policy: Policy) -> Standing:
    """Compare every cell with all that was published of as many people, give or take the threshold.

    Without sketches a cell is compared with itself only: other figures for nearly as many people count as a small change.
    """
    count = cells.height
    pairs = _pairs(cells, past, policy.min_count)
    small = pairs.filter(pl.col("apart").is_between(1, policy.min_count - 1) & ~pl.col("hidden"))
    same = pairs.filter(pl.col("apart") == 0)
    known, hidden = (_most(count, found["cell"], 1) > 0 for found in (same.filter(~pl.col("hidden")), same.filter("hidden")))
    left, more = policy.min_count - pl.col("apart"), pl.col("near") - pl.col("people")
    moves = [pl.when(more == sign * pl.col("apart")).then(1).otherwise(left) for sign in (1, -1)]
    up, down = (np.where(known, 0, _most(count, small["cell"], small.select(move).to_series().to_numpy())) for move in moves)
    last = small.filter(pl.col("itself") & ~pl.col("cell").is_in(np.flatnonzero(known)))
    last = last.sort("day").group_by("cell", maintain_order=True).last().select("cell", "day", "figures")
    return Standing(known, up, down, hidden & ~known & (up == 0), last)


def _pairs(cells: pl.DataFrame, past: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Each cell beside each earlier one of nearly as many people: whether it is the same cell, and by how many they are `apart`."""
    old = past.select("day", "cells").explode("cells").unnest("cells").with_row_index("old").drop("cell")
    near = pl.concat([cells.with_columns(near=pl.col("people") + step) for step in range(1 - threshold, threshold)])
    joined = near.join(old, left_on="near", right_on="people", suffix="_old").filter(pl.col("people") > 0)
    itself = pl.col("stems").list.set_intersection("stems_old").list.len() > 0
    both = pl.col("sketch").is_not_null() & pl.col("sketch_old").is_not_null()
    joined = joined.with_columns(itself=itself, sketched=both).filter(pl.col("itself") | pl.col("sketched"))
    apart = [differences(words(part["sketch"]), words(part["sketch_old"])) for part in joined.iter_slices(PAIRS)]
    equal = (pl.col("near") == pl.col("people")) & (pl.col("figures") == pl.col("figures_old"))
    measured = joined.with_columns(apart=pl.Series(np.concatenate([np.zeros(0, np.int64), *apart])))
    guessed = pl.when("sketched").then("apart").otherwise(pl.when(equal).then(0).otherwise(1))
    return measured.with_columns(apart=guessed, figures="figures_old")


def _most(count: int, cells: pl.Series, values: Ints | int) -> Ints:
    most = np.zeros(count, np.int64)
    np.maximum.at(most, cells.to_numpy(), values)
    return most


def bound(model: Model, cells: pl.DataFrame, past: pl.DataFrame, policy: Policy) -> tuple[Model, Standing]:
    """The model with what the past demands, and how its cells stand to it."""
    if past.is_empty():
        none = np.zeros(cells.height, np.int64)
        return model, Standing(none > 0, none, none, none > 0, cells.select("cell").clear())
    place = standing(cells, past, policy)
    people = np.full(cells.height, -1)
    own = model.figures.filter(pl.col("measure") == "people")
    people[own["_cell"].to_numpy()] = own["variable"].to_numpy()
    system = _with_known(model.system, people[place.known])
    held = np.flatnonzero(place.up + place.down + place.hidden)
    system = _with_needs(system, people[held], np.maximum(place.up, place.hidden)[held], place.down[held])
    system = _joined(system, people, digests(cells), past, policy)
    late = set(held.tolist())
    reason = [gravest or ("time" if i in late else "") for i, gravest in enumerate(model.reason)]
    return replace(model, system=system, reason=reason), place


def _with_known(system: System, variables: Ints) -> System:
    """Everybody knows these: they stand in a cell of their own that is always shown, and nothing can be asked of them."""
    cell = system.cell.copy()
    cell[variables] = len(system.weight)
    asked = ~np.isin(system.need_variable, variables)
    needs: dict[str, Any] = {f"need_{part}": getattr(system, f"need_{part}")[asked] for part in ("variable", "move", "scenario")}
    shut: dict[str, Any] = {"weight": np.append(system.weight, 1.0), "open_cell": np.append(system.open_cell, False)}
    return replace(system, cell=cell, **shut, **needs)


def _with_needs(system: System, variables: Ints, up: Ints, down: Ints) -> System:
    """These must stay free to move up, and down as far as there is anything."""
    down = np.minimum(down, system.value[variables] - system.low[variables])
    moves = np.concatenate([up, -down])
    needs = {"need_variable": np.concatenate([variables, variables]), "need_move": moves, "need_scenario": np.full(len(moves), -1)}
    wider: dict[str, Any] = {name: np.append(getattr(system, name), need[moves != 0]) for name, need in needs.items()}
    return replace(system, **wider)


def _joined(system: System, people: Ints, sets: Words, past: pl.DataFrame, policy: Policy) -> System:
    """The system with the earlier ones that share unknowns with it: equal sets of people are one variable."""
    names = {int(name): int(variable) for name, variable in zip(sets, people, strict=True) if name and variable >= 0}
    pages, size = [tuple(_unnested(page, part) for part in ("variables", "entries")) for page in past.iter_slices(1)][::-1], -1
    while pages and size != len(system.value):
        size, left = len(system.value), pages
        pages = []
        for variables, entries in left:
            kept = _touching(variables, entries, names)
            system = _with_page(system, names, variables, kept, policy)
            pages += [(variables, entries)] if kept.is_empty() else []
    return system


def _unnested(page: pl.DataFrame, part: str) -> pl.DataFrame:
    return page.select(pl.col(part).explode(empty_as_null=False, keep_nulls=False)).unnest(part)


def _touching(variables: pl.DataFrame, entries: pl.DataFrame, names: dict[int, int]) -> pl.DataFrame:
    """The relations of an earlier report that hang together, by what they hide, with a set of people that we know by name."""
    if entries.is_empty():
        return entries
    secret = entries.join(variables.with_row_index("variable").with_columns(pl.col("variable").cast(pl.Int64)), on="variable").filter(
        ~pl.col("shown")
    )
    if not secret["set"].is_in(list(names)).any():
        return entries.clear()
    size = variables.height
    label = components(size + int(entries["relation"].max()) + 1, secret["variable"].to_numpy(), size + secret["relation"].to_numpy())  # type: ignore[arg-type]
    live = label[secret.filter(pl.col("set").is_in(list(names)))["variable"].to_numpy()]
    return entries.filter(pl.Series(np.isin(label[size + entries["relation"].to_numpy()], live)))


def _with_page(system: System, names: dict[int, int], variables: pl.DataFrame, entries: pl.DataFrame, policy: Policy) -> System:
    used = np.unique(entries["variable"].to_numpy())
    value, shown, name = (variables[column].to_numpy()[used] for column in ("value", "shown", "set"))
    there = np.array([bool(n) and int(n) in names for n in name], bool)
    place = np.zeros(variables.height, np.int64)
    place[used[there]] = [names[int(n)] for n in name[there]]
    place[used[~there]] = len(system.value) + np.arange((~there).sum())
    names.update({int(n): int(place[v]) for n, v in zip(name[~there], used[~there], strict=True) if n})
    small = used[~there & ~shown & (name > 0) & (value > 0) & (value < policy.min_count)]
    wider = replace(
        system,
        value=np.append(system.value, value[~there]),
        low=np.append(system.low, np.zeros((~there).sum(), np.int64)),
        cell=np.append(system.cell, np.where(shown[~there], len(system.weight) - 1, -1)),
        relation=np.append(system.relation, system.relations + entries["relation"].to_numpy()),
        variable=np.append(system.variable, place[entries["variable"].to_numpy()]),
        sign=np.append(system.sign, entries["sign"].to_numpy()),
    )
    return _with_needs(wider, place[small], policy.min_count - variables["value"].to_numpy()[small], np.ones(len(small), np.int64))
