"""Restriction and objection: the data stays, and its use ends at once.

A restricted person is in no contact list and no later release, and stays in every answer to the
person (GDPR 18). Before a restriction is lifted the person is told (18(3)).

An objection to direct marketing is a prohibition of marketing use from its instant, and is never
refused (GDPR 21(2)-(3)). An objection to anything else restricts until it is decided (18(1)(d)): if
it is granted, the restriction stays.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from genlib.errors import Refused, UsageError
from genlib.register import audit, fingerprints
from genlib.register.schema import table
from genlib.register.vault import IdentityKey
from genlib.rights import codes
from genlib.rights.people import find_rows, list_recipients
from genlib.rights.requests import (
    Case,
    Officer,
    Request,
    deciding,
    list_requests,
    read_request,
)
from genlib.rights.wills import Will, add_act


def restrict(officer: Officer, number: int, *, ground: str) -> Request:
    """Grant a request to restrict, on one of the four grounds of GDPR 18(1)."""
    codes.check_code(ground, codes.RESTRICTION_GROUNDS, "ground to restrict")
    with deciding(officer, number, "restriction") as case:
        people = find_rows(case.connection, case.request.customer)
        _set_restricted(case, people)
        _decide(case, people, ground, codes.RESTRICTION_GROUNDS[ground])
        return read_request(case.connection, number)


def lift(officer: Officer, number: int, *, told_on: dt.date) -> Request:
    """End the restriction of a request after the person was told of it on that day. It stays
    restricted while another request restricts it; an erasure does until the customer joins
    again."""
    if told_on > officer.today:
        raise Refused("a restriction is lifted after the person was told, not before (GDPR 18(3))")
    with audit.told(officer.register, officer.key) as (connection, tell):
        case = Case(officer, read_request(connection, number), connection, tell)
        people = find_rows(connection, case.request.customer)
        if not is_restricting(case.request):
            raise UsageError(f"request {number} restricts nothing now")
        _check_not_erased(case)
        case.update(lifted_at=officer.now)
        others = list_requests(connection, customers=people)
        if not any(is_restricting(one) for one in others if one.id != number):
            _write(connection, people, None)
        detail = {"request": number, "told_on": told_on.isoformat()}
        tell(officer.tell_event("restriction lifted", people, detail))
        return read_request(connection, number)


def object_to_marketing(officer: Officer, key: IdentityKey, number: int, *, via: str) -> Request:
    """Carry out an objection to direct marketing, profiling for it included."""
    with deciding(officer, number, "objection") as case:
        fingerprints.keep_key(case.connection, key)
        people = find_rows(case.connection, case.request.customer)
        will = Will("prohibition", "marketing_use", via)
        add_act(officer, key, case.connection, case.request.customer, will)
        _decide(case, people, "marketing", codes.OBJECTIONS["marketing"])
        return read_request(case.connection, number)


def object_to_processing(officer: Officer, number: int) -> Request:
    """Restrict who objects to anything else than marketing, from now on and until it is decided:
    granted with `grant_objection`, or refused."""
    with deciding(officer, number, "objection") as case:
        people = find_rows(case.connection, case.request.customer)
        _set_restricted(case, people)
        case.update(detail='{"objection": "processing"}')
        detail = {"request": number, "law": codes.OBJECTIONS["processing"]}
        case.tell(officer.tell_event("objection pending, restricted", people, detail))
        return read_request(case.connection, number)


def grant_objection(officer: Officer, number: int) -> Request:
    """The objection to processing holds: the person stays restricted."""
    with deciding(officer, number, "objection") as case:
        if case.request.details.get("objection") != "processing":
            raise UsageError(f"request {number} is not pending: genlib subject object {number}")
        people = find_rows(case.connection, case.request.customer)
        _decide(case, people, "processing", codes.OBJECTIONS["processing"])
        return read_request(case.connection, number)


def _decide(case: Case, people: list[int], ground: str, law: str) -> None:
    recipients = len(list_recipients(case.connection, people))
    detail = {"law": law, "recipients": recipients}
    if case.request.kind == "objection":
        detail["objection"] = ground
    case.decide("granted", people, ground=ground, detail=detail)


def is_restricting(request: Request) -> bool:
    """Whether the person is restricted by this request."""
    is_restriction = request.kind == "restriction" and request.decision == "granted"
    is_objection = request.details.get("objection") == "processing"
    is_erasure = request.kind == "erasure" and request.decision == "partly"
    return (is_restriction or is_objection or is_erasure) and request.lifted_at is None


def _check_not_erased(case: Case) -> None:
    """Refused for an erasure, unless the customer joined again since."""
    if case.request.kind != "erasure":
        return
    customers = table("customer")
    query = sa.select(customers.c.joined_on).where(customers.c.id == case.request.customer)
    joined = case.connection.scalar(query)
    instant = dt.datetime.fromisoformat(case.request.details["erased_at"])
    if joined is None or joined <= case.officer.day_of(instant):
        raise Refused("this person was erased; what is kept for the books stays restricted")


def _set_restricted(case: Case, people: list[int]) -> None:
    _write(case.connection, people, case.officer.now)


def _write(connection: sa.Connection, people: list[int], since: dt.datetime | None) -> None:
    """An earlier restriction keeps its instant."""
    customers = table("customer")
    change = customers.update().where(customers.c.id.in_(people)).values(restricted_from=since)
    if since:
        change = change.where(customers.c.restricted_from.is_(None))
    connection.execute(change)
