"""Rows whose values can be read but cannot all be true."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from genlib.register.database import Register, create_register
from genlib.register.intake import Loaded, load
from genlib.register.rules import examined
from genlib.register.schema import WRITTEN_HERE, Base
from genlib.register.store import opened, plain_schema
from genlib.register.vault import IdentityKey
from genlib.synthetic import synthesise

CLOCK = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)

SENT, LATER, EARLIER = "2026-10-05T08:00:00Z", "2026-10-05T08:00:01Z", "2026-10-05T07:59:59Z"
CONTACT = {
    "id": "1",
    "campaign_id": "1",
    "customer_id": "1",
    "arm": "contacted",
    "channel": "email",
    "sent_at": SENT,
    "bounced": "false",
    "source": "COMMUNICATION",
}
INVITATION = {
    "id": "1",
    "survey_id": "1",
    "channel": "email",
    "sent_at": SENT,
    "delivered": "true",
    "source": "COMMUNICATION",
}
CUSTOMER = {
    "id": "1",
    "kind": "consumer",
    "birth_year": "1994",
    "joined_on": "2020-02-29",
    "non_disclosure": "false",
    "source": "DATA_SUBJECT",
    "updated_at": SENT,
}
INVOICE = {
    "id": "1",
    "customer_id": "1",
    "issued_on": "2026-10-05",
    "due_on": "2026-10-05",
    "amount_cents": "-500",
    "product_line": "filter",
    "source": "SERVICE_USE",
}
REQUEST = {
    "id": "1",
    "kind": "inspection",
    "received_at": SENT,
    "due_on": "2026-11-05",
    "source": "DATA_SUBJECT",
}
OUTCOMES = ["delivered_at", "opened_at", "clicked_at", "responded_at", "opted_out_at"]
SURVEYS = {
    "survey": "id,code,name,kind,promise,opened_on\n1,A,A,satisfaction,confidential,2026-10-01\n"
    "2,B,B,satisfaction,confidential,2026-10-01\n",
    "survey_question": "id,survey_id,code,scale,text_fi\n1,1,a,nps_0_10,A?\n2,1,b,likert_1_5,B?\n"
    "3,1,c,ces_1_7,C?\n4,1,d,text,D?\n5,2,a,nps_0_10,A?\n",
    "survey_invitation": "id,survey_id,channel,sent_at,delivered,source\n"
    f"1,1,email,{SENT},true,COMMUNICATION\n",
}


def faults(row: dict[str, str], name: str) -> list[tuple[str, str]]:
    _, found = examined(pl.DataFrame([{"row": 1, **row}]), name, artificial=True, now=CLOCK)
    return list(found.select("column", "rule").rows())


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_nothing_comes_of_a_contact_before_it_was_sent(outcome: str) -> None:
    assert faults({**CONTACT, outcome: EARLIER}, "campaign_contact") == [
        (outcome, "before_sent_at")
    ]
    assert faults({**CONTACT, outcome: SENT}, "campaign_contact") == []
    assert faults({**CONTACT, outcome: LATER}, "campaign_contact") == []


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_nothing_comes_of_a_contact_that_was_not_sent(outcome: str) -> None:
    planned = {**CONTACT, "sent_at": ""}
    assert faults(planned, "campaign_contact") == []
    assert faults({**planned, outcome: LATER}, "campaign_contact") == [(outcome, "without_sent_at")]
    assert faults({**planned, "bounced": "true"}, "campaign_contact") == [
        ("bounced", "without_sent_at")
    ]


def test_a_sending_that_cannot_be_read_is_one_fault() -> None:
    row = {**CONTACT, "sent_at": "5.10.2026", "opened_at": LATER}
    assert faults(row, "campaign_contact") == [("sent_at", "not_an_instant")]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_bounced_message_was_not_received(outcome: str) -> None:
    bounced = {**CONTACT, "bounced": "true"}
    assert faults(bounced, "campaign_contact") == []
    received = [(outcome, "of_a_bounced_message")] if outcome != "opted_out_at" else []
    assert faults({**bounced, outcome: LATER}, "campaign_contact") == received


def test_the_holdout_is_not_sent_to() -> None:
    holdout = {**CONTACT, "arm": "holdout"}
    assert faults(holdout, "campaign_contact") == [("sent_at", "sent_to_holdout")]
    assert faults({**holdout, "sent_at": ""}, "campaign_contact") == []


def test_an_opening_may_be_logged_before_the_delivery() -> None:
    row = {**CONTACT, "delivered_at": LATER, "opened_at": SENT}
    assert faults(row, "campaign_contact") == []


def test_an_invitation_is_answered_after_it_came() -> None:
    answered = {**INVITATION, "responded_at": LATER}
    assert faults(answered, "survey_invitation") == []
    assert faults({**answered, "responded_at": EARLIER}, "survey_invitation") == [
        ("responded_at", "before_sent_at")
    ]
    assert faults({**answered, "delivered": "false"}, "survey_invitation") == [
        ("responded_at", "not_delivered")
    ]


def test_an_invoice_may_be_paid_before_it_was_issued() -> None:
    assert faults({**INVOICE, "paid_on": "2026-10-01"}, "invoice") == []
    assert faults({**INVOICE, "due_on": "2026-10-04"}, "invoice") == [
        ("due_on", "before_issued_on")
    ]


def test_nobody_is_a_customer_before_birth_and_a_consumer_has_no_company() -> None:
    assert faults({**CUSTOMER, "joined_on": "1993-12-31"}, "customer") == [
        ("joined_on", "before_birth_year")
    ]
    assert faults({**CUSTOMER, "joined_on": "1994-01-01"}, "customer") == []
    assert faults({**CUSTOMER, "company_id": "1"}, "customer") == [
        ("company_id", "company_of_a_consumer")
    ]


def test_a_request_is_due_and_decided_after_it_came() -> None:
    assert faults({**REQUEST, "due_on": "2026-10-04"}, "subject_request") == [
        ("due_on", "before_received_at")
    ]
    assert faults({**REQUEST, "due_on": "2026-10-05"}, "subject_request") == []
    assert faults({**REQUEST, "decided_at": EARLIER}, "subject_request") == [
        ("decided_at", "before_received_at")
    ]


def load_answers(
    register: Register, key: IdentityKey, tmp_path: Path, *answers: str
) -> tuple[Loaded, str]:
    (tmp_path / "in").mkdir()
    header = "invitation_id,question_id,score,comment,source\n"
    tables = SURVEYS | {"survey_answer": header + "".join(f"{one}\n" for one in answers)}
    for name, text in tables.items():
        (tmp_path / f"in/{name}.csv").write_text(text)
    done = load(register, tmp_path / "in", key, rejected_to=tmp_path / "rejected")
    refused = tmp_path / "rejected/survey_answer.csv"
    return done.tables[-1], refused.read_text() if refused.exists() else ""


@pytest.mark.parametrize(
    ("question", "least", "most"), [(1, 0, 10), (2, 1, 5), (3, 1, 7)], ids=["nps", "likert", "ces"]
)
def test_an_answer_is_on_the_scale_of_its_question(  # noqa: PLR0913, PLR0917
    question: int, least: int, most: int, register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    scores = [least - 1, most + 1]
    answers = [f"1,{question},{score},,DATA_SUBJECT" for score in scores]
    outcome, refused = load_answers(register, key, tmp_path, *answers)
    assert (outcome.read, outcome.loaded) == (2, 0)
    assert refused == "row,column,rule\n2,score,out_of_range\n3,score,out_of_range\n"


def test_the_ends_of_a_scale_are_on_it(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    answers = ["1,1,0,,DATA_SUBJECT", "1,2,5,,DATA_SUBJECT", "1,3,7,,DATA_SUBJECT"]
    assert load_answers(register, key, tmp_path, *answers)[0].loaded == 3


def test_a_question_of_text_has_no_score_and_an_answer_is_to_the_survey_of_its_invitation(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    answers = ["1,4,1,,DATA_SUBJECT", "1,4,,hyvä,DATA_SUBJECT", "1,5,7,,DATA_SUBJECT"]
    outcome, refused = load_answers(register, key, tmp_path, *answers)
    assert outcome.loaded == 1
    assert refused == (
        "row,column,rule\n2,score,not_of_this_question\n4,question_id,question_of_another_survey\n"
    )


def test_an_answer_to_no_question_is_told_once(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    _, refused = load_answers(
        register, key, tmp_path, "1,9,99,,DATA_SUBJECT", "1,9,7,,DATA_SUBJECT"
    )
    assert refused == (
        "row,column,rule\n2,score,out_of_range\n3,question_id,unknown_survey_question\n"
    )


def test_the_synthetic_register_breaks_no_rule(sqlite_url: str, key: IdentityKey) -> None:
    register = create_register(sqlite_url)
    synthesise(register, key, customers=2_000, seed=3)
    for name in sorted(Base.metadata.tables.keys() - set(WRITTEN_HERE)):
        for stored in register.scan(name):
            plain = opened(stored, name, key).select(list(plain_schema(name)))
            text = plain.with_columns(
                pl.col(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
            ).cast(dict.fromkeys(plain.columns, pl.String), strict=True)
            _, found = examined(
                text.with_row_index("row").cast({"row": pl.Int64}), name, artificial=True, now=CLOCK
            )
            assert found.height == 0, (name, found)
