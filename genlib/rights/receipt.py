"""The receipt of an erasure: what went and what stays, until when and on which ground, who is to be
told, and which releases and reports were concerned. Numbers and codes, no name and no value.

It is made from the register whenever it is asked for, so a crash loses none, and is written to
`rights/REQUEST/erasure.json` in the home of the workbench.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from genlib.atomic import replacing
from genlib.register.database import Register
from genlib.rights import codes
from genlib.rights.people import list_recipients
from genlib.rights.removing import Books, list_kept
from genlib.rights.requests import Request

RECIPIENT = ("disclosed_at", "recipient", "country", "purpose", "data_categories")


def write_receipt(register: Register, request: Request, books: Books, home: Path) -> dict[str, Any]:
    """The receipt of a request that was decided, and its file."""
    receipt = _make_receipt(register, request, books)
    with replacing(home / "rights" / str(request.id) / "erasure.json") as file:
        file.write(json.dumps(receipt, indent=1, default=str).encode())
    return receipt


def tell_receipt(receipt: dict[str, Any]) -> Iterator[str]:
    """The receipt in lines."""
    yield f"request {receipt['request']}: {receipt['decision']} ({receipt['law']})"
    removed = ", ".join(f"{name} {count}" for name, count in receipt["removed"].items())
    yield f"erased: {removed or 'no row'}"
    for kept in receipt["kept"]:
        yield f"kept: invoice {kept['invoice']} until {kept['until']} ({kept['law']})"
    for recipient in receipt["recipients"]:
        day = f"{recipient['disclosed_at']:%Y-%m-%d}"
        yield f"to be told (GDPR 19): {recipient['recipient']}, disclosed on {day}"
    if receipt["releases"] is None:
        yield "releases: left to whoever holds the pseudonym key: genlib publish"
        return
    for old, new in receipt["releases"].items():
        yield f"release {old}: made anew as {new}"
    if receipt["reports"]:
        yield f"reports in which the person may be counted: {', '.join(receipt['reports'])}"


def _make_receipt(register: Register, request: Request, books: Books) -> dict[str, Any]:
    told = request.details
    people = told.get("rows", [])
    with register.engine.connect() as connection:
        return {
            "request": request.id,
            "decision": request.decision,
            "ground": request.ground,
            "law": told.get("law"),
            "erased_at": told.get("erased_at"),
            "removed": told.get("removed", {}),
            "kept": _list_kept(connection, people, books),
            "recipients": _list_recipients(connection, people),
            "releases": told.get("releases"),
            "reports": told.get("reports", []),
        }


def _list_kept(
    connection: sa.Connection, people: list[int], books: Books
) -> list[dict[str, object]]:
    kept = list_kept(connection, people, books)
    return [{"invoice": number, "until": until, "law": codes.BOOKKEEPING} for number, until in kept]


def _list_recipients(connection: sa.Connection, people: list[int]) -> list[dict[str, object]]:
    found = list_recipients(connection, people)
    return [{name: one[name] for name in RECIPIENT} for one in found]
