"""From every released schema to that of today, on both databases, with all rows or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from genlib.cli import run
from genlib.errors import GenlibError, RegisterNotFound, UsageError
from genlib.register import audit
from genlib.register.chain import append_heads
from genlib.register.database import Register, create_register, open_register
from genlib.register.migrations import VERSIONS, make_config, upgrade_register
from genlib.register.migrations.versions import r0001_first
from genlib.register.schema import Base, table
from genlib.register.version import SCHEMA, VERSION

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade():
    with op.batch_alter_table("customer") as customer:
        customer.add_column(sa.Column("nickname", sa.Text))
        customer.alter_column("country", existing_type=sa.Text, nullable=False)
    op.create_table("tombstones", sa.Column("id", sa.Integer, primary_key=True))
"""


def describe(register: Register) -> dict[str, Any]:
    """All that the database knows of its tables, whatever the order of their columns."""
    inspector = sa.inspect(register.engine)
    whole = {}
    for part in ("indexes", "unique_constraints", "foreign_keys", "check_constraints", "columns"):
        of_tables = getattr(inspector, f"get_multi_{part}")()
        whole[part] = {name: sorted(map(str, found)) for name, found in of_tables.items()}
    whole["primary keys"] = inspector.get_multi_pk_constraint()
    if register.embedded:
        texts = sa.text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'")
        with register.engine.connect() as connection:
            whole["counting"] = sorted(connection.scalars(texts))
    return whole


def go_back_to_the_first(register: Register) -> None:
    """An empty register as the first release made it, without a number."""
    with register.writing() as connection:
        Base.metadata.drop_all(connection)
        VERSION.drop(connection)
        r0001_first.METADATA.create_all(connection)


