"""A narrowed report is one slice of a whole: laid side by side, slices and the whole give sums of
groups that are large enough, and nothing else."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import numpy as np
import polars as pl
import pytest

import genlib
from genlib.disclosure import Dimension, Protected, ProtectedTable
from genlib.disclosure.ladder import join_smallest
from genlib.disclosure.population import Population, narrow_to
from genlib.errors import TooFewCustomers, UsageError
from genlib.metrics.population import tabulated
from genlib.metrics.rows import lazy

REGIONS, AGES = ("01", "02", "06", "07"), ("18-34", "35-54", "55-")
T = 5


def register(seed: int, *sizes: int) -> pl.DataFrame:
    """So many customers in each region, of random ages."""
    random = np.random.default_rng(seed)
    regions = [region for region, size in zip(REGIONS, sizes, strict=True) for _ in range(size)]
    ages = random.choice(AGES, len(regions), p=[0.1, 0.3, 0.6])
    kinds = random.choice(["consumer", "company_contact"], len(regions))
    frame = pl.DataFrame({"region": regions, "age": ages, "kind": kinds}).with_row_index("customer")
    return frame.with_columns(
        pseudonym=pl.format("ca1-{}", pl.col("customer").cast(pl.String).str.zfill(26))
    )


def by_age(customers: pl.DataFrame, **cut: str) -> Protected:
    population = Population("customers", None, date(2026, 11, 1), narrow_to(cut))
    by = (Dimension("age", ladder=join_smallest(AGES)),)
    cells = tabulated({"customer": customers}, lazy(customers), by, population)
    return genlib.protect(table=cells)


def people_of(protected: Protected) -> dict[str | None, int]:
    return dict(protected.table.frame.select("age", "people").rows())


def test_a_slice_tells_those_of_its_value() -> None:
    customers = register(1, 200, 300, 80, 90)
    inside = customers.filter(region="06")
    shown = people_of(by_age(customers, region="06"))
    assert shown[None] == inside.height
    assert sum(n for age, n in shown.items() if age) == inside.height


def parts_of(group: str) -> set[str]:
    return set(group.removeprefix("others+").split("+"))


@pytest.mark.parametrize("seed", range(20))
def test_slices_and_the_whole_leave_only_groups_that_are_large_enough(seed: int) -> None:
    """Whatever slices are taken from the whole: what is left of each group that all of them tell is
    nobody or at least five."""
    customers = register(seed, 400, 160, 60, 55)
    tables = {region: by_age(customers, region=region).table for region in REGIONS}
    told = {region: table for region, table in tables.items() if not table.frame.is_empty()}
    for count in range(1, len(told) + 1):
        for regions in combinations(told, count):
            coarsest = min((told[region].rows("age")["age"] for region in regions), key=len)
            for group in coarsest:
                inside = customers.filter(pl.col("age").is_in(parts_of(group)))
                sliced = sum(count_in(told[region], group) for region in regions)
                assert inside.height - sliced == 0 or inside.height - sliced >= T


def count_in(table: ProtectedTable, group: str) -> int:
    rows = table.rows("age").select("age", "people").rows()
    return sum(people for age, people in rows if parts_of(age) <= parts_of(group))


def test_large_values_are_told_in_finer_groups_than_small_ones() -> None:
    customers = register(3, 4000, 300, 60, 55)
    groups = [by_age(customers, region=region).table.frame.height for region in REGIONS]
    assert groups == sorted(groups, reverse=True)
    assert groups[0] > groups[-1]


def test_a_value_of_few_customers_is_not_told_by_itself() -> None:
    customers = register(1, 200, 300, 80, 49)
    with pytest.raises(TooFewCustomers, match="this region has fewer than 50 customers"):
        by_age(customers, region="07")


def test_one_cut_at_a_time() -> None:
    with pytest.raises(UsageError, match="narrowed by one thing at a time, not by kind and region"):
        by_age(register(1, 200, 300, 80, 90), region="06", kind="consumer")
