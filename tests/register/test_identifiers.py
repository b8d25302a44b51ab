"""Every published test vector, and the decisions on the disputed ones."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from itertools import cycle

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
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


@pytest.mark.parametrize(
    "text",
    [
        "010594Y9032",
        "131052-308T",
        "010594-9032",
        "010594-903",
        "2026-10-01",
        "+49 2026-10-01",
        "+492026-10-01",
        "(+49) 2026-10-01",
        "0049 2026 10 01",
        "+358 010594-9032",
        "02-10-2026",
        "02/10/26",
        "0201256-6",
        "20261001",
        "+358 40 1XX XX67",
        "050-1234 abc",
        "09 123 koti",
        "010-GENLIB1",
        "0401234567;0507654321",
        "0401234567 / 0507654321",
        "040 1234567-8",
        "09 1234567-68",
        "0401234567 (0)",
        "(0401234567",
        "+358+401234567",
        "401234567.0",
        "40 123 4567",
        "91234567",
        "4791234567",
        "990 46 70 1234567",
        "٠٤٠١٢٣٤٥٦٧",
        "０４０１２３４５６７",
        "040\n1234567",
        "tel:+358401234567",
        "040.123.4567",
    ],
)
def test_what_is_not_written_as_one_telephone_number_is_refused(text: str) -> None:
    assert rule(phone, text) == "bad_format"


@pytest.mark.parametrize(
    "text",
    [
        "040–123–4567",
        "040\N{NO-BREAK SPACE}123\N{NARROW NO-BREAK SPACE}4567",
        "+358 (0)40 123 4567",
        "00358(0)401234567",
        "(+358) 40 123 4567",
        "(040) 123 45-67",
        "040/1234567",
        "401234567",
        " 0401234567 ",
    ],
)
def test_a_telephone_in_the_spellings_of_people_is_read(text: str) -> None:
    assert phone(text) == "+358401234567"


def test_a_trunk_zero_is_read_only_where_a_country_has_one() -> None:
    assert phone("+46 (0)70 123 45 67") == "+46701234567"
    assert rule(phone, "+39 (0)6 12345678") == "not_in_numbering_plan"
    assert rule(phone, "040 (0)1234567") == "bad_format"


NOISE = st.text(st.sampled_from("0123456789 +-()/.,;–\N{NO-BREAK SPACE}\nXY") | st.characters())
NUMBERS = st.sampled_from(
    ["0401234567", "+358401234567", "091234567", "+46701234567", "00358501234567", "0491234567"]
)


@settings(max_examples=500, deadline=None)
@given(NOISE, NUMBERS, NOISE, st.integers(0, 14))
def test_an_accepted_telephone_has_the_digits_that_a_reader_sees(
    before: str, number: str, after: str, cut: int
) -> None:
    text = before + number[:cut] + after + number[cut:]
    try:
        e164 = phone(text, artificial=True)
    except InvalidIdentifier:
        return
    assert not re.search(r"[^0-9 +()/–\N{NO-BREAK SPACE}-]", text)
    parsed = phonenumbers.parse(e164)
    country = str(parsed.country_code)
    national = phonenumbers.national_significant_number(parsed)
    leads = {"", "0", country, f"{country}0", f"00{country}", f"00{country}0"}
    assert re.sub(r"\D", "", text) in {lead + national for lead in leads}


CODES = {
    personal_id: ("010594Y9032", "131052-308T"),
    business_id: ("2077474-0", "20774740"),
    postal_code: ("00100", "20100"),
    reference_number: ("1234561", "RF341234561"),
}


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(list(CODES)), st.integers(0, 1), NOISE, st.integers(0, 12))
def test_an_accepted_code_has_the_characters_that_a_reader_sees(
    check: Callable[[str], str], which: int, noise: str, cut: int
) -> None:
    code = CODES[check][which]
    text = code[:cut] + noise + code[cut:]
    try:
        normal = check(text)
    except InvalidIdentifier:
        return
    assert re.sub(r"\D", "", normal) == re.sub(r"[^0-9]", "", text)
    assert set(text) <= set(code + " -–\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}0123456789")


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (business_id, "ﬁ20774740"),
        (business_id, "2077474-0 2077474-0"),
        (business_id, "2077474-0\n"),
        (postal_code, "ﬁ-00100"),
        (postal_code, "00100 00200"),
        (postal_code, "100"),
        (reference_number, "1234561 1234561"),
        (reference_number, "12 34561\n12 34561"),
        (reference_number, "123456١"),
    ],
)
def test_codes_in_other_letters_and_two_in_a_cell_are_refused(
    check: Callable[[str], str], text: str
) -> None:
    assert rule(check, text) == "bad_format"


@pytest.mark.parametrize(
    "text",
    [
        "040 1234567 (2)",
        "040 123456 (78)",
        "040 123456 - 78",
        "040 123456 -78",
        "09 12345 - 67",
        "010190 9072",
    ],
)
def test_an_extension_or_a_range_behind_a_telephone_is_not_dialled(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="bad_format"):
        phone(text)
