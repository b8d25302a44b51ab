"""The tables of the register: people with names, and what happened with them.

`info` of a column says what the other modules need: `secret` (a direct identifier, encrypted),
`index_of` (the blind index of a secret), `digest_of` (a keyed digest of a secret in its row, by
which a row is compared unopened), `redacted_from` (a comment without identifiers), `guarded` (what
publishing must know of a person and tell nobody), `range` (its least and greatest value),
`not_before` (the column whose date it follows), `may_be_future` (a source may know it before it has
happened; of every other date and instant it cannot be said before it is there, so such a row is
refused).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column

from genlib.errors import UsageError

EPOCH = dt.date(1970, 1, 1)
CHANNELS = ("call", "auto", "sms", "email", "post")
MESSAGE_KINDS = ("DM", "MR", "SAT", "CC", "SCA", "BEN", "SVC")
CONSENT_SCOPES = ("mobile", "email")
PROHIBITION_SCOPES = ("phone", "post", "email", "market_research", "marketing_use")
OPTED_OUT_SCOPES = (
    "sms",
    *(f"{kind}_{way}" for kind in ("research", "courtesy") for way in ("phone", "email", "post")),
)
"""What an opting out stops that the notice has no prohibition for."""
SCALES = {"nps_0_10": (0, 10), "likert_1_5": (1, 5), "ces_1_7": (1, 7)}
"""The least and the greatest answer; a question of text has none."""
REQUEST_KINDS = ("inspection", "correction", "erasure", "restriction", "objection", "portability")
SOURCES = (
    "DATA_SUBJECT",
    "SERVICE_USE",
    "COMMUNICATION",
    "DEALING_EVENT",
    "ID_SERVICE",
    "VERIFICATION_SERVICE",
    "ADDRESS_SERVICE",
    "UPDATE_SERVICE",
    "CREDIT_INFORMATION",
    "OTHER_SIMILAR",
)


class Day(sa.types.TypeDecorator[dt.date]):
    """A date: days since 1970 in SQLite, DATE in PostgreSQL."""

    impl = sa.Date
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.Date())

    def process_bind_param(self, value: dt.date | None, dialect: sa.Dialect) -> Any:
        return (value - EPOCH).days if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> dt.date | None:
        return EPOCH + dt.timedelta(days=value) if isinstance(value, int) else value


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """A UTC instant to the second: seconds since 1970 in SQLite, TIMESTAMPTZ in PostgreSQL."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(
            sa.BigInteger() if dialect.name == "sqlite" else sa.DateTime(timezone=True)
        )

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise UsageError("an instant needs its time zone: use datetime.now(timezone.utc)")
        return int(value.timestamp()) if dialect.name == "sqlite" else value.replace(microsecond=0)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> dt.datetime | None:
        return (
            dt.datetime.fromtimestamp(value, dt.UTC)
            if isinstance(value, int)
            else value and value.astimezone(dt.UTC)
        )


def coded(*codes: str) -> MappedColumn[str]:
    """A text column whose values are a closed list, in the database too."""
    return mapped_column(sa.Enum(*codes, native_enum=False, create_constraint=True, length=24))


def redacted(of: str) -> MappedColumn[str | None]:
    """The publishable twin of a secret comment."""
    return mapped_column(sa.Text, info={"redacted_from": of})


def blind_index(of: str) -> MappedColumn[bytes | None]:
    """The column by which a secret is looked up without being opened."""
    return mapped_column(sa.LargeBinary, index=True, info={"index_of": of})


def guarded() -> MappedColumn[Any]:
    """What decides whether and how a person may be in a release, and is never in one itself."""
    return mapped_column(info={"guarded": True})


def digest(of: str) -> MappedColumn[bytes | None]:
    """The column by which a secret is compared with what a source sends, without being opened.
    Equal secrets of two rows have different digests."""
    return mapped_column(sa.LargeBinary, info={"digest_of": of})


ROW_ID = sa.BigInteger().with_variant(
    sa.Integer(), "sqlite"
)  # SQLite numbers rows by itself only under this very type
Id = Annotated[int, mapped_column(ROW_ID, primary_key=True)]
CustomerId = Annotated[int, mapped_column(sa.ForeignKey("customer.id"), index=True)]
Secret = Annotated[bytes, mapped_column(sa.LargeBinary, info={"secret": True})]
Source = Annotated[str, coded(*SOURCES)]
Channel = Annotated[str, coded(*CHANNELS)]
Language = Annotated[str, coded("fi", "sv", "en")]


class Base(DeclarativeBase):
    """All tables of the register hang on `Base.metadata`."""

    metadata = sa.MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "ix": "%(table_name)s_%(column_0_name)s_idx",
            "ck": "%(table_name)s_%(column_0_name)s_check",
        }
    )

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805
        """CampaignContact is the table campaign_contact."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: sa.BigInteger,
        dt.date: Day,
        dt.datetime: Instant,
        str: sa.Text,
    }


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


class Numbered:
    """Rows that have a number of their own, which no other row of their table gets after them
    (`numbering`)."""

    __table_args__: ClassVar[dict[str, Any]] = {"sqlite_autoincrement": True}
    id: Mapped[Id] = mapped_column(sort_order=-1)


class Sourced:
    """Rows that hold personal data say where it comes from."""

    source: Mapped[Source] = mapped_column(sort_order=99)


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
    bounced: Mapped[bool]


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
    delivered: Mapped[bool]
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
    means."""

    feed: Mapped[str]
    table: Mapped[str]
    row_id: Mapped[int]
    since: Mapped[dt.datetime]


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
