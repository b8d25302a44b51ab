"""`genlib register refresh` and what belongs to it: the history, and taking a refresh back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from genlib import notice, settings
from genlib.cli._telling import PasswordFile, open_identity, telling
from genlib.clock import read_clock
from genlib.errors import UsageError
from genlib.register import journal
from genlib.register.batches import Source, read_folder
from genlib.register.database import open_register
from genlib.register.feeds.source import read_feed
from genlib.register.missing import decide_missing
from genlib.register.refresh import Refresh
from genlib.register.runs import tell_history
from genlib.register.schema import Base
from genlib.register.undo import undo_run

FilesFolder = Annotated[
    Path | None,
    typer.Option(help="Where the files of a feed lie; default: beside the feed.", file_okay=False),
]

Full = Annotated[
    bool, typer.Option("--full", help="The files are all that the source has: mark the rest.")
]

Fewer = Annotated[
    bool, typer.Option("--fewer", help="With --full: more than half of a source's rows are gone.")
]

AsOf = Annotated[
    dt.datetime | None,
    typer.Option(help="Of when the files speak, in UTC; default: when they were written."),
]


def add_commands(app: typer.Typer) -> None:
    """Put the commands into the group of the register."""
    app.command()(refresh)
    app.command()(history)
    app.command()(undo)
    app.command()(missing)


def refresh(  # noqa: PLR0913, PLR0917 - the options of a command
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="Folders in the register's own layout, or feeds.", metavar="FEED_OR_FOLDER..."
        ),
    ],
    rejected: Annotated[
        Path | None,
        typer.Option(help="Where to tell the refused rows; default: rejected/ in the workbench."),
    ] = None,
    full: Full = False,
    fewer: Fewer = False,
    as_of: AsOf = None,
    files: FilesFolder = None,
    password_file: PasswordFile = None,
) -> None:
    """Bring the register up to the next state of its sources: new rows are added, changed ones
    changed, the rest left; exit code 4 if rows were refused, but for those past their retention
    and those of people who were erased. The same input again changes nothing. Exit code 3 if what
    shall be a full file has no row, or lacks more than half of those that its source had.

    Level: steward.

    Example: genlib register refresh data/sample
             genlib register refresh customer_list.toml --files ~/exports
    """
    check_fewer(full=full, fewer=fewer)
    places = settings.load(password_file=password_file)
    sources = read_sources(places, inputs, files, read_as_of(as_of))
    names = [source.table for source in sources]
    target = rejected or places.home / "rejected"
    register = open_register(places.register)
    journal.check_finished(register, places.common)
    with telling("refreshing") as progress:
        work = Refresh(
            register,
            open_identity(places, "register refresh"),
            target,
            artificial=places.artificial,
            years_kept=notice.load(places.notice).years_kept,
            is_whole=full,
            may_be_fewer=fewer,
            progress=progress,
            time_zone=places.time_zone,
        )
        outcomes = work.run(sources, names)
    for one in outcomes:
        typer.echo("\n".join([str(one), *one.notices]))
    changes = sum(one.fresh + one.changed for one in outcomes)
    typer.echo(f"refresh {outcomes[0].run}: {changes or 'no'} rows added or changed")
    refused = sum(one.to_mend for one in outcomes)
    if refused:
        typer.echo(
            f"{refused} rows were refused; {target} tells which, by row (in CSV its line), column "
            "and rule",
            err=True,
        )
        raise typer.Exit(4)


def history() -> None:
    """What each feed gave last: when, of when it speaks, rows read, new, changed, refused and held
    back, and how old its newest event is.

    Level: steward, by the operating system.

    Example: genlib register history
    """
    register = open_register(settings.load().register)
    lines = list(tell_history(register, read_clock()))
    for line in lines or ["no feed was refreshed yet; begin with genlib feed new"]:
        typer.echo(line)


def undo(
    run: Annotated[int, typer.Argument(help="Number of the refresh, as history tells it.", min=1)],
    password_file: PasswordFile = None,
) -> None:
    """Take a refresh back: the rows that it added go, the rows that it changed are as they were.
    Refused if something builds on it.

    Its marks of missing rows and its holds end too, unless a later refresh may say the same; those
    that it ended come back with the right file only. What it put on the suppression list of people
    whom nobody knows stays: it may be their will.

    Level: steward.

    Example: genlib register undo 12
    """
    places = settings.load(password_file=password_file)
    register = open_register(places.register)
    key = open_identity(places, "register undo")
    taken_back = undo_run(register, key, run, read_clock())
    counts = ", ".join(f"{name} {count}" for name, count in taken_back.counts.items())
    summary = f"refresh {run} taken back: {counts or 'it had changed nothing'}"
    typer.echo("\n".join([summary, *taken_back.notices]))


def missing(
    decide: Annotated[
        str | None, typer.Option(help="left or stays, of the rows that are named.")
    ] = None,
    feed: Annotated[str, typer.Option(help="The feed, as the list names it.")] = "",
    table: Annotated[str, typer.Option(help="The table, as the list names it.")] = "customer",
    row: Annotated[list[int] | None, typer.Option(help="A row's number; may be repeated.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """The rows that a source which sends everything did not send any more, by number, for a
    decision; or enter it: customers have left (the register says when), or the row stays as it is.
    Who was erased at the source is erased here too: genlib subject receive --kind erasure.

    Level: steward; to look, by the operating system.

    Example: genlib register missing
             genlib register missing --decide stays --feed crm --row 17
    """
    places = settings.load(password_file=password_file)
    register = open_register(places.register)
    if decide is not None:
        if not feed or not row:
            raise UsageError("a decision names its --feed and each --row")
        open_identity(places, "register missing")
        count = decide_missing(register, (feed, table), row, decide, read_clock())
        typer.echo(f"{count} decided")
        return
    columns = ["feed", "table", "row_id", "since", "decision"]
    marks = pl.concat(register.scan("missing_row", columns))
    waiting = marks.filter(pl.col("decision").is_null())
    day = pl.col("since").dt.strftime("%Y-%m-%d")
    lines = waiting.sort("feed", "table", "row_id").select(
        pl.format("{} {} {} since {}", "feed", "table", "row_id", day)
    )
    typer.echo("".join(f"{line}\n" for line in lines.to_series()), nl=False)
    decided = marks.height - waiting.height
    typer.echo(
        f"{waiting.height} rows are not sent any more"
        + (f"; of {decided} others it was decided" if decided else "")
    )


def check_fewer(*, full: bool, fewer: bool) -> None:
    """UsageError for --fewer without --full."""
    if fewer and not full:
        raise UsageError("--fewer goes with --full: only a full file tells what is gone")


def read_as_of(as_of: dt.datetime | None) -> dt.datetime | None:
    """The instant that was typed, in UTC."""
    return as_of.replace(tzinfo=dt.UTC) if as_of else None


def read_sources(
    places: settings.Settings,
    inputs: list[Path],
    files: Path | None,
    as_of: dt.datetime | None,
) -> list[Source]:
    """What folders and feeds give, customers before their invoices. A feed is a file, or the name
    of one in data/feeds."""
    sources: list[Source] = []
    for one in inputs:
        if one.is_dir():
            sources.extend(read_folder(one, as_of))
        else:
            path = find_feed(places, one)
            folder = files or path.parent
            feed_tables = read_feed(
                path,
                folder,
                as_of,
                time_zone=places.time_zone,
                environment=settings.read_environment(),
            )
            sources.extend(feed_tables)
    order = [table.name for table in Base.metadata.sorted_tables]
    return sorted(sources, key=lambda source: order.index(source.table))


def find_feed(places: settings.Settings, named: Path) -> Path:
    """The file of a feed that is named by its path, or as one of data/feeds."""
    ready = places.data / "feeds" / f"{named.name}.toml"
    if named.suffix == ".toml":
        return named
    if ready.is_file():
        return ready
    raise UsageError("name a folder, a feed (NAME.toml), or one of data/feeds")
