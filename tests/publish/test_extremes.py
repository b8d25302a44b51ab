"""Whatever row the intake takes, publishing takes it too: one row never stops every release."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from small import IDENTITY, KEY, NOW, PURPOSES, ZONE

from genlib import notice as notices
from genlib.errors import GenlibError
from genlib.publish.writer import publish
from genlib.register.database import Register, create_register, open_register
from genlib.register.intake import Summary, load
from genlib.release import Manifest
from genlib.settings import REPOSITORY

GREATEST, GREATEST_RELEASED = str(2**53), str(2**32 - 1)
FIRST_DAY, LAST_DAY = "1800-01-01", "9999-12-31"
FIRST, LAST = "1800-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
LAST_INSTANT = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
"""When these rows are loaded: nothing of them is in the future."""
PERSON = {"kind": "consumer", "non_disclosure": "false", "source": "DATA_SUBJECT"}
PERSON |= {"joined_on": FIRST_DAY, "left_on": LAST_DAY, "updated_at": LAST}
CAMPAIGN = {"name": "A", "kind": "DM", "starts_on": FIRST_DAY, "ends_on": LAST_DAY}
CAMPAIGN |= {"holdout_share": "1", "cost_cents": str(10**12)}
CONTACT = {"arm": "contacted", "channel": "email", "bounced": "false", "source": "COMMUNICATION"}
INVOICE = {"issued_on": FIRST_DAY, "due_on": LAST_DAY, "paid_on": LAST_DAY, "source": "SERVICE_USE"}
SURVEY = {"name": "A", "kind": "satisfaction", "promise": "confidential", "opened_on": FIRST_DAY}
INVITATION = {"channel": "email", "delivered": "true", "source": "COMMUNICATION"}
EXTREME: dict[str, list[dict[str, str]]] = {
    "customer": [
        {**PERSON, "id": "0"},
        {**PERSON, "id": GREATEST, "restricted_from": LAST},
        {**PERSON, "id": "900", "joined_on": LAST_DAY, "birth_year": "2100", "updated_at": FIRST},
        {**PERSON, "id": "901", "birth_year": "1890", "joined_on": "1890-01-01"},
    ],
    "permission": [
        {"id": "0", "customer_id": "0", "act": "consent", "scope": "email"}
        | {"given_at": FIRST, "ended_at": LAST, "source": "DATA_SUBJECT"},
        {"id": GREATEST, "customer_id": GREATEST, "act": "prohibition", "scope": "post"}
        | {"given_at": LAST, "source": "DATA_SUBJECT"},
    ],
    "campaign": [
        {**CAMPAIGN, "id": "0", "code": "zero"},
        {**CAMPAIGN, "id": GREATEST_RELEASED, "code": "last"},
    ],
    "campaign_contact": [
        {**CONTACT, "id": "0", "campaign_id": "0", "customer_id": GREATEST, "sent_at": FIRST}
        | {"delivered_at": LAST},
        {**CONTACT, "id": GREATEST, "campaign_id": GREATEST_RELEASED, "customer_id": "0"}
        | {"sent_at": LAST, "responded_at": LAST},
    ],
    "invoice": [
        {**INVOICE, "id": "0", "customer_id": "0", "product_line": "device"}
        | {"amount_cents": str(10**12)},
        {**INVOICE, "id": GREATEST, "customer_id": GREATEST, "product_line": "device"}
        | {"amount_cents": str(-(10**12))},
    ],
    "interaction": [
        {"id": GREATEST, "customer_id": "0", "occurred_at": LAST, "kind": "order"}
        | {"source": "SERVICE_USE"},
    ],
    "survey": [
        {**SURVEY, "id": "0", "code": "zero"},
        {**SURVEY, "id": GREATEST_RELEASED, "code": "last", "closed_on": LAST_DAY},
    ],
    "survey_question": [
        {"id": "0", "survey_id": "0", "code": "a", "scale": "nps_0_10", "text_fi": "A?"},
        {"id": GREATEST_RELEASED, "survey_id": "0", "code": "b", "scale": "text", "text_fi": "B?"},
    ],
    "survey_invitation": [
        {**INVITATION, "id": "0", "survey_id": "0", "customer_id": "0", "sent_at": FIRST},
        {**INVITATION, "id": GREATEST, "survey_id": GREATEST_RELEASED, "sent_at": LAST},
    ],
    "survey_answer": [
        {"invitation_id": "0", "question_id": "0", "score": "10", "source": "DATA_SUBJECT"},
        {"invitation_id": "0", "question_id": GREATEST_RELEASED, "comment": "\N{BOM}\n"}
        | {"source": "DATA_SUBJECT"},
    ],
    "feedback": [
        {"id": GREATEST, "customer_id": "0", "received_at": FIRST, "channel": "post"}
        | {"comment": "=1+1", "source": "DATA_SUBJECT"},
    ],
}  # fmt: skip


def load_rows(register: Register, folder: Path, tables: dict[str, list[dict[str, str]]]) -> Summary:
    folder.mkdir()
    for name, rows in tables.items():
        pl.from_dicts(rows, infer_schema_length=None).write_csv(folder / f"{name}.csv")
    target = folder / ".rejected"
    return load(register, folder, IDENTITY, rejected_to=target, at=LAST_INSTANT, time_zone="UTC")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample register and the anchor of its audit trail, to be copied."""
    folder = tmp_path_factory.mktemp("loaded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENLIB_HOME", str(folder / "home"))
        register = create_register(f"sqlite:///{folder}/register.sqlite")
        sample = shutil.copytree(REPOSITORY / "data/sample", folder / "sample")
        assert load(register, sample, IDENTITY, rejected_to=folder / "rejected").rejected == 0
        register.engine.dispose()
    return folder