def add_people(register: Register) -> None:
    people = (
        "INSERT INTO customer (id, kind, country, joined_on, non_disclosure, source, updated_at)"
        " VALUES ({id}, 'consumer', 'FI', {day}, {no}, 'DATA_SUBJECT', {now})"
    )
    embedded = register.embedded
    values = (
        {"day": "1", "no": "0", "now": "1"}
        if embedded
        else {"day": "'2020-01-01'", "no": "false", "now": "now()"}
    )
    act = (
        "INSERT INTO permission (id, customer_id, act, scope, given_at, source)"
        " VALUES (1, 2, 'prohibition', 'phone', {now}, 'DATA_SUBJECT')"
    )
    with register.writing() as connection:
        for number in (1, 2):
            connection.exec_driver_sql(people.format(id=number, **values))
        connection.exec_driver_sql(act.format(**values))


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The changes of today and one more."""
    versions = tmp_path / "versions"
    shutil.copytree(VERSIONS, versions, ignore=shutil.ignore_patterns("__*"))
    (versions / "r0005_next.py").write_text(NEXT)
    return versions


def test_the_last_change_is_the_schema_of_today(register: Register) -> None:
    with register.engine.connect() as connection:
        heads = ScriptDirectory.from_config(make_config(connection)).get_heads()
    assert heads == [SCHEMA]


def test_the_changes_lead_to_the_schema_of_today_exactly(register: Register, url: str) -> None:
    today = describe(register)
    go_back_to_the_first(register)
    assert upgrade_register(url) == ("", SCHEMA)
    assert describe(register) == today
    with open_register(url).engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        assert compare_metadata(context, Base.metadata) == []


def is_ours(_: Any, name: str, kind: str, *rest: Any) -> bool:
    return (kind, name) != ("table", VERSION.name)


def test_an_upgrade_twice_is_an_upgrade_once_and_stands_in_the_audit_trail_once(
    register: Register, url: str
) -> None:
    go_back_to_the_first(register)
    upgrade_register(url)
    assert upgrade_register(url) == (SCHEMA, SCHEMA)
    assert register.count("audit_event") == 1


def test_of_a_row_that_was_marked_as_missing_before_nothing_is_decided(
    register: Register, url: str
) -> None:
    go_back_to_the_first(register)
    mark = (
        'INSERT INTO missing_row (id, feed, "table", row_id, since)'
        " VALUES (1, 'own', 'customer', 17, {now})"
    )
    with register.writing() as connection:
        connection.exec_driver_sql(mark.format(now="1" if register.embedded else "now()"))
    upgrade_register(url)
    with open_register(url).engine.connect() as connection:
        [row] = connection.execute(sa.select(table("missing_row"))).mappings()
    assert (row["row_id"], row["decision"], row["decided_at"]) == (17, None, None)


def test_a_change_of_a_table_keeps_its_rows_and_those_that_refer_to_it(
    register: Register, url: str, later: Path
) -> None:
    add_people(register)
    assert upgrade_register(url, versions=later) == (SCHEMA, "0005")
    assert (register.count("customer"), register.count("permission")) == (2, 1)
    inspector = sa.inspect(register.engine)
    columns = {column["name"]: column for column in inspector.get_columns("customer")}
    assert "nickname" in columns
    assert not columns["country"]["nullable"]
    with pytest.raises(GenlibError, match="FOREIGN KEY"), register.writing() as connection:
        connection.execute(table("customer").delete())
    for use in (open_register, create_register, upgrade_register):
        with pytest.raises(UsageError, match="later version of genlib"):
            use(url)


@pytest.mark.parametrize("statement", ["Kuuralehto", "DELETE FROM customer"])
def test_a_change_that_fails_leaves_the_register_as_it_was(
    register: Register, url: str, later: Path, statement: str
) -> None:
    add_people(register)
    before = describe(register)
    (later / "r0005_next.py").write_text(f"{NEXT}    op.execute('{statement}')\n")
    with pytest.raises(GenlibError, match=r"could not be upgraded .*; it is as it was") as failure:
        upgrade_register(url, versions=later)
    assert "Kuuralehto" not in str(failure.value)
    assert describe(register) == before
    assert open_register(url).count("customer") == 2


def test_an_upgrade_that_is_stopped_before_its_event_is_none(
    register: Register, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_back_to_the_first(register)
    before = describe(register)
    monkeypatch.setattr("genlib.register.audit._insert", stop)
    with pytest.raises(KeyboardInterrupt):
        upgrade_register(url)
    assert describe(register) == before


def test_an_upgrade_that_is_stopped_after_its_end_stands_in_the_audit_trail(
    register: Register, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_back_to_the_first(register)
    with monkeypatch.context() as stopped:
        stopped.setattr("genlib.register.audit.append_heads", stop_at_first)
        with pytest.raises(KeyboardInterrupt):
            upgrade_register(url)
    assert upgrade_register(url) == (SCHEMA, SCHEMA)
    [event] = audit.list_events(open_register(url), action="upgrade")
    assert event.detail == f'{{"after": "{SCHEMA}", "before": ""}}'
    assert audit.verify(open_register(url)) == 1


def stop(*words: Any) -> None:
    raise KeyboardInterrupt


def stop_at_first(path: Path, heads: list[Any]) -> None:
    if heads:
        raise KeyboardInterrupt
    append_heads(path, heads)


def test_a_register_that_is_not_there_is_not_upgraded(url: str) -> None:
    with pytest.raises(RegisterNotFound, match="genlib register create"):
        upgrade_register(url)


def test_the_command_says_from_where_to_where(
    register: Register,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    go_back_to_the_first(register)
    monkeypatch.setenv("GENLIB_REGISTER", url)
    assert run(["register", "info"]) == 2
    assert capsys.readouterr().err.endswith(
        "bring it up, once nobody works on it, with: genlib register upgrade\n"
    )
    assert run(["register", "upgrade"]) == 0
    assert capsys.readouterr().out == f"schema without a number -> {SCHEMA}\n"
    assert run(["register", "info"]) == 0
