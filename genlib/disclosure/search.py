"""Which further cells to hide so that no hidden cell can be worked out: cutting planes with
witnesses (Fischetti and Salazar 2001)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from genlib.disclosure.cuts import Cut, Cuts
from genlib.disclosure.pattern import Pattern, verify
from genlib.disclosure.solver import Attack, Effort, Master, cover
from genlib.disclosure.system import Bools, Floats, Ints, System
from genlib.errors import Refused

CUTS_A_ROUND = 60
FEW = 8
PLAIN_ROUNDS = 2
GAP, WIDE = 0.02, 0.1
"""So near to the cheapest the first patterns are; and those that are looked for when the steps are
used up."""
LATER = 2
"""So many times its steps a search may take, before it hides whatever helps."""
SOON, PATIENT = 50, 2000
"""Nodes for one table in whole numbers: while other patterns are left to try, and where the tables
would be refused without it."""
FEWEST, NODE = 50, 100
"""Nodes for a choice of cells, however few steps are left; and steps that a node takes."""
HOPELESS = (
    "these tables cannot be protected by hiding cells: show fewer levels, or merge small groups"
)


def suppress(
    system: System, *, steps: int = 800_000, seed: int = 0, witnesses: Sequence[Ints] = ()
) -> Pattern:
    """The cheapest pattern that meets every need of the system, with its proof.

    After so many `steps` of the simplex method a valid pattern that may hide more (`status`
    "feasible"), the same on every machine that gets so far in two minutes. `witnesses` that are
    known to be enough if all is hidden are fallen back on. Raises `Refused` if nothing that may be
    hidden is enough.
    """
    search = Search(system, np.random.default_rng(seed), steps)
    try:
        pattern = search.run()
    except Refused:
        if not witnesses:
            raise
        pattern = search.last(witnesses)
    pattern = replace(pattern, seal=pattern.digest())
    if verify(pattern):
        raise Refused("no protection could be proven for these tables; nothing is shown")
    return pattern


class Search:
    """One search for a pattern: the cells hidden now, the witnesses found so far and the cuts
    learnt from failures. Who only looks for witnesses needs no `steps`."""

    def __init__(self, system: System, random: np.random.Generator, steps: int = 0) -> None:
        self.system, self.random, self.steps, self.effort = system, random, steps, Effort()
        self.cuts = Cuts(system)
        self.wide = Attack(system, system.primary | system.open_cell, self.effort)
        self.rounds = 0
        self.pool: list[Ints] = []
        self.waiting = np.ones(len(self.system.need_variable), bool)
        self.hard = np.zeros(len(self.system.need_variable), bool)

    def run(self) -> Pattern:
        """First a pattern that is nearly the cheapest, then the cheapest itself, while there are
        steps left."""
        master = Master(self.system.weight[self.cuts.optional], self.effort)
        best = None
        hidden = self.system.primary
        bound = 0.0
        while not self.effort.over(self.steps if best else LATER * self.steps):
            self.rounds += 1
            cuts = self.cuts.capacity(hidden) or self.separate(hidden)
            if (
                not cuts and self.waiting.any()
            ):  # something waits that no cut can tell of: widen settles it
                break
            if any(shares.sum() < 1 - 1e-9 for _, shares in cuts):
                raise Refused(HOPELESS)
            if not cuts:
                if best or self.rounds == 1:
                    return self.proven(hidden, "optimal", bound)
                best = self.proven(hidden, "feasible", bound)
            else:
                master.add(cuts)
            left = self.steps - self.effort.steps
            chosen, status, bound = master.solve(
                max(FEWEST, left // NODE), 0.0 if best else GAP if left > 0 else WIDE
            )
            if status == "infeasible":
                raise Refused(HOPELESS)
            hidden = self.system.primary
            hidden[self.cuts.optional[chosen]] = True
        return best or self.proven(self.trimmed(self.widen(hidden)), "feasible", bound)

    def last(self, witnesses: Sequence[Ints]) -> Pattern:
        """The pattern that hides what these witnesses move."""
        self.pool = list(witnesses)
        return self.proven(self.system.primary | self.system.open_cell, "feasible", 0.0)

    def widen(self, hidden: Bools) -> Bools:
        """A pattern that is enough, though perhaps too much: hide along the cheapest ways until
        everything is settled."""
        while self.separate(hidden, 0) or self.waiting.any():
            wider = hidden
            for audience in self.audiences():
                variables, moves, fixed, _ = self.heard(audience)
                wider = (
                    cover(self.system, wider, (variables, moves), fixed, self.effort)
                    if len(variables)
                    else wider
                )
            wider = wider if (wider != hidden).any() else hidden | self.system.open_cell
            if (wider == hidden).all():
                raise Refused(HOPELESS)
            hidden = wider
        return hidden

    def trimmed(self, hidden: Bools) -> Bools:
        """The pattern without cells, the dearest first, that it does as well without, while half
        the steps of a search last."""
        spare = np.flatnonzero(hidden & ~self.system.primary)
        end = self.effort.steps + self.steps / 2
        for cell in spare[np.argsort(-self.system.weight[spare])]:
            if self.effort.over(end):
                break
            hidden[cell] = False
            hidden[cell] = bool(
                self.cuts.capacity(hidden) or self.separate(hidden, 1) or self.waiting.any()
            )
        self.separate(hidden, 0)
        return hidden

    def proven(self, hidden: Bools, status: str, bound: float) -> Pattern:
        """The pattern with the few witnesses that settle everything, and without cells that none of
        them needs."""
        settles = np.full(len(self.system.need_variable), -1)
        used = [np.zeros(0, np.int64)][:0]
        for moved in reversed(self.pool):
            new = (settles < 0) & self.system.met(moved)
            if new.any():
                settles[new] = len(used)
                used.append(moved)
        witnesses = np.array(used, np.int64).reshape(len(used), len(self.system.value))
        needed = self.system.primary
        needed[self.system.cell[witnesses.any(axis=0) & (self.system.cell >= 0)]] = True
        hidden = hidden & needed
        return Pattern(
            self.system,
            hidden,
            witnesses,
            settles,
            status,
            float(self.system.weight[hidden].sum()),
            bound + float(self.system.weight[self.system.primary].sum()),
        )

    def separate(self, hidden: Bools, most: int = CUTS_A_ROUND) -> list[Cut]:
        """Look for witnesses, and for cuts that this pattern breaks; `waiting` tells what is not
        settled."""
        attack = Attack(self.system, hidden, self.effort)
        unseen = self.system.hidden_variables(hidden)
        self.pool = [moved for moved in self.pool if not moved[~unseen].any()]
        self.waiting = np.ones(len(self.system.need_variable), bool)
        for moved in self.pool:
            self.waiting &= ~self.system.met(moved)
        if most and (
            cuts := self.single(attack, hidden, np.flatnonzero(self.waiting & self.hard), most)
        ):
            return cuts
        for audience in self.audiences():
            self.sweep(attack, audience)
        return self.single(attack, hidden, np.flatnonzero(self.waiting), most)

    def audiences(self) -> Iterator[Bools]:
        """Sets of lone respondents to satisfy at once: all, none, then halves such that any two of
        them are parted by one."""
        count = int(self.system.alone_scenario.max(initial=-1)) + 1
        if count:
            yield np.ones(count, bool)
        yield np.zeros(count, bool)
        for bit in range(count.bit_length() if count > 1 else 0):
            half = (np.arange(count) >> bit) & 1 == 1
            yield from (half, ~half)

    def heard(self, audience: Bools) -> tuple[Ints, Ints, Ints, int]:
        """Variables and moves that wait while these lone respondents know their own (one move
        each), what those know, and how many wait."""
        fixed = self.system.alone_variable[np.append(audience, False)[self.system.alone_scenario]]
        ours = self.waiting & np.append(audience, True)[self.system.need_scenario]
        ours[np.isin(self.system.need_variable, fixed)] = False
        left = self.random.permutation(np.flatnonzero(ours))
        left = left[np.unique(self.system.need_variable[left], return_index=True)[1]]
        return self.system.need_variable[left], self.system.need_move[left], fixed, int(ours.sum())

    def sweep(self, attack: Attack, audience: Bools) -> None:
        """Push all that wait at once, again and again while it helps; each table settles what has
        moved far enough."""
        helps = True
        while helps:
            variables, moves, fixed, count = self.heard(audience)
            weights = self.random.uniform(0.5, 1, len(variables))
            helps = count > FEW and self.learn(attack.push(variables, moves, weights, fixed))

    def learn(self, moved: Floats | None) -> bool:
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
        new = self.waiting & self.system.met(whole)
        self.waiting &= ~new
        if new.any():
            self.pool.append(whole)
        return bool(new.any())

    def single(self, attack: Attack, hidden: Bools, places: Ints, most: int) -> list[Cut]:
        """Places one at a time: a witness, or a cut from the prices of the failure."""
        cuts: list[Cut] = []
        for place in self.random.permutation(places):
            if not self.waiting[place]:
                continue
            variable = self.system.need_variable[[place]]
            move = self.system.need_move[[place]]
            fixed = self.system.alone_variable[
                self.system.alone_scenario == self.system.need_scenario[place]
            ]
            moved = attack.push(variable, move, np.ones(1), fixed)
            reached = abs(moved[variable[0]]) >= abs(move[0]) - 1e-6
            if reached and (
                self.learn(moved) or self.learn(attack.whole(SOON if most else PATIENT))
            ):
                continue
            self.hard[place] = True
            cuts.append(
                self.cuts.beyond(hidden) if reached else self.cuts.priced(place, attack.prices())
            )
            if not reached and self.rounds > PLAIN_ROUNDS:
                self.wide.push(
                    variable, move, np.ones(1), fixed, ~self.system.hidden_variables(hidden)
                )
                cuts.append(self.cuts.priced(place, self.wide.prices()))
            if 0 < most <= len(cuts) or (most and self.effort.over(LATER * self.steps)):
                break
        return cuts
