"""The schema of the first release, as it was: a frozen copy that is never changed and reads nothing
of the schema of today.

A register of before it has no number. It gets the tables that it lacks and the columns that it
lacks and that may be empty, so that it is one of the first release whichever it was.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAY = sa.Date().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
SOURCES = (
    "DATA_SUBJECT SERVICE_USE COMMUNICATION DEALING_EVENT ID_SERVICE VERIFICATION_SERVICE "
    "ADDRESS_SERVICE UPDATE_SERVICE CREDIT_INFORMATION OTHER_SIMILAR"
)
CHANNELS = "call auto sms email post"
LANGUAGES = "fi sv en"
KINDS = "DM MR SAT CC SCA BEN SVC"
METADATA = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
        "ck": "%(table_name)s_%(column_0_name)s_check",
    }
)


def upgrade() -> None:
    """Make the tables, or add what is missing to those that are there."""
    connection = op.get_bind()
    METADATA.create_all(connection)
    inspector = sa.inspect(connection)
    for table in METADATA.sorted_tables:
        there = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.nullable and column.name not in there:
                op.add_column(table.name, sa.Column(column.name, column.type))


def keep_table(name: str, *columns: sa.Column[Any]) -> None:
    """A table of the first release."""
    sa.Table(name, METADATA, *columns)


def list_codes(codes: str) -> sa.Enum:
    """A text of a closed list."""
    return sa.Enum(*codes.split(), native_enum=False, create_constraint=True, length=24)


keep_table(
    "audit_event",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("at", INSTANT, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("people", sa.BigInteger, nullable=False),
    sa.Column("subjects", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("digest", sa.LargeBinary, nullable=False),
)
keep_table(
    "campaign",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("code", sa.Text, unique=True, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", list_codes(KINDS), nullable=False),
    sa.Column("starts_on", DAY, nullable=False),
    sa.Column("ends_on", DAY, nullable=False),
    sa.Column("holdout_share", sa.Double, nullable=False),
    sa.Column("cost_cents", sa.BigInteger, nullable=False),
)
keep_table(
    "company",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("business_id", sa.LargeBinary),
    sa.Column("business_id_index", sa.LargeBinary, index=True),
    sa.Column("name", sa.LargeBinary),
    sa.Column("name_digest", sa.LargeBinary),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
keep_table(
    "disclosure",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("disclosed_at", INSTANT, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("basis", list_codes("contract consent statute"), nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("data_categories", sa.Text, nullable=False),
)
keep_table(
    "fingerprint",
    sa.Column("of", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("since", INSTANT, nullable=False),
)
keep_table(
    "held_back",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("customer_id", sa.BigInteger, index=True),
    sa.Column("table", sa.Text, nullable=False),
    sa.Column("refused_id", sa.BigInteger),
    sa.Column("column", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("since", INSTANT, nullable=False),
)
keep_table(
    "missing_row",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("table", sa.Text, nullable=False),
    sa.Column("row_id", sa.BigInteger, nullable=False),
    sa.Column("since", INSTANT, nullable=False),
)
keep_table(
    "processor",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("contract", sa.Text, nullable=False),
)
keep_table(
    "refresh_row",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("run", sa.BigInteger, index=True, nullable=False),
    sa.Column("table", sa.Text, nullable=False),
    sa.Column("row_id", sa.BigInteger, nullable=False),
    sa.Column("second_id", sa.BigInteger),
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
)
keep_table(
    "refresh_run",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("run", sa.BigInteger, index=True, nullable=False),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("table", sa.Text, nullable=False),
    sa.Column("at", INSTANT, nullable=False),
    sa.Column("as_of", INSTANT, nullable=False),
    sa.Column("newest", INSTANT),
    sa.Column("read", sa.BigInteger, nullable=False),
    sa.Column("fresh", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("unchanged", sa.BigInteger, nullable=False),
    sa.Column("refused", sa.BigInteger, nullable=False),
    sa.Column("held_back", sa.BigInteger, nullable=False),
    sa.Column("missing", sa.BigInteger),
    sa.Column("undone_at", INSTANT),
)
keep_table(
    "source_key",
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("table", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("id", sa.BigInteger, index=True, nullable=False),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("joined", sa.Boolean),
)
keep_table(
    "subject_request",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("customer_id", sa.BigInteger, index=True),
    sa.Column(
        "kind",
        list_codes("inspection correction erasure restriction objection portability"),
        nullable=False,
    ),
    sa.Column("received_at", INSTANT, nullable=False),
    sa.Column("due_on", DAY, nullable=False),
    sa.Column("identity_check", sa.Text),
    sa.Column("decision", sa.Text),
    sa.Column("ground", sa.Text),
    sa.Column("decided_at", INSTANT),
    sa.Column("form", sa.Text),
    sa.Column("target_on", DAY),
    sa.Column("extended_on", DAY),
    sa.Column("extension", sa.Text),
    sa.Column("identity_result", sa.Text),
    sa.Column("identity_checked_at", INSTANT),
    sa.Column("identity_checked_by", sa.Text),
    sa.Column("decided_by", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("carried_out_at", INSTANT),
    sa.Column("lifted_at", INSTANT),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
keep_table(
    "suppression",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("identifier", list_codes("email phone address"), nullable=False),
    sa.Column("digest", sa.LargeBinary, index=True, nullable=False),
    sa.Column(
        "scope",
        list_codes(
            "phone post email market_research marketing_use sms research_phone "
            "research_email research_post courtesy_phone courtesy_email "
            "courtesy_post"
        ),
        nullable=False,
    ),
    sa.Column("since", INSTANT, nullable=False),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
keep_table(
    "survey",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("code", sa.Text, unique=True, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", list_codes("satisfaction market_research opinion"), nullable=False),
    sa.Column("promise", list_codes("confidential anonymous"), nullable=False),
    sa.Column("opened_on", DAY, nullable=False),
    sa.Column("closed_on", DAY),
)
keep_table(
    "customer",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("kind", list_codes("consumer company_contact"), nullable=False),
    sa.Column("company_id", NUMBER, sa.ForeignKey("company.id")),
    sa.Column("given_names", sa.LargeBinary),
    sa.Column("given_names_digest", sa.LargeBinary),
    sa.Column("family_name", sa.LargeBinary),
    sa.Column("family_name_digest", sa.LargeBinary),
    sa.Column("personal_id", sa.LargeBinary),
    sa.Column("personal_id_index", sa.LargeBinary, index=True),
    sa.Column("street_address", sa.LargeBinary),
    sa.Column("street_address_digest", sa.LargeBinary),
    sa.Column("postal_code", sa.Text),
    sa.Column("country", sa.Text),
    sa.Column("phone", sa.LargeBinary),
    sa.Column("phone_index", sa.LargeBinary, index=True),
    sa.Column("email", sa.LargeBinary),
    sa.Column("email_index", sa.LargeBinary, index=True),
    sa.Column("birth_year", sa.BigInteger),
    sa.Column("language", list_codes(LANGUAGES)),
    sa.Column("joined_on", DAY, nullable=False),
    sa.Column("left_on", DAY),
    sa.Column("deceased_on", DAY),
    sa.Column("restricted_from", INSTANT),
    sa.Column("non_disclosure", sa.Boolean, nullable=False),
    sa.Column("source", list_codes(SOURCES), nullable=False),
    sa.Column("updated_at", INSTANT, nullable=False),
)
keep_table(
    "disclosure_customer",
    sa.Column("disclosure_id", NUMBER, sa.ForeignKey("disclosure.id"), primary_key=True),
    sa.Column("customer_id", sa.BigInteger, primary_key=True, autoincrement=False, index=True),
)
keep_table(
    "held_identifier",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column(
        "held_back_id",
        NUMBER,
        sa.ForeignKey("held_back.id", ondelete="CASCADE"),
        index=True,
        nullable=False,
    ),
    sa.Column("identifier", list_codes("personal_id email phone address"), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
)
keep_table(
    "survey_question",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("survey_id", NUMBER, sa.ForeignKey("survey.id"), nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("scale", list_codes("nps_0_10 likert_1_5 ces_1_7 text"), nullable=False),
    sa.Column("text_fi", sa.Text, nullable=False),
    sa.Column("text_sv", sa.Text),
    sa.Column("text_en", sa.Text),
)
keep_table(
    "campaign_contact",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("campaign_id", NUMBER, sa.ForeignKey("campaign.id"), nullable=False),
    sa.Column("customer_id", NUMBER, sa.ForeignKey("customer.id"), index=True, nullable=False),
    sa.Column("arm", list_codes("contacted holdout"), nullable=False),
    sa.Column("channel", list_codes(CHANNELS), nullable=False),
    sa.Column("sent_at", INSTANT),
    sa.Column("delivered_at", INSTANT),
    sa.Column("opened_at", INSTANT),
    sa.Column("clicked_at", INSTANT),
    sa.Column("responded_at", INSTANT),
    sa.Column("opted_out_at", INSTANT),
    sa.Column("bounced", sa.Boolean, nullable=False),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
keep_table(
    "feedback",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("customer_id", NUMBER, sa.ForeignKey("customer.id"), index=True, nullable=False),
    sa.Column("received_at", INSTANT, nullable=False),
    sa.Column("channel", list_codes(CHANNELS), nullable=False),
    sa.Column("topic", sa.Text),
    sa.Column("comment", sa.LargeBinary),
    sa.Column("comment_digest", sa.LargeBinary),
    sa.Column("comment_redacted", sa.Text),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
keep_table(
    "interaction",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("customer_id", NUMBER, sa.ForeignKey("customer.id"), index=True, nullable=False),
    sa.Column("occurred_at", INSTANT, nullable=False),
    sa.Column("channel", list_codes(CHANNELS)),
    sa.Column(
        "kind", list_codes("order enquiry service_visit complaint delivery other"), nullable=False
    ),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
keep_table(
    "invoice",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("customer_id", NUMBER, sa.ForeignKey("customer.id"), index=True, nullable=False),
    sa.Column("issued_on", DAY, nullable=False),
    sa.Column("due_on", DAY, nullable=False),
    sa.Column("paid_on", DAY),
    sa.Column("amount_cents", sa.BigInteger, nullable=False),
    sa.Column("product_line", list_codes("device filter service rental"), nullable=False),
    sa.Column("reference", sa.LargeBinary),
    sa.Column("reference_digest", sa.LargeBinary),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
keep_table(
    "permission",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("customer_id", NUMBER, sa.ForeignKey("customer.id"), index=True, nullable=False),
    sa.Column("act", list_codes("consent prohibition"), nullable=False),
    sa.Column(
        "scope", list_codes("mobile email phone post market_research marketing_use"), nullable=False
    ),
    sa.Column("given_at", INSTANT, nullable=False),
    sa.Column("ended_at", INSTANT),
    sa.Column("received_via", sa.Text),
    sa.Column("evidence", sa.LargeBinary),
    sa.Column("evidence_digest", sa.LargeBinary),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
keep_table(
    "survey_invitation",
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("survey_id", NUMBER, sa.ForeignKey("survey.id"), nullable=False),
    sa.Column("customer_id", NUMBER, sa.ForeignKey("customer.id"), index=True),
    sa.Column("channel", list_codes(CHANNELS), nullable=False),
    sa.Column("sent_at", INSTANT, nullable=False),
    sa.Column("delivered", sa.Boolean, nullable=False),
    sa.Column("responded_at", INSTANT),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
keep_table(
    "follow_up",
    sa.Column(
        "contact_id",
        NUMBER,
        sa.ForeignKey("campaign_contact.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("listed_at", INSTANT, nullable=False),
    sa.Column("handled_at", INSTANT),
)
keep_table(
    "survey_answer",
    sa.Column("invitation_id", NUMBER, sa.ForeignKey("survey_invitation.id"), primary_key=True),
    sa.Column("question_id", NUMBER, sa.ForeignKey("survey_question.id"), primary_key=True),
    sa.Column("score", sa.BigInteger),
    sa.Column("comment", sa.LargeBinary),
    sa.Column("comment_digest", sa.LargeBinary),
    sa.Column("comment_redacted", sa.Text),
    sa.Column("source", list_codes(SOURCES), nullable=False),
)
