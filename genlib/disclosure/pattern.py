"""`Pattern`: which cells are hidden, with the proof that it is enough; `verify` checks the proof in
whole numbers, without a solver."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genlib.disclosure.system import Bools, Ints, System

NEAR = 1e-4


@dataclass(frozen=True)
class Pattern:
    """`hidden` cells of a system. `witnesses` are other tables (as moves from the true one) that an
    attacker cannot rule out, and `settles` says which witness settles each need. No pattern loses
    less than `bound`."""

    system: System = field(repr=False)
    hidden: Bools = field(repr=False)
    witnesses: Ints = field(repr=False)
    settles: Ints = field(repr=False)
    bound: float = 0.0
    seal: str = field(default="", repr=False)

    @property
    def loss(self) -> float:
        """The weight of all that is hidden."""
        return float(self.system.weight[self.hidden].sum())

    @property
    def status(self) -> str:
        """`optimal`, or `feasible`: steps ran out, and it may hide more than it must."""
        return "optimal" if self.loss <= self.bound + NEAR else "feasible"

    def digest(self) -> str:
        """A fingerprint of system, pattern and proof."""
        seal = hashlib.sha256(self.system.digest().encode())
        for array in (self.hidden, self.witnesses, self.settles):
            seal.update(str(array.shape).encode() + np.ascontiguousarray(array, np.int64).tobytes())
        return seal.hexdigest()

    def seen(self) -> Bools:
        """The figures that are shown, and those of hidden cells that follow from them, relation by
        relation: the last one of a relation, and all that must be at their lowest to add up. What
        anyone can work out need not be hidden. No figure with a need is among them.

        Of 3 + 9 = 12 the 3 alone is hidden, for no need of its own: it follows.

        >>> from genlib.disclosure.system import make_total
        >>> system = make_total(3, 9)
        >>> no_proof = np.zeros((0, 3), int)
        >>> pattern = Pattern(system, np.array([True, False, False]), no_proof, np.zeros(0, int))
        >>> pattern.seen().tolist()
        [True, True, True]
        """
        seen = ~self.system.hidden_variables(self.hidden)
        follows = self._find_following(seen)
        while follows.any():
            seen = seen | follows
            follows = self._find_following(seen)
        return seen

    def _find_following(self, seen: Bools) -> Bools:
        """The figures that follow from those that are seen, by one relation each."""
        system = self.system
        unseen = (~seen).astype(np.int64)
        entries = abs(system.matrix)
        rises = (system.matrix > 0).astype(np.int64)
        count = entries @ unseen
        rising = rises @ unseen
        is_last = count == 1
        are_lowest = entries @ ((system.value - system.low) * unseen) == 0
        is_one_way = (rising == 0) | (rising == count)
        is_settled = is_last | (are_lowest & is_one_way)
        stands_in_settled = entries.T @ is_settled.astype(np.int64) > 0
        is_needy = np.isin(np.arange(len(seen)), system.need_variable)
        follows: Bools = ~seen & ~is_needy & stands_in_settled
        return follows

    def manifest(self) -> dict[str, Any]:
        """What may be kept and shown: structure, pattern and published figures; no witness and no
        hidden value."""
        return self.structure(self.seen())

    def structure(self, seen: Bools) -> dict[str, Any]:
        """The manifest, if these figures were seen."""
        system = self.system
        entries = system.matrix.tocoo()
        figures = zip(system.value.tolist(), seen.tolist(), strict=True)
        return {
            "cells": len(self.hidden),
            "hidden": np.flatnonzero(self.hidden).tolist(),
            "cell": system.cell.tolist(),
            "low": system.low.tolist(),
            "published": [value if is_seen else None for value, is_seen in figures],
            "relations": [
                entries.row.tolist(),
                entries.col.tolist(),
                entries.data.tolist(),
            ],
            "status": self.status,
        }


def verify(pattern: Pattern) -> list[str]:
    """What is wrong with the proof, in words without values; empty if the pattern protects all that
    it must.

    Whole numbers only: the true table fits its relations, every needy cell is hidden, every witness
    is a table with the same published figures, and every need is settled by one.

    >>> from dataclasses import replace
    >>> from genlib.disclosure.search import suppress
    >>> from genlib.disclosure.system import make_total
    >>> system = make_total(3, 9, need_variable=[0], need_move=[2])
    >>> pattern = suppress(system)
    >>> verify(pattern)
    []
    >>> shown = replace(pattern, hidden=np.array([False, True, True]))
    >>> verify(replace(shown, seal=shown.digest()))[0]
    'an unsafe cell is shown'
    """
    system = pattern.system
    if pattern.seal != pattern.digest():
        return ["the seal does not fit: something was changed after the proof was made"]
    faults = []
    if not system.is_table(np.zeros_like(system.value)):
        faults.append("the table itself breaks a relation or a bound")
    if (system.primary & ~pattern.hidden).any():
        faults.append("an unsafe cell is shown")
    if not all(_agrees(pattern, moved) for moved in pattern.witnesses):
        faults.append("a witness is not a table that agrees with what is shown")
    if not _is_settled(pattern):
        faults.append("a cell is not shown to be free enough")
    return faults


def _agrees(pattern: Pattern, moved: Ints) -> bool:
    """Whether the table that a witness moves to fits all relations, and moves nothing that is
    shown."""
    unseen = pattern.system.hidden_variables(pattern.hidden)
    moves_shown = bool(moved[~unseen].any())
    return pattern.system.is_table(moved) and not moves_shown


def _is_settled(pattern: Pattern) -> bool:
    """Whether each need has a witness that settles it."""
    settles = pattern.settles
    witnesses = len(pattern.witnesses)
    needs = len(pattern.system.need_variable)
    are_there = (settles >= 0) & (settles < witnesses)
    if len(settles) != needs or not are_there.all():
        return False
    met = np.array([pattern.system.met(moved) for moved in pattern.witnesses], bool)
    settled = met.reshape(witnesses, needs)[settles, range(needs)]
    return bool(settled.all())
