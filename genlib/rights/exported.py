"""Contact lists that were exported into the workbench's home, and on which of them somebody is.

Example: `audiences/SYKSY26-email.csv` has contact 812, which is one of customer 17.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars import col

from genlib.rights.copies import find_files, read_list

CONTACT = "contact"
"""The column that numbers the contacts of a list."""


def find_lists(home: Path, contacts: pl.Series) -> list[str]:
    """The names of the lists that hold one of these contacts. A list that was exported to another
    place is out of reach."""
    names = []
    numbers = contacts.cast(pl.String).implode()
    for path in find_files(home):
        if read_list(path).filter(col(CONTACT).is_in(numbers)).height:
            names.append(path.stem)
    return names
