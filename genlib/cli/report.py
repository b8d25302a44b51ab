"""`genlib report`: run a report, list the catalogue, show what a report takes, take one back, let
one out, approve a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from shlex import quote
from typing import Annotated, Any

import typer

from genlib.cli import _catalogue, _second_person
from genlib.errors import Refused
from genlib.reports.catalogue import DRAFT, WAITING, Run
from genlib.settings import load

Notebook = Annotated[str, typer.Argument(help="A report of notebooks/, or the path of a notebook.")]
TOLD_DIGITS = 12

app = typer.Typer(no_args_is_help=True)
_catalogue.add_commands(app)
_second_person.add_commands(app)


@app.command()
def run(
    name: Notebook,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="name=value; may be repeated.")
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(help="fi, sv or en; repeated, the pages show one run of the figures."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print to PDF as well.")] = False,
    unfinished: Annotated[
        bool,
        typer.Option(
            "--unfinished",
            help="Take a period that is not over, up to the day before the release; it is compared "
            "with the same days of the period before, and the page says so.",
        ),
    ] = False,
) -> None:
    """Run a report and put it into the catalogue. A notebook that nobody approved is a draft, for
    its author alone. Where the notice wants four eyes the page waits for a second person (allow).
    The period may be last, last-month, last-quarter or last-year.

    Level: analyst, by the operating system.

    Example: genlib report run campaign_history -p period=2026-10 -p language=fi
    """
    from genlib.errors import ReportFailed
    from genlib.reports.identifying import masked
    from genlib.reports.parameters import parameters_of, read_pairs
    from genlib.reports.run import Page, find_notebook, name_notebook, open_notebook, run_pages

    declared = parameters_of(open_notebook(find_notebook(name)))
    parameters = read_pairs(declared, parameter or [])
    if unfinished:
        parameters["unfinished"] = True
    chosen = [read_pairs(declared, [f"language={one}"]) for one in language or []]
    pages = [Page(parameters | choice) for choice in chosen or [{}]]
    _tell_act("report run", {"report": masked(find_notebook(name).stem), "pages": len(pages)})
    results = run_pages(name, pages, pdf=pdf)
    for result in results:
        if isinstance(result, Run):
            _say_run(result, name_notebook(find_notebook(name)))
    if failures := [str(one) for one in results if isinstance(one, ReportFailed)]:
        raise ReportFailed("; ".join(failures))


def _tell_act(action: str, detail: Mapping[str, Any]) -> None:
    """The act in the audit trail, before it is done; in the access log, where this user may not
    reach the register."""
    from genlib.access_log import record_act
    from genlib.register import key_use

    places = load()
    is_told = False
    with suppress(Refused):
        is_told = key_use.tell_act(places, action, detail, purpose="reports")
    if not is_told:
        record_act(places, action, detail)


def _tell_run(action: str, run_id: str, run: Run | None) -> None:
    """An act on a run that is there; one that was killed is in the ledger only, without a
    report."""
    _tell_act(action, {"run": run_id, "report": run.slot.report if run else None})


def _say_run(result: Run, name: str) -> None:
    typer.echo(result.html)
    if result.pdf:
        typer.echo(result.pdf)
    if result.status == WAITING:
        from genlib.reports.second_person import ask_to_read

        typer.echo(f"it waits, and nobody is shown it: {ask_to_read(result.id)}", err=True)
    if result.status == DRAFT:
        typer.echo(
            "a draft: marked on every page, in no index and no ledger, and for you alone. It "
            "publishes when a second person has read it and run: genlib report approve "
            f"{quote(name)}",
            err=True,
        )


@app.command()
def forget(
    run: Annotated[str, typer.Argument(help="The id of a run, as genlib report list shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take back a run that was never shown to anyone: later reports need not heed it, and it leaves
    the catalogue.

    Level: analyst, by the operating system.

    Example: genlib report forget 2026-11-01T040000Z-5f2c91
    """
    from genlib.reports.run import find_run, forget_run

    settings = load()
    forgotten_run = find_run(run, settings)
    if not yes:
        what = forgotten_run.slot.folder if forgotten_run else "what this run made"
        typer.confirm(f"Has nobody been shown {what}, and is it to be deleted?", abort=True)
    _tell_run("report forget", run, forgotten_run)
    typer.echo(f"forgotten: {run} (publications in the ledger: {forget_run(run, settings)})")


