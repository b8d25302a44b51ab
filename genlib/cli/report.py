"""`genlib report`: run a report, list the catalogue, show what a report takes, take one back."""

from __future__ import annotations

from typing import Annotated

import typer

from genlib.reports.catalogue import newest, runs
from genlib.settings import load

app = typer.Typer(no_args_is_help=True)


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="A report of notebooks/, or the path of a notebook.")],
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="name=value; may be repeated.")
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
    """Run a report and put it into the catalogue.

    Example: genlib report run campaign_history -p period=2026-10 -p language=fi
    """
    from genlib.reports.parameters import parameters_of, read_pairs
    from genlib.reports.run import open_notebook, run_report

    known = parameters_of(open_notebook(name)[0])
    parameters = read_pairs(known, parameter or [])
    if unfinished:
        parameters["unfinished"] = True
    made = run_report(name, parameters=parameters, pdf=pdf)
    typer.echo(made.html)
    if made.pdf:
        typer.echo(made.pdf)


@app.command("list")
def list_runs() -> None:
    """List the newest good run of every report and every failed run.

    Example: genlib report list
    """
    found = runs(load().reports)
    shown = [*newest(found, "good"), *(run for run in found if run.status == "failed")]
    for run in shown:
        typer.echo(f"{run.status:6}  {run.id}  {run.slot.folder}")
    if not shown:
        typer.echo("no reports yet; make one with genlib report run NAME")


@app.command()
def forget(
    run: Annotated[str, typer.Argument(help="The id of a run, as genlib report list shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take back a run that was never shown to anyone: later reports need not heed it, and it leaves
    the catalogue.

    Example: genlib report forget 2026-11-01T040000Z-5f2c91
    """
    from genlib.reports.run import find_run, forget_run

    settings = load()
    found = find_run(run, settings)
    if not yes:
        typer.confirm(
            f"Has nobody been shown {found.slot.folder if found else 'what this run made'}, and "
            "is it to be deleted?",
            abort=True,
        )
    typer.echo(f"forgotten: {run} (publications in the ledger: {forget_run(run, settings)})")


@app.command()
def parameters(
    name: Annotated[str, typer.Argument(help="A report of notebooks/, or the path of a notebook.")],
) -> None:
    """Show the parameters that a report takes, with types and defaults.

    Example: genlib report parameters campaign_history
    """
    from genlib.reports.parameters import parameters_of
    from genlib.reports.run import open_notebook

    for one in parameters_of(open_notebook(name)[0]).values():
        typer.echo(f"{one.name}: {one.annotation} = {one.default!r}  {one.comment}".rstrip())
