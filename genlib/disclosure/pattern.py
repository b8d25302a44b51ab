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
        anyone can work out need not be hidden. No figure with a need is among them."""
        system = self.system
        seen = ~self.system.hidden_variables(self.hidden)
        is_needy = np.isin(np.arange(len(seen)), system.need_variable)
        room = system.value - system.low
        entries = abs(system.matrix)
        rises = (system.matrix > 0).astype(np.int64)
        while True:
            unseen = ~seen
            count = entries @ unseen.astype(np.int64)
            rising = rises @ unseen.astype(np.int64)
            are_lowest = entries @ (room * unseen) == 0
            is_one_way = (rising == 0) | (rising == count)
            is_settled = (count == 1) | (are_lowest & is_one_way)
            follows = unseen & ~is_needy & (entries.T @ is_settled.astype(np.int64) > 0)
            if not follows.any():
                return seen
            seen |= follows

    def manifest(self) -> dict[str, Any]:
        """What may be kept and shown: structure, pattern and published figures; no witness and no
        hidden value."""
        return self.structure(self.seen())

    def structure(self, seen: Bools) -> dict[str, Any]:
        """The manifest, if these figures were seen."""
        entries = self.system.matrix.tocoo()
        figures = self.system.value.tolist()
        return {
            "cells": len(self.hidden),
            "hidden": np.flatnonzero(self.hidden).tolist(),
            "cell": self.system.cell.tolist(),
            "low": self.system.low.tolist(),
            "published": [value if seen[place] else None for place, value in enumerate(figures)],
            "relations": [part.tolist() for part in (entries.row, entries.col, entries.data)],
            "status": self.status,
        }


def verify(pattern: Pattern) -> list[str]:
    """What is wrong with the proof, in words without values; empty if the pattern protects all that
    it must.

    Whole numbers only: the true table fits its relations, every needy cell is hidden, every witness
    is a table with the same published figures, and every need is settled by one.
    """
    system = pattern.system
    unseen = system.hidden_variables(pattern.hidden)
    if pattern.seal != pattern.digest():
        return ["the seal does not fit: something was changed after the proof was made"]
    faults = []
    if not system.is_table(np.zeros_like(system.value)):
        faults.append("the table itself breaks a relation or a bound")
    if (system.primary & ~pattern.hidden).any():
        faults.append("an unsafe cell is shown")
    if any(moved[~unseen].any() or not system.is_table(moved) for moved in pattern.witnesses):
        faults.append("a witness is not a table that agrees with what is shown")
    if not _is_settled(pattern):
        faults.append("a cell is not shown to be free enough")
    return faults


def _is_settled(pattern: Pattern) -> bool:
    """Whether each need has a witness that settles it."""
    settles = pattern.settles
    needs = range(len(pattern.system.need_variable))
    met = np.array([pattern.system.met(moved) for moved in pattern.witnesses], bool)
    met = met.reshape(len(pattern.witnesses), len(needs))
    are_there = (settles >= 0) & (settles < len(pattern.witnesses))
    if len(settles) != len(needs) or not are_there.all():
        return False
    return bool(met[settles, needs].all())
