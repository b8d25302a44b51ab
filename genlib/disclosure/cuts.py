"""Cuts: sums of cells of which enough must be hidden, learnt from a relation or from the prices of
a failed attack."""

from __future__ import annotations

from typing import Any

import numpy as np

from genlib.disclosure.system import Bools, Floats, Ints, System

Cut = tuple[Ints, Floats]
AMPLE = 1e15
TINY = 1e-9
WORST = 2


class Cuts:
    """Makes cuts over the cells that may be hidden beside the primary ones (`optional`; a cut names
    their places)."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.optional = np.flatnonzero(~system.primary & system.open_cell)
        self.column = np.full(len(system.weight) + 1, -1)
        self.column[self.optional] = np.arange(len(self.optional))
        self.matrix = system.matrix
        moving = np.flatnonzero(
            system.need_move
        )  # what must only be hidden asks nothing of its relations
        ours = self.matrix.tocsc()[:, system.need_variable[moving]].tocoo()
        self.stands = moving[ours.col], ours.row.astype(np.int64), ours.data.astype(np.int64)
        self.drop = (system.value - system.low).astype(float)
        self.sure = system.hidden_variables(system.primary)

    def priced(self, place: int, prices: Floats) -> Cut:
        """From the prices of the relations when obligation `place` failed: how far it can go is at
        most what these cells allow."""
        variable = self.system.need_variable[place]
        move = self.system.need_move[place]
        cost = -(self.matrix.T @ prices)
        cost[variable] -= np.sign(move)
        cost[np.abs(cost) < TINY] = 0
        reach = np.where(cost > 0, cost * self.drop, np.where(cost < 0, AMPLE, 0.0))
        reach[variable] = 0.0
        return self._cut(reach, place)

    def capacity(self, hidden: Bools) -> list[Cut]:
        """For every relation in which a needy variable stands: the others in it must leave it room.
        The worst that this pattern breaks."""
        place, relation, sign = self.stands
        variable = self.system.need_variable[place]
        move = self.system.need_move[place]
        toward = (-sign * np.sign(move) + 1) // 2
        unseen = self.system.hidden_variables(hidden)
        room = np.stack([self._room(way, unseen).sum(axis=0) for way in (-1, 1)])[toward, relation]
        room -= np.where(move > 0, self.drop[variable], AMPLE) + self._sum_knowledge(
            unseen, place, relation, toward
        )
        lack = np.abs(move) - room
        worst = np.lexsort((-lack, toward, relation))
        worst = worst[lack[worst] > TINY]
        rank = np.arange(len(worst)) - _first(2 * relation[worst] + toward[worst])
        return [
            self._single(place[i], relation[i], 2 * int(toward[i]) - 1) for i in worst[rank < WORST]
        ]

    def beyond(self, hidden: Bools) -> Cut:
        """Hide something more: this pattern has no whole-number witness."""
        more = self.column[np.flatnonzero(~hidden)]
        return more[more >= 0], np.ones(int((more >= 0).sum()))

    def _room(self, toward: int, unseen: Bools) -> Any:
        """How far each unseen variable can move the sum of each relation that way."""
        from scipy.sparse import csc_array

        system = self.system
        room = (
            np.where(system.sign * toward > 0, AMPLE, self.drop[system.variable])
            * unseen[system.variable]
        )
        return csc_array((room, (system.variable, system.relation)), shape=self.matrix.shape[::-1])

    def _sum_knowledge(self, unseen: Bools, place: Ints, relation: Ints, toward: Ints) -> Floats:
        """The part of the room that the lone respondent of an obligation knows is none."""
        from scipy.sparse import csr_array

        system = self.system
        parts = np.zeros(len(place))
        seen = np.flatnonzero(self.system.need_scenario[place] >= 0)
        if seen.size:
            ones = np.ones(len(system.alone_variable))
            knows = csr_array(
                (ones, (system.alone_scenario, system.alone_variable)),
                (system.alone_scenario.max() + 1, len(system.value)),
            )
            rooms = [(knows @ self._room(way, unseen)).tocsr() for way in (-1, 1)]
            for way in (0, 1):
                here = seen[toward[seen] == way]
                parts[here] = np.asarray(
                    rooms[way][self.system.need_scenario[place[here]], relation[here]]
                ).ravel()
        return parts

    def _single(self, place: int, relation: int, toward: int) -> Cut:
        entries = slice(self.matrix.indptr[relation], self.matrix.indptr[relation + 1])
        variables = self.matrix.indices[entries]
        signs = self.matrix.data[entries]
        reach = np.zeros(len(self.system.value))
        reach[variables] = np.where(signs * toward > 0, AMPLE, self.drop[variables])
        reach[self.system.need_variable[place]] = 0.0
        return self._cut(reach, place)

    def _cut(self, reach: Floats, place: int) -> Cut:
        scenario = self.system.need_scenario[place]
        if scenario >= 0:
            reach[self.system.alone_variable[self.system.alone_scenario == scenario]] = 0.0
        need = abs(self.system.need_move[place]) - reach[self.sure].sum()
        cells, at = np.unique(
            self.system.cell[np.flatnonzero((reach > 0) & ~self.sure)], return_inverse=True
        )
        shares = np.minimum(
            np.bincount(at, reach[(reach > 0) & ~self.sure], len(cells)) / max(need, TINY), 1.0
        )
        open_ = self.column[cells] >= 0
        return self.column[cells[open_]], shares[open_]


def _first(sorted_: Ints) -> Ints:
    """For each place of a sorted array, the first place that holds the same."""
    return np.searchsorted(sorted_, sorted_)
