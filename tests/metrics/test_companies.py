"""Companies are counted once, however many contact persons they have."""

from __future__ import annotations

import datetime as dt

import polars as pl
from polars.testing import assert_frame_equal

import genlib
from genlib.metrics import customers
from genlib.metrics.companies import divide_money
from genlib.period import Period

OCTOBER = Period.parse("2026-10")
A, B, C = (2**62 + number for number in (1, 2, 3))
NOW, BEFORE, LONG_AGO = dt.date(2026, 9, 1), dt.date(2025, 9, 1), dt.date(2024, 9, 1)
OF = [(0, A), (1, A), (2, B), (3, C)]
PEOPLE = pl.DataFrame(
    {"customer": [0, 1, 2, 3, 4], "company": [A, A, B, C, None]},
    schema={"customer": pl.UInt32, "company": pl.Int64},
)
BILLS = [
    (0, BEFORE, 500),
    (1, NOW, 900),
    (2, NOW, 70),
    (3, BEFORE, 30),
    (3, LONG_AGO, 1),
    (4, NOW, 5),
]
INVOICES = pl.DataFrame(
    BILLS,
    schema={"customer": pl.UInt32, "issued_on": pl.Date, "amount_cents": pl.Int64},
    orient="row",
)
RELEASE = {"customer": PEOPLE.lazy(), "invoice": INVOICES.lazy()}


def test_a_company_stands_once_with_the_money_of_the_last_year() -> None:
    cells = customers.companies(RELEASE, OCTOBER)
    expected = pl.DataFrame(
        {
            "standing": ["lost", "new", "stayed", None],
            "people": [1, 1, 1, 3],
            "amount_cents": [0, 70, 900, 970],
        }
    )
    assert_frame_equal(expected, cells.frame.select(expected.columns))


def test_the_churn_is_of_the_companies_of_the_year_before() -> None:
    """Of twelve each that stayed, came and were lost, half of the year before are lost."""
    twelve = [(copy * 10 + one, company + copy * 10) for copy in range(12) for one, company in OF]
    people = pl.DataFrame(twelve, schema=PEOPLE.schema, orient="row").with_columns(
        pseudonym=pl.format("ca1-{}", pl.col("customer").cast(pl.String).str.zfill(26))
    )
    bills = [(copy * 10 + who, day, cents) for copy in range(12) for who, day, cents in BILLS]
    invoices = pl.DataFrame(bills, schema=INVOICES.schema, orient="row")
    cells = customers.companies({"customer": people.lazy(), "invoice": invoices.lazy()}, OCTOBER)
    shown = genlib.protect(companies=cells).companies
    assert (shown.value("people").value, shown.value("churn").value) == (36, 1 / 2)


def test_a_company_is_known_in_sketches_by_its_number() -> None:
    draw = customers.companies(RELEASE, OCTOBER).draw
    assert draw is not None
    assert draw()["people"].null_count() == 0


def test_a_release_that_does_not_tell_companies_has_none() -> None:
    bare = RELEASE | {"customer": PEOPLE.drop("company").lazy()}
    assert customers.companies(bare, OCTOBER).frame.is_empty()


def test_a_credit_note_alone_is_no_bill() -> None:
    """A was credited only this year, so it is lost; B, never billed, is not there at all."""
    bills = [(0, BEFORE, 500), (1, NOW, -200), (2, NOW, -70)]
    invoices = pl.DataFrame(bills, schema=INVOICES.schema, orient="row")
    cells = customers.companies(RELEASE | {"invoice": invoices.lazy()}, OCTOBER)
    expected = pl.DataFrame(
        {"standing": ["lost", None], "people": [1, 1], "amount_cents": [-200, -200]}
    )
    assert_frame_equal(expected, cells.frame.select(expected.columns))


def test_money_is_divided_by_the_companies_that_were_billed() -> None:
    frame = pl.DataFrame(
        {
            "standing": ["stayed", "new", "lost", None],
            "people": [20, 20, 60, 100],
            "amount_cents": [40_000, 0, 0, 40_000],
        }
    )
    assert divide_money(frame)["cents_per_company"].to_list() == [2_000, 0, None, 1_000]
