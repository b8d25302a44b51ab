"""`genlib subject` as a person types it; what identifies somebody comes by standard input."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable

import pytest
from workbench import Bench

from genlib.cli import run


@pytest.fixture
def bench(with_sample: Callable[[str], Bench]) -> Bench:
    return with_sample("subject")


@pytest.fixture
def say(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    for name, value in bench.environment.items():
        monkeypatch.setenv(name, value)

    def say(*words: str, typed: str = "", code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert run(["subject", *words]) == code
        shown = capsys.readouterr()
        return shown.out + shown.err

    return say


def test_a_letter_from_its_arrival_to_the_restriction(say: Callable[..., str]) -> None:
    letter = ["--customer", "1", "--form", "letter", "--on", "2026-11-24"]
    received = say("receive", "--kind", "restriction", *letter)
    assert "answer by 2026-12-24, at the latest 2026-12-28" in received
    number = re.findall(r"request (\d+)", received)[0]
    assert f"request {number}: restriction, customer 1" in say("requests")
    assert "needs" not in say("restrict", number, "--ground", "accuracy")
    assert say("requests") == ""
    assert "granted" in say("requests", "--all")
    assert "decided before" in say("refuse", number, "--ground", "no_ground", code=2)


def test_a_receipt_that_a_stopped_command_did_not_write_is_made_by_the_next_that_writes(
    bench: Bench, say: Callable[..., str]
) -> None:
    """A listing only reads."""
    letter = ["--customer", "1", "--form", "letter"]
    for number in ("1", "2"):
        say("receive", "--kind", "restriction", *letter)
        say("restrict", number, "--ground", "accuracy")
    shutil.rmtree(bench.home / "rights")
    say("requests", "--all")
    assert list(bench.home.glob("rights/[0-9]*")) == []
    say("receive", "--kind", "restriction", *letter)
    for number in ("1", "2"):
        assert (bench.home / "rights" / number / "receipt.json").exists()


@pytest.mark.notice("N11.16")
def test_consent_and_its_withdrawal(say: Callable[..., str]) -> None:
    words = ["--customer", "1", "--scope", "email", "--via", "letter"]
    assert "evidence" in say("consent", *words, code=2)
    assert "consent to email" in say("consent", *words, typed="letter 12\n")
    assert "ended" in say("withdraw", *words)
    assert "prohibited" in say("prohibit", *words)


def test_nobody_is_found_by_an_unknown_address_and_it_is_not_repeated(
    say: Callable[..., str],
) -> None:
    shown = say("find", "--by", "email", typed="nobody.at.all@post.example\n")
    assert shown == "nobody\n"
    assert "no such identifier" in say("find", "--by", "name", code=2)


def test_a_correction_asks_for_its_value(say: Callable[..., str]) -> None:
    received = say("receive", "--kind", "correction", "--customer", "1", "--form", "email")
    number = re.findall(r"request (\d+)", received)[0]
    words = [number, "--column", "language", "--ground", "erroneous"]
    assert "unknown_code" in say("correct", *words, typed="xx\n", code=4)
    assert "granted" in say("correct", *words, typed="sv\n")


def test_an_erasure_is_told_by_numbers_and_codes(say: Callable[..., str]) -> None:
    received = say("receive", "--kind", "erasure", "--customer", "1", "--form", "email")
    number = re.findall(r"request (\d+)", received)[0]
    words = [number, "--ground", "not_needed"]
    assert "needs an identity check" in say("erase", *words, code=3)
    say("identify", number, "--by", "login")
    erased = say("erase", *words)
    assert f"request {number}: " in erased
    assert "(GDPR 17(1)(a))" in erased
    assert "erased: " in erased
    assert "decided before" in say("erase", *words, code=2)
    assert "0 erasures finished" in say("finish")


@pytest.mark.notice("N8.3")
def test_a_wrong_password_does_nothing(
    say: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    wrong = tmp_path_factory.mktemp("password") / "wrong"
    wrong.write_text("not this one")
    monkeypatch.setenv("GENLIB_PASSWORD_FILE", str(wrong))
    words = ["--customer", "1", "--scope", "email", "--via", "letter"]
    assert "password" in say("prohibit", *words, code=3)


def test_an_inspection_is_answered_in_files(say: Callable[..., str], bench: Bench) -> None:
    received = say("receive", "--kind", "inspection", "--customer", "1", "--form", "web")
    number = re.findall(r"request (\d+)", received)[0]
    assert "identity check" in say("inspect", number, code=3)
    say("identify", number, "--by", "login")
    shown = say("inspect", number, "--language", "sv")
    assert "granted" in shown
    page = bench.home / "rights" / number / "answer.html"
    assert str(page.parent) in shown
    assert '<html lang="sv">' in page.read_text(encoding="utf-8")


def test_what_was_provided_is_exported(say: Callable[..., str], bench: Bench) -> None:
    received = say("receive", "--kind", "portability", "--customer", "2", "--form", "web")
    number = re.findall(r"request (\d+)", received)[0]
    say("identify", number, "--by", "login")
    assert "granted" in say("export", number)
    assert (bench.home / "rights" / number / "export.json").exists()
