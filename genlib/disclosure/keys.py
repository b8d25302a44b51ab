"""The name of a cell: population and set dimension values, the same wherever the cell stands, and
the names of its parents.

Example: the women of Uusimaa are "customers | region=Uusimaa | sex=female", in whatever order a
table has its dimensions. The keys over them are "customers | sex=female" and "customers |
region=Uusimaa".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Measure, list_columns
from genlib.disclosure.population import Population

HEAD, END = "\x1e", "\x1f"
"""What ends the population of a key, and each dimension value."""


def add_zeros(cells: Cells, sensitive: set[str]) -> pl.DataFrame:
    """The frame with a zero row for every missing value of a sensitive dimension (`_zero`), so that
    a zero there can be hidden like any cell.

    Nobody of region 02 was refused, and the table has no such row:

    >>> frame = pl.DataFrame(
    ...     {
    ...         "region": ["01", "01", "02"],
    ...         "verdict": ["allowed", "refused", "allowed"],
    ...         "people": [9, 5, 7],
    ...     }
    ... )
    >>> cells = Cells(frame, (Dimension("region"), Dimension("verdict", sensitive=True)))
    >>> add_zeros(cells, {"verdict"}).filter("_zero").rows()
    [('02', 'refused', 0, True)]
    """
    frame = cells.frame.with_columns(_zero=False)
    for dimension in cells.by:
        if not sensitive & set(dimension.columns):
            continue
        others = [column for column in cells.dimensions if column not in dimension.columns]
        groups = frame.select(*others, _zero=pl.lit(True)).unique(maintain_order=True)
        values = frame.select(dimension.columns).unique(maintain_order=True)
        every = groups.join(values, how="cross")
        together = pl.concat([frame, every], how="diagonal")
        frame = together.unique(cells.dimensions, keep="first", maintain_order=True)
        frame = frame.with_columns(pl.exclude(*cells.dimensions, "_zero").fill_null(0))
    return frame


def add_margins(
    frame: pl.DataFrame, by: Sequence[Dimension], measures: Sequence[Measure]
) -> pl.DataFrame:
    """The frame with the margins that are not shown but follow from what is (`_virtual`), so that
    implied links are seen. Pages have none: what is told anew are not all of them.

    Two regions are told without their total, which anybody can work out:

    >>> frame = pl.DataFrame({"region": ["01", "02"], "people": [9, 7], "_zero": False})
    >>> margins = add_margins(frame, [Dimension("region", total=False)], [Measure("people")])
    >>> margins.rows()
    [('01', 9, False, False), ('02', 7, False, False), (None, 16, False, True)]
    """
    columns = list_columns(by)
    sums = [measure.name for measure in measures]
    frame = frame.with_columns(_virtual=False)
    for dimension in by:
        if dimension.is_page:
            continue
        for depth, column in enumerate(dimension.columns):
            finer = dimension.columns[:depth]
            coarser = [name for name in columns if name not in {*finer, column}]
            are_undivided = [pl.col(name).is_null() for name in finer]
            children = frame.filter(pl.col(column).is_not_null(), *are_undivided)
            flags = {"_virtual": pl.lit(True), "_zero": pl.lit(False)}
            groups = children.group_by(*coarser, **flags, maintain_order=True)
            margin = groups.agg(pl.col(sums).sum())
            together = pl.concat([frame, margin], how="diagonal")
            frame = together.unique(columns, keep="first", maintain_order=True)
    return frame


def add_keys(
    frame: pl.DataFrame,
    by: Sequence[Dimension],
    population: Population,
    units: Mapping[str, str],
) -> pl.DataFrame:
    """`_key` of every row and, for the i-th dimension, `_up{i}`: the key of the row's parent over
    it (null at its total), and `_side{i}`: the key without parents where a value (such as
    "unknown") stands under several. `units`: what the codes of a column of time are, where they are
    not what it is called.

    The cell of region 01 and e-mail lies in e-mail, and in region 01:

    >>> frame = pl.DataFrame({"region": ["01"], "channel": ["email"]})
    >>> by = [Dimension("region"), Dimension("channel")]
    >>> keys = add_keys(frame, by, Population("asked"), {}).select(r"^_.*$")
    >>> [key.replace(HEAD, " | ").replace(END, " | ") for key in keys.row(0)]
    ['asked | channel=email | region=01 | ', 'asked | channel=email | ', 'asked | region=01 | ']
    """
    for dimension in by:
        frame = _mark_single(frame, dimension)
    key = _name_key(f"{population}{HEAD}", by, units)
    keys = {"_key": key}
    for place, dimension in enumerate(by):
        is_set = pl.any_horizontal(pl.col(dimension.columns).is_not_null())
        parents = frame.select(pl.exclude(dimension.columns), *_step_up(dimension)).select(key)
        keys[f"_up{place}"] = pl.when(is_set).then(parents.to_series())
    for place, dimension in enumerate(by):
        if dimension.parents:
            is_one = pl.col(f"_one_{dimension.name}")
            is_under_several = ~is_one & pl.col(dimension.name).is_not_null()
            sides = frame.with_columns(is_one | True).select(key)
            keys[f"_side{place}"] = pl.when(is_under_several).then(sides.to_series())
    return frame.with_columns(**keys)


def _step_up(dimension: Dimension) -> list[pl.Expr]:
    """The columns of a dimension without the finest value that is set.

    >>> frame = pl.DataFrame({"town": ["091", None], "region": ["01", "01"]})
    >>> frame.select(_step_up(Dimension("town", parents=("region",)))).rows()
    [(None, '01'), (None, None)]
    """
    columns = dimension.columns
    coarser = []
    for depth, column in enumerate(columns):
        is_finer_set = pl.any_horizontal(pl.col(columns[:depth]).is_not_null())
        coarser.append(pl.when(is_finer_set if depth else False).then(column).alias(column))
    return coarser


def _mark_single(frame: pl.DataFrame, dimension: Dimension) -> pl.DataFrame:
    """`_one_<column>`: whether the value of a column has one parent only, which it then fixes.

    >>> frame = pl.DataFrame({"town": ["091", "unknown", "unknown"], "region": ["01", "01", "02"]})
    >>> _mark_single(frame, Dimension("town", parents=("region",)))["_one_town"].to_list()
    [True, False, False]
    """
    for depth, column in enumerate(dimension.columns[:-1]):
        parents = pl.struct(dimension.columns[depth + 1 :])
        is_one = parents.n_unique().over(column) == 1
        frame = frame.with_columns(is_one.alias(f"_one_{column}"))
    return frame


def _name_key(head: str, by: Sequence[Dimension], units: Mapping[str, str]) -> pl.Expr:
    """The key of a row: its parts are sorted, for tables have their dimensions in any order."""
    if not by:
        return pl.lit(head)
    parts = [_name_part(dimension, units) for dimension in by]
    return pl.lit(head) + pl.concat_list(parts).list.sort().list.join("")


def _name_value(column: str, units: Mapping[str, str]) -> pl.Expr:
    """A value of a column as it stands in a key: "region=01", or "quarter=2026-10-01" where the
    codes of months are quarters."""
    name = units.get(column, column)
    return pl.lit(f"{name}=") + pl.col(column).cast(pl.String) + END


def _name_part(dimension: Dimension, units: Mapping[str, str]) -> pl.Expr:
    """The dimension's share of the key: the finest set value, with its parents only if it does not
    fix them.

    The code 091 lies in region 01 alone, but "unknown" does not:

    >>> frame = pl.DataFrame(
    ...     {
    ...         "town": ["091", "unknown", None],
    ...         "region": ["01", "01", "01"],
    ...         "_one_town": [True, False, True],
    ...     }
    ... )
    >>> towns = Dimension("town", parents=("region",))
    >>> names = frame.select(_name_part(towns, {})).to_series().to_list()
    >>> [name.replace(END, ".") for name in names]
    ['town=091.', 'town=unknown.region=01.', 'region=01.']
    """
    part: pl.Expr = pl.lit("")
    for depth in reversed(range(len(dimension.columns))):
        column, *parents = dimension.columns[depth:]
        value = _name_value(column, units)
        if parents:
            coarser = [_name_value(parent, units) for parent in parents]
            with_parents = value + pl.concat_str(coarser, ignore_nulls=True)
            value = pl.when(pl.col(f"_one_{column}")).then(value).otherwise(with_parents)
        part = pl.when(pl.col(column).is_not_null()).then(value).otherwise(part)
    return part
