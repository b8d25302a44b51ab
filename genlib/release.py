"""A release: the tables that one purpose was granted, by pseudonym, as lazy frames on the engine of
your choice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from genlib import notice
from genlib import settings as configuration
from genlib.access_log import record_opening
from genlib.arguments import check_call
from genlib.errors import PeriodNotCovered, ReleaseNotFound, UsageError
from genlib.period import Period, name_period
from genlib.settings import Settings

LISTED = pl.Schema(
    {
        "purpose": pl.String(),
        "release": pl.String(),
        "is_current": pl.Boolean(),
        "published_at": pl.Datetime("us", "UTC"),
        "people": pl.Int64(),
        "notice": pl.String(),
    }
)
RELEASE_ID = re.compile(r"\d{4}-\d\d-\d\dT\d{4}Z-[0-9a-f]{6}")


@dataclass(frozen=True)
class Manifest:
    """What a release holds and what it took: printed with every report that is made from it.

    `schema`: table -> column -> type and coarsening. `left_out`: people by reason. `k`: required,
    reached, rows_coarsened. `time_zone`: the company's, in which its days and months are cut;
    `published_at` and all other instants are in UTC. `feeds`: feed -> its last refresh (`run`,
    `refreshed_on`) and the day of the newest event that it told of (`newest`, perhaps empty); none
    of a register that was only loaded. `replaces`: ids of releases in whose place it is, since
    people in them were erased.
    """

    release_id: str
    purpose: str
    published_at: str
    notice_version: str
    notice_digest: str
    genlib_version: str
    schema: Mapping[str, Mapping[str, Mapping[str, str]]]
    rows: Mapping[str, int]
    people: int
    left_out: Mapping[str, int]
    k: Mapping[str, int]
    key_epoch: int
    digest: str
    time_zone: str
    feeds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    replaces: tuple[str, ...] = ()

    @property
    def data_until(self) -> date | None:
        """Until when every feed has told of something: the oldest of their newest days."""
        days = [feed["newest"] for feed in self.feeds.values()]
        return date.fromisoformat(min(days)) if days and all(days) else None

    @property
    def published_on(self) -> date:
        """The company's day on which it was published."""
        return datetime.fromisoformat(self.published_at).astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def notice_reference(self) -> str:
        """The notice that it was made under: its version, and the beginning of its digest."""
        return notice.reference(self.notice_version, self.notice_digest)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        raw = json.loads(text)
        values = {"feeds": {}, "replaces": []} | raw  # an earlier version says nothing of these
        values["replaces"] = tuple(values["replaces"])
        return cls(**{one.name: values[one.name] for one in fields(cls)})


