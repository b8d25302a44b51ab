"""Four eyes, where the notice wants them: a page waits until a second person has read it, and lets
it out or refuses it.

While it waits it says so at its head, beside the digest of all that its folder holds; its files are
their owner's alone, whoever may read the reports. Whoever lets it out gives that digest: another
file or another manifest since is another digest. Its figures stand in the ledger as soon as it
waits, for the second person reads them; when the last page that shows them is refused they are
withdrawn: told anew another time, while what was read of them still counts.

A second person has another name and another login of the machine than the maker. A login that
several share tells nobody apart, so nobody lets out what was made under it: each person has one of
their own, and so has the schedule.

Not promised: that the second person read it; that a maker who works under another's login of the
machine and another's name is found out; or that whoever may write to the catalogue, and so change
page, manifest and digest alike, does not.

Example: aino makes the report of October, a page that waits. bertta, a publisher, reads it and runs
`genlib report allow RUN --digest 5f2c91a0b3d4`: from then on it is a good run like any other.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from genlib.access_log import read_login
from genlib.clock import read_clock
from genlib.disclosure.ledger import Ledger
from genlib.errors import Refused, UsageError
from genlib.present import banner
from genlib.present.words import Words
from genlib.private import OWNER, Access, give
from genlib.reports import catalogue, index
from genlib.reports.catalogue import GOOD, HOLD, MANIFEST, REFUSED, WAITING, Run
from genlib.reports.identifying import masked
from genlib.reports.pdf import to_pdf
from genlib.settings import Settings

PAGE, PRINT = "report.html", "report.pdf"
BESIDE = {MANIFEST, HOLD, PRINT}
"""Files of a run that its digest does not count: the manifest counts by what it says."""
DIGITS = 12
"""Of the digest, as the page says it."""


def mark_page(
    files: Mapping[str, bytes], manifest: Mapping[str, Any], language: str
) -> dict[str, bytes]:
    """The files of a run that waits: its page says so, and the digest."""
    digest = digest_files(files, manifest)
    said = Words(language).translate(banner.WAITING, digest=digest[:DIGITS])
    page = banner.put_banner(files[PAGE].decode(), said)
    return {**files, PAGE: page.encode()}


def digest_files(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> str:
    """The SHA-256 of the files of a run, without a banner, and of what is known of it."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    content = json.dumps([digests, dict(manifest)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def digest_run(run: Run) -> str:
    """The digest of a run that waits, as it lies there now."""
    return digest_files(_read_files(run), run.manifest)


def _read_files(run: Run) -> dict[str, bytes]:
    files = {}
    for path in run.folder.iterdir():
        if path.name not in BESIDE and not path.name.startswith("."):
            files[path.name] = path.read_bytes()
    page = files.get(PAGE, b"").decode(errors="replace")
    return {**files, PAGE: banner.take_banner(page).encode()}


def check_second_person(run: Run, settings: Settings) -> None:
    """UsageError if the run does not wait; Refused if the user of the settings made it, or the
    login of this process, by name or by login of the machine."""
    if run.status != WAITING:
        raise UsageError(
            "this run does not wait for a second person; genlib report list shows those that do"
        )
    _check_not_maker(run, {settings.user, read_login()})


def _check_not_maker(run: Run, names: set[str]) -> None:
    if names & {run.manifest["user"], run.manifest["login"]}:
        raise Refused(
            "whoever made a report, by name or by login of the machine, cannot let it out or "
            "refuse it: ask a second person to do so under a login of the machine that is theirs "
            "alone, or take it back with genlib report forget"
        )


def check_refusal(run: Run, settings: Settings) -> None:
    """What `check_second_person` raises, unless the run was refused and its figures are told still:
    whoever was stopped in between does it again."""
    if run.status == REFUSED and _is_left_told(run, settings):
        return
    check_second_person(run, settings)


