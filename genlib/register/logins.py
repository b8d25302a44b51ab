"""People's own logins to a register on a server: each has a name, a password and one level.

The password is made into a SCRAM verifier here, so that neither the server nor its log ever meets
it. A login can do nothing but what its level may (`roles`); one that can do more - a superuser, an
owner - is refused. Who loses the level loses it at once, in open sessions too; the name stays on
the server, closed, so that it is never given to another person and the audit trail stays true.

Example: after `grant_level(register, "bertta", "publisher", password="…")` bertta can publish.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from genlib.errors import Refused, UsageError
from genlib.register import audit, roles
from genlib.register.bulk import quote_name
from genlib.register.database import Register
from genlib.register.keyfile import check_password

NAME = re.compile(r"[a-z][a-z0-9_.-]{0,62}", re.ASCII)
VERIFIER = re.compile(r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+")
ROLE = sa.text(
    "SELECT rolcanlogin AS is_open,"
    " rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS is_mighty,"
    " ARRAY(SELECT g.rolname FROM pg_auth_members JOIN pg_roles g ON g.oid = roleid"
    " WHERE member = r.oid) AS groups,"
    " EXISTS (SELECT FROM pg_auth_members WHERE roleid = r.oid AND NOT admin_option) AS is_group"
    " FROM pg_roles r WHERE rolname = :login"
)
"""Who makes a role may administer it and so is a member, which makes no group of it."""


@dataclass(frozen=True)
class Login:
    """A role of the server: whether somebody can log in with it, and the groups that it is in."""

    is_open: bool
    is_mighty: bool
    is_group: bool
    groups: tuple[str, ...]


def has_login(register: Register, login: str) -> bool:
    """Whether the name can log in already, so that it needs no password; UsageError for a name that
    is none and for an embedded register."""
    _check_name(register, login)
    with register.engine.connect() as connection:
        role = _find(connection, login)
        return bool(role and role.is_open)


def grant_level(register: Register, login: str, level: str, *, password: str | None = None) -> None:
    """Give a name this level and no other, with a new password if one is said; audited.

    UsageError for an unknown level, a name that is none, a new login without a password; Refused
    for a name that can do more than any level may.
    """
    _check_name(register, login)
    if level not in roles.LEVELS:
        raise UsageError(f"there is no level of that name; there are {', '.join(roles.LEVELS)}")
    if password is not None:
        check_password(password)
    with audit.told(register) as (connection, tell):
        role = _find(connection, login)
        _check_role(role)
        if password is None and not (role and role.is_open):
            raise UsageError("a new login needs a password")
        groups = roles.name_groups(connection)
        statements = [] if role else [f"CREATE ROLE {quote_name(login)} LOGIN"]
        if password is not None:
            statements.append(_set_password(connection, login, password))
        statements.extend(_leave(login, groups.values(), role))
        statements.append(f"GRANT {quote_name(groups[level])} TO {quote_name(login)}")
        roles.run_all(connection, statements)
        _check_groups(connection, login, set(groups.values()), {groups[level]})
        tell(_event(f"grant {level}", login))


def revoke_login(register: Register, login: str) -> bool:
    """Take the level of this register from a name, and close the login if it has no other; audited.
    Whether it was closed. UsageError if it has no level here."""
    _check_name(register, login)
    with audit.told(register) as (connection, tell):
        role = _find(connection, login)
        groups = roles.name_groups(connection)
        here = set(groups.values()) & set(role.groups if role else ())
        if role is None or not here:
            raise UsageError("that name has no level of this register")
        is_closed = not role.is_mighty and set(role.groups) == here
        statements = _leave(login, here, role)
        if is_closed:
            statements.append(f"ALTER ROLE {quote_name(login)} NOLOGIN PASSWORD NULL")
        roles.run_all(connection, statements)
        _check_groups(connection, login, here, set())
        tell(_event("revoke level", login))
    _end_sessions(register, login)
    return is_closed


def list_logins(register: Register) -> list[tuple[str, str]]:
    """Name and level of whoever may log in, in the order of the names."""
    if register.embedded:
        return []
    with register.engine.connect() as connection:
        levels = {group: level for level, group in roles.name_groups(connection).items()}
        members = sa.text(
            "SELECT m.rolname, g.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member"
            " JOIN pg_roles g ON g.oid = a.roleid"
            " WHERE g.rolname = ANY(:groups) AND m.rolcanlogin ORDER BY m.rolname"
        )
        rows = connection.execute(members, {"groups": list(levels)}).all()
    return [(login, levels[group]) for login, group in rows]


def _check_name(register: Register, login: str) -> None:
    if register.embedded:
        raise UsageError(
            "an embedded register has no logins; give people their own slot: genlib keys add NAME"
        )
    if not NAME.fullmatch(login) or login.startswith(("pg_", "genlib_")):
        raise UsageError(
            "a login is at most 63 of a-z, 0-9, _, . and -, begins with a letter, and not with pg_ "
            "or genlib_"
        )


def _find(connection: sa.Connection, login: str) -> Login | None:
    row: Any = connection.execute(ROLE, {"login": login}).mappings().first()
    if row is None:
        return None
    return Login(row["is_open"], row["is_mighty"], row["is_group"], tuple(row["groups"]))


def _check_role(role: Login | None) -> None:
    if role is None:
        return
    is_in_others = any(not group.startswith("genlib_") for group in role.groups)
    if role.is_mighty or role.is_group or is_in_others:
        raise Refused(
            "that name can do more on the server than any level may; choose another name for "
            "the login"
        )


def _set_password(connection: sa.Connection, login: str, password: str) -> str:
    """The statement that stores the verifier of a password, made here."""
    driver: Any = connection.connection.driver_connection
    secret = driver.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
    verifier = secret.decode()
    if not VERIFIER.fullmatch(verifier):
        raise UsageError("no SCRAM verifier can be made of this password; choose another")
    return f"ALTER ROLE {quote_name(login)} LOGIN PASSWORD '{verifier}'"


def _leave(login: str, groups: Any, role: Login | None) -> list[str]:
    member = set(role.groups) if role else set()
    return [
        f"REVOKE {quote_name(group)} FROM {quote_name(login)}"
        for group in groups
        if group in member
    ]


def _check_groups(connection: sa.Connection, login: str, ours: set[str], wanted: set[str]) -> None:
    """Refused if a level stayed: on PostgreSQL 16 and later only who gave it, or the owner of the
    group, takes it back, and the server says so in a warning alone."""
    role = _find(connection, login)
    left = ours & set(role.groups if role else ()) - wanted
    if left:
        raise Refused(
            "a level of that name was given by another administrator, who must take it back; "
            "nothing was changed"
        )


def _event(action: str, login: str) -> audit.Event:
    return audit.Event(purpose="register", action=action, people=0, detail={"login": login})


def _end_sessions(register: Register, login: str) -> None:
    """End what the login is doing, where the server lets us; its rights are gone either way."""
    ending = sa.text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE usename = :login AND datname = current_database()"
        " AND pg_has_role(usesysid, 'USAGE')"
    )
    with register.engine.connect() as connection:
        connection.execute(ending, {"login": login})
