"""A second source names a customer who is there: by a shared identifier, and never guessed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from next_state import CUSTOMER, NOW, read_table, refresh, write
from next_state import SECOND_SOURCE as FEED

from genlib.register.database import Register
from genlib.register.feeds.source import read_feed
from genlib.register.holds import held_people
from genlib.register.outcome import Outcome
from genlib.register.refresh import Refresh
from genlib.register.undo import undo_run
from genlib.register.vault import IdentityKey

INVOICES = """
[[table]]
table = "invoice"
file = "bills.csv"
key = "bill"
[table.columns]
issued_on = "day"
due_on = "due"
amount_cents = "cents"
[table.constants]
product_line = "filter"
source = "SERVICE_USE"
[table.references]
customer_id = "no"
"""
ROW = {
    "no": "S-7",
    "name": "Toinennimi",
    "mail": "AINO@firma.example",
    "tel": "049 765 4321",
    "since": "2026-01-01",
    "secret": "false",
    "changed": "2026-10-01T08:00:00Z",
}
OTHER = {**ROW, "no": "S-8", "mail": "karl@firma.example", "tel": "049 111 1111"}
BILL = {"bill": "B", "no": "S-7", "day": "2026-09-01", "due": "2026-09-15", "cents": "100"}
Row = dict[str, str]


@pytest.fixture
def work(register: Register, key: IdentityKey, tmp_path: Path) -> Refresh:
    """A register with customer 1, of the own layout."""
    refresh(register, key, write(tmp_path / "own", customer=CUSTOMER))
    return Refresh(register, key, tmp_path / "rejected", at=NOW)


def take(work: Refresh, folder: Path, *rows: Row, bills: tuple[Row, ...] = ()) -> Outcome:
    folder.mkdir(exist_ok=True)
    pl.DataFrame(rows).write_csv(folder / "people.csv")
    feed = FEED
    if bills:
        pl.DataFrame(bills).write_csv(folder / "bills.csv")
        feed += INVOICES
    (folder / "shop.toml").write_text(feed)
    sources = read_feed(folder / "shop.toml", folder, NOW)
    return work.run(sources, [source.table for source in sources])[0]


def read_people(work: Refresh) -> list[tuple[object, ...]]:
    people = read_table(work.register, work.key, "customer")
    return people.select("id", "family_name", "email", "phone").rows()


def read_held(work: Refresh) -> list[int]:
    with work.register.engine.connect() as connection:
        return held_people(connection)["customer_id"].to_list()


AINO = (1, "Kuuralehto", "aino@firma.example", "+358497654321")


def test_a_key_joins_the_one_customer_and_changes_what_the_feed_is_master_of(
    work: Refresh, tmp_path: Path
) -> None:
    outcome = take(work, tmp_path / "in", ROW, OTHER, bills=(BILL,))
    assert (outcome.read, outcome.fresh, outcome.joined, outcome.refused) == (2, 1, 1, 0)
    assert outcome.columns == {"phone": 1}
    assert outcome.notices == [
        "customer: joined 1: so many keys of this source are of customers who were there, by an "
        "identifier",
        "customer: changed of customers whom another source names too: phone 1; if the sources "
        "differ each changes it back: let one alone give the column (columns, or master, of the "
        "feeds)",
    ]
    karl = (2, "Toinennimi", "karl@firma.example", "+358491111111")
    assert read_people(work) == [AINO, karl]
    assert read_table(work.register, work.key, "invoice")["customer_id"].to_list() == [1]
    again = take(work, tmp_path / "in", ROW, OTHER)
    assert (again.unchanged, again.joined) == (2, 0)
    moved = take(work, tmp_path / "in", {**ROW, "name": "Kolmas", "mail": "uusi@firma.example"})
    assert (moved.unchanged, moved.changed) == (1, 0)
    assert read_people(work) == [AINO, karl]


def test_a_joined_customer_stays_the_first_source_s_own(work: Refresh, tmp_path: Path) -> None:
    take(work, tmp_path / "in", ROW)
    folder = write(tmp_path / "own", customer={**CUSTOMER, "family_name": "Kolmas"})
    outcome = refresh(work.register, work.key, folder, is_whole=True)["customer"]
    assert (outcome.changed, outcome.refused, outcome.missing) == (1, 0, 0)


def test_two_customers_of_the_identifier_are_held_back_and_the_row_waits(
    work: Refresh, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    refresh(work.register, work.key, write(tmp_path / "own", customer=people))
    outcome = take(work, tmp_path / "in", ROW)
    assert (outcome.refused, outcome.rules, outcome.joined) == (1, {"several_found": 1}, 0)
    assert read_held(work) == [1, 2]
    assert work.register.count("customer") == 2
    mended = [CUSTOMER, {**CUSTOMER, "id": "2", "email": "karl@firma.example"}]
    refresh(work.register, work.key, write(tmp_path / "own", customer=mended))
    assert take(work, tmp_path / "in", ROW).joined == 1
    assert read_held(work) == []


@pytest.mark.parametrize("is_together", [True, False])
def test_two_keys_of_a_source_are_not_one_customer(
    work: Refresh, tmp_path: Path, is_together: bool
) -> None:
    twin = {**ROW, "no": "S-9"}
    if not is_together:
        take(work, tmp_path / "in", ROW)
    outcome = take(work, tmp_path / "in", ROW, twin)
    assert outcome.rules == {"several_found": 2 if is_together else 1}
    assert read_held(work) == [1]
    assert work.register.count("customer") == 1


@pytest.fixture
def single_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of one row."""
    monkeypatch.setattr("genlib.register.feeds.files.ROWS", 1)


