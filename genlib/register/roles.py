"""Who may read and write what in a register on a server: the five levels as group roles of its
database, each with the narrowest grants that do its work.

The grants follow from what `schema` says of tables and columns, so a new table or column is in
them without being named here. A table is closed to whoever is not granted it: to `reader` and
`analyst`, who work on reports and releases, all of them are.

Example: of `customer` a publisher may read `postal_code` and `birth_year`, of which releases are
made, and neither `family_name`, which is sealed, nor `phone_index`, which is made from a secret.

Rows are all of one kind to a level, so no policy hides some: publishing must see the restricted to
leave them out and to tell how many they are. The one policy there is: an event of the audit trail
is written in the name of the login that writes it, whatever the settings of its process say.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from genlib.register.bulk import quote_name
from genlib.register.schema import OF_THE_REGISTER, Base, table
from genlib.register.version import VERSION

LEVELS = ("reader", "analyst", "publisher", "steward", "privacy_officer")
LONGEST_NAME = 63
"""Bytes of a name in PostgreSQL, which cuts off the rest."""

AUDIT = "audit_event"
WRITTEN_ONCE = (AUDIT, "fingerprint")
"""Tables whose rows nobody changes or removes."""
WORN_OFF = ("held_back", "missing_row", "refresh_row", "source_key", "suppression")
"""Tables of the register's own work, whose rows go when it is done."""
MADE_FROM_SECRETS = {"secret", "index_of", "digest_of"}


@dataclass(frozen=True)
class Grant:
    """A privilege on a table, or on those of its columns that are named."""

    privilege: str
    table: str
    columns: tuple[str, ...] = ()


HEAD_OF_TRAIL = (Grant("SELECT", AUDIT, ("id", "digest")), Grant("INSERT", AUDIT))
"""What whoever enters an event needs."""
ROTATION = Grant("UPDATE", "fingerprint", ("digest", "since"))
"""A key that was replaced is known by another digest."""
LOADS_OF_TRAIL = Grant("SELECT", AUDIT, ("action", "detail"))
"""Tells whether permissions were loaded once, before which there is no contact list."""


def list_grants(level: str) -> list[Grant]:
    """What a level may do; nothing, if it works on reports and releases."""
    if level == "publisher":
        return _list_reads_of_publisher()
    if level == "steward":
        return [*_list_work_of_steward(), *HEAD_OF_TRAIL, LOADS_OF_TRAIL]
    if level == "privacy_officer":
        removed = sorted(Base.metadata.tables.keys() - {*WRITTEN_ONCE, *WORN_OFF})
        deletes = [Grant("DELETE", name) for name in removed]
        whole_trail = [Grant("SELECT", AUDIT), Grant("INSERT", AUDIT)]
        return [*_list_work_of_steward(), *deletes, *whole_trail, ROTATION]
    return []


def _list_reads_of_publisher() -> list[Grant]:
    """Tables that a release may be made of, without what is made from a secret; who is held back,
    what was followed up and what the feeds brought, which releases tell; and the requests whose
    erasure is finished in the kept releases."""
    released = sorted(Base.metadata.tables.keys() - set(OF_THE_REGISTER))
    reads = [Grant("SELECT", name, _list_open_columns(name)) for name in released]
    marks = [
        Grant("SELECT", "held_back", ("customer_id",)),
        Grant("SELECT", "follow_up", ("contact_id", "handled_at")),
        Grant("SELECT", "refresh_run"),
        Grant("SELECT", "fingerprint"),
        Grant("INSERT", "fingerprint"),
        ROTATION,
        Grant("SELECT", "tombstone", ("request", "erased_at")),
        Grant("SELECT", "subject_request", _list_columns_of_requests()),
        Grant("UPDATE", "subject_request", ("detail", "carried_out_at")),
    ]
    return [*reads, *marks, *HEAD_OF_TRAIL]


def _list_columns_of_requests() -> tuple[str, ...]:
    """All that a request says, but for who acted for the company."""
    names = table("subject_request").columns.keys()
    return tuple(name for name in names if not name.endswith("_by"))


def _list_open_columns(name: str) -> tuple[str, ...]:
    columns = table(name).columns
    return tuple(c.name for c in columns if not MADE_FROM_SECRETS & c.info.keys())


