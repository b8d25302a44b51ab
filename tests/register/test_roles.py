"""The five levels on a real server, each really logged in with its password: what they may do, and
that nobody reads an identifying column who has no business with it, by any route."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from genlib.cli import run
from genlib.errors import Refused, UsageError
from genlib.register import logins
from genlib.register.database import create_register, open_register
from genlib.register.roles import LEVELS, list_grants, name_group
from genlib.register.schema import Base, table

ROOT = Path(__file__).parents[2]
PASSWORD = "Kuuralehto 1952"
TABLES = sorted(Base.metadata.tables)
MADE_FROM_SECRETS = {"secret", "index_of", "digest_of"}
COLUMNS = [(name, column.name) for name in TABLES for column in table(name).columns]
SECRETS = [
    (column.table.name, column.name)
    for name in TABLES
    for column in table(name).columns
    if MADE_FROM_SECRETS & column.info.keys()
]


@dataclasses.dataclass(frozen=True)
class Server:
    """A register that an administrator who is no superuser made, with a person of each level."""

    url: sa.URL
    home: Path

    def address(self, login: str) -> str:
        own = self.url.set(username=login, password=PASSWORD)
        return own.render_as_string(hide_password=False)

    def connect(self, login: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.url.query["host"]),
            dbname=self.url.database,
            user=login,
            password=PASSWORD,
            autocommit=True,
        )

    def environment(self, login: str) -> dict[str, str]:
        return {
            "GENLIB_HOME": str(self.home),
            "GENLIB_USER": "steward",
            "GENLIB_PASSWORD_FILE": str(self.home / "password"),
            "GENLIB_REGISTER": self.address(login),
        }


@pytest.fixture(scope="module")
def server(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("server")
    (home / "password").write_text(PASSWORD)
    with psycopg.connect(postgresql, autocommit=True) as root:
        root.execute(f"CREATE ROLE roles_admin LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
        root.execute("CREATE ROLE stranger LOGIN PASSWORD 'Kuuralehto 1952'")
        root.execute("CREATE DATABASE roles OWNER roles_admin")
        root.execute("ALTER DATABASE roles SET log_statement = 'all'")
    made = Server(sa.make_url(postgresql).set(database="roles"), home)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment("roles_admin").items():
            patch.setenv(name, value)
        assert run(["keys", "create"]) == 0
        admin = made.address("roles_admin")
        assert run(["register", "create", "--url", admin]) == 0
        for level in LEVELS:
            words = ["register", "grant", level, "--level", level, "--url", admin]
            assert run([*words, "--new-password-file", str(home / "password")]) == 0
        patch.setenv("GENLIB_REGISTER", made.address("steward"))
        assert run(["register", "load", str(ROOT / "data/sample")]) == 0
    with made.connect("roles_admin") as owner:
        owner.execute("ANALYZE")
    yield made
    with psycopg.connect(postgresql, autocommit=True) as root:
        root.execute("DROP DATABASE roles WITH (FORCE)")


@pytest.fixture
def as_login(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """The command line is somebody's."""

    def enter(login: str) -> None:
        for name, value in server.environment(login).items():
            monkeypatch.setenv(name, value)

    return enter


COLUMN_ROUTES = [
    "SELECT {column} FROM public.{table}",
    "SELECT count({column}) FROM public.{table}",
    "SELECT 1 FROM public.{table} WHERE {column} IS NOT NULL",
    "SELECT 1 FROM public.{table} ORDER BY {column}",
    "SELECT CAST(CAST({column} AS text) AS integer) FROM public.{table}",
    "EXPLAIN ANALYZE SELECT {column} FROM public.{table}",
    "COPY (SELECT {column} FROM public.{table}) TO STDOUT",
    "COPY public.{table} ({column}) TO STDOUT",
    "DO $$ BEGIN PERFORM {column} FROM public.{table}; END $$",
]
TABLE_ROUTES = [
    "TABLE public.{table}",
    "SELECT {table} FROM public.{table}",
    "SELECT to_json({table}) FROM public.{table}",
    "COPY public.{table} TO STDOUT",
    "UPDATE public.{table} SET {column} = {column} RETURNING *",
    "DELETE FROM public.{table} RETURNING *",
    "CREATE TEMPORARY VIEW peek AS SELECT {column} FROM public.{table}",
    "CREATE TEMPORARY TABLE peek AS SELECT {column} FROM public.{table}",
    "CREATE VIEW public.peek AS SELECT {column} FROM public.{table}",
    "CREATE FUNCTION public.peek() RETURNS bigint"
    " BEGIN ATOMIC SELECT count({column}) FROM public.{table}; END",
    "CREATE TABLE public.peek (c bigint REFERENCES public.{table})",
    "CREATE TRIGGER peek AFTER INSERT ON public.{table} EXECUTE FUNCTION pg_notify()",
    "ALTER TABLE public.{table} ADD COLUMN peek integer",
    "TRUNCATE public.{table} CASCADE",
]


