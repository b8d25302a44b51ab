"""`genlib feed`: what a source's files would do, before anything is kept."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from genlib import notice, settings
from genlib.cli._refreshing import (
    AsOf,
    Fewer,
    FilesFolder,
    Full,
    check_fewer,
    find_feed,
    read_as_of,
    read_sources,
)
from genlib.cli._telling import PasswordFile, open_identity
from genlib.errors import BadInput, UsageError
from genlib.register.database import open_register
from genlib.register.feeds.feed_file import find_faults
from genlib.register.feeds.guess import LETTERS, draft_feed
from genlib.register.refresh import Refresh

app = typer.Typer(no_args_is_help=True)
TOLD = 20
"""How many refused, and how many missing rows of a table are told; a refresh tells them all."""


@app.callback()
def feed() -> None:
    """Check what the systems of the company send."""


@app.command()
def new(
    file: Annotated[
        Path, typer.Argument(help="A file of the source.", exists=True, dir_okay=False)
    ],
    to: Annotated[
        Path | None, typer.Option(help="Where to write it; default: here, NAME.toml.")
    ] = None,
    table: Annotated[str, typer.Option(help="Which table the file is; else found out.")] = "",
    header: Annotated[
        int, typer.Option(help="Number of the row that names the columns.", min=1)
    ] = 1,
) -> None:
    """Write a first feed from a file's header, for you to finish: what is called as in the register
    is taken, the rest stands there as a comment. Of the rows it says how they are written, where
    that is clear, and no value.

    Level: none.

    Example: genlib feed new exports/customers.csv
    """
    target = to or Path(f"{file.stem}.toml")
    if target.exists():
        raise UsageError(f"{target} is there already; name another file with --to")
    text = draft_feed(file, table, header)
    target.write_text(text, encoding="utf-8")
    if LETTERS in text:
        typer.echo(f"{file.name} is not in UTF-8 and was read as Windows-1252")
    typer.echo(f"{target}: finish it, then: genlib feed check {target} --files {file.parent}")


@app.command()
def check(  # noqa: PLR0913, PLR0917 - the options of a command
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="Folders in the register's own layout, or feeds.", metavar="FEED_OR_FOLDER..."
        ),
    ],
    full: Full = False,
    fewer: Fewer = False,
    as_of: AsOf = None,
    files: FilesFolder = None,
    password_file: PasswordFile = None,
) -> None:
    """Tell what a refresh would do - rows new, changed by column, unchanged, refused, with --full
    also whom it would mark as missing - and keep nothing. Every fault of a feed is told with its
    line. Exit code 3 if a file is older than the last of its feed or cannot be a full one, 4 if
    rows would be refused, but for those past their retention and those of people who were erased.

    Level: steward.

    Example: genlib feed check data/sample
             genlib feed check customer_list --files ~/exports --full
    """
    check_fewer(full=full, fewer=fewer)
    places = settings.load(password_file=password_file)
    for one in inputs:
        if not one.is_dir():
            _tell_faults(find_feed(places, one))
    work = Refresh(
        open_register(places.register),
        open_identity(places, "feed check"),
        places.home / "rejected",
        artificial=places.artificial,
        years_kept=notice.load(places.notice).years_kept,
        is_whole=full,
        may_be_fewer=fewer,
        time_zone=places.time_zone,
    )
    sources = read_sources(places, inputs, files, read_as_of(as_of))
    outcomes = work.check(sources)
    for outcome, refused in outcomes:
        typer.echo("\n".join([str(outcome), *outcome.notices]))
        schema = {"row": pl.Int64, "column": pl.String, "rule": pl.String}
        faults = pl.read_csv(io.BytesIO(refused), schema=schema).sort("row", maintain_order=True)
        lines = faults.head(TOLD).select(pl.format("  row {}: {} {}", "row", "column", "rule"))
        missing = outcome.newly_missing.head(TOLD)
        named = [f"  number {number} would be marked as missing" for number in missing]
        typer.echo("".join(f"{line}\n" for line in [*lines.to_series(), *named]), nl=False)
    typer.echo("nothing was kept")
    if any(outcome.listed for outcome, _ in outcomes):
        typer.echo("row: the line of a CSV file, the row of a sheet")
    work.check_order(sources)
    if any(outcome.to_mend for outcome, _ in outcomes):
        raise typer.Exit(4)


def _tell_faults(feed: Path) -> None:
    """Tell all faults of a feed; BadInput if there are any."""
    faults = find_faults(feed)
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise BadInput(f"{feed.name} has {len(faults)} fault{'s' if faults[1:] else ''}")
