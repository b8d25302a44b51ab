"""Tally: the cells of one level of a table, with what is needed to judge them.

Example: of Oy A four contact persons brought 960 euros, and two consumers 20 each: 6 people, 3
contributors, 1,000 euros, of which the largest contribution is 960, the second 20 and the rest 20.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from genlib.disclosure.cells import CONTRIBUTORS
from genlib.disclosure.members import Level, Members, number_cells


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
    rows = level.place(members.rows)
    cells = _count_people(rows, members)
    if members.sums:
        cells = cells.join(_count_sums(rows, members, cells, money), on="_cell")
    codes = number_cells(level.wholes)
    return codes.join(cells, on="_cell").drop("_cell")


def _count_people(rows: pl.DataFrame, members: Members) -> pl.DataFrame:
    """The `people` of each cell, and the `contributors`: all contacts of a company are one.

    Example: two consumers and four contact persons of one company: 6 people, 3 contributors.
    """
    is_contact = pl.col("_company").is_not_null()
    person = pl.col(members.person)
    people = pl.len()
    contacts = is_contact.sum()
    if not members.is_unique:
        people = person.n_unique()
        contacts = person.filter(is_contact).n_unique()
    companies = pl.col("_company").drop_nulls().n_unique()
    counts = rows.group_by("_cell").agg(people=people, more=contacts - companies)
    numbers = counts.cast({"people": pl.Int64, "more": pl.Int64})
    contributors = pl.col("people") - pl.col("more")
    return numbers.select("_cell", "people", contributors.alias(CONTRIBUTORS))


def _count_sums(
    rows: pl.DataFrame, members: Members, cells: pl.DataFrame, money: Sequence[str]
) -> pl.DataFrame:
    """The sums of the cells. What each contributor brought need not be summed first where nothing
    can cancel out and nobody asks who brought most.

    Example: a bill of 5 euros and a credit note of 5 cancel out, so nobody paid, though both are a
    row.
    """
    sums = pl.col(members.sums)
    lowest = rows.select(sums.min().fill_null(0) >= 0)
    if all(lowest.row(0)) and not money:
        return _count_events(rows, members, cells)
    contributions = rows
    if cells[CONTRIBUTORS].sum() != rows.height:
        alone = pl.when(pl.col("_company").is_null()).then(members.person)
        by_contributor = rows.lazy().group_by("_cell", "_company", _alone=alone)
        contributions = by_contributor.agg(sums.sum()).collect(engine="streaming")
    return count_contributions(contributions, members.sums, money)


def _count_events(rows: pl.DataFrame, members: Members, everybody: pl.DataFrame) -> pl.DataFrame:
    """The sums of events, and who had any; `everybody`: the cells with all their people.

    Example: of 3 people with 2, 1 and 0 answers, 3 answers, and 2 people who gave any.
    """
    cells = rows.group_by("_cell").agg(pl.col(members.sums).sum())
    for name in members.sums:
        is_zero = rows[name] == 0
        some = _count_people(rows.filter(~is_zero), members) if is_zero.any() else everybody
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
