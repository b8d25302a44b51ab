"""Every metric and every report at the edges: a page that says what there is, never an error."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import polars as pl
import pytest
from edges import EDGES, add_bills, add_campaign, add_survey, every_metric, make_edge
from every_metric import find_metrics
from here import run_report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import PURPOSES, Small

from genlib.disclosure.cells import Cells
from genlib.disclosure.protect import protect
from genlib.errors import PeriodNotCovered
from genlib.period import Period
from genlib.release import Release
from genlib.settings import Settings, load

PERIODS = ("2026-10", "2026-Q3", "2025")
REPORTS = {
    "customer_analysis": "customer_analysis",
    "satisfaction_survey": "satisfaction",
    "campaign_history": "campaign_history",
}
OF_OCTOBER = {"all alike", "negative total", "nobody answered"}
"""The edges that are made in October alone: in the periods before, a register like that of "no
campaign", where all customers are alike too."""
LONG = {"everybody left", "no campaign"}
"""The edges of which a quarter and a year are made too: of reports, and of metrics every time."""
METRICS = {name: (purpose, count) for purpose, name, count in every_metric()}
Edge = tuple[dict[str, Release], Settings]


@pytest.fixture(scope="module", params=EDGES)
def edge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Edge:
    """The three releases of an edge, and the settings of its workbench."""
    home = tmp_path_factory.mktemp("edge")
    small = make_edge(request.param, home)
    releases = {purpose: small.publish(purpose) for purpose in PURPOSES}
    environment = {"GENLIB_HOME": str(home), "GENLIB_USER": "analyst"}
    return releases, load(home, environment)


def check_tables(found: Cells | dict[str, Cells]) -> None:
    """They can be protected, and none of their figures is a division by nothing."""
    for cells in found.values() if isinstance(found, dict) else [found]:
        check_table(cells)


def check_table(cells: Cells) -> None:
    table = protect(cells=cells)["cells"]
    assert set(cells.dimensions) <= set(table.frame.columns)
    assert table.frame.filter(pl.any_horizontal(pl.col(pl.Float64).is_nan())).is_empty()
    assert table.frame.filter(pl.any_horizontal(pl.col(pl.Float64).is_infinite())).is_empty()


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_counts_at_the_edge(edge: Edge, name: str) -> None:
    purpose, count = METRICS[name]
    check_tables(count(edge[0][purpose], Period.parse(PERIODS[0])))


@pytest.mark.parametrize(
    "edge",
    [
        pytest.param(name, marks=[] if name in LONG else [pytest.mark.slow])
        for name in EDGES
        if name not in OF_OCTOBER
    ],
    indirect=True,
)
@pytest.mark.parametrize("name", METRICS)
def test_every_metric_counts_in_longer_periods_at_the_edge(edge: Edge, name: str) -> None:
    purpose, count = METRICS[name]
    for label in PERIODS[1:]:
        check_tables(count(edge[0][purpose], Period.parse(label)))


def test_no_metric_is_forgotten() -> None:
    names = {metric.__name__ for _, metric in find_metrics()}
    assert names == {name.split()[0] for name in METRICS}


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.integers(1, 8),
    scores=st.lists(st.none() | st.integers(0, 10), max_size=8),
    cents=st.sampled_from([-4900, 1, 4900, 10**9]),
    joined=st.sampled_from([date(2020, 5, 17), date(2026, 10, 31)]),
    has_campaign=st.booleans(),
)
def test_every_metric_counts_whatever_a_small_register_holds(  # noqa: PLR0913, PLR0917
    people: int,
    scores: list[int | None],
    cents: int,
    joined: date,
    has_campaign: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    small = Small(tmp_path_factory.mktemp("any")).people(people, joined_on=joined)
    add_bills(small, people, cents=cents, years=1 + people % 3)
    if has_campaign:
        add_campaign(small, people)
    if scores:
        add_survey(small, scores[:people])
    releases = {purpose: small.publish(purpose) for purpose in PURPOSES}
    for purpose, count in METRICS.values():
        check_tables(count(releases[purpose], Period.parse("2026-10")))


PURPOSE_OF = {"satisfaction_survey": "satisfaction"}


@pytest.mark.slow
@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_a_page_at_the_edge(
    edge: Edge, report: str, request: pytest.FixtureRequest
) -> None:
    releases, places = edge
    first_day = releases[PURPOSE_OF.get(report, report)].first_day
    is_long = any(f"[{name}-" in request.node.name for name in LONG)
    for label in PERIODS if is_long else PERIODS[:1]:
        if first_day is not None and first_day >= Period.parse(label).end:
            with pytest.raises(PeriodNotCovered, match="tells nothing of"):
                run_report(report, parameters={"period": label}, settings=places)
            continue
        run = run_report(report, parameters={"period": label, "language": "en"}, settings=places)
        assert run.html is not None
        page = unescape(run.html.read_text(encoding="utf-8"))
        text = re.sub(r"(?s)<style.*?</style>|<svg.*?</svg>|<[^>]+>", " ", page)
        assert not re.search(r"\b(?:nan|inf|null|None(?! of))\b", text)
