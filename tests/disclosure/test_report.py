"""Whole reports, attacked by somebody who knows only what is shown and how the register can be
cut."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

import genlib
from genlib.disclosure import (
    PEOPLE,
    Cells,
    Dimension,
    Measure,
    Policy,
    Protected,
    exposed,
    suppress,
    tabulate,
    verify,
)
from genlib.disclosure.counting import grouping_sets
from genlib.disclosure.model import build

COLUMNS = ["municipality", "region", "age", "kind"]


def register(random: np.random.Generator, count: int) -> pl.DataFrame:
    place = random.integers(0, 6, count)
    return pl.DataFrame(
        {
            "person": range(count),
            "municipality": [f"m{p}" for p in place],
            "region": [f"r{p // 2}" for p in place],
            "age": random.choice(["young", "middle", "old"], count, p=[0.6, 0.3, 0.1]),
            "kind": random.choice(["consumer", "company"], count, p=[0.85, 0.15]),
            "cents": random.lognormal(5, 2, count).astype(int),
        }
    )


def report(random: np.random.Generator, people: pl.DataFrame) -> dict[str, Cells]:
    """One to four tables with other dimensions, totals and measures each time."""
    tables = {}
    for name in range(int(random.integers(1, 5))):
        chosen = random.choice(
            ["municipality", "region", "age", "kind"], int(random.integers(1, 3)), replace=False
        ).tolist()
        chosen = [c for c in chosen if c != "region" or "municipality" not in chosen]
        parents = {"municipality": ("region",)}
        by = [
            Dimension(c, total=bool(random.random() < 0.7), parents=parents.get(c, ()))
            for c in chosen
        ]
        measures = (PEOPLE, Measure("cents", "money")) if random.random() < 0.4 else (PEOPLE,)
        tables[f"table{name}"] = tabulate(
            people.lazy(), person="person", by=by, measures=measures, population="all"
        )
    return tables


def within(cross: pl.DataFrame, where: dict[str, str | None]) -> np.ndarray:
    """Which cells of the finest cross a shown cell is the sum of."""
    part = np.ones(cross.height)
    for column, value in where.items():
        part *= 1 if value is None else (cross[column] == value).to_numpy()
    return part


def knowledge(
    cross: pl.DataFrame, tables: dict[str, Cells], shown: Protected
) -> tuple[np.ndarray, list[int], list[np.ndarray]]:
    """The sums that a reader knows, what they are, and the sums that are hidden as too small;
    absent cells are zero."""
    sums, values, small = [], [], []
    for name, cells in tables.items():
        for row in shown[name].frame.iter_rows(named=True):
            part = within(cross, {column: row[column] for column in cells.dimensions})
            if row["people"] is not None:
                sums, values = [*sums, part], [*values, row["people"]]
            elif row["reason"] == "primary":
                small.append(part)
        for keys in filter(None, grouping_sets(cells.by)):
            unset = [column for column in cells.dimensions if column not in keys]
            level = cells.frame.filter(
                *(pl.col(k).is_not_null() for k in keys), *(pl.col(c).is_null() for c in unset)
            ).select(keys)
            for row in (
                cross.select(keys).unique().join(level, on=keys, how="anti").iter_rows(named=True)
            ):
                sums, values = [*sums, within(cross, row)], [*values, 0]
    return np.array(sums).reshape(-1, cross.height), values, small


@pytest.mark.parametrize("seed", range(24))
def test_no_small_group_of_a_report_can_be_worked_out(seed: int) -> None:
    random = np.random.default_rng(seed)
    people = register(random, int(random.integers(20, 300)))
    tables = report(random, people)
    shown = genlib.protect(**tables)
    cross = (
        people.select("municipality", "region")
        .unique()
        .join(people.select("age").unique(), how="cross")
    )
    cross = cross.join(people.select("kind").unique(), how="cross")
    sums, values, small = knowledge(cross, tables, shown)
    truth = (
        cross.join(people.group_by(COLUMNS).len(), on=COLUMNS, how="left", maintain_order="left")[
            "len"
        ]
        .fill_null(0)
        .to_numpy()
    )
    known = {"A_eq": sums, "b_eq": values} if len(values) else {}
    for part in small:
        low, high = linprog(part, **known), linprog(-part, **known)
        assert low.fun <= part @ truth - 1 + 1e-6
        assert high.status == 3 or -high.fun >= 5 - 1e-6


def big(seed: int) -> Cells:
    """360 municipalities in 15 regions by 8 kinds: 3,384 cells with their margins, some 750 of them
    unsafe."""
    random = np.random.default_rng(seed)
    kinds = np.array([0.4, 0.2, 0.12, 0.1, 0.08, 0.05, 0.03, 0.02])
    count = np.maximum(
        random.poisson(np.outer(random.lognormal(np.log(17), 1, 360), 8 * kinds)), 1
    ).ravel()
    place, kind = np.divmod(np.repeat(np.arange(360 * 8), count), 8)
    columns = {
        "person": range(len(place)),
        "municipality": place,
        "region": place % 15,
        "kind": kind,
    }
    by = [Dimension("municipality", parents=("region",)), Dimension("kind")]
    return tabulate(pl.DataFrame(columns).lazy(), person="person", by=by, population="all")


def test_a_table_of_3384_cells_is_protected_at_proven_optimum() -> None:
    cells = big(1)
    system = build({"big": cells}, Policy()).system
    pattern = suppress(system)
    assert (cells.frame.height, pattern.status, verify(pattern)) == (3384, "optimal", [])
    assert pattern.loss == pytest.approx(pattern.bound)


def test_the_auditor_finds_nothing_exposed_in_a_report() -> None:
    random = np.random.default_rng(5)
    shown = genlib.protect(**report(random, register(random, 150)))
    assert shown.pattern is not None
    assert exposed(shown.pattern).is_empty()
