"""The sweep: what the notice's retention says must go, goes, counted by table and ground.

| rule | goes |
|---|---|
| history | contacts without an opting out, and interactions, so long after they happened |
| opinion | invitations with their answers, and feedback, so long after the answer |
| evidence | acts of will so long after their end, and disclosures with the log of whose data |
| bookkeeping | invoices whose year is past; then the customer row that an erasure left |
| relationship | customers who left or died so long ago, once no invoice is kept of them |
| request, erasure, log | decided requests that are carried out, tombstones, counts of refreshes |

Of whoever has an open request, or is restricted (GDPR 18), nothing goes. An opting out is a
prohibition: it stays with its customer. The suppression list is counted for review, not swept; the
audit trail is not swept, since it is a chain. What a source still sends is not taken (`expiry`).

Example: with two years for opinions, on 24 November 2026 feedback of 23 November 2024 goes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from genlib.notice import Notice
from genlib.register import audit, fingerprints, journal, suppression
from genlib.register.expiry import ENDINGS, SWEEP, Terms
from genlib.register.schema import table
from genlib.rights.copies import keep_listed, remove_answers
from genlib.rights.erasure import Workplace
from genlib.rights.people import to_series
from genlib.rights.removing import Books, forget_keys, remove_people, remove_rows
from genlib.rights.requests import PURPOSE, Officer, Request, list_requests
from genlib.rights.restriction import is_restricting

Condition = sa.ColumnElement[bool]
PARTLY = "partly"


@dataclass(frozen=True)
class Swept:
    """How many rows of a table went, on which ground of the notice; of `suppression`, how many are
    to be reviewed."""

    rule: str
    table: str
    count: int


@dataclass(frozen=True)
class Sweep:
    """The sweep of one day, in an open transaction. Days are the company's."""

    officer: Officer
    place: Workplace
    notice: Notice
    connection: sa.Connection

    def run(self) -> list[Swept]:
        """Remove what must go. People last: of them nothing must be left that points at them."""
        removals = [*self._sweep_events(), *self._sweep_people()]
        removals += [*self._sweep_requests(), *self._sweep_logs(), self._count_suppression()]
        return [one for one in removals if one.count]

    @cached_property
    def terms(self) -> Terms:
        return find_terms(self.officer, self.notice)

    @property
    def books(self) -> Books:
        return Books(self.officer.today, self.notice.retention["bookkeeping"].years)

    def _sweep_events(self) -> Iterator[Swept]:
        for rule, name, is_old in self._list_old():
            chosen = sa.and_(is_old, ~self._is_protected(table(name).c.customer_id))
            yield Swept(rule, name, remove_rows(self.connection, name, chosen))

    def _list_old(self) -> Iterator[tuple[str, str, Condition]]:
        """Rule, table and which rows of it are older than the rule."""
        for ending in ENDINGS:
            is_old = ending.is_row_over(self.terms)
            if ending.table == "campaign_contact":
                is_old = sa.or_(is_old, self._is_never_sent())
            yield ending.rule, ending.table, is_old

    def _is_never_sent(self) -> Condition:
        """Whether a contact was planned for a campaign that is over so long."""
        contacts, campaigns = table("campaign_contact"), table("campaign")
        is_over = campaigns.c.ends_on < self.terms.find_day("history")
        of_old = sa.select(campaigns.c.id).where(is_over)
        return sa.and_(
            contacts.c.sent_at.is_(None),
            contacts.c.opted_out_at.is_(None),
            contacts.c.campaign_id.in_(of_old),
        )

    def _sweep_people(self) -> Iterator[Swept]:
        """What erasures left, and who left or died so long ago."""
        customers, invoices = table("customer"), table("invoice")
        has_invoices = sa.exists().where(invoices.c.customer_id == customers.c.id)
        is_left = customers.c.id.in_(self._erased)
        is_free = ~self._is_protected(customers.c.id)
        stubs = sa.select(customers.c.id).where(is_left, is_free, ~has_invoices)
        yield from self._remove("bookkeeping", list(self.connection.scalars(stubs)))
        day = self.terms.find_day("relationship")
        is_over = sa.or_(customers.c.left_on < day, customers.c.deceased_on < day)
        gone = sa.select(customers.c.id).where(is_over, is_free, ~has_invoices)
        people = list(self.connection.scalars(gone))
        yield from self._remove("relationship", people)
        yield Swept("relationship", "source_key", forget_keys(self.connection, people))

    def _remove(self, rule: str, people: list[int]) -> Iterator[Swept]:
        register, key = self.officer.register, self.place.key
        now = self.officer.now
        if people:
            suppression.hold(register, self.connection, key, to_series(people), at=now)
        counts = remove_people(self.connection, people, self.books, now)
        for name, count in counts.items():
            yield Swept(rule, name, count)

    @cached_property
    def _erased(self) -> list[int]:
        """The numbers of all who were erased in part, but for those who joined again; as they are
        before anybody goes."""
        people: list[int] = []
        for request in list_requests(self.connection):
            if request.kind == "erasure" and request.decision == PARTLY:
                people.extend(self._find_left(request))
        return people

    def _find_left(self, request: Request) -> list[int]:
        """The customers of a partial erasure who are there still, for their books alone."""
        customers = table("customer")
        erased_on = self.officer.day_of(dt.datetime.fromisoformat(request.details["erased_at"]))
        is_theirs = customers.c.id.in_(request.details.get("rows", []))
        left = sa.select(customers.c.id).where(is_theirs, customers.c.joined_on <= erased_on)
        return list(self.connection.scalars(left))

    def _is_protected(self, owner: sa.ColumnElement[Any]) -> Condition:
        """Whether a customer is restricted, but by an erasure, or has a request that is not
        decided."""
        people = table("customer").alias("protected")
        requests = table("subject_request")
        is_restricted = sa.exists().where(
            people.c.id == owner,
            people.c.restricted_from.is_not(None),
            people.c.id.not_in(self._erased),
        )
        is_asking = sa.exists().where(
            requests.c.customer_id == owner, requests.c.decided_at.is_(None)
        )
        return sa.or_(is_restricted, is_asking)

    def _sweep_requests(self) -> Iterator[Swept]:
        """Erasures that the sweep finished are carried out; old requests go with their answers."""
        requests = table("subject_request")
        for number in self._list_finished():
            done = requests.update().where(requests.c.id == number)
            self.connection.execute(done.values(carried_out_at=self.officer.now))
        is_done = sa.or_(requests.c.decision == "refused", requests.c.carried_out_at.is_not(None))
        old = sa.and_(is_done, requests.c.decided_at < self.terms.find_instant("request"))
        every = list_requests(self.connection)
        others = [one for one in every if one.kind != "erasure"]  # which ends with its books
        restricting = [one.id for one in others if is_restricting(one)]
        chosen = sa.and_(old, requests.c.id.not_in(restricting))
        count = self.connection.execute(requests.delete().where(chosen)).rowcount
        yield Swept("request", "subject_request", count)

    def _list_finished(self) -> list[int]:
        """Erasures in part of which nothing is left."""
        finished = []
        for request in list_requests(self.connection):
            is_partial = request.kind == "erasure" and request.decision == PARTLY
            if not is_partial or request.carried_out_at or "releases" not in request.details:
                continue
            if not self._find_left(request):
                finished.append(request.id)
        return finished

    def _sweep_logs(self) -> Iterator[Swept]:
        disclosures, whose = table("disclosure"), table("disclosure_customer")
        old = disclosures.c.disclosed_at < self.terms.find_instant("evidence")
        numbers = sa.select(disclosures.c.id).where(old)
        entries = whose.delete().where(whose.c.disclosure_id.in_(numbers))
        count = self.connection.execute(entries).rowcount
        yield Swept("evidence", "disclosure_customer", count)
        yield Swept("evidence", "disclosure", self._delete("disclosure", old))
        stones = table("tombstone").c.erased_at < self.terms.find_instant("erasure")
        yield Swept("erasure", "tombstone", self._delete("tombstone", stones))
        runs = table("refresh_run").c["at"] < self.terms.find_instant("log")
        swept = sa.select(table("refresh_run").c.run).where(runs)
        rows = table("refresh_row").c.run.in_(swept)
        yield Swept("log", "refresh_row", self._delete("refresh_row", rows))
        yield Swept("log", "refresh_run", self._delete("refresh_run", runs))

    def _delete(self, name: str, chosen: Condition) -> int:
        return self.connection.execute(table(name).delete().where(chosen)).rowcount

    def _count_suppression(self) -> Swept:
        listed = table("suppression")
        old = listed.c.since < self.terms.find_instant("suppression")
        count = self.connection.scalar(sa.select(sa.func.count()).where(old)) or 0
        return Swept("suppression", "suppression", count)


