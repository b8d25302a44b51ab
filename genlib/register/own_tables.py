"""Tables that the register writes itself and no file brings: who asked, who did what, who is held
back, what a refresh did."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from genlib.register.columns import (
    OPTED_OUT_SCOPES,
    PROHIBITION_SCOPES,
    Base,
    Numbered,
    Sourced,
    coded,
)


class FollowUp(Base):
    """A contact that was not allowed, once it was listed for the steward: whether it was handled,
    and when."""

    contact_id: Mapped[int] = mapped_column(
        sa.ForeignKey("campaign_contact.id", ondelete="CASCADE"), primary_key=True
    )
    listed_at: Mapped[dt.datetime]
    handled_at: Mapped[dt.datetime | None]


class Suppression(Numbered, Sourced, Base):
    """A prohibition that outlives its customer: the keyed hash of an e-mail address, telephone
    number or postal address, and since when."""

    identifier: Mapped[str] = coded("email", "phone", "address")
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary, index=True)
    scope: Mapped[str] = coded(*PROHIBITION_SCOPES, *OPTED_OUT_SCOPES)
    since: Mapped[dt.datetime]


class Tombstone(Numbered, Base):
    """What an erased person is recognised by if a source sends them again: the keyed hash of a
    customer number, personal identity code, e-mail address or telephone, or of the number of a
    contact of theirs. `request`: of which request to be erased."""

    request: Mapped[int]
    identifier: Mapped[str] = coded("number", "personal_id", "email", "phone", "contact")
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary, index=True)
    erased_at: Mapped[dt.datetime]


class HeldBack(Numbered, Base):
    """A refused row of `permission`, `customer` or `campaign_contact`: whom it speaks of is on no
    contact list until the row is mended. `customer_id` and `refused_id` (the number of the refused
    row) are empty where the row does not say them; of the rest of the row nothing is kept but
    `held_identifier`."""

    customer_id: Mapped[int | None] = mapped_column(index=True)
    table: Mapped[str]
    refused_id: Mapped[int | None]
    column: Mapped[str]
    rule: Mapped[str]
    since: Mapped[dt.datetime]


class HeldIdentifier(Numbered, Base):
    """What a refused row of `customer` holds back beside its own number: the keyed hash of its
    personal identity code, e-mail address, telephone or postal address."""

    held_back_id: Mapped[int] = mapped_column(
        sa.ForeignKey("held_back.id", ondelete="CASCADE"), index=True
    )
    identifier: Mapped[str] = coded("personal_id", "email", "phone", "address")
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary)


class SourceKey(Base):
    """The number that a row of a source has in the register: `shop` knows as `C-10` whom we know as
    customer 17. `key`: a keyed digest of the source's key. `run`: the refresh that gave the
    number. `joined`: the customer was there already, known to another source, and was found by an
    identifier."""

    source: Mapped[str] = mapped_column(primary_key=True)
    table: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(index=True)
    run: Mapped[int]
    joined: Mapped[bool | None]


class RefreshRun(Numbered, Base):
    """What one refresh did to one table, in counts. The tables of one refresh share `run`."""

    run: Mapped[int] = mapped_column(index=True)
    feed: Mapped[str]
    table: Mapped[str]
    at: Mapped[dt.datetime]
    as_of: Mapped[dt.datetime]
    newest: Mapped[dt.datetime | None]
    read: Mapped[int]
    fresh: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]
    refused: Mapped[int]
    held_back: Mapped[int]
    missing: Mapped[int | None]
    undone_at: Mapped[dt.datetime | None]


class RefreshRow(Numbered, Base):
    """A row that a refresh added (`before` is empty) or changed, so that it can be taken back:
    the changed row's columns as they were stored before and after, secrets sealed."""

    run: Mapped[int] = mapped_column(index=True)
    table: Mapped[str]
    row_id: Mapped[int]
    second_id: Mapped[int | None]
    before: Mapped[str | None]
    after: Mapped[str | None]


class MissingRow(Numbered, Base):
    """A row that a source which sends everything did not send any more: a person decides what that
    means. `decision`: that they have `left`, or that the row `stays` as it is; empty until it is
    decided, and again once the source sends the row."""

    feed: Mapped[str]
    table: Mapped[str]
    row_id: Mapped[int]
    since: Mapped[dt.datetime]
    decision: Mapped[str | None]
    decided_at: Mapped[dt.datetime | None]


class AuditEvent(Numbered, Base):
    """Append-only; each row carries the digest of the row before it."""

    at: Mapped[dt.datetime]
    user: Mapped[str]
    purpose: Mapped[str]
    action: Mapped[str]
    people: Mapped[int]
    subjects: Mapped[str | None]
    detail: Mapped[str | None]
    digest: Mapped[bytes]


class Fingerprint(Base):
    """What the register has met and must meet again unchanged: both keys (`identity key`), and the
    notice by its version (`notice 2026-1`)."""

    of: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    since: Mapped[dt.datetime]