def refusals(connection: psycopg.Connection[Any], routes: list[str], *of: tuple[str, str]) -> Any:
    """Which routes did not end in the refusal of a privilege."""
    answers = {}
    for name, column in of:
        for route in routes:
            statement = route.format(table=name, column=f'"{column}"')
            try:
                cursor = connection.cursor()
                if statement.startswith("COPY"):
                    with cursor.copy(sql.SQL(statement)) as copy:
                        list(copy)
                else:
                    cursor.execute(statement)
            except psycopg.errors.InsufficientPrivilege:
                continue
            except psycopg.Error as error:
                answers[statement] = type(error).__name__
            else:
                answers[statement] = "answered"
    return answers


def test_an_analyst_reads_no_column_of_any_table_by_any_route(server: Server) -> None:
    with server.connect("analyst") as analyst:
        assert refusals(analyst, COLUMN_ROUTES, *COLUMNS) == {}
        assert refusals(analyst, TABLE_ROUTES, *dict(COLUMNS).items()) == {}


def test_an_analyst_reads_nothing_even_where_the_schema_is_opened_by_mistake(
    server: Server,
) -> None:
    with server.connect("roles_admin") as owner, server.connect("analyst") as analyst:
        owner.execute("GRANT USAGE ON SCHEMA public TO analyst")
        assert refusals(analyst, COLUMN_ROUTES, *COLUMNS) == {}
        assert refusals(analyst, TABLE_ROUTES, *dict(COLUMNS).items()) == {}
        owner.execute("REVOKE USAGE ON SCHEMA public FROM analyst")


def test_a_reader_reads_no_table(server: Server) -> None:
    with server.connect("reader") as reader:
        assert refusals(reader, COLUMN_ROUTES[:1], *COLUMNS) == {}


def test_a_publisher_reads_nothing_that_is_made_from_a_secret(server: Server) -> None:
    with server.connect("publisher") as publisher:
        assert refusals(publisher, COLUMN_ROUTES, *SECRETS) == {}
        assert refusals(publisher, TABLE_ROUTES, *dict(SECRETS).items()) == {}


def test_the_routes_are_open_to_the_owner_so_that_only_privileges_close_them(
    server: Server,
) -> None:
    cast = COLUMN_ROUTES[4]
    with server.connect("roles_admin") as owner:
        answers = refusals(owner, COLUMN_ROUTES + TABLE_ROUTES[:4], ("customer", "family_name"))
    assert set(answers.values()) == {"answered", "InvalidTextRepresentation"}
    assert len(answers) == len(COLUMN_ROUTES) + 4
    assert answers[cast.format(table="customer", column='"family_name"')] != "answered"


def test_statistics_of_the_catalogue_hold_no_secret_and_show_an_analyst_nothing(
    server: Server,
) -> None:
    query = "SELECT tablename::text, attname::text FROM pg_stats WHERE schemaname = 'public'"
    sealed = {
        (name, column.name)
        for name in TABLES
        for column in table(name).columns
        if column.info.get("secret")
    }
    with server.connect("roles_admin") as owner:
        sampled = set(owner.execute(query).fetchall())
    with server.connect("publisher") as publisher:
        of_publisher = set(publisher.execute(query).fetchall())
    with server.connect("analyst") as analyst:
        of_analyst = analyst.execute(query).fetchall()
        assert refusals(analyst, ["TABLE pg_statistic"], ("", "")) == {}
    assert ("customer", "postal_code") in sampled
    assert ("customer", "phone_index") in sampled
    assert sampled & sealed == set()
    assert ("customer", "postal_code") in of_publisher
    assert of_publisher & set(SECRETS) == set()
    assert of_analyst == []


