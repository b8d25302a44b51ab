"""Looking up: what a figure reads in a table *as it is shown*, so that a figure can tell nothing
that the table does not.

In: the dimension columns (null = total), then `people` and the other measures. A cell that is not
there at all counts 0, a hidden one gives null, and no share stands on fewer than `BASE` people. A
figure of a whole group stands on the row of that group's total.

Example: of promoters 6 and detractors null (hidden) the promoters are 6 on every row, and both
together are null.

>>> frame = pl.DataFrame({"group": ["promoter", "detractor", None], "people": [6, None, 20]})
>>> frame.select(at(frame, "people", {"group": "promoter"})).to_series().to_list()
[6, 6, 6]
>>> both = at(frame, "people", {"group": ("promoter", "detractor")})
>>> frame.select(both).to_series().to_list()
[None, None, None]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from genlib.disclosure.cells import Figure

BASE = 10


def dimensions(frame: pl.DataFrame) -> list[str]:
    """The columns that say where a row stands: those in front of `people`.

    >>> dimensions(pl.DataFrame({"month": [], "region": [], "people": [], "rate": []}))
    ['month', 'region']
    """
    return frame.columns[: frame.columns.index("people")]


def at(
    frame: pl.DataFrame, column: str, where: Mapping[str, Any], beside: tuple[str, ...] = ()
) -> pl.Expr:
    """For each row, the value of `column` in the cell with the dimensions `where` set so (None =
    total; several values: the sum of their cells), those `beside` as they come, and all others as
    in the row."""
    if is_untold(frame, where):
        return pl.when(pl.lit(False)).then(column)
    keys = [name for name in dimensions(frame) if name not in where and name not in beside]
    cells = pl.col(column).filter(_stands(name, value) for name, value in where.items())
    is_shown = cells.null_count() == 0
    # the constant: there may be no other dimension
    return pl.when(is_shown).then(cells.sum()).over(pl.lit(0), *keys)


def is_untold(frame: pl.DataFrame, where: Mapping[str, Any]) -> bool:
    """Whether the table has larger groups than one of these values.

    >>> frame = pl.DataFrame({"channel": ["email"], "people": [9], "_untold": [["channel=sms"]]})
    >>> is_untold(frame, {"channel": "sms"}), is_untold(frame, {"channel": None})
    (True, False)
    """
    if "_untold" not in frame.columns or frame.is_empty():
        return False
    untold = set(frame["_untold"][0])
    for name, value in where.items():
        if value is None:
            continue
        codes = {f"{name}={code}" for code in _list_codes(value)}
        if untold & {name, *codes}:
            return True
    return False


def _list_codes(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _stands(dimension: str, value: Any) -> pl.Expr:
    code = pl.col(dimension)
    return code.is_null() if value is None else code.is_in(_list_codes(value))


def on_total(*columns: str) -> pl.Expr:
    """Rows that are totals over these dimensions.

    >>> frame = pl.DataFrame({"region": ["01", "01", None], "sex": ["f", None, None]})
    >>> frame.select(on_total("sex")).to_series().to_list()
    [False, True, True]
    """
    return pl.all_horizontal(pl.col(column).is_null() for column in columns)


def with_figures(
    frame: pl.DataFrame, where: pl.Expr, base: pl.Series, figures: dict[str, pl.Series]
) -> pl.DataFrame:
    """The frame with figures on the rows `where`, null where the base is hidden or too small;
    `thin` where the policy flags it.

    A share needs ten people:

    >>> frame = pl.DataFrame({"region": ["01", "06"], "people": [40, 9]})
    >>> shares = {"share": pl.Series([0.2, 0.3])}
    >>> with_figures(frame, pl.lit(True), frame["people"], shares)["share"].to_list()
    [0.2, None]
    """
    firm = where & pl.lit(base >= least(frame))
    columns: dict[str, pl.Expr] = {
        name: pl.when(firm).then(pl.lit(value).fill_nan(None)) for name, value in figures.items()
    }
    if "_flag" in frame.columns:
        columns["thin"] = pl.col("thin") | (firm & pl.lit(base < frame["_flag"])).fill_null(False)
    return frame.with_columns(**columns)


def least(frame: pl.DataFrame) -> int:
    """The fewest people that a figure may stand on: the policy's, where `protect` says it."""
    if "_base" not in frame.columns:
        return BASE
    of_policy: Any = frame["_base"].max()
    return int(of_policy or BASE)


def attach_columns(dimension: str, columns: pl.DataFrame) -> Figure:
    """Columns that are known beside the codes of a dimension (null: its total): words, what the
    books say, or figures of a model over many people.

    >>> costs = pl.DataFrame({"campaign": ["spring"], "cost_cents": [90_000]})
    >>> frame = pl.DataFrame({"campaign": ["spring", "autumn"], "people": [40, 30]})
    >>> attach_columns("campaign", costs)(frame)["cost_cents"].to_list()
    [90000, None]
    """

    def attach(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(
            columns.cast({dimension: frame.schema[dimension]}),
            on=dimension,
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )

    return attach
