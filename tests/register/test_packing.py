"""Columns as one text each are read as they were written, from both databases."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from polars import col
from polars.testing import assert_frame_equal

from genlib.errors import GenlibError
from genlib.register import database
from genlib.register.database import Register, frame_schema
from genlib.register.packing import part_columns, write_bytes
from genlib.register.staging import Seen, Stage, find_ranges
from genlib.register.store import digest_columns
from genlib.register.vault import IdentityKey

FIRST = {
    "id": 1,
    "kind": "consumer",
    "given_names": b"\x00\xff",
    "joined_on": dt.date(1969, 12, 31),
    "left_on": dt.date(2026, 2, 28),
    "restricted_from": dt.datetime(2026, 2, 1, 8, 30, 1, tzinfo=dt.UTC),
    "non_disclosure": True,
    "postal_code": "",
    "language": "fi",
    "source": "DATA_SUBJECT",
    "updated_at": dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
}
SECOND = {**FIRST, "id": 3, "left_on": None, "restricted_from": None, "given_names": None}
THIRD = {**FIRST, "id": 900, "postal_code": None, "non_disclosure": False}
COLUMNS = list(FIRST)


def list_people() -> pl.DataFrame:
    schema = frame_schema("customer")
    return pl.DataFrame([FIRST, SECOND, THIRD], schema=schema)


def test_both_databases_give_a_range_as_it_was_written(register: Register) -> None:
    people = list_people()
    register.append("customer", people)
    read = register.read_range("customer", COLUMNS, people.select("id"))
    assert_frame_equal(write_bytes(people.select(COLUMNS)), read.sort("id"))


@pytest.mark.parametrize("spread", [0, 1000])
def test_rows_of_other_numbers_are_not_read_from_end_to_end(
    register: Register, monkeypatch: pytest.MonkeyPatch, spread: int
) -> None:
    monkeypatch.setattr(database, "SPREAD", spread)
    people = list_people()
    register.append("customer", people)
    read = register.read_range("customer", ["id"], pl.DataFrame({"id": [1, 900]}))
    assert sorted(read["id"]) == ([1, 3, 900] if spread else [1, 900])


@pytest.mark.parametrize(("disclosures", "read"), [([1, 1], [1, 1]), ([1, 2], [1, 1, 2])])
def test_of_two_keys_the_second_is_asked_for_too(
    register: Register, disclosures: list[int], read: list[int]
) -> None:
    """A disclosure may be of everybody, and a batch is of some of them."""
    log = {"recipient": "Posti", "country": "FI", "basis": "contract", "evidence": "1"}
    what = {"purpose": "communication", "data_categories": "email"}
    schema = frame_schema("disclosure")
    at = FIRST["updated_at"]
    rows = [{"id": number, "disclosed_at": at, **log, **what} for number in (1, 2)]
    register.append("disclosure", pl.DataFrame(rows, schema=schema))
    pairs = [(1, 1), (1, 2), (1, 7), (2, 2), (2, 9)]
    people = pl.DataFrame(pairs, frame_schema("disclosure_customer"), orient="row")
    register.append("disclosure_customer", people)
    keys = pl.DataFrame({"disclosure_id": disclosures, "customer_id": [1, 2]})
    there = register.read_range("disclosure_customer", ["disclosure_id"], keys)
    assert sorted(there["disclosure_id"]) == read


def test_where_no_row_is_the_range_is_empty(register: Register) -> None:
    read = register.read_range("customer", COLUMNS, pl.DataFrame({"id": [7]}))
    assert_frame_equal(write_bytes(list_people().select(COLUMNS).clear()), read)


def test_a_value_that_is_none_of_its_column_is_not_told(register: Register) -> None:
    register.append("customer", list_people())
    if not register.embedded:
        return
    with register.writing() as connection:
        connection.execute(sa.text("UPDATE customer SET birth_year = 'Sentinel' WHERE id = 3"))
    with pytest.raises(GenlibError, match="table customer: a stored value is none of its column"):
        register.read_range("customer", ["id", "birth_year"], pl.DataFrame({"id": [1, 3]}))
    with pytest.raises(GenlibError, match=r"is none of its column$"):
        list(register.scan("customer", ["birth_year"]))
    with pytest.raises(GenlibError, match=r"is none of its column$"):
        register.matching("customer", pl.DataFrame({"id": [3]}))


def test_columns_of_different_lengths_are_no_frame() -> None:
    with pytest.raises(pl.exceptions.ShapeError):
        part_columns(
            [b"1\x1e2\x1e", b"1\x1e"], pl.Schema({"id": pl.Int64, "customer_id": pl.Int64})
        )


def list_same(register: Register, key: IdentityKey, rows: pl.DataFrame) -> list[int]:
    came = rows.select("id", "language", "left_on", family_name="postal_code", row=col("id") + 1)
    with register.writing() as connection:
        stage = Stage(register, connection, "customer", tuple(came.columns[:-1]))
        return stage.find_unchanged(came, key)["row"].to_list()


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2], [1]])
def test_rows_are_unchanged_in_whatever_order_they_come(
    register: Register, key: IdentityKey, order: list[int]
) -> None:
    people = list_people().with_columns(postal_code=pl.format("{}", "id"))
    plain = people.select("id", family_name="postal_code")
    digests = digest_columns(plain, "customer", key)["family_name_digest"]
    register.append("customer", people.with_columns(digests))
    came = people[order]
    others = came.with_columns(
        language=pl.when(id=3).then(pl.lit("sv")).otherwise("language"),
        postal_code=pl.when(id=900).then(pl.lit("Other")).otherwise("postal_code"),
    )
    new = pl.concat([others, others[:1].with_columns(id=pl.lit(4, pl.Int64))])
    assert list_same(register, key, came) == (came["id"] + 1).to_list()
    assert list_same(register, key, others) == [2] * (0 in order)
    assert list_same(register, key, new) == [2] * (0 in order)


def test_numbers_that_follow_one_another_are_one_range() -> None:
    numbers = pl.DataFrame({"id": [7, 2, 1, 3]})
    assert find_ranges(numbers).select("first", "last").rows() == [(1, 3), (7, 7)]


def test_ranges_are_of_one_value_of_the_other_keys() -> None:
    keys = pl.DataFrame({"invitation_id": [1, 1, 2, 2], "question_id": [1, 2, 3, 5]})
    assert find_ranges(keys).select("invitation_id", "first", "last").rows() == [
        (1, 1, 2),
        (2, 3, 3),
        (2, 5, 5),
    ]


def find_seen(seen: Seen, numbers: list[int]) -> list[int]:
    rows = pl.DataFrame({"row": numbers, "id": numbers}, {"row": pl.Int64, "id": pl.Int64})
    return sorted(seen.find_seen(rows)["row"])


def test_numbers_come_before_in_whatever_order_they_came(register: Register) -> None:
    with register.writing() as connection:
        seen = Seen(register, connection, "invoice")
        assert find_seen(seen, [5, 6, 7, 20]) == []
        assert find_seen(seen, [21, 22]) == []
        assert find_seen(seen, [1, 6, 8, 20, 23]) == [6, 20]
        assert find_seen(seen, [1, 4, 7, 8, 9, 22]) == [1, 7, 8, 22]


@pytest.mark.parametrize("number", [5, 6, 7])
def test_a_number_within_the_last_range_came_before(register: Register, number: int) -> None:
    with register.writing() as connection:
        seen = Seen(register, connection, "invoice")
        assert find_seen(seen, [5, 6, 7]) == []
        assert find_seen(seen, [number]) == [number]
        assert find_seen(seen, [5, 6, 7, 8]) == [5, 6, 7]


def test_every_row_that_did_not_come_is_missing(register: Register) -> None:
    register.append("customer", list_people())
    with register.writing() as connection:
        seen = Seen(register, connection, "customer")
        find_seen(seen, [1, 2, 4])
        assert seen.find_missing(sa.true())["id"].to_list() == [3, 900]


@given(st.lists(st.lists(st.integers(1, 30), unique=True), max_size=5))
def test_ranges_hold_every_number_once(batches: list[list[int]]) -> None:
    for batch in batches:
        ranges = find_ranges(pl.DataFrame({"id": batch}, {"id": pl.Int64}))
        held = [
            n
            for first, last in ranges.select("first", "last").rows()
            for n in range(first, last + 1)
        ]
        assert held == sorted(batch)
