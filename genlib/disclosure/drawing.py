"""The sketches of the cells of a table: who is in each, by numbers that are the same in every
release of a purpose.

Example: of two consumers and four contact persons of one company three are drawn: each consumer by
his pseudonym, all four by their company's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from genlib.disclosure.cells import Tables
from genlib.disclosure.members import COMPANY, Level, Members, customers_of
from genlib.disclosure.sketch import Sketches, draw_sketches, numbers

WHO = "people"
"""What everybody brings one of to his cell."""


def draw_cells(
    members: Members, levels: Sequence[Level], people: Sequence[int], release: Tables | None
) -> pl.DataFrame:
    """The sketches of all cells, by the dimension columns, and their `_numbering`; `levels`: the
    finest first; `people`: how many stand in the cells of each, none where people are not told.

    Where nobody stands in two parts of a whole, its sketch is the sum of theirs. All contact
    persons of a company are drawn by its number, so together they are one in any difference.
    """
    names = _list_numbers(members.person, release)
    rows = _list_rows(members, tells_people=bool(people))
    parts = _draw(rows, members, names, members.places.height)
    drawings = []
    for place, level in enumerate(levels):
        wholes = level.wholes.height
        sketches = parts.add_up(level.cells, wholes).pack()
        if people and people[place] != people[0]:
            persons = _list_persons(level.place(rows), members.person)
            sketches |= _draw(persons, members, names, wholes).pack()
        drawings.append(level.wholes.with_columns(**sketches))
    numbering = _name_numbering(members, customers_of(release))
    return pl.concat(drawings, how="diagonal_relaxed").with_columns(_numbering=pl.lit(numbering))


def _list_rows(members: Members, *, tells_people: bool) -> pl.DataFrame:
    """The rows of all; one a person and cell, with `people`, where these are told."""
    columns = [members.person, "_cell", *members.sums]
    rows = pl.concat([members.lone.select(columns), members.contacts.select(columns)])
    if not tells_people:
        return rows
    if members.is_unique:
        return rows.with_columns(_one())
    return rows.group_by(members.person, "_cell").agg(pl.col(members.sums).sum(), _one())


def _list_persons(rows: pl.DataFrame, person: str) -> pl.DataFrame:
    return rows.select(person, "_cell").unique().with_columns(_one())


def _one() -> pl.Expr:
    return pl.lit(1, pl.Int8).alias(WHO)


def _draw(rows: pl.DataFrame, members: Members, names: pl.DataFrame | None, cells: int) -> Sketches:
    """The sketches of what everybody brought to each cell."""
    return draw_sketches(_with_numbers(rows, members.person, names), cells)


def knows_pseudonyms(person: str, customers: Any) -> bool:
    """Whether the numbers by which people are drawn can be told."""
    if person in {"pseudonym", COMPANY}:
        return True
    return customers is not None and "pseudonym" in customers.lazy().collect_schema()


def _name_numbering(members: Members, customers: Any) -> str:
    """By which numbers contributors are drawn: the purpose and epoch of their pseudonyms, and
    whether companies have one of their own. Those of another numbering cannot be compared."""
    first = pl.Series(dtype=pl.String)
    if members.person == "pseudonym":
        everybody = [members.lone["pseudonym"], members.contacts["pseudonym"]]
        first = pl.concat(everybody).head(1)
    elif knows_pseudonyms("customer", customers):
        first = customers.lazy().select(pl.col("pseudonym").head(1)).collect().to_series()
    domain = str(first[0]).partition("-")[0] if len(first) else ""
    are_joined = members.person == COMPANY or members.tells_companies
    return f"{domain}/company" if are_joined else domain


def _list_numbers(person: str, release: Tables | None) -> pl.DataFrame | None:
    """The stable `_number` of each customer, that of his company if he stands for one; None where
    nobody is a customer, or customers have no pseudonym. They are worked out once for a release."""
    customers = customers_of(release)
    if person == COMPANY or not knows_pseudonyms("customer", customers):
        return None
    memory: dict[str, pl.DataFrame] = getattr(release, "memory", {})
    column = "pseudonym" if person == "pseudonym" else "customer"
    if column not in memory:
        memory[column] = _work_out_numbers(customers.lazy(), column)
    return memory[column]


def _work_out_numbers(customers: pl.LazyFrame, column: str) -> pl.DataFrame:
    there = [name for name in (column, "pseudonym", COMPANY) if name in customers.collect_schema()]
    names = customers.select([*dict.fromkeys(there)]).collect()
    number = numbers(names["pseudonym"])
    if COMPANY in names.columns:
        number = names.select(pl.coalesce(pl.col(COMPANY).cast(pl.UInt64), number)).to_series()
    return names.select(pl.col(column).alias("_person"), _number=number)


def _with_numbers(rows: pl.DataFrame, person: str, names: pl.DataFrame | None) -> pl.DataFrame:
    """The rows, with the stable `_number` of each contributor (null: not known) in place of him."""
    numbered = rows.with_columns(_number=pl.lit(None, pl.UInt64))
    if person == COMPANY:
        numbered = rows.with_columns(_number=pl.col(COMPANY).cast(pl.UInt64))
    elif names is not None:
        whose = names.with_columns(pl.col("_person").cast(rows.schema[person], strict=False))
        numbered = rows.join(whose, left_on=person, right_on="_person", how="left")
    if person == "pseudonym":
        own = numbers(numbered[person])
        numbered = numbered.with_columns(_number=pl.coalesce("_number", own))
    return numbered.drop(person)
