"""The contacts of a campaign that were not allowed when they were made: listed for the steward, who
handles each, and kept as handled or not.

Handled means what the company decides: an apology, a corrected consent, a word with the sender.
Whether a contact was allowed is never kept: it is judged anew, so a consent that came late by post
takes its contact off the next list, and its mark as handled stays.

Example: of the 812 contacts of SYKSY26 five were not allowed. They are listed, three are handled;
the next list of the campaign has the five again, three with their day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.atomic import replacing
from genlib.errors import UsageError
from genlib.permission import JUDGED, Judge, Switches
from genlib.private import make_common
from genlib.register import audit, fingerprints, mailing
from genlib.register.acts import read_acts
from genlib.register.bulk import UTC_INSTANT
from genlib.register.database import Register, frame_schema
from genlib.register.schema import table
from genlib.register.store import opened
from genlib.register.vault import IdentityKey
from genlib.settings import TIME_ZONE

PURPOSE = "history"
NAMES = ["given_names", "family_name"]
CONTACT = ["id", "customer_id", "channel", "sent_at"]
SLICE = 10_000
"""Numbers that a statement may name on every database."""
MARK = {"contact": pl.Int64(), "handled_at": UTC_INSTANT}


@dataclass(frozen=True)
class Steward:
    """Who lists and handles, when that is, and by which answers to the notice's open questions.
    `time_zone`: whose days a list tells."""

    user: str
    at: dt.datetime
    switches: Switches = field(default_factory=Switches)
    time_zone: str = TIME_ZONE


@dataclass(frozen=True)
class Listed:
    """A list of contacts that were not allowed: how many, and how many of them were handled
    before."""

    path: Path
    contacts: int
    handled: int


def find_exceptions(register: Register, code: str, steward: Steward) -> pl.DataFrame:
    """The contacts of a campaign that were not allowed at the instant they were sent: `CONTACT`,
    `reason`, `remedy` and `open_channel` (`permission.remedies`), the oldest first. UsageError if
    there is no such campaign."""
    with register.engine.connect() as connection:
        contacts = _read_contacts(connection, code)
    people = register.matching("customer", contacts.select(id="customer_id").unique())
    judge = Judge.of(
        read_acts(register, people["id"]),
        people.select(*JUDGED, customer_id="id"),
        switches=steward.switches,
        time_zone=steward.time_zone,
    )
    verdicts = judge.verdicts(contacts)
    remedies = judge.find_remedies(contacts)
    explained = pl.concat([verdicts, remedies], how="horizontal")
    refused = explained.filter(~col("allowed")).sort("sent_at", "id")
    return refused.select(*CONTACT, "reason", "remedy", "open_channel")


def export_exceptions(
    register: Register,
    key: IdentityKey,
    code: str,
    *,
    path: Path,
    steward: Steward,
) -> Listed:
    """Write the exceptions of a campaign with the names of their people to `path`, readable by its
    owner only, and keep that they were listed; recorded. UsageError if the file is there already
    or no contact was refused."""
    if path.exists():
        raise UsageError(f"{path} is there already; name another file with --to")
    refused = find_exceptions(register, code, steward)
    if refused.is_empty():
        raise UsageError(f"every contact of campaign {code} was allowed; there is nothing to list")
    names = _open_names(register, refused["customer_id"], key)
    with (
        replacing(path, make_common(path.parent)) as file,
        audit.told(register, key) as (connection, tell),
    ):
        fingerprints.keep_key(connection, key)
        marks = _keep_listed(connection, refused["id"], steward.at)
        rows = refused.join(names, on="customer_id").join(marks, left_on="id", right_on="contact")
        days = [_day("sent_at", "sent_on", steward), _day("handled_at", "handled_on", steward)]
        listed = rows.sort("sent_at", "id").with_columns(*days).rename({"id": "contact"})
        columns = ["contact", "customer_id", *NAMES, "channel", "sent_on"]
        columns += ["reason", "remedy", "open_channel", "handled_on"]
        _make_harmless(listed.select(columns)).write_csv(file)
        tell(_describe("exceptions listed", refused["customer_id"], code, steward))
    handled_count = listed["handled_on"].count()
    return Listed(path, listed.height, handled_count)


def handle_exceptions(
    register: Register, key: IdentityKey, code: str, contacts: Sequence[int], *, steward: Steward
) -> int:
    """Keep that these listed contacts of a campaign (all of them, if none is named) are handled;
    recorded. Gives how many were not so before; UsageError for a contact that was never listed,
    or if there is no such campaign."""
    follow_ups = table("follow_up")
    with audit.told(register, key) as (connection, tell):
        _find_campaign(connection, code)
        listed = _read_listed(connection, code)
        if unlisted := set(contacts) - set(listed["contact"]):
            raise UsageError(
                f"{len(unlisted)} of these contacts are on no list of campaign {code}; "
                f"genlib audience exceptions --campaign {code} lists them"
            )
        wanted = listed.filter(col("contact").is_in(list(contacts))) if contacts else listed
        fresh = wanted.filter(col("handled_at").is_null())
        for some in fresh.iter_slices(SLICE):
            chosen = follow_ups.c.contact_id.in_(some["contact"].to_list())
            connection.execute(follow_ups.update().where(chosen).values(handled_at=steward.at))
        tell(_describe("exceptions handled", fresh["customer_id"], code, steward))
    return fresh.height


def _read_contacts(connection: sa.Connection, code: str) -> pl.DataFrame:
    """`CONTACT` and the kind of message of everybody to whom the campaign was sent."""
    contacts = table("campaign_contact")
    campaign = _find_campaign(connection, code)
    sent = sa.select(*(contacts.c[name] for name in CONTACT)).where(
        contacts.c.campaign_id == campaign.id, contacts.c.arm == "contacted"
    )
    schema = {name: frame_schema("campaign_contact")[name] for name in CONTACT}
    rows = [tuple(row) for row in connection.execute(sent)]
    return pl.DataFrame(rows, schema, orient="row").with_columns(kind=pl.lit(campaign.kind))


def _find_campaign(connection: sa.Connection, code: str) -> sa.Row[Any, Any]:
    campaigns = table("campaign")
    chosen = sa.select(campaigns.c.id, campaigns.c.kind).where(campaigns.c.code == code)
    campaign = connection.execute(chosen).first()
    if campaign is None:
        raise UsageError(
            "there is no campaign of this code in the register; a reviewer has the codes from "
            "genlib.review"
        )
    return campaign


def _open_names(register: Register, customers: pl.Series, key: IdentityKey) -> pl.DataFrame:
    """customer_id and `NAMES`."""
    sealed = register.matching("customer", customers.unique().to_frame("id"))
    plain = opened(sealed.select("id", *NAMES), "customer", key)
    return plain.rename({"id": "customer_id"})


def _keep_listed(connection: sa.Connection, contacts: pl.Series, at: dt.datetime) -> pl.DataFrame:
    """contact and handled_at of these, all of which are listed now."""
    follow_ups = table("follow_up")
    there = _read_marks(connection, contacts)
    fresh = contacts.filter(~contacts.is_in(there["contact"].implode()))
    if len(fresh):
        rows = [{"contact_id": number, "listed_at": at} for number in fresh]
        connection.execute(follow_ups.insert(), rows)
    unhandled = fresh.to_frame("contact").with_columns(handled_at=pl.lit(None, UTC_INSTANT))
    return pl.concat([there, unhandled])


def _read_marks(connection: sa.Connection, contacts: pl.Series) -> pl.DataFrame:
    follow_ups = table("follow_up")
    rows = connection.execute(sa.select(follow_ups.c.contact_id, follow_ups.c.handled_at)).all()
    marks = pl.DataFrame([tuple(row) for row in rows], pl.Schema(MARK), orient="row")
    return marks.filter(col("contact").is_in(contacts.implode()))


def _read_listed(connection: sa.Connection, code: str) -> pl.DataFrame:
    """contact, customer_id and handled_at of the listed contacts of a campaign."""
    follow_ups, contacts, campaigns = (
        table(name) for name in ("follow_up", "campaign_contact", "campaign")
    )
    listed = (
        sa.select(contacts.c.id, follow_ups.c.handled_at, contacts.c.customer_id)
        .join(follow_ups, follow_ups.c.contact_id == contacts.c.id)
        .join(campaigns, campaigns.c.id == contacts.c.campaign_id)
        .where(campaigns.c.code == code)
    )
    rows = [tuple(row) for row in connection.execute(listed)]
    schema = pl.Schema(MARK | {"customer_id": pl.Int64()})
    return pl.DataFrame(rows, schema, orient="row").select("contact", "customer_id", "handled_at")


def _day(instant: str, name: str, steward: Steward) -> pl.Expr:
    zone = ZoneInfo(steward.time_zone)
    return col(instant).dt.convert_time_zone(zone.key).dt.date().alias(name)


def _make_harmless(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, none of whose texts a spreadsheet would run."""
    words = pl.selectors.categorical() | pl.selectors.enum()
    return mailing.make_harmless(rows.with_columns(words.cast(pl.String)))


def _describe(action: str, customers: pl.Series, code: str, steward: Steward) -> audit.Event:
    subjects = customers.unique().sort().to_list()
    return audit.Event(
        PURPOSE,
        action,
        len(subjects),
        subjects,
        {"campaign": code, "contacts": len(customers)},
        user=steward.user,
        at=steward.at,
    )
