"""What a person says by letter or telephone is in force at once."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from asking import SENTINEL, add_person, count_events, read_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genlib.errors import UsageError
from genlib.permission import verdicts
from genlib.register.acts import read_acts
from genlib.register.audit import verify
from genlib.register.columns import CONSENT_SCOPES, PROHIBITION_SCOPES
from genlib.register.database import Register
from genlib.register.numbering import give_numbers
from genlib.register.schema import table
from genlib.register.vault import IdentityKey
from genlib.rights.requests import Officer
from genlib.rights.wills import Will, record_will, withdraw_will

CONSENT = Will("consent", "email", "letter", evidence="letter 12")
PROHIBITION = Will("prohibition", "email", "telephone")


def may_be_sent(register: Register, customer: int, at: dt.datetime, kind: str = "DM") -> bool:
    """Whether an e-mail of this kind may go to the customer at that instant."""
    asked = pl.DataFrame(
        {"customer_id": [customer], "channel": ["email"], "kind": [kind], "sent_at": [at]}
    )
    columns = ["id", "kind", "restricted_from", "non_disclosure"]
    people = pl.concat(register.scan("customer", columns)).rename({"id": "customer_id"})
    judged = verdicts(asked, read_acts(register), people)
    return bool(judged["allowed"].item())


@pytest.mark.notice("N4.2", "N11.1", "N11.5", "N11.17")
def test_a_consent_a_withdrawal_and_a_prohibition(officer: Officer, key: IdentityKey) -> None:
    register = officer.register
    add_person(register)
    second = dt.timedelta(seconds=1)
    later = officer.now + dt.timedelta(hours=1)
    assert not may_be_sent(register, 17, later)
    record_will(officer, key, 17, CONSENT)
    assert may_be_sent(register, 17, later)
    end = Will("consent", "email", "telephone", said_at=officer.now - second)
    with pytest.raises(UsageError, match="in force"):
        withdraw_will(officer, key, 17, end)
    assert withdraw_will(officer, key, 17, Will("consent", "email", "telephone")) == 1
    assert not may_be_sent(register, 17, later)
    with pytest.raises(UsageError, match="in force"):
        withdraw_will(officer, key, 17, Will("consent", "email", "telephone"))
    assert verify(register) == count_events(register, "consent given") + count_events(
        register, "consent ended"
    )


def test_a_prohibition_stands_on_the_suppression_list(officer: Officer, key: IdentityKey) -> None:
    add_person(officer.register)
    record_will(officer, key, 17, PROHIBITION)
    [entry] = read_rows(officer.register, "suppression")
    assert (entry["identifier"], entry["scope"]) == ("email", "email")


def test_no_act_takes_a_number_that_a_source_was_promised(
    officer: Officer, key: IdentityKey
) -> None:
    add_person(officer.register)
    with officer.register.writing() as connection:
        number = give_numbers(connection, "permission", 50)[-1]
        promised = {"source": "crm", "table": "permission", "key": "00", "id": number, "run": 1}
        connection.execute(table("source_key").insert().values(promised))
    assert record_will(officer, key, 17, PROHIBITION) == 51


@pytest.mark.notice("N11.18")
def test_only_the_customers_own_words_lift_a_prohibition(
    officer: Officer, key: IdentityKey
) -> None:
    add_person(officer.register)
    record_will(officer, key, 17, PROHIBITION)
    with pytest.raises(UsageError, match="only the customer"):
        withdraw_will(officer, key, 17, PROHIBITION)
    own_words = Will("prohibition", "email", "letter", evidence="letter 13")
    later = Officer(officer.register, officer.user, officer.now + dt.timedelta(days=1), key)
    assert withdraw_will(later, key, 17, own_words) == 1
    assert read_rows(officer.register, "suppression") == []


@pytest.mark.notice("N11.1")
def test_a_consent_without_evidence_is_not_kept(officer: Officer, key: IdentityKey) -> None:
    add_person(officer.register)
    with pytest.raises(UsageError, match="evidence"):
        record_will(officer, key, 17, Will("consent", "email", "letter"))
    assert read_rows(officer.register, "permission") == []


@pytest.mark.parametrize(
    "wrong",
    [("consent", "phone", "letter"), ("prohibition", "mobile", "letter"), ("wish", "email", "web")],
)
def test_a_will_is_of_the_notices_lists(wrong: tuple[str, str, str]) -> None:
    with pytest.raises(UsageError, match="there are"):
        Will(*wrong)


def test_evidence_is_sealed_and_in_no_event(officer: Officer, key: IdentityKey) -> None:
    add_person(officer.register)
    record_will(officer, key, 17, Will("consent", "mobile", "letter", evidence=SENTINEL))
    [row] = read_rows(officer.register, "permission")
    assert SENTINEL.encode() not in row["evidence"]
    assert SENTINEL not in str(read_rows(officer.register, "audit_event"))


@pytest.mark.notice("N11.17")
def test_two_rows_of_one_person_end_their_consents_together(
    officer: Officer, key: IdentityKey
) -> None:
    code = "010180-900T"
    for number in (17, 18):
        add_person(officer.register, number, personal_id=code)
        record_will(officer, key, number, CONSENT)
    assert withdraw_will(officer, key, 17, Will("consent", "email", "web")) == 2


SAYINGS = st.lists(
    st.one_of(
        st.tuples(st.just("consent"), st.sampled_from(CONSENT_SCOPES), st.booleans()),
        st.tuples(st.just("prohibition"), st.sampled_from(PROHIBITION_SCOPES), st.booleans()),
    ),
    max_size=8,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sayings=SAYINGS)
def test_what_stands_is_what_was_said_last(
    sqlite_url: str, key: IdentityKey, sayings: list[tuple[str, str, bool]]
) -> None:
    """A model with a set: acts are added, ends take them away."""
    from genlib.register.database import create_register

    register = create_register(sqlite_url)
    customer = len(read_rows(register, "customer")) + 1
    add_person(register, customer)
    standing: set[tuple[str, str]] = set()
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for act, scope, is_given in sayings:
        now += dt.timedelta(hours=1)
        officer = Officer(register, "privacy officer", now, key)
        will = Will(act, scope, "letter", evidence="letter")
        if is_given:
            record_will(officer, key, customer, will)
            standing.add((act, scope))
        elif (act, scope) in standing:
            withdraw_will(officer, key, customer, will)
            standing.remove((act, scope))
    acts = read_acts(register, pl.Series([customer]))
    live = acts.filter(pl.col("ended_at").is_null())
    assert set(live.select("act", "scope").rows()) == standing