@dataclass(frozen=True)
class Release:
    """An open release. `release["invoice"]` is a lazy frame: Polars, or Spark if it was opened with
    a session."""

    path: Path
    manifest: Manifest
    spark: Any = None

    @property
    def id(self) -> str:
        return self.manifest.release_id

    @property
    def purpose(self) -> str:
        return self.manifest.purpose

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(self.manifest.schema)

    @check_call
    def period(self, text: str, *, unfinished: bool = False) -> Period:
        """The period that `text` names, which the release must cover; if it may be `unfinished`,
        one that is running is counted up to the day before the release.

        Example: in a release of 14 November 2026, "2026-10" is October, "2026-11" is refused, and
        an unfinished "2026-11" ends with 13 November; `last` is October, `last-quarter` the third
        and `last-year` 2025. PeriodNotCovered with the last period that is covered, or the first;
        UsageError for what is no period.
        """
        period = Period.parse(name_period(text, self.manifest.published_on))
        self._check_begun(period)
        published = self.manifest.published_on
        if unfinished and period.start < published:
            return period.so_far(published)
        self.check_covers(period)
        return period

    def check_covers(self, period: Period) -> None:
        """PeriodNotCovered if days of the period were not over when the release was published."""
        published = self.manifest.published_on
        if period.end <= published:
            return
        last = Period.around(published, period.unit).previous()
        day = f"{published.day} {published:%B %Y}"
        cure = ""
        if period.start < published:
            cure = "; a running one is told only if it may be unfinished (--unfinished)"
        raise PeriodNotCovered(
            f"the release of {day} covers {period.unit}s up to {last}{cure}; publish a newer one "
            f"with: genlib publish {self.purpose}"
        )

    def _check_begun(self, period: Period) -> None:
        """PeriodNotCovered if the period was over before the first day that the release tells
        of."""
        first_day = self.first_day
        if first_day is None or first_day < period.whole.end:
            return
        published = self.manifest.published_on
        first = Period.around(first_day, period.unit)
        last = Period.around(published, period.unit).previous()
        raise PeriodNotCovered(
            f"the release of {published.day} {published:%B %Y} tells nothing of {period.unit}s "
            f"before {first}; it covers {first} to {max(first, last)}"
        )

    @cached_property
    def memory(self) -> dict[str, Any]:
        """What was worked out of the whole release, by name; it never changes."""
        return {}

    @cached_property
    def first_day(self) -> date | None:
        """The earliest day in any table of the release; None if no table has any."""
        days = [self._first_day_of(table) for table in self.tables]
        return min((day for day in days if day), default=None)

    def _first_day_of(self, table: str) -> date | None:
        kinds = {name: column["type"] for name, column in self.manifest.schema[table].items()}
        days = [pl.col(name).min() for name, kind in kinds.items() if kind == "Date"]
        instants = [
            pl.col(name).min().dt.convert_time_zone(self.manifest.time_zone).dt.date()
            for name, kind in kinds.items()
            if kind.startswith("Datetime")
        ]
        files = sorted((self.path / table).glob("*.parquet"))
        if not files or not days + instants:
            return None
        earliest = pl.scan_parquet(files).select(pl.min_horizontal(days + instants).alias("day"))
        return earliest.collect().item()  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[str]:
        """The names of its tables: `list(release)`, `"invoice" in release`."""
        return iter(self.tables)

    def __getitem__(self, table: str) -> Any:
        if not isinstance(table, str) or table not in self.manifest.schema:
            raise ReleaseNotFound(
                f"release {self.purpose} holds no such table; it holds {', '.join(self.tables)}"
            )
        folder = self.path / table
        if not any(folder.glob("*.parquet")):
            state = f"has lost table {table}" if self.path.is_dir() else "is gone"
            raise ReleaseNotFound(
                f"release {self.id} of {self.purpose} {state}; open another, or make one: genlib "
                f"publish {self.purpose}"
            )
        return (
            self.spark.read.parquet(str(folder))
            if self.spark is not None
            else pl.scan_parquet(folder / "*.parquet")
        )

    def __repr__(self) -> str:
        return (
            f"Release({self.purpose} {self.id}: {self.manifest.people} people, tables "
            f"{', '.join(self.tables)})"
        )

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.tables)

    def _repr_html_(self) -> str:
        facts = "".join(
            f"<tr>{_cell('th', name)}{_cell('td', escape(value))}</tr>"
            for name, value in self._facts().items()
        )
        heads = "".join(
            _cell("th", head) for head in ("table", "rows", "columns, and how they were coarsened")
        )
        rows = (
            (table, f"{self.manifest.rows[table]:,}", _columns(columns))
            for table, columns in self.manifest.schema.items()
        )
        tables = "".join(f"<tr>{''.join(_cell('td', text) for text in row)}</tr>" for row in rows)
        caption = f"<caption>Release <b>{escape(self.purpose)}</b> {escape(self.id)}</caption>"
        summary = f"<table>{caption}<tbody>{facts}</tbody></table>"
        listed = f"<thead><tr>{heads}</tr></thead><tbody>{tables}</tbody>"
        return f"{summary}<table>{listed}</table>"

    def _facts(self) -> dict[str, str]:
        manifest = self.manifest
        k = manifest.k
        left_out = ", ".join(
            f"{count:,} {reason.replace('_', ' ')}"
            for reason, count in manifest.left_out.items()
            if count
        )
        return {
            "people": f"{manifest.people:,}",
            "left out": left_out or "nobody",
            "k-anonymity": f"{k['reached']} ({k['required']} required; {k['rows_coarsened']:,} "
            "people coarsened further)",
            "published": f"{manifest.published_at}, notice {manifest.notice_reference}, genlib "
            f"{manifest.genlib_version}",
            "data until": f"{manifest.data_until or 'not told'}",
            "time zone": f"days and months are those of {manifest.time_zone}, instants are in UTC",
        }


def _cell(tag: str, html: str) -> str:
    return f"<{tag} style='text-align:left'>{html}</{tag}>"


