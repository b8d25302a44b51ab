"""The requests of data subjects: when each came and must be answered, who was identified how, what
was decided and when it was done.

A request is received, perhaps its identity checked, perhaps extended, and then decided once:
granted, partly granted or refused. What it asks for and its decision are kept in one transaction
with their event in the audit trail.

Example: a letter of 24 November 2026 is request 5, to be answered by 24 December and at the latest
on the 28th; on 1 December it is granted and carried out.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from genlib.errors import Refused, UsageError
from genlib.register import audit
from genlib.register.columns import REQUEST_KINDS
from genlib.register.database import Register
from genlib.register.schema import table
from genlib.register.vault import IdentityKey
from genlib.rights import codes
from genlib.rights.deadlines import EXTENDED_MONTHS, find_deadline
from genlib.settings import TIME_ZONE
from genlib.workdays import find_instant

PURPOSE = "customer_relationship"
"""What the notice keeps requests for."""
DECISIONS = ("granted", "partly", "refused")


@dataclass(frozen=True)
class Officer:
    """Who carries out requests, in which register, and when that is. `key`: names the customers in
    the audit trail; a publisher has none, and tells them by the number of the request alone.
    `time_zone`: whose days the deadlines are."""

    register: Register
    user: str
    now: dt.datetime
    key: IdentityKey | None = field(repr=False)
    time_zone: str = TIME_ZONE

    @property
    def today(self) -> dt.date:
        return self.day_of(self.now)

    def day_of(self, instant: dt.datetime) -> dt.date:
        """The company's day."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    def tell_event(
        self, action: str, subjects: Sequence[int], detail: Mapping[str, Any] | None = None
    ) -> audit.Event:
        """The event of the audit trail for what was done to these customers."""
        named = subjects if self.key else None
        return audit.Event(
            PURPOSE, action, len(subjects), named, detail, user=self.user, at=self.now
        )


@dataclass(frozen=True)
class Request:
    """A request as the register has it (table `subject_request`)."""

    id: int
    customer_id: int | None
    kind: str
    received_at: dt.datetime
    due_on: dt.date
    form: str | None
    target_on: dt.date | None
    extended_on: dt.date | None
    extension: str | None
    identity_check: str | None
    identity_result: str | None
    identity_checked_at: dt.datetime | None
    decision: str | None
    ground: str | None
    decided_at: dt.datetime | None
    carried_out_at: dt.datetime | None
    lifted_at: dt.datetime | None
    detail: str | None

    @property
    def is_open(self) -> bool:
        return self.decision != "refused" and self.carried_out_at is None

    @property
    def details(self) -> dict[str, Any]:
        """The codes of what was decided."""
        details: dict[str, Any] = json.loads(self.detail or "{}")
        return details

    @property
    def customer(self) -> int:
        """The number of who asks; UsageError for somebody of whom the register knows nothing."""
        if self.customer_id is None:
            raise UsageError(
                f"request {self.id} is of somebody whom the register does not know; only an "
                "inspection of that can be answered"
            )
        return self.customer_id

    @property
    def has_erased(self) -> bool:
        """Whether somebody was erased by it, whole or but for the books."""
        return self.kind == "erasure" and self.decision in {"granted", "partly"}

    def check_undecided(self, kind: str = "") -> None:
        """UsageError if it was decided, or is not of this kind, if one is named."""
        if kind and self.kind != kind:
            raise UsageError(f"request {self.id} is of another kind: {self.kind}")
        if self.decided_at:
            raise UsageError(f"request {self.id} was decided before: {self.decision}")

    def find_state(self, today: dt.date) -> str:
        """done, refused, unfinished (decided, and a step is left), overdue, extended or open."""
        if self.decision == "refused":
            return "refused"
        if self.carried_out_at:
            return "done"
        if self.decided_at:
            return "unfinished"
        if today > self.due_on:
            return "overdue"
        return "extended" if self.extended_on else "open"


COLUMNS = [one.name for one in fields(Request)]


@dataclass(frozen=True)
class Case:
    """A request that is being decided, in an open transaction."""

    officer: Officer
    request: Request
    connection: sa.Connection
    tell: Callable[[audit.Event], int] = field(repr=False)

    def decide(
        self,
        decision: str,
        people: Sequence[int],
        *,
        ground: str = "",
        detail: Mapping[str, Any] | None = None,
        is_done: bool = True,
    ) -> None:
        """Keep the decision with its event. `people`: all rows of who asked. `is_done`: nothing is
        left to do after this transaction."""
        now = self.officer.now
        details = self.request.details | dict(detail or {})
        self.update(
            decision=decision,
            ground=ground or None,
            decided_at=now,
            decided_by=self.officer.user,
            detail=json.dumps(details, sort_keys=True),
            carried_out_at=now if is_done else None,
        )
        decision_detail = {"request": self.request.id, "decision": decision, "ground": ground}
        action = f"{self.request.kind} decided"
        self.tell(self.officer.tell_event(action, people, decision_detail | details))

    def update(self, **columns: Any) -> None:
        """Write these columns of the request."""
        requests = table("subject_request")
        chosen = requests.c.id == self.request.id
        self.connection.execute(requests.update().where(chosen).values(**columns))


