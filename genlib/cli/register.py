"""`genlib register`: make the register, fill it, look at its size."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genlib import notice, settings, synthetic
from genlib.cli import _logins, _refreshing
from genlib.cli._telling import PasswordFile, open_identity, telling
from genlib.errors import UsageError
from genlib.register import holds, intake, journal
from genlib.register.database import create_register, open_register
from genlib.register.schema import Base
from genlib.reports.identifying import masked

app = typer.Typer(no_args_is_help=True)
_refreshing.add_commands(app)
_logins.add_commands(app)


@app.command()
def create(url: _logins.Address = None) -> None:
    """Make an empty register where the settings say (GENLIB_REGISTER=postgresql://host/register),
    on a server with the five levels and what each may do; one that is there stays as it is.

    Level: none; whoever may write there.

    Example: genlib register create --url postgresql://admin@host/register
    """
    register = create_register(_logins.choose_address(url))
    typer.echo(f"register {register.url}")
    if not register.embedded:
        typer.echo("give each person a login of their own: genlib register grant NAME --level …")


@app.command()
def upgrade(url: _logins.Address = None) -> None:
    """Bring a register of an earlier version to this one, with all that it holds, or leave it as it
    was; on a server its owner does it. Make a copy first.

    Level: none; whoever may write there.

    Example: genlib register upgrade
    """
    from genlib.register.migrations import upgrade_register

    before, after = upgrade_register(_logins.choose_address(url))
    typer.echo(f"schema {before or 'without a number'} -> {after}")


@app.command()
def load(
    folder: Annotated[
        Path,
        typer.Argument(
            help="One CSV, Excel or Parquet file per table, named after it.",
            exists=True,
            file_okay=False,
        ),
    ],
    rejected: Annotated[
        Path | None,
        typer.Option(help="Where to tell the refused rows; default: rejected/ in the workbench."),
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """Load a folder, every good row of a table or none; exit code 4 if rows were refused, but for
    those past their retention and those of people who were erased. Rows that are there already as
    they are count as unchanged; whom a refused row about a prohibition or an end speaks of is on no
    contact list until it is mended.

    Level: steward.

    Example: genlib register load data/sample
    """
    places = settings.load(password_file=password_file)
    register = open_register(places.register)
    journal.check_finished(register, places.common)
    target = rejected or places.home / "rejected"
    key = open_identity(places, "register load")
    with telling("loading") as progress:
        done = intake.load(
            register,
            folder,
            key,
            rejected_to=target,
            artificial=places.artificial,
            years_kept=notice.load(places.notice).years_kept,
            progress=progress,
            time_zone=places.time_zone,
        )
    for one in done.tables:
        typer.echo("\n".join([str(one), *one.notices]))
    if done.to_mend:
        typer.echo(
            f"{done.to_mend} rows were refused; {target} tells which, by row (in CSV its line), "
            "column and rule",
            err=True,
        )
        raise typer.Exit(4)


@app.command()
def synthesise(
    customers: Annotated[int, typer.Option(help="Customers to draw.", min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed draws the same register.")] = 1,
    password_file: PasswordFile = None,
) -> None:
    """Fill an empty register with people who do not exist.

    Level: steward.

    Example: genlib register synthesise --customers 1000000 --seed 7
    """
    places = settings.load(password_file=password_file)
    register = open_register(places.register)
    if register.count("customer"):
        raise UsageError(
            "the register holds customers already; synthesise fills an empty one (set GENLIB_HOME "
            "to a new folder)"
        )
    key = open_identity(places, "register synthesise")
    with telling(f"drawing {customers:,} customers"):
        synthetic.synthesise(register, key, customers=customers, seed=seed)
    typer.echo(f"{register.count('customer'):,} artificial customers in {register.url}")


@app.command()
def info() -> None:
    """How many rows each table has, and who is held back from contact lists for which reasons.

    Level: steward, by the operating system.

    Example: genlib register info
    """
    places = settings.load()
    register = open_register(places.register)
    typer.echo(
        f"{register.url}; artificial people are {'taken' if places.artificial else 'refused'} at "
        "intake"
    )
    for name in sorted(Base.metadata.tables):
        typer.echo(f"{name:20} {register.count(name):>12,}")
    with register.engine.connect() as connection:
        counts = holds.count_held(connection)
        shared = intake.count_shared(connection)
    typer.echo(f"customers with the personal identity code of another: {shared:,}")
    typer.echo(f"refused rows that are not mended: {counts.rows:,}")
    typer.echo(f"people held back from contact lists: {counts.people:,}")
    for reason, count in counts.reasons.items():
        typer.echo(f"  {reason} {count:,}")
    if counts.unknown:
        typer.echo("no contact list is exported: it is not known whom some of them speak of")


@app.command()
def release_hold(
    reason: Annotated[str, typer.Option(help="Why, in words that name nobody; it is recorded.")],
    customer: Annotated[int | None, typer.Option(help="Number of the customer.", min=0)] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="The refused rows that name nobody.")
    ] = False,
    password_file: PasswordFile = None,
) -> None:
    """Let a customer onto contact lists again whose refused row is mended elsewhere or was wrong;
    or, with --unknown, everybody whom rows that name nobody hold back.

    Level: steward.

    Example: genlib register release-hold --customer 17 --reason "asked by telephone"
    """
    if unknown == (customer is not None):
        raise UsageError("name either --customer or --unknown")
    places = settings.load(password_file=password_file)
    register = open_register(places.register)
    key = open_identity(places, "register release-hold")
    count = holds.release(register, key, customer, reason=masked(reason), user=places.user)
    typer.echo(f"{count} released")
