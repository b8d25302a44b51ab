"""What tables are made of: kinds of columns, closed lists of codes, and the base of all tables.

`info` of a column says what the other modules need: `secret` (a direct identifier, encrypted),
`index_of` (the blind index of a secret), `digest_of` (a keyed digest of a secret in its row, by
which a row is compared unopened), `redacted_from` (a comment without identifiers), `guarded` (what
publishing must know of a person and tell nobody), `range` (its least and greatest value),
`not_before` (the column whose date it follows), `not_yet` (an empty cell is a no, since its source
fills it when it happens), `may_be_future` (a source may know it before it has happened; of every
other date and instant it cannot be said before it is there, so such a row is refused).
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


def not_yet() -> MappedColumn[bool]:
    """What a source says when it has happened, and leaves empty until then."""
    return mapped_column(info={"not_yet": True})


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


class Numbered:
    """Rows that have a number of their own, which no other row of their table gets after them
    (`numbering`)."""

    __table_args__: ClassVar[dict[str, Any]] = {"sqlite_autoincrement": True}
    id: Mapped[Id] = mapped_column(sort_order=-1)


class Sourced:
    """Rows that hold personal data say where it comes from."""

    source: Mapped[Source] = mapped_column(sort_order=99)