def _columns(columns: Mapping[str, Mapping[str, str]]) -> str:
    notes = (
        (name, column["type"].partition("(")[0], column["coarsening"])
        for name, column in columns.items()
    )
    return ", ".join(
        f"{name}&nbsp;<small>{kind}{'' if how == 'keep' else f'&nbsp;·&nbsp;{how}'}</small>"
        for name, kind, how in notes
    )


@check_call
def open_release(
    purpose: str,
    release: str = "current",
    *,
    spark: Any = None,
    settings: Settings | None = None,
) -> Release:
    """The newest release of a purpose, or the one with the id `release`; with `spark`, a session,
    its tables are Spark frames.

    The opening stands in the access log first. Raises ReleaseNotFound for a purpose, release or
    table that is not on this machine, and Refused if the notice was changed since without a new
    version, or if the opening cannot be recorded.
    """
    settings = settings or configuration.load()
    path, manifest = _find(purpose, release, settings)
    record_opening(settings, purpose, manifest.release_id)
    return Release(path, manifest, spark)


def read_manifest(purpose: str, release: str = "current", *, settings: Settings) -> Manifest:
    """What a release says of itself; nothing of it is opened. Raises as `open_release`."""
    return _find(purpose, release, settings)[1]


def _find(purpose: str, release: str, settings: Settings) -> tuple[Path, Manifest]:
    terms = notice.load(settings.notice)
    purposes = terms.releases
    if purpose not in purposes:
        raise ReleaseNotFound(f"no such release purpose; the notice has {', '.join(purposes)}")
    folder = settings.releases / purpose
    name = _current(folder) if release == "current" else release
    if not RELEASE_ID.fullmatch(name):
        raise UsageError(
            "that is no release id; write 'current' or an id such as 2026-11-01T0400Z-5f2c91"
        )
    path = folder / name
    try:
        manifest = Manifest.from_json((path / "manifest.json").read_text(encoding="utf-8"))
    except OSError:
        raise ReleaseNotFound(_tell_missing(folder, name)) from None
    except (ValueError, KeyError, TypeError):
        raise ReleaseNotFound(
            f"release {name} of {purpose} has no readable manifest of this version; make "
            f"a new one: genlib publish {purpose}"
        ) from None
    terms.check_unchanged(manifest.notice_version, manifest.notice_digest)
    return path, manifest


def _tell_missing(folder: Path, name: str) -> str:
    """Why there is no such release, and what there is."""
    for path in sorted(folder.glob("*/manifest.json")):
        text = path.read_text(encoding="utf-8")
        if name in json.loads(text).get("replaces", []):
            return (
                f"release {name} of {folder.name} is gone, since people in it were erased; in its "
                f"place is {path.parent.name}"
            )
    return (
        f"release {name} of {folder.name} is not here; make one with: genlib publish {folder.name}"
    )


@check_call
def releases(*, settings: Settings | None = None) -> pl.DataFrame:
    """The releases that are on this machine, the newest of each purpose first: purpose, release
    (the id for `open_release`), is_current, published_at (UTC), people and the notice's version."""
    settings = settings or configuration.load()
    manifests = []
    for purpose in notice.load(settings.notice).releases:
        folder = settings.releases / purpose
        try:
            current = (folder / "current").read_text(encoding="utf-8").strip()
        except (OSError, ValueError):  # nothing was published there yet
            continue
        for path in sorted(folder.glob("*/manifest.json"), reverse=True):
            manifests.append(_summary(path, current))
    return pl.DataFrame([summary for summary in manifests if summary], LISTED)


def _summary(path: Path, current: str) -> dict[str, Any] | None:
    """What a release's manifest says of it; None for what is no release of this version."""
    if not RELEASE_ID.fullmatch(path.parent.name):
        return None
    try:
        manifest = Manifest.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {
        "purpose": manifest.purpose,
        "release": manifest.release_id,
        "is_current": manifest.release_id == current,
        "published_at": datetime.fromisoformat(manifest.published_at),
        "people": manifest.people,
        "notice": manifest.notice_version,
    }


def _current(folder: Path) -> str:
    try:
        name = (folder / "current").read_text(encoding="utf-8").strip()
    except OSError:
        raise ReleaseNotFound(
            f"{folder.name} has not been published here; do it with: genlib publish {folder.name}"
        ) from None
    except ValueError:
        name = ""
    if not RELEASE_ID.fullmatch(name):
        raise ReleaseNotFound(
            f"{folder / 'current'} names no release; publish again: genlib publish {folder.name}"
        )
    return name
