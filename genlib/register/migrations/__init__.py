"""From every released schema of the register to that of today, by Alembic.

Each change of `schema` is one file in `versions/`, numbered after the last, whose `upgrade()` makes
that change and names nothing of `schema`, which will have moved on: `op.create_table`, and
`op.batch_alter_table` for a table that is there, because SQLite rewrites it. Write its number into
`version.SCHEMA`; a test says if the files do not lead to the tables of `schema` exactly.

Example: a register of schema 0001 gets the table of 0002 and the column of 0003 in one transaction,
or, if one of them fails, neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from genlib.errors import GenlibError, RegisterNotFound, UsageError
from genlib.register import audit
from genlib.register.bulk import explain, reason
from genlib.register.database import Register, begin_writing, name_register
from genlib.register.roles import make_roles
from genlib.register.version import check_not_newer, read_version

HERE = Path(__file__).parent
VERSIONS = HERE / "versions"


def upgrade_register(url: str, *, versions: Path = VERSIONS) -> tuple[str, str]:
    """Bring the register at `url` to the last schema of `versions`, in one transaction with its
    event of the audit trail; the number before (nothing if it had none) and after.

    RegisterNotFound if there is none, UsageError for a later schema; GenlibError if a change
    failed: then the register is as it was.
    """
    register = name_register(url)
    file = register.engine.url.database
    if register.embedded and not (file and Path(file).exists()):
        raise RegisterNotFound(
            f"no register at {register.url}; make one with: genlib register create"
        )
    try:
        with audit.told_in(register, _begin_upgrade(register)) as (connection, tell):
            before = read_version(connection)
            check_not_newer(before, register.url)
            _run(connection, versions)
            after = read_version(connection)
            if not register.embedded:
                make_roles(connection)
            if before != after:
                detail = {"before": before, "after": after}
                tell(audit.Event("register", "upgrade", 0, detail=detail))
    except sa.exc.SQLAlchemyError as error:
        raise explain(error) or GenlibError(
            f"the register at {register.url} could not be upgraded ({reason(error)}); it is as it "
            "was"
        ) from None
    return before, after


@contextmanager
def _begin_upgrade(register: Register) -> Iterator[sa.Connection]:
    """A transaction in which SQLite does not follow foreign keys, so that a table can be rewritten
    under those that refer to it; they are checked at its end."""
    with begin_writing(register.engine, without_keys=True) as connection:
        if not sa.inspect(connection).has_table("audit_event"):
            raise RegisterNotFound(
                f"no register at {register.url}; make one with: genlib register create"
            )
        yield connection
        if register.embedded and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise GenlibError(
                f"the register at {register.url} could not be upgraded (FOREIGN KEY); it is as it "
                "was"
            )


def _run(connection: sa.Connection, versions: Path) -> None:
    from alembic import command, util

    try:
        command.upgrade(make_config(connection, versions), "head")
    except util.CommandError:
        raise UsageError(
            "the register's schema has a number that no version of genlib gave it; put back a copy"
        ) from None


def make_config(connection: sa.Connection, versions: Path = VERSIONS) -> Any:
    """Alembic's settings, made here: there is no file of them."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    return config
