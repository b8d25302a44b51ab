"""A register has one identity key and one pseudonym key, and a version of the notice one text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from genlib import notice
from genlib.cli import run
from genlib.errors import GenlibError, Refused, UsageError
from genlib.publish.writer import publish
from genlib.register import audience, eligible, intake, store
from genlib.register.database import Register, create_register, open_register
from genlib.register.fingerprints import check_key, check_notice, keep_key, keep_notice
from genlib.register.recipients import Recipient
from genlib.register.schema import table
from genlib.register.store import plain_schema, sealed
from genlib.register.vault import (
    IdentityKey,
    Key,
    PseudonymKey,
    create_keys,
    open_identity,
    open_pseudonym,
)
from genlib.register.version import VERSION
from genlib.settings import REPOSITORY
from genlib.synthetic import synthesise

NOW = dt.datetime(2026, 11, 1, 4, tzinfo=dt.UTC)
IDENTITY = IdentityKey(bytes(range(32)))
OTHER = IdentityKey(bytes(32), Path("/elsewhere/keys.json"))
PSEUDONYM = PseudonymKey(bytes(range(1, 33)))
OTHER_PSEUDONYM = PseudonymKey(bytes(32))
PERSON = {
    "id": 1,
    "source": "DATA_SUBJECT",
    "kind": "consumer",
    "family_name": "Kuuralehto",
    "joined_on": dt.date(2020, 5, 17),
    "non_disclosure": False,
    "updated_at": NOW,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One customer, as a file."""
    (tmp_path / "in").mkdir()
    row = {**PERSON, "updated_at": "2026-11-01T04:00:00Z"}
    pl.DataFrame([{name: row.get(name) for name in plain_schema("customer")}]).write_csv(
        tmp_path / "in" / "customer.csv"
    )
    return tmp_path / "in"


def load(register: Register, folder: Path, key: IdentityKey) -> intake.Summary:
    return intake.load(register, folder, key, rejected_to=folder.parent / "rejected")


def known(register: Register) -> set[str]:
    with register.engine.connect() as connection:
        return set(connection.scalars(sa.select(table("fingerprint").c.of)))


def test_the_first_key_is_kept_with_what_it_loads(register: Register, folder: Path) -> None:
    assert load(register, folder, IDENTITY).loaded == 1
    assert known(register) == {"identity key"}
    check_key(register, IDENTITY)
    with pytest.raises(Refused, match=r"the identity key of /elsewhere/keys\.json is not the one"):
        check_key(register, OTHER)


def test_another_key_loads_nothing(register: Register, folder: Path) -> None:
    synthesise(register, IDENTITY, customers=20, seed=1)
    events = register.count("audit_event")
    with pytest.raises(Refused, match="name the key file that was made for this register"):
        load(register, folder, OTHER)
    assert (register.count("customer"), register.count("audit_event")) == (20, events)
    assert list((folder.parent / "rejected").iterdir()) == []


def test_another_key_draws_and_finds_nobody(register: Register) -> None:
    with register.writing() as connection:
        keep_key(connection, IDENTITY)
    with pytest.raises(Refused, match="identity key"):
        synthesise(register, OTHER, customers=20, seed=1)
    with pytest.raises(Refused, match="identity key"):
        store.find(register, OTHER, purpose="satisfaction", user="anna", phone="+358 49 555 1234")
    assert (register.count("customer"), register.count("audit_event")) == (0, 0)


def test_another_key_writes_no_list(register: Register, tmp_path: Path) -> None:
    synthesise(register, IDENTITY, customers=20, seed=1)
    events = register.count("audit_event")
    order = eligible.Order(
        code="SYKSY26",
        channel="email",
        kind="DM",
        recipient=Recipient("Esimerkki Viestit Oy"),
        purpose="direct_marketing",
        at=NOW,
        seed=1,
        dates=(NOW.date(), NOW.date()),
        holdout_share=0.0,
        user="anna",
    )
    ids = pl.Series("customer_id", [1, 2, 3], dtype=pl.Int64)
    with pytest.raises(Refused, match="identity key"):
        audience.export(register, OTHER, ids, order, path=tmp_path / "list.csv")
    assert not (tmp_path / "list.csv").exists()
    assert register.count("audit_event") == events


def test_another_key_publishes_nothing(register: Register, tmp_path: Path) -> None:
    synthesise(register, IDENTITY, customers=20, seed=1)
    terms = notice.load()
    places = {"notice": terms, "releases": tmp_path / "releases", "now": NOW, "time_zone": "UTC"}
    places["common"] = tmp_path
    made = publish("satisfaction", register, PSEUDONYM, **places)
    assert known(register) == {"identity key", "pseudonym key", f"notice {terms.version}"}
    events = register.count("audit_event")
    with pytest.raises(Refused, match="the pseudonym key is not the one of this register"):
        publish("satisfaction", register, OTHER_PSEUDONYM, **places)
    assert register.count("audit_event") == events
    current = tmp_path / "releases" / "satisfaction" / "current"
    assert current.read_text().strip() == made.release_id


STEWARD = {"user": "anna", "password": "correct horse"}


def test_a_load_keeps_both_keys_of_its_file(
    register: Register, folder: Path, tmp_path: Path
) -> None:
    for name in ("own.json", "other.json"):
        create_keys(tmp_path / name, **STEWARD)
    load(register, folder, open_identity(tmp_path / "own.json", **STEWARD))
    assert known(register) == {"identity key", "pseudonym key"}
    check_key(register, open_pseudonym(tmp_path / "own.json", **STEWARD))
    other = open_pseudonym(tmp_path / "other.json", **STEWARD)
    with pytest.raises(Refused, match=r"the pseudonym key of .*other\.json is not the one"):
        check_key(register, other)


