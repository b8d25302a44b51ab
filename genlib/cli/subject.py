"""`genlib subject`: what customers ask by letter, telephone or in person, and what was answered.

What identifies somebody is typed at a prompt (or comes as a line of standard input), never an
argument: a shell keeps those in its history.
"""

from __future__ import annotations

import datetime as dt
import sys
from getpass import getpass
from typing import Annotated

import typer

from genlib import notice, settings
from genlib.cli import _erasing
from genlib.cli._telling import PasswordFile
from genlib.register import store
from genlib.register.levels import PRIVACY_OFFICER, STEWARD, Level
from genlib.register.vault import IdentityKey
from genlib.rights import codes, inspection, portability, requests, restriction, wills
from genlib.rights.correction import Correction
from genlib.rights.correction import correct as carry_out_correction
from genlib.rights.handing import Office
from genlib.rights.receipt import write_decision, write_missing
from genlib.rights.requests import PURPOSE, Officer, Request

app = typer.Typer(no_args_is_help=True)
_erasing.add_commands(app)
Number = Annotated[int, typer.Argument(help="Number of the request.", min=1)]
Customer = Annotated[int, typer.Option(help="Number of the customer.", min=0)]
Via = Annotated[str, typer.Option(help=f"How it was said: {', '.join(codes.FORMS)}.")]
Scope = Annotated[str, typer.Option(help="What it is about; a wrong one names all.")]
Day = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; today by default.")
]


@app.command()
def find(
    by: Annotated[str, typer.Option(help="personal_id, phone or email; asked for at a prompt.")],
    password_file: PasswordFile = None,
) -> None:
    """The numbers of the customers with this identifier, found without opening a name; recorded.

    Level: steward.

    Example: genlib subject find --by email
    """
    codes.check_code(by, ("personal_id", "phone", "email"), "identifier")
    officer, key = _open(password_file, "subject find", STEWARD)
    customers = store.find(
        officer.register, key, purpose=PURPOSE, user=officer.user, **{by: _ask(by)}
    )
    typer.echo("\n".join(f"customer {number}" for number in customers) or "nobody")


@app.command()
def receive(
    kind: Annotated[str, typer.Option(help="inspection, correction, erasure, …")],
    form: Annotated[str, typer.Option(help=f"How it was asked: {', '.join(codes.FORMS)}.")],
    customer: Annotated[
        int | None, typer.Option(help="Number of the customer; none if nobody is known.", min=0)
    ] = None,
    on: Day = None,
    password_file: PasswordFile = None,
) -> None:
    """Enter a request in the form in which it came, and say by when it is to be answered.

    Level: privacy_officer.

    Example: genlib subject receive --kind restriction --customer 17 --form letter --on 2026-11-24
    """
    officer, _ = _open(password_file, "subject receive")
    came_on = on.date() if on else None
    _say(
        officer, requests.receive(officer, kind, customer=customer, form=form, received_on=came_on)
    )


@app.command()
def identify(
    request: Number,
    by: Annotated[str, typer.Option(help=f"{', '.join(codes.IDENTITY_METHODS)}.")],
    confirmed: Annotated[bool, typer.Option(help="Whether it is who it says it is.")] = True,
    password_file: PasswordFile = None,
) -> None:
    """Keep how identity was checked and with which result; no number of a document.

    Level: privacy_officer.

    Example: genlib subject identify 5 --by strong_electronic
    """
    officer, _ = _open(password_file, "subject identify")
    _say(officer, requests.record_identity(officer, request, method=by, is_confirmed=confirmed))


@app.command()
def extend(
    request: Number,
    reason: Annotated[str, typer.Option(help=f"{', '.join(codes.EXTENSIONS)}.")],
    password_file: PasswordFile = None,
) -> None:
    """Two months more, within the first month and once; tell the person so, with the reason.

    Level: privacy_officer.

    Example: genlib subject extend 5 --reason complexity
    """
    officer, _ = _open(password_file, "subject extend")
    _say(officer, requests.extend(officer, request, reason=reason))


@app.command()
def refuse(
    request: Number,
    ground: Annotated[str, typer.Option(help="A ground of the law; a wrong one names all.")],
    password_file: PasswordFile = None,
) -> None:
    """Refuse a request on a ground that the law has for its kind.

    Level: privacy_officer.

    Example: genlib subject refuse 5 --ground unidentified
    """
    officer, _ = _open(password_file, "subject refuse")
    _say(officer, requests.refuse(officer, request, ground=ground))


