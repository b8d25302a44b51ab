"""Two tables of one report count nearly the same people: what one has over the other is nobody's to
see."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import genlib
from genlib.disclosure import Cells, Dimension, Ledger, Measure, Protected, tabulate, verify

REGION = Dimension("region")
People = dict[int, str]
T = 5


def crowd(count: int, region: str, start: int = 0) -> People:
    return {start + n: region for n in range(count)}


def cells(people: People, population: str, *, cents: int = 0) -> Cells:
    rows = pl.DataFrame(
        {
            "pseudonym": [f"ca1-{n:026d}" for n in people],
            "region": [*people.values()],
            "cents": cents + 1,
        }
    ).lazy()
    measures = (Measure("people", "people"), *([Measure("cents", "money")] if cents else []))
    return tabulate(
        rows, person="pseudonym", by=(REGION,), measures=measures, population=population
    )


def publish(folder: Path, run: str = "run", **tables: Cells) -> Protected:
    return genlib.protect(ledger=Ledger(folder, date(2026, 11, 1), run), **tables)


def told(protected: Protected, table: str) -> dict[str | None, int | None]:
    return dict(protected[table].frame.select("region", "people").rows())


ALL = crowd(30, "01") | crowd(40, "02", 100) | crowd(50, "03", 200)


@pytest.mark.parametrize(("fewer", "both"), [(0, True), (1, False), (4, False), (5, True)])
def test_cells_of_two_tables_are_both_told_only_if_nobody_or_enough_people_make_the_difference(
    tmp_path, fewer, both
):
    sent = {n: region for n, region in ALL.items() if n >= fewer}
    shown = publish(tmp_path, targeted=cells(ALL, "targeted"), sent=cells(sent, "sent"))
    seen = [told(shown, table)["01"] is not None for table in ("targeted", "sent")]
    assert all(seen) == both
    assert verify(shown.pattern) == []


def test_five_people_who_meet_in_a_place_of_both_draws_are_held_against_others_too(tmp_path):
    """These five look like four in their sketch; found by the attacker below."""
    nine = crowd(5, "00") | crowd(5, "01", 1000) | crowd(5, "02", 2000) | crowd(9, "03", 3000)
    five = crowd(6, "00") | crowd(6, "01", 1000) | crowd(8, "02", 2000) | crowd(5, "03", 3004)
    shown = publish(tmp_path, one=cells(nine, "one"), other=cells(five, "other"))
    assert None in (told(shown, "one")["03"], told(shown, "other")["03"])


def test_the_later_table_gives_way(tmp_path):
    sent = {n: region for n, region in ALL.items() if n >= 3}
    shown = publish(tmp_path, targeted=cells(ALL, "targeted"), sent=cells(sent, "sent"))
    assert told(shown, "targeted") == {"01": 30, "02": 40, "03": 50, None: 120}
    assert told(shown, "sent")["01"] is None


def test_what_gave_way_stays_hidden_when_the_report_is_made_again(tmp_path):
    """With its partner, which is near to nothing."""
    sent = {n: region for n, region in ALL.items() if n >= 3 and n not in range(100, 120)}
    first, again = (
        publish(tmp_path, run, targeted=cells(ALL, "targeted"), sent=cells(sent, "sent"))
        for run in ("first", "again")
    )
    assert all(first[table].frame.equals(again[table].frame) for table in first)


def test_what_so_few_brought_cannot_be_reckoned_either(tmp_path):
    sent = {n: region for n, region in ALL.items() if n >= 3}
    shown = publish(
        tmp_path, targeted=cells(ALL, "targeted", cents=900), sent=cells(sent, "sent", cents=900)
    )
    assert None in [shown[table].frame.filter(region="01")["cents"].item() for table in shown]


def events(people: People, population: str, *, each: int = 1) -> Cells:
    """Events alone, so many of each person."""
    names = [f"ca1-{n:026d}" for n in people for _ in range(each)]
    rows = pl.DataFrame(
        {
            "pseudonym": names,
            "region": [where for where in people.values() for _ in range(each)],
            "events": 1,
        }
    ).lazy()
    return tabulate(
        rows, person="pseudonym", by=(REGION,), measures=(Measure("events"),), population=population
    )


@pytest.mark.parametrize(("fewer", "both"), [(0, True), (1, False), (4, False), (5, True)])
def test_events_of_which_each_person_had_one_are_people_by_another_name(tmp_path, fewer, both):
    sent = {n: region for n, region in ALL.items() if n >= fewer}
    shown = publish(tmp_path, people=cells(ALL, "targeted"), events=events(sent, "sent"))
    assert (shown["events"].value("events", region="01").value is not None) == both
    assert told(shown, "people")["01"] == 30
    assert shown["events"].frame["people"].null_count() == shown["events"].frame.height


@pytest.mark.parametrize(("fewer", "both"), [(0, True), (1, False), (4, False), (5, True)])
def test_a_few_events_less_of_the_same_people_are_of_as_few_people(tmp_path, fewer, both):
    """Each of the first table has two; in the other a few have one only."""
    names = [f"ca1-{n:026d}" for n in ALL]
    rows = pl.DataFrame(
        {
            "pseudonym": names * 2 + names[fewer:],
            "region": [*ALL.values()] * 2 + [*ALL.values()][fewer:],
            "events": 1,
        }
    )
    other = tabulate(
        rows.lazy(),
        person="pseudonym",
        by=(REGION,),
        measures=(Measure("events"),),
        population="other",
    )
    shown = publish(tmp_path, one=events(ALL, "one", each=3), other=other)
    assert (shown["other"].value("events", region="01").value is not None) == both


@pytest.mark.parametrize(("several", "all_"), [(0, True), (1, False), (4, False), (5, True)])
def test_those_who_stand_in_several_parts_are_a_group_too(several, all_):
    rows = (
        [(n, "device") for n in range(40)]
        + [(n, "filter") for n in range(40 - several, 90)]
        + [(n, "rental") for n in range(90, 140)]
    )
    frame = pl.DataFrame(rows, schema=["person", "line"], orient="row").lazy()
    measures = (Measure("people", "people", additive=False),)
    table = genlib.protect(
        t=tabulate(
            frame, person="person", by=(Dimension("line"),), measures=measures, population="payers"
        )
    )["t"]
    assert (table.hidden == 0) == all_


def test_why_a_cell_is_hidden_does_not_leave_a_run_that_publishes(tmp_path):
    made = cells(crowd(3, "01") | crowd(40, "02", 100) | crowd(50, "03", 200), "all")
    lab = genlib.protect(t=made)
    assert set(lab["t"].frame["reason"]) == {None, "primary", "secondary"}
    shown = publish(tmp_path, t=made)
    assert set(shown["t"].frame["reason"]) == {None, "hidden"}
    assert shown.conditions["hidden"] == {"hidden": 2}


def test_a_table_whose_people_stand_in_several_cells_is_the_sum_of_its_cells(tmp_path):
    """Nearly all of those with messages left one unanswered, and many answered one: what the whole
    has over the unanswered are the answers, and not those few who left none unanswered."""
    people = [f"ca1-{n:026d}" for n in range(50)]
    answered = [(name, "answered") for name in people[:22]] + [
        (name, "silent") for name in people[2:] * 2
    ]
    rows = (
        pl.DataFrame(answered, schema=["pseudonym", "outcome"], orient="row")
        .with_columns(messages=1)
        .lazy()
    )
    made = tabulate(
        rows,
        person="pseudonym",
        by=(Dimension("outcome"),),
        measures=(Measure("messages"),),
        population="messages",
    )
    assert publish(tmp_path, table=made)["table"].hidden == 0


def reach(protected: Protected, ours: int, theirs: int) -> tuple[float, float]:
    """The least and the greatest difference of two figures that anyone who has the report can
    believe in."""
    open_ = protected.pattern.manifest()
    relation, variable, sign = (np.asarray(part, int) for part in open_["relations"])
    size = len(open_["published"])
    matrix = np.zeros((int(relation.max(initial=-1)) + 1, size))
    np.add.at(matrix, (relation, variable), sign)
    bounds = [
        (low, None) if value is None else (value, value)
        for low, value in zip(open_["low"], open_["published"], strict=True)
    ]
    cost = np.zeros(size)
    cost[ours], cost[theirs] = 1, -1
    ends = [
        linprog(way * cost, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=bounds, method="highs")
        for way in (1, -1)
    ]
    return tuple(
        way * end.fun if end.status == 0 else -way * np.inf
        for way, end in zip((1, -1), ends, strict=True)
    )


def variables(protected: Protected, table: str) -> dict[str | None, int | None]:
    places = protected.manifest()["tables"][table]
    return dict(zip(places["dimensions"]["region"], places["variables"]["people"], strict=True))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(5, 30), min_size=3, max_size=4),
    st.lists(st.integers(0, 6), min_size=4, max_size=4),
    st.lists(st.integers(0, 6), min_size=4, max_size=4),
)
def test_an_attacker_with_the_report_finds_no_small_difference(tmp_path_factory, sizes, lost, won):
    """The sets are compared person by person, and the attack shares no code with the protection."""
    first: People = {}
    second: People = {}
    for place, size in enumerate(sizes):
        first |= crowd(size, f"{place:02}", 1000 * place)
        second |= crowd(
            max(size - lost[place], 0) + won[place],
            f"{place:02}",
            1000 * place + min(lost[place], size),
        )
    shown = publish(
        tmp_path_factory.mktemp("ledger"), one=cells(first, "one"), other=cells(second, "other")
    )
    ours, theirs = variables(shown, "one"), variables(shown, "other")
    for here, there in product(ours, theirs):
        mine = {n for n, region in first.items() if here in {None, region}}
        yours = {n for n, region in second.items() if there in {None, region}}
        if min(len(mine), len(yours)) >= T and 0 < len(mine ^ yours) < T:
            low, high = reach(shown, ours[here], theirs[there])
            assert high - low >= T - len(mine ^ yours)
            assert low < len(mine) - len(yours)
            assert high > len(mine) - len(yours)


def test_a_near_twin_is_one_wherever_it_stands() -> None:
    """Two of 120 who were asked did not answer; that 118 answered stands in two tables."""

    def count(people: int, population: str) -> Cells:
        rows = pl.DataFrame({"pseudonym": [f"ca1-{n:026d}" for n in range(people)], "kind": "a"})
        by = [Dimension("kind", total=False)]
        return tabulate(rows, person="pseudonym", by=by, population=population)

    asked, answered, scored = count(120, "asked"), count(118, "answered"), count(118, "scored")
    shown = genlib.protect(asked=asked, answered=answered, scored=scored)
    values = [shown[name].frame["people"].item() for name in ("asked", "answered", "scored")]
    assert values == [120, None, None]
