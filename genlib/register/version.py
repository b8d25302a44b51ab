"""Which schema a register has: a number that a release of genlib knows, so that another one is told
apart before anything is read or written.

Example: a register of schema 0001 opened by a genlib of schema 0002 is refused with the one line
that says how to bring it up: `genlib register upgrade`.
"""

from __future__ import annotations

import sqlalchemy as sa

from genlib.errors import UsageError

SCHEMA = "0004"
"""The schema of `register.schema`: the last of `register.migrations`."""

VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic makes it."""


def read_version(connection: sa.Connection) -> str:
    """The number of a register's schema; nothing for one of before the first release."""
    if not sa.inspect(connection).has_table(VERSION.name):
        return ""
    return connection.scalar(sa.select(VERSION.c.version_num)) or ""


def keep_version(connection: sa.Connection) -> None:
    """Give a new register the number of this schema."""
    VERSION.create(connection)
    connection.execute(VERSION.insert().values(version_num=SCHEMA))


def check_version(connection: sa.Connection, where: str) -> None:
    """UsageError for a register of another schema."""
    version = read_version(connection)
    if version < SCHEMA:
        raise UsageError(
            f"the register at {where} was made by an earlier version; bring it up, once nobody "
            "works on it, with: genlib register upgrade"
        )
    check_not_newer(version, where)


def check_not_newer(version: str, where: str) -> None:
    """UsageError for a schema that this version of genlib does not know."""
    if version > SCHEMA:
        raise UsageError(
            f"the register at {where} was made by a later version of genlib; install that one, or "
            "put back the copy of the register from before its upgrade"
        )
