"""Small tables with margins as systems, for the tests of disclosure control."""

from __future__ import annotations

from itertools import product

import numpy as np

from genlib.disclosure import System, make_system


def grid(inner, *, needs=(), weight=None, alone=()):
    """An r x c table with its margins; variables count row by row, margins last. `needs`: (row,
    column, move)."""
    inner = np.asarray(inner)
    full = np.block(
        [
            [inner, inner.sum(1, keepdims=True)],
            [inner.sum(0, keepdims=True), inner.sum(keepdims=True)],
        ]
    )
    _rows, _columns = full.shape
    place = np.arange(full.size).reshape(full.shape)
    entries = []
    for number, line in enumerate([*place, *place.T]):
        entries += [(number, v, 1) for v in line[:-1]] + [(number, line[-1], -1)]
    relation, variable, sign = np.array(entries).T
    need = np.array([(place[r, c], move) for r, c, move in needs]).reshape(-1, 2).T
    own = [place[r, c] for r, c in alone]
    owner = _owners(own, place)
    return make_system(
        value=full.ravel(),
        relation=relation,
        variable=variable,
        sign=sign,
        need_variable=need[0],
        need_move=need[1],
        alone_scenario=owner,
        alone_variable=own,
        weight=full.ravel() if weight is None else weight,
    )


def _owners(own, place) -> np.ndarray:
    """One respondent for lone cells that are each other's margin: the same person."""
    owner = {v: v for v in own}
    for line in [*place, *place.T]:
        for v in line[:-1]:
            if v in owner and line[-1] in owner:
                old, new = owner[line[-1]], owner[v]
                owner = {k: new if w == old else w for k, w in owner.items()}
    return np.unique([owner[v] for v in own], return_inverse=True)[1] if own else np.zeros(0, int)


def universe(shape: tuple[int, int], most: int) -> np.ndarray:
    """Every r x c table of whole numbers up to `most`, with margins, one a row."""
    inner = np.stack(
        np.meshgrid(*[np.arange(most + 1)] * (shape[0] * shape[1]), indexing="ij"), axis=-1
    ).reshape(-1, *shape)
    wide = np.concatenate([inner, inner.sum(2, keepdims=True)], axis=2)
    return np.concatenate([wide, wide.sum(1, keepdims=True)], axis=1).reshape(len(inner), -1)


def alike(system: System, hidden, tables: np.ndarray, known=()) -> np.ndarray:
    """The tables that agree with what is shown and known: all that the brute-force attacker cannot
    rule out."""
    shown = ~system.hidden_variables(np.asarray(hidden))
    shown[list(known)] = True
    return tables[(tables[:, shown] == system.value[shown]).all(1)]


def protects(system: System, hidden, tables: np.ndarray) -> bool:
    """Brute force: has every need its room, for everyone and for each lone respondent among his
    neighbours?"""
    if (system.primary & ~np.asarray(hidden)).any():
        return False
    for known in [
        (),
        *(
            tuple(system.list_known(respondent).tolist())
            for respondent in range(system.knows.shape[0] - 1)
        ),
    ]:
        moved = alike(system, hidden, tables, known) - system.value
        near = {
            v
            for r in range(system.matrix.shape[0])
            for v in _members(system, r)
            if set(known) & _members(system, r) or not known
        }
        for variable, move in zip(
            system.need_variable.tolist(), system.need_move.tolist(), strict=True
        ):
            if variable in known or (known and variable not in near):
                continue
            if (moved[:, variable].max() < move) if move > 0 else (moved[:, variable].min() > move):
                return False
    return True


def _members(system: System, relation: int) -> set[int]:
    return set(system.matrix[[relation]].indices.tolist())


def cheapest(system: System, tables: np.ndarray) -> float | None:
    """The least loss of any pattern that protects, by trying them all from the cheapest on."""
    optional = np.flatnonzero(~system.primary)
    options = []
    for chosen in product((False, True), repeat=len(optional)):
        hidden = system.primary
        hidden[optional] = chosen
        options.append((float(system.weight[hidden].sum()), hidden))
    options.sort(key=lambda option: option[0])
    return next((loss for loss, hidden in options if protects(system, hidden, tables)), None)


def counted(inner, threshold: int = 3) -> System:
    """A table of people under a minimum count, with the needs and lone respondents that follow."""
    inner = np.asarray(inner)
    full = np.block(
        [
            [inner, inner.sum(1, keepdims=True)],
            [inner.sum(0, keepdims=True), inner.sum(keepdims=True)],
        ]
    )
    small = [(r, c, int(v)) for (r, c), v in np.ndenumerate(full) if 0 < v < threshold]
    needs = [(r, c, move) for r, c, v in small for move in (threshold - v, -1)]
    return grid(
        inner,
        needs=needs,
        alone=[(r, c) for r, c, v in small if v == 1],
        weight=np.log1p(full.ravel()) + 1,
    )
