"""Mistakes in a cell are one line that says what may be given: charts, tables, pages, findings and
protect, all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from genlib.disclosure.cells import Dimension, Measure
from genlib.disclosure.counting import tabulate
from genlib.disclosure.protect import protect
from genlib.disclosure.table import LANGUAGES, Protected, ProtectedTable
from genlib.errors import UsageError
from genlib.metrics.figures import Share
from genlib.period import Period
from genlib.present import charts, findings, page, tables
from genlib.present.words import LOCALES

TYPO = "typo"
PLACES = ({"channel": "email"}, {"channel": "sms"})
ACROSS = {"x": "channel", "y": "people"}
ALONG = {"x": "people", "y": "channel"}
CHARTS = {
    "bars": ALONG,
    "columns": ACROSS,
    "dots": ALONG | {"reference": 1.0, "p": "people"},
    "funnel": {"stage": "channel", "value": "people"},
    "likert": {"question": "channel", "answer": "channel", "value": "people"},
    "line": ACROSS,
    "map": {"region": "channel", "value": "people"},
}
OPTIONS = {"titel": "Title", "tone": TYPO, "colors": {"email": TYPO}, "good": TYPO}
FIGURES = {"by", "column", "stage", "value", "p", "besides"}
"""What findings take that names a column."""
GIVEN = {
    "by": "channel",
    "column": "people",
    "what": "Customers",
    "places": PLACES,
    "messages": ("a", "b", "c"),
    "message": "{names}",
    "period": "2026-10",
    "comparison": "previous",
}


def said(call: Callable[..., Any], *args: Any, **given: Any) -> str:
    """The one line of a UsageError."""
    with pytest.raises(UsageError) as caught:
        call(*args, **given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def columns_of(name: str) -> set[str]:
    takes = inspect.signature(getattr(charts, name)).parameters
    return {one for one in takes if one not in {"table", "options", "reference", "side_by_side"}}


def list_findings() -> list[tuple[str, str]]:
    """Each finding that takes a table, with each of its columns."""
    functions = inspect.getmembers(findings, inspect.isfunction)
    return [
        (name, column)
        for name, one in functions
        if "table" in inspect.signature(one).parameters
        for column in FIGURES & set(inspect.signature(one).parameters)
    ]


@pytest.mark.parametrize(
    ("chart", "column"), [(name, one) for name in CHARTS for one in sorted(columns_of(name))]
)
def test_a_column_that_a_table_does_not_have(
    channels: ProtectedTable, chart: str, column: str
) -> None:
    message = said(getattr(charts, chart), channels, **CHARTS[chart] | {column: TYPO})
    assert "has no column typo; it has channel, people, reason" in message


def test_every_chart_is_among_them() -> None:
    assert set(CHARTS) == set(charts.__all__) - {"Chart"}


@pytest.mark.parametrize("chart", [*CHARTS, "table"])
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_that_there_is_not(channels: ProtectedTable, chart: str, option: str) -> None:
    draw = tables.table if chart == "table" else getattr(charts, chart)
    given = {"by": "channel"} if chart == "table" else CHARTS[chart]
    message = said(draw, channels, **given, **{option: OPTIONS[option]})
    assert message.startswith(
        ("the options of a chart", "a tone or colour is one of ink, ", "good is up or down")
    )


@pytest.mark.parametrize(("name", "column"), sorted(list_findings()))
def test_a_finding_of_a_column_that_there_is_not(
    channels: ProtectedTable, name: str, column: str
) -> None:
    finding = getattr(findings, name)
    takes = inspect.signature(finding).parameters
    given = {one: value for one, value in GIVEN.items() if one in takes and one != "table"}
    pair = {"messages": ("a", "b")} if name == "dated" else {}
    extra = {"channel": "email"} if name == "between" else pair
    message = said(finding, channels, **given | {column: TYPO} | extra)
    assert "table channels has no " in message
    assert "it has channel" in message


def test_a_chart_of_words_is_told_which_columns_are_figures(channels: ProtectedTable) -> None:
    message = said(charts.columns, channels, x="channel", y="reason")
    assert message == "column reason of table channels holds no figures; these do: people"


def test_a_figure_that_a_table_does_not_have(channels: ProtectedTable) -> None:
    assert "has no column typo; it has channel, people" in said(channels.value, TYPO)
    assert "has no dimension typo; it has channel" in said(channels.value, "people", typo="x")
    assert "has no dimension typo; it has channel" in said(channels.finest, TYPO)
    wrong = said(channels.value, "people", channel=7)
    assert wrong == "dimension channel of table channels holds String, not int"


def test_a_table_that_a_report_does_not_have(channels: ProtectedTable) -> None:
    shown = Protected({"channels": channels}, {})
    assert "there are channels" in said(lambda: shown.typo)
    assert "there are channels" in said(lambda: shown[TYPO])
    assert (hasattr(shown, TYPO), shown.get(TYPO), "channels" in shown) == (False, None, True)


def test_a_language_that_there_is_not(channels: ProtectedTable) -> None:
    shown = Protected({"channels": channels}, {})
    rows = pl.DataFrame({"who": [1, 2, 3, 4]})
    cells = tabulate(rows, person="who", by=[], population="all")
    assert set(LANGUAGES) == set(LOCALES)
    assert said(shown.in_language, "de") == "language is one of fi, sv, en"
    assert said(protect, language="de", cells=cells) == "language is one of fi, sv, en"
    assert said(page.render, [], title="x", language="de") == "language is one of fi, sv, en"


def test_a_tile_whose_good_news_is_no_direction(channels: ProtectedTable) -> None:
    people = channels.value("people")
    assert said(page.tile, people, label="people", good="more").startswith("good is up or down")
    trend = (channels, "channel", TYPO)
    assert "has no column typo" in said(page.tile, people, label="people", trend=trend)


def test_a_name_in_braces_that_was_not_given(channels: ProtectedTable) -> None:
    figure = channels.value("people", channel="email")
    assert said(findings.say, "{peopel} came", people=figure).endswith("given are what, people")


def test_a_comparison_that_there_is_not(channels: ProtectedTable) -> None:
    october = Period.parse("2026-10")
    wanted = "comparison is one of previous, year_ago"
    assert said(findings.since, october, TYPO) == wanted
    assert said(findings.compare_steps, channels, october, TYPO) == wanted
    assert findings.since("2026-10", "previous") == findings.since(october, "previous")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"person": TYPO}, "the rows have no column typo; they have who, region"),
        ({"by": [Dimension(TYPO)]}, "the rows have no column typo; they have who, region"),
        ({"measures": [Measure(TYPO)]}, "the rows have no column typo; they have who, region"),
        ({"by": ["region"]}, 'by is a list such as [Dimension("column")]'),
        ({"by": "region"}, 'by is a list such as [Dimension("column")]'),
        ({"measures": ["people"]}, 'measures is a list such as [Measure("column")]'),
    ],
)
def test_tabulate_says_what_the_rows_have(given: dict[str, Any], message: str) -> None:
    rows = pl.DataFrame({"who": [1, 2, 3, 4], "region": ["06"] * 4})
    usual = {"person": "who", "by": [Dimension("region")], "population": "all"}
    assert said(tabulate, rows, **usual | given) == message


def test_a_measure_is_of_a_kind_that_there_is() -> None:
    assert (
        said(Measure, "x", TYPO) == "the kind of a measure is one of people, count, money, balance"
    )


def test_a_figure_on_a_column_that_is_not_there() -> None:
    rows = pl.DataFrame({"who": range(40), "region": ["06"] * 40})
    cells = tabulate(
        rows,
        person="who",
        by=[Dimension("region")],
        population="all",
        figures=[Share((TYPO,))],
    )
    assert "its table does not have; it has region, people" in said(protect, cells=cells)