def receive(
    officer: Officer,
    kind: str,
    *,
    customer: int | None,
    form: str,
    received_on: dt.date | None = None,
) -> Request:
    """Enter a request, of somebody of whom the register knows nothing if `customer` is None.
    `received_on`: the day it first reached the company, whoever it was addressed to."""
    codes.check_code(kind, REQUEST_KINDS, "kind of request")
    codes.check_code(form, codes.FORMS, "form of a request")
    if customer is None and kind != "inspection":
        raise UsageError("name the customer; only an inspection may be of somebody unknown")
    came_on = received_on or officer.today
    if came_on > officer.today:
        raise UsageError("the day on which the request came is yet to come")
    deadline = find_deadline(came_on)
    midnight = find_instant(came_on, dt.time(), ZoneInfo(officer.time_zone))
    row = {
        "kind": kind,
        "customer_id": customer,
        "form": form,
        "received_at": midnight if received_on else officer.now,
        "due_on": deadline.due_on,
        "target_on": deadline.target_on,
        "source": "DATA_SUBJECT",
    }
    requests = table("subject_request")
    with audit.told(officer.register, officer.key) as (connection, tell):
        people = [] if customer is None else [check_customer(connection, customer)]
        number = connection.scalars(requests.insert().values(row).returning(requests.c.id)).one()
        detail = {"request": number, "form": form}
        tell(officer.tell_event(f"{kind} received", people, detail))
        return read_request(connection, number)


def record_identity(officer: Officer, number: int, *, method: str, is_confirmed: bool) -> Request:
    """Keep how identity was checked and with which result; never a number or copy of a document."""
    codes.check_method(method)
    result = "confirmed" if is_confirmed else "not_confirmed"
    with deciding(officer, number) as case:
        case.update(
            identity_check=method,
            identity_result=result,
            identity_checked_at=officer.now,
            identity_checked_by=officer.user,
        )
        detail = {"request": number, "method": method, "result": result}
        case.tell(officer.tell_event("identity checked", _people(case.request), detail))
        return read_request(case.connection, number)


def extend(officer: Officer, number: int, *, reason: str) -> Request:
    """Two months more; the person is told of it, with the reason, within the first month (GDPR
    12(3)). Refused after that month, and a second time."""
    codes.check_code(reason, codes.EXTENSIONS, "reason to extend")
    with deciding(officer, number) as case:
        request = case.request
        if request.extended_on:
            raise Refused(f"request {number} was extended before; the law allows it once")
        if officer.today > request.due_on:
            raise Refused(f"request {number} is overdue; only within its month it can be extended")
        came_on = officer.day_of(request.received_at)
        deadline = find_deadline(came_on, months=EXTENDED_MONTHS)
        case.update(
            extended_on=officer.today,
            extension=reason,
            due_on=deadline.due_on,
            target_on=deadline.target_on,
        )
        detail = {"request": number, "reason": reason}
        case.tell(officer.tell_event("request extended", _people(request), detail))
        return read_request(case.connection, number)


def refuse(officer: Officer, number: int, *, ground: str) -> Request:
    """Refuse a request on one of the grounds that the law has for its kind."""
    with deciding(officer, number) as case:
        law = codes.check_refusal(ground, case.request.kind).law
        is_pending = case.request.details.get("objection") == "processing"
        if ground == "compelling_grounds" and not is_pending:
            raise Refused(
                "an objection to direct marketing cannot be refused (GDPR 21(3)); one to other "
                f"processing restricts first: genlib subject object {number} --to processing"
            )
        case.decide("refused", _people(case.request), ground=ground, detail={"law": law})
        return read_request(case.connection, number)


@contextmanager
def deciding(officer: Officer, number: int, kind: str = "") -> Iterator[Case]:
    """An undecided request (of this kind, if one is named) in a transaction with its audit trail:
    all of it is kept, or nothing."""
    with audit.told(officer.register, officer.key) as (connection, tell):
        request = read_request(connection, number)
        request.check_undecided(kind)
        yield Case(officer, request, connection, tell)


def read_request(connection: sa.Connection, number: int) -> Request:
    """The request of this number; UsageError if there is none."""
    requests = table("subject_request")
    chosen = sa.select(*(requests.c[name] for name in COLUMNS)).where(requests.c.id == number)
    row = connection.execute(chosen).first()
    if row is None:
        raise UsageError("there is no request of this number: genlib subject requests lists them")
    return Request(**row._mapping)


def find_request(register: Register, number: int) -> Request:
    """As `read_request`, in a reading of its own."""
    with register.engine.connect() as connection:
        return read_request(connection, number)


def list_requests(
    connection: sa.Connection, *, customers: Sequence[int] | None = None
) -> list[Request]:
    """All requests, or those of these customers, the first to be answered first."""
    requests = table("subject_request")
    ordered = sa.select(*(requests.c[name] for name in COLUMNS)).order_by(
        requests.c.due_on, requests.c.id
    )
    if customers is not None:
        ordered = ordered.where(requests.c.customer_id.in_(customers))
    return [Request(**row._mapping) for row in connection.execute(ordered)]


def check_customer(connection: sa.Connection, number: int) -> int:
    """The number, if the register has such a customer; UsageError else."""
    customers = table("customer")
    if connection.scalar(sa.select(customers.c.id).where(customers.c.id == number)) is None:
        raise UsageError("the register has no customer of this number: genlib subject find")
    return number


def check_not_erased(connection: sa.Connection, number: int) -> None:
    """Refused if of this customer only what the books need is left: nothing is added to it until
    the customer joins again and the erasure's restriction is lifted."""
    for request in list_requests(connection):
        is_erasure = request.kind == "erasure" and request.decision == "partly"
        if is_erasure and not request.lifted_at and number in request.details.get("rows", []):
            raise Refused(
                f"customer {number} was erased (request {request.id}); nothing is added to what is "
                "kept for the books"
            )


def _people(request: Request) -> list[int]:
    return [] if request.customer_id is None else [request.customer_id]
