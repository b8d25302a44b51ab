"""genlib feed and register refresh as a person types them."""

from __future__ import annotations

import io
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from next_state import CUSTOMER, write

from genlib.cli import run
from genlib.register.feeds.feed_file import load_feed


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("anna's own words")
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GENLIB_USER", "anna")
    monkeypatch.setenv("GENLIB_PASSWORD_FILE", str(tmp_path / "password"))
    assert [run(["keys", "create"]), run(["register", "create"])] == [0, 0]


def test_a_refresh_is_checked_run_repeated_told_and_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = {**CUSTOMER, "id": "x", "kind": "kuuralehto"}
    folder = str(write(tmp_path / "in", customer=[CUSTOMER, strange]))
    assert run(["feed", "check", folder]) == 4
    told = capsys.readouterr().out
    assert "  row 3: id not_an_integer\n  row 3: kind unknown_code\nnothing was kept\n" in told
    assert told.endswith("row: the line of a CSV file, the row of a sheet\n")
    assert "column kind: 1 code that the register does not have, 1 rows" in told
    assert "kuuralehto" not in told
    assert run(["register", "refresh", folder]) == 4
    assert "refresh 1: 1 rows added or changed" in capsys.readouterr().out
    assert run(["register", "refresh", folder]) == 4
    assert "refresh 2: no rows added or changed" in capsys.readouterr().out
    assert run(["register", "history"]) == 0
    assert "own customer: refresh 2 at" in capsys.readouterr().out
    assert run(["register", "undo", "1"]) == 0
    told = capsys.readouterr().out
    assert "refresh 1 taken back: customer 1\n1 holds of its refused rows stay" in told
    assert run(["register", "undo", "2"]) == 0
    assert capsys.readouterr().out == "refresh 2 taken back: held_back 1\n"
    assert run(["register", "missing"]) == 0
    assert "0 rows are not sent any more" in capsys.readouterr().out


def test_an_older_state_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(write(tmp_path / "in", customer=CUSTOMER))
    assert run(["register", "refresh", folder, "--as-of", "2026-11-02"]) == 0
    assert run(["register", "refresh", folder, "--as-of", "2026-11-01"]) == 3
    refused = capsys.readouterr().err
    assert "older than the one refreshed last" in refused
    assert run(["feed", "check", folder, "--as-of", "2026-11-01"]) == 3
    checked = capsys.readouterr()
    assert "customer: 1 read, 0 new" in checked.out
    assert checked.err == refused
    assert run(["feed", "check", folder, "--as-of", "2026-11-02"]) == 0


def test_a_check_takes_a_file_to_speak_of_when_it_was_written_as_a_refresh_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "in", customer=CUSTOMER)
    assert run(["register", "refresh", str(folder), "--as-of", "2026-11-02"]) == 0
    os.utime(folder / "customer.csv", (0, 0))
    assert run(["feed", "check", str(folder)]) == 3
    assert "the file is of 1970-01-01" in capsys.readouterr().err


def test_a_first_feed_is_written_for_a_person_to_finish(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {name: cell for name, cell in CUSTOMER.items() if name != "kind"} | {"Tila": "aktiivi"}
    file = write(tmp_path / "in", customers=row) / "customers.csv"
    target = tmp_path / "crm.toml"
    assert run(["feed", "new", str(file), "--to", str(target)]) == 0
    text = target.read_text(encoding="utf-8")
    assert '# kind = "…"  # needed' in text
    assert '# … = "Tila"' in text
    assert "Kuuralehto" not in text
    finished = text.replace("NAME_OF_THE_SYSTEM", "crm")
    target.write_text(finished + '[table.constants]\nkind = "consumer"\n', encoding="utf-8")
    [table] = load_feed(target).tables
    assert (table.table, table.key) == ("customer", ("id",))
    assert run(["feed", "new", str(file), "--to", str(target)]) == 2
    assert run(["register", "refresh", str(target), "--files", str(file.parent)]) == 0
    assert "customer: 1 read, 1 new" in capsys.readouterr().out


def test_a_query_is_asked_at_the_address_in_the_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "crm.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE people (number INTEGER, kind TEXT, changed TEXT)")
    feed = tmp_path / "crm.toml"
    feed.write_text(
        'source = "crm"\n[database]\nenvironment = "CRM_DATABASE"\n[[table]]\ntable = "customer"\n'
        'query = "SELECT * FROM people"\nkey = "number"\nupdated_at = "changed"\n[table.columns]\n'
        'kind = "kind"\nupdated_at = "changed"\njoined_on = "changed"\n[table.constants]\n'
        'non_disclosure = "false"\nsource = "DATA_SUBJECT"\n'
    )
    assert run(["register", "refresh", str(feed)]) == 2
    assert "the environment has no CRM_DATABASE" in capsys.readouterr().err
    monkeypatch.setenv("CRM_DATABASE", f"sqlite:///{database}")
    assert run(["register", "refresh", str(feed), "--as-of", "2026-11-02"]) == 0
    assert "customer: 0 read" in capsys.readouterr().out


