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
    contributions and the rest; of each sum the contributors who have a part in it.

    Customer 1 paid 5 and 2 euros, customer 2 paid 9:

    >>> from genlib.disclosure.members import gather_members
    >>> payments = pl.DataFrame(
    ...     {
    ...         "customer": [1, 1, 2],
    ...         "region": ["01", "01", "01"],
    ...         "euros": [5, 2, 9],
    ...     }
    ... )
    >>> members = gather_members(
    ...     payments,
    ...     person="customer",
    ...     columns=["region"],
    ...     sums=["euros"],
    ...     release=None,
    ...     is_unique=False,
    ... )
    >>> count_level(members, Level.of(members, ["region"]), ["euros"]).to_dicts()
    [{'region': '01', 'people': 2, 'contributors': 2, 'euros': 16, 'euros_1': 9, 'euros_2': 7,
      'euros_rest': 0, 'euros_people': 2}]
    """
    lone = level.place(members.lone)
    contacts = level.place(members.contacts)
    cells = _count_people(lone, contacts, members)
    if members.sums:
        sums = _count_sums(lone, contacts, members, cells, money)
        cells = cells.join(sums, on="_cell")
    codes = level.wholes.with_row_index("_cell")
    return codes.join(cells, on="_cell").drop("_cell")


def _count_sums(
    lone: pl.DataFrame,
    contacts: pl.DataFrame,
    members: Members,
    cells: pl.DataFrame,
    money: Sequence[str],
) -> pl.DataFrame:
    """The sums of the cells. What each contributor brought need not be summed first where nothing
    can cancel out and nobody asks who brought most."""
    never_negative = _is_never_negative(lone, members) and _is_never_negative(contacts, members)
    if never_negative and not money:
        return _count_events(lone, contacts, members, cells)
    by_person = lone
    has_repeats = cells["people"].sum() != lone.height + contacts.height
    if has_repeats:
        by_person = _sum_by(lone, members.person, members)
    by_company = _sum_by(contacts, "_company", members)
    columns = ["_cell", *members.sums]
    contributions = pl.concat([by_person.select(columns), by_company.select(columns)])
    return count_contributions(contributions, members.sums, money)


def _is_never_negative(rows: pl.DataFrame, members: Members) -> bool:
    """Whether who has a part in a sum has more than nothing in it, however many rows he has.

    Example: a bill of 5 euros and a credit note of 5 cancel out, so nobody paid, though both are a
    row.
    """
    lowest = rows.select(pl.col(members.sums).min().fill_null(0) >= 0)
    return all(lowest.row(0))


def _count_people(lone: pl.DataFrame, contacts: pl.DataFrame, members: Members) -> pl.DataFrame:
    """The `people` of each cell, and the `contributors`: all contacts of a company are one.

    Example: two consumers and four contact persons of one company: 6 people, 3 contributors.
    """
    people = pl.len() if members.is_unique else pl.col(members.person).n_unique()
    companies = pl.col("_company").n_unique()
    by_cell = lone.group_by("_cell").agg(_alone=people)
    by_cell_of_contacts = contacts.group_by("_cell").agg(_contacts=people, _companies=companies)
    both = by_cell.join(by_cell_of_contacts, on="_cell", how="full", coalesce=True)
    counts = both.with_columns(pl.exclude("_cell").cast(pl.Int64).fill_null(0))
    contributors = pl.col("_alone") + pl.col("_companies")
    return counts.select(
        "_cell",
        (pl.col("_alone") + pl.col("_contacts")).alias("people"),
        contributors.alias(CONTRIBUTORS),
    )


def _sum_by(rows: pl.DataFrame, contributor: str, members: Members) -> pl.DataFrame:
    return rows.group_by("_cell", contributor).agg(pl.col(members.sums).sum())


def _count_events(
    lone: pl.DataFrame, contacts: pl.DataFrame, members: Members, everybody: pl.DataFrame
) -> pl.DataFrame:
    """The sums of events, and who had any; `everybody`: the cells with all their people.

    Example: of 3 people with 2, 1 and 0 answers, 3 answers, and 2 people who gave any.
    """
    columns = ["_cell", *members.sums]
    rows = pl.concat([lone.select(columns), contacts.select(columns)])
    cells = rows.group_by("_cell").agg(pl.col(members.sums).sum())
    for name in members.sums:
        some = everybody
        has_some = pl.col(name) != 0
        if (rows[name] == 0).any():
            some = _count_people(lone.filter(has_some), contacts.filter(has_some), members)
        having = some.select("_cell", pl.col(CONTRIBUTORS).alias(f"{name}_people"))
        cells = cells.join(having, on="_cell", how="left")
    return cells.fill_null(0)


def count_contributions(
    contributions: pl.DataFrame, sums: Sequence[str], money: Sequence[str]
) -> pl.DataFrame:
    """The sums of each `_cell`, from one row a contributor; of money the two largest (`_1`, `_2`)
    and the `_rest`, in absolute value; of each sum the contributors (`_people`) with some in it.

    Of Oy A 960 euros, and two consumers 20 each:

    >>> contributions = pl.DataFrame({"_cell": [0, 0, 0], "euros": [960, 20, 20]})
    >>> count_contributions(contributions, ["euros"], ["euros"]).to_dicts()
    [{'_cell': 0, 'euros': 1000, 'euros_1': 960, 'euros_2': 20, 'euros_rest': 20,
      'euros_people': 3}]
    """
    figures = [pl.col(sums).sum()]
    figures += [(pl.col(name) != 0).sum().alias(f"{name}_people") for name in sums]
    for name in money:
        size = pl.col(name).abs()
        figures.append(size.top_k(2).alias(f"{name}_largest"))
        figures.append(size.sum().alias(f"{name}_size"))
    cells = contributions.group_by("_cell").agg(figures)
    largest: list[pl.Expr] = []
    rests = []
    for name in money:
        first = _take_largest(name, 0)
        second = _take_largest(name, 1)
        rest = pl.col(f"{name}_size") - first - second
        largest += [first.alias(f"{name}_1"), second.alias(f"{name}_2")]
        rests.append(rest.alias(f"{name}_rest"))
    people = pl.col("^.*_people$").cast(pl.Int64)
    return cells.select("_cell", *sums, *largest, *rests, people)


def _take_largest(name: str, place: int) -> pl.Expr:
    """The largest contribution to a sum (`place` 0), or the second; 0 where there is none.

    >>> sums = pl.DataFrame({"euros_largest": [[20, 960], [40]]})
    >>> sums.select(_take_largest("euros", 1)).to_series().to_list()
    [20, 0]
    """
    largest = pl.col(f"{name}_largest").list.sort(descending=True)
    return largest.list.get(place, null_on_oob=True).fill_null(0)
