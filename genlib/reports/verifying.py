"""Making a run again - the same notebook, release, parameters and past - to see that it comes out
the same, to the byte in all that is no time.

The run is made in a place of its own, which holds the release that it cites, what other reports had
published before it, and nothing else; nothing of it is kept or published. Not promised: a run whose
past was forgotten since (`genlib report forget`) may come out otherwise.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genlib.disclosure.ledger import Ledger
from genlib.errors import Refused, ReportFailed, UsageError
from genlib.present.banner import take_banner
from genlib.present.words import Words
from genlib.private import make_folder
from genlib.release import open_release
from genlib.reports.approval import ACTS, digest_notebook, find_record
from genlib.reports.catalogue import GOOD, WAITING, Run
from genlib.reports.making import TABLES
from genlib.reports.run import Page, find_notebook, open_notebook, run_pages
from genlib.reports.second_person import PAGE
from genlib.settings import Settings

AUDIT = "disclosure.json"
Files = dict[str, Any]


def verify_run(run: Run, settings: Settings, notebook: Path | None = None) -> list[str]:
    """The files of a run that came out otherwise when it was made again; none if it stands.

    UsageError for a run that failed, was refused or cites no release, Refused if the notebook was
    changed since, ReportFailed if a file of the run is gone; `notebook` names the one of that day.
    """
    if run.status not in {GOOD, WAITING} or "release" not in run.manifest:
        raise UsageError(
            "only a good run, or one that waits for a second person, can be verified, and only if "
            "it cites its release"
        )
    _check_whole(run)
    path = notebook or _find_notebook(run)
    if digest_notebook(open_notebook(path)) != run.manifest["notebook_digest"]:
        raise Refused(
            "the notebook was changed since this run; name the one of that day with --notebook"
        )
    with TemporaryDirectory(prefix="genlib-verify-") as folder:
        place = _set_up(Path(folder), run, settings)
        page = Page(
            run.manifest["parameters"],
            since_last=run.manifest.get("since_last", {}),
            command=run.manifest.get("command", ""),
        )
        (again,) = run_pages(path, [page], settings=place)
        if isinstance(again, ReportFailed):
            raise again
        before = _read(run)
        after = _read(again)
    return [name for name in before if before[name] != after.get(name)]


def _check_whole(run: Run) -> None:
    """ReportFailed if a file of the run was taken away."""
    files = [run.folder / name for name in (PAGE, AUDIT)] + [run.notebook]
    gone = [file.name for file in files if not file.is_file()]
    if gone:
        raise ReportFailed(
            f"{', '.join(gone)} of this run is not there any more, so nothing can be compared; "
            "take the run back with genlib report forget, or withdraw if it was shown, and make it "
            "again"
        )


def _find_notebook(run: Run) -> Path:
    """Where the notebook of a run lay; UsageError if it is there no more."""
    place = run.manifest.get("notebook_path")
    path = Path(place) if place else find_notebook(run.slot.report)
    if not path.is_file():
        raise UsageError(
            "the notebook of this run is not where it was run from; name it with --notebook"
        )
    return path


def _set_up(folder: Path, run: Run, settings: Settings) -> Settings:
    """A workbench with the release of the run and the ledger as it was before it. ReleaseNotFound
    if the release is gone."""
    home = make_folder(folder / "home")
    releases = make_folder(folder / "releases")
    cited = run.manifest["release"]
    open_release(cited["purpose"], cited["id"], settings=settings)
    shelf = make_folder(releases / cited["purpose"])
    (shelf / cited["id"]).symlink_to((settings.releases / cited["purpose"] / cited["id"]).resolve())
    (shelf / "current").write_text(cited["id"], encoding="utf-8")
    begun = datetime.fromisoformat(run.manifest["started_at"])
    Ledger.of(settings).copy_before(run.figures, begun, make_folder(home / "ledger"))
    acts = find_record(settings)
    if acts.exists():
        shutil.copy(acts, home / ACTS)
    own = replace(settings, home=home, releases=releases, reports=folder / "reports")
    return replace(own, approvals=None, user=run.manifest["user"])


def _read(run: Run) -> Files:
    """What a run holds, without the day until which it is kept and without a banner."""
    last_day = date.fromisoformat(run.manifest["kept_until"])
    day = Words(run.slot.language).date(last_day)
    text = (run.folder / PAGE).read_text(encoding="utf-8")
    page = take_banner(text).replace(day, "")
    cells = json.loads(run.notebook.read_text(encoding="utf-8").replace(day, ""))["cells"]
    without_id = [{name: part for name, part in cell.items() if name != "id"} for cell in cells]
    audit = (run.folder / AUDIT).read_bytes()
    files = {PAGE: page, "report.ipynb": without_id, AUDIT: audit}
    tables = run.folder / TABLES
    return files | {TABLES: tables.read_bytes()} if tables.exists() else files
