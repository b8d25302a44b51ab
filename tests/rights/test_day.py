"""A day of a privacy officer: letters come, a backup comes back, and receipts tell what was done.

All by the command line on the sample register: customers 14 and 213 are erased, of 14 the books
stay; the register of noon is put back, and nobody who was erased comes back with it.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import pytest
from workbench import ROOT, Bench

import genlib
from genlib.cli import run
from genlib.publish.pseudonym import pseudonyms

MORNING = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
CLOCKS = ("_erasing", "publish", "audience")
PURPOSE = "customer_analysis"
PARTLY, WHOLE = 14, 213
ERASED = [PARTLY, WHOLE]
"""Of opening a key: some fifty are opened."""
BELONGING = ("register.sqlite", "register.sqlite.audit")
LIST = (
    "audience export --campaign TALVI26 --channel post --kind DM --holdout 0 --country FI",
    "--recipient",
    "Esimerkki Kirjepaino Oy",
)


@dataclass
class Day:
    """A workbench, what a person types there, and all that was shown; time passes with each
    line."""

    bench: Bench
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    now: dt.datetime = MORNING
    shown: str = ""

    def say(self, line: str, *words: str, typed: str = "", code: int = 0) -> str:
        self.now += dt.timedelta(minutes=5)
        self.monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        done = run([*line.split(), *words])
        told = "".join(self.capsys.readouterr())
        assert done == code, (line, told)
        self.shown += told
        return told

    def receive(self, kind: str, customer: int | None = None) -> str:
        """The number of a request that came as a letter; whoever asks was identified, if need
        be."""
        whose = [] if customer is None else ["--customer", str(customer)]
        told = self.say(f"subject receive --kind {kind} --form letter", *whose)
        [number] = re.findall(r"request (\d+)", told)
        if kind not in {"restriction", "objection", "correction"}:
            self.say(f"subject identify {number} --by login")
        return str(number)


@pytest.fixture
def day(
    with_sample: Callable[[str], Bench],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Day:
    day = Day(with_sample("day"), monkeypatch, capsys)
    for name, value in day.bench.environment.items():
        monkeypatch.setenv(name, value)
    for module in CLOCKS:
        monkeypatch.setattr(f"genlib.cli.{module}.read_clock", lambda: day.now)
    return day


def test_from_letters_to_receipts(day: Day) -> None:
    home = day.bench.home
    asked = name_customers(day)
    publish_and_list(day, asked)
    answer_letters(day)
    numbers = [day.receive("erasure", customer) for customer in ERASED]
    backup = {name: (home / name).read_bytes() for name in BELONGING}
    for number in numbers:
        day.say(f"subject erase {number} --ground not_needed")
    assert "made anew as" in day.shown
    for name, content in backup.items():
        (home / name).write_bytes(content)
    assert "subject finish" in day.say(f"register load {ROOT / 'data/sample'}", code=3)
    assert "2 erasures finished" in day.say("subject finish")
    assert "erased 1)" in day.say(f"register load {ROOT / 'data/sample'}", code=4)
    day.say("retention sweep")
    day.say(f"publish {PURPOSE}")
    assert "none changed, removed or cut off" in day.say("audit verify")
    check_receipts(day, numbers)
    check_nobody_left(day, asked)


def name_customers(day: Day) -> pl.DataFrame:
    """The first customers and their pseudonyms."""
    ids = pl.Series("id", [*range(1, 30), WHOLE])
    coded = pseudonyms(ids, day.bench.pseudonym_key, purpose=PURPOSE)
    return pl.DataFrame([ids, coded])


def publish_and_list(day: Day, asked: pl.DataFrame) -> None:
    """A release with both, and a contact list."""
    day.say(f"publish {PURPOSE}")
    path = day.bench.home / "asked.csv"
    asked.select("pseudonym").write_csv(path)
    assert "to contact" in day.say(*LIST, str(path))
    path.unlink()


def answer_letters(day: Day) -> None:
    """All kinds of requests but erasures, and a customer's will."""
    stranger = day.receive("inspection")
    assert "granted" in day.say(f"subject inspect {stranger} --language sv")
    day.say(f"subject inspect {day.receive('inspection', PARTLY)} --language fi")
    day.say(f"subject export {day.receive('portability', 2)}")
    wrong = day.receive("correction", 3)
    day.say(f"subject correct {wrong} --column language --ground erroneous", typed="sv\n")
    doubted = day.receive("restriction", 5)
    day.say(f"subject restrict {doubted} --ground accuracy")
    day.say(f"subject lift {doubted} --told-on 2026-11-24")
    day.say(f"subject object {day.receive('objection', 6)} --to marketing")
    other = day.receive("objection", 7)
    day.say(f"subject object {other} --to processing")
    day.say(f"subject object {other} --to granted")
    hard = day.receive("erasure", 8)
    assert "extended" in day.say(f"subject extend {hard} --reason complexity")
    day.say(f"subject refuse {hard} --ground claims")
    will = "--customer 9 --scope email --via letter"
    day.say(f"subject consent {will}", typed="letter 12\n")
    day.say(f"subject withdraw {will}")


def check_receipts(day: Day, erasures: list[str]) -> None:
    """Each request has come to its end, and its receipt says so."""
    told = day.say("subject requests --all")
    states = dict(re.findall(r"request (\d+): .*, (done|refused|unfinished) ", told))
    assert len(states) == 10
    assert [states.pop(number) for number in erasures] == ["unfinished", "done"]
    assert sorted(states.values()) == ["done"] * 7 + ["refused"]
    rights = day.bench.home / "rights"
    decisions = {}
    for number in (*states, *erasures):
        name = "receipt.json" if number in states else "erasure.json"
        receipt = json.loads((rights / number / name).read_text())
        decisions[number] = receipt["decision"]
        assert receipt["law"], number
    assert [decisions[number] for number in erasures] == ["partly", "granted"]
    kept = json.loads((rights / erasures[0] / "erasure.json").read_text())["kept"]
    assert kept


def check_nobody_left(day: Day, asked: pl.DataFrame) -> None:
    """No file holds what the erased were known by, and nothing shown did."""
    customers = pl.read_csv(ROOT / "data/sample/customer.csv", infer_schema=False)
    erased = customers.filter(pl.col("id").is_in([str(number) for number in ERASED]))
    known = erased.select("email", "phone", "personal_id", "street_address", "family_name")
    words = {word for row in known.rows() for word in row if word}
    assert len(words) == 10
    assert not [word for word in words if word in day.shown]
    coded = asked.filter(pl.col("id").is_in(ERASED))["pseudonym"].to_list()
    words = (words - set(erased["family_name"])) | set(coded)
    for path in day.bench.home.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not [word for word in words if word.encode() in content], path.name
    release = genlib.open_release(PURPOSE)["customer"].collect()
    assert not set(coded) & set(release["customer"])
