"""The ledger: which pages were told so far, and of whom their figures are.

One private file (0600) per call of `protect` in a run that publishes, beside the releases and never
in the catalogue of reports. It holds what was told, with the keyed sketches of who is in it: no
more than the releases do. Until its run has its report the file is pending: it binds others, since
the report may yet be shown, and goes if the run fails.

Example: a run tells a table, and it is known to the next one when it has its report.

>>> import tempfile
>>> from genlib.disclosure.cells import Dimension
>>> from genlib.disclosure.counting import tabulate
>>> from genlib.disclosure.protect import protect
>>> regions = ["01"] * 40 + ["06"] * 30
>>> rows = pl.DataFrame({"customer": range(70), "region": regions})
>>> cells = tabulate(rows, person="customer", by=[Dimension("region")], population="customers")
>>> folder = Path(tempfile.mkdtemp())
>>> ledger = Ledger(folder, date(2026, 11, 1), "first")
>>> shown = protect(ledger=ledger, customers=cells)
>>> [file.name for file in ledger.published("first")]
['first_0.pending.parquet']
>>> ledger.enter("first")
>>> [file.name for file in ledger.published("first")]
['first_0.parquet']
>>> [page.figures.height for page in Ledger(folder).read_past().pages]
[3]
>>> shutil.rmtree(folder)
"""

from __future__ import annotations

import fcntl
import glob
import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from genlib.atomic import replacing
from genlib.disclosure.figures import FIGURE
from genlib.disclosure.near import find_twins, guess_twins
from genlib.disclosure.pages import Page, Past, ToldPage
from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import SIZE
from genlib.disclosure.table import ProtectedTable
from genlib.errors import Refused
from genlib.private import make_folder, open_lock
from genlib.settings import Settings

PENDING = ".pending.parquet"
KEPT = ".parquet"
WITHDRAWN = "withdrawn.json"
FORGOTTEN = "forgotten.json"
NAMED = 3
"""How many runs a refusal names."""
PAGE: dict[str, Any] = {
    "series": pl.String,
    "steps": pl.String,
    "code": pl.String,
    "start": pl.Date,
    "end": pl.Date,
    "day": pl.Date,
    "run": pl.String,
    "coarser": pl.String,
    "frame": pl.Binary,
    "figures": pl.List(pl.Struct(FIGURE)),
}


