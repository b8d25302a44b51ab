"""Door 1: from people with names to a release of pseudonyms. Deny by default: what the notice does
not grant the purpose is not read."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from genlib.notice import DEFAULT, Notice
from genlib.private import OWNER, Access, make_folder, write_file
from genlib.publish import folder
from genlib.publish.coarsen import load_area
from genlib.publish.grants import check_grants
from genlib.publish.people import Source
from genlib.publish.tables import Table, tables
from genlib.register import audit, fingerprints, journal, runs
from genlib.register.database import Register, frame_schema
from genlib.register.schema import Base
from genlib.register.vault import PseudonymKey
from genlib.release import Manifest

Progress = Callable[[str, int], None]
Written = tuple[int, dict[str, dict[str, str]]]
"""Rows of a table on disk, and the type and coarsening of each column."""
STORED = {"score": pl.Int16, "reason": pl.String}
"""Columns kept narrower than they come, or in a type that any engine reads."""


def publish(  # noqa: PLR0913 - the door names everything that goes through it
    purpose: str,
    register: Register,
    key: PseudonymKey,
    *,
    notice: Notice,
    releases: Path,
    now: dt.datetime,
    time_zone: str,
    common: Path,
    data: Path = DEFAULT.parent,
    access: Access = OWNER,
    progress: Progress = lambda table, rows: None,
) -> Manifest:
    """Publish a purpose as the register is `now`, make that release the current one, and remove
    those past their retention. Days and months of the release are those of the `time_zone` of the
    company.

    Needs the pseudonym key and never the identity key. The same register, notice and `now` give the
    same release. It stands in the audit trail before anybody can see it; whatever kills it, the
    earlier release stays current and whole. `access` gives the modes and the
    group of its files, `common` is where the journal of erasures lies. `progress` is told each
    table and its rows so far. Raises UsageError for a purpose and NoticeError for a
    column that the notice does not know, and Refused while another run publishes the same purpose,
    for a key that is not the register's, for a notice that was changed under its old version or is
    not in force yet, and where an erasure is left to do or began meanwhile.
    """
    notice.check_schema({name: frame_schema(name) for name in Base.metadata.tables})
    check_grants(notice, purpose)
    notice.check_in_force(now.astimezone(ZoneInfo(time_zone)).date())
    area = load_area(data / "finland" / "postal_areas.csv", now, time_zone)
    terms = notice.release(purpose)
    fingerprints.check_key(register, key)
    fingerprints.check_notice(register, notice)
    # in this order: what begins between the two is left to do, or is not among those that had begun
    begun = journal.list_begun(register, common)
    journal.check_finished(register, common)
    make_folder(releases, access.passage)
    with folder.staged(releases / purpose, access) as stage:
        with register.snapshot():
            source = Source(purpose, register, key, notice, area, now)
            written = {
                table.name: _written(stage / table.name, table, progress, access)
                for table in tables(source)
            }
            manifest = _manifest(source, written, compute_digest(stage))
        write_file(stage / "manifest.json", manifest.to_json().encode(), access)
        with journal.stand_still(register, common, begun):
            with audit.told(register) as (connection, tell):
                fingerprints.keep_key(connection, key)
                fingerprints.keep_notice(connection, notice)
                tell(_event(manifest))
            folder.commit(stage, manifest.release_id, access)
        folder.prune(stage.parent, before=_instant(now - dt.timedelta(days=terms.days)))
    return manifest


def _event(manifest: Manifest) -> audit.Event:
    detail = {"release": manifest.release_id, "notice": manifest.notice_reference}
    return audit.Event(manifest.purpose, "publish", manifest.people, detail=detail)


def _written(path: Path, table: Table, progress: Progress, access: Access) -> Written:
    """Write a table as Parquet, a file a frame, and count its rows; an empty table is a file too,
    for its columns."""
    make_folder(path, access)
    rows = 0
    schema = pl.Schema()
    for number, piece in enumerate(table.frames):
        frame = piece.cast({name: kind for name, kind in STORED.items() if name in piece.columns})
        part = BytesIO()  # written by the system, so that a full disk is told in its words
        frame.write_parquet(part, compression="zstd")
        write_file(path / f"part-{number:03}.parquet", part.getbuffer(), access)
        rows, schema = rows + frame.height, frame.schema
        progress(table.name, rows)
    return rows, {
        name: {"type": str(dtype), "coarsening": table.coarsening[name]}
        for name, dtype in schema.items()
    }


def _manifest(source: Source, written: dict[str, Written], digest: str) -> Manifest:
    published = source.now.astimezone(dt.UTC)
    return Manifest(
        release_id=f"{_instant(published)}-{name_tail(digest, source.notice.digest)}",
        purpose=source.purpose,
        published_at=f"{published:%Y-%m-%dT%H:%M:%SZ}",
        notice_version=source.notice.version,
        notice_digest=source.notice.digest,
        genlib_version=version("genlib"),
        schema={name: schema for name, (_, schema) in written.items()},
        rows={name: rows for name, (rows, _) in written.items()},
        people=source.people.numbers.height,
        left_out=source.people.left_out | _partly_left_out(source, written),
        k=source.people.k,
        key_epoch=source.key.find_epoch(source.notice.anonymity.epoch),
        digest=digest,
        time_zone=source.area.time_zone,
        feeds=_read_feeds(source, written),
    )


def _read_feeds(source: Source, written: dict[str, Written]) -> dict[str, dict[str, str]]:
    """What the release says of the feeds that its tables stand on: days, of no one person."""
    tables = {*written, "customer"}
    feeds = runs.read_feeds(source.register, tables, source.area.time_zone)
    return {
        feed: {"run": str(run), "refreshed_on": f"{refreshed_on}", "newest": f"{newest or ''}"}
        for feed, run, refreshed_on, newest in feeds.rows()
    }


def _partly_left_out(source: Source, written: dict[str, Written]) -> dict[str, int]:
    """People in the release who are left out of its marketing, and those who may not be asked in a
    satisfaction survey."""
    counts = {}
    if source.terms.marketing:
        alive = source.people.numbers.height - len(source.deceased)
        counts["deceased"] = len(source.deceased)
        counts["marketing_prohibition"] = alive - source.marketable.height
    if "survey_invitation" in written and source.switches.q3:
        unasked = source.prohibiting("market_research").implode()
        counts["satisfaction_prohibition"] = source.people.numbers.filter(
            pl.col("id").is_in(unasked)
        ).height
    return counts


def compute_digest(stage: Path) -> str:
    """SHA-256 over the names and contents of all files, in order."""
    whole = hashlib.sha256()
    for path in sorted(stage.rglob("*.parquet")):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(stage)}\0{content}\n".encode())
    return whole.hexdigest()


def name_tail(digest: str, notice_digest: str) -> str:
    """Of a release's id: the same rows under another notice are another release."""
    return hashlib.sha256(f"{digest} {notice_digest}".encode()).hexdigest()[:6]


def _instant(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H%MZ}"
