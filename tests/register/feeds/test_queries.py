"""A feed reads a query on a source's own database as it reads a file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from next_state import NOW, read_table

from genlib.errors import BadInput, GenlibError, Refused, UsageError
from genlib.register.database import Register, create_register
from genlib.register.feeds import query as queries
from genlib.register.feeds.feed_file import load_feed
from genlib.register.feeds.source import read_feed
from genlib.register.outcome import Outcome
from genlib.register.refresh import Refresh
from genlib.register.vault import IdentityKey
from genlib.settings import read_environment

FEED = """\
source = "crm"
[database]
environment = "CRM_DATABASE"
[format]
true = ["true", "1"]
false = ["false", "0"]
[[table]]
table = "customer"
query = "SELECT * FROM crm_people WHERE number > 0 ORDER BY number;"
key = "number"
updated_at = "changed at"
[table.columns]
family_name = "last name"
joined_on = "since"
non_disclosure = "secret"
updated_at = "changed at"
birth_year = "born"
[table.values.language]
fin = "fi"
[table.constants]
kind = "consumer"
source = "DATA_SUBJECT"
"""
MAKING = {
    "sqlite": 'CREATE TABLE crm_people (number INTEGER, "last name" BLOB, since TEXT,'
    ' secret INTEGER, "changed at" TEXT, born INTEGER)',
    "postgresql": 'CREATE TABLE crm_people (number bigint, "last name" text, since date,'
    ' secret boolean, "changed at" timestamptz, born smallint)',
}
PEOPLE = [
    (1, "Kuuralehto", "2020-02-29", True, "2026-10-01 08:00:00+00:00", 1970),
    (2, 'Esi"merkki; ä', "2021-01-01", False, "2026-10-02 11:00:00+03:00", None),
    (0, "Nobody", "2021-01-01", False, "2026-10-05 08:00:00+00:00", None),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A source's own database with two people."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/crm.sqlite"
    else:
        address = request.getfixturevalue("postgresql_url")
    run_in(address, MAKING[request.param])
    add_people(address, PEOPLE)
    return address


@pytest.fixture
def register(sqlite_url: str) -> Register:
    return create_register(sqlite_url)


@pytest.fixture
def work(
    register: Register,
    key: IdentityKey,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Refresh:
    monkeypatch.setenv("CRM_DATABASE", address)
    return Refresh(register, key, tmp_path / "rejected", at=NOW)


def run_in(address: str, statement: str, rows: list[dict[str, object]] | None = None) -> None:
    url = sa.make_url(address)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(statement), rows or None)
    engine.dispose()


def add_people(address: str, people: list[tuple[object, ...]]) -> None:
    names = ("number", "name", "since", "secret", "changed", "born")
    rows = [dict(zip(names, one, strict=True)) for one in people]
    marks = ", ".join(f":{name}" for name in names)
    run_in(address, f"INSERT INTO crm_people VALUES ({marks})", rows)  # noqa: S608 - marks only


def take(work: Refresh, tmp_path: Path, text: str = FEED) -> Outcome:
    path = tmp_path / "crm.toml"
    path.write_text(text, encoding="utf-8")
    sources = read_feed(path, tmp_path, environment=read_environment())
    [outcome] = work.run(sources, ["customer"])
    return outcome


def test_a_query_s_rows_come_in_and_change_as_those_of_a_file(
    work: Refresh, address: str, tmp_path: Path
) -> None:
    first = take(work, tmp_path)
    assert (first.read, first.fresh, first.refused) == (2, 2, 0)
    columns = ["family_name", "joined_on", "non_disclosure", "updated_at", "birth_year"]
    assert read_table(work.register, work.key, "customer").select(columns).rows() == [
        (
            "Kuuralehto",
            dt.date(2020, 2, 29),
            True,
            dt.datetime(2026, 10, 1, 8, tzinfo=dt.UTC),
            1970,
        ),
        (
            'Esi"merkki; ä',
            dt.date(2021, 1, 1),
            False,
            dt.datetime(2026, 10, 2, 8, tzinfo=dt.UTC),
            None,
        ),
    ]
    assert take(work, tmp_path).unchanged == 2
    run_in(
        address,
        "UPDATE crm_people SET born = 1980, \"changed at\" = '2026-10-03 08:00:00+00:00'"
        " WHERE number = 2",
    )
    assert take(work, tmp_path).columns == {"birth_year": 1, "updated_at": 1}


def test_a_query_speaks_of_the_newest_of_updated_at_and_an_older_one_is_refused(
    work: Refresh, address: str, tmp_path: Path
) -> None:
    take(work, tmp_path)
    runs = pl.concat(work.register.scan("refresh_run"))
    assert runs["as_of"].to_list() == [dt.datetime(2026, 10, 2, 8, tzinfo=dt.UTC)]
    run_in(address, "DELETE FROM crm_people WHERE number = 2")
    with pytest.raises(Refused, match="older than the one refreshed last"):
        take(work, tmp_path)


def test_a_query_without_updated_at_speaks_of_when_it_was_read(
    work: Refresh, tmp_path: Path
) -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    take(work, tmp_path, FEED.replace('updated_at = "changed at"\n[table.col', "[table.col"))
    [as_of] = pl.concat(work.register.scan("refresh_run"))["as_of"]
    assert before <= as_of <= dt.datetime.now(dt.UTC)


def test_an_instant_that_cannot_be_read_says_nothing_of_when(work: Refresh, tmp_path: Path) -> None:
    wrong = FEED.replace("[format]\n", '[format]\ninstant = "d.m.yyyy HH:MM"\n')
    with pytest.raises(BadInput, match=r"no row has an instant in changed at .*--as-of"):
        take(work, tmp_path, wrong)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"last name"', '"surname"', "table customer: the query lacks column surname; mend"),
        ("crm_people", "no_table_kuuralehto", "the query could not be asked"),
        ("WHERE number > 0", "WHERE 'kuuralehto", "the query could not be asked"),
    ],
)
def test_a_query_that_fails_is_told_without_a_word_of_it(
    work: Refresh, tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(GenlibError, match=message) as caught:
        take(work, tmp_path, FEED.replace(old, new))
    assert "kuuralehto" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert work.register.count("customer") == 0


def test_a_query_that_fails_half_way_leaves_the_register_as_it_was(
    work: Refresh, address: str, tmp_path: Path
) -> None:
    overflow = "abs(number - 9223372036854775807 - 2)"
    number = overflow if "sqlite" in address else "1 / (2 - number)"
    query = f"* FROM crm_people WHERE {number} IS NOT NULL"
    with pytest.raises(BadInput, match="the query could not be asked"):
        take(work, tmp_path, FEED.replace("* FROM crm_people WHERE number > 0", query))
    assert work.register.count("customer") == 0


def test_nothing_is_written_to_the_source(work: Refresh, address: str, tmp_path: Path) -> None:
    query = "SELECT * FROM crm_people) AS x; DELETE FROM crm_people; SELECT * FROM (SELECT 1"
    with pytest.raises(GenlibError):
        take(work, tmp_path, FEED.replace("SELECT * FROM crm_people WHERE number > 0", query))
    assert take(work, tmp_path).read == 2


def test_what_is_no_text_is_refused(work: Refresh, address: str, tmp_path: Path) -> None:
    if "sqlite" not in address:
        pytest.skip("a column of PostgreSQL has one type")
    run_in(address, "UPDATE crm_people SET \"last name\" = x'4b7575' WHERE number = 1")
    outcome = take(work, tmp_path)
    assert (outcome.fresh, outcome.refused, outcome.rules) == (1, 1, {"unreadable": 1})


def test_a_query_of_more_rows_than_could_be_read_is_refused(
    work: Refresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_arrow = queries.read_arrow

    def read_less(*given: object) -> list[pl.DataFrame]:
        return [frame.head(1) for frame in read_arrow(*given)]  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "read_arrow", read_less)
    with pytest.raises(BadInput, match="has 2 rows, but 1 could be read"):
        take(work, tmp_path)
    assert work.register.count("customer") == 0


def test_many_rows_come_in_batches_each_once(
    work: Refresh, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "ROWS", 100)
    add_people(address, [(number, *PEOPLE[0][1:]) for number in range(3, 1_000)])
    outcome = take(work, tmp_path)
    assert (outcome.read, outcome.fresh) == (999, 999)
    feed = tmp_path / "crm.toml"
    [source] = read_feed(feed, tmp_path, environment=read_environment())
    frames = list(source.rows.read())
    assert max(frame.height for frame in frames) <= 100
    assert pl.concat(frames)["row"].to_list() == list(range(1, 1_000))


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "crm.toml"
    path.write_text(FEED.replace('environment = "CRM_DATABASE"', 'file = "address"'))
    return path


def test_the_address_is_in_a_file_that_only_its_owner_reads(tmp_path: Path, feed: Path) -> None:
    address = tmp_path / "address"
    address.write_text(f"sqlite:///{tmp_path}/crm.sqlite\n")
    run_in(address.read_text().strip(), MAKING["sqlite"])
    address.chmod(0o640)
    with pytest.raises(Refused, match="others may read it; chmod 600 it"):
        read_feed(feed, tmp_path, NOW)
    address.chmod(0o600)
    assert [one.table for one in read_feed(feed, tmp_path, NOW)] == ["customer"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mysql://anna:kuuralehto@host/crm", "the source's address must look like sqlite"),
        ("postgresql://anna:kuura@lehto@host/crm", "the source's address has more than one @"),
        ("sqlite:////no/kuuralehto.sqlite", "names a file that is not there"),
        ("sqlite://", "the address of an embedded source names its file"),
        ("postgresql://anna:kuuralehto@127.0.0.1:1/crm", "the query could not be asked"),
    ],
)
def test_a_wrong_address_is_told_without_repeating_it(
    tmp_path: Path, feed: Path, text: str, message: str
) -> None:
    (tmp_path / "address").write_text(text)
    (tmp_path / "address").chmod(0o600)
    with pytest.raises(GenlibError, match=message) as caught:
        read_feed(feed, tmp_path, NOW)
    assert not {"kuura", "lehto", "anna"} & set(str(caught.value).replace("@", ":").split(":"))
    assert "kuuralehto" not in str(caught.value)


def test_an_address_that_is_not_there(tmp_path: Path, feed: Path) -> None:
    with pytest.raises(UsageError, match="no address of the source can be read at"):
        read_feed(feed, tmp_path, NOW)
    feed.write_text(FEED)
    with pytest.raises(UsageError, match="the environment has no CRM_DATABASE"):
        read_feed(feed, tmp_path, NOW)


def test_the_register_itself_is_no_source(
    register: Register, key: IdentityKey, sqlite_url: str, tmp_path: Path, feed: Path
) -> None:
    (tmp_path / "address").write_text(sqlite_url)
    (tmp_path / "address").chmod(0o600)
    run_in(sqlite_url, MAKING["sqlite"])
    sources = read_feed(feed, tmp_path, NOW)
    with pytest.raises(UsageError, match="the source's address is the register's own"):
        Refresh(register, key, tmp_path / "rejected", at=NOW).run(sources, ["customer"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[database]\nenvironment", "[shop]\nenvironment", "the feed has no shop"),
        ('[database]\nenvironment = "CRM_DATABASE"\n', "", "line .: table customer: a query needs"),
        (
            'environment = "CRM_DATABASE"',
            'environment = "postgresql://anna:kuuralehto@host/crm"',
            "line 3: database.environment is no variable; name one, such as CRM_DATABASE: the",
        ),
        (
            'environment = "CRM_DATABASE"',
            'file = "postgresql://anna:kuuralehto@host/crm"',
            "line 3: database.file is an address; name a file that holds it: the address itself",
        ),
        (
            'environment = "CRM_DATABASE"',
            'environment = "CRM"\nfile = "x"',
            "database names an environment variable or a file, one of the two",
        ),
        (
            'environment = "CRM_DATABASE"',
            'password = "kuuralehto"',
            "line 3: database has no password; it has environment, file",
        ),
        ('key = "number"', 'key = "number"\nfile = "x.csv"', "name a file pattern or a query"),
    ],
)
def test_a_fault_of_a_feed_with_a_query_has_its_line_and_its_cure(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "crm.toml"
    path.write_text(FEED.replace(old, new))
    with pytest.raises(BadInput, match=message) as caught:
        load_feed(path)
    assert "kuuralehto" not in str(caught.value)
