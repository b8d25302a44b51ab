"""`Pattern`: which cells are hidden, with the proof that it is enough; `verify` checks the proof in
whole numbers, without a solver."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genlib.disclosure.system import Bools, Ints, System


@dataclass(frozen=True)
class Pattern:
    """`hidden` cells of a system. `witnesses` are other tables (as moves from the true one) that an
    attacker cannot rule out, and `settles` says which witness settles each need. `status` is
    `optimal` or `feasible` (steps ran out: it may hide more than it must)."""

    system: System = field(repr=False)
    hidden: Bools = field(repr=False)
    witnesses: Ints = field(repr=False)
    settles: Ints = field(repr=False)
    status: str = "optimal"
    loss: float = 0.0
    bound: float = 0.0
    seal: str = field(default="", repr=False)

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
        needy = np.zeros(len(seen), bool)
        needy[system.need_variable] = True
        above = (system.value - system.low)[system.variable]
        while True:
            unseen = ~seen[system.variable]
            count, plus, room = (
                np.bincount(system.relation[unseen], weights, system.relations)[system.relation]
                for weights in (None, system.sign[unseen] > 0, above[unseen])
            )
            follows = (
                unseen
                & ~needy[system.variable]
                & ((count == 1) | ((room == 0) & ((plus == 0) | (plus == count))))
            )
            if not follows.any():
                return seen
            seen[system.variable[follows]] = True

    def manifest(self) -> dict[str, Any]:
        """What may be kept and shown: structure, pattern and published figures; no witness and no
        hidden value, and no relation that says nothing but which cells are few people apart."""
        return self.structure(self.seen())

    def structure(self, seen: Bools) -> dict[str, Any]:
        """The manifest, if these figures were seen."""
        system = self.system
        is_kept = ~np.isin(system.relation, system.relation[system.loose[system.variable]])
        return {
            "cells": len(self.hidden),
            "hidden": np.flatnonzero(self.hidden).tolist(),
            "cell": system.cell.tolist(),
            "low": system.low.tolist(),
            "published": [
                int(value) if is_seen else None
                for value, is_seen in zip(system.value, seen, strict=True)
            ],
            "relations": [
                part[is_kept].tolist() for part in (system.relation, system.variable, system.sign)
            ],
            "status": self.status,
            "names": list(system.names),
        }


def verify(pattern: Pattern) -> list[str]:
    """What is wrong with the proof, in words without values; empty if the pattern protects all that
    it must.

    Whole numbers only: the true table fits its relations, every needy cell is hidden, every witness
    is a table with the same published figures, and every need is settled by one.
    """
    system = pattern.system
    unseen = system.hidden_variables(pattern.hidden)
    faults = []
    if pattern.seal != pattern.digest():
        faults.append("the seal does not fit: something was changed after the proof was made")
    if system.balance(system.value).any() or (system.value < system.low).any():
        faults.append("the table itself breaks a relation or a bound")
    if (system.primary & ~pattern.hidden).any() or (pattern.hidden & ~system.open_cell).any():
        faults.append("an unsafe cell is shown, or a cell that was shown before is hidden")
    for moved in pattern.witnesses:
        if (
            system.balance(moved).any()
            or (system.value + moved < system.low).any()
            or moved[~unseen].any()
        ):
            faults.append("a witness is not a table that agrees with what is shown")
            break
    if not _settled(pattern):
        faults.append("a cell is not shown to be free enough")
    return faults


def _settled(pattern: Pattern) -> bool:
    settles = pattern.settles
    count = len(pattern.witnesses)
    if (
        len(settles) != len(pattern.system.need_variable)
        or settles.min(initial=0) < 0
        or settles.max(initial=-1) >= count
    ):
        return False
    return all(
        pattern.system.met(moved)[settles == place].all()
        for place, moved in enumerate(pattern.witnesses)
    )
