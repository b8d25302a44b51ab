"""The headlines of the three reports hang on no breakdown: they stand on the pages of a company of
300 customers, whoever its customers are."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from disclosure.year import released
from here import read, run_report

from genlib.settings import Settings, load
from genlib.synthetic import collect

HEADLINES = {
    "customer_analysis": {
        "customers": "customers at the end of",
        "churn": "of the customers left in",
        "billing": "€ billed",
    },
    "satisfaction_survey": {
        "NPS": "net promoter score (NPS)",
        "response rate": "gave a score",
    },
    "campaign_history": {
        "contacts": "contacts",
        "not allowed": "were not allowed",
        "uplift": "more of the contacted bought than of the holdout",
    },
}
WITH_INTERVAL = {"NPS", "uplift"}
TILE = re.compile(r'(?s)<div class="tile">.*?(?=<div class="tile">|<div class="row">|<h2|$)')


def make_company(home: Path, customers: int, seed: int) -> Settings:
    """A workbench with releases of a company."""
    released(collect(customers, seed)[0], home, dt.date(2026, 11, 1))
    return load(home, {"GENLIB_HOME": str(home), "GENLIB_USER": "analyst"})


def find_headlines(settings: Settings) -> set[str]:
    """The headlines that stand on the pages of October, each a figure with its interval."""
    found = set()
    for report, labels in HEADLINES.items():
        parameters = {"period": "2026-10", "language": "en"}
        run = run_report(report, parameters=parameters, settings=settings)
        tiles = [read(tile) for tile in TILE.findall(run.html.read_text(encoding="utf-8"))]
        for name, label in labels.items():
            told = [tile for tile in tiles if re.match(r"\s*[+−]?[\d,.]+", tile) and label in tile]
            if any("95% interval" in tile or name not in WITH_INTERVAL for tile in told):
                found.add(name)
    return found


COMPANIES = [
    pytest.param(300, 1),
    *[pytest.param(300, seed, marks=pytest.mark.slow) for seed in (2, 3, 4, 5)],
    *[pytest.param(1_000, seed, marks=pytest.mark.slow) for seed in (1, 2)],
]


@pytest.mark.parametrize(("customers", "seed"), COMPANIES)
def test_all_headlines_stand_on_the_pages_of_a_small_company(
    tmp_path: Path, customers: int, seed: int
) -> None:
    found = find_headlines(make_company(tmp_path, customers, seed))
    assert found == {name for labels in HEADLINES.values() for name in labels}
