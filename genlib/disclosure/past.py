"""What earlier publications demand of the next one: known figures stay known, hidden ones hidden, and nobody is found by subtraction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from genlib.disclosure.ledger import Past, named
from genlib.disclosure.model import Model
from genlib.disclosure.near import apart, gated
from genlib.disclosure.policy import Policy
from genlib.disclosure.search import Search
from genlib.disclosure.solver import Attack
from genlib.disclosure.system import ANY_SIGN, Ints, System, components

SECONDS = 3.0
TINY = 1e-6
NONE = pl.DataFrame(schema={"cell": pl.Int64, "moves": pl.Null, "day": pl.Date, "figures": pl.Null})


def bound(model: Model, cells: pl.DataFrame, past: Past, policy: Policy) -> tuple[Model, pl.DataFrame, int]:
    """The model with what the past demands, and the cells that are `gated` (see there), and which is the first of the past's needs."""
    own = named(model, cells)
    system, near = _equal(model.system, own), apart(cells, own, policy)
    if past.cells.is_empty():
        system = _with_differences(system, near)
        return replace(model, system=system), NONE, len(system.need_variable)
    seen = past.variables.filter(pl.col("name") > 0)
    told = seen.group_by("name").agg(pl.col("shown").any(), pl.col("alone").any(), pl.col("up", "down").last())
    ours = own.join(told, on="name").sort("variable")
    known, kept = ours.filter("shown"), ours.filter(~pl.col("shown"))
    held = gated(cells.join(known, left_on="cell", right_on="_cell", how="anti"), past.cells, policy)
    elsewhere = past.cells.join(cells, on="sketch", how="anti")
    again = cells.join(held, on="cell", how="semi").join(kept, left_on="cell", right_on="_cell", how="semi")
    weighed = again.join(gated(again, elsewhere, policy), on="cell", how="anti") if again.height else again
    held = held.join(weighed, on="cell", how="anti")  # what was hidden beside it, in such a report as this, needs no more than that
    facts = known["variable"]
    near = near.with_columns(known=pl.col("variable").is_in(facts.implode()).cast(pl.Int64) + pl.col("variable_old").is_in(facts.implode()))
    system = _with_differences(_with_known(system, facts.to_numpy()), near.filter(known=0))
    first = len(system.need_variable)
    system = _with_differences(system, near.filter(known=1))
    asked = held.explode("moves").unnest("moves").join(own, left_on=["cell", "measure"], right_on=["_cell", "measure"])
    shut = kept.filter(pl.col("alone") | pl.col("_cell").is_in(weighed["cell"].implode())).unique(
        "_cell", keep="first", maintain_order=True
    )
    system = _hidden(_with_needs(_with_needs(system, asked), kept), shut["variable"].to_numpy())
    late = set(held["cell"])
    reason = [gravest or ("time" if cell in late else "") for cell, gravest in enumerate(model.reason)]
    return replace(model, system=_joined(system, own, past), reason=reason), held, first


def eased(system: System, first: int) -> tuple[System, list[Ints]]:
    """The system with its needs from `first` on cut down to what is possible once all is hidden that may be - what was published cannot be
    taken back, and what follows from it is known - and witnesses of that."""
    search, everything = Search(system, np.random.default_rng(0), SECONDS), system.primary | system.open_cell
    search.separate(everything, 0)
    attack, moves = Attack(system, everything), system.need_move.copy()
    for place in first + np.flatnonzero(search.waiting[first:]):
        variable, move = system.need_variable[[place]], system.need_move[[place]]
        reached = np.abs(attack.push(variable, move, np.ones(1), np.zeros(0, np.int64))[variable[0]]) + TINY
        moves[place] = np.sign(move[0]) * np.trunc(reached) if reached < abs(move[0]) else 0  # 0: far enough, but not in whole numbers
    eased_system = replace(system, need_move=moves)
    again = Search(eased_system, np.random.default_rng(0), SECONDS)
    again.pool = search.pool
    again.separate(everything, 0)
    return eased_system, again.pool


def _equal(system: System, own: pl.DataFrame) -> System:
    """The same figure of the same people is one unknown, by whatever name it is called in the report."""
    first = pl.col("variable").first().over("name")
    twins = own.sort("variable").filter(pl.col("variable") != first).select("variable")
    whole = own.sort("variable").with_columns(whole=first).join(twins, on="variable", how="semi")["whole"].to_numpy()
    lines = system.relations + np.arange(len(whole))
    return replace(
        system,
        relation=np.concatenate([system.relation, lines, lines]),
        variable=np.concatenate([system.variable, whole, twins["variable"].to_numpy()]),
        sign=np.concatenate([system.sign, np.ones(len(whole), np.int64), -np.ones(len(whole), np.int64)]),
    )


def _with_known(system: System, variables: Ints) -> System:
    """Everybody knows these: they stand in a cell of their own that is always shown, and nothing can be asked of them."""
    cell = system.cell.copy()
    cell[variables] = len(system.weight)
    asked = ~np.isin(system.need_variable, variables)
    needs: dict[str, Any] = {f"need_{part}": getattr(system, f"need_{part}")[asked] for part in ("variable", "move", "scenario")}
    shut: dict[str, Any] = {"weight": np.append(system.weight, 1.0), "open_cell": np.append(system.open_cell, False)}
    return replace(system, cell=cell, **shut, **needs)


