"""HiGHS behind two questions: which tables can an attacker not rule out (`Attack`), and which cells
are cheapest to hide (`Master`)."""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np

from genlib.disclosure.system import Bools, Floats, Ints, System, components


def _model(matrix: Any, cost: Floats, lower: Floats, upper: Floats) -> Any:
    """A HiGHS model with every relation at zero."""
    import highspy

    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
    lp.row_lower_ = lp.row_upper_ = np.zeros(matrix.shape[0])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = (
        matrix.indptr,
        matrix.indices,
        matrix.data.astype(float),
    )
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("threads", 1)
    solver.passModel(lp)
    return solver


QUESTION, BRANCHED = 100, 6
"""What a question costs beside its steps, and a step of the search for whole numbers, in steps of
the plain simplex method."""
PATIENCE = 120.0
"""Seconds after which a search looks for nothing better on any machine; one question may take as
long."""


class Effort:
    """What a search has taken so far, in steps of the simplex method (about 80,000 a second) and
    not in time: however slow or busy the machine, the same tables are hidden alike."""

    def __init__(self) -> None:
        self.steps = 0
        self.until = monotonic() + PATIENCE

    def run(self, solver: Any, each: int = 1) -> None:
        solver.setOptionValue("time_limit", solver.getRunTime() + PATIENCE)
        solver.run()
        self.steps += QUESTION + each * max(0, solver.getInfo().simplex_iteration_count)

    def over(self, steps: float) -> bool:
        return self.steps > steps or monotonic() > self.until


HAIR = 1e-3
AFAR = 100.0
TIMES, CLOSE = 6, 1e-5


class Attack:
    """The tables that agree with everything shown, as moves away from the true one."""

    def __init__(self, system: System, hidden: Bools, effort: Effort) -> None:
        self.system, self.effort = system, effort
        self.free = np.flatnonzero(system.hidden_variables(hidden))
        matrix = system.matrix[:, self.free]
        self.kept = np.flatnonzero(np.diff(matrix.indptr))
        matrix = self.matrix = matrix[self.kept]
        far = AFAR * float(
            np.abs(system.need_move).max(initial=AFAR)
        )  # nothing is worth moving farther, and solvers lose their way there
        self.down = np.maximum((system.low - system.value)[self.free].astype(float), -far)
        self.up = np.full(len(self.free), far)
        self.solver = _model(matrix, np.zeros(len(self.free)), self.down, self.up)
        self.solver.setOptionValue(
            "simplex_strategy", 4
        )  # primal: the true table is a feasible start for every question
        self.solver.setOptionValue("presolve", "off")
        self.all = np.arange(len(self.free), dtype=np.int32)
        first, second = matrix.tocoo().coords
        self.parts = components(sum(matrix.shape), first + len(self.free), second)[: len(self.free)]
        self.place = np.full(len(system.value), -1)
        self.place[self.free] = self.all

    def push(
        self, variables: Ints, moves: Ints, weights: Floats, fixed: Ints, ajar: Bools | None = None
    ) -> Floats:
        """A table that moves these variables as far as their needs, as many as the weights favour,
        with `known` ones fixed.

        Variables `ajar` may move by a hair: the prices then tell which cells would help most (a
        core point, Magnanti and Wong 1981).
        """
        lower = self.down.copy()
        upper = self.up.copy()
        cost = np.zeros(len(self.free))
        if ajar is not None:
            hair = HAIR * np.abs(moves).max()
            here = ajar[self.free]
            lower[here], upper[here] = np.maximum(lower[here] * HAIR, -hair), hair
        at = self.place[variables]
        upper[at] = np.where(moves > 0, moves, upper[at])
        lower[at] = np.maximum(np.where(moves < 0, moves, lower[at]), lower[at])
        cost[at] = -np.sign(moves) * weights
        lower[self.place[fixed]] = upper[self.place[fixed]] = 0
        self.asked = at, moves, lower, upper
        self.solver.changeColsBounds(len(self.all), self.all, lower, upper)
        self.solver.changeColsCost(len(self.all), self.all, cost)
        self._run()
        moved = np.zeros(len(self.system.value))
        moved[self.free] = self._multiplied(np.array(self.solver.getSolution().col_value))
        return moved

    def _multiplied(self, moved: Floats) -> Floats:
        """Halves and thirds become whole where all that hangs together can move twice or thrice as
        far."""
        least = (self.system.low - self.system.value)[self.free]
        factor = np.ones(self.parts.max(initial=-1) + 1)
        for times in range(TIMES, 0, -1):
            broken = (np.abs(times * moved - np.rint(times * moved)) > CLOSE) | (
                times * moved < least - CLOSE
            )
            unfit = np.bincount(self.parts[broken], minlength=len(factor)) > 0
            factor = np.where(unfit, factor, times)
        return moved * factor[self.parts]

    def _run(self) -> None:
        """There is always an answer - to stay - though a warm start may lose it among large
        numbers."""
        import highspy

        self.effort.run(self.solver)
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self.solver.clearSolver()
            self.effort.run(self.solver)

    def whole(self, nodes: int) -> Floats | None:
        """The last question once more, its moves made in full and in whole numbers; None if `nodes`
        are too few or none can be. It is asked of another model, of what hangs together with them:
        the next question starts from the answer before."""
        at, moves, lower, upper = self.asked
        lower[at] = upper[at] = moves
        here = np.flatnonzero(np.isin(self.parts, self.parts[at]))
        matrix = self.matrix[:, here]
        solver = _model(
            matrix[np.flatnonzero(np.diff(matrix.indptr))],
            np.zeros(len(here)),
            lower[here],
            upper[here],
        )
        solver.changeColsIntegrality(
            len(here), np.arange(len(here), dtype=np.int32), np.ones(len(here), np.uint8)
        )
        solver.setOptionValue("mip_heuristic_run_shifting", True)
        solver.setOptionValue("mip_max_nodes", nodes)
        self.effort.run(solver, BRANCHED)
        solution = solver.getSolution()
        moved = np.zeros(len(self.system.value))
        moved[self.free[here]] = solution.col_value
        return moved if solution.value_valid else None

    def prices(self) -> Floats:
        """What the last answer says each relation is worth."""
        prices = np.zeros(self.system.relations)
        prices[self.kept] = self.solver.getSolution().row_dual
        return prices


