"""Which further cells to hide so that no hidden cell can be worked out: cutting planes with
witnesses (Fischetti and Salazar 2001).

1. The cheapest cells are chosen that all cuts allow (`Master`).
2. Tables are looked for that an attacker cannot rule out (`Attack`), first for all needs at once.
   Each that settles a need is kept as its witness.
3. A need that no table settles gives a cut (`Cuts`), and the cells are chosen anew.

Example: of the rows 3, 2 and 9, 8, shown with their totals, the 2 must be able to move. Alone it
cannot: its row and its column are cuts. Hiding all four is enough, and 4, 1, 8, 9 is a witness.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genlib.disclosure.cuts import Cuts
from genlib.disclosure.pattern import Pattern, verify
from genlib.disclosure.solver import HAIR, Attack, Effort, Master
from genlib.disclosure.system import EVERYONE, Bools, Floats, Ints, System
from genlib.errors import Refused

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CUTS_A_ROUND = 60
FEW = 8
"""So few needs are pushed one by one."""
PLAIN_ROUNDS = 2
GAP = 0.02
"""So near to the cheapest the first patterns are."""
NODE = 100
"""Steps that a node of the search for the cheapest cells takes."""
NODES = 200
"""Nodes for one table in whole numbers."""
NEAR = 1e-5
HOPELESS = (
    "these tables cannot be protected by hiding cells: show fewer levels, or merge small groups"
)


def suppress(system: System, *, steps: int = 800_000) -> Pattern:
    """The cheapest pattern that meets every need of the system, with its proof.

    After so many `steps` of the simplex method a valid pattern that may hide more (its `status` is
    "feasible"), the same on every machine. Raises `Refused` if it is not enough to hide all.

    Of 3 + 9 = 12 the 3 must be able to rise by 2. Hidden alone it could be worked out from the
    rest, so the 9 is hidden too:

    >>> from genlib.disclosure.system import make_total
    >>> system = make_total(3, 9, need_variable=[0], need_move=[2], weight=[1, 2, 5])
    >>> pattern = suppress(system)
    >>> pattern.hidden.tolist(), pattern.witnesses.tolist()
    ([True, True, False], [[2, -2, 0]])
    """
    search = Search(system, np.random.default_rng(0), steps)
    unsealed = search.run()
    pattern = replace(unsealed, seal=unsealed.digest())
    if verify(pattern):
        raise Refused("no protection could be proven for these tables; nothing is shown")
    return pattern


class Search:
    """One search for a pattern: the witnesses found so far, and which needs are `waiting` for
    one."""

    def __init__(self, system: System, random: np.random.Generator, steps: int) -> None:
        self.system = system
        self.random = random
        self.steps = steps
        self.effort = Effort()
        self.cuts = Cuts(system)
        self.attack = Attack(system, self.effort)
        self.witnesses: list[Ints] = []
        self.waiting = np.ones(len(system.need_variable), bool)

    def run(self) -> Pattern:
        """First a pattern that is nearly the cheapest, then the cheapest itself, while there are
        steps left; after that the next best."""
        master = Master(self.system, self.effort)
        hidden: Bools | None = self.system.primary
        bound = float(self.system.weight[hidden].sum())
        gap = GAP
        best = None
        rounds = 0
        while hidden is not None:
            rounds += 1
            cuts = self.find_cuts(hidden, rounds)
            left = self.steps - self.effort.steps
            if not cuts:
                best = self.prove(hidden, bound)
                if best.status == "optimal" or left <= 0 or not gap:
                    return best
                gap = 0.0
            elif best and left <= 0:
                return best
            for cut in cuts:
                master.add(cut)
            hidden, bound = master.solve(left // NODE, gap)
        raise Refused(HOPELESS)

    def find_cuts(self, hidden: Bools, rounds: int) -> list[csr_array]:
        """Cuts that this pattern breaks; none if all needs have their witness."""
        broken = self.cuts.find_broken(hidden)
        if broken.shape[0]:
            return [broken]
        unseen = self.system.hidden_variables(hidden)
        self.recall(unseen)
        for audience in self.list_audiences():
            self.push_together(unseen, audience)
        return self.push_each(hidden, ajar=rounds > PLAIN_ROUNDS)

    def recall(self, unseen: Bools) -> None:
        """Keep the witnesses that agree with what is shown now; the needs that none of them settles
        are waiting.

        Example: the witness 2, -2, 0 stays while the first two cells are hidden, and is dropped
        where the second is shown again: it would have moved.
        """
        self.witnesses = [moved for moved in self.witnesses if not moved[~unseen].any()]
        self.waiting[:] = True
        for moved in self.witnesses:
            self.waiting &= ~self.system.met(moved)

    def list_audiences(self) -> Iterator[Bools]:
        """Sets of lone respondents to satisfy at once: all, none, then halves, so that any two are
        apart in one of them.

        Example: of three those are 0-1-2, none, 1, 0-2, 2, 0-1.
        """
        respondents = np.arange(self.system.knows.shape[0])
        yield respondents >= 0
        yield respondents < 0
        for bit in range(len(respondents).bit_length()):
            half = (respondents >> bit) & 1 == 1
            yield half
            yield ~half

    def push_together(self, unseen: Bools, audience: Bools) -> None:
        """Push all that wait at once, while these respondents know their own, again and again while
        it helps; each table settles what has moved far enough."""
        system = self.system
        audience[EVERYONE] = True
        fixed = system.knows[np.flatnonzero(audience)].indices
        is_fixed = np.isin(system.need_variable, fixed)
        is_heard = audience[system.need_scenario] & ~is_fixed
        helps = True
        while helps:
            heard = self.random.permutation(np.flatnonzero(is_heard & self.waiting))
            first = np.unique(system.need_variable[heard], return_index=True)[1]
            weights = self.random.uniform(0.5, 1, len(first))
            if len(heard) <= FEW:
                return
            moved = self.attack.push(unseen, heard[first], fixed, weights)
            helps = self.learn(moved)

    def push_each(self, hidden: Bools, *, ajar: bool) -> list[csr_array]:
        """Needs one at a time: a witness, or a cut from the prices of the failure."""
        unseen = self.system.hidden_variables(hidden)
        cuts: list[csr_array] = []
        for need in self.random.permutation(np.flatnonzero(self.waiting)):
            if self.waiting[need]:
                cuts += self.push_one(need, hidden, unseen, ajar=ajar)
            if len(cuts) >= CUTS_A_ROUND:
                break
        return cuts

    def push_one(self, need: int, hidden: Bools, unseen: Bools, *, ajar: bool) -> list[csr_array]:
        """A witness for this need (then there is no cut), or the cuts that its failure tells."""
        system = self.system
        fixed = system.list_known(system.need_scenario[need])
        distance = abs(int(system.need_move[need]))
        question = np.array([need])
        moved = self.attack.push(unseen, question, fixed)
        is_reached = abs(moved[system.need_variable[need]]) >= distance - NEAR
        if is_reached:
            has_witness = self.learn(moved) or self.learn(self.attack.push_whole(need, NODES))
            return [] if has_witness else [self.cuts.hide_more(hidden)]
        cuts = [self.cuts.price(need, self.attack.list_prices())]
        if ajar:
            self.attack.push(unseen, question, fixed, hair=HAIR * distance)
            cuts.append(self.cuts.price(need, self.attack.list_prices()))
        return cuts

    def learn(self, moved: Floats | None) -> bool:
        """Keep a whole-number table that settles something new.

        Example: 2, -2, 0 settles the need of the first to rise by 2; where it is waiting no longer
        the table tells nothing new, and 1.5, -1.5, 0 is no table of people.
        """
        if moved is None:
            return False
        whole = np.rint(moved).astype(np.int64)
        is_whole = np.abs(moved - whole).max(initial=0) <= NEAR
        if not (is_whole and self.system.is_table(whole)):
            return False
        is_new = self.waiting & self.system.met(whole)
        if not is_new.any():
            return False
        self.waiting &= ~is_new
        self.witnesses.append(whole)
        return True

    def prove(self, hidden: Bools, bound: float) -> Pattern:
        """The pattern with the few witnesses that settle everything, and without cells that none of
        them needs.

        Example: a cell that was hidden for a cut, and that no witness moves, is shown after all.
        """
        system = self.system
        settles = np.full(len(system.need_variable), -1)
        used: list[Ints] = []
        for moved in reversed(self.witnesses):
            is_new = (settles < 0) & system.met(moved)
            if is_new.any():
                settles[is_new] = len(used)
                used.append(moved)
        witnesses = np.array(used, np.int64).reshape(len(used), len(system.value))
        is_moved = witnesses.any(axis=0) & (system.cell >= 0)
        needed = system.primary
        needed[system.cell[is_moved]] = True
        return Pattern(system, hidden & needed, witnesses, settles, bound)
