"""Every metric and every report at the edges: a page that says what there is, never an error."""

from __future__ import annotations

import inspect
import re
from html import unescape

import polars as pl
import pytest
from edges import EDGES, every_metric, make_edge
from small import PURPOSES

from genlib.disclosure.protect import protect
from genlib.metrics import campaigns, contacts, customers, funnel, satisfaction
from genlib.period import Period
from genlib.release import Release
from genlib.reports.run import run_report
from genlib.settings import Settings, load

PERIODS = ("2026-10", "2026-Q3", "2025")
REPORTS = {
    "customer_analysis": "customer_analysis",
    "satisfaction_survey": "satisfaction",
    "campaign_history": "campaign_history",
}
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


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_counts_at_the_edge(edge: Edge, name: str) -> None:
    purpose, count = METRICS[name]
    releases, _ = edge
    for label in PERIODS:
        cells = count(releases[purpose], Period.parse(label))
        table = protect(cells=cells)["cells"]
        assert set(cells.dimensions) <= set(table.frame.columns)
        assert table.frame.filter(pl.any_horizontal(pl.col(pl.Float64).is_nan())).is_empty()
        assert table.frame.filter(pl.any_horizontal(pl.col(pl.Float64).is_infinite())).is_empty()


def test_no_metric_is_forgotten() -> None:
    modules = (customers, contacts, campaigns, funnel, satisfaction)
    functions = {
        name
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and inspect.signature(function).return_annotation == "Cells"
    }
    named = {name.split()[0] for name in METRICS}
    assert functions - named <= {"complete", "tabulate", "tabulated"}


@pytest.mark.slow
@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_a_page_at_the_edge(edge: Edge, report: str) -> None:
    _, settings = edge
    for label in PERIODS:
        run = run_report(report, parameters={"period": label, "language": "en"}, settings=settings)
        assert run.html is not None
        page = unescape(run.html.read_text(encoding="utf-8"))
        text = re.sub(r"(?s)<style.*?</style>|<svg.*?</svg>|<[^>]+>", " ", page)
        assert not re.search(r"\b(?:nan|inf|null|None(?! of))\b", text)
