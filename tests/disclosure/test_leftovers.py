"""Leftovers: of a year less the months that were told few people may be left."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import genlib
from genlib.disclosure import Cells, Dimension, Ledger, Measure, Population, Protected, tabulate
from genlib.disclosure.cells import Step
from genlib.disclosure.members import look_up
from genlib.disclosure.system import components
from genlib.period import Period

EVENTS = Measure("contacts")
VERDICT = Dimension("verdict", is_subject=True)


def contacts(refused: dict[str, int], first: str, last: str) -> pl.DataFrame:
    """Twenty allowed in each month from the first to the last, and so many refused."""
    rows = []
    for month, count in sorted(refused.items()):
        verdicts = ["refused"] * count + ["allowed"] * 20
        start = Period.parse(month).start
        numbers = range(len(verdicts))
        people = [f"ca1-{start:%y%m}{number:022d}" for number in numbers]
        rows += [(p, start, v, 1) for p, v in zip(people, verdicts, strict=True)]
    frame = pl.DataFrame(rows, schema=["pseudonym", "month", "verdict", "contacts"], orient="row")
    return frame.filter(
        pl.col("month") >= Period.parse(first).start, pl.col("month") <= Period.parse(last).start
    )


def publish(
    folder: Path, refused: dict[str, int], lately: str, last: str, ladder: tuple[Step, ...] = ()
) -> Protected:
    """The months of the year so far, and all since `lately` together."""
    day = Period.parse(last).end
    population = Population("contacts", Period.parse(lately).start, day)
    by_month = Dimension("month", total=False, is_page=True, ladder=ladder, units=("quarter",))
    months = contacts(refused, "2026-01", last)
    of_year = replace(population, start=date(2026, 1, 1))
    so_far = tabulate(
        contacts(refused, lately, last),
        person="pseudonym",
        by=[VERDICT],
        measures=[EVENTS],
        population=population,
    )
    by_months = tabulate(
        months,
        person="pseudonym",
        by=[by_month, VERDICT],
        measures=[EVENTS],
        population=of_year,
    )
    return genlib.protect(ledger=Ledger(folder, day, last), lately=so_far, months=by_months)


MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
QUARTERS = {
    Period.parse(month).start: Period.around(Period.parse(month).start, "quarter").start
    for month in MONTHS
}


@pytest.mark.parametrize(("last", "is_told"), [(0, True), (2, False), (4, False), (5, True)])
def test_the_months_that_were_told_leave_no_few_people_of_a_year(
    tmp_path: Path, last: int, is_told: bool
) -> None:
    """Ten of each month until September were told, which leave those of October."""
    refused = dict.fromkeys(MONTHS[:9], 10)
    publish(tmp_path, refused, "2026-04", "2026-09")
    ladder = ({**QUARTERS, Period.parse("2026-10").start: None},)
    shown = publish(tmp_path, refused | {"2026-10": last}, "2026-05", "2026-10", ladder)
    value = shown.lately.value("contacts", verdict="refused").value
    assert value == (50 + last if is_told else 60)
    assert bool(shown.lately.told_on) == (not is_told)


def test_a_year_is_told_though_its_quarters_were_told_before(tmp_path: Path) -> None:
    """The last quarter alone is new; it is not the sum of the year."""
    refused = dict.fromkeys(MONTHS, 10) | {"2026-02": 2}
    so_far = {month: count for month, count in refused.items() if month <= "2026-09"}
    publish(tmp_path, so_far, "2026-04", "2026-09", (QUARTERS,))
    shown = publish(tmp_path, refused, "2026-01", "2026-12", (QUARTERS,))
    assert shown.lately.value("contacts", verdict="refused").value == 112
    assert shown.months.coarser == {"month": "quarter"}


def test_people_are_found_by_pseudonyms_of_any_kind() -> None:
    names = pl.Series(["a", "b"])
    keys = pl.Series(["b", "c", None], dtype=pl.Categorical)
    assert look_up(keys, names, pl.Series([1, 2])).to_list() == [2, None, None]


def test_a_long_chain_in_any_order_is_one_component() -> None:
    order = np.random.default_rng(1).permutation(20_000)
    assert components(len(order), order[:-1], order[1:]).max() == 0


def publish_campaigns(folder: Path, buyers: dict[str, int], told: str, last: str) -> Protected:
    """All campaigns of twelve months together, and by themselves those that are `told`."""
    rows = [
        (f"ca1-{code}{number:025d}", code, outcome, 1)
        for code, count in buyers.items()
        for number, outcome in enumerate(["bought"] * count + ["not bought"] * 30)
    ]
    schema = ["pseudonym", "campaign", "outcome", "contacts"]
    draws = pl.DataFrame(rows, schema=schema, orient="row")
    day = Period.parse(last).end
    outcome = Dimension("outcome", is_subject=True)
    campaign = Dimension("campaign", total=False, is_page=True)
    tables = {
        name: tabulate(
            frame,
            person="pseudonym",
            by=by,
            measures=[EVENTS],
            population=Population(name, day.replace(year=day.year - 1), day),
        )
        for name, by, frame in (
            ("together", [outcome], draws),
            ("each", [campaign, outcome], draws.filter(pl.col("campaign").is_in([*told]))),
        )
    }
    return genlib.protect(ledger=Ledger(folder, day, last), **tables)


@pytest.mark.parametrize(("last", "is_told"), [(0, True), (2, False), (5, True)])
def test_the_campaigns_of_earlier_reports_leave_no_few_people_of_all(
    tmp_path: Path, last: int, is_told: bool
) -> None:
    """Campaigns A, B and C were told in March; in April E is, and D is not: of 38 buyers those of
    the others leave 2, so the 27 of March are told again."""
    buyers = {"A": 9, "B": 9, "C": 9}
    publish_campaigns(tmp_path, buyers, "ABC", "2026-03")
    shown = publish_campaigns(tmp_path, {**buyers, "D": last, "E": 9}, "E", "2026-04")
    value = shown.together.value("contacts", outcome="bought").value
    assert value == (36 + last if is_told else 27)


@pytest.mark.parametrize(("fewer", "is_told"), [(0, True), (2, False), (5, True)])
def test_the_sum_of_months_is_held_against_figures_of_any_time(
    tmp_path: Path, fewer: int, is_told: bool
) -> None:
    """Three months told thirty refused; all refused but two, of no time, would tell of the two."""
    refused = dict.fromkeys(MONTHS[:3], 10)
    publish(tmp_path, refused, "2026-02", "2026-03")
    quarter = Population("allowed", date(2026, 1, 1), date(2026, 4, 1))
    of_quarter = contacts(refused, "2026-01", "2026-03")
    is_refused = pl.col("verdict") == "refused"
    told = {
        "allowed": (of_quarter.filter(~is_refused), quarter),
        "refused": (of_quarter.filter(is_refused).head(30 - fewer), Population("ever refused")),
    }
    tables = {
        name: tabulate(
            rows, person="pseudonym", by=[VERDICT], measures=[EVENTS], population=population
        )
        for name, (rows, population) in told.items()
    }
    shown = genlib.protect(ledger=Ledger(tmp_path, date(2026, 4, 2), "later"), **tables)
    value = shown.refused.value("contacts", verdict="refused").value
    assert (value is not None) == is_told


def list_answers(counts: dict[str, int]) -> pl.DataFrame:
    """Sixty people of each campaign: so many bought, and other thirty opened its message."""
    rows = [
        (
            f"ca1-{code}{n:025d}",
            code,
            *("no" if n >= count else "yes", "no" if n < 30 else "yes"),
            1,
        )
        for code, count in counts.items()
        for n in range(60)
    ]
    schema = ["pseudonym", "campaign", "bought", "opened", "contacts"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def count_answers(frame: pl.DataFrame, *by: str, population: str = "sent") -> Cells:
    dimensions = [Dimension(name, total=False, is_page=name == "campaign") for name in by]
    return tabulate(
        frame,
        person="pseudonym",
        by=dimensions,
        measures=[EVENTS],
        population=Population(population),
    )


def test_codes_of_another_table_that_are_spelt_alike_hide_no_leftovers(tmp_path: Path) -> None:
    """Three campaigns told 27 buyers, and who opened them by the same two words; of 29 buyers of
    four campaigns two are left."""
    draws = list_answers({"A": 9, "B": 9, "C": 9, "D": 2})
    told = draws.filter(pl.col("campaign") != "D")
    buyers = count_answers(told, "campaign", "bought")
    openers = count_answers(told, "campaign", "opened")
    ledger = Ledger(tmp_path, date(2026, 4, 1), "first")
    genlib.protect(ledger=ledger, buyers=buyers, openers=openers)
    together = count_answers(draws, "bought", population="together")
    shown = genlib.protect(ledger=Ledger(tmp_path, date(2026, 5, 1), "later"), together=together)
    assert shown.together.value("contacts", bought="yes").value is None


def test_cells_of_two_dimensions_of_equal_codes_are_added_up_apart() -> None:
    """Three of four campaigns tell 9 each who did not open and yet bought, of 29; and others who
    opened and did not buy."""
    draws = list_answers({"A": 9, "B": 9, "C": 9, "D": 2})
    more = draws.with_columns(
        pl.col("pseudonym") + "x",
        bought=pl.lit("no"),
        opened=pl.lit("yes"),
    )
    every = pl.concat([draws, more.head(180)])
    by = ("opened", "bought")
    together = count_answers(every, *by, population="together")
    each = count_answers(every.filter(pl.col("campaign") != "D"), "campaign", *by)
    shown = genlib.protect(together=together, each=replace(each, apart="campaign"))
    assert shown.together.value("contacts", opened="no", bought="yes").value == 29
    assert shown.each.frame["campaign"].n_unique() == 2


def test_a_month_that_is_told_anew_and_hidden_is_known_as_it_was(tmp_path: Path) -> None:
    """Ten refused in each month were told; two of October were erased, and another table hides its
    eight: the 118 of the year would tell of the two."""
    refused = dict.fromkeys(MONTHS, 10)
    every = contacts(refused, "2026-01", "2026-12")
    is_erased = (pl.col("month") == date(2026, 10, 1)) & (pl.col("verdict") == "refused")
    is_erased &= pl.col("pseudonym").str.slice(-1).is_in(["0", "1"])
    left = every.filter(~is_erased)
    year = Population("contacts", date(2026, 1, 1), date(2027, 1, 1))
    month = Dimension("month", total=False, is_page=True)

    def count(frame: pl.DataFrame, *by: Dimension) -> Cells:
        return tabulate(frame, person="pseudonym", by=by, measures=[EVENTS], population=year)

    first = Ledger(tmp_path, date(2027, 1, 1), "first")
    genlib.protect(ledger=first, months=count(every, month, VERDICT))
    later = Ledger(tmp_path, date(2027, 1, 15), "later")
    again = count(left.filter(pl.col("month") > date(2026, 1, 1)), month, VERDICT)
    shown = genlib.protect(ledger=later, again=again, whole=count(left, VERDICT))
    assert "refused" not in shown.whole.frame.drop_nulls("contacts")["verdict"]
