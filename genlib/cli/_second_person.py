"""`genlib report allow | refuse`: what a second person decides of a report that waits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genlib.cli._catalogue import RunId, find_run
from genlib.errors import Refused
from genlib.register import audit, key_use
from genlib.register.database import open_register
from genlib.reports.catalogue import GOOD, Run
from genlib.settings import Settings, load, password

PasswordFile = Annotated[
    Path | None, typer.Option(help="File with the password of your slot of the pseudonym key.")
]


def add_commands(app: typer.Typer) -> None:
    """Put the commands into the group of reports."""
    app.command()(allow)
    app.command()(refuse)


def allow(
    run: RunId,
    digest: Annotated[str, typer.Option(help="The digits that the page you read says on top.")],
    password_file: PasswordFile = None,
) -> None:
    """Let out a report that somebody else made, by another name and another login of the machine,
    and that you have read, where the notice wants four eyes. Refused if its files are not what you
    read. The login that made it carries it out with its next schedule due, report run or prune.

    Level: publisher.

    Example: genlib report allow 2026-11-01T040000Z-5f2c91 --digest 3f8a0c5de912
    """
    from genlib.reports.second_person import (
        allow_run,
        check_digest,
        check_second_person,
        digest_run,
    )

    settings = load(password_file=password_file)
    waiting_run = _find_read(run, settings, "report allow")
    check_second_person(waiting_run, settings)
    check_digest(waiting_run, digest)
    _tell(settings, "report allow", waiting_run, digest_run(waiting_run))
    allowed = allow_run(waiting_run, digest, settings)
    if allowed.status == GOOD:
        typer.echo(f"let out by {settings.user}: {allowed.html}")
    else:
        _say_later(settings, run)


def refuse(
    run: RunId,
    reason: Annotated[str, typer.Option(help="Why, for the record; no names.")],
    password_file: PasswordFile = None,
) -> None:
    """Refuse a report that somebody else made, where the notice wants four eyes: it stays for the
    record and never goes out, and its figures are withdrawn.

    Level: publisher.

    Example: genlib report refuse 2026-11-01T040000Z-5f2c91 --reason "the title says too much"
    """
    from genlib.reports.decisions import is_own
    from genlib.reports.second_person import check_refusal, digest_run, refuse_run

    settings = load(password_file=password_file)
    waiting_run = _find_read(run, settings, "report refuse")
    check_refusal(waiting_run, settings)
    _tell(settings, "report refuse", waiting_run, digest_run(waiting_run))
    refuse_run(waiting_run, reason, settings)
    if is_own(waiting_run):
        typer.echo(f"refused by {settings.user}: {run}")
    else:
        _say_later(settings, run)


def _find_read(run_id: str, settings: Settings, command: str) -> Run:
    """The run, once whoever asks has shown by a password who they are."""
    from genlib.reports.decisions import find_closed

    word = password(settings, "password of the pseudonym key")
    key_use.open_pseudonym(settings, word, command)
    if find_closed(settings.reports, run_id):
        raise Refused(
            "this login of the machine may not read that run: let groups name a group for waiting "
            "and one for reports, of which its maker and this login are members; what waits "
            "already is made again"
        )
    return find_run(run_id, settings)


def _say_later(settings: Settings, run_id: str) -> None:
    typer.echo(
        f"decided by {settings.user}: {run_id}; the login of the machine that made it carries it "
        "out with its next genlib schedule due, report run or report prune"
    )


def _tell(settings: Settings, action: str, run: Run, digest: str) -> None:
    """In the audit trail, before it is done; nothing is done without."""
    detail = {"run": run.id, "report": run.slot.report, "digest": digest}
    audit.record(
        open_register(settings.register),
        purpose="reports",
        action=action,
        people=0,
        detail=detail,
        user=settings.user,
    )
