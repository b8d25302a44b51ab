"""The person in the releases: coded copies that the controller can link with the pseudonym key, and
the groups that the reports of such a release put the person into.

Example: the release of October knows customer 17 as somebody of 35-44 in Uusimaa with four
invoices, among the loyal customers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from polars import col

from genlib.period import Period
from genlib.publish.pseudonym import pseudonyms
from genlib.register.vault import PseudonymKey
from genlib.release import RELEASE_ID, Manifest, Release
from genlib.rights.people import to_series

NUMBER = "customer"
"""The column that numbers a person within a release."""
GROUPED = "customer_analysis"
"""The purpose whose releases customers are grouped in."""
MONTHS = 24
"""How far back the segments of reports look."""


@dataclass(frozen=True)
class Copy:
    """The person in a release. `values`: how coarsely the person is described; `rows`: how many
    rows of each table are the person's; `groups`: segment and chance of being a customer still
    (`alive`), as of the last month that the release covers."""

    purpose: str
    release: str
    published_on: dt.date
    values: Mapping[str, Any]
    rows: Mapping[str, int]
    groups: Mapping[str, str] = field(default_factory=dict)


def find_copies(releases: Path, key: PseudonymKey, people: Sequence[int]) -> list[Copy]:
    """The releases that are kept and hold one of these customers, the newest first; one for each
    customer in it."""
    copies = []
    for path in releases.glob("*/*/manifest.json"):
        if RELEASE_ID.fullmatch(path.parent.name):
            manifest = Manifest.from_json(path.read_text(encoding="utf-8"))
            copies += _list_copies(Release(path.parent, manifest), key, people)
    return sorted(copies, key=lambda copy: copy.release, reverse=True)


def list_kept(releases: Path) -> set[str]:
    """The releases that are kept, by id."""
    names = {path.parent.name for path in releases.glob("*/*/manifest.json")}
    return {name for name in names if RELEASE_ID.fullmatch(name)}


def _list_copies(release: Release, key: PseudonymKey, people: Sequence[int]) -> list[Copy]:
    manifest = release.manifest
    ids = to_series(people)
    names = pseudonyms(ids, key, purpose=release.purpose, epoch=manifest.key_epoch)
    described = release["customer"].filter(col("pseudonym").is_in(names.implode())).collect()
    copies = []
    for row in described.to_dicts():
        number = row.pop(NUMBER)
        del row["pseudonym"]
        row.pop("company", None)
        rows = _count_rows(release, number)
        groups = _find_groups(release, number) if release.purpose == GROUPED else {}
        copy = Copy(release.purpose, release.id, manifest.published_on, row, rows, groups)
        copies.append(copy)
    return copies


def _count_rows(release: Release, number: int) -> dict[str, int]:
    """Table → how many rows are of this person."""
    counts = {}
    for name in release.tables:
        rows = release[name]
        if name != "customer" and NUMBER in rows.collect_schema():
            counts[name] = rows.filter(col(NUMBER) == number).select(pl.len()).collect().item()
    return counts


def _find_groups(release: Release, number: int) -> dict[str, str]:
    """The groups of the person; none of somebody who has bought nothing, or may not be
    profiled."""
    from genlib.metrics.customers import find_chances, find_segments
    from genlib.metrics.rows import collect

    month = Period.around(release.manifest.published_on, "month").previous()
    segments = collect(find_segments(release, month, MONTHS))
    chances = find_chances(release, month.end)
    groups = {}
    for name, rows in (("segment", segments), ("alive", chances)):
        mine = rows.filter(col(NUMBER) == number)
        if mine.height:
            groups[name] = str(mine[name].item())
    return groups
