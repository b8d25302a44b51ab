"""Every published test vector, and the decisions on the disputed ones."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import cycle

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.errors import InvalidIdentifier, UsageError
from genlib.register.identifiers import (
    business_id,
    checked,
    email,
    personal_id,
    phone,
    postal_code,
    reference_number,
)
from genlib.settings import REPOSITORY

ALPHABET = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def vectors(name: str) -> list[dict[str, str]]:
    with (REPOSITORY / "data/identifiers" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rule(check: Callable[[str], str], text: str) -> str | None:
    try:
        check(text)
    except InvalidIdentifier as refused:
        return refused.rule
    return None


def code_of(row: dict[str, str], column: str) -> str:
    return repr(row[column])


@pytest.mark.parametrize("row", vectors("hetu_vectors.csv"), ids=lambda r: code_of(r, "code"))
def test_personal_identity_code_vectors(row: dict[str, str]) -> None:
    expected = None if row["expected"].startswith("valid") else row["format_date_checksum_result"]
    if row["kind"] == "reserved_000_001":
        expected = "reserved_individual_number"
    assert rule(personal_id, row["code"]) == expected


@pytest.mark.parametrize(
    "row",
    [r for r in vectors("hetu_vectors.csv") if r["kind"] == "temporary"],
    ids=lambda r: code_of(r, "code"),
)
def test_a_register_of_real_customers_refuses_the_artificial_range(row: dict[str, str]) -> None:
    assert personal_id(row["code"]) == row["code"]
    assert rule(lambda text: personal_id(text, artificial=False), row["code"]) == "artificial_range"


@pytest.mark.parametrize(
    "row", vectors("ytunnus_vectors.csv"), ids=lambda r: code_of(r, "business_id")
)
def test_business_id_vectors(row: dict[str, str]) -> None:
    assert (rule(business_id, row["business_id"]) is None) == (row["expected"] == "valid")


@pytest.mark.parametrize(
    "row", vectors("viitenumero_vectors.csv"), ids=lambda r: code_of(r, "reference")
)
def test_reference_number_vectors(row: dict[str, str]) -> None:
    assert (rule(reference_number, row["reference"]) is None) == (row["expected"] == "valid")


@pytest.mark.parametrize("row", vectors("phone_fi_vectors.csv"), ids=lambda r: code_of(r, "input"))
def test_telephone_vectors(row: dict[str, str]) -> None:
    if row["valid"] == "True":
        assert phone(row["input"]) == row["e164"]
    else:
        assert rule(phone, row["input"]) == (
            "not_in_numbering_plan" if row["parse_ok"] == "True" else "bad_format"
        )


@pytest.mark.parametrize("text", ["131052–308T", "131052−308T"])
def test_a_dash_of_a_typesetter_is_a_hyphen(text: str) -> None:
    assert personal_id(text) == "131052-308T"


def test_the_century_sign_tells_two_people_apart() -> None:
    assert personal_id("100190-999P") != personal_id("100190Y999P")


@pytest.mark.parametrize("text", ["049 1234567", "+358 49 123 4567"])
def test_artificial_telephones_pass_only_when_asked_for(text: str) -> None:
    assert rule(phone, text) == "not_in_numbering_plan"
    assert phone(text, artificial=True) == "+358491234567"


@pytest.mark.parametrize("text", ["FI20774740", "fi20774740", "20774740", " 2077474-0 "])
def test_the_business_id_in_other_spellings(text: str) -> None:
    assert business_id(text) == "2077474-0"


def test_rules_tell_a_wrong_digit_from_a_wrong_form() -> None:
    assert rule(business_id, "2077474-1") == "bad_checksum"
    assert rule(business_id, "112038-9") == "bad_format"
    assert rule(reference_number, "1234562") == "bad_checksum"
    assert rule(reference_number, "RF351234561") == "bad_checksum"
    assert rule(reference_number, "RF97C2H5OH") == "bad_format"
    assert rule(reference_number, "0000") == "bad_format"


@pytest.mark.parametrize(
    ("text", "normal"),
    [("12 34561", "1234561"), ("rf34 1234 561", "RF341234561"), ("RF332348236", "RF332348236")],
)
def test_references_lose_their_spaces(text: str, normal: str) -> None:
    assert reference_number(text) == normal


@pytest.mark.parametrize(
    ("text", "normal"),
    [("00100", "00100"), (" FI-00100 ", "00100"), ("AX-22100", "22100"), ("fi 90820", "90820")],
)
def test_postal_codes_keep_their_zeros(text: str, normal: str) -> None:
    assert postal_code(text) == normal


@pytest.mark.parametrize("text", ["0100", "001000", "0010O", "00000", "", "SE-11122", "٠٠١٠٠"])
def test_what_is_no_postal_code(text: str) -> None:
    assert rule(postal_code, text) == "bad_format"


def test_an_email_is_compared_trimmed_composed_and_in_lower_case() -> None:
    assert email("  A\u0308ino.Kuuralehto@Firma.EXAMPLE ") == "äino.kuuralehto@firma.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aino",
        "aino@",
        "@firma.example",
        "aino@firma",
        "a b@firma.example",
        "aino@@firma.example",
    ],
)
def test_what_is_no_email(text: str) -> None:
    assert rule(email, text) == "bad_format"


@pytest.mark.parametrize(
    "check", [personal_id, business_id, phone, email, postal_code, reference_number]
)
def test_no_error_shows_the_value(check: Callable[[str], str]) -> None:
    with pytest.raises(InvalidIdentifier, match="not a valid") as caught:
        check("Kuuralehto99")
    assert "Kuuralehto" not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@given(
    st.dates(
        min_value=__import__("datetime").date(1900, 1, 1),
        max_value=__import__("datetime").date(1999, 12, 31),
    ),
    st.integers(900, 999),
    st.sampled_from("-YXWVU"),
    st.data(),
)
def test_a_code_with_one_wrong_check_character_is_refused(
    day, individual: int, sign: str, data: st.DataObject
) -> None:  # type: ignore[no-untyped-def]
    digits = f"{day:%d%m%y}{individual}"
    right = ALPHABET[int(digits) % 31]
    assert personal_id(f"{digits[:6]}{sign}{digits[6:]}{right}")
    wrong = data.draw(st.sampled_from(ALPHABET).filter(lambda c: c != right))
    assert rule(personal_id, f"{digits[:6]}{sign}{digits[6:]}{wrong}") == "bad_checksum"


@given(st.integers(100, 10**19 - 1), st.integers(1, 9))
def test_a_reference_with_one_wrong_check_digit_is_refused(base: int, shift: int) -> None:
    check = (
        -sum(int(d) * w for d, w in zip(reversed(str(base)), cycle((7, 3, 1)), strict=False)) % 10
    )
    assert reference_number(f"{base}{check}") == f"{base}{check}"
    assert rule(reference_number, f"{base}{(check + shift) % 10}") == "bad_checksum"


def test_a_column_is_checked_value_by_value_and_nulls_pass() -> None:
    frame = checked(
        pl.Series(["040 123 4567", None, "nonsense", "040 123 4567", "0491234567"]), "phone"
    )
    assert frame.rows() == [
        ("+358401234567", None),
        (None, None),
        (None, "bad_format"),
        ("+358401234567", None),
        ("+358491234567", None),
    ]


def test_a_column_of_a_real_register_refuses_artificial_people() -> None:
    assert checked(pl.Series(["010594Y9032"]), "personal_id", artificial=False)[
        "rule"
    ].to_list() == ["artificial_range"]
    assert checked(pl.Series(["0491234567"]), "phone", artificial=False)["rule"].to_list() == [
        "not_in_numbering_plan"
    ]


def test_an_empty_column_is_good() -> None:
    assert checked(pl.Series([None], dtype=pl.String), "email").rows() == [(None, None)]


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UsageError, match="no identifier shoe; there are personal_id"):
        checked(pl.Series(["1"]), "shoe")
