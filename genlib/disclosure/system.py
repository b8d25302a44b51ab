"""`System`: what a report shows, as one set of linear relations between whole numbers - the
attacker's view and the defender's.

Example: 3 + 9 = 12, of which 3 is too small: `value` 3, 9, 12; one row of `matrix` 1, 1, -1; the
first variable has two needs, to move by +2 and by -1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ANY_SIGN = -(10**12)
EVERYONE = -1
"""The scenario of who knows no more than what is shown."""
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class System:
    """Variables, the relations between them and what each must stay free to do.

    `value`: the true figure of each variable; `low`: what anyone knows it cannot be under. `cell`:
    the cell that shows it (variables of one cell are hidden together), -1 for what is never shown.
    `matrix`: M in M y = 0, a row a relation. `need_variable`, `need_move`: the variable must be
    able to move at least so far (down if negative) while all that is shown stays; `need_scenario`:
    in the eyes of everyone or of that lone respondent. `knows`: a row for each of those, with a one
    for each variable that he knows; the last row is everyone's, and empty. `weight`: the loss of
    hiding each cell.
    """

    value: Ints
    low: Ints
    cell: Ints
    matrix: csr_array
    need_variable: Ints
    need_move: Ints
    need_scenario: Ints
    knows: csr_array
    weight: Floats

    @property
    def primary(self) -> Bools:
        """The cells that must be hidden for their own sake."""
        needy = self.cell[self.need_variable]
        return np.isin(np.arange(len(self.weight)), needy)

    def hidden_variables(self, hidden: Bools) -> Bools:
        """The variables that nobody sees when these cells are hidden: theirs, and those that are
        never shown (cell -1, for which one more place is appended)."""
        return np.append(hidden, True)[self.cell]

    def list_known(self, respondent: int) -> Ints:
        """The variables that a lone respondent knows; none that everyone does."""
        variables: Ints = self.knows[[respondent]].indices
        return variables

    def is_table(self, moved: Ints) -> bool:
        """Whether `value + moved` fits all relations and bounds, in whole numbers."""
        table = self.value + moved
        return not (self.matrix @ table).any() and bool((table >= self.low).all())

    def met(self, moved: Ints) -> Bools:
        """Which needs the table `value + moved` settles: the variable has moved far enough, and
        nothing that its respondent knows has moved at all.

        Of 3 + 9 = 12 the 3 must be able to rise by 2, and to fall by 1:

        >>> system = make_total(3, 9, need_variable=[0, 0], need_move=[2, -1])
        >>> system.met(np.array([2, -2, 0])).tolist()
        [True, False]
        """
        is_touched: Bools = self.knows @ np.abs(moved) > 0
        reach = moved[self.need_variable] * np.sign(self.need_move)
        is_far: Bools = reach >= np.abs(self.need_move)
        return is_far & ~is_touched[self.need_scenario]

    def needing(self, variables: Ints, moves: Ints, scenarios: Ints | int = EVERYONE) -> System:
        """With more needs, in the eyes of everyone or of these respondents."""
        return replace(
            self,
            need_variable=np.append(self.need_variable, variables),
            need_move=np.append(self.need_move, moves),
            need_scenario=np.append(self.need_scenario, np.broadcast_to(scenarios, len(moves))),
        )

    def with_respondents(self, excused: csr_array) -> System:
        """Every need once more for each lone respondent who stands in a relation with it, does not
        know it himself, and is not `excused` (a row for his variable, a column for that of the
        need).

        Of 1 + 3 + 9 = 13 the 1 is a person who knows it, so the 3 must move in his eyes too. He is
        respondent 0, everybody else -1:

        >>> system = make_total(
        ...     *(1, 3, 9),
        ...     need_variable=[0, 1],
        ...     need_move=[4, 2],
        ...     alone_scenario=[0],
        ...     alone_variable=[0],
        ... )
        >>> system.need_variable.tolist(), system.need_scenario.tolist()
        ([0, 1, 1], [-1, -1, 0])
        """
        meets = self.knows @ abs(self.matrix).T @ abs(self.matrix)
        spares = self.knows + self.knows @ excused
        is_asked = meets.astype(bool) > spares.astype(bool)
        asked = is_asked.tocsc()[:, self.need_variable].tocoo()
        needs = asked.col
        return self.needing(self.need_variable[needs], self.need_move[needs], asked.row)

    def digest(self) -> str:
        """A fingerprint of everything the proof rests on."""
        seal = hashlib.sha256()
        arrays = [
            self.value,
            self.low,
            self.cell,
            self.need_variable,
            self.need_move,
            self.need_scenario,
        ]
        for matrix in (self.matrix, self.knows):
            arrays += [matrix.indptr, matrix.indices, matrix.data]
        for array in arrays:
            seal.update(f"{array.size}:".encode())
            seal.update(np.ascontiguousarray(array, np.int64).tobytes())
        return seal.hexdigest()


def make_system(  # noqa: PLR0913 - the parts of a system
    *,
    value: Any,
    relation: Any,
    variable: Any,
    sign: Any,
    low: Any = 0,
    cell: Any = None,
    need_variable: Any = (),
    need_move: Any = (),
    alone_scenario: Any = (),
    alone_variable: Any = (),
    excused: Any = ((), ()),
    weight: Any = None,
) -> System:
    """A `System` from plain lists, a cell for each variable if not said otherwise. `relation`,
    `variable`, `sign`: the entries of its matrix. Needs are everyone's, and then each lone
    respondent's too; `excused` are pairs of a respondent's variable and a need's."""
    size = len(value)
    values = np.asarray(value, np.int64)
    cells = np.arange(size) if cell is None else np.asarray(cell, np.int64)
    weights = np.ones(int(cells.max(initial=-1)) + 1) if weight is None else weight
    needs = np.asarray(need_variable, np.int64)
    respondents = len(np.unique(alone_scenario))
    respondent, need = excused
    system = System(
        value=values,
        low=np.broadcast_to(low, size).astype(np.int64),
        cell=cells,
        matrix=make_matrix(relation, variable, sign, size),
        need_variable=needs,
        need_move=np.asarray(need_move, np.int64),
        need_scenario=np.full(len(needs), EVERYONE),
        knows=make_matrix(alone_scenario, alone_variable, 1, size, respondents + 1),
        weight=np.asarray(weights, float),
    )
    return system.with_respondents(make_matrix(respondent, need, 1, size, size))


