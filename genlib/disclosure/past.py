"""What earlier publications demand of the next one: known figures stay known, hidden ones hidden,
and nobody is found by subtraction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from genlib.disclosure.differences import differences, distinct
from genlib.disclosure.families import families
from genlib.disclosure.ledger import ENTRY, Past
from genlib.disclosure.model import Model
from genlib.disclosure.near import gated
from genlib.disclosure.policy import Policy
from genlib.disclosure.search import Search
from genlib.disclosure.solver import Attack
from genlib.disclosure.stocks import carried
from genlib.disclosure.system import Ints, System, components
from genlib.disclosure.ties import Ties

TINY = 1e-6
NONE = pl.DataFrame(
    schema={
        "cell": pl.Int64,
        "variable": pl.Int64,
        "up": pl.Int64,
        "down": pl.Int64,
        "day": pl.Date,
        "figures": pl.Null,
    }
)


@dataclass(frozen=True)
class Bound:
    """A report as the past binds it: its `model` with all that it hangs together with, the figures
    that are `held` (see `gated`), and what `ties` its figures to others, and the variables that
    were in a report `before`, but hidden."""

    model: Model
    held: pl.DataFrame
    ties: Ties
    before: Ints


def bound(model: Model, own: pl.DataFrame, past: Past, policy: Policy) -> Bound:
    """The model with what the past demands."""
    told = (
        past.variables.filter(pl.col("name") > 0)
        .group_by("name")
        .agg(pl.col("shown", "alone").any(), pl.col("up", "down").max())
    )
    ours = own.select("variable", "cell", "name").join(told, on="name").sort("variable")
    known = ours.filter("shown")
    kept = ours.filter(~pl.col("shown"))
    published = past.figures.filter("shown")
    held, weighed = _held(own, published, known, kept, policy)
    held = pl.concat(
        [carried(own.join(known, on="variable", how="anti"), published, policy), held],
        how="diagonal_relaxed",
    )
    system = _equal(model.system, own)
    apart = distinct(differences(model.wholes, own, published, policy), system, own)
    ties = apart.and_(families(own, past, policy)).beside(known["name"])
    system = _with_known(system, known["variable"].to_numpy())
    system, rests = _joined(system, own, past, ties)
    system = _with_needs(_with_needs(_with_needs(system, rests), held), kept)
    shut = kept.filter(
        pl.col("cell") >= 0, pl.col("alone") | pl.col("cell").is_in(weighed.implode())
    )
    system = _hidden(
        system, shut.unique("cell", keep="first", maintain_order=True)["variable"].to_numpy()
    )
    late = set(held["cell"])
    reason = [
        gravest or ("time" if cell in late else "") for cell, gravest in enumerate(model.reason)
    ]
    return Bound(
        replace(model, system=system, reason=reason), held, ties, kept["variable"].to_numpy()
    )


def _held(
    own: pl.DataFrame, old: pl.DataFrame, known: pl.DataFrame, kept: pl.DataFrame, policy: Policy
) -> tuple[pl.DataFrame, pl.Series]:
    """The figures that are `gated`, but for those of cells that are so only beside what this report
    tells again: they were hidden beside it before, in such a report as this, and need no more than
    that."""
    if old.is_empty():
        return NONE, pl.Series(dtype=pl.Int64)
    new = own.join(known, on="variable", how="anti")
    held = gated(new, old, policy)
    again = (
        new.filter(pl.col("cell") >= 0)
        .join(held, on="cell", how="semi")
        .join(kept, on="cell", how="semi")
    )
    elsewhere = old.join(own, on="name", how="anti")
    weighed = (
        again.join(gated(again, elsewhere, policy), on="cell", how="anti")
        if again.height
        else again
    )
    return held.join(weighed, on="cell", how="anti"), weighed["cell"].unique()


def eased(system: System, before: Ints) -> tuple[System, list[Ints]]:
    """The system with its needs cut down to what is possible once all is hidden that may be, and
    witnesses of that: what was published cannot be taken back, and what follows from it is known.
    What somebody alone in a cell would learn of a cell that was in no report before stays."""
    search = Search(system, np.random.default_rng(0))
    everything = system.primary | system.open_cell
    search.separate(everything, 0)
    attack = Attack(system, everything, search.effort)
    moves = system.need_move.copy()
    old = (system.cell[system.need_variable] < 0) | np.isin(system.need_variable, before)
    for place in np.flatnonzero(search.waiting & ((system.need_scenario < 0) | old)):
        variable = system.need_variable[[place]]
        move = system.need_move[[place]]
        known = system.alone_variable[system.alone_scenario == system.need_scenario[place]]
        reached = np.abs(attack.push(variable, move, np.ones(1), known)[variable[0]]) + TINY
        moves[place] = (
            np.sign(move[0]) * np.trunc(reached) if reached < abs(move[0]) else 0
        )  # 0: far enough, but not in whole numbers
    eased_system = replace(system, need_move=moves)
    again = Search(eased_system, np.random.default_rng(0))
    again.pool = search.pool
    again.separate(everything, 0)
    return eased_system, again.pool


def _equal(system: System, own: pl.DataFrame) -> System:
    """The same figure of the same people is one unknown, by whatever name it is called in the
    report."""
    first = pl.col("variable").first().over("name")
    twins = own.sort("variable").filter(pl.col("variable") != first).select("variable")
    whole = (
        own.sort("variable")
        .with_columns(whole=first)
        .join(twins, on="variable", how="semi")["whole"]
        .to_numpy()
    )
    lines = system.relations + np.arange(len(whole))
    return replace(
        system,
        relation=np.concatenate([system.relation, lines, lines]),
        variable=np.concatenate([system.variable, whole, twins["variable"].to_numpy()]),
        sign=np.concatenate(
            [system.sign, np.ones(len(whole), np.int64), -np.ones(len(whole), np.int64)]
        ),
    )


def _with_known(system: System, variables: Ints) -> System:
    """Everybody knows these: they stand in a cell of their own that is always shown, and nothing
    can be asked of them."""
    cell = system.cell.copy()
    cell[variables] = len(system.weight)
    asked = ~np.isin(system.need_variable, variables)
    needs: dict[str, Any] = {
        f"need_{part}": getattr(system, f"need_{part}")[asked]
        for part in ("variable", "move", "scenario")
    }
    shut: dict[str, Any] = {
        "weight": np.append(system.weight, 1.0),
        "open_cell": np.append(system.open_cell, False),
    }
    return replace(system, cell=cell, **shut, **needs)


def _with_needs(system: System, asked: pl.DataFrame) -> System:
    """Each `variable` must stay free to move `up`, and `down` as far as there is anything."""
    variable, up, down = (asked[column].to_numpy() for column in ("variable", "up", "down"))
    moves = np.concatenate([up, -np.minimum(down, system.value[variable] - system.low[variable])])
    return system.needing(np.concatenate([variable, variable])[moves != 0], moves[moves != 0])


def _hidden(system: System, variables: Ints) -> System:
    """The cells of these stay hidden, however far they can move."""
    return system.needing(variables, np.zeros(len(variables), np.int64))


def _joined(
    system: System, own: pl.DataFrame, past: Past, ties: Ties
) -> tuple[System, pl.DataFrame]:
    """The system with those relations of the past and of the ties that hang together with it, by
    what they hide; and the new unknowns of them that nobody is shown, with the moves that they
    need."""
    listed, entries = _listed(past, ties)
    ours = own.unique("name", keep="first").select("name", here="variable")
    who = ["who", "name", "shown"]
    entries = entries.join(listed.select("page", "variable", *who), on=["page", "variable"]).join(
        ours, on="name", how="left"
    )
    entries = _distinct(entries.with_columns(secret=~pl.col("shown")))
    told = listed.group_by("who", maintain_order=True).agg(
        pl.col("name", "shown").first(), pl.col("value").last(), pl.col("low", "up", "down").max()
    )
    used = told.join(entries.select("who").unique(), on="who", how="semi", maintain_order="left")
    used = used.join(ours, on="name", how="left", maintain_order="left")
    new = used.filter(pl.col("here").is_null()).with_columns(
        variable=len(system.value) + pl.int_range(pl.len())
    )
    place = pl.concat(
        [used.drop_nulls("here").select("who", at="here"), new.select("who", at="variable")]
    )
    at = entries.join(place, on="who", maintain_order="left")
    wider = replace(
        system,
        value=np.append(system.value, new["value"].to_numpy()),
        low=np.append(system.low, new["low"].to_numpy()),
        cell=np.append(system.cell, np.where(new["shown"].to_numpy(), len(system.weight) - 1, -1)),
        relation=np.append(system.relation, system.relations + at["line"].to_numpy()),
        variable=np.append(system.variable, at["at"].to_numpy()),
        sign=np.append(system.sign, at["sign"].to_numpy()),
    )
    return wider, new.filter(~pl.col("shown"))


def _listed(past: Past, ties: Ties) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All unknowns, `who` being the same one, and all relations: the ties are the last page."""
    page = pl.lit((past.variables["page"].max() or 0) + 1, pl.UInt32)  # type: ignore[operator]
    columns = ("page", "name", "value", "low", "shown", "up", "down")
    tied = ties.variables().with_columns(page=page, shown=pl.lit(False)).select(columns)
    listed = pl.concat([past.variables.select(columns), tied])
    who = (
        pl.when(pl.col("name") > 0).then("name").otherwise(pl.int_range(pl.len(), dtype=pl.UInt64))
    )
    listed = listed.with_columns(
        who=who, variable=pl.int_range(pl.len()).over("page")
    ).with_columns(shown=pl.col("shown").any().over("who"))
    return listed, pl.concat(
        [past.entries, ties.entries().with_columns(page=page).select(ENTRY.keys())]
    )