@app.command()
def withdraw(
    run: Annotated[str, typer.Argument(help="The id of a run, as genlib report list shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the ledger; no names.")],
) -> None:
    """Take back a run that was shown, to correct it: it leaves the catalogue, and the next run
    tells its figures anew, with a note.

    Level: analyst, by the operating system.

    Example: genlib report withdraw 2026-11-01T040000Z-5f2c91 --reason "a file was loaded twice"
    """
    from genlib.reports.run import find_run, withdraw_run

    settings = load()
    _tell_run("report withdraw", run, find_run(run, settings))
    typer.echo(f"withdrawn: {run} (parts of tables: {withdraw_run(run, settings, reason)})")


@app.command()
def parameters(
    name: Notebook,
) -> None:
    """Show the parameters that a report takes, with types and defaults.

    Level: none.

    Example: genlib report parameters campaign_history
    """
    from genlib.reports.parameters import parameters_of
    from genlib.reports.run import find_notebook, open_notebook

    for one in parameters_of(open_notebook(find_notebook(name))).values():
        typer.echo(f"{one.name}: {one.annotation} = {one.default!r}  {one.comment}".rstrip())


@app.command()
def approve(name: Notebook) -> None:
    """Approve a notebook that somebody else wrote and that you have read: it publishes from now on,
    until a cell of it is changed. Whoever owns its file or has run it as a draft cannot, by name or
    by login of the machine: what you call yourself does not make you a second person. Not promised:
    that you read it, or that a maker who uses another's login is found out.

    Level: analyst, by the operating system.

    Example: genlib report approve notebooks/branches.ipynb
    """
    from genlib.register import audit
    from genlib.register.database import open_register
    from genlib.reports import approval
    from genlib.reports.identifying import masked
    from genlib.reports.run import find_notebook, open_notebook

    settings = load()
    path = find_notebook(name)
    digest = approval.digest_notebook(open_notebook(path))
    if approval.is_approved(digest, settings):
        typer.echo(f"approved already: {digest[:TOLD_DIGITS]}  {path.stem}")
        return
    approval.check_second_person(path, digest, settings)
    audit.record(
        open_register(settings.register),
        purpose="reports",
        action="report approve",
        people=0,
        detail={"notebook": masked(path.stem), "digest": digest},
        user=settings.user,
    )
    approval.record_act("approved", path.stem, digest, settings)
    typer.echo(f"approved: {digest[:TOLD_DIGITS]}  {path.stem}, by {settings.user}")


@app.command()
def approvals() -> None:
    """List the notebooks that may publish: genlib's own, and those that somebody approved.

    Level: reader, by the operating system.

    Example: genlib report approvals
    """
    from genlib.reports.approval import read_acts, read_shipped

    for digest, notebook in read_shipped().items():
        typer.echo(f"{digest[:TOLD_DIGITS]}  {notebook}, of genlib")
    for act in read_acts(load()):
        if act.act == "approved":
            typer.echo(f"{act.digest[:TOLD_DIGITS]}  {act.notebook}, by {act.user} at {act.at}")


@app.command()
def digest(
    names: Annotated[
        list[str] | None, typer.Argument(help="Reports or notebooks; else all of notebooks/.")
    ] = None,
) -> None:
    """Show the digest of notebooks: of what approval speaks of.

    Level: none.

    Example: genlib report digest campaign_history
    """
    from genlib.reports.approval import digest_notebook
    from genlib.reports.run import find_notebook, open_notebook, report_names

    for name in names or report_names():
        path = find_notebook(name)
        typer.echo(f"{digest_notebook(open_notebook(path))}  {path.stem}")