def _list_work_of_steward() -> list[Grant]:
    """All tables are read, added to and changed. What tells of people is not removed, so a refresh
    that added some is taken back by the privacy officer."""
    names = sorted(Base.metadata.tables.keys() - {AUDIT})
    reads = [Grant("SELECT", name) for name in names]
    adds = [Grant("INSERT", name) for name in names]
    changes = [Grant("UPDATE", name) for name in names if name not in WRITTEN_ONCE]
    removes = [Grant("DELETE", name) for name in WORN_OFF]
    return [*reads, *adds, *changes, *removes]


def name_group(database: str, level: str) -> str:
    """The group role of a level: of this database only, so that the people of two registers on one
    server do not mix."""
    name = f"genlib_{database}_{level}"
    if len(name.encode()) <= LONGEST_NAME:
        return name
    return f"genlib_{hashlib.sha256(database.encode()).hexdigest()[:32]}_{level}"


def name_groups(connection: sa.Connection) -> dict[str, str]:
    """Level → its group role in the database of the connection."""
    database = connection.scalar(sa.text("SELECT current_database()"))
    return {level: name_group(str(database), level) for level in LEVELS}


def make_roles(connection: sa.Connection) -> None:
    """The five group roles with just their grants, in the transaction of the connection, which must
    be of the tables' owner. What somebody else granted to the public or to a level is taken
    back."""
    groups = name_groups(connection)
    is_there = sa.text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)")
    there = set(connection.scalars(is_there, {"names": list(groups.values())}))
    run_all(
        connection,
        [
            *(
                f"CREATE ROLE {quote_name(group)} NOLOGIN"
                for group in groups.values()
                if group not in there
            ),
            *_close(connection, groups),
            *_open(groups),
            *_keep_names_true(groups),
            *_leave_out_of_statistics(),
        ],
    )


def run_all(connection: sa.Connection, statements: list[str]) -> None:
    """Run statements that take no parameters, in one go."""
    connection.exec_driver_sql(";\n".join(statements), execution_options={"no_parameters": True})


def _close(connection: sa.Connection, groups: dict[str, str]) -> list[str]:
    """Take everything from everybody; only members of a level may connect."""
    database = quote_name(str(connection.scalar(sa.text("SELECT current_database()"))))
    everybody = ", ".join(["PUBLIC", *map(quote_name, groups.values())])
    members = ", ".join(map(quote_name, groups.values()))
    writers = ", ".join(quote_name(groups[level]) for level in ("steward", "privacy_officer"))
    return [
        f"REVOKE ALL ON DATABASE {database} FROM {everybody}",
        f"REVOKE ALL ON SCHEMA public FROM {everybody}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {everybody}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {everybody}",
        f"REVOKE ALL ON ALL ROUTINES IN SCHEMA public FROM {everybody}",
        f"GRANT CONNECT ON DATABASE {database} TO {members}",
        f"GRANT TEMPORARY ON DATABASE {database} TO {writers}",
        f"GRANT USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {writers}",
    ]


def _open(groups: dict[str, str]) -> list[str]:
    statements = []
    for level, group in groups.items():
        grants = list_grants(level)
        if grants:
            statements.append(f"GRANT USAGE ON SCHEMA public TO {quote_name(group)}")
            statements.append(f"GRANT SELECT ON {VERSION.name} TO {quote_name(group)}")
        statements.extend(_write_grant(grant, group) for grant in grants)
    return statements


def _write_grant(grant: Grant, group: str) -> str:
    columns = ", ".join(map(quote_name, grant.columns))
    of_columns = f" ({columns})" if columns else ""
    return (
        f"GRANT {grant.privilege}{of_columns} ON {quote_name(grant.table)} TO {quote_name(group)}"
    )


def _keep_names_true(groups: dict[str, str]) -> list[str]:
    members = ", ".join(map(quote_name, groups.values()))
    trail = quote_name(AUDIT)
    return [
        f"ALTER TABLE {trail} ENABLE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS genlib_read ON {trail}",
        f"DROP POLICY IF EXISTS genlib_own_name ON {trail}",
        f"CREATE POLICY genlib_read ON {trail} FOR SELECT TO {members} USING (true)",
        f"CREATE POLICY genlib_own_name ON {trail} FOR INSERT TO {members} "
        'WITH CHECK ("user" = session_user)',
    ]


def _leave_out_of_statistics() -> list[str]:
    """The planner keeps no samples of the sealed columns: nothing is looked up by them."""
    return [
        f"ALTER TABLE {quote_name(column.table.name)} "
        f"ALTER {quote_name(column.name)} SET STATISTICS 0"
        for every in Base.metadata.sorted_tables
        for column in every.columns
        if column.info.get("secret")
    ]
