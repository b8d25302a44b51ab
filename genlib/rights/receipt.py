"""The receipt of an erasure: what went and what stays, until when and on which ground, who is to be
told, and which releases and reports were concerned; of any other request, what was decided and on
which ground. Numbers and codes, no name and no value.

It is made from the register whenever it is asked for, so a crash loses none, and is written to
`rights/REQUEST/erasure.json` in the common folder of the workbenches, or `receipt.json` beside the
files that were handed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from genlib.atomic import replacing
from genlib.private import make_common, remove
from genlib.register.database import Register
from genlib.rights import codes
from genlib.rights.copies import find_folder
from genlib.rights.handing import COMPLAINT, LAWS, RECEIPT, encode_receipt
from genlib.rights.people import list_recipients
from genlib.rights.removing import Books, list_kept
from genlib.rights.requests import Request, list_requests

HANDED = ("inspection", "portability")
RECIPIENT = ("disclosed_at", "recipient", "country", "purpose", "data_categories")


def write_receipt(register: Register, request: Request, books: Books, home: Path) -> dict[str, Any]:
    """The receipt of a request that was decided, and its file."""
    receipt = _make_receipt(register, request, books)
    _write_alone(find_folder(home, request.id) / "erasure.json", receipt)
    return receipt


def write_decision(request: Request, home: Path) -> None:
    """The receipt of a request that was decided without files to hand over, if it is not there."""
    is_refused = request.decision == "refused"
    path = find_folder(home, request.id) / RECEIPT
    has_files = request.kind in HANDED and not is_refused and path.exists()
    if request.decided_at and not has_files and not request.has_erased:
        _write_alone(path, _make_decision(request))


def write_missing(register: Register, home: Path) -> None:
    """Write the receipts of decisions without files that are not there."""
    with register.engine.connect() as connection:
        requests = list_requests(connection)
    for request in requests:
        write_decision(request, home)


def finish_receipts(register: Register, books: Books, home: Path) -> None:
    """Write the receipts that are not there, and those of erasures as they are now."""
    with register.engine.connect() as connection:
        requests = list_requests(connection)
    for request in requests:
        if request.has_erased:
            write_receipt(register, request, books, home)
    write_missing(register, home)


def tell_receipt(receipt: dict[str, Any]) -> Iterator[str]:
    """The receipt in lines."""
    yield f"request {receipt['request']}: {receipt['decision']} ({receipt['law']})"
    removed = ", ".join(f"{name} {count}" for name, count in receipt["removed"].items())
    yield f"erased: {removed or 'no row'}"
    for invoice in receipt["kept"]:
        yield f"kept: invoice {invoice['invoice']} until {invoice['until']} ({invoice['law']})"
    for recipient in receipt["recipients"]:
        day = f"{recipient['disclosed_at']:%Y-%m-%d}"
        yield f"to be told (GDPR 19): {recipient['recipient']}, disclosed on {day}"
    if receipt["releases"] is None:
        yield "releases: left to whoever holds the pseudonym key: genlib publish"
        yield "after that: genlib subject finish, which writes this receipt anew"
        return
    for old, new in receipt["releases"].items():
        yield f"release {old}: made anew as {new}"
    if receipt["reports"]:
        yield f"reports in which the person may be counted: {', '.join(receipt['reports'])}"


def _write_alone(path: Path, receipt: dict[str, Any]) -> None:
    """Write a receipt unless it is there. What else lies there was of another request of this
    number, before a backup was restored, and goes."""
    content = encode_receipt(receipt)
    if path.exists() and path.read_bytes() == content:
        return
    remove(path.parent)
    with replacing(path, make_common(path.parent)) as file:
        file.write(content)


def _make_decision(request: Request) -> dict[str, Any]:
    return {
        "request": request.id,
        "kind": request.kind,
        "received_at": request.received_at,
        "extended_on": request.extended_on,
        "identity_check": request.identity_check,
        "decision": request.decision,
        "ground": request.ground,
        "law": request.details.get("law", LAWS.get(request.kind)),
        "decided_at": request.decided_at,
        "recipients": request.details.get("recipients"),
        "complaint": COMPLAINT,
    }


def _make_receipt(register: Register, request: Request, books: Books) -> dict[str, Any]:
    details = request.details
    people = details.get("rows", [])
    with register.engine.connect() as connection:
        return {
            "request": request.id,
            "decision": request.decision,
            "ground": request.ground,
            "law": details.get("law"),
            "erased_at": details.get("erased_at"),
            "removed": details.get("removed", {}),
            "kept": _list_kept(connection, people, books),
            "recipients": _list_recipients(connection, people),
            "releases": details.get("releases"),
            "reports": details.get("reports", []),
        }


def _list_kept(
    connection: sa.Connection, people: list[int], books: Books
) -> list[dict[str, object]]:
    invoices = list_kept(connection, people, books)
    return [
        {"invoice": number, "until": until, "law": codes.BOOKKEEPING} for number, until in invoices
    ]


def _list_recipients(connection: sa.Connection, people: list[int]) -> list[dict[str, object]]:
    recipients = list_recipients(connection, people)
    return [{name: one[name] for name in RECIPIENT} for one in recipients]