@app.command("requests")
def list_requests(
    every: Annotated[bool, typer.Option("--all", help="Those that are done too.")] = False,
    password_file: PasswordFile = None,
) -> None:
    """What is open, due and overdue, the first to be answered first; nothing is changed.

    Level: privacy_officer.

    Example: genlib subject requests
    """
    places, officer, _ = _erasing.open_officer(password_file, "subject requests")
    with officer.register.engine.connect() as connection:
        all_requests = requests.list_requests(connection)
    for request in all_requests:
        if every or request.is_open:
            typer.echo(_describe(officer, request))
    _erasing.tell_left(places, officer)


@app.command()
def consent(customer: Customer, scope: Scope, via: Via, password_file: PasswordFile = None) -> None:
    """Keep a consent, in force from now on; asks where the customer's own words are kept.

    Level: steward.

    Example: genlib subject consent --customer 17 --scope email --via letter
    """
    officer, key = _open(password_file, "subject consent", STEWARD)
    will = wills.Will("consent", scope, via, evidence=_ask("evidence"))
    wills.record_will(officer, key, customer, will)
    typer.echo(f"customer {customer}: consent to {scope}, from now on")


@app.command()
def prohibit(
    customer: Customer, scope: Scope, via: Via, password_file: PasswordFile = None
) -> None:
    """Keep a prohibition, in force from now on.

    Level: steward.

    Example: genlib subject prohibit --customer 17 --scope marketing_use --via telephone
    """
    officer, key = _open(password_file, "subject prohibit", STEWARD)
    wills.record_will(officer, key, customer, wills.Will("prohibition", scope, via))
    typer.echo(f"customer {customer}: {scope} is prohibited, from now on")


@app.command()
def withdraw(
    customer: Customer,
    scope: Scope,
    via: Via,
    act: Annotated[str, typer.Option(help="consent, or prohibition.")] = "consent",
    password_file: PasswordFile = None,
) -> None:
    """End a consent; or a prohibition, which only the customer's own words can lift.

    Level: steward.

    Example: genlib subject withdraw --customer 17 --scope email --via web
    """
    officer, key = _open(password_file, "subject withdraw", STEWARD)
    evidence = _ask("evidence") if act == "prohibition" else ""
    count = wills.withdraw_will(officer, key, customer, wills.Will(act, scope, via, evidence))
    typer.echo(f"customer {customer}: {count} of {act} of {scope} ended")