IDLE = ("feasibility_jump", "rins", "rens", "root_reduced_cost")
"""Searches of HiGHS for a first solution: here the relaxation is nearly one, and they take two
thirds of the time."""


class Master:
    """The cheapest cells to hide beside the primary ones, under the cuts found so far; each cut is
    a sum of cells that must reach 1."""

    def __init__(self, weight: Floats, effort: Effort) -> None:
        from scipy.sparse import csr_array

        self.count, self.effort = len(weight), effort
        self.solver = _model(
            csr_array((0, self.count)), weight, np.zeros(self.count), np.ones(self.count)
        )
        self.solver.setOptionValue("mip_allow_restart", False)
        for search in IDLE:
            self.solver.setOptionValue(f"mip_heuristic_run_{search}", False)
        kinds = np.ones(self.count, np.uint8)
        self.solver.changeColsIntegrality(self.count, np.arange(self.count, dtype=np.int32), kinds)

    def add(self, cuts: list[tuple[Ints, Floats]]) -> None:
        sizes = [len(cells) for cells, _ in cuts]
        start = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
        cells, shares = (np.concatenate([cut[side] for cut in cuts]) for side in (0, 1))
        one = np.ones(len(cuts))
        self.solver.addRows(
            len(cuts),
            one,
            one * np.inf,
            len(cells),
            start,
            cells.astype(np.int32),
            shares.astype(float),
        )

    def solve(self, nodes: int, gap: float = 0.0) -> tuple[Bools, str, float]:
        """The cells to hide, the status ("optimal" but for the `gap`, "infeasible", "limit"), and
        the proven lower bound of the loss."""
        import highspy

        self.solver.setOptionValue("mip_max_nodes", nodes)
        self.solver.setOptionValue("mip_rel_gap", gap)
        self.effort.run(self.solver, BRANCHED)
        names = {
            highspy.HighsModelStatus.kOptimal: "optimal",
            highspy.HighsModelStatus.kInfeasible: "infeasible",
        }
        status = names.get(self.solver.getModelStatus(), "limit")
        chosen = np.array(self.solver.getSolution().col_value) > 0.5
        return (
            chosen if len(chosen) == self.count else np.ones(self.count, bool),
            status,
            self.solver.getInfo().mip_dual_bound,
        )


def cover(
    system: System, hidden: Bools, needs: tuple[Ints, Ints], fixed: Ints, effort: Effort
) -> Bools:
    """Cells whose hiding lets these variables make their moves (as far as that can be), the cheaper
    ones first."""
    from scipy.sparse import hstack

    open_ = system.hidden_variables(system.open_cell)
    price = np.where(
        system.hidden_variables(hidden), 0.0, np.append(system.weight, 0.0)[system.cell]
    )
    rise = np.where(open_, np.inf, 0.0)
    fall = np.where(open_, system.value - system.low, 0.0)
    rise[fixed] = fall[fixed] = 0.0
    costs = [price.copy(), price.copy()]
    for direction, limit in enumerate((rise, fall)):
        targets = needs[0][(needs[1] < 0) == bool(direction)]
        costs[direction][targets] = -1e3 * (price.max() + 1)
        limit[targets] = np.minimum(
            np.abs(needs[1][(needs[1] < 0) == bool(direction)]), limit[targets]
        )
        (fall, rise)[direction][targets] = 0.0
    matrix = hstack([system.matrix, -system.matrix], format="csr")
    solver = _model(
        matrix, np.concatenate(costs), np.zeros(matrix.shape[1]), np.concatenate([rise, fall])
    )
    effort.run(solver)
    both = np.array(solver.getSolution().col_value).reshape(2, -1)
    cells = system.cell[(both.max(axis=0) > 1e-7) & (system.cell >= 0)]
    wider = hidden.copy()
    wider[cells] = True
    return wider
