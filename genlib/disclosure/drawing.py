"""The sketches of the cells of a table: who is in each, by numbers that are the same in every
release of a purpose.

Example: of two consumers and four contact persons of one company three are drawn: each consumer by
his pseudonym, all four by their company's number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from genlib.disclosure.sketch import add_sketches, numbers, sketches

COMPANY = "company"
"""The column of a release's customers that tells for which company somebody stands."""
BATCH = 1 << 20
"""Rows that are drawn at a time."""


def draw_cells(
    one: Any, person: str, levels: Mapping[tuple[str, ...], pl.DataFrame], sums: list[str], who: Any
) -> pl.DataFrame:
    """The sketches of all cells, by the dimension columns, and their `_numbering`; `levels`: the
    cells by the columns that are set, the finest first. `who`: the customers, by pseudonym.

    Where nobody stands in two parts of a whole, its sketch is the sum of theirs. All contact
    persons of a company are drawn by its number, so together they are one in any difference.
    """
    rows = one.to_native()
    names = _list_numbers(person, who)
    finest, *_ = levels
    parts = _draw_finest(rows, person, names, finest, sums)
    drawings = [parts]
    for keys, cells in levels.items():
        if keys == finest:
            continue
        if _is_partition(levels[finest], cells, keys):
            drawings.append(add_sketches(parts, keys, ["people", *sums]))
        else:
            people = (
                _with_numbers(rows, person, names)
                .group_by(person, *keys)
                .agg(pl.col("_number").first(), *(pl.col(name).sum() for name in sums))
            )
            drawings.append(sketches(people, keys, sums))
    numbering = _name_numbering(one, person, who)
    return pl.concat(drawings, how="diagonal_relaxed").with_columns(_numbering=pl.lit(numbering))


def _draw_finest(
    rows: Any, person: str, names: pl.DataFrame | None, keys: tuple[str, ...], sums: list[str]
) -> pl.DataFrame:
    """The sketches of the finest cells; of lazy rows, which may be too many for the memory, a batch
    after the other, for sketches add up."""
    if isinstance(rows, pl.DataFrame):
        return sketches(_with_numbers(rows, person, names), keys, sums)
    batches = rows.collect_batches(chunk_size=BATCH, maintain_order=False, engine="streaming")
    nobody = rows.head(0).collect()
    drawings = [
        sketches(_with_numbers(batch, person, names), keys, sums) for batch in (nobody, *batches)
    ]
    return add_sketches(pl.concat(drawings), keys, ["people", *sums])


def _is_partition(parts: pl.DataFrame, wholes: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Whether nobody stands in two parts of any whole."""
    together = parts.group_by(keys) if keys else parts.group_by(pl.lit(0).alias("_"))
    counted = together.agg(pl.col("people").sum())["people"].sum()
    return counted == wholes["people"].sum()


def knows_pseudonyms(person: str, customers: Any) -> bool:
    if person in {"pseudonym", COMPANY}:
        return True
    return customers is not None and "pseudonym" in customers.lazy().collect_schema()


def _name_numbering(one: Any, person: str, customers: Any) -> str:
    """By which numbers contributors are drawn: the purpose and epoch of their pseudonyms, and
    whether companies have one of their own. Those of another numbering cannot be compared."""
    if person == "pseudonym":
        first = one.lazy().to_native().select(pl.col(person).head(1)).collect().to_series()
    elif knows_pseudonyms("customer", customers):
        first = customers.lazy().select(pl.col("pseudonym").head(1)).collect().to_series()
    else:
        first = pl.Series(dtype=pl.String)
    domain = str(first[0]).partition("-")[0] if len(first) else ""
    are_joined = person == COMPANY or bool(company_of(one))
    return f"{domain}/company" if are_joined else domain


def _list_numbers(person: str, customers: Any) -> pl.DataFrame | None:
    """The stable number of each customer; None where the rows tell who somebody is."""
    if person in {COMPANY, "pseudonym"}:
        return None
    names: pl.DataFrame = customers.lazy().select("customer", "pseudonym").collect()
    return names.select(pl.col("customer").cast(pl.Int64), _number=numbers(names["pseudonym"]))


def _with_numbers(one: pl.DataFrame, person: str, names: pl.DataFrame | None) -> pl.DataFrame:
    """The rows, with the stable `_number` of each contributor (null: not known)."""
    if person == COMPANY:
        return one.with_columns(_number=pl.col(COMPANY).cast(pl.UInt64))
    if names is None:
        numbered = one.with_columns(_number=numbers(one[person]))
    else:
        ours = pl.col(person).cast(pl.Int64, strict=False)
        numbered = one.join(names, left_on=ours, right_on="customer", how="left")
    if "_company" not in one.columns:
        return numbered
    return numbered.with_columns(_number=pl.coalesce(pl.col("_company").cast(pl.UInt64), "_number"))


def company_of(one: Any) -> list[str]:
    """The column that tells for which company a person stands, if there is one."""
    return ["_company"] if "_company" in one.collect_schema().names() else []