@dataclass(frozen=True)
class Ledger:
    """The pages in `folder`, and the publication in the making: the day it is told, and the run
    that makes it."""

    folder: Path
    day: date = date.max
    run: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Ledger:
        """The ledger of a workbench."""
        return cls(settings.home / "ledger")

    @classmethod
    def standing(cls, settings: Settings) -> Ledger | None:
        """The ledger of a run that publishes, None where nothing is published."""
        day, _, run = settings.publication.partition(" ")
        if not run:
            return None
        return replace(cls.of(settings), day=date.fromisoformat(day), run=run)

    @staticmethod
    def called(day: date, run: str) -> str:
        """A publication as its kernel is told.

        >>> Ledger.called(date(2026, 11, 1), "20261101-run")
        '2026-11-01 20261101-run'
        """
        return f"{day} {run}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One publication at a time: between reading the past and adding to it nobody else does
        either."""
        make_folder(self.folder)
        with open_lock(self.folder / ".lock") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def read_past(self) -> Past:
        """All pages that were told."""
        withdrawn = self._read_notes(WITHDRAWN)
        files = sorted(self.folder.glob(f"*{KEPT}"))
        pages = [page for file in files for page in _read(file)]
        return Past(replace(page, is_withdrawn=page.run in withdrawn) for page in pages)

    def record(self, pages: Iterable[ToldPage]) -> None:
        """Add pages, pending until `enter`."""
        rows = pl.DataFrame([_row(page) for page in pages], schema=PAGE, orient="row")
        if rows.is_empty():
            return
        number = len(self.published(self.run))
        with replacing(self.folder / f"{self.run}_{number}{PENDING}") as file:
            content = BytesIO()
            rows.write_parquet(content)
            file.write(content.getvalue())

    def enter_saved(self, tables: Collection[ProtectedTable], policy: Policy) -> None:
        """Tables leave without a report. Refused if a figure of theirs is a near twin of one that
        was told before."""
        pages = [page for table in tables for page in table.pages]
        with self.locked():
            _check_apart(tables, self.read_past(), policy)
            self.record(replace(page, day=self.day, run=self.run) for page in pages)
            self.enter(self.run)

    def published(self, run: str) -> list[Path]:
        """The files of a run."""
        return sorted(self.folder.glob(f"{glob.escape(run)}_*{KEPT}"))

    def copy_before(self, run: str, begun: datetime, folder: Path) -> None:
        """Copy the ledger into an empty folder as it was when a run began."""
        for file in self.folder.glob(f"*{KEPT}"):
            if file.name.rpartition("_")[0] < run:
                shutil.copy(file, folder)
        earlier = {}
        for name, note in self._read_notes(WITHDRAWN).items():
            if datetime.fromisoformat(note["at"]) < begun:
                earlier[name] = note
        (folder / WITHDRAWN).write_text(json.dumps(earlier), encoding="utf-8")

    def enter(self, run: str) -> None:
        """The run has its report: what it told was told."""
        for file in self.published(run):
            file.replace(file.with_name(file.name.replace(PENDING, KEPT)))

    def forget(self, run: str, *, by: str = "") -> int:
        """Strike out what a run told and nobody was shown, and note `by` whom; the number of files
        struck."""
        with self.locked():
            struck = self.published(run)
            if by:
                self._note(FORGOTTEN, run, {"user": by, "struck": len(struck)})
            for file in struck:
                file.unlink()
            return len(struck)

    def note_forgotten(self, run: str, *, by: str) -> None:
        """Note that a run was taken back whose figures another one still shows."""
        with self.locked():
            self._note(FORGOTTEN, run, {"user": by, "struck": 0})

    def list_forgotten(self) -> set[str]:
        """The runs that somebody took back."""
        return set(self._read_notes(FORGOTTEN))

    def withdraw(self, run: str, *, by: str, reason: str) -> int:
        """Mark the pages of a run that was shown as withdrawn by somebody: they are told anew, and
        what readers know of them still counts. The number of pages."""
        with self.locked():
            self._note(WITHDRAWN, run, {"user": by, "reason": reason})
            files = self.published(run)
            return sum(pl.read_parquet(file, columns=["run"]).height for file in files)

    def list_withdrawn(self) -> set[str]:
        """The runs whose figures somebody withdrew."""
        return set(self._read_notes(WITHDRAWN))

    def sweep(self, older_than: float) -> None:
        """Strike out what is pending of runs that were killed: one that has its report is entered
        before it."""
        for file in self.folder.glob(f"*{PENDING}"):
            if file.stat().st_mtime < older_than:
                file.unlink(missing_ok=True)

    def _note(self, name: str, run: str, about: dict[str, Any]) -> None:
        """Write down what became of a run."""
        at = {"at": f"{datetime.now(UTC):%FT%TZ}"}
        notes = self._read_notes(name) | {run: at | about}
        with replacing(self.folder / name) as file:
            file.write(json.dumps(notes, indent=1).encode())

    def _read_notes(self, name: str) -> dict[str, Any]:
        place = self.folder / name
        if not place.is_file():
            return {}
        notes: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        return notes


def _check_apart(tables: Collection[ProtectedTable], past: Past, policy: Policy) -> None:
    """Refused if a figure of the tables is a near twin of one that was told before. Tables of two
    calls of `protect` may have one name."""
    pages = [page for table in tables for page in table.pages]
    count = _count_twins(pages, past.pages, policy)
    if not count:
        return
    names = [one.name for one in tables if _count_twins(one.pages, past.pages, policy)]
    raise Refused(
        f"{count} figures of {', '.join(names)} are of nearly the same people as figures that "
        f"were told before, in {_name_tellers(pages, past, policy)}; take them from there: genlib "
        "report open RUN shows a report, and -saved- is in the name of what genlib.save wrote"
    )


def _count_twins(pages: Iterable[ToldPage], others: Iterable[ToldPage], policy: Policy) -> int:
    """How many figures of the pages are near twins of one of the others."""
    figures = Past(pages).list_figures().with_row_index("figure")
    told = Past(others).list_figures()
    near = find_twins(figures, told, policy).filter(~pl.col("is_own"))
    together = pl.concat([near, guess_twins(figures, told, policy)])
    return together["figure"].n_unique()


def _name_tellers(pages: Sequence[ToldPage], past: Past, policy: Policy) -> str:
    """The last runs that told a near twin of these pages, the newest first.

    Example: of five runs "run-5, run-4, run-3 and 2 more".
    """
    pages_by_run: dict[str, list[ToldPage]] = {}
    for page in reversed(past.pages):
        pages_by_run.setdefault(page.run, []).append(page)
    runs = [run for run, told in pages_by_run.items() if _count_twins(pages, told, policy)]
    more = f" and {len(runs) - NAMED} more" if len(runs) > NAMED else ""
    return ", ".join(runs[:NAMED]) + more


def _row(told_page: ToldPage) -> list[Any]:
    """A page as a row of the file."""
    page = told_page.page
    return [
        page.series,
        page.steps,
        page.code,
        page.start,
        page.end,
        told_page.day,
        told_page.run,
        json.dumps(dict(told_page.coarser)),
        told_page.content,
        told_page.figures.select(FIGURE.keys()).to_dicts(),
    ]


def _read(file: Path) -> Iterator[ToldPage]:
    """The pages of a file. A sketch of another size is left out: the version that drew it knew
    other people."""
    readable = pl.when(pl.col("sketch").bin.size() == SIZE).then("sketch")
    told = pl.read_parquet(file)
    counts = told["figures"].list.len()
    listed = told.filter(counts > 0).select(pl.col("figures").explode()).unnest("figures")
    figures = listed.with_columns(sketch=readable)
    ends = counts.cum_sum()
    for row, count, end in zip(told.drop("figures").rows(named=True), counts, ends, strict=True):
        page = Page(row["series"], row["steps"], row["code"], row["start"], row["end"])
        yield ToldPage(
            page=page,
            day=row["day"],
            run=row["run"],
            content=row["frame"],
            figures=figures.slice(end - count, count),
            coarser=json.loads(row["coarser"]),
        )
