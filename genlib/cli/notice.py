"""`genlib notice`: read and check the privacy notice that the program obeys."""

from __future__ import annotations

import typer

from genlib import notice, settings
from genlib.clock import read_clock
from genlib.errors import NoticeError

app = typer.Typer(no_args_is_help=True)


@app.command()
def show() -> None:
    """Show the notice: controller, uses, what each release is granted, retention, gaps.

    Level: none.

    Example: genlib notice show
    """
    places = settings.load()
    terms = notice.load(places.notice)
    firm = terms.controller
    officer = terms.contact
    typer.echo(f"{terms.register_name}, notice {terms.version} of {terms.valid_from}")
    _tell_coming(terms, places)
    typer.echo(f"controller: {firm.name}, {firm.street}, {firm.postal_code} {firm.post_office}")
    typer.echo(f"contact: {officer.role}, {officer.name}, {officer.email}")
    typer.echo("\nuses")
    for code, use in terms.purposes.items():
        typer.echo(f"  {code:22}{use.en} ({', '.join(use.requirements)})")
    for purpose, release in terms.releases.items():
        typer.echo(
            f"\nrelease {purpose}: for {', '.join(release.purposes)}; kept {release.days} days; k "
            f"= {terms.k}"
        )
        for table, columns in terms.granted(purpose).items():
            shown = ", ".join(f"{name} ({' + '.join(ways)})" for name, ways in columns.items())
            typer.echo(f"  {table:22}{shown}")
    typer.echo(
        f"\nreports: for {terms.reports.recipients.en}; kept {terms.reports.keep_months} months"
    )
    typer.echo("\nretention")
    for code, rule in terms.retention.items():
        typer.echo(f"  {code:22}{rule.years} years from {rule.after} ({rule.ground})")


@app.command()
def check() -> None:
    """Check the notice against itself and against the register's tables, and list the gaps of the
    notice that customers were given.

    Level: none.

    Example: genlib notice check
    """
    from genlib.publish.grants import class_faults, grant_faults
    from genlib.register.database import frame_schema
    from genlib.register.schema import Base

    places = settings.load()
    terms = notice.read(places.notice)
    tables = {name: frame_schema(name) for name in Base.metadata.tables}
    faults = [*terms.faults(), *terms.schema_faults(tables)]
    if not faults:  # of tables and coarsenings that are known
        faults = list(class_faults(terms))
        faults += [fault for purpose in terms.releases for fault in grant_faults(terms, purpose)]
    for fault in faults:
        typer.echo(f"fault: {terms.located(fault)}")
    for gap in terms.gaps.values():
        typer.echo(f"known gap: {gap}")
    if faults:
        raise NoticeError(f"the notice has {len(faults)} fault{'s' if faults[1:] else ''}")
    _tell_coming(terms, places)
    columns = sum(len(columns) for columns in terms.columns.values())
    typer.echo(
        f"notice {terms.version} is in order: {columns} columns in {len(terms.columns)} tables, "
        f"{len(terms.gaps)} known gaps"
    )


def _tell_coming(terms: notice.Notice, places: settings.Settings) -> None:
    """A line where the notice may be read and checked, but rules nothing yet."""
    if places.day_of(read_clock()) < terms.valid_from:
        typer.echo(f"not in force yet: from {terms.valid_from}")
