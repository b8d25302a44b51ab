"""The catalogue of runs: REPORT/PERIOD/LANGUAGE[/slug]/RUN_ID, each run whole or not there, and an
index of what is newest. Drafts lie in a folder of their author's own, drafts/USER/REPORT/…, which
is 0700 whatever the settings open."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from genlib.atomic import replacing, synced
from genlib.errors import Refused
from genlib.period import Period
from genlib.private import OWNER, Access, make_folder, open_lock, write_file
from genlib.private import remove as take_away

UNFINISHED = "**/.20*"
"""Runs that were being written, or taken away."""
UNDATED = "undated"
"""The period of a notebook that has none."""
GOOD = "good"
DRAFT, FAILED_DRAFT = "draft", "failed draft"
"""What the status of a run is that was not to be published."""
WAITING, REFUSED = "waiting", "refused"
"""What the status of a run is that a second person has yet to let out, or refused."""

MANIFEST = "manifest.json"
MANIFESTS = f"**/[!.]*/{MANIFEST}"
HOLD = "hold.json"
"""In the folder of a run: who keeps it beyond its time, and why."""
DECISION = "decision.json"
"""In the folder of a run that waits: what a second person decided under another login."""

_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Slot:
    """Where the runs of one report with one set of parameters lie. `slug` tells parameters that
    differ from their defaults."""

    report: str
    period: str
    language: str
    slug: str = ""

    @property
    def folder(self) -> Path:
        return Path(self.report, self.period, self.language, self.slug)


@dataclass(frozen=True)
class Run:
    """One run in the catalogue. `html` is None if the run failed, `pdf` if none was asked for."""

    id: str
    status: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def figures(self) -> str:
        """The id of the figures that it shows: its own, or that of the language they were run
        in."""
        return str(self.manifest.get("figures", self.id))

    @property
    def together(self) -> list[str]:
        """The runs that show the same figures, in other languages too."""
        return list(self.manifest.get("together", [self.id]))

    @property
    def html(self) -> Path | None:
        return self._file("report.html")

    @property
    def pdf(self) -> Path | None:
        return self._file("report.pdf")

    @property
    def notebook(self) -> Path:
        return self.folder / "report.ipynb"

    @property
    def slot(self) -> Slot:
        return Slot(**self.manifest["slot"])

    def _file(self, name: str) -> Path | None:
        return self.folder / name if (self.folder / name).exists() else None


def chosen(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are not at their default, period and language apart."""
    return {
        name: value
        for name, value in values.items()
        if name not in {"period", "language"} and value != defaults[name]
    }


def slot_of(report: str, values: Mapping[str, Any], choice: Mapping[str, Any]) -> Slot:
    """The slot of a run: period and language by name, what was chosen in the slug."""
    slug = "_".join(f"{name}-{_PLAIN.sub('-', str(value))}" for name, value in choice.items())
    if len(slug) > 80 or any(_PLAIN.search(str(value)) for value in choice.values()):
        slug = f"{slug[:60]}_{hashlib.sha256(repr(dict(choice)).encode()).hexdigest()[:8]}"
    return Slot(report, str(values.get("period", UNDATED)), str(values.get("language", "en")), slug)


def new_id(now: datetime) -> str:
    """Time in UTC and a random tail, so that runs sort by time and never meet."""
    return f"{now:%Y-%m-%dT%H%M%SZ}-{secrets.token_hex(3)}"


def make_drafts(reports: Path, user: str, access: Access) -> Path:
    """The folder in which a user's drafts lie, for nobody else."""
    plain = _PLAIN.sub("-", user).lstrip(".") or "-"
    if plain != user:
        plain = f"{plain}-{hashlib.sha256(user.encode()).hexdigest()[:8]}"
    make_folder(reports, access)
    return make_folder(make_folder(reports / "drafts", access) / plain, OWNER)


def keep(  # noqa: PLR0913 - who reads what, and who else what waits
    reports: Path,
    slot: Slot,
    files: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    access: Access = OWNER,
    *,
    waiting: Access = OWNER,
) -> Run:
    """Write one run beside its place, flush it to the disk and rename it: a reader sees all of it
    or nothing. What waits for a second person is for those of `waiting`, whoever may read the rest.
    Refused if a folder of the catalogue is a symbolic link."""
    folder = make_folder(reports, access)
    for part in slot.folder.parts:
        folder = make_folder(folder / part, access)
    place = folder / manifest["run_id"]
    readers = waiting if manifest.get("status") == WAITING else access
    draft = make_folder(place.with_name(f".{place.name}"), readers)
    try:
        for name, content in {**files, MANIFEST: write_manifest(manifest)}.items():
            write_file(draft / name, content, readers)
        draft.rename(place)
    except OSError:  # a full disk gets its room back
        shutil.rmtree(draft, ignore_errors=True)
        raise
    synced(place.parent)
    return read_run(place / MANIFEST)


