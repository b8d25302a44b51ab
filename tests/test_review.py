"""The reviewer sees single contacts in JupyterLab; no report shows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from small import LONG_AGO, Small

import genlib
from genlib.errors import ReportFailed, UsageError
from genlib.release import Release
from genlib.reports.gate import MIME
from genlib.reports.run import run_report
from genlib.settings import load

Make = Callable[..., Release]


def contact(number: int, customer: int, month: int, **other: Any) -> dict[str, Any]:
    at = LONG_AGO.replace(year=2026, month=month, day=5)
    usual = {"arm": "contacted", "channel": "email", "sent_at": at, "delivered_at": at, "bounced": False}
    return {"id": number, "campaign_id": month, "customer_id": customer, **usual, **other}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Customer 1 was written to twice without a consent, 2 once with one and once held out, 3 called."""
    made = Small(tmp_path_factory.mktemp("review")).people(6)
    day = LONG_AGO.date()
    for month, name in ((9, "Syysetu"), (10, "Talvietu")):
        made.add(
            "campaign",
            {
                "id": month,
                "code": f"2026-{month}",
                "name": name,
                "kind": "DM",
                "starts_on": day.replace(year=2026, month=month),
                "ends_on": day.replace(year=2026, month=month),
                "holdout_share": 0.1,
                "cost_cents": 1,
            },
        )
    made.add("permission", {"id": 1, "customer_id": 2, "act": "consent", "scope": "email", "received_via": "web"})
    held = {"arm": "holdout", "sent_at": None, "delivered_at": None}
    made.add(
        "campaign_contact",
        contact(1, 1, 9),
        contact(2, 1, 10),
        contact(3, 2, 9),
        contact(4, 2, 10, **held),
        contact(5, 3, 10, channel="call"),
    )
    return made


@pytest.fixture(scope="module")
def release(small: Small) -> Release:
    return small.publish("campaign_history")


def test_the_exceptions_come_first_and_newest_first(release: Release) -> None:
    found = genlib.review(release)
    assert found.cases["verdict"].to_list() == ["refused", "refused"]
    assert found.cases["name"].to_list() == ["Talvietu", "Syysetu"]
    assert found.cases["reason"].to_list() == ["consent_missing", "consent_missing"]


def test_the_history_is_all_of_a_person_whatever_the_verdict(release: Release) -> None:
    found = genlib.review(release, verdict="allowed", campaign="2026-9")
    assert found.histories["verdict"].to_list() == ["allowed", "held out"]
    assert found.histories["pseudonym"].n_unique() == 1


@pytest.mark.parametrize(
    ("narrowed", "cases"), [({"period": "2026-10"}, 1), ({"campaign": "2026-9"}, 1), ({"verdict": "all"}, 4), ({"period": "2025"}, 0)]
)
def test_what_is_seen_is_narrowed(release: Release, narrowed: dict[str, str], cases: int) -> None:
    assert genlib.review(release, **narrowed).cases.height == cases  # type: ignore[arg-type]


def test_one_person_by_the_pseudonym(release: Release) -> None:
    pseudonym = genlib.review(release).cases["pseudonym"][0]
    assert genlib.review(release, verdict="all", pseudonym=pseudonym).cases.height == 2


def test_what_is_left_out_is_said(release: Release) -> None:
    found = genlib.review(release, most=1)
    assert (found.cases.height, found.left_out) == (1, 1)
    assert "1 older ones are left out" in repr(found)


def test_it_draws_itself_for_jupyterlab_without_the_network(release: Release) -> None:
    bundle = genlib.review(release, language="fi")._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.vegalite.v5+json", "text/plain"}
    said = json.dumps(bundle, ensure_ascii=False)
    assert "suostumus puuttuu" in said
    assert "consent_missing" not in said
    assert {parameter["name"] for parameter in bundle["application/vnd.vegalite.v5+json"]["params"]} == {
        "campaign",
        "person",
        "channel",
        "kind",
        "verdict",
    }


def test_no_name_of_a_person_is_in_it(release: Release) -> None:
    assert set(genlib.review(release).cases.columns) & {"customer", "given_names", "family_name", "email", "phone"} == set()


def test_another_purpose_is_refused(small: Small) -> None:
    with pytest.raises(UsageError, match="release of campaign_history"):
        genlib.review(small.publish("satisfaction"))


def test_a_verdict_that_there_is_not(release: Release) -> None:
    with pytest.raises(UsageError, match="refused, allowed or all"):
        genlib.review(release, verdict="perhaps")


def test_a_report_that_holds_it_stops(release: Release, small: Small, tmp_path: Path) -> None:
    assert MIME not in genlib.review(release)._repr_mimebundle_()
    sources = ["language: str = 'fi'", "import genlib", "genlib.review(genlib.open_release('campaign_history'))"]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[0]["metadata"]["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "cases.ipynb")
    settings = replace(load(), home=small.home, releases=small.home / "releases", reports=tmp_path / "reports")
    with pytest.raises(ReportFailed, match=r"cell 3 shows application/vnd\.vegalite"):
        run_report(tmp_path / "cases.ipynb", settings=settings)
    assert not list((tmp_path / "reports").rglob("report.html"))
