"""Copies of a person's data in the home of the workbench: contact lists that were exported, and
answers to earlier requests. Erasure removes the person from the first and the second as a whole.

Example: `audiences/SYKSY26-email.csv` has a row for contact 812, of the erased person: the list is
written anew without it. `rights/3/`, the answer to that person's inspection, goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from polars import col

from genlib.atomic import replacing
from genlib.private import remove


def remove_from_lists(home: Path, contacts: pl.Series) -> int:
    """Write the contact lists anew that name one of these contacts; how many lists. A list that was
    exported to another place is out of reach."""
    if contacts.is_empty():
        return 0
    count = 0
    for path in sorted((home / "audiences").glob("*.csv")):
        rows = pl.read_csv(path, infer_schema=False)
        if "contact" not in rows.columns:
            continue
        number = col("contact").cast(pl.Int64, strict=False)
        is_theirs = number.is_in(contacts.implode()).fill_null(value=False)
        if not rows.filter(is_theirs).height:
            continue
        with replacing(path) as file:
            rows.filter(~is_theirs).write_csv(file)
        count += 1
    return count


def remove_answers(home: Path, requests: Sequence[int]) -> int:
    """Remove what was written for these requests; how many folders."""
    folders = [home / "rights" / str(number) for number in requests]
    there = [folder for folder in folders if folder.exists()]
    for folder in there:
        remove(folder)
    return len(there)