def _distinct(entries: pl.DataFrame) -> pl.DataFrame:
    """Each relation that touches one of our unknowns, directly or through others, once, numbered by
    `line`."""
    entries = entries.with_columns(
        line=pl.struct("page", "relation").rank("dense").cast(pl.Int64) - 1
    )
    entries = (
        entries.group_by("line", "who", "secret", "here", maintain_order=True)
        .agg(pl.col("sign").sum())
        .filter(pl.col("sign") != 0)
    )
    entries = entries.filter(pl.col("sign").abs().max().over("line") == 1)
    seal = pl.struct("who", "sign").hash().sum().over("line")
    entries = entries.with_columns(seal=seal).filter(
        pl.col("line") == pl.col("line").min().over("seal")
    )
    secret = entries.filter("secret").with_columns(
        node=pl.col("who").rank("dense").cast(pl.Int64) - 1
    )
    if secret.is_empty():
        return entries.clear()
    nodes = int(secret["node"].max()) + 1  # type: ignore[arg-type]
    lines = int(entries["line"].max()) + 1  # type: ignore[arg-type]
    label = components(nodes + lines, secret["node"].to_numpy(), nodes + secret["line"].to_numpy())
    live = label[secret.filter(pl.col("here").is_not_null())["node"].to_numpy()]
    kept = entries.filter(pl.Series(np.isin(label[nodes + entries["line"].to_numpy()], live)))
    return kept.with_columns(line=pl.col("line").rank("dense").cast(pl.Int64) - 1)
