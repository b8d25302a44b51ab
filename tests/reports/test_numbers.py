from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.present.words import Words
from genlib.reports.numbers import has_strange_number, read_numbers, round_figures


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("46 customers", {"46"}),
        ("1,043 of them", {"1043", "1.043"}),
        ("1\u00a0043 and 12 345", {"1043", "12345"}),
        ("46,2 % or 46.2 %", {"46.2"}),
        ("1,043,222.5", {"1043222.5"}),
        ("31.10.2026 and 2026-10-31", {"31", "10", "2026"}),
        ("1_000", {"1000"}),
        ("x7919y", {"7919"}),
        ("nothing", set()),
    ],
)
def test_numbers_are_read_as_people_write_them(text, numbers):
    assert read_numbers(text) == {Decimal(number) for number in numbers}


@pytest.mark.parametrize("said", ["0.4623", "46.23 %", "46.2 %", "46 %"])
def test_a_share_may_be_said_in_per_cent_and_rounded(said):
    assert not has_strange_number(said, round_figures({"percent": [0.4623]}))


@pytest.mark.parametrize("said", ["47 %", "46.3 %", "4623", "0.47"])
def test_a_share_may_not_be_said_otherwise(said):
    assert has_strange_number(said, round_figures({"percent": [0.4623]}))


@pytest.mark.parametrize("said", ["123,456.78 €", "123 457 €", "0.1 m"])
def test_cents_may_be_said_in_euros_and_millions(said):
    assert not has_strange_number(said, round_figures({"money": [12345678]}))


@pytest.mark.parametrize("said", ["1,044", "1,000", "1.04", "10"])
def test_a_count_may_be_said_as_it_is_and_no_otherwise(said):
    assert has_strange_number(said, round_figures({"number": [1043]}))


def test_one_unknown_number_among_known_ones_is_found():
    known = round_figures({"number": [1043, 587]})
    assert not has_strange_number("1,043 and 587", known)
    assert has_strange_number("1,043 and 588", known)


@given(st.integers(0, 10**9), st.sampled_from(["fi", "sv", "en"]))
def test_a_count_as_the_page_prints_it_is_explained(count, language):
    said = Words(language).figure(count, "number")
    assert not has_strange_number(f"{said} customers", round_figures({"number": [count]}))


@given(st.floats(0, 1), st.sampled_from(["fi", "sv", "en"]))
def test_a_share_as_the_page_prints_it_is_explained(share, language):
    said = Words(language).figure(share, "percent")
    assert not has_strange_number(said, round_figures({"percent": [share]}))


@given(st.integers(0, 10**12), st.sampled_from(["fi", "sv", "en"]))
def test_money_as_the_page_prints_it_is_explained(cents, language):
    said = Words(language).figure(cents, "money")
    assert not has_strange_number(said, round_figures({"money": [cents]}))