def test_a_new_customer_of_an_earlier_batch_is_met(
    work: Refresh, tmp_path: Path, single_rows: None
) -> None:
    outcome = take(work, tmp_path / "in", OTHER, {**OTHER, "no": "S-9", "name": "Sama"})
    assert (outcome.fresh, outcome.rules) == (1, {"several_found": 1})
    assert read_held(work) == [2]
    assert work.register.count("customer") == 2


def test_a_key_of_an_earlier_batch_is_not_moved_to_somebody_else(
    work: Refresh, tmp_path: Path, single_rows: None
) -> None:
    outcome = take(work, tmp_path / "in", {**ROW, "mail": "uusi@firma.example"}, ROW)
    assert (outcome.fresh, outcome.joined, outcome.rules) == (1, 0, {"duplicate": 1})
    assert read_people(work)[0] == (1, "Kuuralehto", "aino@firma.example", "+358491234567")
    assert take(work, tmp_path / "in", {**ROW, "mail": "uusi@firma.example"}).unchanged == 1


def test_whom_an_earlier_batch_held_back_is_free_when_the_key_is_of_a_customer(
    work: Refresh, tmp_path: Path, single_rows: None
) -> None:
    refused = {**ROW, "mail": "uusi@firma.example", "since": "x"}
    outcome = take(work, tmp_path / "in", refused, ROW)
    assert (outcome.joined, outcome.rules) == (1, {"not_a_date": 1})
    assert read_held(work) == []


def test_who_is_dead_is_nobody_whom_a_key_joins(work: Refresh, tmp_path: Path) -> None:
    dead = {**CUSTOMER, "deceased_on": "2026-10-01"}
    refresh(work.register, work.key, write(tmp_path / "own", customer=dead))
    outcome = take(work, tmp_path / "in", ROW)
    assert (outcome.fresh, outcome.joined) == (1, 0)


def test_who_was_expected_and_held_back_is_the_customer_that_he_turns_out_to_be(
    work: Refresh, tmp_path: Path
) -> None:
    unreadable = {**ROW, "mail": "aino at firma", "secret": "?"}
    take(work, tmp_path / "in", unreadable, bills=(BILL,))
    assert work.register.count("customer") == 1
    wills = (
        'source = "shop"\n[[table]]\ntable = "permission"\nfile = "wills.csv"\nkey = "no"\n'
        '[table.columns]\ngiven_at = "at"\n[table.constants]\nact = "prohibition"\n'
        'scope = "email"\nsource = "DATA_SUBJECT"\n[table.references]\ncustomer_id = "who"\n'
    )
    folder = tmp_path / "wills"
    folder.mkdir()
    (folder / "wills.toml").write_text(wills)
    will = {"no": "1", "at": "2026-10-05T08:00:00Z", "who": "S-7"}
    pl.DataFrame([will]).write_csv(folder / "wills.csv")
    work.run(read_feed(folder / "wills.toml", folder, NOW), ["permission"])
    assert take(work, tmp_path / "in", ROW, bills=(BILL,)).joined == 1
    assert read_held(work) == [1]
    work.run(read_feed(folder / "wills.toml", folder, NOW), ["permission"])
    assert read_table(work.register, work.key, "permission")["customer_id"].to_list() == [1]
    assert read_held(work) == []


def test_a_joining_taken_back_leaves_the_customer_as_he_was(work: Refresh, tmp_path: Path) -> None:
    before = read_people(work)
    take(work, tmp_path / "in", ROW)
    undo_run(work.register, work.key, 2, NOW)
    assert read_people(work) == before
    assert work.register.count("source_key") == 0
    assert take(work, tmp_path / "in", ROW).joined == 1


def test_a_value_that_two_sources_change_to_and_fro_is_told_by_each(
    work: Refresh, tmp_path: Path
) -> None:
    """The register's own layout and the shop both give the telephone of customer 1."""
    for _ in range(2):
        assert take(work, tmp_path / "in", ROW).contested == {"phone": 1}
        own = refresh(work.register, work.key, tmp_path / "own")["customer"]
        assert own.contested == {"phone": 1}
    assert take(work, tmp_path / "in", ROW, OTHER).contested == {"phone": 1}
    assert take(work, tmp_path / "in", {**ROW}, {**OTHER, "tel": "049 222 2222"}).contested == {}
