"""What a report can say, kept as a text that a person reads before it changes."""

import re

import golden_sentences as golden
import pytest

EVERY = [(name, code) for name in (*golden.REPORTS, golden.HOUSE) for code in golden.LANGUAGES]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_the_sentences_of_a_report_are_those_that_were_read(name, language):
    kept = golden.find_file(name, language).read_text(encoding="utf-8")
    assert kept == golden.write_text(name, language), (
        f"the sentences changed: read them, and write them anew with {golden.RENEW}"
    )


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_no_sentence_begins_in_lower_case(name, language):
    text = golden.find_file(name, language).read_text(encoding="utf-8")
    assert re.findall(r"(?m)^[a-zåäö].*[.!?]$", text) == []
    assert re.findall(r"[a-zåäö0-9)}][.!?] [a-zåäö]", text) == []


FORBIDDEN = {
    "fi": r"95 % väli|:n väli\b|on muuttunut [+{]|rahasta|Miten mielellään|"
    r"Viestien tie\b|\bIndeksi\b",
    "sv": r"inte större än slumpen|lottad|[}\d] gick\b|har förändrats|Vem som inte|\bIndexet\b",
    "en": r"surely|Part of|worth a thought|Grey ones|months came back|of the money|Score by",
}


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_words_that_readers_stumbled_over_do_not_come_back(name, language):
    text = golden.find_file(name, language).read_text(encoding="utf-8")
    assert re.findall(FORBIDDEN[language], text) == []