def write_manifest(manifest: Mapping[str, Any]) -> bytes:
    """What is known of a run, as its file holds it."""
    return json.dumps(dict(manifest), ensure_ascii=False, indent=2).encode()


def runs(reports: Path) -> list[Run]:
    """All runs, the newest first, with the drafts of whoever asks; what a crash left behind is not
    among them, nor what has no readable manifest."""
    return read_runs(reports)[0]


def read_runs(reports: Path) -> tuple[list[Run], list[Path]]:
    """The runs (see `runs`); and the folders of those whose manifest this login may read and nobody
    can make sense of, by path."""
    readable: list[Run] = []
    damaged: list[Path] = []
    for path in reports.glob(MANIFESTS):
        try:
            readable.append(read_run(path))
        except OSError:
            continue
        except (ValueError, KeyError, TypeError):
            damaged.append(path.parent)
    return sorted(readable, key=lambda run: run.id, reverse=True), sorted(damaged)


def newest(all_runs: list[Run], status: str) -> list[Run]:
    """The newest run of each slot that has the status, in the order of the slots."""
    first: dict[Slot, Run] = {}
    for run in all_runs:
        if run.status == status:
            first.setdefault(run.slot, run)
    return sorted(
        first.values(),
        key=lambda run: (run.slot.report, run.slot.period, run.slot.language, run.slot.slug),
    )


def find_end(period: str) -> date:
    """Where a period of the catalogue ends; what has none is older than all."""
    return date.min if period == UNDATED else Period.parse(period).end


def find_ordered(reports: Path, slot: Slot, order: str) -> Run | None:
    """The run of a slot that was made for this order of a schedule: a good one, or one that waits
    for a second person."""
    if not order:
        return None
    for path in sorted((reports / slot.folder).glob("[!.]*/manifest.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            run = read_run(path)
            if run.status in {GOOD, WAITING} and run.manifest.get("order") == order:
                return run
    return None


def prune(reports: Path, *, today: str) -> None:
    """Remove the runs that were to be kept until today (ISO), or until a day before; those on hold
    stay."""
    for run in find_expired(reports, today=today):
        remove(run)


def find_expired(reports: Path, *, today: str) -> list[Run]:
    """The runs that `prune` would remove."""
    return [
        run
        for run in runs(reports)
        if run.manifest.get("kept_until", "9999") <= today and not is_held(run)
    ]


def hold(run: Run, note: Mapping[str, str], access: Access = OWNER) -> None:
    """Keep a run until the hold is ended, whatever its time."""
    replace(run.folder / HOLD, json.dumps(dict(note), ensure_ascii=False).encode(), access)


def end_hold(run: Run) -> None:
    """Let a run go when its time comes."""
    (run.folder / HOLD).unlink(missing_ok=True)


def is_held(run: Run) -> bool:
    """Whether a run is on hold."""
    return (run.folder / HOLD).exists()


def remove(run: Run) -> None:
    """Take a run out of sight at once, and then away; `sweep` ends what a crash leaves. Refused if
    it is on hold."""
    if is_held(run):
        raise Refused("this run is on hold; end that first with genlib report hold RUN --end")
    gone = run.folder.with_name(f".{run.folder.name}")
    run.folder.rename(gone)
    take_away(gone)


def sweep(place: Path, pattern: str, *, older_than: float) -> None:
    """Remove the folders of a place, by the pattern of their names, that nobody has written to
    since `older_than` (seconds since the epoch)."""
    for folder in place.glob(pattern):
        if folder.is_dir() and folder.lstat().st_mtime < older_than:
            with suppress(OSError):  # another user's
                take_away(folder)


@contextmanager
def locked(reports: Path) -> Iterator[None]:
    """One writer of the index at a time, on this machine; the lock falls with the process that
    holds it."""
    with open_lock(reports / ".lock") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def replace(path: Path, content: bytes, access: Access = OWNER) -> None:
    """Put a file in place at once: readers see the old or the new one."""
    with replacing(path, access) as file:
        file.write(content)


def read_run(path: Path) -> Run:
    """The run of a manifest; OSError, ValueError, KeyError or TypeError if it cannot be read."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    return Run(manifest["run_id"], manifest["status"], path.parent, manifest)
