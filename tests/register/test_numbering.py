"""No number of a row is given twice, whoever gives it: the database, a load or a refresh."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa

from genlib.register.database import Register, frame_schema, open_register
from genlib.register.migrations import upgrade_register
from genlib.register.migrations.versions import r0001_first
from genlib.register.numbering import give_numbers, move_counters, read_counters
from genlib.register.schema import Base, table
from genlib.register.version import VERSION

NOW = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)


def make_companies(*numbers: int) -> pl.DataFrame:
    known = pl.DataFrame({"id": numbers, "source": "DATA_SUBJECT"})
    empty = [pl.lit(None).alias(name) for name in frame_schema("company") if name not in known]
    return known.with_columns(empty)


def remove_highest(connection: sa.Connection, name: str) -> int:
    rows = table(name)
    highest = connection.scalars(sa.select(sa.func.max(rows.c.id))).one()
    connection.execute(rows.delete().where(rows.c.id == highest))
    return int(highest)


def add_request(connection: sa.Connection, customer: int = 1) -> int:
    requests = table("subject_request")
    row = {
        "customer_id": customer,
        "kind": "erasure",
        "received_at": NOW,
        "due_on": NOW.date(),
        "source": "DATA_SUBJECT",
    }
    return connection.scalars(requests.insert().values(row).returning(requests.c.id)).one()


def test_the_database_gives_no_number_again(register: Register) -> None:
    with register.writing() as connection:
        numbers = [add_request(connection) for _ in range(3)]
        remove_highest(connection, "subject_request")
        assert add_request(connection) == numbers[-1] + 1


def test_a_bulk_load_of_lower_numbers_moves_no_counter_back(register: Register) -> None:
    register.append("company", make_companies(1, 9))
    with register.writing() as connection:
        assert remove_highest(connection, "company") == 9
    register.append("company", make_companies(2))
    with register.writing() as connection:
        assert list(give_numbers(connection, "company", 2)) == [10, 11]


def test_numbers_that_were_given_to_rows_that_never_came_are_not_given_again(
    register: Register,
) -> None:
    with register.writing() as connection:
        assert list(give_numbers(connection, "company", 3)) == [1, 2, 3]
        assert list(give_numbers(connection, "company", 0)) == []
    with register.writing() as connection:
        assert list(give_numbers(connection, "company", 1)) == [4]


def test_a_counter_is_moved_on_and_never_back(register: Register) -> None:
    names = ["company", "customer"]
    with register.writing() as connection:
        assert read_counters(connection, names) == {}
        give_numbers(connection, "company", 5)
        move_counters(connection, {"company": 3, "customer": 7})
        assert read_counters(connection, names) == {"company": 5, "customer": 7}


@pytest.mark.parametrize("name", sorted(Base.metadata.tables))
def test_every_table_with_numbers_counts_in_sqlite(name: str) -> None:
    rows = table(name)
    if "id" in rows.primary_key.columns:
        assert rows.dialect_options["sqlite"]["autoincrement"]


def test_an_upgraded_register_counts_past_the_numbers_that_are_told_elsewhere(
    register: Register, url: str
) -> None:
    with register.writing() as connection:
        Base.metadata.drop_all(connection)
        VERSION.drop(connection)
        r0001_first.METADATA.create_all(connection)
    register.append("company", make_companies(1, 2))
    with register.writing() as connection:
        keys = table("source_key")
        expected = {"source": "shop", "table": "company", "key": "0", "id": 7, "run": 1}
        connection.execute(keys.insert().values(expected))
        add_request(connection, customer=40)
    upgrade_register(url)
    with open_register(url).writing() as connection:
        assert list(give_numbers(connection, "company", 1)) == [8]
        assert list(give_numbers(connection, "customer", 1)) == [41]
        assert list(give_numbers(connection, "invoice", 1)) == [1]
