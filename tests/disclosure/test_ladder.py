"""A table takes the first steps at which no group is too small, and no figure takes what is not
told for nobody."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genlib
from genlib.disclosure import Cells, Dimension, Policy, ProtectedTable, tabulate
from genlib.disclosure.faults import count_unsafe
from genlib.disclosure.figures import list_figures
from genlib.disclosure.ladder import join, join_smallest, make_legible
from genlib.metrics.figures import Rate

SIZES = {"A": 2, "B": 4, "C": 30, "D": 64}
REGION = Dimension("region", ladder=join_smallest(["A", "B", "C", "D"]))
ANSWER = Dimension("answer", is_subject=True, order=("yes", "no"))


def people_of(sizes: dict[str, int], *by: Dimension, answers: int = 0) -> Cells:
    """So many people in each region, of whom every `answers`-th answered (0: nobody)."""
    rows = [
        (f"{region}{n}", region, "yes" if answers and n % answers == 0 else "no")
        for region, size in sizes.items()
        for n in range(size)
    ]
    frame = pl.DataFrame(rows, schema=["person", "region", "answer"], orient="row")
    rate = Rate("rate", "answer", ("yes",))
    figures = (rate,) if ANSWER in by else ()
    return tabulate(
        frame.lazy(), person="person", by=by or (REGION,), population="people", figures=figures
    )


def counts_of(table: Cells | ProtectedTable) -> dict[str | None, int]:
    return dict(table.frame.select("region", "people").rows())


def test_the_smallest_stand_together_until_none_is_too_small() -> None:
    cells = make_legible(people_of(SIZES), Policy())
    assert counts_of(cells) == {"others+A+B": 6, "C": 30, "D": 64, None: 100}
    assert cells.steps == {"region": 1}


def test_a_table_without_small_groups_stays_as_it_is() -> None:
    cells = people_of({"A": 5, "B": 5})
    assert make_legible(cells, Policy()) is cells


@pytest.mark.parametrize(("least", "steps"), [(3, {}), (4, {}), (5, {"region": 1})])
def test_the_threshold_decides(least: int, steps: dict[str, int]) -> None:
    cells = make_legible(people_of({"A": 4, "B": 40, "C": 40}), Policy(min_count=least, base=10))
    assert cells.steps == steps


def test_groups_are_given_up_before_what_the_table_is_about() -> None:
    """Of 12 people in three regions 3 answered... of all together 6 of 24 may be told."""
    sizes = dict.fromkeys("ABC", 8)
    cells = make_legible(people_of(sizes, REGION, ANSWER, answers=4), Policy())
    rows = cells.frame.select("region", "answer", "people").rows()
    assert (None, "yes", 6) in rows
    assert cells.frame["region"].is_null().all()


def test_a_table_at_a_level_that_somebody_wants_has_no_steps() -> None:
    cells = people_of(SIZES, Dimension("region"))
    assert make_legible(cells, Policy()) is cells
    assert genlib.protect(table=cells).table.hidden > 0


def test_a_rate_of_an_outcome_that_is_not_told_is_not_nought() -> None:
    """One of 20 answered: a table that can say nothing of answers is left out."""
    table = genlib.protect(table=people_of({"A": 20}, REGION, ANSWER, answers=20)).table
    assert table.coarser == {"*": "left out"}
    assert table.frame.is_empty()
    shown = table.value("people", answer="yes")
    assert (shown.value, shown.reason) == (None, "coarser")


def test_a_group_that_stands_with_others_is_not_nobody() -> None:
    table: ProtectedTable = genlib.protect(table=people_of(SIZES)).table
    assert table.value("people", region="A").reason == "coarser"
    assert table.value("people", region="C").value == 30
    assert table.coarser == {"region": "together"}


def test_rows_of_a_parent_are_found_where_the_finer_codes_are_not_told() -> None:
    score = Dimension("score", parents=("group", "outcome"), is_subject=True)
    rows = [("low", "below", "scored")] * 3 + [("lower", "below", "scored")] * 9
    frame = pl.DataFrame(rows, schema=["score", "group", "outcome"], orient="row")
    people = frame.with_row_index("person").lazy()
    cells = tabulate(people, person="person", by=[score], population="scores")
    table = genlib.protect(table=cells).table
    assert table.finest("score") == "group"
    assert table.rows("group")["people"].to_list() == [12]


def retained(sizes: dict[str, int]) -> Cells:
    """A table that is left out where many of its cells are unsafe."""
    return replace(people_of(sizes, Dimension("region")), recount=None, is_optional=True)


def test_a_table_of_nobody_is_not_said_to_be_left_out() -> None:
    nobody = retained({})
    assert genlib.protect(table=nobody).table.coarser == {}
    assert genlib.protect(table=nobody).table.value("people", region="A").reason == "empty"


def test_a_table_that_makes_no_sense_in_coarser_groups_is_left_out_and_says_so() -> None:
    table = genlib.protect(table=retained(SIZES)).table
    assert table.frame.is_empty()
    assert table.coarser == {"*": "left out"}
    assert table.value("people", region="D").reason == "coarser"


def test_a_code_with_a_small_cell_is_left_out_of_what_is_told_code_by_code() -> None:
    by = (Dimension("region", total=False), ANSWER)
    enough = people_of({"A": 20, "B": 20}, *by, answers=4)
    enough = replace(enough, apart="region", recount=None)
    assert make_legible(enough, Policy()) is enough
    few = replace(people_of({"A": 20, "B": 8}, *by, answers=4), apart="region", recount=None)
    table = genlib.protect(table=few).table
    assert set(table.frame["region"]) == {"A"}
    assert table.coarser == {"region": "small left out"}


def test_what_is_joined_is_named_by_its_parts() -> None:
    assert join(["sms", "post"]) == {"sms": "others+post+sms", "post": "others+post+sms"}


@given(st.lists(st.integers(0, 12), min_size=1, max_size=5), st.integers(0, 4))
def test_a_table_with_steps_has_no_unsafe_cell_and_tells_its_total_or_nothing(
    sizes: list[int], answers: int
) -> None:
    by_name = {name: size for name, size in zip("ABCDE", sizes, strict=False) if size}
    if not by_name:
        return
    order = join_smallest(["A", "B", "C", "D", "E"])
    region = Dimension("region", ladder=order)
    cells = make_legible(people_of(by_name, region, ANSWER, answers=answers), Policy())
    whole = cells.frame.filter(pl.col("region").is_null(), pl.col("answer").is_null())
    assert count_unsafe(cells, Policy()) == 0
    assert whole["people"].to_list() == ([] if cells.left_out else [sum(by_name.values())])


def test_no_two_figures_of_a_table_are_near_twins_if_steps_help() -> None:
    """In June 30 people, in July the same but two: by month each would tell of them."""
    month = Dimension("month", total=False, ladder=(dict.fromkeys(["June", "July"], "summer"),))
    crowds = {"June": 30, "July": 28, "May": 9}
    rows = [(f"ca1-{n:026d}", name) for name, count in crowds.items() for n in range(count)]
    frame = pl.DataFrame(rows, schema=["pseudonym", "month"], orient="row").lazy()
    cells = tabulate(frame, person="pseudonym", by=[month], population="contacted")
    legible = make_legible(cells, Policy()).frame.select("month", "people")
    assert legible.rows() == [("May", 9), ("summer", 30)]


def test_a_table_gets_finer_once_a_year_only() -> None:
    cells = people_of({"A": 20, "B": 20, "C": 30, "D": 64})
    assert make_legible(cells, Policy(), {"region": 1}).steps == {"region": 1}
    assert make_legible(cells, Policy()) is cells


CROWDED = Dimension("region", ladder=join_smallest(["A", "C", "B"]))


def crowd_of(sizes: dict[str, int], population: str, region: Dimension = CROWDED) -> Cells:
    """So many people in each region, the first of them the same in every table."""
    rows = [
        (f"ca1-{1000 * place + n:026d}", name)
        for place, (name, size) in enumerate(sizes.items())
        for n in range(size)
    ]
    frame = pl.DataFrame(rows, schema=["pseudonym", "region"], orient="row")
    return tabulate(frame.lazy(), person="pseudonym", by=[region], population=population)


ASKED = {"A": 33, "B": 20, "C": 15}


@pytest.mark.parametrize(
    ("answered", "steps"), [(33, {}), (32, {"region": 1}), (29, {"region": 1}), (28, {})]
)
def test_a_table_takes_steps_at_which_it_is_no_near_twin_of_an_earlier_one(
    answered: int, steps: dict[str, int]
) -> None:
    """Few people part those who were asked in A and those of them who answered; of A and C together
    enough do."""
    told = list_figures(crowd_of(ASKED, "asked"))
    answers = crowd_of({"A": answered, "B": 20, "C": 9}, "answered")
    assert make_legible(answers, Policy(), earlier=told).steps == steps


def test_nothing_is_hidden_of_a_table_that_may_be_coarser_than_its_near_twin() -> None:
    answers = crowd_of({"A": 30, "B": 20, "C": 9}, "answered")
    shown = genlib.protect(asked=crowd_of(ASKED, "asked"), answered=answers)
    assert (shown.asked.hidden, shown.answered.hidden) == (0, 0)
    assert counts_of(shown.asked) == {**ASKED, None: 68}
    assert counts_of(shown.answered) == {"B": 20, "others+A+C": 39, None: 59}


def test_a_table_whose_total_is_a_near_twin_of_an_earlier_one_is_left_out() -> None:
    """All but two answered: at any steps their total tells of the two."""
    answers = crowd_of({"A": 33, "B": 20, "C": 13}, "answered")
    shown = genlib.protect(asked=crowd_of(ASKED, "asked"), answered=answers)
    assert shown.answered.coarser == {"*": "left out"}
    assert shown.asked.hidden == 0


def test_a_code_with_a_near_twin_in_an_earlier_table_is_left_out_of_what_is_told_code_by_code() -> (
    None
):
    by_code = Dimension("region", total=False)
    answers = crowd_of({"A": 30, "B": 20, "C": 9}, "answered", by_code)
    answers = replace(answers, apart="region", recount=None)
    shown = genlib.protect(asked=crowd_of(ASKED, "asked"), answered=answers)
    assert counts_of(shown.answered) == {"B": 20, "C": 9}
    assert shown.answered.coarser == {"region": "small left out"}


@pytest.mark.parametrize(("answered", "is_left"), [(33, False), (30, True), (28, False)])
def test_near_twins_count_where_a_table_is_left_out_for_its_unsafe_cells(
    answered: int, is_left: bool
) -> None:
    answers = crowd_of({"A": answered, "B": 20, "C": 9}, "answered", Dimension("region"))
    answers = replace(answers, recount=None, is_optional=True)
    shown = genlib.protect(asked=crowd_of(ASKED, "asked"), answered=answers)
    assert (shown.answered.coarser == {"*": "left out"}) == is_left
    assert shown.answered.hidden == 0


WHOLE = Dimension("region")
CODES = Dimension("region", total=False)


@pytest.mark.parametrize(
    ("last", "told"),
    [(0, {"A": 33, "B": 20}), (1, {"A": 33}), (4, {"A": 33}), (5, {"A": 33, "B": 20, "C": 5})],
)
def test_what_is_told_code_by_code_leaves_no_few_people_of_an_earlier_whole(
    last: int, told: dict[str, int]
) -> None:
    """All together less A and B, which are told, would be those of C."""
    sizes = {name: size for name, size in (("A", 33), ("B", 20), ("C", last)) if size}
    together = replace(crowd_of(sizes, "together", WHOLE), recount=None)
    together = replace(together, frame=together.frame.filter(pl.col("region").is_null()))
    apart = replace(crowd_of(sizes, "drawn", CODES), apart="region", recount=None)
    shown = genlib.protect(together=together, apart=apart)
    assert shown.together.value("people").value == sum(sizes.values())
    assert counts_of(shown.apart) == told


@pytest.mark.parametrize(
    ("few", "of_others", "told"),
    [(3, 20, ["B", "D"]), (3, 6, ["B", "D"]), (5, 20, ["A", "B", "C", "D"])],
)
def test_no_cell_of_codes_leaves_few_people_of_an_earlier_whole(
    few: int, of_others: int, told: list[str]
) -> None:
    """Of those who did not buy, the first cell, C has enough; of the buyers it may have few. D is
    not among all together, since it held nobody out; without it few are left all the same, so it
    is told though it is the smallest."""
    sizes = {
        ("A", "bought"): 9,
        ("B", "bought"): 9,
        ("C", "bought"): few,
        ("D", "bought"): 9,
        **{(code, "a no"): 20 for code in "ABC"},
        ("D", "a no"): of_others,
    }
    places = [place for place, size in sizes.items() for _ in range(size)]
    rows = [(f"ca1-{number:026d}", *place) for number, place in enumerate(places)]
    frame = pl.DataFrame(rows, schema=["pseudonym", "code", "outcome"], orient="row")
    outcome = Dimension("outcome")
    codes = (Dimension("code", total=False), outcome)
    whole = frame.filter(pl.col("code") != "D")
    together = tabulate(whole, person="pseudonym", by=[outcome], population="together")
    apart = tabulate(frame, person="pseudonym", by=codes, population="drawn")
    shown = genlib.protect(
        together=replace(together, recount=None),
        apart=replace(apart, apart="code", recount=None),
    )
    assert shown.apart.frame["code"].unique().sort().to_list() == told


@pytest.mark.parametrize(("earlier", "steps"), [(0, {}), (3, {"month": 1}), (5, {})])
def test_the_last_months_leave_no_few_people_of_an_earlier_whole(
    earlier: int, steps: dict[str, int]
) -> None:
    """Of a window that begins in the middle of the first month: its other months, taken from it,
    would tell of the few of these days. Two months together begin before it."""
    month = Dimension("month", total=False, ladder=(join(["1", "2"]),), is_page=True)
    sizes = {"1": 20, "2": 30, "3": 40}
    rows = [
        (f"ca1-{100 * int(code) + n:026d}", code)
        for code, size in sizes.items()
        for n in range(size)
    ]
    frame = pl.DataFrame(rows, schema=["pseudonym", "month"], orient="row")
    months = tabulate(frame, person="pseudonym", by=[month], population="contacted")
    lately = frame.filter((pl.col("month") > "1") | (pl.int_range(pl.len()) < earlier))
    whole = tabulate(lately, person="pseudonym", by=[], population="lately")
    assert make_legible(months, Policy(), earlier=list_figures(whole)).steps == steps
