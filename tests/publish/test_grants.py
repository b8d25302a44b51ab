"""A grant that cannot be carried out is told by its column before anything is read."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path

import pytest
from small import PURPOSES, Small

from genlib import notice
from genlib.cli import run
from genlib.errors import NoticeError
from genlib.publish.grants import check_grants, grant_faults

TEXT = notice.DEFAULT.read_text(encoding="utf-8")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_what_the_notice_grants_can_be_made(purpose: str) -> None:
    assert list(grant_faults(notice.load(), purpose)) == []


@pytest.mark.parametrize(
    ("table", "column", "way", "fault"),
    [
        ("customer", "language", "month", "customer.language: coarsening month does not fit"),
        ("customer", "kind", "number", "customer.kind: coarsening number does not fit"),
        ("customer", "joined_on", "age_band", "customer.joined_on: coarsening age_band does not"),
        ("customer", "birth_year", "redacted", "customer.birth_year: coarsening redacted does not"),
        ("invoice", "paid_on", "apart", "invoice.paid_on: coarsening apart does not fit"),
        ("customer", "left_on", ["date", "keep"], "customer: 2 columns would be called left_on"),
        ("customer", "id", "number", "customer.id: customer_analysis needs it as pseudonym"),
        ("invoice", "customer_id", "drop", "invoice.customer_id: customer_analysis needs it"),
        ("fingerprint", "since", "date", "fingerprint: customer_analysis needs one of its keys"),
        ("survey_invitation", "channel", "keep", "survey_invitation.survey_id: customer_analysis"),
    ],
)
def test_a_grant_that_cannot_be_carried_out_is_a_fault(
    table: str, column: str, way: str | list[str], fault: str
) -> None:
    raw = copy.deepcopy(tomllib.loads(TEXT))
    raw["tables"][table]["columns"][column]["ca"] = way
    faults = list(grant_faults(notice.build(raw), "customer_analysis"))
    assert any(one.startswith(fault) for one in faults), faults
    with pytest.raises(NoticeError, match=faults[0].partition(" (")[0]):
        check_grants(notice.build(raw), "customer_analysis")


def test_publishing_tells_it_and_makes_nothing(
    small: Small,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    granted = 'language = { class = "quasi", self_service = true, ca = '
    text = TEXT.replace(f'{granted}"keep"', f'{granted}"month"')
    assert text != TEXT
    (tmp_path / "notice.toml").write_text(text, encoding="utf-8")
    with pytest.raises(NoticeError, match=r"customer\.language: coarsening month"):
        small.people(6).publish(notice=notice.load(tmp_path / "notice.toml"))
    assert not (tmp_path / "releases").exists()
    monkeypatch.setenv("GENLIB_NOTICE", str(tmp_path / "notice.toml"))
    assert run(["notice", "check"]) == 1
    assert "fault: customer.language: coarsening month does not fit" in capsys.readouterr().out
