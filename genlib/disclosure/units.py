"""In which unit the figures of a table are, where its measures and figures say so; the others go by
what their column is called.

Example: of `Measure("sales", "money")`, `Mean("each", of="sales")` and `Rate("paid", ...)` the
first two are money, in cents, and the last is a share, whatever they are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from genlib.disclosure.cells import Cells

MONEY = "money"
"""Cents."""
PERCENT = "percent"
"""Parts of one."""
DECIMAL = "decimal"
"""A plain number with decimals."""


@runtime_checkable
class HasUnits(Protocol):
    """A figure that knows the units of its columns."""

    def read_units(self, units: Mapping[str, str]) -> dict[str, str]:
        """The units of its columns, from those of the measures that it stands on."""


def read_units(cells: Cells) -> dict[str, str]:
    """The units of the columns of a table, as far as its measures and figures say."""
    units = {measure.name: MONEY for measure in cells.measures if measure.kind == "money"}
    for figure in cells.figures:
        if isinstance(figure, HasUnits):
            units |= figure.read_units(units)
    return units


def name_interval(figure: str) -> tuple[str, str, str]:
    """The columns of a figure with an interval."""
    return figure, f"{figure}_low", f"{figure}_high"