@pytest.fixture
def register(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    """The sample register."""
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))
    register = open_register(f"sqlite:///{tmp_path}/register.sqlite")
    yield register
    register.engine.dispose()


def test_rows_at_every_limit_are_taken_and_every_release_is_made(
    register: Register, tmp_path: Path
) -> None:
    summary = load_rows(register, tmp_path / "in", EXTREME)
    assert [(one.table, one.rules) for one in summary.tables if one.rejected] == []
    for purpose in PURPOSES:
        made = publish_into(tmp_path, purpose, register)
        assert made.people > 0


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("customer", "id", "-7"),
        ("customer", "id", str(2**53 + 1)),
        ("campaign", "id", "5000000000"),
        ("campaign", "id", str(2**32)),
        ("survey", "id", str(2**32)),
        ("survey_question", "id", "-1"),
        ("survey_question", "id", str(2**32)),
        ("survey_invitation", "id", "-1"),
        ("campaign_contact", "id", "-1"),
        ("invoice", "amount_cents", str(10**12 + 1)),
        ("interaction", "occurred_at", "1799-12-31T23:59:59Z"),
        ("interaction", "occurred_at", "9999-12-31T23:59:59-01:00"),
        ("customer", "joined_on", "1799-12-31"),
    ],
)
def test_rows_beyond_a_limit_are_refused(
    table: str, column: str, value: str, register: Register, tmp_path: Path
) -> None:
    row = {**EXTREME[table][0], column: value}
    [outcome] = load_rows(register, tmp_path / "in", {table: [row]}).tables
    assert outcome.loaded == 0
    assert outcome.rules["out_of_range"] == 1


WIDE = r"^a number in id is below 0 or above 4294967295; none is released$"
NONE_OF_ITS_COLUMN = r"^table (?:customer|campaign): a stored value is none of its column$"


@pytest.mark.parametrize(
    ("purpose", "change", "said"),
    [
        ("campaign_history", "campaign SET id = 7771234567890", WIDE),
        ("campaign_history", "campaign SET id = -7771234", WIDE),
        ("campaign_history", "campaign SET holdout_share = 'Sentinel'", NONE_OF_ITS_COLUMN),
        ("customer_analysis", "customer SET company_id = -7771234", r"missing nor negative$"),
        ("customer_analysis", "customer SET birth_year = 'Sentinel'", NONE_OF_ITS_COLUMN),
        ("customer_analysis", "customer SET left_on = 7771234567", NONE_OF_ITS_COLUMN),
    ],
)
def test_what_another_program_wrote_into_the_register_is_refused_and_not_told(
    purpose: str, change: str, said: str, register: Register, tmp_path: Path
) -> None:
    path = register.engine.url.database
    assert path is not None
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {change} WHERE id = 1")
    with pytest.raises(GenlibError, match=said):
        publish_into(tmp_path, purpose, register)


def publish_into(folder: Path, purpose: str, register: Register) -> Manifest:
    return publish(
        purpose,
        register,
        KEY,
        notice=notices.load(),
        releases=folder / "out",
        common=folder,
        now=NOW,
        time_zone=ZONE,
    )
