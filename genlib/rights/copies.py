"""Copies of a person's data in the common folder of the workbenches: contact lists that were
exported, and answers to earlier requests. An inspection tells of the first; erasure removes the
person from them, and the second as a whole. What was exported to another place is out of reach.

Example: `audiences/SYKSY26-email.csv` has a row for contact 812, of the erased person: the list is
written anew without it. `rights/3/`, the answer to that person's inspection, goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import polars as pl
from polars import col

from genlib.atomic import replacing
from genlib.errors import Refused
from genlib.private import find_access, remove
from genlib.register.database import Register

CONTACT = "contact"
"""The column that numbers the contacts of a list."""
NUMBER = col(CONTACT).cast(pl.Int64, strict=False)
"""The contact that a row is of."""


def remove_from_lists(home: Path, contacts: pl.Series) -> int:
    """Write the contact lists anew that name one of these contacts; how many lists."""
    if contacts.is_empty():
        return 0
    count = 0
    for path in find_files(home):
        rows = read_list(path)
        is_theirs = NUMBER.is_in(contacts.implode()).fill_null(value=False)
        count += _write_rest(path, rows, rows.filter(~is_theirs))
    return count


def find_lists(home: Path, contacts: pl.Series) -> list[str]:
    """The names of the contact lists that name one of these contacts."""
    numbers = contacts.cast(pl.String).implode()
    is_theirs = col(CONTACT).is_in(numbers)
    return [path.stem for path in find_files(home) if read_list(path).filter(is_theirs).height]


def keep_listed(home: Path, register: Register) -> int:
    """Write the contact lists anew without the contacts that the register has no more; how many
    lists."""
    count = 0
    for path in find_files(home):
        rows = read_list(path)
        numbers = rows.select(id=NUMBER).drop_nulls().unique()
        contacts = register.known("campaign_contact", numbers)["id"]
        count += _write_rest(path, rows, rows.filter(NUMBER.is_in(contacts.implode())))
    return count


def find_files(home: Path) -> list[Path]:
    """The contact lists of the workbenches."""
    return sorted((home / "audiences").glob("*.csv"))


def read_list(path: Path) -> pl.DataFrame:
    """A contact list as text; Refused for a file of which nobody can tell who is on it."""
    for separator in ",;":
        with suppress(pl.exceptions.PolarsError, OSError):
            rows = pl.read_csv(path, infer_schema=False, separator=separator)
            if CONTACT in rows.columns:
                return rows
    raise Refused(
        f"audiences/{path.name} is no contact list that can be read, so whether somebody is on it "
        "cannot be told; mend it or take it away"
    )


def _write_rest(path: Path, rows: pl.DataFrame, rest: pl.DataFrame) -> bool:
    """Whether a list lost rows; one that is left empty goes."""
    if rest.height == rows.height:
        return False
    if rest.is_empty():
        path.unlink()
        return True
    with replacing(path, find_access(path.parent)) as file:
        rest.write_csv(file)
    return True


def find_folder(home: Path, number: int) -> Path:
    """Where what is written for a request lies."""
    return home / "rights" / str(number)


def remove_answers(home: Path, requests: Sequence[int]) -> int:
    """Remove what was written for these requests; how many folders."""
    folders = [find_folder(home, number) for number in requests]
    there = [folder for folder in folders if folder.exists()]
    for folder in there:
        remove(folder)
    return len(there)