def make_total(*parts: int, **others: Any) -> System:
    """The `System` of one table that the examples share: parts, and behind them their total.

    >>> make_total(3, 9).value.tolist()
    [3, 9, 12]
    """
    size = len(parts) + 1
    return make_system(
        value=[*parts, sum(parts)],
        relation=[0] * size,
        variable=range(size),
        sign=[1] * len(parts) + [-1],
        **others,
    )


def make_matrix(row: Any, column: Any, entry: Any, columns: int, rows: int = 0) -> csr_array:
    """A sparse matrix of whole numbers from its entries, of as many rows as they need or more."""
    from scipy.sparse import csr_array

    row_numbers = np.asarray(row, np.int64)
    column_numbers = np.asarray(column, np.int64)
    entries = np.broadcast_to(entry, len(row_numbers)).astype(np.int64)
    needed = int(row_numbers.max(initial=-1)) + 1
    shape = (max(rows, needed), columns)
    return csr_array((entries, (row_numbers, column_numbers)), shape=shape)


def components(size: int, first: Ints, second: Ints) -> Ints:
    """Nodes that hang together have the same label.

    Of four the first and the last hang together:

    >>> components(4, np.array([0]), np.array([3])).tolist()
    [0, 1, 2, 0]
    """
    from scipy.sparse.csgraph import connected_components

    graph = make_matrix(first, second, 1, size, size)
    label: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return label
