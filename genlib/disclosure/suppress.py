"""Which further cells to hide so that no hidden cell can be worked out: cutting planes with witnesses (Fischetti and Salazar 2001)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import numpy as np

from genlib.disclosure.cuts import Cut, Cuts
from genlib.disclosure.pattern import Obligations, Pattern, obligations, verify
from genlib.disclosure.solver import Attack, Master
from genlib.disclosure.system import Bools, Floats, Ints, System
from genlib.errors import Refused

CUTS_A_ROUND = 60


def suppress(system: System, *, seconds: float = 10.0, seed: int = 0) -> Pattern:
    """The cheapest pattern that meets every need of the system, with its proof.

    After `seconds` a valid pattern that may hide more (`status` "feasible"). Raises `Refused` if nothing that may be hidden is enough.
    """
    pattern = Search(system, np.random.default_rng(seed), monotonic() + seconds).run()
    pattern = replace(pattern, seal=pattern.digest())
    if verify(pattern):
        raise Refused("no protection could be proven for these tables; nothing is shown")
    return pattern


class Search:
    """One search for a pattern: the cells hidden now, the witnesses found so far and the cuts learnt from failures."""

    def __init__(self, system: System, random: np.random.Generator, until: float) -> None:
        self.system, self.random, self.until = system, random, until
        self.owed: Obligations = obligations(system)
        self.cuts = Cuts(system, self.owed)
        self.pool: list[Ints] = []

    def run(self) -> Pattern:
        master = Master(self.system.weight[self.cuts.optional])
        hidden, bound = self.system.primary, 0.0
        while cuts := self.cuts.capacity(hidden) or self.separate(hidden):
            master.add(cuts)
            chosen, status, bound = master.solve(max(0.1, self.until - monotonic()))
            if status == "infeasible":
                raise Refused("these tables cannot be protected by hiding cells: show fewer levels, or merge small groups")
            hidden = self.system.primary
            hidden[self.cuts.optional[chosen]] = True
        return self.proven(hidden, "optimal", bound)

    def proven(self, hidden: Bools, status: str, bound: float) -> Pattern:
        """The pattern with the few witnesses that it takes to settle everything."""
        settles, used = np.full(len(self.owed.variable), -1), []
        for moved in reversed(self.pool):
            new = (settles < 0) & self.owed.met(self.system, moved)
            if new.any():
                settles[new] = len(used)
                used.append(moved)
        witnesses = np.array(used, np.int64).reshape(len(used), len(self.system.value))
        return Pattern(self.system, hidden, witnesses, settles, status, float(self.system.weight[hidden].sum()), bound)

    def separate(self, hidden: Bools) -> list[Cut]:
        """Cuts that this pattern breaks; none if every obligation has a witness."""
        attack, unseen = Attack(self.system, hidden), self.system.hidden_variables(hidden)
        self.pool = [moved for moved in self.pool if not moved[~unseen].any()]
        waiting = np.ones(len(self.owed.variable), bool)
        for moved in self.pool:
            waiting &= ~self.owed.met(self.system, moved)
        for known in self.audiences():
            self.sweep(attack, waiting, known)
        return self.single(attack, waiting, hidden)

    def audiences(self) -> Iterator[Bools]:
        """Sets of lone respondents to satisfy at once: all, none, then halves such that any two of them are parted by one."""
        count = int(self.system.alone_scenario.max(initial=-1)) + 1
        if count:
            yield np.ones(count, bool)
        yield np.zeros(count, bool)
        for bit in range(count.bit_length() if count > 1 else 0):
            half = (np.arange(count) >> bit) & 1 == 1
            yield from (half, ~half)

    def sweep(self, attack: Attack, waiting: Bools, known: Bools) -> None:
        """Push all waiting variables at once, again and again while it helps; each table settles what has moved far enough."""
        fixed = self.system.alone_variable[known[self.system.alone_scenario]] if known.size else np.zeros(0, np.int64)
        heard = np.append(known, True)[self.owed.scenario] & ~np.isin(self.owed.variable, fixed)
        dull = 0
        while dull < 2 and (left := np.flatnonzero(waiting & heard)).size:
            left = self.random.permutation(left)
            left = left[np.unique(self.owed.variable[left], return_index=True)[1]]
            moved = attack.push(self.owed.variable[left], self.owed.move[left], self.random.uniform(0.5, 1, len(left)), fixed)
            dull += not self.learn(moved, waiting)

    def learn(self, moved: Floats | None, waiting: Bools) -> bool:
        """Keep a whole-number table that settles something new."""
        if moved is None:
            return False
        whole = np.rint(moved).astype(np.int64)
        if (
            np.abs(moved - whole).max(initial=0) > 1e-5
            or self.system.balance(whole).any()
            or (self.system.value + whole < self.system.low).any()
        ):
            return False
        new = waiting & self.owed.met(self.system, whole)
        waiting &= ~new
        if new.any():
            self.pool.append(whole)
        return bool(new.any())

    def single(self, attack: Attack, waiting: Bools, hidden: Bools) -> list[Cut]:
        """What is left, one at a time: a witness, or a cut from the prices of the failure."""
        cuts: list[Cut] = []
        for place in self.random.permutation(np.flatnonzero(waiting)):
            if not waiting[place]:
                continue
            variable, move = self.owed.variable[[place]], self.owed.move[[place]]
            fixed = self.system.alone_variable[self.system.alone_scenario == self.owed.scenario[place]]
            moved = attack.push(variable, move, np.ones(1), fixed)
            reached = abs(moved[variable[0]]) >= abs(move[0]) - 1e-6
            if reached and (self.learn(moved, waiting) or self.learn(attack.whole(), waiting)):
                continue
            cuts.append(self.cuts.beyond(hidden) if reached else self.cuts.priced(place, attack.prices()))
            if len(cuts) >= CUTS_A_ROUND:
                break
        return cuts