def test_nobody_sees_what_another_is_asking_the_server(server: Server) -> None:
    query = "SELECT query FROM pg_stat_activity WHERE usename = 'steward'"
    with server.connect("steward") as steward, server.connect("analyst") as analyst:
        steward.execute("SELECT 'Kuuralehto'")
        seen = [text for (text,) in analyst.execute(query).fetchall()]
    assert seen == ["<insufficient privilege>"]


EVENT = (
    'INSERT INTO audit_event (id, at, "user", purpose, action, people, digest)'
    " VALUES ({id}, now(), '{user}', 'p', 'a', 0, '')"
)


@pytest.mark.parametrize("level", LEVELS)
def test_nobody_changes_or_removes_an_event_of_the_audit_trail(server: Server, level: str) -> None:
    with server.connect(level) as connection:
        for statement in (
            "UPDATE public.audit_event SET people = 0",
            "DELETE FROM public.audit_event",
            "TRUNCATE public.audit_event",
            "ALTER TABLE public.audit_event DISABLE ROW LEVEL SECURITY",
            "DROP TABLE public.audit_event",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize("level", ["publisher", "steward", "privacy_officer"])
def test_an_event_is_entered_in_the_name_of_the_login_only(server: Server, level: str) -> None:
    with server.connect(level) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(EVENT.format(id=10**9, user="bertta"))
        with connection.transaction(force_rollback=True):
            connection.execute(EVENT.format(id=10**9, user=level))


@pytest.mark.parametrize("level", ["publisher", "privacy_officer"])
def test_a_key_is_rotated_by_the_login_of_its_level(server: Server, level: str) -> None:
    with server.connect(level) as connection, connection.transaction(force_rollback=True):
        done = connection.execute("UPDATE public.fingerprint SET digest = digest, since = since")
        assert done.rowcount > 0


def test_a_publisher_publishes_and_stands_in_the_audit_trail_by_the_login(
    server: Server, as_login: Callable[[str], None]
) -> None:
    as_login("publisher")
    assert run(["publish", "satisfaction"]) == 0
    with server.connect("roles_admin") as owner:
        query = 'SELECT "user", action FROM audit_event ORDER BY id DESC LIMIT 1'
        assert owner.execute(query).fetchone() == ("publisher", "publish")


@pytest.mark.parametrize("level", ["reader", "analyst", "publisher"])
def test_only_a_steward_loads(
    level: str, as_login: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    as_login(level)
    capsys.readouterr()
    assert run(["register", "load", str(ROOT / "data/sample")]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "your login" in said


def test_a_steward_refreshes_an_act_that_has_ended(
    server: Server, as_login: Callable[[str], None], tmp_path: Path
) -> None:
    lines = (ROOT / "data/sample/permission.csv").read_text().splitlines()
    first = lines[1].split(",")
    first[5] = "2026-01-01T00:00:00Z"
    (tmp_path / "permission.csv").write_text("\n".join([lines[0], ",".join(first)]))
    as_login("steward")
    assert run(["register", "refresh", str(tmp_path)]) == 0
    with server.connect("roles_admin") as owner:
        query = "SELECT count(*) FROM permission WHERE id = 1 AND ended_at IS NOT NULL"
        assert owner.execute(query).fetchone() == (1,)


def test_a_steward_changes_people_and_removes_none(server: Server) -> None:
    with server.connect("steward") as steward, steward.transaction(force_rollback=True):
        steward.execute("UPDATE customer SET postal_code = '00100' WHERE id = 1")
        steward.execute("UPDATE permission SET ended_at = now() WHERE id = 1")
    with server.connect("steward") as steward:
        for statement in (
            "DELETE FROM customer WHERE id = 1",
            "DELETE FROM permission",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                steward.execute(statement)
    with server.connect("privacy_officer") as officer, officer.transaction(force_rollback=True):
        officer.execute("DELETE FROM permission WHERE id = 1")


def test_a_login_needs_its_password_and_a_level_of_this_register(
    server: Server, postgresql_url: str
) -> None:
    other = create_register(postgresql_url).engine.url.database
    wrong = server.address("steward").replace("Kuuralehto", "Kuutamo")
    with pytest.raises(UsageError, match="cannot be opened") as refusal:
        open_register(wrong)
    assert "Kuutamo" not in str(refusal.value)
    for url in (
        server.address("stranger"),
        server.address("steward").replace("/roles", f"/{other}"),
    ):
        with pytest.raises(UsageError, match="cannot be opened"):
            open_register(url)


def test_the_server_keeps_and_hears_no_password_but_its_verifier(
    server: Server, postgresql: str
) -> None:
    with psycopg.connect(postgresql) as root:
        query = "SELECT rolpassword FROM pg_authid WHERE rolname = 'steward'"
        [verifier] = root.execute(query).fetchone() or [""]
    log = (Path(str(server.url.query["host"])) / "log").read_text()
    assert verifier.startswith("SCRAM-SHA-256$")
    assert verifier in log
    assert PASSWORD not in log


def test_two_passwords_of_a_login_follow_each_other_and_a_level_takes_the_place_of_another(
    server: Server,
) -> None:
    register = open_register(server.address("roles_admin"))
    logins.grant_level(register, "cecilia", "steward", password=PASSWORD)
    assert logins.has_login(register, "cecilia")
    logins.grant_level(register, "cecilia", "analyst")
    assert ("cecilia", "analyst") in logins.list_logins(register)
    with server.connect("cecilia") as cecilia:
        assert refusals(cecilia, COLUMN_ROUTES[:1], ("customer", "id")) == {}
    logins.grant_level(register, "cecilia", "analyst", password="another password")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        server.connect("cecilia")


def test_who_loses_the_level_loses_it_in_an_open_session_and_cannot_log_in_again(
    server: Server, as_login: Callable[[str], None]
) -> None:
    register = open_register(server.address("roles_admin"))
    logins.grant_level(register, "david", "steward", password=PASSWORD)
    as_login("roles_admin")
    with server.connect("david") as david:
        david.execute("SELECT id FROM public.customer")
        assert run(["register", "revoke", "david"]) == 0
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.OperationalError)):
            david.execute("SELECT id FROM public.customer")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        server.connect("david")
    with pytest.raises(UsageError, match="needs a password"):
        logins.grant_level(register, "david", "reader")
    assert run(["register", "revoke", "david"]) == 2


def test_a_name_that_can_do_more_than_a_level_is_given_none(
    server: Server, postgresql: str
) -> None:
    with psycopg.connect(postgresql, autocommit=True) as root:
        root.execute("CREATE ROLE sees_all LOGIN IN ROLE pg_read_all_data")
    register = open_register(server.address("roles_admin"))
    for name in ("postgres", "roles_admin", "sees_all"):
        with pytest.raises(Refused, match="more on the server than any level"):
            logins.grant_level(register, name, "reader", password=PASSWORD)


@pytest.mark.parametrize(
    ("name", "level", "password", "said"),
    [
        ("Emma", "reader", PASSWORD, "a login is at most 63"),
        ("pg_emma", "reader", PASSWORD, "a login is at most 63"),
        ('e"; DROP TABLE customer --', "reader", PASSWORD, "a login is at most 63"),
        ("emma", "chief", PASSWORD, "there are reader, analyst"),
        ("emma", "reader", "short", "at least 8 characters"),
        ("emma", "reader", None, "a new login needs a password"),
    ],
)
def test_a_login_that_cannot_be_made_says_why(
    server: Server, name: str, level: str, password: str | None, said: str
) -> None:
    register = open_register(server.address("roles_admin"))
    with pytest.raises(UsageError, match=said):
        logins.grant_level(register, name, level, password=password)


def test_only_an_administrator_gives_levels(server: Server) -> None:
    register = open_register(server.address("privacy_officer"))
    with pytest.raises(Refused, match="your login"):
        logins.grant_level(register, "emma", "privacy_officer", password=PASSWORD)


def test_an_embedded_register_has_no_logins(sqlite_url: str) -> None:
    with pytest.raises(UsageError, match="embedded register has no logins"):
        logins.grant_level(create_register(sqlite_url), "emma", "reader", password=PASSWORD)


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_made_from_a_secret_is_granted_to_those_who_open_secrets(level: str) -> None:
    granted = {
        (grant.table, column)
        for grant in list_grants(level)
        for column in grant.columns or table(grant.table).columns.keys()
        if grant.privilege == "SELECT"
    }
    opens_secrets = level in {"steward", "privacy_officer"}
    assert granted & set(SECRETS) == (set(SECRETS) if opens_secrets else set())


def test_the_groups_of_a_database_with_a_long_name_are_told_apart() -> None:
    groups = {name_group("d" * 63, level) for level in LEVELS}
    assert len({group[:63] for group in groups}) == len(LEVELS)
    assert name_group("d" * 62 + "e", "reader") not in groups
