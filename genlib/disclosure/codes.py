"""The codes of a dimension that a figure or a reader names: one that there is not is a mistake, and
no group of nobody.

Example: of rows with consumers and contacts a rate of "consumr" would be 0.0 %, told as if it were
true; it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import polars as pl

from genlib.disclosure.cells import Cells, Dimension
from genlib.errors import UsageError


@runtime_checkable
class NamesCodes(Protocol):
    """A figure of some codes of one dimension."""

    def read_codes(self) -> tuple[str, tuple[Any, ...]]:
        """The dimension, and its codes."""


def check_codes(cells: Cells) -> None:
    """UsageError for a figure of a code that neither a row nor its dimension has."""
    for figure in cells.figures:
        if isinstance(figure, NamesCodes):
            dimension, codes = figure.read_codes()
            _check_figure(cells, dimension, codes)


def _check_figure(cells: Cells, name: str, codes: Iterable[Any]) -> None:
    dimension = next((one for one in cells.by if name in one.columns), None)
    if dimension is None:
        raise UsageError(
            f"a figure stands on dimension {name}, by which its table does not tell; it tells by "
            f"{', '.join(cells.dimensions)}"
        )
    absent = list_absent(codes, dimension, cells.frame[name])
    if absent and cells.frame[name].count():
        raise UsageError(
            f"a figure names {', '.join(map(repr, absent))}, and no row has it in {name}; if that "
            f"may be so, name it in the dimension's order"
        )


def list_absent(codes: Iterable[Any], dimension: Dimension, column: pl.Series) -> list[Any]:
    """The codes that neither a column has nor its dimension names."""
    ladder_codes = {code for step in dimension.ladder for code in step}
    named = {*dimension.order, *dimension.labels, *dimension.codes} | ladder_codes
    there = named.union(column.drop_nulls())
    return [code for code in dict.fromkeys(codes) if code not in there]
