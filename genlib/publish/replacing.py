"""Kept releases without people who were erased since: each is made anew under another id, with the
same time, and takes the place of the one that held them.

Whoever was in a class with one of them and is now among fewer than k is coarsened further, or left
out (`anonymity`). Tables that no key links to people (`membership`) keep their rows: nobody can say
which of them were whose.

Example: 2026-11-01T0400Z-5f2c91 holds five people of Lapland; one is erased. In its place comes
2026-11-01T0400Z-8d03aa of four people whose region is `unknown`, if that is what makes k of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import polars as pl
from polars import col

from genlib.private import OWNER, Access, make_folder, write_file
from genlib.publish import folder
from genlib.publish.anonymity import Anonymous, anonymise
from genlib.publish.pseudonym import pseudonyms
from genlib.publish.writer import compute_digest, name_tail
from genlib.register.vault import PseudonymKey
from genlib.release import RELEASE_ID, Manifest

KEYS = {"customer", "pseudonym", "company"}
"""Columns of table `customer` that describe nobody."""


@dataclass(frozen=True)
class Gone:
    """Numbers, in one release, of the customers who leave it and of their invitations; and table
    `customer` of those who stay."""

    customers: pl.Series
    invitations: pl.Series
    staying: pl.DataFrame


@dataclass(frozen=True)
class Removal:
    """Whom to remove: customer ids who were erased at an instant; `ladder` coarsens the others."""

    ids: Sequence[int]
    erased_at: dt.datetime
    ladder: Sequence[str]
    access: Access = OWNER


def remove_from_releases(
    home: Path, purpose: str, key: PseudonymKey, removal: Removal
) -> dict[str, str]:
    """Make the releases in `home`/`purpose` that hold one of these people anew: the id of each →
    the id of the one in its place. Whatever kills it, each release is there as it was or as it
    shall be, and the same call does the rest. Refused while another run publishes the purpose."""
    if not removal.ids or not (home / purpose).exists():
        return {}
    replacements = {}
    ids = pl.Series(removal.ids, dtype=pl.Int64)
    with folder.locked(home / purpose, removal.access):
        for path in _list_earlier(home / purpose, removal.erased_at):
            manifest = Manifest.from_json((path / "manifest.json").read_text(encoding="utf-8"))
            names = pseudonyms(ids, key, purpose=purpose, epoch=manifest.key_epoch)
            customers = _read(path, "customer")
            erased = customers.filter(col("pseudonym").is_in(names.implode()))
            if erased.height:
                replacements[path.name] = _replace(path, manifest, erased, removal)
    return replacements


def _list_earlier(home: Path, instant: dt.datetime) -> list[Path]:
    """The releases that were published before an instant."""
    last = f"{instant.astimezone(dt.UTC):%Y-%m-%dT%H%MZ}"
    releases = [path for path in home.glob("*") if RELEASE_ID.fullmatch(path.name)]
    return sorted(path for path in releases if path.name.rpartition("-")[0] <= last)


def _replace(path: Path, manifest: Manifest, erased: pl.DataFrame, removal: Removal) -> str:
    home = path.parent
    customers = _read(path, "customer")
    staying = customers.join(erased, on="customer", how="anti", maintain_order="left")
    quasi = [name for name in customers.columns if name not in KEYS]
    safe = anonymise(staying, quasi, ladder=removal.ladder, k=manifest.k["required"])
    gone = _find_gone(path, manifest, customers, safe.people)
    stage = folder.make_stage(home, removal.access)
    rows = {}
    for name in manifest.schema:
        rows[name] = _write_table(path, stage, name, gone, removal.access)
    new = _describe(manifest, erased.height, safe, rows, compute_digest(stage))
    write_file(stage / "manifest.json", new.to_json().encode(), removal.access)
    folder.place(stage, new.release_id)
    if folder.read_current(home) == path.name:
        folder.point(home, new.release_id, removal.access)
    folder.drop(home, path.name)
    return new.release_id


def _find_gone(
    path: Path, manifest: Manifest, customers: pl.DataFrame, staying: pl.DataFrame
) -> Gone:
    numbers = customers.join(staying, on="customer", how="anti")["customer"]
    if "survey_invitation" not in manifest.schema:
        return Gone(numbers, pl.Series(dtype=pl.UInt32), staying)
    invitations = _read(path, "survey_invitation")
    theirs = invitations.filter(col("customer").is_in(numbers.implode()))
    return Gone(numbers, theirs["invitation"], staying)


def _write_table(path: Path, stage: Path, name: str, gone: Gone, access: Access) -> int:
    """Write a table without those who are gone; its rows."""
    make_folder(stage / name, access)
    count = 0
    for part, rows in _read_parts(path, name):
        staying = _without(rows, gone)
        if name == "customer":
            numbers = staying.select("customer")
            staying = numbers.join(gone.staying, on="customer", how="left", maintain_order="left")
        file = BytesIO()
        staying.select(rows.columns).write_parquet(file, compression="zstd")
        write_file(stage / name / part, file.getbuffer(), access)
        count += staying.height
    return count


def _without(rows: pl.DataFrame, gone: Gone) -> pl.DataFrame:
    """Answers go with their invitation, which alone says whose they are."""
    if "customer" in rows.columns:
        is_gone = col("customer").is_in(gone.customers.implode())
    elif "invitation" in rows.columns:
        is_gone = col("invitation").is_in(gone.invitations.implode())
    else:
        return rows
    return rows.filter(~is_gone.fill_null(value=False))


def _describe(
    manifest: Manifest, erased: int, safe: Anonymous, rows: dict[str, int], digest: str
) -> Manifest:
    time = manifest.release_id.rpartition("-")[0]
    left_out = dict(manifest.left_out)
    left_out["erased"] = left_out.get("erased", 0) + erased
    left_out["too_rare"] = left_out.get("too_rare", 0) + safe.left_out
    coarsened = manifest.k["rows_coarsened"] + safe.coarsened
    return replace(
        manifest,
        release_id=f"{time}-{name_tail(digest, manifest.notice_digest)}",
        rows=rows,
        people=safe.people.height,
        left_out=left_out,
        k=dict(manifest.k) | {"reached": safe.reached, "rows_coarsened": coarsened},
        digest=digest,
        replaces=(*manifest.replaces, manifest.release_id),
    )


def _read(path: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(path / name / "*.parquet")


def _read_parts(path: Path, name: str) -> Iterator[tuple[str, pl.DataFrame]]:
    for part in sorted((path / name).glob("*.parquet")):
        yield part.name, pl.read_parquet(part)
