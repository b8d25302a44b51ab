"""In which form a figure is printed: in the unit that its table states, else by what its column is
called.

Example: 1234 of `amount_cents` is printed as 12.34 euros, and so is 1234 of `sales`, if that was
counted as money.
"""

from __future__ import annotations

from genlib.disclosure.table import ProtectedTable, Shown
from genlib.present.words import form_of


def read_form(table: ProtectedTable, column: str) -> str:
    """The form of a column of a table."""
    is_whole = table.frame.schema[column].is_integer()
    return table.units.get(column) or form_of(column, whole=is_whole)


def read_figure_form(figure: Shown) -> str:
    """The form of one figure."""
    return figure.unit or form_of(figure.column, whole=isinstance(figure.value, int))
