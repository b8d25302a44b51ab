"""Two workbenches of one register on a server: what one keeps of people the other sees too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from erasing import read_row, restore
from workbench import ROOT, Bench

from genlib.cli import run
from genlib.register import journal
from genlib.register.database import Register, open_register
from genlib.register.schema import Base, table

Speak = Callable[..., str]


@pytest.fixture
def url(
    postgresql_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], speak: Speak
) -> str:
    """The address of a register with the sample, which `first` and `second` use."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "password").write_text("correct horse battery")
    speak("first", "keys", "create")
    (tmp_path / "second/keys.json").write_bytes((tmp_path / "first/keys.json").read_bytes())
    speak("first", "register", "create")
    speak("first", "register", "load", f"{ROOT / 'data/sample'}")
    return postgresql_url


@pytest.fixture
def speak(
    postgresql_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Speak:
    """A command in one of the two workbenches, and what it says."""
    monkeypatch.setenv("GENLIB_REGISTER", postgresql_url)
    monkeypatch.setenv("GENLIB_COMMON", str(tmp_path / "common"))

    def speak(home: str, *words: str, code: int = 0) -> str:
        for name in ("GENLIB_HOME", "GENLIB_USER", "GENLIB_PASSWORD_FILE"):
            monkeypatch.setenv(name, Bench(tmp_path / home).environment[name])
        capsys.readouterr()
        assert run(list(words)) == code
        told = capsys.readouterr()
        return told.out + told.err

    return speak


def erase(speak: Speak, home: str, customer: int) -> None:
    letter = ["--customer", f"{customer}", "--form", "letter"]
    received = speak(home, "subject", "receive", "--kind", "erasure", *letter)
    [number] = re.findall(r"request (\d+)", received)
    speak(home, "subject", "identify", number, "--by", "login")
    speak(home, "subject", "erase", number, "--ground", "not_needed")


def test_an_erasure_of_one_is_done_again_by_the_other_after_a_backup_is_restored(
    url: str, speak: Speak, tmp_path: Path
) -> None:
    register = open_register(url)
    backup = {name: pl.concat(register.scan(name)) for name in Base.metadata.tables}
    anchors = {path: path.read_bytes() for path in tmp_path.glob("*/*.audit")}
    erase(speak, "first", 1)
    assert "erased 1" in speak("second", "register", "load", f"{ROOT / 'data/sample'}")
    restore(register, backup)
    for path in tmp_path.glob("*/*.audit"):
        path.unlink()
    for path, lines in anchors.items():
        path.write_bytes(lines)
    assert read_row(register, "customer", 1)["phone"]
    refused = speak("second", "register", "load", f"{ROOT / 'data/sample'}", code=3)
    assert "genlib subject finish" in refused
    assert "1 erasures finished" in speak("second", "subject", "finish")
    assert not is_there(register, 1)


def is_there(register: Register, customer: int) -> bool:
    row = read_row(register, "customer", customer)
    return row is not None and row["phone"] is not None


def test_without_a_common_folder_it_is_said_and_nothing_is_loaded(
    url: str, speak: Speak, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GENLIB_COMMON")
    erase(speak, "first", 1)
    sample = f"{ROOT / 'data/sample'}"
    assert "let the setting common name" in speak("second", "register", "load", sample, code=3)
    said = speak("second", "subject", "finish")
    assert "1 erasures of the register entered in the journal of this workbench" in said
    assert "let the setting common name one folder" in said
    homes = [tmp_path / name for name in ("first", "second")]
    [of_first], [of_second] = map(journal.read, homes)
    assert (of_first.key, of_first.ground) == (of_second.key, of_second.ground)
    assert sorted(of_first.marks) == sorted(of_second.marks)
    assert "erased 1" in speak("second", "register", "load", sample)


def test_the_contact_lists_of_one_are_told_in_an_inspection_of_the_other(
    url: str, speak: Speak, tmp_path: Path
) -> None:
    contacts = table("campaign_contact")
    with open_register(url).engine.connect() as connection:
        query = sa.select(contacts.c.id, contacts.c.customer_id).limit(1)
        [(contact, customer)] = connection.execute(query)
    lists = tmp_path / "common/audiences"
    lists.mkdir(parents=True)
    (lists / "A-email.csv").write_text(f"contact,email\n{contact},x@post.example\n")
    letter = ["--customer", f"{customer}", "--form", "letter"]
    received = speak("first", "subject", "receive", "--kind", "inspection", *letter)
    [number] = re.findall(r"request (\d+)", received)
    speak("first", "subject", "identify", number, "--by", "login")
    speak("second", "subject", "inspect", number, "--language", "en")
    answer = json.loads((tmp_path / "common/rights" / number / "answer.json").read_text())
    assert "A-email" in json.dumps(answer)
