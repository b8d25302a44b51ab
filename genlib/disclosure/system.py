"""`System`: what a report shows, as one set of linear relations between whole numbers - the attacker's view and the defender's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class System:
    """Variables, the relations between them and what each must stay free to do.

    `value`: the true figure of each variable; `low`: what anyone knows it cannot be under. `cell`: the cell that shows it (variables of one
    cell are hidden together), -1 for what is never shown. `relation`, `variable`, `sign`: the entries of M in M y = 0.
    `need_variable`, `need_move`: the variable must be able to move at least so far (down if negative) while all that is shown stays.
    `alone_scenario`, `alone_variable`: what each lone respondent knows. `weight`: the loss of hiding each cell; `open_cell`: may be hidden.
    """

    value: Ints
    low: Ints
    cell: Ints
    relation: Ints
    variable: Ints
    sign: Ints
    need_variable: Ints
    need_move: Ints
    alone_scenario: Ints
    alone_variable: Ints
    weight: Floats
    open_cell: Bools
    names: tuple[str, ...] = field(default=(), repr=False)

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
    def matrix(self) -> csr_array:
        from scipy.sparse import csr_array

        return csr_array((self.sign, (self.relation, self.variable)), shape=(self.relations, len(self.value)))

    def hidden_variables(self, hidden: Bools) -> Bools:
        """The variables that nobody sees when these cells are hidden."""
        return np.where(self.cell < 0, True, hidden[self.cell])

    def balance(self, table: Ints) -> Ints:
        """M y for a whole-number table, without floating point."""
        total = np.zeros(self.relations, np.int64)
        np.add.at(total, self.relation, self.sign * table[self.variable])
        return total

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


def make_system(**parts: Any) -> System:
    """A `System` from plain lists; what is left out is empty, zero, or one cell a variable."""
    size = len(parts["value"])
    cells = np.asarray(parts.get("cell", np.arange(size)), np.int64)
    count = int(cells.max(initial=-1)) + 1
    filled: dict[str, Any] = {name: np.asarray(parts.get(name, ()), np.int64) for name in System.__dataclass_fields__ if name != "names"}
    filled["cell"] = cells
    filled["low"] = np.asarray(parts.get("low", np.zeros(size)), np.int64)
    filled["weight"] = np.asarray(parts.get("weight", np.ones(count)), float)
    filled["open_cell"] = np.asarray(parts.get("open_cell", np.ones(count)), bool)
    return System(**filled, names=tuple(parts.get("names", ())))
