"""The tables of the register: people with names, and what happened with them. What `info` of a
column says stands in `columns`; the tables that the register writes itself are `own_tables`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from genlib.errors import UsageError
from genlib.register import own_tables  # noqa: F401 - its tables are of the schema
from genlib.register.columns import (
    CONSENT_SCOPES,
    MESSAGE_KINDS,
    PROHIBITION_SCOPES,
    REQUEST_KINDS,
    SCALES,
    Channel,
    CustomerId,
    Language,
    Numbered,
    Secret,
    Source,
    Sourced,
    blind_index,
    coded,
    digest,
    guarded,
    not_yet,
    redacted,
)
from genlib.register.columns import Base as Base  # noqa: PLC0414 - with all tables, for others

RELEASED_AS_THEY_ARE = ("campaign", "survey", "survey_question")
"""Tables whose ids stand in a release as UInt32; other ids are replaced by numbers there."""
NUMBERED_ANEW = ("customer", "survey_invitation")
"""Tables whose ids a release replaces by numbers of its own; of no other table may an id be in one.
"""
WRITTEN_HERE = (
    "audit_event",
    "fingerprint",
    "follow_up",
    "held_back",
    "held_identifier",
    "missing_row",
    "refresh_row",
    "refresh_run",
    "source_key",
    "suppression",
    "tombstone",
)
"""Tables that the register writes itself and no file brings."""
OF_THE_REGISTER = (*WRITTEN_HERE, "disclosure", "disclosure_customer", "subject_request")
"""Tables of the register's own business - who asked, who did what, who is held back, what a refresh
did - that no release is made of."""


class Company(Numbered, Sourced, Base):
    business_id: Mapped[Secret | None]
    business_id_index: Mapped[bytes | None] = blind_index("business_id")
    name: Mapped[Secret | None]
    name_digest: Mapped[bytes | None] = digest("name")


class Customer(Numbered, Base):
    kind: Mapped[str] = coded("consumer", "company_contact")
    company_id: Mapped[int | None] = mapped_column(sa.ForeignKey("company.id"))
    given_names: Mapped[Secret | None]
    given_names_digest: Mapped[bytes | None] = digest("given_names")
    family_name: Mapped[Secret | None]
    family_name_digest: Mapped[bytes | None] = digest("family_name")
    personal_id: Mapped[Secret | None]
    personal_id_index: Mapped[bytes | None] = blind_index("personal_id")
    street_address: Mapped[Secret | None]
    street_address_digest: Mapped[bytes | None] = digest("street_address")
    postal_code: Mapped[str | None]
    country: Mapped[str | None]
    phone: Mapped[Secret | None]
    phone_index: Mapped[bytes | None] = blind_index("phone")
    email: Mapped[Secret | None]
    email_index: Mapped[bytes | None] = blind_index("email")
    birth_year: Mapped[int | None] = mapped_column(info={"range": (1890, 2100)})
    language: Mapped[Language | None]
    joined_on: Mapped[dt.date]
    left_on: Mapped[dt.date | None] = mapped_column(
        info={"not_before": "joined_on", "may_be_future": True}
    )
    deceased_on: Mapped[dt.date | None] = guarded()
    restricted_from: Mapped[dt.datetime | None] = guarded()
    non_disclosure: Mapped[bool] = guarded()
    source: Mapped[Source]
    updated_at: Mapped[dt.datetime]


class Permission(Numbered, Sourced, Base):
    """An act of will. Append-only: it is ended, never edited."""

    customer_id: Mapped[CustomerId]
    act: Mapped[str] = coded("consent", "prohibition")
    scope: Mapped[str] = coded(*dict.fromkeys(CONSENT_SCOPES + PROHIBITION_SCOPES))
    given_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None] = mapped_column(
        info={"not_before": "given_at", "may_be_future": True}
    )
    received_via: Mapped[str | None]
    evidence: Mapped[Secret | None]
    evidence_digest: Mapped[bytes | None] = digest("evidence")


class Campaign(Numbered, Base):
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = coded(*MESSAGE_KINDS)
    starts_on: Mapped[dt.date] = mapped_column(info={"may_be_future": True})
    ends_on: Mapped[dt.date] = mapped_column(
        info={"not_before": "starts_on", "may_be_future": True}
    )
    holdout_share: Mapped[float] = mapped_column(info={"range": (0, 1)})
    cost_cents: Mapped[int] = mapped_column(info={"range": (0, 10**12)})


class CampaignContact(Numbered, Sourced, Base):
    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    customer_id: Mapped[CustomerId]
    arm: Mapped[str] = coded("contacted", "holdout")
    channel: Mapped[Channel]
    sent_at: Mapped[dt.datetime | None]
    delivered_at: Mapped[dt.datetime | None] = mapped_column(info={"not_before": "sent_at"})
    opened_at: Mapped[dt.datetime | None] = mapped_column(info={"not_before": "sent_at"})
    clicked_at: Mapped[dt.datetime | None] = mapped_column(info={"not_before": "sent_at"})
    responded_at: Mapped[dt.datetime | None] = mapped_column(info={"not_before": "sent_at"})
    opted_out_at: Mapped[dt.datetime | None] = mapped_column(info={"not_before": "sent_at"})
    bounced: Mapped[bool] = not_yet()


class Invoice(Numbered, Sourced, Base):
    """A credit note is an invoice of a negative amount."""

    customer_id: Mapped[CustomerId]
    issued_on: Mapped[dt.date]
    due_on: Mapped[dt.date] = mapped_column(info={"not_before": "issued_on", "may_be_future": True})
    paid_on: Mapped[dt.date | None]
    amount_cents: Mapped[int] = mapped_column(info={"range": (-(10**12), 10**12)})
    product_line: Mapped[str] = coded("device", "filter", "service", "rental")
    reference: Mapped[Secret | None]
    reference_digest: Mapped[bytes | None] = digest("reference")


class Interaction(Numbered, Sourced, Base):
    customer_id: Mapped[CustomerId]
    occurred_at: Mapped[dt.datetime]
    channel: Mapped[Channel | None]
    kind: Mapped[str] = coded("order", "enquiry", "service_visit", "complaint", "delivery", "other")


class Survey(Numbered, Base):
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = coded("satisfaction", "market_research", "opinion")
    promise: Mapped[str] = coded("confidential", "anonymous")
    opened_on: Mapped[dt.date] = mapped_column(info={"may_be_future": True})
    closed_on: Mapped[dt.date | None] = mapped_column(
        info={"not_before": "opened_on", "may_be_future": True}
    )


class SurveyQuestion(Numbered, Base):
    survey_id: Mapped[int] = mapped_column(sa.ForeignKey("survey.id"))
    code: Mapped[str]
    scale: Mapped[str] = coded(*SCALES, "text")
    text_fi: Mapped[str]
    text_sv: Mapped[str | None]
    text_en: Mapped[str | None]


class SurveyInvitation(Numbered, Sourced, Base):
    """An anonymous survey keeps no customer with the invitation."""

    survey_id: Mapped[int] = mapped_column(sa.ForeignKey("survey.id"))
    customer_id: Mapped[CustomerId | None]
    channel: Mapped[Channel]
    sent_at: Mapped[dt.datetime]
    delivered: Mapped[bool] = not_yet()
    responded_at: Mapped[dt.datetime | None] = mapped_column(info={"not_before": "sent_at"})


class SurveyAnswer(Sourced, Base):
    invitation_id: Mapped[int] = mapped_column(
        sa.ForeignKey("survey_invitation.id"), primary_key=True
    )
    question_id: Mapped[int] = mapped_column(sa.ForeignKey("survey_question.id"), primary_key=True)
    score: Mapped[int | None] = mapped_column(info={"range": (0, 10)})
    comment: Mapped[Secret | None]
    comment_digest: Mapped[bytes | None] = digest("comment")
    comment_redacted: Mapped[str | None] = redacted("comment")


class Feedback(Numbered, Sourced, Base):
    customer_id: Mapped[CustomerId]
    received_at: Mapped[dt.datetime]
    channel: Mapped[Channel]
    topic: Mapped[str | None]
    comment: Mapped[Secret | None]
    comment_digest: Mapped[bytes | None] = digest("comment")
    comment_redacted: Mapped[str | None] = redacted("comment")


class Processor(Numbered, Base):
    name: Mapped[str]
    service: Mapped[str]
    country: Mapped[str]
    contract: Mapped[str]


class Disclosure(Numbered, Base):
    disclosed_at: Mapped[dt.datetime]
    recipient: Mapped[str]
    country: Mapped[str]
    basis: Mapped[str] = coded("contract", "consent", "statute")
    evidence: Mapped[str]
    purpose: Mapped[str]
    data_categories: Mapped[str]


class DisclosureCustomer(Base):
    """Whose data was disclosed. The log outlives the customer row, so it holds a bare id."""

    disclosure_id: Mapped[int] = mapped_column(sa.ForeignKey("disclosure.id"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(primary_key=True, index=True, autoincrement=False)


class SubjectRequest(Numbered, Sourced, Base):
    """A request of a data subject. It outlives the customer row, so it holds a bare id; nobody's
    where the register knows nothing of who asks. `due_on`: the last day that the law allows;
    `target_on`: the same day of the month, before weekends and holidays move it. `detail`: codes of
    what was decided (JSON), never a value. `carried_out_at`: when the last step was done."""

    customer_id: Mapped[int | None] = mapped_column(index=True)
    kind: Mapped[str] = coded(*REQUEST_KINDS)
    received_at: Mapped[dt.datetime]
    due_on: Mapped[dt.date] = mapped_column(info={"may_be_future": True})
    identity_check: Mapped[str | None]
    decision: Mapped[str | None]
    ground: Mapped[str | None]
    decided_at: Mapped[dt.datetime | None] = mapped_column(info={"not_before": "received_at"})
    form: Mapped[str | None]
    target_on: Mapped[dt.date | None] = mapped_column(info={"may_be_future": True})
    extended_on: Mapped[dt.date | None]
    extension: Mapped[str | None]
    identity_result: Mapped[str | None]
    identity_checked_at: Mapped[dt.datetime | None]
    identity_checked_by: Mapped[str | None]
    decided_by: Mapped[str | None]
    detail: Mapped[str | None]
    carried_out_at: Mapped[dt.datetime | None]
    lifted_at: Mapped[dt.datetime | None]


def table(name: str) -> sa.Table:
    """The table of that name; UsageError names the known ones."""
    try:
        return Base.metadata.tables[name]
    except KeyError:
        raise UsageError(
            f"the register has no table {name}; it has {', '.join(sorted(Base.metadata.tables))}"
        ) from None


def plain_columns(name: str) -> list[sa.Column[Any]]:
    """The columns of the plaintext (CSV) form: all but what is made from another column."""
    derived = {"index_of", "redacted_from", "digest_of"}
    return [c for c in table(name).columns if not derived & c.info.keys()]


def key_of(name: str, column: str) -> str | None:
    """The table whose rows a column numbers: its own for `id`, another for a foreign key; None for
    what is no key."""
    if column == "id":
        return name
    references = [key.column.table.name for key in table(name).columns[column].foreign_keys]
    return references[0] if references else None


def is_identifier(column: sa.Column[Any]) -> bool:
    """Whether a column tells who somebody is, or is computed from one that does. This is a fact of
    the schema, whatever a notice calls the column."""
    facts = {"secret", "index_of", "digest_of", "redacted_from", "guarded"}
    return bool(facts & column.info.keys()) or isinstance(column.type, sa.LargeBinary)