@app.command()
def correct(  # noqa: PLR0913, PLR0917 - one option for each thing that the notice asks for
    request: Number,
    column: Annotated[str, typer.Option(help="The column; a wrong one names all.")],
    ground: Annotated[list[str], typer.Option(help=f"{', '.join(codes.CORRECTION_GROUNDS)}.")],
    operation: Annotated[str, typer.Option(help=f"{', '.join(codes.OPERATIONS)}.")] = "rectify",
    table: Annotated[str, typer.Option(help="The table of the row.")] = "customer",
    row: Annotated[int | None, typer.Option(help="Its number, but for customer.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """Correct one value, asked for at a prompt; who had it before is counted, for they are told.

    Level: privacy_officer.

    Example: genlib subject correct 5 --column phone --ground outdated
    """
    officer, key = _open(password_file, "subject correct")
    value = None if operation == "erase" else _ask(column)
    change = Correction(column, operation, tuple(ground), value, table, row)
    artificial = settings.load().artificial
    _say(officer, carry_out_correction(officer, key, request, change, artificial=artificial))
    typer.echo("correct it at its source too, or the next change there brings the old value back")


@app.command()
def inspect(
    request: Number,
    language: Annotated[str, typer.Option(help="Of the page: fi, sv or en.")] = "fi",
    without: Annotated[
        list[str] | None, typer.Option(help="A column to leave out, as feedback.comment.")
    ] = None,
    ground: Annotated[str, typer.Option(help="The ground on which columns are left out.")] = "",
    password_file: PasswordFile = None,
) -> None:
    """Answer an inspection: all that the register holds of the person, as a page and as JSON.

    Level: privacy_officer.

    Example: genlib subject inspect 5 --language sv
    """
    manner = inspection.Manner(language, tuple(without or ()), ground)
    officer, key = _open(password_file, "subject inspect")
    office = _find_office(password_file)
    _say(officer, inspection.inspect(officer, key, request, office, manner))
    typer.echo(f"written: {office.find_folder(request)}")
    if office.pseudonym is None:
        typer.echo("coded copies were not searched: this user has no slot for the pseudonym key")


@app.command()
def export(request: Number, password_file: PasswordFile = None) -> None:
    """Give what the person provided, and what was observed, on consent or contract, as JSON.

    Level: privacy_officer.

    Example: genlib subject export 5
    """
    officer, key = _open(password_file, "subject export")
    office = _find_office(password_file)
    _say(officer, portability.export(officer, key, request, office))
    typer.echo(f"written: {office.find_folder(request)}")


@app.command()
def restrict(
    request: Number,
    ground: Annotated[str, typer.Option(help=f"{', '.join(codes.RESTRICTION_GROUNDS)}.")],
    password_file: PasswordFile = None,
) -> None:
    """Restrict: in no contact list from now on, and in no later release (GDPR 18).

    Level: privacy_officer.

    Example: genlib subject restrict 5 --ground accuracy
    """
    officer, _ = _open(password_file, "subject restrict")
    _say(officer, restriction.restrict(officer, request, ground=ground))


@app.command()
def lift(
    request: Number,
    told_on: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="When the person was told of it.")
    ],
    password_file: PasswordFile = None,
) -> None:
    """End the restriction of a request, after the person was told (GDPR 18(3)).

    Level: privacy_officer.

    Example: genlib subject lift 5 --told-on 2026-12-01
    """
    officer, _ = _open(password_file, "subject lift")
    _say(officer, restriction.lift(officer, request, told_on=told_on.date()))


@app.command("object")
def object_to(
    request: Number,
    to: Annotated[str, typer.Option(help="marketing, processing, or granted.")],
    via: Via = "letter",
    password_file: PasswordFile = None,
) -> None:
    """Carry out an objection: to marketing at once and for good; to other processing by a
    restriction until it is granted or refused.

    Level: privacy_officer.

    Example: genlib subject object 5 --to marketing
    """
    codes.check_code(to, (*codes.OBJECTIONS, "granted"), "objection")
    officer, key = _open(password_file, "subject object")
    if to == "marketing":
        _say(officer, restriction.object_to_marketing(officer, key, request, via=via))
    elif to == "processing":
        _say(officer, restriction.object_to_processing(officer, request))
    else:
        _say(officer, restriction.grant_objection(officer, request))


def _open(
    password_file: PasswordFile, command: str, level: Level = PRIVACY_OFFICER
) -> tuple[Officer, IdentityKey]:
    """Who asks, and the identity key, once erasures that were stopped are finished and receipts
    that a stopped command did not write are there."""
    places, officer, key = _erasing.open_officer(password_file, command, level)
    _erasing.finish_left(places, officer, key)
    if level == PRIVACY_OFFICER:
        write_missing(officer.register, places.common)
    return officer, key


def _find_office(password_file: PasswordFile) -> Office:
    """Where answers are written and what they tell of; with the pseudonym key if the user has it
    too."""
    places = settings.load(password_file=password_file)
    terms = notice.load(places.notice)
    key = _erasing.open_own_pseudonym(places, "subject")
    return Office(places.common, places.reports, places.releases, terms, key)


def _ask(what: str) -> str:
    """A value typed unseen, or a line of standard input."""
    if sys.stdin.isatty():
        return getpass(f"{what}: ").strip()
    return sys.stdin.readline().strip()


def _say(officer: Officer, request: Request) -> None:
    """A request in one line; with its receipt, if it was decided."""
    write_decision(request, settings.load().common)
    typer.echo(_describe(officer, request))


def _describe(officer: Officer, request: Request) -> str:
    """A request in one line, by numbers and codes."""
    whose = "nobody known" if request.customer_id is None else f"customer {request.customer_id}"
    state = request.find_state(officer.today)
    decision = f" {request.decision}" if request.decision else ""
    days = f"answer by {request.target_on}, at the latest {request.due_on}"
    return f"request {request.id}: {request.kind}, {whose}, {state}{decision}; {days}"
