"""Cuts: sums of cells of which enough must be hidden, learnt from a relation or from the prices of a failed attack."""

from __future__ import annotations

import numpy as np

from genlib.disclosure.pattern import Obligations
from genlib.disclosure.system import Bools, Floats, Ints, System

Cut = tuple[Ints, Floats]
AMPLE = 1e15
TINY = 1e-9


class Cuts:
    """Makes cuts over the cells that may be hidden beside the primary ones (`optional`; a cut names their places)."""

    def __init__(self, system: System, owed: Obligations) -> None:
        self.system, self.owed = system, owed
        self.optional = np.flatnonzero(~system.primary & system.open_cell)
        self.column = np.full(len(system.weight) + 1, -1)
        self.column[self.optional] = np.arange(len(self.optional))
        self.matrix = system.matrix
        self.columns = self.matrix.tocsc()
        self.drop = (system.value - system.low).astype(float)
        self.sure = system.hidden_variables(system.primary)

    def priced(self, place: int, prices: Floats) -> Cut:
        """From the prices of the relations when obligation `place` failed: how far it can go is at most what these cells allow."""
        variable, move = self.owed.variable[place], self.owed.move[place]
        cost = -(self.matrix.T @ prices)
        cost[variable] -= np.sign(move)
        cost[np.abs(cost) < TINY] = 0
        reach = np.where(cost > 0, cost * self.drop, np.where(cost < 0, AMPLE, 0.0))
        reach[variable] = 0.0
        return self._cut(reach, place)

    def capacity(self, hidden: Bools) -> list[Cut]:
        """For every relation in which a needy variable stands: the others in it must leave it room. Those that this pattern breaks."""
        unseen = self.system.hidden_variables(hidden)
        place, relation, sign = self._stands()
        move = self.owed.move[place]
        toward = -sign * np.sign(move)
        room = self._rooms(unseen)
        own = np.where(move > 0, self.drop[self.owed.variable[place]], AMPLE)
        capacity = room[(toward + 1) // 2, relation] - own
        short = np.flatnonzero(capacity + TINY < np.abs(move))
        return [self._single(place[i], relation[i], int(toward[i])) for i in short]

    def beyond(self, hidden: Bools) -> Cut:
        """Hide something more: this pattern has no whole-number witness."""
        more = self.column[np.flatnonzero(~hidden)]
        return more[more >= 0], np.ones(int((more >= 0).sum()))

    def _stands(self) -> tuple[Ints, Ints, Ints]:
        ours = self.columns[:, self.owed.variable].tocoo()
        return ours.col.astype(np.int64), ours.row.astype(np.int64), ours.data.astype(np.int64)

    def _rooms(self, unseen: Bools) -> Floats:
        """How far each relation's unseen variables can move its sum, down and up."""
        system = self.system
        free = unseen[system.variable]
        rooms = [np.where(system.sign * toward > 0, AMPLE, self.drop[system.variable]) * free for toward in (-1, 1)]
        return np.stack([np.bincount(system.relation, room, system.relations) for room in rooms])

    def _single(self, place: int, relation: int, toward: int) -> Cut:
        entries = slice(self.matrix.indptr[relation], self.matrix.indptr[relation + 1])
        variables, signs = self.matrix.indices[entries], self.matrix.data[entries]
        reach = np.zeros(len(self.system.value))
        reach[variables] = np.where(signs * toward > 0, AMPLE, self.drop[variables])
        reach[self.owed.variable[place]] = 0.0
        return self._cut(reach, place)

    def _cut(self, reach: Floats, place: int) -> Cut:
        scenario = self.owed.scenario[place]
        if scenario >= 0:
            reach[self.system.alone_variable[self.system.alone_scenario == scenario]] = 0.0
        need = abs(self.owed.move[place]) - reach[self.sure].sum()
        cells, at = np.unique(self.system.cell[np.flatnonzero((reach > 0) & ~self.sure)], return_inverse=True)
        shares = np.minimum(np.bincount(at, reach[(reach > 0) & ~self.sure], len(cells)) / max(need, TINY), 1.0)
        open_ = self.column[cells] >= 0
        return self.column[cells[open_]], shares[open_]
