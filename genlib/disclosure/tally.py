"""Tally: the cells of one level of a table, with what is needed to judge them.

Example: of Oy A four contact persons brought 960 euros, and two consumers 20 each: 6 people, 3
contributors, 1,000 euros, of which the largest contribution is 960, the second 20 and the rest 20.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from genlib.disclosure.cells import CONTRIBUTORS
from genlib.disclosure.members import Level, Members


def count_level(members: Members, level: Level, money: Sequence[str]) -> pl.DataFrame:
    """One row a cell: its codes, `people`, `contributors` and the sums; of money the two largest
    contributions and the rest; of each sum the contributors who have a part in it."""
    lone = level.place(members.lone)
    contacts = level.place(members.contacts)
    cells = _count_people(lone, contacts, members)
    if members.sums:
        is_plain = not money and all(_is_never_negative(rows, members) for rows in (lone, contacts))
        if is_plain:
            sums = _count_events(lone, contacts, members, cells)
        else:
            is_single = cells["people"].sum() == lone.height + contacts.height
            by_person = lone if is_single else _sum_by(lone, members.person, members)
            by_company = _sum_by(contacts, "_company", members)
            sums = _sum_contributions(by_person, by_company, members, money)
        cells = cells.join(sums, on="_cell")
    numbered = level.wholes.with_row_index("_cell")
    return numbered.join(cells, on="_cell").drop("_cell")


def _is_never_negative(rows: pl.DataFrame, members: Members) -> bool:
    """Whether who has a part in a sum has more than nothing in it, however many rows he has."""
    lowest = rows.select(pl.col(members.sums).min().fill_null(0) >= 0)
    return all(lowest.row(0))


def _count_people(lone: pl.DataFrame, contacts: pl.DataFrame, members: Members) -> pl.DataFrame:
    people = pl.len() if members.is_unique else pl.col(members.person).n_unique()
    alone = lone.group_by("_cell").agg(people.alias("_alone"))
    joined = contacts.group_by("_cell").agg(
        people.alias("_contacts"), pl.col("_company").n_unique().alias("_companies")
    )
    both = alone.join(joined, on="_cell", how="full", coalesce=True)
    counts = both.with_columns(pl.exclude("_cell").cast(pl.Int64).fill_null(0))
    return counts.select(
        "_cell",
        (pl.col("_alone") + pl.col("_contacts")).alias("people"),
        (pl.col("_alone") + pl.col("_companies")).alias(CONTRIBUTORS),
    )


def _sum_by(rows: pl.DataFrame, contributor: str, members: Members) -> pl.DataFrame:
    return rows.group_by("_cell", contributor).agg(pl.col(members.sums).sum())


def _count_events(
    lone: pl.DataFrame, contacts: pl.DataFrame, members: Members, everybody: pl.DataFrame
) -> pl.DataFrame:
    """The sums of events, and who had any; `everybody`: the cells with all their people."""
    names = [*members.sums]
    rows = pl.concat([lone.select("_cell", *names), contacts.select("_cell", *names)])
    cells = rows.group_by("_cell").agg(pl.col(names).sum())
    for name in names:
        is_some = pl.col(name) != 0
        some = everybody
        if (rows[name] == 0).any():
            some = _count_people(lone.filter(is_some), contacts.filter(is_some), members)
        having = some.select("_cell", pl.col(CONTRIBUTORS).alias(f"{name}_people"))
        cells = cells.join(having, on="_cell", how="left")
    return cells.fill_null(0)


def _sum_contributions(
    by_person: pl.DataFrame, by_company: pl.DataFrame, members: Members, money: Sequence[str]
) -> pl.DataFrame:
    """The sums, from what each contributor brought to them."""
    columns = ["_cell", *members.sums]
    contributions = pl.concat([by_person.select(columns), by_company.select(columns)])
    totals = pl.col(members.sums).sum()
    having = [(pl.col(name) != 0).sum().alias(f"{name}_people") for name in members.sums]
    sizes = [pl.col(name).abs() for name in money]
    cells = contributions.group_by("_cell").agg(
        totals,
        *(size.top_k(2).name.suffix("_largest") for size in sizes),
        *(size.sum().name.suffix("_size") for size in sizes),
        *having,
    )
    largest = [column for name in money for column in _list_largest(name)]
    of_measures = cells.with_columns(
        pl.col(f"{name}_people").cast(pl.Int64) for name in members.sums
    )
    rest = [_rest(name) for name in money]
    return of_measures.select("_cell", *members.sums, *largest, *rest, pl.col("^.*_people$"))


def _list_largest(name: str) -> list[pl.Expr]:
    """The two largest contributions to a sum, in absolute value; 0 where there is none."""
    largest = pl.col(f"{name}_largest").list.sort(descending=True)
    return [
        largest.list.get(place, null_on_oob=True).fill_null(0).alias(f"{name}_{place + 1}")
        for place in (0, 1)
    ]


def _rest(name: str) -> pl.Expr:
    """What all but the two largest contributed."""
    first, second = _list_largest(name)
    return (pl.col(f"{name}_size") - first - second).alias(f"{name}_rest")
