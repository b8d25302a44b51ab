"""A narrowed report is one slice of the full cross: laid side by side, slices and the whole give
sums of groups that are large enough, and nothing else."""

from __future__ import annotations

from datetime import date
from itertools import combinations, product

import numpy as np
import polars as pl
import pytest

import genlib
from genlib.disclosure import Dimension, Protected
from genlib.disclosure.ladder import join_smallest
from genlib.disclosure.population import Population, narrow_to
from genlib.errors import Refused, UsageError
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


@pytest.mark.parametrize("seed", range(20))
def test_slices_and_the_whole_leave_only_groups_that_are_large_enough(seed: int) -> None:
    """Whatever slices are taken from the whole: at the steps of the slices, what is left of each
    group is nobody or at least five."""
    customers = register(seed, 400, 160, 60, 55)
    whole = customers.group_by("age").len()
    shown = {region: by_age(customers, region=region).table for region in REGIONS}
    steps = {frozenset(table.frame["age"].drop_nulls()) for table in shown.values()}
    if any(table.frame.is_empty() for table in shown.values()):
        return
    (groups,) = steps or {frozenset()}
    parts = {group: set(group.removeprefix("others+").split("+")) for group in groups}
    for count, group in product(range(1, 4), groups):
        all_ = whole.filter(pl.col("age").is_in(parts[group]))["len"].sum()
        for regions in combinations(REGIONS, count):
            told = sum(shown[region].rows(age=group)["people"].item() for region in regions)
            assert all_ - told == 0 or all_ - told >= T


def test_all_slices_have_the_same_steps() -> None:
    customers = register(3, 400, 300, 60, 55)
    groups = {tuple(people_of(by_age(customers, region=region))) for region in REGIONS}
    assert len(groups) == 1


def test_a_value_of_few_customers_is_not_told_by_itself() -> None:
    customers = register(1, 200, 300, 80, 49)
    with pytest.raises(Refused, match="this region has fewer than 50 customers"):
        by_age(customers, region="07")


def test_one_cut_at_a_time() -> None:
    with pytest.raises(UsageError, match="narrowed by one thing at a time, not by kind and region"):
        by_age(register(1, 200, 300, 80, 90), region="06", kind="consumer")
