"""Four eyes, where the notice wants them: a page waits until a second person has read it, and lets
it out or refuses it.

While it waits it says so at its head, beside the digest of all that its folder holds; its files are
for their owner, and the group that may let it out, whoever may read the reports. Whoever lets it
out gives that digest: another file or another manifest since is another digest. Its figures stand
in the ledger as soon as it waits, for the second person reads them; when the last page that shows
them is refused they are withdrawn: told anew another time, while what was read of them still
counts.

A second person has another name and another login of the machine than the maker. A login that
several share tells nobody apart, so nobody lets out what was made under it: each person has one of
their own, and so has the schedule. Since the folder is the maker's, what was decided lies beside
the page until the maker's login carries it out (`decisions`): by the next run of the schedule or of
a report, or `genlib report prune`.

Not promised: that the second person read it; that a maker who works under another's login of the
machine and another's name is found out; or that whoever may write to the catalogue, and so change
page, manifest and digest alike, does not.

Example: aino makes the report of October, a page that waits. bertta, a publisher, reads it and runs
`genlib report allow RUN --digest 5f2c91a0b3d4`: once that is carried out it is a good run like any
other.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from genlib.access_log import read_login
from genlib.clock import read_clock
from genlib.disclosure.ledger import Ledger
from genlib.errors import Refused, UsageError
from genlib.present import banner
from genlib.present.words import Words
from genlib.private import OWNER, Access, give
from genlib.reports import catalogue, index
from genlib.reports.catalogue import DECISION, GOOD, HOLD, MANIFEST, REFUSED, WAITING, Run
from genlib.reports.decisions import (
    Decision,
    check_undecided,
    end_decision,
    has_decision,
    is_own,
    leave_decision,
    read_decision,
)
from genlib.reports.identifying import masked
from genlib.reports.pdf import to_pdf
from genlib.settings import Settings

PAGE, PRINT = "report.html", "report.pdf"
BESIDE = {MANIFEST, HOLD, PRINT, DECISION}
"""Files of a run that its digest does not count: the manifest counts by what it says."""
DIGITS = 12
"""Of the digest, as the page says it."""


def mark_page(
    files: Mapping[str, bytes], manifest: Mapping[str, Any], language: str
) -> dict[str, bytes]:
    """The files of a run that waits: its page says so, and the digest."""
    digest = digest_files(files, manifest)
    message = Words(language).translate(banner.WAITING, digest=digest[:DIGITS])
    page = banner.put_banner(files[PAGE].decode(), message)
    return {**files, PAGE: page.encode()}


def ask_to_read(run_id: str) -> str:
    """What to say of a run that waits."""
    return (
        f"a second person reads it (genlib report open {run_id}) and lets it out, with the digits "
        f"at the head of the page: genlib report allow {run_id} --digest DIGITS; or refuses it: "
        f"genlib report refuse {run_id} --reason WHY"
    )


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
    """UsageError if the run does not wait, or somebody has decided of it; Refused if the user of
    the settings made it, or the login of this process, by name or by login of the machine."""
    if run.status != WAITING:
        raise UsageError(
            "this run does not wait for a second person; genlib report list shows those that do"
        )
    check_undecided(run)
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


def check_digest(run: Run, digits: str) -> str:
    """The whole digest of the run; UsageError unless so many digits are given as the page says,
    Refused if the run is not what was read."""
    if len(digits) < DIGITS:
        raise UsageError(f"give the {DIGITS} digits that the page says at its head, as --digest")
    digest = digest_run(run)
    if not digest.startswith(digits.lower()):
        raise _refuse_other_files()
    return digest


def _refuse_other_files() -> Refused:
    return Refused(
        "the run is not of this digest: another page was read, or its files were changed since; "
        "read it again with genlib report open RUN, or refuse it"
    )


def allow_run(run: Run, digest: str, settings: Settings) -> Run:
    """The run, let out by the user of the settings: a good one, for whom the reports are for. It
    waits still if its folder is another login's, who carries it out (`carry_out_decisions`).

    The manifest is changed last: whoever is stopped before does it again. Raises what the checks
    raise, of the run as it lies there now.
    """
    with _lock_own(run, settings):
        current = catalogue.read_run(run.folder / MANIFEST)
        check_second_person(current, settings)
        decision = _decide(GOOD, settings, check_digest(current, digest))
        if not is_own(current):
            leave_decision(current, decision)
            return current
        if not _let_out(current, decision, settings):
            raise _refuse_other_files()
    index.write(settings.reports, settings.time_zone, settings.access)
    return catalogue.read_run(run.folder / MANIFEST)


def _let_out(run: Run, decision: Decision, settings: Settings) -> bool:
    """Whether the run is what the decision is of, and so is let out. Nobody else can change its
    files from when they are read until they are for the readers."""
    os.chmod(run.folder, OWNER.folder)
    files = _read_files(run)
    if digest_files(files, run.manifest) != decision.digest:
        give(run.folder, settings.waiting.folder, settings.waiting.group)
        return False
    if run.manifest["pdf"]:
        files[PRINT] = to_pdf(files[PAGE].decode())
    for name, content in files.items():
        catalogue.replace(run.folder / name, content, settings.access)
    give(run.folder, settings.access.folder, settings.access.group)
    manifest = {**run.manifest, "status": GOOD, "allowed": decision.describe()}
    _replace_manifest(run, manifest, settings.access)
    return True


def refuse_run(run: Run, reason: str, settings: Settings) -> None:
    """Keep for the record that the user of the settings refused a run: it never goes out. Its
    figures are withdrawn, unless a page in another language still shows them or may. Whoever is
    stopped does it again; the reason that is there stays. What is another login's waits, as of
    `allow_run`. Raises what `check_refusal` raises."""
    with _lock_own(run, settings):
        current = catalogue.read_run(run.folder / MANIFEST)
        check_refusal(current, settings)
        decision = _decide(REFUSED, settings, digest_run(current), masked(reason))
        if not is_own(current):
            leave_decision(current, decision)
            return
        if current.status == WAITING:
            current = _mark_refused(current, decision)
    withdraw_unshown(current, settings)
    index.write(settings.reports, settings.time_zone, settings.access)


def carry_out_decisions(settings: Settings) -> int:
    """The number of runs of this login that second persons let out or refused under theirs, which
    is done now; a decision that is none, or the maker's own, or of other files, goes. What a
    refusal that was stopped left told is withdrawn."""
    done = 0
    for run in catalogue.runs(settings.reports):
        with suppress(OSError):  # gone meanwhile, or a full disk: another time
            if has_decision(run) and is_own(run):
                done += _carry_out(run, settings)
    for run in catalogue.runs(settings.reports):
        if run.status == REFUSED and is_own(run):
            withdraw_unshown(run, settings)
    if done:
        index.write(settings.reports, settings.time_zone, settings.access)
    return done


def _carry_out(run: Run, settings: Settings) -> bool:
    """Whether what was decided of a run is done. The decision goes last: whoever is stopped before
    does it again."""
    with catalogue.locked(settings.reports):
        current = catalogue.read_run(run.folder / MANIFEST)
        decision = _find_decision(current)
        is_done = decision is not None
        if decision and decision.status == GOOD:
            is_done = _let_out(current, decision, settings)
        elif decision:
            _mark_refused(current, decision)
        end_decision(current)
    return is_done


def _find_decision(run: Run) -> Decision | None:
    """What a second person decided of a run that waits, if it can be read."""
    with suppress(Refused, OSError, ValueError, TypeError):
        decision = read_decision(run)
        _check_not_maker(run, {decision.by, decision.login})
        return decision if run.status == WAITING else None
    return None


@contextmanager
def _lock_own(run: Run, settings: Settings) -> Iterator[None]:
    """The catalogue, where it is this login's to change."""
    with catalogue.locked(settings.reports) if is_own(run) else nullcontext():
        yield


