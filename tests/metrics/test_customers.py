"""Customers: invoices and memberships of a few people counted by hand."""

from datetime import date, timedelta

import polars as pl
import pytest
from messages import figured, people
from polars.testing import assert_frame_equal

from genlib.metrics import customers
from genlib.period import Period

OCTOBER = Period.parse("2026-10")


def release(*invoices: tuple[int, date, int, str]) -> dict[str, pl.LazyFrame]:
    kinds = {
        "customer": pl.UInt32,
        "issued_on": pl.Date,
        "amount_cents": pl.Int64,
        "product_line": pl.String,
    }
    everyone = {
        "customer": range(1, 7),
        "kind": ["consumer"] * 5 + ["company_contact"],
        "region": ["01", "01", "02", "02", "02", "02"],
    }
    return {
        "customer": pl.LazyFrame(
            everyone | {"age_band": ["25-34"] * 5 + ["unknown"]},
            schema_overrides={"customer": pl.UInt32},
        ),
        "invoice": pl.LazyFrame(invoices, schema=kinds, orient="row"),
        "profile": pl.LazyFrame({"customer": [1, 2, 3, 4, 5]}, schema={"customer": pl.UInt32}),
    }


def members(*rows: tuple[str, date, date | None]) -> dict[str, pl.LazyFrame]:
    return {
        "membership": pl.LazyFrame(
            rows,
            schema={"kind": pl.String, "joined_month": pl.Date, "left_month": pl.Date},
            orient="row",
        )
    }


JOINED = members(
    *[("consumer", date(2020, 1, 1), None)] * 10,
    ("consumer", date(2020, 1, 1), date(2026, 9, 1)),
    ("consumer", date(2020, 1, 1), date(2026, 8, 1)),
    ("company_contact", date(2026, 9, 1), None),
    ("consumer", date(2026, 10, 1), date(2026, 10, 1)),
    ("consumer", date(2026, 11, 1), None),
)


def test_stock_follows_from_comings_and_goings() -> None:
    found = (
        figured(customers.growth(JOINED, OCTOBER, months=2))
        .filter(pl.col("movement").is_null())
        .select("month", "joined", "left", "stock")
    )
    assert [
        (date(2026, 8, 1), 0, 0, 11),
        (date(2026, 9, 1), 1, 1, 11),
        (date(2026, 10, 1), 1, 1, 11),
    ] == found.rows()


def test_whoever_comes_and_goes_in_one_month_is_both() -> None:
    cells = customers.growth(JOINED, OCTOBER, months=2)
    assert people(cells, "movement", month=date(2026, 10, 1)) == {"joined": 1, "left": 1}


def test_comings_and_goings_add_up() -> None:
    cells = customers.growth(JOINED, OCTOBER, months=3)
    inner = (
        cells.frame.filter(pl.col("movement").is_not_null())
        .group_by("month")
        .agg(pl.col("people").sum())
    )
    assert_frame_equal(
        inner.sort("month"),
        cells.frame.filter(pl.col("movement").is_null()).select("month", "people").sort("month"),
    )


def test_what_looks_back_has_no_total_over_time() -> None:
    """Nobody reads it, and beside figures of the past that are held as they were it would hide the
    newest."""
    for cells in (customers.growth(JOINED, OCTOBER), customers.billing(BILLED, OCTOBER)):
        assert cells.frame["month"].null_count() == 0


def test_a_month_without_movement_is_a_zero_not_a_gap() -> None:
    cells = customers.growth(JOINED, OCTOBER, months=13)
    assert dict(
        cells.frame.filter(pl.col("month").is_not_null(), pl.col("movement") != "opening")
        .group_by("movement")
        .len()
        .rows()
    ) == {
        "joined": 13,
        "left": 13,
    }


def test_active_customers_by_region_and_age_are_one_population() -> None:
    """Customer 1 was billed long ago, 2 never."""
    tables = release(
        (1, date(2024, 10, 31), 1, "filter"),
        *[(who, date(2024, 11, 1), 1, "filter") for who in (3, 4, 5, 6)],
    )
    regions, ages = customers.by_region(tables, OCTOBER), customers.by_age(tables, OCTOBER)
    assert people(regions, "region") == {"02": 4}
    assert people(ages, "age_band", "kind") == {
        ("25-34", "consumer"): 3,
        ("unknown", "company_contact"): 1,
    }
    assert regions.population == ages.population


OCT, SEP = date(2026, 10, 5), date(2026, 9, 5)
BILLED = release(
    (1, OCT, 100, "device"),
    (1, OCT, -30, "device"),
    (2, OCT, 50, "filter"),
    (1, SEP, 200, "rental"),
    (6, SEP, 10, "rental"),
)


def test_billing_takes_credit_notes_off() -> None:
    cells = customers.billing(BILLED, OCTOBER)
    assert {date(2026, 9, 1): 210, date(2026, 10, 1): 120} == people(
        cells, "month", column="amount_cents"
    )


def test_billing_counts_payers_and_the_two_largest() -> None:
    cells = customers.billing(BILLED, OCTOBER)
    total = cells.frame.filter(
        pl.col("month") == date(2026, 9, 1), pl.col("product_line").is_null()
    )
    assert total.select("people", "amount_cents", "amount_cents_1", "amount_cents_2").row(0) == (
        2,
        210,
        200,
        10,
    )
    assert not cells.measures[0].additive


def test_billing_of_one_region() -> None:
    cells = customers.billing(BILLED, OCTOBER, region="02")
    assert people(cells, "month", "product_line", column="amount_cents") == {
        (date(2026, 9, 1), "rental"): 10
    }


