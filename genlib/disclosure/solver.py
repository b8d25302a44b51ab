"""HiGHS behind two questions: which tables can an attacker not rule out (`Attack`), and which cells
are cheapest to hide (`Master`).

Example: of 3 + 9 = 12, of which the total alone is shown, the 3 is pushed up by 2. The attacker
cannot rule out 5 + 7: the moves are 2, -2 and 0.

>>> from genlib.disclosure.system import make_total
>>> system = make_total(3, 9, need_variable=[0], need_move=[2])
>>> attack = Attack(system, Effort())
>>> unseen = np.array([True, True, False])
>>> attack.push(unseen, np.array([0]), np.array([], int)).astype(int).tolist()
[2, -2, 0]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from genlib.disclosure.system import Bools, Floats, Ints, System, make_matrix

QUESTION, BRANCHED = 100, 6
"""What a question costs beside its steps, and a step of the search for whole numbers, in steps of
the plain simplex method."""
AFAR = 100.0
"""Nothing is worth moving farther than so many times the greatest need, and solvers lose their way
there."""
HAIR = 1e-3
IDLE = ("feasibility_jump", "rins", "rens", "root_reduced_cost")
"""Searches of HiGHS for a first solution: here the relaxation is nearly one, and they take two
thirds of the time."""
TINY = 1e-7
PRIMAL = 4
"""The primal simplex method, as HiGHS numbers it."""


class Effort:
    """What a search has taken so far, in steps of the simplex method (about 80,000 a second) and
    not in time: however slow or busy the machine, the same tables are hidden alike."""

    def __init__(self) -> None:
        self.steps = 0

    def run(self, solver: Any, each: int = 1) -> None:
        """Solve, and count the steps, `each` of which counts so many."""
        solver.run()
        steps = solver.getInfo().simplex_iteration_count
        self.steps += QUESTION + each * max(0, steps)


class Attack:
    """The tables that agree with everything shown, as moves away from the true one."""

    def __init__(self, system: System, effort: Effort) -> None:
        self.system = system
        self.effort = effort
        self.far = AFAR * float(np.abs(system.need_move).max(initial=1))
        room = (system.low - system.value).astype(float)
        self.down = np.maximum(room, -self.far)
        self.solver = _make_model(system.matrix, np.zeros(len(system.value)))
        # the true table is a feasible start for every question
        self.solver.setOptionValue("simplex_strategy", PRIMAL)
        self.solver.setOptionValue("presolve", "off")

    def push(
        self,
        unseen: Bools,
        needs: Ints,
        fixed: Ints,
        weights: Any = 1.0,
        hair: float = 0.0,
    ) -> Floats:
        """A table that moves the variables of these needs, as many as the weights favour, while
        what is seen stays and what is `fixed`.

        What is seen may move by a `hair`: the prices then tell which cells would help most (a core
        point, Magnanti and Wong 1981).
        """
        variables = self.system.need_variable[needs]
        moves = self.system.need_move[needs]
        self.lower = np.where(unseen, self.down, np.maximum(self.down * HAIR, -hair))
        self.upper = np.where(unseen, self.far, hair)
        self.upper[variables] = np.where(moves > 0, moves, self.upper[variables])
        self.lower[variables] = np.where(moves < 0, moves, self.lower[variables])
        self.lower[fixed] = 0
        self.upper[fixed] = 0
        cost = np.zeros(len(unseen))
        cost[variables] = -np.sign(moves) * weights
        self._ask(cost)
        return np.array(self.solver.getSolution().col_value)

    def _ask(self, cost: Floats) -> None:
        """There is always an answer - to stay - though a warm start may lose it among large
        numbers."""
        import highspy

        count = len(cost)
        columns = np.arange(count, dtype=np.int32)
        self.solver.changeColsBounds(count, columns, self.lower, self.upper)
        self.solver.changeColsCost(count, columns, cost)
        self.effort.run(self.solver)
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self.solver.clearSolver()
            self.effort.run(self.solver)

    def push_whole(self, need: int, nodes: int) -> Floats | None:
        """The last question once more, the move made in full and in whole numbers; None if `nodes`
        are too few or it cannot be. Another model is asked: the next question starts from the
        answer before."""
        variable = self.system.need_variable[need]
        self.lower[variable] = self.system.need_move[need]
        self.upper[variable] = self.system.need_move[need]
        size = len(self.lower)
        solver = _make_model(self.system.matrix, np.zeros(size), self.lower, self.upper)
        _want_whole_numbers(solver, size)
        solver.setOptionValue("mip_heuristic_run_shifting", True)
        solver.setOptionValue("mip_max_nodes", nodes)
        self.effort.run(solver, BRANCHED)
        solution = solver.getSolution()
        return np.array(solution.col_value) if solution.value_valid else None

    def list_prices(self) -> Floats:
        """What the last answer says each relation is worth."""
        return np.array(self.solver.getSolution().row_dual)


class Master:
    """The cheapest cells to hide, the primary ones among them, under the cuts found so far. Beside
    the cells there is one more column, for what is never shown: it is hidden for nothing.

    The first of three cells must be hidden. A cut asks for the second or the third, and the second
    costs less:

    >>> from genlib.disclosure.system import make_total
    >>> system = make_total(3, 9, need_variable=[0], need_move=[2], weight=[1, 2, 5])
    >>> master = Master(system, Effort())
    >>> master.add(make_matrix([0, 0], [1, 2], 1, 4))
    >>> hidden, bound = master.solve(nodes=100, gap=0.0)
    >>> hidden.tolist(), bound
    ([True, True, False], 3.0)
    """

    def __init__(self, system: System, effort: Effort) -> None:
        self.effort = effort
        weight = np.append(system.weight, 0.0)
        self.count = len(weight)
        no_cuts = make_matrix((), (), 1, self.count)
        lower = np.append(system.primary, True).astype(float)
        self.solver = _make_model(no_cuts, weight, lower, np.ones(self.count))
        self.solver.setOptionValue("mip_allow_restart", False)
        for search in IDLE:
            self.solver.setOptionValue(f"mip_heuristic_run_{search}", False)
        _want_whole_numbers(self.solver, self.count)

    def add(self, cuts: Any) -> None:
        """Add cuts, a row each: the shares of the hidden cells must add up to 1."""
        count = cuts.shape[0]
        self.solver.addRows(
            count,
            np.ones(count),
            np.full(count, np.inf),
            cuts.nnz,
            cuts.indptr[:-1],
            cuts.indices,
            cuts.data.astype(float),
        )

    def solve(self, nodes: int, gap: float) -> tuple[Bools | None, float]:
        """The cells to hide, the cheapest but for the `gap` (None: no choice is enough), and the
        proven lower bound of the loss. Without `nodes` left to try: all cells that a choice in
        fractions has a part of."""
        import highspy

        self.solver.setOptionValue("solve_relaxation", nodes <= 0)
        self.solver.setOptionValue("mip_max_nodes", max(nodes, 0))
        self.solver.setOptionValue("mip_rel_gap", gap)
        self.effort.run(self.solver, BRANCHED)
        if self.solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
            return None, np.inf
        info = self.solver.getInfo()
        solution = self.solver.getSolution()
        if nodes <= 0:
            fractions = np.array(solution.col_value)
            return fractions[:-1] > TINY, info.objective_function_value
        parts = np.ones(self.count)
        if solution.value_valid:
            parts = np.array(solution.col_value)
        return parts[:-1] > 0.5, info.mip_dual_bound


def _want_whole_numbers(solver: Any, columns: int) -> None:
    kinds = np.ones(columns, np.uint8)
    solver.changeColsIntegrality(columns, np.arange(columns, dtype=np.int32), kinds)


def _make_model(matrix: Any, cost: Floats, lower: Any = 0.0, upper: Any = 0.0) -> Any:
    """A HiGHS model with every relation at zero."""
    import highspy

    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = cost
    lp.col_lower_ = np.broadcast_to(lower, cost.shape)
    lp.col_upper_ = np.broadcast_to(upper, cost.shape)
    lp.row_lower_ = np.zeros(matrix.shape[0])
    lp.row_upper_ = np.zeros(matrix.shape[0])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data.astype(float)
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("threads", 1)
    solver.passModel(lp)
    return solver