def withdraw_unshown(run: Run, settings: Settings) -> None:
    """Withdraw the figures of a run that was refused, if no page shows them or waits to."""
    if _is_left_told(run, settings):
        refusal = run.manifest["refused"]
        Ledger.of(settings).withdraw(run.figures, by=refusal["by"], reason=refusal["reason"])


def _mark_refused(run: Run, decision: Decision) -> Run:
    """The run as it is kept for the record: its owner's alone, whatever somebody who let it out,
    and was stopped, had opened."""
    os.chmod(run.folder, OWNER.folder)
    files = _read_files(run)
    message = Words(run.slot.language).translate(banner.REFUSED)
    files[PAGE] = banner.put_banner(files[PAGE].decode(), message).encode()
    for name, content in files.items():
        catalogue.replace(run.folder / name, content, OWNER)
    (run.folder / PRINT).unlink(missing_ok=True)
    manifest = {**run.manifest, "status": REFUSED, "refused": decision.describe()}
    _replace_manifest(run, manifest, OWNER)
    return catalogue.read_run(run.folder / MANIFEST)


def _decide(status: str, settings: Settings, digest: str, reason: str = "") -> Decision:
    """The decision of the user of the settings, now."""
    at = read_clock().isoformat()
    return Decision(status, settings.user, read_login(), at, digest, reason)


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
