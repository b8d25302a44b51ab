"""Cuts: sums of cells of which enough must be hidden, learnt from a relation or from the prices of
a failed attack.

A cut is a row of shares, one for each cell: the shares of the cells that are hidden must add up to
1 at least.

Example: 2 must be able to rise by 3, in a row with 4, 1 and the total 7. The total can rise by all
of it, the 4 can give all of it, the 1 a third: shares of 1, 1 and 1/3. So the total or the 4 is to
be hidden; the 1 alone is not enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genlib.disclosure.system import Bools, Floats, Ints, System, make_matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

AMPLE = 1e15
TINY = 1e-9


class Cuts:
    """Makes cuts over the cells and, as the last one, what is never shown.

    The example above: the 2 is variable 0 and needs to rise by 3.

    >>> from genlib.disclosure.system import make_total
    >>> system = make_total(2, 4, 1, need_variable=[0], need_move=[3])
    >>> only_itself = np.array([True, False, False, False])
    >>> Cuts(system).find_broken(only_itself).toarray().round(2).tolist()
    [[0.0, 1.0, 0.33, 1.0, 0.0]]
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.drop = (system.value - system.low).astype(float)
        self.capacity, self.side = self._list_capacity()

    def find_broken(self, hidden: Bools) -> csr_array:
        """The cuts that this pattern breaks, of those that a relation alone gives: what needs to
        move must have room for it. One a relation and way, the worst."""
        room = self.capacity @ np.append(hidden, True).astype(float)
        broken = np.flatnonzero(room < 1 - TINY)
        worst = broken[np.argsort(room[broken], kind="stable")]
        first = np.unique(self.side[worst], return_index=True)[1]
        return self.capacity[worst[first]]

    def price(self, place: int, prices: Floats) -> csr_array:
        """From the prices of the relations when need `place` failed: how far it can go is at most
        what these cells allow."""
        from scipy.sparse import csr_array

        cost = -(self.system.matrix.T @ prices)
        fall = np.where(cost > TINY, cost * self.drop, 0.0)
        reach = np.where(cost < -TINY, AMPLE, fall)
        row = csr_array(reach[np.newaxis])
        return self._share(row, np.array([place]))

    def hide_more(self, hidden: Bools) -> csr_array:
        """This pattern has no witness in whole numbers: one cell more is to be hidden.

        >>> from genlib.disclosure.system import make_total
        >>> Cuts(make_total(2, 7)).hide_more(np.array([True, True, False])).toarray().tolist()
        [[0.0, 0.0, 1.0, 0.0]]
        """
        from scipy.sparse import csr_array

        others = np.append(~hidden, False).astype(float)
        return csr_array(others[np.newaxis])

    def _list_capacity(self) -> tuple[csr_array, Ints]:
        """A cut for each need in each relation that it stands in, and for which relation and way
        that is."""
        system = self.system
        entries = system.matrix.tocsc()[:, system.need_variable].tocoo()
        toward = -entries.data * np.sign(system.need_move[entries.col])
        rows = system.matrix[entries.row].astype(float)
        toward_entry = np.repeat(toward, np.diff(rows.indptr))
        is_rise = rows.data * toward_entry > 0
        rows.data = np.where(is_rise, AMPLE, self.drop[rows.indices])
        side = 2 * entries.row + (toward > 0)
        return self._share(rows, entries.col), side

    def _share(self, reach: csr_array, places: Ints) -> csr_array:
        """The share that each cell has in the needs at these places, if its variables reach so far:
        the need itself and what its respondent knows do not move."""
        system = self.system
        count = len(system.value)
        cells = len(system.weight) + 1
        itself = make_matrix(range(len(places)), system.need_variable[places], 1, count)
        fixed = itself + system.knows[system.need_scenario[places]]
        cell_of = make_matrix(range(count), system.cell % cells, 1, cells)
        free_reach = reach - reach.multiply(fixed)
        shares = free_reach.tocsr() @ cell_of
        moves = np.abs(system.need_move[places])
        moves_of_entries = np.repeat(moves, np.diff(shares.indptr))
        shares.data = np.minimum(shares.data / moves_of_entries, 1.0)
        return shares
