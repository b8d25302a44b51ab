"""Customers: invoices and memberships of a few people counted by hand."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import figured, people
from polars.testing import assert_frame_equal

from genlib import judgement
from genlib.disclosure import slices
from genlib.disclosure.ladder import make_legible
from genlib.disclosure.policy import Policy
from genlib.disclosure.slices import take_slice
from genlib.metrics import buyers, customers, rows
from genlib.period import Period

Bought = tuple[int, date, int, str]
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


def steps(tables: dict[str, pl.LazyFrame], period: Period, **given: Any) -> pl.DataFrame:
    """The row of each step of growth, with its figures."""
    shown = figured(customers.growth(tables, period, **given))
    return shown.filter(pl.col("movement").is_null()).sort(period.unit)


def test_stock_follows_from_comings_and_goings() -> None:
    found = steps(JOINED, OCTOBER, months=2).select("month", "joined", "left", "stock")
    assert [
        (date(2026, 8, 1), None, None, 11),
        (date(2026, 9, 1), 1, 1, 11),
        (date(2026, 10, 1), 0, 0, 11),
    ] == found.rows()


def test_whoever_comes_and_goes_in_one_month_is_neither() -> None:
    cells = customers.growth(JOINED, OCTOBER, months=2)
    assert people(cells, "movement", month=date(2026, 10, 1)) == {}


PASSING = members(
    *[("consumer", date(2020, 1, 1), None)] * 20,
    *[("consumer", date(2026, 7, 1), date(2026, 9, 1))] * 25,
)
"""Nobody of the 20 there at the beginning leaves; 25 come in July and leave in September."""


@pytest.mark.parametrize("text", ["2026-Q3", "2026"])
def test_no_churn_where_nobody_of_the_opening_stock_left(text: str) -> None:
    last = steps(PASSING, Period.parse(text)).row(-1, named=True)
    assert (last["stock"], last["joined"], last["left"], last["churn"]) == (20, 0, 0, 0.0)


def test_churn_of_a_month_counts_those_who_were_there() -> None:
    """In September 25 of 45 leave."""
    last = steps(PASSING, Period.parse("2026-09")).row(-1, named=True)
    assert (last["left"], last["churn"]) == (25, pytest.approx(25 / 45))
    assert last["churn_low"] < 25 / 45 < last["churn_high"]


MONTHS = st.integers(0, 35).map(lambda n: date(2024 + n // 12, n % 12 + 1, 1))
MEMBERS = st.lists(st.tuples(MONTHS, st.none() | st.integers(0, 20)), min_size=1, max_size=60)
SPANS = st.sampled_from(["2026-10", "2026-Q3", "2026"])


def stayed(*rows: tuple[date, int | None]) -> dict[str, pl.LazyFrame]:
    """Members by the month in which they joined, and how many months they stayed."""
    return members(
        *(
            ("consumer", joined, stays if stays is None else later(joined, stays))
            for joined, stays in rows
        )
    )


def later(month: date, months: int) -> date:
    count = month.year * 12 + month.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


@given(MEMBERS, SPANS)
def test_the_stock_is_those_there_and_churn_a_part_of_those_at_the_beginning(
    joined: list[tuple[date, int | None]], text: str
) -> None:
    tables = stayed(*joined)
    period = Period.parse(text)
    everyone = tables["membership"].collect()
    for row in steps(tables, period).rows(named=True)[1:]:
        step = Period.around(row[period.unit], period.unit)
        at_start = there(everyone, step.start)
        stays = pl.col("left_month").is_null() | (pl.col("left_month") >= step.end)
        assert row["stock"] == there(everyone, step.end).height
        assert row["stock"] == at_start.height + row["joined"] - row["left"]
        assert row["left"] == at_start.height - at_start.filter(stays).height
        assert row["churn"] is None or 0 <= row["churn"] <= 1


def there(everyone: pl.DataFrame, day: date) -> pl.DataFrame:
    """Those who had joined before the day and not left."""
    stays = pl.col("left_month").is_null() | (pl.col("left_month") >= day)
    return everyone.filter(pl.col("joined_month") < day, stays)


@given(MEMBERS)
def test_an_unfinished_year_has_the_stock_of_the_same_day_of_each_year(
    joined: list[tuple[date, int | None]],
) -> None:
    tables = stayed(*joined)
    everyone = tables["membership"].collect()
    for row in steps(tables, Period.parse("2026").so_far(date(2026, 9, 14))).rows(named=True)[1:]:
        day = date(row["year"].year, 9, 1)
        at_start = there(everyone, date(day.year, 1, 1))
        assert row["stock"] == there(everyone, day).height
        assert row["stock"] == at_start.height + row["joined"] - row["left"]


def test_of_an_unfinished_month_no_comings_and_goings_are_told() -> None:
    """They are known by whole months."""
    found = steps(JOINED, OCTOBER.so_far(date(2026, 10, 14)), months=2)
    assert found["month"].to_list()[-1] == date(2026, 9, 1)


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


def test_a_months_change_has_as_many_before_it_as_its_swing_needs() -> None:
    months = customers.growth(JOINED, OCTOBER).frame["month"].n_unique()
    earlier_changes = months - 2
    assert earlier_changes >= judgement.FEWEST_STEPS


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
    """Customer 1 was billed long ago, 2 never: a credit note alone is no bill."""
    tables = release(
        (1, date(2024, 10, 31), 1, "filter"),
        (2, date(2026, 10, 1), -1, "filter"),
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
    september = cells.frame.filter(pl.col("month") == date(2026, 9, 1))
    numbers = september.select("people", "amount_cents", "amount_cents_1", "amount_cents_2")
    assert numbers.row(0) == (2, 210, 200, 10)
    assert not cells.measures[0].additive


@pytest.fixture
def smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    """One customer is enough for a slice."""
    monkeypatch.setattr(slices, "LEAST_PEOPLE", 1)


@pytest.mark.usefixtures("smallest")
def test_billing_by_line_of_one_region() -> None:
    cells = take_slice(customers.billing_by_line(BILLED, OCTOBER, region="02"))
    assert people(cells, "month", "product_line", column="amount_cents") == {
        (date(2026, 9, 1), "rental"): 10
    }


def test_payers_are_not_told_by_line_since_one_may_pay_for_several() -> None:
    cells = customers.billing_by_line(BILLED, OCTOBER)
    assert [measure.name for measure in cells.measures] == ["amount_cents"]


def test_growth_of_few_is_told_by_quarter_or_by_year() -> None:
    """Two join every month: six a quarter may be told, and each quarter is a whole one."""
    months = [date(2024 + m // 12, m % 12 + 1, 1) for m in range(34)]
    joined = [row for month in months for row in [("consumer", month, None)] * 2]
    schema = {"kind": pl.String, "joined_month": pl.Date, "left_month": pl.Date}
    tables = {"membership": pl.LazyFrame(joined, schema=schema, orient="row")}
    cells = make_legible(customers.growth(tables, OCTOBER), Policy())
    assert cells.steps == {"month": 1}
    told = figured(cells).filter(pl.col("movement").is_null()).sort("month")
    last = told.select("month", "month_unit", "stock", "joined").row(-1)
    assert last == (date(2026, 7, 1), "quarter", 66, 6)


def test_an_unfinished_month_is_held_against_the_same_days() -> None:
    """On 4 October nothing of 5 September is there yet; on 6 October it is."""
    for end, before in ((date(2026, 10, 5), {}), (date(2026, 10, 6), {date(2026, 9, 1): 210})):
        cells = customers.billing(BILLED, OCTOBER.so_far(end))
        found = people(cells, "month", column="amount_cents")
        assert {month: cents for month, cents in found.items() if month < OCTOBER.start} == before


def test_an_unfinished_period_is_a_population_of_its_own() -> None:
    whole = customers.billing(BILLED, OCTOBER)
    part = customers.billing(BILLED, OCTOBER.so_far(date(2026, 10, 14)))
    assert whole.population.what != part.population.what


def test_billing_changes_against_the_month_before() -> None:
    cells = customers.billing(BILLED, OCTOBER)
    change = figured(cells).filter(pl.col("month") == date(2026, 10, 1))["change"]
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


@pytest.mark.parametrize("codes", [["1", "2", "5+"], ["1", "2", "3+"]])
def test_repeat_rate_is_of_two_days_or_more_at_any_step(codes: list[str]) -> None:
    shown = pl.DataFrame({"purchases": [*codes, None], "people": [4, 5, 3, 12]})
    repeat = next(f for f in customers.repeat(FIVE, OCTOBER).figures if "repeat" in str(f))
    assert repeat(shown)["repeat_rate"].to_list() == [None, None, None, 8 / 12]


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


@pytest.mark.usefixtures("smallest")
def test_cohorts_of_one_kind() -> None:
    tables = release((1, date(2026, 1, 5), 1, "filter"), (6, date(2026, 2, 5), 1, "filter"))
    tables["profile"] = tables["customer"].select("customer")
    cells = take_slice(customers.cohorts(tables, OCTOBER, kind="company_contact"))
    assert people(cells, "cohort", "later") == {(date(2026, 1, 1), 0): 1}
    assert cells.population.cut == (("kind", "company_contact"),)


def test_cohorts_are_of_those_who_may_be_profiled_as_all_of_their_section() -> None:
    tables = release((1, date(2026, 1, 5), 1, "filter"), (6, date(2026, 2, 5), 1, "filter"))
    found = people(customers.cohorts(tables, OCTOBER), "cohort", "later")
    assert found == {(date(2026, 1, 1), 0): 1}


def test_cohorts_are_six_whole_quarters() -> None:
    tables = release(
        *[(who, date(2025, 2 + 3 * (who - 1), 5), 1, "filter") for who in (1, 2, 3, 4)],
        (5, date(2026, 10, 5), 1, "filter"),
    )
    cohorts = {
        quarter for quarter, _ in people(customers.cohorts(tables, OCTOBER), "cohort", "later")
    }
    assert cohorts == {date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1)}


def test_cohorts_come_back_by_quarters() -> None:
    tables = release(
        (1, date(2026, 1, 5), 1, "filter"),
        (1, date(2026, 8, 5), 1, "filter"),
        (2, date(2026, 2, 5), 1, "filter"),
    )
    assert {(date(2026, 1, 1), 0): 2, (date(2026, 1, 1), 2): 1} == people(
        customers.cohorts(tables, OCTOBER), "cohort", "later"
    )


def regulars(count: int, *, years: int, kind: str = "consumer", first: int = 1) -> list[Bought]:
    """Customers who buy filters every 20 to 120 days, each for a sum of his own, until the end of
    October 2026."""
    last = date(2026, 10, 31)
    bought = []
    for who in range(first, first + count):
        gap = 20 + 100 * (who % 7) // 6
        days = range(who % gap, 365 * years - 10 * (who % 30), gap)
        bought += [
            (who, last - timedelta(days=day), 1000 + 100 * (who % 20), "filter") for day in days
        ]
    return bought


def everybody(*kinds: str) -> dict[str, pl.LazyFrame]:
    """Customers 1, 2, ... of these kinds, who may all be profiled."""
    numbers = pl.LazyFrame(
        {"customer": range(1, len(kinds) + 1), "kind": kinds, "region": ["01"] * len(kinds)},
        schema_overrides={"customer": pl.UInt32},
    )
    return {"customer": numbers, "profile": numbers.select("customer")}


CONSUMERS = ("consumer",) * 120
FIRMS = ("company_contact",) * 3


def test_activity_leaves_rental_out() -> None:
    tables = release(*regulars(120, years=3), (121, OCT, 500, "rental"))
    cells = customers.activity(tables | everybody(*CONSUMERS, *FIRMS), OCTOBER)
    assert sum(people(cells, "alive").values()) == 120


def test_no_model_where_few_came_back() -> None:
    tables = release(
        *[(who, OCT - timedelta(days=n), 100, "filter") for who in range(1, 6) for n in (0, 9)],
        (6, OCT, 100, "filter"),
    )
    cells = customers.activity(tables | everybody(*CONSUMERS[:6]), OCTOBER)
    assert people(cells, "alive") == {"unknown": 5, "once": 1}


def test_nobody_who_bought_is_a_table_without_rows() -> None:
    for metric in (customers.activity, customers.forecast):
        assert people(metric(release(), OCTOBER), metric(release(), OCTOBER).dimensions[0]) == {}


def test_a_forecast_of_regular_customers_is_told_beside_last_years() -> None:
    tables = release(*regulars(120, years=4)) | everybody(*CONSUMERS)
    found = figured(customers.forecast(tables, OCTOBER)).row(0, named=True)
    assert found["kind"] == "consumer"
    assert 0.8 < found["forecast_cents"] / found["came_cents"] < 1.25
    assert 0.8 < found["expected_cents"] / found["came_cents"] < 1.25


def test_what_came_is_that_of_the_last_52_weeks_of_those_who_had_bought() -> None:
    """The 52 weeks before 1 November 2026 begin on 2 November 2025."""
    tables = release(
        (1, date(2024, 1, 5), 100, "filter"),
        (1, date(2025, 11, 1), 20, "filter"),
        (1, date(2025, 11, 2), 3, "filter"),
        (1, date(2026, 10, 31), 4, "device"),
        (1, date(2026, 10, 31), 1000, "rental"),
        (2, date(2026, 10, 31), 1000, "filter"),
    )
    cells = customers.forecast(tables, OCTOBER)
    assert people(cells, "kind", column="came_cents") == {"consumer": 7}


def test_a_kind_too_few_of_whom_came_back_has_no_forecast_and_neither_have_all() -> None:
    few = regulars(3, years=4, first=121)
    tables = release(*regulars(120, years=4), *few) | everybody(*CONSUMERS, *FIRMS)
    found = figured(customers.forecast(tables, OCTOBER)).sort("kind", nulls_last=True)
    assert found["kind"].to_list() == ["company_contact", "consumer", None]
    assert found["expected_cents"].is_null().to_list() == [True, False, True]
    assert found["is_few"].to_list() == [True, False, None]


def test_purchases_of_less_than_two_years_have_no_forecast() -> None:
    tables = release(*regulars(120, years=1)) | everybody(*CONSUMERS)
    found = figured(customers.forecast(tables, OCTOBER)).row(0, named=True)
    assert (found["is_short"], found["expected_cents"], found["forecast_cents"]) == (
        True,
        None,
        None,
    )


VALUES = st.lists(st.integers(0, 12), min_size=1, max_size=60)


def scores(values: list[int], classes: int) -> list[int]:
    frame = rows.lazy(pl.DataFrame({"value": values, "customer": 1, "_among": "all"}))
    return rows.collect(frame.select(buyers._score("value", classes))).to_series().to_list()


@given(VALUES, st.integers(2, 10))
def test_equal_values_have_equal_scores_and_greater_ones_none_less(
    values: list[int], classes: int
) -> None:
    found = sorted(zip(values, scores(values, classes), strict=True))
    assert len(set(found)) == len(set(values))
    assert [score for _, score in found] == sorted(score for _, score in found)


@pytest.mark.parametrize("people_count", [10, 99, 802, 8020, 8021])
def test_tenths_of_distinct_values_are_as_large_as_can_be(people_count: int) -> None:
    sizes = pl.Series(scores(list(range(people_count)), 10)).value_counts()["count"]
    assert len(sizes) == 10
    assert sizes.max() - sizes.min() <= 1


def test_scores_by_hand() -> None:
    assert scores([1, 2, 2, 9], 2) == [1, 2, 2, 2]


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


@pytest.mark.usefixtures("smallest")
def test_one_region_is_told_by_municipality() -> None:
    tables = release((1, OCT, 5, "filter"), (3, OCT, 5, "filter"))
    tables["customer"] = tables["customer"].with_columns(municipality=pl.lit("091"))
    cells = take_slice(customers.by_region(tables, OCTOBER, region="01"))
    assert people(cells, "municipality") == {"091": 1}


def test_customers_of_100_000_inhabitants() -> None:
    tables = release(*[(who, OCT, 5, "filter") for who in range(1, 7)])
    told = figured(customers.by_region(tables, OCTOBER)).drop_nulls("region")
    assert told.with_columns(pl.col("per_100_000").round(4)).select(
        "region", "per_100_000"
    ).rows() == [
        ("01", 0.1173),
        ("02", 0.8338),
    ]
