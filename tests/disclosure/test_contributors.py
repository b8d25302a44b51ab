"""Who could be harmed contributes: all contact persons of a company are one."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import genlib
from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Measure
from genlib.disclosure.figures import NOTHING_EARLIER, list_figures
from genlib.disclosure.near import find_twins
from genlib.disclosure.policy import Policy
from genlib.errors import UsageError

MONEY = Measure("cents", "money")
COMPANY = 2**62
Rows = list[tuple[int, str, int]]


def count_cells(rows: Rows, companies: dict[int, int], *, person: str = "customer") -> Cells:
    """The cells of rows (customer, group, cents), of whom some stand for companies."""
    numbers = sorted({customer for customer, _, _ in rows})
    people = pl.DataFrame(
        {
            "customer": numbers,
            "pseudonym": [f"ca1-{number:026d}" for number in numbers],
            "company": [companies.get(number) for number in numbers],
        },
        schema={"customer": pl.UInt32, "pseudonym": pl.String, "company": pl.Int64},
    )
    told = pl.DataFrame(rows, schema=["customer", "group", "cents"], orient="row").lazy()
    named = told.with_columns(pl.col("customer").cast(pl.UInt32)).join(
        people.lazy().select("customer", "pseudonym"), on="customer"
    )
    return genlib.tabulate(
        named,
        person=person,
        by=[Dimension("group")],
        measures=[PEOPLE, MONEY],
        population="buyers",
        release={"customer": people.lazy()},
    )


PSEUDONYMS = [f"ca1-{number:026d}" for number in range(12)]


def count_pseudonyms(**customers: list[int]) -> Cells:
    """Twelve people in one group by pseudonym, of a release whose customers have none."""
    return genlib.tabulate(
        pl.DataFrame({"pseudonym": PSEUDONYMS, "group": ["a"] * 12}),
        person="pseudonym",
        by=[Dimension("group")],
        population="buyers",
        release={"customer": pl.LazyFrame(customers)},
    )


def test_pseudonyms_are_drawn_by_themselves_where_the_customers_have_none() -> None:
    cells = count_pseudonyms(customer=[*range(12)])
    assert list_figures(cells)["sketch"].null_count() == 0
    assert cells.draw is not None
    assert cells.draw()["_numbering"].unique().to_list() == ["ca1"]


def test_nobody_knows_the_companies_of_pseudonyms_that_the_customers_do_not_have() -> None:
    with pytest.raises(UsageError, match="nobody knows which of them stand for the same company"):
        count_pseudonyms(customer=[*range(12)], company=[COMPANY] * 12)


FOUR_OF_ONE: Rows = [(n, "a", 240) for n in range(4)] + [(n, "a", 5) for n in range(4, 12)]


def test_a_company_with_96_per_cent_of_the_money_is_one_contributor() -> None:
    """Four contact persons brought 960 of 1000 cents: by person each hides behind the others."""
    alone = count_cells(FOUR_OF_ONE, {})
    together = count_cells(FOUR_OF_ONE, dict.fromkeys(range(4), COMPANY))
    largest = ["people", "contributors", "cents_1", "cents_2", "cents_rest"]
    assert alone.frame.filter(group="a").select(largest).row(0) == (12, 12, 240, 240, 520)
    assert together.frame.filter(group="a").select(largest).row(0) == (12, 9, 960, 5, 35)
    protected = genlib.protect(buyers=together).buyers.frame
    assert protected["cents"].null_count() == protected.height
    assert genlib.protect(buyers=alone).buyers.frame["cents"].null_count() == 0


def test_people_of_few_companies_are_few() -> None:
    """Twelve contact persons of four companies are told as little as four people are."""
    rows: Rows = [(n, "a", 10) for n in range(12)] + [(n, "b", 10) for n in range(12, 30)]
    companies = {n: COMPANY + n % 4 for n in range(12)}
    shown = genlib.protect(buyers=count_cells(rows, companies)).buyers.frame
    assert shown.filter(group="a")["people"].item() is None


def test_figures_that_one_company_parts_are_near_twins() -> None:
    """Of 20 people 6 stand for one company; without them the second group is the first."""
    rows: Rows = [(n, group, 1) for n in range(20) for group in ("a", "b") if group == "a" or n > 5]
    apart = count_cells(rows, {})
    together = count_cells(rows, dict.fromkeys(range(6), COMPANY))
    assert find_twins(
        list_figures(apart).with_row_index("figure"), NOTHING_EARLIER, Policy()
    ).is_empty()
    assert not find_twins(
        list_figures(together).with_row_index("figure"), NOTHING_EARLIER, Policy()
    ).is_empty()


def test_a_pseudonym_stands_for_its_company_too() -> None:
    cells = count_cells(FOUR_OF_ONE, dict.fromkeys(range(4), COMPANY), person="pseudonym")
    assert cells.frame.filter(group="a").select("people", "contributors").row(0) == (12, 9)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ab"), st.integers(-9, 9)), min_size=1),
    st.dictionaries(st.integers(0, 9), st.integers(COMPANY, COMPANY + 3)),
)
def test_contributors_are_counted_as_one_by_one(rows: Rows, companies: dict[int, int]) -> None:
    cells = count_cells(rows, companies).frame
    for group in ("a", "b", None):
        inside = [row for row in rows if group in (row[1], None)]
        if not inside:
            continue
        brought: dict[int, int] = {}
        for customer, _, cents in inside:
            whose = companies.get(customer, customer)
            brought[whose] = brought.get(whose, 0) + cents
        sizes = [*sorted(map(abs, brought.values()), reverse=True), 0]
        cell = cells.filter(pl.col("group").eq_missing(pl.lit(group)))
        assert cell["people"].item() == len({row[0] for row in inside})
        assert cell["contributors"].item() == len(brought)
        assert cell["cents"].item() == sum(brought.values())
        assert cell.select("cents_1", "cents_2").row(0) == (sizes[0], sizes[1])


def test_rows_that_are_unique_are_counted_and_drawn_the_same() -> None:
    rows = [(n, "ab"[n % 2]) for n in range(40)]
    people = pl.DataFrame(
        {
            "customer": range(40),
            "pseudonym": [f"ca1-{number:026d}" for number in range(40)],
            "company": [COMPANY + n % 3 if n < 9 else None for n in range(40)],
        },
        schema={"customer": pl.UInt32, "pseudonym": pl.String, "company": pl.Int64},
    )
    frame = pl.DataFrame(rows, schema=["customer", "group"], orient="row").lazy()
    summed, unique = (
        genlib.tabulate(
            frame,
            person="customer",
            by=[Dimension("group")],
            population="asked",
            release={"customer": people.lazy()},
            is_unique=is_unique,
        )
        for is_unique in (False, True)
    )
    assert_frame_equal(summed.frame, unique.frame)
    assert summed.draw is not None
    assert unique.draw is not None
    assert_frame_equal(summed.draw(), unique.draw(), check_row_order=False)
