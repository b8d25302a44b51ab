"""What a reader takes for the same is the same."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.register.spelling import CONTROL, clean_text, fold_address, fold_name


def fold(text: str) -> str | None:
    return pl.select(fold_address(pl.lit(text))).item()


@pytest.mark.parametrize(
    "other",
    [
        "keinokuja 1 as 2",
        "KEINOKUJA 1 AS. 2",
        "Keinokuja 1, as 02",
        "  Keinokuja\N{NO-BREAK SPACE}1  as\N{THIN SPACE}2 ",
        "Keino\N{SOFT HYPHEN}kuja 1 as 2",
        "Keinokuja\N{ZERO WIDTH SPACE} 1 as 2\N{ZERO WIDTH NO-BREAK SPACE}",
        "Keinokuja 1 asunto 2",
        "Keinokuja 1 bost. 2",
        "c/o Testinen, Keinokuja 1 as 2",
        "Keinokuja 1 as 2, C/O Testinen",
        "c/o Testinen\nKeinokuja 1 as 2",
        "Keinokuja 1\tas2",
        "Ｋeinokuja 1 as 2",
    ],
)
def test_these_are_one_address(other: str) -> None:
    assert fold(other) == "KEINOKUJA 1 2"


@pytest.mark.parametrize(
    "other",
    ["Keinokuja 12", "Keinokuja 1 as 20", "Keinokuja 1 A 2", "Keinokuja 10 as 2", "Asikuja 2"],
)
def test_these_are_others(other: str) -> None:
    assert fold(other) != "KEINOKUJA 1 2"


def test_a_staircase_is_read_with_its_word_and_without() -> None:
    assert fold("Keinokuja 1 A 2") == fold("Keinokuja 1a2") == fold("Keinokuja 1 A-rappu as. 2")


def test_an_address_that_is_nothing_but_care_of_stands_for_itself() -> None:
    assert fold("c/o Testinen") == "C O TESTINEN"


def test_a_name_is_read_in_any_case_and_width() -> None:
    names = pl.Series(
        "name", [" testi\N{NO-BREAK SPACE}nen", "TESTI  NEN", "Tes\N{SOFT HYPHEN}ti nen"]
    )
    assert (
        names.to_frame().select(fold_name(pl.col("name"))).to_series().to_list()
        == ["TESTI NEN"] * 3
    )


@given(st.text())
def test_cleaning_twice_is_cleaning_once_and_folding_too(text: str) -> None:
    once = pl.select(clean=clean_text(pl.lit(text)), folded=fold_address(pl.lit(text)))
    twice = once.select(clean_text(pl.col("clean")), fold_address(pl.col("folded")))
    assert once["clean"].equals(twice["clean"])
    assert once["folded"].equals(twice["folded"])


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x9f", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_what_changes_the_reading_stays_to_be_refused(character: str) -> None:
    text = pl.select(clean_text(pl.lit(f"a{character}b"))).to_series()
    assert text.str.contains(CONTROL).to_list() == [True]
