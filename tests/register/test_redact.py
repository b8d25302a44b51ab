"""No identifier gets through, in whatever spelling; ordinary words do."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.register.redact import redact, vocabulary
from genlib.settings import REPOSITORY

WORDS = REPOSITORY / "data" / "comment_words.txt"


def redacted(text: str | None) -> str | None:
    return pl.select(redact(pl.lit(text, pl.String))).item()


def names() -> pl.Series:
    files = ("first_names_men", "first_names_women", "surnames")
    return (
        pl.concat(
            [pl.read_csv(REPOSITORY / f"data/finland/{f}.csv", columns=["name"]) for f in files]
        )["name"]
        .unique()
        .sort()
    )


def inflected(name: str) -> set[str]:
    stems = {name, name + "i"} | (
        {name[:-3] + "s", name[:-3] + "se"} if name.endswith("nen") else set()
    )
    if name[-3:-1] in {"kk", "pp", "tt"}:
        stems.add(name[:-2] + name[-1])
    return {
        stem + ending
        for stem in stems
        for ending in ("", "n", "a", "lle", "lla", "lta", "ssa", "sta", "ksi", "kin")
    }


@pytest.mark.parametrize(
    "identifier",
    [
        "010594Y9032",
        "010594y9032",
        "010594 - 9032",
        "0491234567",
        "049 123 4567",
        "049-1234567",
        "+358 49 123 45 67",
        "(049) 1234567",
        "04 91 23 45 67",
        "aino.kuuralehto@firma.example",
        "aino kuuralehto(at)firma.example",
        "AINO@FIRMA.EXAMPLE",
        "www.kuuralehto.example",
        "Teikäläistentie 2a B 12",
        "teikäläistentie 2 bst. 4",
        "Kirkkokatu 1",
        "00100 HELSINKI",
        "22100 Mariehamn",
        "PL 55",
        "RF34 1234 561",
        "12 34561",
        "1790235-0",
        "FI21 1234 5600 0007 85",
        "Kuuralehto",
        "kuuralehto",
        "KUURALEHTO",
        "Kuuralehdon",
        "kuuralehdolle",
        "Pihkalampisen",
        "Öhrnbergille",
        "von Kuuralehto",
        "Aino-Kaarina",
        "aino-kaarinalle",
        "Áilu",
        "Đặng",
        "李",
        "Huoltokallio",
        "laskulahdelle",
        "@kuuralehto",
        "Kuuralehto/Pihkalampi",
        "K.",
    ],
)
def test_an_identifier_is_lost_wherever_it_stands(identifier: str) -> None:
    assert redacted(identifier) == "…"
    assert redacted(f"huoltaja {identifier} ei tullut") == "huoltaja … ei tullut"
    assert (
        redacted(f"Odotin viikon. {identifier} ei vastannut.") == "Odotin viikon. … ei vastannut."
    )


def test_no_listed_name_gets_through_capitalised_whatever_its_case() -> None:
    forms = pl.Series("text", sorted({form for name in names() for form in inflected(name)}))
    kept = (
        pl.DataFrame({"text": forms})
        .with_columns(redacted=redact(pl.col("text")))
        .filter(pl.col("redacted") != "…")
    )
    assert kept["text"].to_list() == []


def test_of_listed_names_only_ordinary_words_stay_in_lower_case() -> None:
    forms = pl.Series(
        "text", sorted({form.lower() for name in names() for form in inflected(name)})
    )
    kept = (
        pl.DataFrame({"text": forms})
        .with_columns(redacted=redact(pl.col("text")))
        .filter(pl.col("redacted") != "…")
    )
    assert set(kept["text"]) <= set(vocabulary(WORDS).lower)
    assert kept.height < 100


@pytest.mark.parametrize(
    "text",
    [
        "Toimitus myöhästyi yli viikon eikä kukaan ilmoittanut asiasta.",
        "Laitteen suodatin kului loppuun jo kolmessa kuukaudessa!",
        "Leveransen var över en vecka försenad.",
        "The technician came but I was not told when.",
        "laskulla oli (taas) väärä summa, kiitos vain",
    ],
)
def test_ordinary_sentences_stay(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("huoltaja nolla neljä yhdeksän yksi kaksi kolme ei tullut", "huoltaja … ei tullut"),
        ("huoltaja nolla viisi ja kaksi ja kolme ja yksi", "huoltaja … ja … ja … ja …"),
        ("laite, noll fyra nio ett två tre", "laite, …"),
        ("the number is zero four nine one two three", "the number is …"),
        ("one two three", "…"),
        ("yksi, kaksi, kolme", "…"),
        ("ftp://kuuralehto.example/aino", "…"),
    ],
)
def test_a_telephone_number_in_words_is_lost(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    ["Odotin kaksi viikkoa ja kolme kuukautta.", "kaksi kolme viikkoa", "en vecka ett en"],
)
def test_numbers_in_words_that_spell_no_telephone_stay(text: str) -> None:
    assert redacted(text) == text


def test_a_capital_inside_a_sentence_is_lost_even_on_an_ordinary_word() -> None:
    assert redacted("sanoi Lasku minulle") == "sanoi … minulle"


def test_a_word_that_is_also_a_name_stays_in_lower_case_only() -> None:
    assert redacted("ilma on hyvä") == "ilma on hyvä"
    assert redacted("Ilma on hyvä") == "… on hyvä"


def test_decomposed_letters_count_as_composed() -> None:
    assert redacted("hyva\u0308 laite") == "hyvä laite"


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("", ""), ("  ", ""), ("hyvä\n\tlaite", "hyvä laite"), ("x\x02Aino", "…")],
)
def test_edges(text: str | None, expected: str | None) -> None:
    assert redacted(text) == expected


@pytest.mark.notice("N5.9")
@given(st.text())
def test_whatever_comes_only_known_words_and_punctuation_leave(text: str) -> None:
    words = vocabulary(WORDS)
    for word in (redacted(text) or "").split():
        bare = word.strip("()\"'”.,;:!?").lower()
        assert (
            bare == "…"
            or bare in {*words.exact, *words.lower, "i"}
            or any(bare.startswith(s) for s in words.stems[4:].split("|"))
        )


def test_the_vocabulary_has_each_word_once_and_no_capital() -> None:
    words = [
        w
        for line in Path(WORDS).read_text().splitlines()
        if not line.startswith("#")
        for w in line.split()
    ]
    assert len(words) == len(set(words))
    assert words == [w.lower() for w in words]
