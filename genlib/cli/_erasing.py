"""`genlib subject erase` and what finishes it, whatever stopped it."""

from __future__ import annotations

from typing import Annotated

import typer

from genlib import notice, settings
from genlib.cli._telling import PasswordFile, open_identity
from genlib.clock import read_clock
from genlib.errors import Refused
from genlib.register import fingerprints, journal, key_use
from genlib.register.database import open_register
from genlib.register.keyfile import read_keys
from genlib.register.levels import PRIVACY_OFFICER, Level
from genlib.register.vault import IdentityKey, PseudonymKey
from genlib.rights import codes
from genlib.rights.erasure import Workplace, enter_untold, finish_erasures
from genlib.rights.erasure import erase as carry_out_erasure
from genlib.rights.receipt import finish_receipts, tell_receipt, write_receipt
from genlib.rights.releases import Shelves, finish_releases, list_waiting
from genlib.rights.removing import Books
from genlib.rights.requests import Officer, find_request
from genlib.settings import Settings


def add_commands(app: typer.Typer) -> None:
    """Put the commands into the group of the requests."""
    app.command()(erase)
    app.command()(finish)


def erase(
    request: Annotated[int, typer.Argument(help="Number of the request.", min=1)],
    ground: Annotated[str, typer.Option(help=f"{', '.join(codes.ERASURE_GROUNDS)}.")],
    password_file: PasswordFile = None,
) -> None:
    """Erase whoever asked: what the books need stays, by record with its date and ground; the rest
    goes, from kept releases too, and no source brings it back. Tells who had the data, to be told.

    Level: privacy_officer.

    Example: genlib subject erase 5 --ground not_needed
    """
    places, officer, key = open_officer(password_file, "subject erase")
    place = find_workplace(places, key)
    _tell_common(places, officer)
    finish_left(places, officer, key)
    carry_out_erasure(officer, place, request, ground=ground)
    _finish_own_releases(places, officer)
    _say(places, officer, request)


def finish(password_file: PasswordFile = None) -> None:
    """Finish erasures that were stopped, or that a restored backup brought back, and all receipts;
    every command of this group that writes finishes erasures first.

    Level: privacy_officer.

    Example: genlib subject finish
    """
    places, officer, key = open_officer(password_file, "subject finish")
    place = find_workplace(places, key)
    _tell_common(places, officer)
    entered = enter_untold(officer, place)
    count = finish_erasures(officer, place)
    typer.echo(f"{count} erasures finished in the register")
    if entered:
        typer.echo(f"{entered} erasures of the register entered in the journal of this workbench")
    waiting = [request.id for request in list_waiting(officer)]
    _finish_own_releases(places, officer)
    for number in waiting:
        _say(places, officer, number)
    finish_receipts(officer.register, _find_books(places, officer), places.common)


def finish_left(places: Settings, officer: Officer, key: IdentityKey) -> None:
    """Finish in the register what a stopped command or a restored backup left, before anything else
    is done there."""
    place = find_workplace(places, key)
    enter_untold(officer, place)
    finish_erasures(officer, place)


def tell_left(places: Settings, officer: Officer) -> None:
    """Say how many erasures are left to do."""
    if count := len(journal.list_unfinished(officer.register, places.common)):
        typer.echo(
            f"genlib: {count} erasures are not in this register; finish them: genlib subject "
            "finish",
            err=True,
        )


def find_workplace(places: Settings, key: IdentityKey) -> Workplace:
    """What an erasure needs of the settings and the notice."""
    return Workplace(key, places.common, _read_years(places))


def find_shelves(places: Settings) -> Shelves:
    """Where releases and reports are."""
    terms = notice.load(places.notice)
    return Shelves(places.releases, places.reports, terms, places.access_of)


def open_officer(
    password_file: PasswordFile, command: str, level: Level = PRIVACY_OFFICER
) -> tuple[Settings, Officer, IdentityKey]:
    """The settings, who asks, and the identity key: a user's name alone shows nobody who it is."""
    places = settings.load(password_file=password_file)
    register = open_register(places.register)
    key = open_identity(places, command, level)
    fingerprints.check_key(register, key)
    return places, Officer(register, places.user, read_clock(), key, places.time_zone), key


def open_own_pseudonym(places: Settings, command: str) -> PseudonymKey | None:
    """The pseudonym key, if this user holds it too."""
    if "pseudonym" not in read_keys(places.keys).users.get(places.user, []):
        return None
    password = settings.password(places, "password of the pseudonym key")
    return key_use.open_pseudonym(places, password, command)


def _finish_own_releases(places: Settings, officer: Officer) -> None:
    """Take the erased out of kept releases, if this user holds the pseudonym key too; else it is
    left to whoever does."""
    key = open_own_pseudonym(places, "subject erase")
    if key is None:
        return
    try:
        finish_releases(officer, key, find_shelves(places))
    except Refused as error:
        raise Refused(f"{error}; then: genlib subject finish") from None


def _tell_common(places: Settings, officer: Officer) -> None:
    """Say that other workbenches of a register on a server do not see what is kept here."""
    if not officer.register.embedded and places.common == places.home:
        typer.echo(
            "genlib: the journal of erasures, answers and contact lists are in the home of this "
            "workbench; if others use this register, let the setting common name one folder for "
            "all",
            err=True,
        )


def _say(places: Settings, officer: Officer, number: int) -> None:
    request = find_request(officer.register, number)
    books = _find_books(places, officer)
    receipt = write_receipt(officer.register, request, books, places.common)
    typer.echo("\n".join(tell_receipt(receipt)))


def _find_books(places: Settings, officer: Officer) -> Books:
    return Books(officer.today, _read_years(places))


def _read_years(places: Settings) -> int:
    """For how many years the books are kept."""
    return notice.load(places.notice).retention["bookkeeping"].years
