"""Members: who is in the cells of a table, and what each brought, in as few bytes as that takes.

Every engine's rows come here, and from here on Polars counts. A cell is a number, and its codes
stand once, in `places`: so a row is two numbers and the sums.

Example: of customers 1 and 2 in region "01" and 3 in "06" the places are 0: "01" and 1: "06", and
the rows (1, 0), (2, 0) and (3, 1). The total has one cell, and both places lie in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Dimension, Rows, Tables
from genlib.disclosure.ladder import Steps, step_down
from genlib.errors import UsageError

COMPANY = "company"
"""The column of a release's customers that tells for which company somebody stands."""
EVERYBODY = "_all"
"""A column of places that is the same in all, so that there is one cell where nothing is told by.
"""


@dataclass(frozen=True)
class Members:
    """Rows of `person`, the number of the `_cell`, the sums, whole numbers and never null, and the
    `_company` that somebody stands for (null: for himself); cells and companies in as few bytes as
    numbers so large need. `places`: the cells in the order of their numbers, with the code in each
    dimension. `is_unique`: nobody has two rows in a cell, nor stands in two parts of any whole.
    `tells_companies`: the release says who stands for one."""

    rows: pl.DataFrame
    places: pl.DataFrame
    person: str
    sums: tuple[str, ...]
    is_unique: bool = False
    tells_companies: bool = False

    def step_down(self, by: Sequence[Dimension], steps: Steps) -> Members:
        """The members of the cells of coarser groups."""
        numbered = number_cells(self.places, "_fine")
        coarser = step_down(nw.from_native(numbered), by, steps).to_native()
        places = coarser.select(self.places.columns).unique()
        cells = _join_cells(coarser, places).select("_fine", "_cell")
        return replace(self, rows=_move_rows(self.rows, cells), places=places)