def test_a_register_that_knows_the_identity_key_alone_refuses_the_file_of_another(
    register: Register, tmp_path: Path
) -> None:
    with register.writing() as connection:
        keep_key(connection, IDENTITY)
    create_keys(tmp_path / "other.json", **STEWARD)
    with pytest.raises(Refused, match="the identity key of"):
        check_key(register, open_pseudonym(tmp_path / "other.json", **STEWARD))


def test_a_publisher_who_comes_first_keeps_both_keys(register: Register, tmp_path: Path) -> None:
    create_keys(tmp_path / "own.json", **STEWARD, publisher=("bertta", "battery staple"))
    names = open_pseudonym(tmp_path / "own.json", user="bertta", password="battery staple")
    with register.writing() as connection:
        keep_key(connection, names)
    with pytest.raises(Refused, match="the identity key"):
        check_key(register, OTHER)


def test_two_first_keys_at_once_are_one(register: Register, url: str) -> None:
    """Whoever comes second waits, and is measured against the first."""
    if register.embedded:
        pytest.skip("SQLite has one writer")
    with register.writing() as first:
        keep_key(first, IDENTITY)
        with open_register(url).engine.connect() as second, second.begin():
            second.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(GenlibError, match="another process is writing"):
                keep_key(second, OTHER)


def test_a_register_without_fingerprints_takes_the_key_that_opens_its_rows(
    register: Register,
) -> None:
    person = pl.DataFrame(
        [{name: PERSON.get(name) for name in plain_schema("customer")}], plain_schema("customer")
    )
    register.append("customer", sealed(person, "customer", IDENTITY))
    with pytest.raises(Refused, match="is not the one of this register"):
        check_key(register, OTHER)
    check_key(register, IDENTITY)
    assert known(register) == set()


@pytest.mark.parametrize("key", [IDENTITY, PSEUDONYM])
def test_a_fingerprint_tells_keys_apart_and_nothing_of_a_key(key: Key) -> None:
    assert len(key.fingerprint) == 16
    assert key.fingerprint not in key.secret
    assert key.fingerprint != type(key)(bytes(32)).fingerprint
    assert IdentityKey(key.secret).fingerprint != PseudonymKey(key.secret).fingerprint


# -- the notice ------------------------------------------------------------------------------------


def test_a_notice_that_was_changed_under_its_old_version_is_refused(register: Register) -> None:
    terms = notice.load()
    with register.writing() as connection:
        keep_notice(connection, terms)
    check_notice(register, terms)
    with pytest.raises(Refused, match="the notice was changed but its version was not") as refusal:
        check_notice(register, replace(terms, digest="00" * 32))
    assert terms.reference in str(refusal.value)
    check_notice(register, replace(terms, digest="00" * 32, version="another"))


# -- the commands ----------------------------------------------------------------------------------


@pytest.fixture
def bench(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Path]:
    """A workbench with keys and a register of twenty on either database; gives the key file."""
    (tmp_path / "password").write_text("anna's own words")
    monkeypatch.setenv("GENLIB_REGISTER", url)
    monkeypatch.setenv("GENLIB_USER", "anna")
    monkeypatch.setenv("GENLIB_PASSWORD_FILE", str(tmp_path / "password"))
    for words in (
        ["keys", "create"],
        ["register", "create"],
        ["register", "synthesise", "--customers", "20"],
        ["publish", "satisfaction"],
    ):
        assert run(words) == 0
    capsys.readouterr()
    yield tmp_path / "home" / "keys.json"
    open_register(url).engine.dispose()


def test_no_second_key_file_is_made_beside_a_filled_register(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.rename(bench.with_name("put-aside"))
    assert run(["keys", "create"]) == 3
    said = capsys.readouterr().err
    assert "has its keys already" in said
    assert "GENLIB_KEYS" in said
    assert "demo" not in said
    assert not bench.exists()


def test_the_demo_makes_no_second_key_file_either(bench: Path) -> None:
    bench.rename(bench.with_name("put-aside"))
    assert run(["demo"]) == 3
    assert not bench.exists()


def test_keys_come_before_or_after_an_empty_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("anna's own words")
    monkeypatch.setenv("GENLIB_PASSWORD_FILE", str(tmp_path / "password"))
    assert [run(["register", "create"]), run(["keys", "create"])] == [0, 0]


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (("register", "load", str(REPOSITORY / "data" / "sample")), "identity"),
        (("publish",), "pseudonym"),
    ],
)
def test_another_key_file_is_refused_in_one_line_that_names_it(  # noqa: PLR0913, PLR0917
    bench: Path,
    url: str,
    words: tuple[str, ...],
    secret: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    register = open_register(url)
    before = register.count("audit_event")
    monkeypatch.setenv("GENLIB_KEYS", str(tmp_path / "second.json"))
    monkeypatch.setattr("genlib.cli.keys.fingerprints.check_keyless", lambda url: None)
    assert run(["keys", "create"]) == 0
    capsys.readouterr()
    assert run(words) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"the {secret} key of {tmp_path / 'second.json'} is not the one" in said
    events = pl.concat(register.scan("audit_event", ["id", "action"], ordered_by="id"))
    assert set(events["action"][before:]) == {"keys create", "key use", "refused"}


def test_a_register_of_an_earlier_version_says_how_to_add_its_tables(bench: Path, url: str) -> None:
    register = open_register(url)
    with register.writing() as connection:
        table("fingerprint").drop(connection)
        table("tombstone").drop(connection)
        VERSION.drop(connection)
    for opened in (open_register, create_register):
        with pytest.raises(UsageError, match=r"earlier version; bring it up.*register upgrade"):
            opened(url)
    assert run(["register", "upgrade"]) == 0
    assert run(["publish", "satisfaction"]) == 0
