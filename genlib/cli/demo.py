"""`genlib demo`: from nothing to three reports on people who do not exist; what is there already is
used again."""

from __future__ import annotations

import secrets
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, time
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from genlib import notice
from genlib.atomic import replacing
from genlib.errors import ReleaseNotFound, UsageError
from genlib.period import name_period
from genlib.publish.writer import publish
from genlib.register.database import Register, create_register
from genlib.register.fingerprints import check_keyless
from genlib.register.key_use import open_identity, open_pseudonym
from genlib.register.vault import create_keys
from genlib.release import read_manifest
from genlib.reports import catalogue
from genlib.reports.run import run_report
from genlib.reports.second_person import ask_to_read
from genlib.settings import Settings, load
from genlib.synthetic import AS_OF, synthesise

REPORTS = {
    "customer_analysis": "customer_analysis",
    "satisfaction": "satisfaction_survey",
    "campaign_history": "campaign_history",
}
"""Purpose of the release, and the report that is made of it."""

SEED = 2026
PERIOD = name_period("last", AS_OF)
"""The last month that the synthetic register holds, whatever day it is."""
ROOT = Path(__file__).parents[2]
FEWEST = 300
"""A company of fewer customers is told hardly anything."""
app = typer.Typer()


@app.command()
def demo(
    customers: Annotated[int, typer.Option(help="Customers to draw.", min=FEWEST)] = 20_000,
    language: Annotated[str, typer.Option(help="fi, sv or en.")] = "fi",
) -> None:
    """Make a synthetic register, three releases and three reports, and say where to look.

    Level: none; the people are artificial and the keys its own.

    Example: genlib demo
    """
    settings = load()
    password = _password(settings)
    register = _register(settings, password, customers)
    for purpose in REPORTS:
        _release(purpose, register, settings, password)
    there = {purpose: _fresh(purpose, language, settings) for purpose in REPORTS}
    parameters = {"period": PERIOD, "language": language}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        futures = {
            purpose: pool.submit(
                run_report,
                report,
                parameters=parameters,
                settings=settings,
            )
            for purpose, report in REPORTS.items()
            if not there[purpose]
        }
        runs = []
        for purpose, run in there.items():
            runs.append(run or futures[purpose].result())
            typer.echo(f"report      {runs[-1].html}{' (there already)' if run else ''}")
    for run in runs:
        if run.status == catalogue.WAITING:
            typer.echo(f"waits       {run.slot.report}: {ask_to_read(run.id)}")
    typer.echo(f"look here   {settings.reports / 'index.html'}")


def _password(settings: Settings) -> str:
    """The demo's own password, made once, in a file that only its owner reads; keys of anybody else
    are left alone."""
    path = settings.home / "demo-password"
    if path.exists() and settings.keys.exists():
        typer.echo(f"keys        {settings.keys} (there already)")
        return path.read_text(encoding="utf-8")
    if settings.keys.exists():
        raise UsageError(
            f"{settings.home} has keys that are not the demo's; set GENLIB_HOME to an empty folder"
        )
    check_keyless(settings.register)
    password = secrets.token_urlsafe(18)
    with replacing(path) as file:
        file.write(password.encode())
    create_keys(settings.keys, user=settings.user, password=password)
    typer.echo(f"keys        {settings.keys}; both are yours, with the password in {path}")
    typer.echo(
        "            (for the demonstration only: with real customers two people hold them, and "
        "no password lies in a file)"
    )
    return password


def _register(settings: Settings, password: str, customers: int) -> Register:
    register = create_register(settings.register)
    count = register.count("customer")
    if not count:
        synthesise(
            register,
            open_identity(settings, password, "demo"),
            customers=customers,
            seed=SEED,
        )
    typer.echo(
        f"register    {register.url}, {count or customers:,} artificial "
        f"customers{' (there already)' if count else ''}"
    )
    return register


def _release(purpose: str, register: Register, settings: Settings, password: str) -> None:
    try:
        there = read_manifest(purpose, settings=settings)
        typer.echo(f"release     {purpose} {there.release_id} (there already)")
    except ReleaseNotFound:
        key = open_pseudonym(settings, password, "demo")
        now = datetime.combine(AS_OF, time(4), UTC)
        terms = notice.load(settings.notice)
        release = publish(
            purpose,
            register,
            key,
            notice=terms,
            releases=settings.releases,
            data=settings.data,
            access=settings.access_of(purpose),
            common=settings.common,
            now=now,
            time_zone=settings.time_zone,
        )
        typer.echo(f"release     {purpose} {release.release_id}, {release.people:,} people")


def _fresh(purpose: str, language: str, settings: Settings) -> catalogue.Run | None:
    """The newest run of the purpose's report with default parameters, good or waiting for a second
    person, if its page is younger than its release and than the program."""
    name = Path(REPORTS[purpose]).stem
    slots = [
        run
        for run in catalogue.runs(settings.reports)
        if run.slot == catalogue.Slot(name, PERIOD, language)
    ]
    is_there = bool(slots) and slots[0].status in {catalogue.GOOD, catalogue.WAITING}
    html = slots[0].html if is_there else None
    sources = [
        settings.releases / purpose / "current",
        *ROOT.glob("notebooks/*.ipynb"),
        *ROOT.glob("genlib/**/*.p[yo]"),
    ]
    newest = max(source.stat().st_mtime for source in sources)
    return slots[0] if html and html.stat().st_mtime > newest else None
