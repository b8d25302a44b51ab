"""A grant that cannot be carried out is told by its column before anything is read."""

from __future__ import annotations

import copy
import tomllib
from itertools import cycle, product
from pathlib import Path

import pytest
from small import PURPOSES, Small

from genlib import notice
from genlib.cli import run
from genlib.errors import NoticeError
from genlib.publish.coarsen import Area, Released, coarse
from genlib.publish.grants import check_grants, class_faults, grant_faults
from genlib.register.schema import Base

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
        ("fingerprint", "since", "date", "fingerprint.since: table fingerprint is the register's"),
        ("audit_event", "user", "keep", "audit_event.user: table audit_event is the register's"),
        ("customer", "birth_year", "keep", "customer.birth_year: coarsening keep does not fit"),
        ("customer", "postal_code", "keep", "customer.postal_code: coarsening keep does not fit"),
        ("customer", "country", "keep", "customer.country: coarsening keep does not fit"),
        ("customer", "country", "apart", "customer.country: coarsening apart does not fit"),
        ("invoice", "reference_digest", "keep", "invoice.reference_digest: the register's schema"),
        ("refresh_run", "read", "keep", "refresh_run.read: table refresh_run is the register's"),
        ("customer", "joined_on", "apart", "customer.joined_on: coarsening apart does not fit"),
        ("customer", "company_id", "number", "customer.company_id: coarsening number does not fit"),
        ("customer", "id", ["pseudonym", "keep"], "customer.id: coarsening keep does not fit"),
        ("invoice", "id", "number", "invoice.id: coarsening number does not fit"),
        ("invoice", "customer_id", "keep", "invoice.customer_id: coarsening keep does not fit"),
        ("customer", "updated_at", "date", "customer.updated_at: what describes a customer"),
        ("invoice", "paid_on", [], "invoice.paid_on: customer_analysis is granted nothing"),
        ("invoice", "paid_on", ["drop", "month"], "invoice.paid_on: customer_analysis is granted"),
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


CLOSED = [
    (table.name, column.name)
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if {"secret", "index_of", "redacted_from", "guarded"} & column.info.keys()
]


WAYS = sorted(set(notice.COARSENINGS) - {"drop", "redacted"})
TRIED = list(product(notice.CLASSES, WAYS))
TURNS = list(zip(cycle(notice.CLASSES), WAYS, strict=False))
"""Each way with one class; of one column every pair is tried."""


@pytest.mark.parametrize(("table", "column"), CLOSED)
def test_no_notice_grants_what_the_schema_closes_whatever_it_calls_it(
    table: str, column: str
) -> None:
    raw = copy.deepcopy(tomllib.loads(TEXT))
    for sensitivity, way in TRIED if column == "email" else TURNS:
        raw["tables"][table]["columns"][column] = {"class": sensitivity, "ca": ["drop", way]}
        faults = list(grant_faults(notice.build(raw), "customer_analysis"))
        assert any(f.startswith(f"{table}.{column}: ") for f in faults), (sensitivity, way)
        raw["tables"][table]["columns"][column]["ca"] = way
        with pytest.raises(NoticeError):
            check_grants(notice.build(raw), "customer_analysis")


@pytest.mark.notice("N5.1", "N5.3", "N5.4")
def test_the_schema_closes_every_name_address_and_number_of_a_person() -> None:
    assert {column for _, column in CLOSED} >= {
        *("given_names", "family_name", "personal_id", "street_address", "phone", "email"),
        *("business_id", "name", "reference", "evidence", "comment", "comment_redacted"),
        *("deceased_on", "restricted_from", "non_disclosure"),
    }


def test_a_secret_that_the_notice_calls_an_attribute_is_a_fault_even_if_nobody_is_granted_it() -> (
    None
):
    raw = copy.deepcopy(tomllib.loads(TEXT))
    raw["tables"]["customer"]["columns"]["family_name"]["class"] = "attribute"
    assert list(class_faults(notice.build(raw))) == [
        "customer.family_name: the register's schema makes it direct or restricted, and the notice "
        "says attribute"
    ]


def test_a_new_version_of_the_notice_that_grants_a_name_publishes_nothing(
    small: Small, tmp_path: Path
) -> None:
    text = TEXT.replace('version = "2026-5"', 'version = "2026-6"').replace(
        'family_name = { class = "direct" }',
        'family_name = { class = "attribute", ca = "keep" }',
    )
    (tmp_path / "notice.toml").write_text(text, encoding="utf-8")
    with pytest.raises(NoticeError, match=r"customer\.family_name: .* \(line \d+\)"):
        small.people(6).publish(notice=notice.load(tmp_path / "notice.toml"))
    assert not (tmp_path / "releases").exists()


def test_coarsening_releases_nothing_that_it_does_not_know() -> None:
    area = Area({}, {}, 2026, "Europe/Helsinki")
    with pytest.raises(NoticeError, match="coarsening drop releases nothing"):
        coarse(Released("phone", "phone", "drop"), area)


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
    assert run(["notice", "check"]) == 4
    assert "fault: customer.language: coarsening month does not fit" in capsys.readouterr().out