def find_terms(officer: Officer, notice: Notice) -> Terms:
    """How long the notice keeps, counted back from today."""
    return Terms(notice.years_kept, officer.today, officer.time_zone)


def sweep(
    officer: Officer, place: Workplace, notice: Notice, *, is_trial: bool = False
) -> list[Swept]:
    """Remove what the notice says must go, in one audited transaction; a trial keeps everything and
    tells what would go."""
    if is_trial:
        with officer.register.writing() as connection, connection.begin_nested() as trial:
            removals = Sweep(officer, place, notice, connection).run()
            trial.rollback()
        return removals
    _forget_journal(officer, place, notice)
    with audit.told(officer.register, officer.key) as (connection, tell):
        fingerprints.keep_key(connection, place.key)
        removals = Sweep(officer, place, notice, connection).run()
        tell(_event(officer, removals))
    _forget_answers(officer, place)
    keep_listed(place.home, officer.register)
    return removals


def _event(officer: Officer, removals: list[Swept]) -> audit.Event:
    people = sum(one.count for one in removals if one.table == "customer")
    counts: Mapping[str, Any] = {f"{one.rule} {one.table}": one.count for one in removals}
    return audit.Event(PURPOSE, SWEEP, people, detail=counts, user=officer.user, at=officer.now)


def _forget_journal(officer: Officer, place: Workplace, notice: Notice) -> None:
    """Lines of the journal go before their tombstones: a line without one would be done again."""
    day = find_terms(officer, notice).find_day("erasure")
    journal.forget(place.home, lambda entry: officer.day_of(entry.instant) < day)


def _forget_answers(officer: Officer, place: Workplace) -> None:
    """Folders of requests that are not there any more."""
    with officer.register.engine.connect() as connection:
        there = {request.id for request in list_requests(connection)}
    folders = (place.home / "rights").glob("[0-9]*")
    numbers = [int(folder.name) for folder in folders if folder.name.isdecimal()]
    remove_answers(place.home, [number for number in numbers if number not in there])
