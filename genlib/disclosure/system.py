"""`System`: what a report shows, as one set of linear relations between whole numbers - the
attacker's view and the defender's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ANY_SIGN = -(10**12)
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class System:
    """Variables, the relations between them and what each must stay free to do.

    `value`: the true figure of each variable; `low`: what anyone knows it cannot be under. `cell`:
    the cell that shows it (variables of one cell are hidden together), -1 for what is never shown.
    `relation`, `variable`, `sign`: the entries of M in M y = 0. `need_variable`, `need_move`: the
    variable must be able to move at least so far (down if negative) while all that is shown stays;
    `need_scenario`: in the eyes of everyone (-1) or of that lone respondent. `alone_scenario`,
    `alone_variable`: what each of those knows. `weight`: the loss of hiding each cell; `open_cell`:
    it may be hidden.
    """

    value: Ints
    low: Ints
    cell: Ints
    relation: Ints
    variable: Ints
    sign: Ints
    need_variable: Ints
    need_move: Ints
    need_scenario: Ints
    alone_scenario: Ints
    alone_variable: Ints
    weight: Floats
    open_cell: Bools
    names: tuple[str, ...] = ()

    @property
    def relations(self) -> int:
        return int(self.relation.max(initial=-1)) + 1

    @property
    def primary(self) -> Bools:
        """The cells that must be hidden for their own sake."""
        marked = np.zeros(len(self.weight), bool)
        cells = self.cell[self.need_variable]
        marked[cells[cells >= 0]] = True
        return marked

    @property
    def loose(self) -> Bools:
        """The variables that stand in one relation only and are free to take it anywhere: it tells
        nobody anything."""
        once: Bools = np.bincount(self.variable, minlength=len(self.value)) == 1
        once &= (self.cell < 0) & (self.low == ANY_SIGN)
        return once

    @property
    def matrix(self) -> csr_array:
        from scipy.sparse import csr_array

        return csr_array(
            (self.sign, (self.relation, self.variable)), shape=(self.relations, len(self.value))
        )

    def hidden_variables(self, hidden: Bools) -> Bools:
        """The variables that nobody sees when these cells are hidden."""
        return np.append(hidden, True)[self.cell]

    def balance(self, table: Ints) -> Ints:
        """M y for a whole-number table, without floating point."""
        total = np.zeros(self.relations, np.int64)
        np.add.at(total, self.relation, self.sign * table[self.variable])
        return total

    def met(self, moved: Ints) -> Bools:
        """Which needs the table `value + moved` settles."""
        touched = np.zeros(int(self.alone_scenario.max(initial=-1)) + 2, bool)
        touched[self.alone_scenario[moved[self.alone_variable] != 0]] = True
        there = moved[self.need_variable]
        return (
            np.where(self.need_move > 0, there >= self.need_move, there <= self.need_move)
            & ~touched[self.need_scenario]
        )

    def needing(self, variables: Ints, moves: Ints) -> System:
        """With more needs, in the eyes of everyone."""
        more = {"variable": variables, "move": moves, "scenario": np.full(len(moves), -1)}
        wider: dict[str, Any] = {
            f"need_{name}": np.append(getattr(self, f"need_{name}"), need)
            for name, need in more.items()
        }
        return replace(self, **wider)

    def digest(self) -> str:
        """A fingerprint of everything the proof rests on."""
        seal = hashlib.sha256()
        for name in (
            "value",
            "low",
            "cell",
            "relation",
            "variable",
            "sign",
            "need_variable",
            "need_move",
            "alone_scenario",
            "alone_variable",
        ):
            array = np.ascontiguousarray(getattr(self, name), np.int64)
            seal.update(f"{name}:{array.size}:".encode() + array.tobytes())
        return seal.hexdigest()


def components(size: int, first: Ints, second: Ints) -> Ints:
    """Nodes that hang together have the same label."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first)), (first, second)), shape=(size, size))
    label: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return label


def make_system(**parts: Any) -> System:
    """A `System` from plain lists; what is left out is empty, zero, or one cell a variable. Needs
    are everyone's if not told otherwise, and then also each lone respondent's beside them."""
    size = len(parts["value"])
    cells = np.asarray(parts.get("cell", np.arange(size)), np.int64)
    count = int(cells.max(initial=-1)) + 1
    filled: dict[str, Any] = {
        name: np.asarray(parts.get(name, ()), np.int64)
        for name in System.__dataclass_fields__
        if name != "names"
    }
    filled["cell"] = cells
    filled["low"] = np.asarray(parts.get("low", np.zeros(size)), np.int64)
    filled["need_scenario"] = np.asarray(
        parts.get("need_scenario", np.full(len(filled["need_variable"]), -1)), np.int64
    )
    filled["weight"] = np.asarray(parts.get("weight", np.ones(count)), float)
    filled["open_cell"] = np.asarray(parts.get("open_cell", np.ones(count)), bool)
    system = System(**filled, names=tuple(parts.get("names", ())))
    return (
        system
        if "need_scenario" in parts
        else with_respondents(system, system.need_move, np.zeros((2, 0), np.int64))
    )


def with_respondents(system: System, lessened: Ints, inside: Ints) -> System:
    """Every need once more for each lone respondent who stands in a relation with it and does not
    know it himself.

    `eased`: the move that is left of each need where the respondent is the largest contributor
    inside it; `inside`: who stands in what so, as (variable of the respondent, variable of the
    need).
    """
    count = len(system.need_variable)
    size = len(system.value)
    if not count or not len(system.alone_variable):
        return system
    from scipy.sparse import csr_array

    near = abs(system.matrix)
    shape = (int(system.alone_scenario.max()) + 1, size)
    knows = csr_array(
        (
            np.ones(len(system.alone_variable), np.int64),
            (system.alone_scenario, system.alone_variable),
        ),
        shape,
    )
    asks = csr_array(
        (np.ones(count, np.int64), (system.need_variable, np.arange(count))), (size, count)
    )
    pairs = (((knows @ near.T) > 0).astype(np.int64) @ (near @ asks > 0).astype(np.int64)).tocoo()
    own_needs = (knows @ asks).tocoo()
    foreign = ~np.isin(pairs.row * count + pairs.col, own_needs.row * count + own_needs.col)
    who = pairs.row[foreign].astype(np.int64)
    need = pairs.col[foreign]
    scenario = np.full(size, -1)
    scenario[system.alone_variable] = system.alone_scenario
    is_own = np.isin(
        who * size + system.need_variable[need],
        (scenario[inside[0]] * size + inside[1])[scenario[inside[0]] >= 0],
    )
    return replace(
        system,
        need_variable=np.append(system.need_variable, system.need_variable[need]),
        need_move=np.append(
            system.need_move, np.where(is_own, lessened[need], system.need_move[need])
        ),
        need_scenario=np.append(system.need_scenario, who),
    )