def test_billing_changes_against_the_month_before() -> None:
    cells = customers.billing(BILLED, OCTOBER)
    change = figured(cells).filter(
        pl.col("product_line").is_null(), pl.col("month") == date(2026, 10, 1)
    )["change"]
    assert [pytest.approx(120 / 210 - 1)] == change.to_list()


def bought(*histories: tuple[int, int, int]) -> dict[str, pl.LazyFrame]:
    """Per customer 1, 2, ...: days since the last purchase, number of purchases, cents of each."""
    last = date(2026, 10, 31)
    return release(
        *[
            (who, last - timedelta(days=ago + 20 * n), cents, "filter")
            for who, (ago, times, cents) in enumerate(histories, start=1)
            for n in range(times)
        ]
    )


FIVE = bought((0, 9, 900), (30, 5, 500), (60, 1, 10), (200, 7, 700), (300, 1, 20))


def test_named_segments() -> None:
    assert people(customers.rfm(FIVE, OCTOBER), "segment") == {
        "champions": 1,
        "loyal": 1,
        "occasional": 1,
        "at risk": 1,
        "lapsed": 1,
    }


def test_new_customers_bought_once_of_late() -> None:
    tables = bought((0, 1, 10), (100, 9, 900), (200, 7, 700), (300, 8, 800), (400, 9, 500))
    assert {
        k: v for k, v in people(customers.rfm(tables, OCTOBER), "segment").items() if k == "new"
    } == {"new": 1}


def test_equal_customers_are_in_one_segment() -> None:
    assert len(people(customers.rfm(bought(*[(0, 2, 100)] * 5), OCTOBER), "segment")) == 1


def test_only_those_who_may_be_profiled() -> None:
    tables = release((6, OCT, 100, "filter"), (1, OCT, 100, "filter"))
    assert list(people(customers.rfm(tables, OCTOBER), "segment").values()) == [1]


def test_days_with_a_purchase() -> None:
    cells = customers.repeat(FIVE, OCTOBER)
    assert people(cells, "purchases") == {"1": 2, "5+": 3}


def test_repeat_rate() -> None:
    tables = release(
        *[
            (who, OCT - timedelta(days=n), 100, "filter")
            for who in range(1, 6)
            for n in range(2 if who < 4 else 1)
        ]
    )
    rate = customers.repeat(tables, OCTOBER).figures[1]
    assert rate.part == ("2", "3", "4", "5+")  # type: ignore[attr-defined]


def test_tenths_of_the_money() -> None:
    cells = customers.concentration(FIVE, OCTOBER)
    assert people(cells, "tenth", column="amount_cents") == {
        1: 8100,
        3: 4900,
        5: 2500,
        7: 20,
        9: 10,
    }
    assert {"people"} == {measure.name for measure in cells.measures if measure.kind == "people"}


def test_cohorts_come_back_by_quarters() -> None:
    tables = release(
        (1, date(2026, 1, 5), 1, "filter"),
        (1, date(2026, 8, 5), 1, "filter"),
        (2, date(2026, 2, 5), 1, "filter"),
    )
    assert {(date(2026, 1, 1), 0): 2, (date(2026, 1, 1), 2): 1} == people(
        customers.cohorts(tables, OCTOBER), "cohort", "later"
    )


def test_activity_leaves_rental_out_and_expects_money() -> None:
    often = [
        (who, OCT - timedelta(days=30 * n), 1000 * who, "filter")
        for who in range(1, 13)
        for n in range(3 + who % 4)
    ]
    late = [
        (14, date(2025, 1, 5), 1000, "filter"),
        (14, date(2025, 1, 15), 1000, "filter"),
        (5, OCT, 500, "rental"),
    ]
    cells = customers.activity(release(*often, *late) | everybody(14), OCTOBER)
    assert sum(people(cells, "alive").values()) == 13
    assert all(cents > 0 for cents in people(cells, "alive", column="amount_cents").values())


def everybody(count: int) -> dict[str, pl.LazyFrame]:
    return {
        "profile": pl.LazyFrame({"customer": range(1, count + 1)}, schema={"customer": pl.UInt32})
    }


def test_no_model_where_few_came_back() -> None:
    tables = release(
        *[(who, OCT - timedelta(days=n), 100, "filter") for who in range(1, 6) for n in (0, 9)]
    )
    assert people(customers.activity(tables, OCTOBER), "alive") == {}


def test_a_report_of_a_quarter_counts_quarters() -> None:
    third = Period.parse("2026-Q3")
    stocks = figured(customers.growth(JOINED, third)).filter(
        pl.col("movement").is_null(), pl.col("quarter").is_not_null()
    )
    assert stocks.select("quarter", "joined", "left", "stock").rows()[-2:] == [
        (date(2026, 4, 1), 0, 0, 12),
        (date(2026, 7, 1), 1, 2, 11),
    ]
    assert people(customers.billing(BILLED, third), "quarter", column="amount_cents") == {
        date(2026, 7, 1): 210
    }


def test_one_region_is_told_by_municipality() -> None:
    tables = release((1, OCT, 5, "filter"), (3, OCT, 5, "filter"))
    tables["customer"] = tables["customer"].with_columns(municipality=pl.lit("091"))
    assert people(customers.by_region(tables, OCTOBER, region="01"), "municipality") == {"091": 1}


def test_customers_of_a_thousand_inhabitants() -> None:
    tables = release(*[(who, OCT, 5, "filter") for who in range(1, 7)])
    told = figured(customers.by_region(tables, OCTOBER)).drop_nulls("region")
    assert told.with_columns(pl.col("per_thousand").round(6)).select(
        "region", "per_thousand"
    ).rows() == [
        ("01", 0.001173),
        ("02", 0.008338),
    ]
