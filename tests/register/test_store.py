"""Sealed rows, and finding a person by an identifier."""

from __future__ import annotations

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from genlib.errors import InvalidIdentifier, UsageError
from genlib.register import audit
from genlib.register.database import Register, frame_schema
from genlib.register.schema import table
from genlib.register.store import find, opened, plain_schema, sealed
from genlib.register.vault import IdentityKey


def customers(**columns: list[object]) -> pl.DataFrame:
    schema = plain_schema("customer")
    height = len(next(iter(columns.values())))
    filler = {
        "kind": "consumer",
        "joined_on": 0,
        "non_disclosure": False,
        "source": "DATA_SUBJECT",
        "updated_at": 0,
    }
    frame = pl.DataFrame({"id": list(range(1, height + 1)), **columns})
    frame = frame.with_columns(
        **{name: pl.lit(value) for name, value in filler.items() if name not in columns}
    )
    return (
        frame.with_columns(pl.lit(None).alias(c) for c in schema if c not in frame.columns)
        .select(list(schema))
        .cast(schema)
    )


@pytest.fixture
def filled(register: Register, key: IdentityKey) -> Register:
    rows = customers(
        personal_id=["010594Y9032", "010594Y9021", None],
        phone=["+358491234567", "+358491234567", "+358497654321"],
        email=["aino@firma.example", None, "eero@firma.example"],
    )
    register.append("customer", sealed(rows, "customer", key))
    return register


def test_sealed_rows_have_the_stored_form_and_open_again(key: IdentityKey) -> None:
    rows = customers(family_name=["Kuuralehto", None], phone=["+358491234567", None])
    stored = sealed(rows, "customer", key)
    assert stored.schema == frame_schema("customer")
    assert_frame_equal(opened(stored, "customer", key), rows)
    assert opened(stored.select("id", "phone"), "customer", key).columns == ["id", "phone"]


def test_comments_are_redacted_as_they_come_in(key: IdentityKey) -> None:
    schema = plain_schema("survey_answer")
    row = pl.DataFrame(
        [{"invitation_id": 1, "question_id": 1, "comment": "huoltaja Kuuralehto ei tullut"}]
    ).with_columns(score=pl.lit(None), source=pl.lit("DATA_SUBJECT"))
    stored = sealed(row.select(list(schema)).cast(schema), "survey_answer", key)
    assert stored["comment_redacted"].to_list() == ["huoltaja … ei tullut"]


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        ({"personal_id": "010594Y9021"}, [2]),
        ({"phone": "049 123 4567"}, [1, 2]),
        ({"email": " Eero@FIRMA.example"}, [3]),
        ({"email": "nobody@firma.example"}, []),
    ],
)
def test_a_customer_is_found_by_any_spelling_of_an_identifier(
    filled: Register, key: IdentityKey, identifier: dict[str, str], found: list[int]
) -> None:
    assert find(filled, key, purpose="inspection", **identifier) == found


def test_another_key_finds_nobody(filled: Register) -> None:
    assert find(filled, IdentityKey(bytes(32)), purpose="inspection", phone="049 123 4567") == []


def test_a_look_up_leaves_a_trace_of_whom_but_not_of_the_identifier(
    filled: Register, key: IdentityKey
) -> None:
    find(filled, key, purpose="inspection", user="anna", phone="049 123 4567")
    assert audit.verify(filled) == 1
    with filled.engine.connect() as connection:
        event = connection.execute(table("audit_event").select()).one()
    assert (event.user, event.purpose, event.action, event.people, event.subjects) == (
        "anna",
        "inspection",
        "find by phone",
        2,
        json.dumps(audit.name_subjects(key, [1, 2])),
    )
    assert "491234567" not in str(event)


@pytest.mark.parametrize("identifier", [{}, {"shoe": "44"}, {"phone": "1", "email": "2"}])
def test_exactly_one_identifier_is_wanted(
    register: Register, key: IdentityKey, identifier: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match="exactly one of personal_id, phone and email"):
        find(register, key, purpose="inspection", **identifier)


def test_a_wrong_identifier_is_refused_without_being_shown(
    register: Register, key: IdentityKey
) -> None:
    with pytest.raises(InvalidIdentifier, match="not a valid personal identity code: bad_checksum"):
        find(register, key, purpose="inspection", personal_id="010594Y9033")
