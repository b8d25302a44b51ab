"""The figures of a protected table, worked out from what is shown: so they tell nothing more.

Example: of 40 contacts 8 were refused, which is a rate of 20%; where the 8 is hidden, there is no
rate.
"""

from __future__ import annotations

from functools import partial

import polars as pl

from genlib.disclosure.cells import Cells, Figure
from genlib.disclosure.ladder import list_untold
from genlib.disclosure.policy import Policy
from genlib.errors import UsageError

GUESSES = (1, 1_000_003)
"""What is put in the place of what is hidden, to see what hangs on it."""


def derive_figures(unfigured: pl.DataFrame, cells: Cells, ruling: Policy) -> pl.DataFrame:
    """With the figures. Cells that are shown, but are too few people for any of them, say so
    (`base`)."""
    values = unfigured.select(pl.exclude("reason"))
    codes = pl.Series([list_untold(cells)], dtype=pl.List(pl.String))
    unfigured = unfigured.select(
        *values.columns,
        _base=ruling.base,
        _flag=ruling.flag,
        _untold=pl.lit(codes).first(),
        thin=False,
        reason="reason",
    )
    table = unfigured
    measures = [measure.name for measure in cells.measures]
    for figure in cells.figures:
        table = _add_figure(table, figure, measures)
    derived = [column for column in table.columns if column not in unfigured.columns]
    is_bare = pl.all_horizontal(pl.col(derived).is_null()) if derived else pl.lit(False)
    are_few = pl.col("people").is_between(1, ruling.base - 1)
    base = pl.when(is_bare & are_few).then(pl.lit("base"))
    judged = table.with_columns(
        pl.col("thin").fill_null(False),
        reason=pl.coalesce("reason", base),
    )
    return judged.select(pl.exclude("_base", "_flag", "_untold", "reason"), "reason")


def _add_figure(table: pl.DataFrame, figure: Figure, measures: list[str]) -> pl.DataFrame:
    """The table with a figure; UsageError if that stands on a column that is not there."""
    try:
        return figure(table) if _minds_gaps(figure) else add_own_figure(table, figure, measures)
    except pl.exceptions.ColumnNotFoundError:
        columns = [column for column in table.columns if not column.startswith("_")]
        raise UsageError(
            f"a figure stands on a column that its table does not have; it has {', '.join(columns)}"
        ) from None


def _minds_gaps(figure: Figure) -> bool:
    """Whether a figure is one of the house, which gives nothing where a part is hidden.

    >>> from genlib.disclosure.counting import with_unit
    >>> _minds_gaps(partial(with_unit, column="month", unit="quarter")), _minds_gaps(sorted)
    (True, False)
    """
    function = figure.func if isinstance(figure, partial) else figure
    module = getattr(function, "__module__", None) or type(function).__module__
    return module.startswith("genlib.")


def add_own_figure(unfigured: pl.DataFrame, figure: Figure, measures: list[str]) -> pl.DataFrame:
    """With the columns of a figure of the analyst's own, null wherever they hang on a hidden cell.

    Whether they do is tried: with two different numbers in the place of what is hidden they must
    come out the same. So a ratio that takes a hidden cell for zero is not 0.0 %, but not shown.
    Raises `UsageError` for a figure that changes rows or columns that are there already.

    >>> table = pl.DataFrame({"refused": [None, 8], "contacts": [40, 80]})
    >>> rate = pl.col("refused").fill_null(0) / pl.col("contacts")
    >>> figure = lambda table: table.with_columns(rate=rate)
    >>> add_own_figure(table, figure, ["refused", "contacts"])["rate"].to_list()
    [None, 0.1]
    """
    table = figure(unfigured)
    if table.height != unfigured.height or not table.select(unfigured.columns).equals(unfigured):
        raise UsageError(
            "a figure of your own adds columns to a table; it may not change its rows, nor the "
            "columns that are there"
        )
    added = [column for column in table.columns if column not in unfigured.columns]
    for guess in GUESSES:
        guessed = figure(unfigured.with_columns(pl.col(measures).fill_null(guess)))
        certain = []
        for name in added:
            is_same = pl.col(name).eq_missing(pl.lit(guessed[name]))
            certain.append(pl.when(is_same).then(name).alias(name))
        table = table.with_columns(certain)
    return table
