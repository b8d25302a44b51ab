"""Consents and prohibitions that a person gives by letter, telephone, in person or on the web, and
their ends: acts of will of their instant, in force at once (notice, clause 11).

An act is added or ended, never edited. A prohibition also stands on the suppression list, so it
holds for the address when the customer is gone. Only the customer lifts a prohibition, so its end
needs evidence of the customer's own words; so does a consent (GDPR 7(1)).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from genlib.errors import UsageError
from genlib.register import audit, fingerprints, suppression
from genlib.register.columns import CONSENT_SCOPES, PROHIBITION_SCOPES
from genlib.register.numbering import give_numbers
from genlib.register.schema import table
from genlib.register.store import plain_schema, sealed
from genlib.register.vault import IdentityKey
from genlib.rights import codes
from genlib.rights.people import find_rows, to_series
from genlib.rights.requests import Officer, check_customer, check_not_erased

SCOPES = {"consent": CONSENT_SCOPES, "prohibition": PROHIBITION_SCOPES}


@dataclass(frozen=True)
class Will:
    """What somebody says: `act` is consent or prohibition. `via`: how it came. `evidence`: where
    the person's own words are kept (a letter's number, a recording); sealed in the register.
    `said_at`: when, if that was before now."""

    act: str
    scope: str
    via: str
    evidence: str = ""
    said_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        codes.check_code(self.act, SCOPES, "act of will")
        codes.check_code(self.scope, SCOPES[self.act], f"scope of a {self.act}")
        codes.check_code(self.via, codes.FORMS, "way of saying it")


def record_will(officer: Officer, key: IdentityKey, customer: int, will: Will) -> int:
    """Keep a consent or prohibition of this customer; returns its number. UsageError for a consent
    without evidence."""
    if will.act == "consent" and not will.evidence:
        raise UsageError("a consent needs evidence: where the customer's own words are kept")
    with audit.told(officer.register, officer.key) as (connection, tell):
        fingerprints.keep_key(connection, key)
        check_not_erased(connection, check_customer(connection, customer))
        number = add_act(officer, key, connection, customer, will)
        detail = {"act": will.act, "scope": will.scope, "via": will.via}
        tell(officer.tell_event(f"{will.act} given", [customer], detail))
    return number


def add_act(
    officer: Officer, key: IdentityKey, connection: sa.Connection, customer: int, will: Will
) -> int:
    """The act's row in the open transaction, and the suppression list brought up to it."""
    said_at = _check_instant(officer, will)
    number = int(give_numbers(connection, "permission", 1).item())
    act = {
        "id": number,
        "customer_id": customer,
        "act": will.act,
        "scope": will.scope,
        "given_at": said_at,
        "received_via": will.via,
        "evidence": will.evidence or None,
        "source": "DATA_SUBJECT",
    }
    schema = plain_schema("permission")
    row = pl.DataFrame([dict.fromkeys(schema) | act], schema)
    officer.register.append("permission", sealed(row, "permission", key))
    suppression.hold(officer.register, connection, key, to_series([customer]), at=officer.now)
    return number


def withdraw_will(officer: Officer, key: IdentityKey, customer: int, will: Will) -> int:
    """End what the customer gave: all live acts of this kind and scope in every row of the person;
    returns how many. UsageError if none is there, and for the end of a prohibition without
    evidence."""
    if will.act == "prohibition" and not will.evidence:
        raise UsageError(
            "only the customer lifts a prohibition: say where the customer's own words are kept"
        )
    permissions = table("permission")
    with audit.told(officer.register, officer.key) as (connection, tell):
        fingerprints.keep_key(connection, key)
        said_at = _check_instant(officer, will)
        people = find_rows(connection, check_customer(connection, customer))
        is_live = sa.or_(permissions.c.ended_at.is_(None), permissions.c.ended_at > said_at)
        live = sa.and_(
            permissions.c.customer_id.in_(people),
            permissions.c.act == will.act,
            permissions.c.scope == will.scope,
            permissions.c.given_at <= said_at,
            is_live,
        )
        ended = connection.execute(permissions.update().where(live).values(ended_at=said_at))
        if not ended.rowcount:
            raise UsageError(
                f"no {will.act} of this scope is in force; to forbid its use: genlib subject "
                "prohibit"
            )
        suppression.hold(officer.register, connection, key, to_series(people), at=officer.now)
        detail = {"act": will.act, "scope": will.scope, "via": will.via, "acts": ended.rowcount}
        tell(officer.tell_event(f"{will.act} ended", people, detail))
        return int(ended.rowcount)


def _check_instant(officer: Officer, will: Will) -> dt.datetime:
    said_at = will.said_at or officer.now
    if said_at > officer.now:
        raise UsageError("the instant at which it was said is yet to come")
    return said_at
