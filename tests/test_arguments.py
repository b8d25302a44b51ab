"""A call with other arguments than a function takes is one line that says what it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import polars as pl
import pytest

import genlib
from genlib.disclosure.cells import Dimension, Measure
from genlib.disclosure.counting import tabulate
from genlib.disclosure.protect import protect
from genlib.disclosure.table import Protected
from genlib.errors import NotProtected, UsageError
from genlib.metrics import customers
from genlib.metrics.ladders import by_place
from genlib.present import charts, page, tables

SEPTEMBER = date(2026, 9, 1)
ROWS = pl.DataFrame(
    {"who": range(60), "region": ["01"] * 40 + ["06"] * 20, "month": [SEPTEMBER] * 60}
)
FUNCTIONS = ("open_release", "protect", "report_form", "review", "run_report", "save", "tabulate")
BARS = {"x": "people", "y": "region"}
OPTIONS = {
    "title": 5,
    "where": "region",
    "codes": "01",
    "tone": ["ink"],
    "colors": ["ink"],
    "limit": "3",
    "optional": 1,
}


@pytest.fixture(scope="module")
def shown() -> Protected:
    """People by region, and by month, over which there is no total."""
    month = Dimension("month", total=False)
    cells = [
        tabulate(ROWS, person="who", by=[by], population="people")
        for by in (by_place("region"), month)
    ]
    return protect(places=cells[0], months=cells[1])


def said(call: Callable[..., Any], *args: Any, **given: Any) -> str:
    """The one line of a UsageError."""
    with pytest.raises(UsageError) as caught:
        call(*args, **given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_call_without_arguments_is_told_what_is_taken(name: str) -> None:
    assert said(getattr(genlib, name)).startswith((f"{name} takes ", "protect takes the Cells"))


def test_cells_without_a_name_are_told_to_have_one(shown: Protected) -> None:
    cells = tabulate(ROWS, person="who", by=[], population="people")
    line = "protect takes each table by a name: genlib.protect(regions=cells)"
    assert said(protect, cells) == line
    assert said(protect, {"regions": cells}) == line
    assert said(protect, policy=5, cells=cells).startswith("policy and ledger are those of")


def test_a_chart_by_position_is_told_which_columns_have_a_name(shown: Protected) -> None:
    line = "bars takes table, x=, y=, options by name"
    assert said(charts.bars, shown.places, "people", "region") == line
    assert said(charts.bars, shown.places) == line


@pytest.mark.parametrize("column", [["people"], None, 3])
def test_a_column_is_a_text(shown: Protected, column: Any) -> None:
    assert said(charts.bars, shown.places, x=column, y="region").startswith("x of bars is a text")
    assert said(tables.table, shown.places, by=column).startswith("by of table is a text")
    assert said(shown.places.value, column).startswith("column of value is a text")
    assert said(shown.places.rows, column).startswith("dimensions of rows is a text")


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_of_its_kind(shown: Protected, option: str) -> None:
    line = said(charts.bars, shown.places, **BARS, **{option: OPTIONS[option]})
    assert line.startswith(f"{option} is ")
    assert str(OPTIONS[option]) not in line.removeprefix(option)


def test_a_limit_is_at_least_one(shown: Protected) -> None:
    assert said(charts.bars, shown.places, **BARS, limit=0) == "limit is a whole number from 1"


def test_the_codes_of_a_chart_are_of_the_kind_of_its_column(shown: Protected) -> None:
    line = said(charts.bars, shown.places, **BARS, codes=[1])
    assert line == "codes is a list of what region of table places holds, String"


@pytest.mark.parametrize("columns", ["people", 3, ["region"], ["reason"], {"people": 3}])
def test_the_columns_of_a_table_are_its_figures(shown: Protected, columns: Any) -> None:
    assert " columns" in f" {said(tables.table, shown.places, by='region', columns=columns)}"


def test_rows_and_columns_of_a_table_are_another_dimension_each(shown: Protected) -> None:
    for place in ("group", "across"):
        line = said(tables.table, shown.places, by="region", **{place: "region"})
        assert line == "by, group and across are another dimension each"


def test_a_region_by_its_name_is_told_the_codes(shown: Protected) -> None:
    line = said(shown.places.value, "people", region="Pirkanmaa")
    assert line.startswith("dimension region of table places has no such code; it has 01, 02, 04")
    assert "Pirkanmaa" not in line


def test_a_region_in_which_nobody_is_may_be_asked_for(shown: Protected) -> None:
    assert shown.places.value("people", region="21").value is None
    assert shown.places.value("people", region="06").value == 20


def test_a_figure_over_what_has_no_total_is_told_to_name_one(shown: Protected) -> None:
    line = said(shown.months.value, "people")
    assert line == (
        'table months has no total over month; name one of it: value("people", month=...)'
    )
    assert shown.months.value("people", month=SEPTEMBER).value == 60


@pytest.mark.parametrize("months", ["12", 0, -1, 1.5, True, 100_000])
def test_months_are_a_whole_number(months: Any) -> None:
    line = said(customers.by_region, {}, "2026-10", months=months)
    assert line.startswith(("months of by_region is a whole number", "months is a whole number"))


@pytest.mark.parametrize("release", [ROWS, pd.DataFrame({"who": [1]}), None, "customer_analysis"])
def test_a_frame_is_no_release(release: Any) -> None:
    assert "a metric takes an open release first" in said(customers.by_region, release, "2026-10")
    assert said(genlib.review, release).startswith("past contacts are reviewed in a release")


@pytest.mark.parametrize("region", [6, None, ["06"], {"06": 1}.keys(), ROWS])
def test_a_region_that_is_no_text_is_told_the_codes(region: Any) -> None:
    assert said(customers.by_region, {}, "2026-10", region=region).startswith("region is all or")


WRONG: dict[str, Any] = {
    "rows": None,
    "person": ["who"],
    "by": Dimension("region"),
    "measures": Measure("people"),
    "population": None,
    "figures": ["share"],
    "release": "customer_analysis",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_table_of_people_is_told_what_one_is(name: str) -> None:
    given = {"rows": ROWS, "person": "who", "by": [Dimension("region")], "population": "people"}
    assert said(tabulate, **{**given, name: WRONG[name]}).startswith(name)


@pytest.mark.parametrize("kind", [Dimension, Measure, genlib.Rate, genlib.Mean, genlib.Share])
def test_what_a_table_is_made_of_says_what_it_takes(kind: Any) -> None:
    assert said(kind).startswith(f"{kind.__name__} takes ")
    assert said(kind, "x", typo=1).startswith(f"{kind.__name__} takes ")


def test_conditions_take_all_tables_and_an_open_release(shown: Protected) -> None:
    with pytest.raises(NotProtected, match="no one table of it"):
        page.conditions(shown.places, {}, parameters={})  # type: ignore[arg-type]
    assert said(page.conditions, shown, "x", parameters={}).startswith("release is an open one")
    assert said(page.conditions, shown, {}).startswith("conditions takes tables, release")


def test_a_trend_is_a_table_with_two_of_its_columns(shown: Protected) -> None:
    people = shown.places.value("people")
    line = said(page.tile, people, label="people", trend=(shown.months, "month"))
    assert line == "trend is (table, its column of time, its column of figures)"