def test_a_check_tells_every_fault_of_a_feed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = tmp_path / "crm.toml"
    feed.write_text(
        'source = "crm"\n[format]\ndate = "d.m."\n[[table]]\ntable = "disclosure"\n'
        'file = "x.csv"\nkey = "no"\n[table.columns]\nsurname = "name"\n'
    )
    assert run(["feed", "check", str(feed)]) == 4
    told = capsys.readouterr()
    assert "crm.toml line 3: date is a pattern such as d.m.yyyy\n" in told.out
    assert "crm.toml line 9: table disclosure has no column surname; it has id, " in told.out
    assert f"crm.toml has {len(told.out.splitlines())} faults" in told.err


def test_a_missing_customer_is_decided_to_have_left_once_the_register_says_when(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    second = {**CUSTOMER, "id": "2", "email": "karl@firma.example", "phone": "049 111 1111"}
    folder = str(write(tmp_path / "in", customer=[CUSTOMER, second]))
    assert run(["register", "refresh", folder]) == 0
    write(tmp_path / "in", customer=CUSTOMER)
    assert run(["register", "refresh", folder, "--full"]) == 0
    assert run(["register", "missing"]) == 0
    assert "own customer 2 since" in capsys.readouterr().out
    decide = ["register", "missing", "--decide", "left", "--feed", "own", "--row", "2"]
    assert run(decide) == 2
    assert "enter left_on first (genlib subject correct)" in capsys.readouterr().err
    letter = ["--customer", "2", "--form", "letter"]
    assert run(["subject", "receive", "--kind", "correction", *letter]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("2026-09-30\n"))
    correct = ["subject", "correct", "1", "--column", "left_on", "--ground", "incomplete"]
    assert run(correct) == 0
    assert run(decide) == 0
    assert capsys.readouterr().out.endswith("1 decided\n")
    assert run(["register", "missing"]) == 0
    assert capsys.readouterr().out == "0 rows are not sent any more; of 1 others it was decided\n"
    assert run(["register", "missing", "--decide", "stays", "--row", "2"]) == 2


def test_a_full_file_without_a_row_is_refused_and_fewer_goes_with_full(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "in", customer=CUSTOMER)
    assert run(["register", "refresh", str(folder)]) == 0
    header = (folder / "customer.csv").read_text().splitlines()[0]
    (folder / "customer.csv").write_text(f"{header}\n")
    assert run(["register", "refresh", str(folder), "--full"]) == 3
    assert "the file has no row" in capsys.readouterr().err
    assert run(["register", "refresh", str(folder), "--fewer"]) == 2


def test_a_check_of_a_whole_file_tells_who_would_be_missing_and_marks_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = [{**CUSTOMER, "id": str(number)} for number in (1, 2, 3)]
    assert run(["register", "refresh", str(write(tmp_path / "in", customer=people))]) == 0
    fewer = str(write(tmp_path / "in", customer=people[:2]))
    capsys.readouterr()
    for _ in range(2):
        assert run(["feed", "check", fewer, "--full"]) == 0
        told = capsys.readouterr().out
        assert "  number 3 would be marked as missing\nnothing was kept\n" in told
    assert run(["feed", "check", fewer]) == 0
    assert "missing" not in capsys.readouterr().out
    assert run(["register", "refresh", fewer, "--full"]) == 0
    assert run(["feed", "check", fewer, "--full"]) == 0
    assert "would be marked" not in capsys.readouterr().out
    one = str(write(tmp_path / "in", customer=people[:1]))
    assert run(["feed", "check", one, "--full"]) == 0
    few = str(write(tmp_path / "in", customer={**CUSTOMER, "id": "9"}))
    assert run(["feed", "check", few, "--full"]) == 3
    assert run(["feed", "check", few, "--full", "--fewer"]) == 0
    assert run(["feed", "check", few, "--fewer"]) == 2
