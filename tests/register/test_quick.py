"""Rows that are as the register has them are passed without the rules, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from next_state import CUSTOMER, INVOICE, NOW, PERMISSION, read_rejected, refresh, write

from genlib.register import taking
from genlib.register.database import Register
from genlib.register.packing import NOTHING
from genlib.register.quick import read_plainly
from genlib.register.rules import examined
from genlib.register.vault import IdentityKey

WRITTEN = {**CUSTOMER, "phone": "+358491234567", "email": "aino@firma.example"}
PERSON = {**WRITTEN, "id": "2", "email": "karl@firma.example"}


def refuse_examining(raw: pl.DataFrame, *_: object, **__: object) -> tuple[pl.DataFrame, ...]:
    assert raw.is_empty()
    return examined(raw, "customer", artificial=True, now=NOW)


def test_an_unchanged_row_is_not_examined(
    register: Register, key: IdentityKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "in", customer=[WRITTEN, PERSON])
    refresh(register, key, folder)
    with monkeypatch.context() as patch:
        patch.setattr(taking, "examined", refuse_examining)
        outcome = refresh(register, key, folder, is_whole=True)["customer"]
    assert (outcome.read, outcome.unchanged, outcome.missing) == (2, 2, 0)
    assert outcome.newest is not None
    spelled = {**WRITTEN, "phone": "049 123 4567", "non_disclosure": "no"}
    again = refresh(register, key, write(tmp_path / "in", customer=[spelled, PERSON]))
    assert again["customer"].unchanged == 2


def test_a_control_character_is_not_nothing(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer={**WRITTEN, "language": ""}))
    folder = write(tmp_path / "in", customer={**WRITTEN, "language": NOTHING})
    assert refresh(register, key, folder)["customer"].rules == {"control_character": 1}


@pytest.mark.parametrize("at", [0, 1])
def test_of_two_rows_of_one_number_the_first_counts_though_one_is_unchanged(
    register: Register, key: IdentityKey, tmp_path: Path, at: int
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=[WRITTEN, PERSON]))
    twice = [WRITTEN, PERSON]
    twice.insert(at, {**WRITTEN, "family_name": "Esimerkki"})
    outcome = refresh(register, key, write(tmp_path / "in", customer=twice))["customer"]
    assert read_rejected(tmp_path / "in", "customer") == [(3, "id", "duplicate")]
    assert (outcome.changed, outcome.refused) == (1 - at, 1)


@pytest.mark.parametrize("again", ["1", "2", "3"])
def test_a_row_of_a_number_that_came_unchanged_before_is_refused_if_it_differs(
    register: Register,
    key: IdentityKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    again: str,
) -> None:
    monkeypatch.setattr("genlib.register.batches.ROWS", 3)
    invoices = [{**INVOICE, "id": str(number)} for number in (1, 2, 3)]
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER, invoice=invoices))
    twice = [*invoices, {**INVOICE, "id": again, "amount_cents": "1"}]
    folder = write(tmp_path / "in", invoice=twice)
    outcome = refresh(register, key, folder, is_whole=True)["invoice"]
    assert (outcome.unchanged, outcome.rules, outcome.missing) == (3, {"duplicate": 1}, 0)


def test_one_number_may_be_written_in_two_ways(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", customer=[WRITTEN, PERSON])
    refresh(register, key, folder)
    write(tmp_path / "in", customer=[WRITTEN, PERSON, {**WRITTEN, "id": "01"}])
    outcome = refresh(register, key, folder)["customer"]
    assert (outcome.unchanged, outcome.refused) == (3, 0)


def test_an_unchanged_row_may_come_again_in_a_later_batch(
    register: Register, key: IdentityKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlib.register.batches.ROWS", 2)
    invoices = [{**INVOICE, "id": str(number)} for number in (1, 2, 3)]
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER, invoice=invoices))
    folder = write(tmp_path / "in", invoice=[*invoices, invoices[0], invoices[2]])
    outcome = refresh(register, key, folder, is_whole=True)["invoice"]
    assert (outcome.unchanged, outcome.refused, outcome.missing) == (5, 0, 0)


def test_rows_of_many_batches_are_examined_together(
    register: Register, key: IdentityKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlib.register.batches.ROWS", 2)
    invoices = [{**INVOICE, "id": str(number)} for number in range(1, 10)]
    refresh(register, key, write(tmp_path / "in", customer=WRITTEN, invoice=invoices))
    for number in (0, 3, 7):
        invoices[number]["amount_cents"] = "1"
    invoices[8]["amount_cents"] = "one"
    heights = []

    def examine_rows(raw: pl.DataFrame, *args: Any, **rules: Any) -> tuple[pl.DataFrame, ...]:
        heights.append(raw.height)
        return examined(raw, *args, **rules)

    monkeypatch.setattr(taking, "examined", examine_rows)
    outcome = refresh(register, key, write(tmp_path / "in", invoice=invoices))["invoice"]
    assert heights == [4]
    assert (outcome.read, outcome.unchanged, outcome.changed, outcome.refused) == (9, 5, 3, 1)
    assert read_rejected(tmp_path / "in", "invoice") == [(10, "amount_cents", "not_an_integer")]


@pytest.mark.parametrize("written", ["1", "01", "1.0", " 1"])
def test_a_row_that_waits_is_taken_before_the_next_of_its_number(
    register: Register,
    key: IdentityKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: str,
) -> None:
    monkeypatch.setattr("genlib.register.batches.ROWS", 2)
    invoices = [{**INVOICE, "id": str(number)} for number in range(1, 6)]
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER, invoice=invoices))
    changed = {**INVOICE, "id": written, "amount_cents": "1"}
    folder = write(tmp_path / "in", invoice=[changed, *invoices[1:], invoices[0]])
    outcome = refresh(register, key, folder)["invoice"]
    assert (outcome.changed, outcome.rules, outcome.unchanged) == (1, {"duplicate": 1}, 4)
    assert read_rejected(tmp_path / "in", "invoice") == [(7, "id", "duplicate")]


CELLS = {
    "id": ["1", "01", "1.0", " 1", "x", "", "+1"],
    "customer_id": ["1", "2", ""],
    "act": ["consent", "Consent", ""],
    "given_at": [
        "2026-01-01T08:00:00Z",
        "2026-01-01 08:00:00Z",
        "2026-01-01T10:00:00+02:00",
        "2026-13-01T08:00:00Z",
    ],
    "ended_at": ["", " ", "2026-02-01T08:00:00Z", "1.2.2026"],
    "scope": ["email", "e\u00admail", "email ", ""],
    "source": ["DATA_SUBJECT", "?"],
}


ROWS = st.fixed_dictionaries({name: st.sampled_from(cells) for name, cells in CELLS.items()})
GIVEN = tuple(CELLS)


def examine(raw: pl.DataFrame) -> pl.DataFrame:
    return examined(raw, "permission", artificial=True, now=NOW)[0].select("row", *GIVEN)


@given(ROWS, ROWS, st.sets(st.sampled_from(GIVEN)))
def test_what_is_read_plainly_as_the_register_has_it_is_what_the_rules_read(
    before: dict[str, str], row: dict[str, str], changed: set[str]
) -> None:
    came = before | {name: row[name] for name in changed}
    there, raw = (
        pl.DataFrame([{"row": 1, **one}], schema_overrides={"row": pl.Int64})
        for one in (before, came)
    )
    stored = examine(there)
    plain = read_plainly(raw, "permission", GIVEN, ["id"])
    if plain.height and plain.equals(stored):
        assert examine(raw).equals(stored)


def test_a_text_that_cannot_be_read_is_not_taken_for_nothing() -> None:
    raw = pl.DataFrame([{"row": 1, **PERMISSION, "ended_at": "1.13.2026"}])
    assert read_plainly(raw, "permission", tuple(PERMISSION), ["id"]).is_empty()


def test_a_table_of_fractions_is_always_examined() -> None:
    raw = pl.DataFrame([{"row": 1, "id": "1", "holdout_share": "0.1"}])
    assert read_plainly(raw, "campaign", ("id", "holdout_share"), ["id"]).is_empty()