@dataclass(frozen=True)
class Level:
    """One level of a table: the columns that are set (`keys`), its cells in the order of their
    numbers (`wholes`), and of each finest cell the number of that in which it lies (`cells`)."""

    keys: tuple[str, ...]
    wholes: pl.DataFrame
    cells: pl.Series

    @classmethod
    def of(cls, members: Members, keys: Sequence[str]) -> Level:
        """The cells of members where these columns are set."""
        placed = members.places.select(*keys, EVERYBODY)
        wholes = placed.unique()
        cells = _join_cells(placed, wholes)["_cell"]
        return cls(tuple(keys), wholes.drop(EVERYBODY), cells)

    def place(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows, with the number of their cell on this level."""
        return rows.with_columns(_cell=pl.lit(self.cells).gather("_cell"))


def gather_members(  # noqa: PLR0913 - what a table is
    rows: Rows,
    *,
    person: str,
    columns: Sequence[str],
    sums: Sequence[str],
    release: Tables | None,
    is_unique: bool,
) -> Members:
    """The members of the finest cells of rows. UsageError if the release tells for which companies
    people stand, and `person` is no customer of it: then nobody knows who is one contributor."""
    numbers = [nw.col(name).cast(nw.Int64).fill_null(0) for name in sums]
    frame = nw.from_native(rows).select(person, *columns, *numbers)
    companies = _read_companies(frame, person, release)
    contributions = _read_narrow(frame, person, columns, sums, is_unique=is_unique)
    keys = [*columns, EVERYBODY]
    places: pl.DataFrame = contributions.select(keys).unique().collect(engine="streaming")
    numbered = number_cells(places).lazy()
    joined = contributions.join(numbered, on=keys, nulls_equal=True)
    placed: pl.DataFrame = joined.select(person, "_cell", *sums).collect(engine="streaming")
    is_once = is_unique or placed[person].n_unique() == placed.height
    return Members(
        rows=_add_companies(placed, person, companies),
        places=places,
        person=person,
        sums=tuple(sums),
        is_unique=is_once,
        tells_companies=companies is not None,
    )


def _read_narrow(
    frame: Any, person: str, columns: Sequence[str], sums: Sequence[str], *, is_unique: bool
) -> pl.LazyFrame:
    """Rows of Polars, in memory but where they are unique: then they are many, and read twice with
    little work. Of other engines one row a person and cell."""
    if not frame.implementation.is_polars():
        totals = [nw.col(name).sum() for name in sums]
        frame = nw.from_native(collect(frame.group_by(person, *columns).agg(*totals)))
    native: pl.LazyFrame = frame.lazy().to_native()
    contributions = native.with_columns(pl.lit(True).alias(EVERYBODY))
    return contributions if is_unique else contributions.collect(engine="streaming").lazy()


def _join_cells(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The rows, with the number of the `_cell` that each lies in.

    >>> rows = pl.DataFrame({"region": ["06", "01", "06"]})
    >>> _join_cells(rows, pl.DataFrame({"region": ["01", "06"]})).rows()
    [('06', 1), ('01', 0), ('06', 1)]
    """
    return rows.join(
        number_cells(places),
        on=places.columns,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )


def number_cells(places: pl.DataFrame, name: str = "_cell") -> pl.DataFrame:
    """The places, with the number of each in as few bytes as numbers so large need.

    >>> number_cells(pl.DataFrame({"region": ["06", "01"]})).dtypes
    [UInt8, String]
    """
    numbered = places.with_row_index(name)
    return numbered.with_columns(numbered[name].shrink_dtype())


def _move_rows(rows: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """The rows in the cells of coarser groups, without those that are in none.

    Cells 0 and 1 become one, cell 2 is in no coarser group:

    >>> rows = pl.DataFrame({"customer": [7, 8, 9], "_cell": [0, 1, 2]})
    >>> _move_rows(rows, pl.DataFrame({"_fine": [0, 1], "_cell": [0, 0]})).rows()
    [(7, 0), (8, 0)]
    """
    moved = rows.rename({"_cell": "_fine"}).join(cells, on="_fine")
    return moved.select(rows.columns)


def customers_of(release: Tables | None) -> Any:
    """Table customer of a release, if there is one.

    >>> customers_of({"invoice": pl.DataFrame()}) is None
    True
    """
    with suppress(KeyError):
        return None if release is None else release["customer"]
    return None


def _read_companies(frame: Any, person: str, release: Tables | None) -> pl.DataFrame | None:
    """The `_company` that each `_person` stands for, in the order of persons; None if the release
    does not tell, or the rows are of companies."""
    customers = customers_of(release)
    if customers is None or person == COMPANY:
        return None
    everybody = nw.from_native(customers).lazy()
    if COMPANY not in everybody.collect_schema():
        return None
    is_number = frame.collect_schema()[person].is_integer()
    is_pseudonym = person == "pseudonym" and person in everybody.collect_schema()
    if not (is_number or is_pseudonym):
        raise UsageError(
            f"person {person} is neither the whole number of a customer of the release nor the "
            "pseudonym, so nobody knows which of them stand for the same company"
        )
    key = nw.col("customer") if is_number else nw.col("pseudonym")
    named = everybody.select(key.alias("_person"), nw.col(COMPANY).alias("_company"))
    companies = collect(named).sort("_person")
    return companies.with_columns(companies["_company"].shrink_dtype())


def _add_companies(rows: pl.DataFrame, person: str, companies: pl.DataFrame | None) -> pl.DataFrame:
    """The rows, with the `_company` that each person stands for.

    Customer 8 stands for company 5:

    >>> companies = pl.DataFrame({"_person": [8], "_company": [5]})
    >>> _add_companies(pl.DataFrame({"customer": [7, 8]}), "customer", companies).rows()
    [(7, None), (8, 5)]
    """
    if companies is None:
        return rows.with_columns(_company=pl.lit(None, pl.Int64))
    company = look_up(rows[person], companies["_person"], companies["_company"])
    return rows.with_columns(_company=company)


def look_up(keys: pl.Series, names: pl.Series, values: pl.Series) -> pl.Series:
    """The value of each key; null of one that is not among the names, which are in order. Where
    these count from 0 on, as the customers of a release do, a key is its own place: a join of as
    many rows takes thirty times as long.

    >>> companies = pl.Series([None, 5])
    >>> look_up(pl.Series([8, 7, 9, 8]), pl.Series([7, 8]), companies).to_list()
    [5, None, None, 5]
    """
    if names.is_empty():
        return values.clear(len(keys))
    if keys.dtype != names.dtype:
        kind = pl.Int64 if keys.dtype.is_integer() else names.dtype
        keys, names = keys.cast(kind, strict=False), names.cast(kind)
    last = len(names) - 1
    is_counted = names[0] == 0 and names[-1] == last
    places = keys if is_counted else names.search_sorted(keys)
    frame = pl.DataFrame({"key": keys, "place": places.clip(0, last)})
    is_named = pl.lit(names).gather("place") == pl.col("key")
    return frame.select(pl.when(is_named).then(pl.lit(values).gather("place"))).to_series()


def collect(frame: Any) -> pl.DataFrame:
    """A frame of any engine in memory."""
    if isinstance(frame, nw.LazyFrame) and frame.implementation.is_polars():
        native: pl.LazyFrame = frame.to_native()
        return native.collect(engine="streaming")
    frame = frame.collect("polars") if isinstance(frame, nw.LazyFrame) else frame
    collected: pl.DataFrame = frame.to_polars()
    return collected