def _with_differences(system: System, near: pl.DataFrame) -> System:
    """A new unknown for what a figure has over one that it is near to, with the moves that it needs; nobody knows more of it."""
    more, less = (near[column].to_numpy() for column in ("variable", "variable_old"))
    new, rows = len(system.value) + np.arange(near.height), system.relations + np.arange(near.height)
    wider = replace(
        system,
        value=np.append(system.value, system.value[more] - system.value[less]),
        low=np.append(system.low, np.full(near.height, ANY_SIGN)),
        cell=np.append(system.cell, np.full(near.height, -1)),
        relation=np.concatenate([system.relation, rows, rows, rows]),
        variable=np.concatenate([system.variable, more, less, new]),
        sign=np.concatenate([system.sign, np.repeat([1, -1, -1], near.height)]),
    )
    return _with_needs(wider, near.with_columns(variable=new))


def _with_needs(system: System, asked: pl.DataFrame) -> System:
    """Each `variable` must stay free to move `up`, and `down` as far as there is anything."""
    variable, up, down = (asked[column].to_numpy() for column in ("variable", "up", "down"))
    moves = np.concatenate([up, -np.minimum(down, system.value[variable] - system.low[variable])])
    return system.needing(np.concatenate([variable, variable])[moves != 0], moves[moves != 0])


def _hidden(system: System, variables: Ints) -> System:
    """The cells of these stay hidden, however far they can move."""
    return system.needing(variables, np.zeros(len(variables), np.int64))


def _joined(system: System, own: pl.DataFrame, past: Past) -> System:
    """The system with those earlier relations that hang together, by what they hide, with its own unknowns."""
    who = pl.when(pl.col("name") > 0).then("name").otherwise(pl.int_range(pl.len(), dtype=pl.UInt64))
    listed = past.variables.with_columns(who=who, variable=pl.int_range(pl.len()).over("page")).with_columns(
        shown=pl.col("shown").any().over("who")
    )
    ours = own.unique("name", keep="first").select("name", here="variable")
    entries = past.entries.join(listed.select("page", "variable", "who", "name", "shown"), on=["page", "variable"]).join(
        ours, on="name", how="left"
    )
    entries = _distinct(entries.with_columns(secret=~pl.col("shown")))
    used = listed.unique("who", keep="last", maintain_order=True).join(entries.select("who").unique(), on="who", how="semi")
    used = used.join(ours, on="name", how="left", maintain_order="left")
    new = used.filter(pl.col("here").is_null())
    place = pl.concat([used.drop_nulls("here").select("who", "here"), new.select("who", here=len(system.value) + pl.int_range(pl.len()))])
    at = entries.join(place.rename({"here": "at"}), on="who", maintain_order="left")
    wider = replace(
        system,
        value=np.append(system.value, new["value"].to_numpy()),
        low=np.append(system.low, new["low"].to_numpy()),
        cell=np.append(system.cell, np.where(new["shown"].to_numpy(), len(system.weight) - 1, -1)),
        relation=np.append(system.relation, system.relations + at["line"].to_numpy()),
        variable=np.append(system.variable, at["at"].to_numpy()),
        sign=np.append(system.sign, at["sign"].to_numpy()),
    )
    return _with_needs(wider, new.with_columns(variable=len(system.value) + pl.int_range(pl.len())).filter(~pl.col("shown")))


def _distinct(entries: pl.DataFrame) -> pl.DataFrame:
    """Each relation that touches one of our unknowns, directly or through others, once, numbered by `line`."""
    entries = entries.with_columns(line=pl.struct("page", "relation").rank("dense").cast(pl.Int64) - 1)
    entries = entries.group_by("line", "who", "secret", "here", maintain_order=True).agg(pl.col("sign").sum()).filter(pl.col("sign") != 0)
    entries = entries.filter(pl.col("sign").abs().max().over("line") == 1)
    seal = pl.struct("who", "sign").hash().sum().over("line")
    entries = entries.with_columns(seal=seal).filter(pl.col("line") == pl.col("line").min().over("seal"))
    secret = entries.filter("secret").with_columns(node=pl.col("who").rank("dense").cast(pl.Int64) - 1)
    if secret.is_empty():
        return entries.clear()
    nodes = int(secret["node"].max()) + 1  # type: ignore[arg-type]
    label = components(nodes + int(entries["line"].max()) + 1, secret["node"].to_numpy(), nodes + secret["line"].to_numpy())  # type: ignore[arg-type]
    live = label[secret.filter(pl.col("here").is_not_null())["node"].to_numpy()]
    kept = entries.filter(pl.Series(np.isin(label[nodes + entries["line"].to_numpy()], live)))
    return kept.with_columns(line=pl.col("line").rank("dense").cast(pl.Int64) - 1)
