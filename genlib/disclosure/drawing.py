"""The sketches of the cells of a table: who is in each, by numbers that are the same in every
release of a purpose.

Example: of two consumers and four contact persons of one company three are drawn: each consumer by
his pseudonym, all four by their company's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import polars as pl

from genlib.disclosure.cells import Tables
from genlib.disclosure.members import COMPANY, Level, Members, customers_of, look_up
from genlib.disclosure.sketch import Sketches, draw_sketches, numbers
from genlib.errors import UsageError

ONE = pl.lit(1, pl.Int8).alias("people")
"""What everybody brings to his cell."""
NOBODY = (pl.DataFrame(schema={"_person": pl.Int64, "_number": pl.UInt64}), "")
"""The numbers of customers without pseudonyms."""


def draw_cells(
    members: Members, levels: Sequence[Level], people: Sequence[int], release: Tables | None
) -> pl.DataFrame:
    """The sketches of all cells, by the dimension columns, and their `_numbering`; `levels`: the
    finest first; `people`: how many stand in the cells of each, none where people are not told.

    Where nobody stands in two parts of a whole, its sketch is the sum of theirs. All contact
    persons of a company are drawn by its number, so together they are one in any difference.
    """
    names, domain = _number_customers(members.person, release)
    rows = _list_rows(members, tells_people=bool(people))
    parts = _draw_rows(rows, members, names, members.places.height)
    drawings = []
    for place, level in enumerate(levels):
        wholes = level.wholes.height
        sketches = parts.add_up(level.cells, wholes).pack()
        stand_in_several = bool(people) and people[place] != people[0]
        if stand_in_several:
            persons = level.place(rows).select(members.person, "_cell").unique()
            counted = persons.with_columns(ONE)
            sketches |= _draw_rows(counted, members, names, wholes).pack()
        drawings.append(level.wholes.with_columns(**sketches))
    numbering = _name_numbering(members, domain)
    return pl.concat(drawings, how="diagonal_relaxed").with_columns(_numbering=pl.lit(numbering))


def _list_rows(members: Members, *, tells_people: bool) -> pl.DataFrame:
    """The rows of all; one a person and cell, with `people`, where these are told.

    Example: whoever paid 5 and 2 euros in a cell is one row of 7 euros and 1 person.
    """
    rows = members.rows.drop("_company")
    if not tells_people:
        return rows
    if members.is_unique:
        return rows.with_columns(ONE)
    by_person = rows.lazy().group_by(members.person, "_cell")
    return by_person.agg(pl.col(members.sums).sum(), ONE).collect(engine="streaming")


def _draw_rows(
    rows: pl.DataFrame,
    members: Members,
    names: pl.DataFrame,
    cells: int,
) -> Sketches:
    """The sketches of what everybody brought to each cell, by his number."""
    add_numbers = partial(_add_numbers, person=members.person, names=names)
    return draw_sketches(rows, cells, add_numbers)


def knows_pseudonyms(person: str, customers: Any) -> bool:
    """Whether the numbers by which people are drawn can be told.

    >>> knows_pseudonyms("pseudonym", None), knows_pseudonyms("customer", None)
    (True, False)
    >>> knows_pseudonyms("customer", pl.DataFrame({"customer": [1], "pseudonym": ["c1-k"]}))
    True
    """
    if person in {"pseudonym", COMPANY}:
        return True
    if customers is None:
        return False
    return "pseudonym" in customers.lazy().collect_schema()


def _name_numbering(members: Members, domain: str) -> str:
    """By which numbers contributors are drawn: the purpose and epoch of their pseudonyms, and
    whether companies have one of their own. Those of another numbering cannot be compared.

    Example: of the pseudonyms "c1-..." of a release that tells companies it is "c1/company".
    """
    if members.person == "pseudonym":
        domain = _read_domain(members.rows["pseudonym"])
    are_joined = members.person == COMPANY or members.tells_companies
    return f"{domain}/company" if are_joined else domain


def _read_domain(pseudonyms: pl.Series) -> str:
    """What stands before the first pseudonym, if there is any.

    >>> _read_domain(pl.Series(["c1-000000000001"])), _read_domain(pl.Series(dtype=pl.String))
    ('c1', '')
    """
    return "".join(pseudonyms.drop_nulls().head(1)).partition("-")[0]


def _number_customers(person: str, release: Tables | None) -> tuple[pl.DataFrame, str]:
    """The stable `_number` of each customer, that of his company if he stands for one, and the
    domain of their pseudonyms; of nobody where customers have none. Worked out once for a
    release."""
    memory: dict[str, tuple[pl.DataFrame, str]] = getattr(release, "memory", {})
    column = "pseudonym" if person == "pseudonym" else "customer"
    if column not in memory:
        customers = customers_of(release)
        has_pseudonyms = knows_pseudonyms("customer", customers)
        memory[column] = _work_out_numbers(customers.lazy(), column) if has_pseudonyms else NOBODY
    return memory[column]


def _work_out_numbers(customers: pl.LazyFrame, column: str) -> tuple[pl.DataFrame, str]:
    """The `_number` of each customer, by this column as `_person`, and the domain.

    Customer 1 stands for company 7:

    >>> pseudonyms = ["c1-000000000001000000000002", "c1-000000000001000000000003"]
    >>> customers = pl.LazyFrame(
    ...     {"customer": [1, 2], "pseudonym": pseudonyms, "company": [7, None]}
    ... )
    >>> names, domain = _work_out_numbers(customers, "customer")
    >>> names["_number"].to_list()[0], domain
    (7, 'c1')
    """
    schema = customers.collect_schema()
    wanted = dict.fromkeys([column, "pseudonym", COMPANY])
    names = customers.select(name for name in wanted if name in schema).collect()
    number = numbers(names["pseudonym"])
    if COMPANY in names.columns:
        number = _read_companies(names[COMPANY]).fill_null(number)
    numbered = names.select(pl.col(column).alias("_person"), _number=number)
    return numbered.sort("_person"), _read_domain(names["pseudonym"])


def _add_numbers(rows: pl.DataFrame, person: str, names: pl.DataFrame) -> pl.DataFrame:
    """The rows, with the stable `_number` of each contributor (null: not known) in place of him.

    Customer 3 is not among the names:

    >>> names = pl.DataFrame({"_person": [1, 2], "_number": [11, 12]})
    >>> rows = pl.DataFrame({"customer": [1, 3], "people": [1, 1]})
    >>> _add_numbers(rows, "customer", names).rows()
    [(1, 11), (1, None)]
    """
    if person == COMPANY:
        return rows.select(pl.exclude(person), _number=_read_companies(rows[person]))
    number = look_up(rows[person], names["_person"], names["_number"])
    if person == "pseudonym":
        number = number.fill_null(numbers(rows[person]))
    return rows.drop(person).with_columns(_number=number)


def _read_companies(companies: pl.Series) -> pl.Series:
    """The numbers of companies as those of contributors; UsageError, without a value, for what is
    none.

    >>> _read_companies(pl.Series([7, None])).to_list()
    [7, None]
    """
    is_number = companies.dtype.is_integer() or companies.dtype == pl.Null
    if not is_number or (companies < 0).any():
        raise UsageError("column company holds what numbers no company: they are whole, from 0 on")
    return companies.cast(pl.UInt64)
