"""Months of all tables of all reports, of a register in which people come and go, attacked together
by somebody who keeps every report."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from disclosure.year import MONTHLY, Publication, year

from genlib.disclosure import intervals
from genlib.disclosure.sketch import people_in, words
from genlib.period import Period

FEW = 5
MOST_HIDDEN = 0.02


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(2, id="2 months"),
        pytest.param(12, id="12 months", marks=pytest.mark.slow),
    ],
)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Publication]:
    with pytest.MonkeyPatch.context() as patch:
        return list(year(tmp_path_factory.mktemp("year"), request.param, patch, reports=MONTHLY))


def figures_of(publications: list[Publication]) -> pl.DataFrame:
    """All figures that were told, of people who are known, each group once."""
    pages = [page.figures for one in publications for page in one.shown.pages]
    return pl.concat(pages).drop_nulls("sketch").unique("sketch")


def test_no_two_figures_are_of_groups_that_few_people_part(published: list[Publication]) -> None:
    """Every pair is compared, without the search that protects."""
    told = figures_of(published)
    heads = told.filter("heads")
    lines = words(heads["sketch"])
    apart = [
        people_in(lines[place + 1 :] - line).min(initial=FEW) for place, line in enumerate(lines)
    ]
    assert len(lines) > 100
    assert min(apart) >= FEW


def test_nothing_hidden_in_a_report_can_be_worked_out_from_it(published: list[Publication]) -> None:
    """The least and the greatest that each hidden figure may be, by linear programming over all
    tables of its report: none is pinned."""
    for one in published:
        assert one.shown.pattern is not None
        found = intervals(one.shown.pattern.manifest())
        assert found.filter(pl.col("high") - pl.col("low") < 1).is_empty()


def test_hardly_anything_is_hidden(published: list[Publication]) -> None:
    cells = sum(table.frame.height for one in published for table in one.shown.values())
    hidden = sum(sum(one.shown.conditions["hidden"].values()) for one in published)
    assert hidden <= MOST_HIDDEN * cells


def test_what_is_over_is_told_as_it_was_first_told(published: list[Publication]) -> None:
    """The customers who joined in a month, the money of a month: the same in every report."""
    wholes = [one for one in published if one.report == "customer_analysis"]
    plain = [one for one in wholes if one.parameters.keys() == {"period"}]
    for first, later in combinations(plain, 2):
        for name in ("growth", "billing"):
            month = Period.parse(first.parameters["period"]).start
            rows = [
                one.shown[name].frame.filter(pl.col("month") == month).select(columns(name))
                for one in (first, later)
            ]
            assert rows[0].equals(rows[1])
            assert rows[0].height > 0


def columns(name: str) -> list[str]:
    return ["movement", "people"] if name == "growth" else ["people", "amount_cents"]


def test_every_report_of_the_whole_has_its_stock(published: list[Publication]) -> None:
    """Though a few were erased every month."""
    for one in published:
        if one.report == "customer_analysis" and one.parameters.keys() == {"period"}:
            month = Period.parse(one.parameters["period"]).start
            assert one.shown["growth"].value("stock", month=month).value is not None


def test_windows_are_not_old(published: list[Publication]) -> None:
    """A table that is told again is of the last months, not of a year ago."""
    days = [
        (Period.parse(one.parameters["period"]).end - day).days
        for one in published
        for table in one.shown.values()
        for day in table.told_on.values()
    ]
    assert np.mean([*days, 0]) < 120