def check_digest(run: Run, digest: str) -> None:
    """UsageError unless so many digits are given as the page says; Refused if the run is not what
    was read."""
    if len(digest) < DIGITS:
        raise UsageError(f"give the {DIGITS} digits that the page says at its head, as --digest")
    if not digest_run(run).startswith(digest.lower()):
        raise Refused(
            "the run is not of this digest: another page was read, or its files were changed "
            "since; read it again with genlib report open RUN, or refuse it"
        )


def allow_run(run: Run, digest: str, settings: Settings) -> Run:
    """The run, let out by the user of the settings: a good one, for whom the reports are for.

    The manifest is changed last: whoever is stopped before does it again. Raises what the checks
    raise, of the run as it lies there now.
    """
    with catalogue.locked(settings.reports):
        current = catalogue.read_run(run.folder / MANIFEST)
        check_second_person(current, settings)
        check_digest(current, digest)
        files = _read_files(current)
        decision = _describe_decision(settings, digest=digest_run(current))
        if current.manifest["pdf"]:
            files[PRINT] = to_pdf(files[PAGE].decode())
        for name, content in files.items():
            catalogue.replace(run.folder / name, content, settings.access)
        give(run.folder, settings.access.folder, settings.access.group)
        manifest = {**current.manifest, "status": GOOD, "allowed": decision}
        _replace_manifest(run, manifest, settings.access)
    index.write(settings.reports, settings.time_zone, settings.access)
    return catalogue.read_run(run.folder / MANIFEST)


def refuse_run(run: Run, reason: str, settings: Settings) -> None:
    """Keep for the record that the user of the settings refused a run: it never goes out. Its
    figures are withdrawn, unless a page in another language still shows them or may. Whoever is
    stopped does it again; the reason that is there stays. Raises what `check_refusal` raises."""
    with catalogue.locked(settings.reports):
        current = catalogue.read_run(run.folder / MANIFEST)
        check_refusal(current, settings)
        if current.status == WAITING:
            decision = _describe_decision(settings, reason=masked(reason))
            current = _mark_refused(current, decision)
    withdraw_unshown(current, settings)
    index.write(settings.reports, settings.time_zone, settings.access)


def withdraw_unshown(run: Run, settings: Settings) -> None:
    """Withdraw the figures of a run that was refused, if no page shows them or waits to."""
    if _is_left_told(run, settings):
        reason = run.manifest["refused"]["reason"]
        Ledger.of(settings).withdraw(run.figures, by=settings.user, reason=reason)


def _mark_refused(run: Run, decision: Mapping[str, str]) -> Run:
    """The run as it is kept for the record: its owner's alone, whatever somebody who let it out,
    and was stopped, had opened."""
    os.chmod(run.folder, OWNER.folder)
    files = _read_files(run)
    said = Words(run.slot.language).translate(banner.REFUSED)
    files[PAGE] = banner.put_banner(files[PAGE].decode(), said).encode()
    for name, content in files.items():
        catalogue.replace(run.folder / name, content, OWNER)
    (run.folder / PRINT).unlink(missing_ok=True)
    manifest = {**run.manifest, "status": REFUSED, "refused": dict(decision)}
    _replace_manifest(run, manifest, OWNER)
    return catalogue.read_run(run.folder / MANIFEST)


def _describe_decision(settings: Settings, **more: str) -> dict[str, str]:
    return {"by": settings.user, "at": read_clock().isoformat(), **more}


def _replace_manifest(run: Run, manifest: Mapping[str, Any], access: Access) -> None:
    catalogue.replace(run.folder / MANIFEST, catalogue.write_manifest(manifest), access)


def _is_left_told(run: Run, settings: Settings) -> bool:
    """Whether nobody withdrew the figures of a run, though no page shows them or waits to."""
    if run.figures in Ledger.of(settings).list_withdrawn():
        return False
    return not any(
        other.figures == run.figures and other.status in {GOOD, WAITING}
        for other in catalogue.runs(settings.reports)
    )
