"""A pattern protects, is the cheapest, and its proof does not survive any corruption."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from time import sleep

import numpy as np
import pytest
from disclosure.grids import alike, cheapest, counted, grid, protects, universe
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genlib.disclosure import Pattern, exposed, intervals, suppress, verify
from genlib.disclosure.solver import Effort
from genlib.disclosure.system import make_system
from genlib.errors import Refused

tables_of = cache(universe)
SHAPES = [(2, 2), (2, 3), (3, 2)]
small = st.sampled_from(SHAPES).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 4))
)


@settings(max_examples=40, deadline=None)
@given(small)
def test_no_brute_force_attacker_comes_too_close(inner: np.ndarray) -> None:
    system = counted(inner)
    assume(len(system.need_variable) > 0)
    pattern = suppress(system)
    assert protects(system, pattern.hidden, tables_of(inner.shape, 9 if inner.size == 4 else 6))
    assert exposed(pattern).is_empty()


@settings(max_examples=15, deadline=None)
@given(arrays(np.int64, (2, 2), elements=st.integers(0, 4)))
def test_no_cheaper_pattern_protects(inner: np.ndarray) -> None:
    system = counted(inner)
    assume(len(system.need_variable) > 0)
    pattern = suppress(system)
    assert pattern.status == "optimal"
    assert cheapest(system, tables_of((2, 2), 9)) == pytest.approx(pattern.loss)


@settings(max_examples=12, deadline=None)
@given(arrays(np.int64, (3, 3), elements=st.integers(0, 2)), arrays(np.bool_, (3, 3)))
def test_intervals_are_those_of_brute_force(inner: np.ndarray, hidden: np.ndarray) -> None:
    """With all margins shown and no greater than 4, every table that an attacker can think of is in
    the universe."""
    system = grid(inner)
    assume(max(inner.sum(0).max(), inner.sum(1).max()) <= 4)
    mask = np.pad(hidden, ((0, 1), (0, 1))).ravel()
    found = intervals(Pattern(system, mask, np.zeros((0, 16), np.int64), np.zeros(0, np.int64)))
    seen = alike(system, mask, tables_of((3, 3), 4))
    expected = [(float(seen[:, v].min()), float(seen[:, v].max())) for v in np.flatnonzero(mask)]
    assert expected == found.sort("variable").select("low", "high").rows()


def test_a_lone_respondent_cannot_work_out_his_neighbour() -> None:
    """Two small cells that only hide each other protect against everyone but the person who is
    alone in one of them."""
    inner = [[1, 2, 40], [30, 30, 30], [20, 30, 40]]
    pattern = suppress(counted(inner))
    alone = intervals(pattern, alone=True).drop_nulls("respondent").filter(variable=1)
    assert (alone["high"] - alone["low"]).min() >= 1
    assert verify(pattern) == []


def test_a_search_that_is_cut_short_gives_a_wider_pattern_with_a_proof() -> None:
    random = np.random.default_rng(15)
    system = counted(random.poisson(4, (9, 7)), threshold=5)
    best, hasty = suppress(system), suppress(system, steps=0)
    assert (best.status, hasty.status, verify(hasty)) == ("optimal", "feasible", [])
    assert hasty.loss >= best.loss == pytest.approx(best.bound)


def test_a_slow_machine_hides_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    system = counted(np.random.default_rng(15).poisson(4, (9, 7)), threshold=5)
    swift = suppress(system, steps=0)
    run = Effort.run
    monkeypatch.setattr(Effort, "run", lambda *words: [sleep(0.05), run(*words)])
    assert suppress(system, steps=0).seal == swift.seal
    assert swift.status == "feasible"


def test_what_cannot_be_protected_is_refused() -> None:
    system = grid([[2, 9], [9, 9]], needs=[(0, 0, -3)])
    with pytest.raises(Refused, match="cannot be protected"):
        suppress(system)


def test_nothing_unsafe_hides_nothing() -> None:
    pattern = suppress(counted([[9, 9], [9, 9]]))
    assert (pattern.hidden.sum(), verify(pattern), pattern.status) == (0, [], "optimal")


@cache
def proven() -> Pattern:
    return suppress(counted(np.random.default_rng(7).poisson(4, (6, 5)), threshold=5))


def resealed(pattern: Pattern, **changes: object) -> Pattern:
    """A forger who also makes a new seal."""
    forged = replace(pattern, **changes)  # type: ignore[arg-type]
    return replace(forged, seal=forged.digest())


@settings(max_examples=800, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-6, 6).filter(bool))
def test_a_changed_witness_is_rejected(which: int, where: int, by: int) -> None:
    pattern = proven()
    witnesses = pattern.witnesses.copy()
    witnesses[which % len(witnesses), where % witnesses.shape[1]] += by
    assert verify(resealed(pattern, witnesses=witnesses))


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**6), st.integers(-9, 9).filter(bool))
def test_an_altered_total_is_rejected(where: int, by: int) -> None:
    value = proven().system.value.copy()
    value[where % len(value)] += by
    assert verify(resealed(proven(), system=replace(proven().system, value=value)))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**6))
def test_a_hidden_cell_that_is_dropped_is_missed(where: int) -> None:
    hidden = proven().hidden.copy()
    hidden[np.flatnonzero(hidden)[where % hidden.sum()]] = False
    assert verify(resealed(proven(), hidden=hidden))


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["low", "need_move", "need_scenario", "matrix", "knows"]),
    st.integers(0, 10**6),
    st.integers(-5, 5).filter(bool),
)
def test_a_loosened_bound_or_need_breaks_the_seal(part: str, where: int, by: int) -> None:
    array = getattr(proven().system, part).copy()
    entries = array if isinstance(array, np.ndarray) else array.data
    entries[where % len(entries)] += by
    assert verify(replace(proven(), system=replace(proven().system, **{part: array})))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_need_that_points_to_another_witness_is_checked_again(which: int, other: int) -> None:
    pattern = proven()
    settles = pattern.settles.copy()
    place = which % len(settles)
    settles[place] = other % (len(pattern.witnesses) + 1)
    met = (
        settles[place] < len(pattern.witnesses)
        and pattern.system.met(pattern.witnesses[settles[place]])[place]
    )
    assert bool(met) == (verify(resealed(pattern, settles=settles)) == [])


def test_a_witness_that_moves_what_is_shown_is_rejected() -> None:
    """Even one that fits every relation: here a square of cells, up and down by one, most of them
    published."""
    pattern = proven()
    square = np.zeros((7, 6), np.int64)
    square[np.ix_([0, 1], [0, 1])] = [[1, -1], [-1, 1]]
    assert not (pattern.system.matrix @ square.ravel()).any()
    assert verify(resealed(pattern, witnesses=np.vstack([pattern.witnesses, square.ravel()])))


def test_the_manifest_tells_nothing_hidden() -> None:
    manifest = proven().manifest()
    unseen = proven().system.hidden_variables(proven().hidden)
    assert [value is None for value in manifest["published"]] == unseen.tolist()
    assert "witnesses" not in manifest
    assert intervals(manifest).equals(intervals(proven()))


def test_what_follows_from_what_is_shown_is_no_secret_and_what_needs_to_move_is_one() -> None:
    """48 = 35 + 0 + 13: the 13 are hidden for nothing - unless they need to be, which no proof
    would bear out."""
    system = make_system(
        value=[48, 35, 0, 13], relation=[0] * 4, variable=[0, 1, 2, 3], sign=[-1, 1, 1, 1]
    )
    pattern = Pattern(system, np.arange(4) == 3, np.zeros((0, 4), np.int64), np.zeros(0, np.int64))
    assert pattern.manifest()["published"] == [48, 35, 0, 13]
    assert intervals(pattern).select("low", "high").rows() == [(13.0, 13.0)]
    needy = replace(pattern, system=system.needing(np.array([3]), np.array([1])))
    assert needy.manifest()["published"] == [48, 35, 0, None]
    assert verify(needy)


def test_parts_that_must_be_at_their_lowest_to_add_up_are_no_secret() -> None:
    system = make_system(
        value=[35, 35, 0, 0], relation=[0] * 4, variable=[0, 1, 2, 3], sign=[-1, 1, 1, 1]
    )
    pattern = Pattern(system, np.arange(4) > 1, np.zeros((0, 4), np.int64), np.zeros(0, np.int64))
    assert pattern.manifest()["published"] == [35, 35, 0, 0]
    assert intervals(pattern).select("low", "high").rows() == [(0.0, 0.0)] * 2
    lower = replace(pattern, system=replace(system, low=np.array([0, 0, 0, -1])))
    assert lower.manifest()["published"] == [35, 35, None, None]
