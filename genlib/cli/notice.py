"""`genlib notice`: read and check the privacy notice that the program obeys, and tell it to
customers and authorities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genlib import notice, settings
from genlib.atomic import replacing
from genlib.clock import read_clock
from genlib.errors import NoticeError, Refused
from genlib.notice.requirements import CLAUSES, find_open, read_requirements

app = typer.Typer(no_args_is_help=True)
Language = Annotated[str, typer.Option(help="fi, sv or en.")]
Out = Annotated[Path | None, typer.Option(help="The file to write; .html makes a page.")]


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
            granted = ", ".join(f"{name} ({' + '.join(ways)})" for name, ways in columns.items())
            typer.echo(f"  {table:22}{granted}")
    typer.echo(
        f"\nreports: for {terms.reports.recipients.en}; kept {terms.reports.keep_months} months"
    )
    typer.echo("\nretention")
    for code, rule in terms.retention.items():
        typer.echo(f"  {code:22}{rule.years} years from {rule.after} ({rule.ground})")
    _tell_paper(terms)


@app.command()
def text(language: Language = "fi", out: Out = None) -> None:
    """The notice as a customer reads it, made from the notice in use: shown as Markdown, or written
    to a file, as a page if its name ends in .html.

    Level: none.

    Example: genlib notice text --language sv --out integritet.html
    """
    from genlib.rights.notice_text import write_notice

    terms = notice.load(settings.load().notice)
    _hand_out(write_notice(terms, language), language, out)


@app.command()
def record(language: Language = "fi", out: Out = None) -> None:
    """The record of processing activities (GDPR 30), made from the notice in use: shown as
    Markdown, or written to a file, as a page if its name ends in .html.

    Level: none.

    Example: genlib notice record --language fi --out seloste.html
    """
    from genlib.rights.notice_text import write_record

    terms = notice.load(settings.load().notice)
    _hand_out(write_record(terms, language), language, out)


@app.command()
def gaps() -> None:
    """What the notice that customers were given lacks against the law in force: the law, what may
    follow, and what to write in three languages.

    Level: none.

    Example: genlib notice gaps
    """
    from genlib.rights.notice_text import write_gaps

    typer.echo(write_gaps(notice.load(settings.load().notice)), nl=False)


@app.command()
def check() -> None:
    """Check the notice against itself and against the register's tables, and list every requirement
    with what satisfies it; exit code 3 if one is open.

    Level: none.

    Example: genlib notice check
    """
    from genlib.notice.wording import find_wording_faults
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
        faults += find_wording_faults(terms)
    for fault in faults:
        typer.echo(f"fault: {terms.located(fault)}")
    for gap in terms.gaps.values():
        typer.echo(f"known gap: {gap.lack}")
    if faults:
        raise NoticeError(f"the notice has {len(faults)} fault{'s' if faults[1:] else ''}")
    _tell_requirements(terms)
    _tell_paper(terms)
    _tell_coming(terms, places)
    columns = sum(len(columns) for columns in terms.columns.values())
    typer.echo(
        f"\nnotice {terms.version} is in order: {columns} columns in {len(terms.columns)} tables, "
        f"{len(terms.gaps)} known gaps"
    )
    _check_open(terms)


def _hand_out(markdown: str, language: str, out: Path | None) -> None:
    """Shown, or written to the file: there whole or not at all."""
    from genlib.rights.notice_text import write_page

    if out is None:
        typer.echo(markdown, nl=False)
        return
    is_page = out.suffix.lower() in {".html", ".htm"}
    content = write_page(markdown, language) if is_page else markdown
    with replacing(out) as file:
        file.write(content.encode())
    typer.echo(f"wrote {out}")


def _tell_requirements(terms: notice.Notice) -> None:
    """Every requirement under its clause, with what satisfies it."""
    clause = ""
    for one in read_requirements():
        if one.clause != clause:
            clause = one.clause
            typer.echo(f"\nclause {clause.removeprefix('N')}: {CLAUSES[clause]}")
        typer.echo(f"  {one.id:8}{one.text}")
        for means in one.tell_means(terms):
            typer.echo(f"          {means}")


def _check_open(terms: notice.Notice) -> None:
    """Refused if a requirement is open, with all that are."""
    requirements = read_requirements()
    ids = find_open(terms, requirements)
    if ids:
        verb = "are" if ids[1:] else "is"
        raise Refused(
            f"{len(ids)} of the {len(requirements)} requirements of the notice {verb} open: "
            f"{', '.join(ids)}"
        )


def _tell_paper(terms: notice.Notice) -> None:
    """Where the paper of the register is, and who may enter."""
    typer.echo("\npaper" if terms.paper else "\npaper: none is kept")
    for paper in terms.paper:
        typer.echo(f"  {paper.place.en}: {paper.content.en}; {paper.lock.en}")
        for one in paper.entrants:
            typer.echo(f"    {one.who}, since {one.since}, by {one.granted_by}")


def _tell_coming(terms: notice.Notice, places: settings.Settings) -> None:
    """A line where the notice may be read and checked, but rules nothing yet."""
    if places.day_of(read_clock()) < terms.valid_from:
        typer.echo(f"not in force yet: from {terms.valid_from}")
