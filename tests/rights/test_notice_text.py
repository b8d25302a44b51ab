"""The notice in words: made from its values alone, in three languages, and refused where something
could not be told."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import CHROMIUM
from opening import find_faults

from genlib import notice
from genlib.cli import run
from genlib.errors import NoticeError, UsageError
from genlib.notice import LANGUAGES, Notice
from genlib.notice.wording import find_wording_faults, list_english
from genlib.rights.notice_text import write_gaps, write_notice, write_page, write_record

TEXT = notice.DEFAULT.read_text(encoding="utf-8")
ENGLISH = re.compile(r"\b(?:the|of|and|is|are|with|by|which|from|not|your|you|years?)\b")


@pytest.fixture(scope="module")
def terms() -> Notice:
    return notice.load(notice.DEFAULT)


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str, str], Notice]:
    """The notice with one text of its file replaced, unchecked."""

    def change(old: str, new: str) -> Notice:
        assert old in TEXT
        path = tmp_path / "notice.toml"
        path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
        return notice.read(path)

    return change


@pytest.mark.notice("N0.1", "N1.2", "N2.1", "N3.1", "N11.16")
@pytest.mark.parametrize(
    ("old", "new", "language", "said"),
    [
        ('street = "Vesuritie 6"', 'street = "Keinokuja 1"', "fi", "Keinokuja 1  \n90820 KELLO"),
        ('country = "FI"', 'country = "SE"', "sv", "90820 KELLO  \nSE"),
        ('"dataprotection@', '"officer@', "sv", "officer@controller.example"),
        (
            "opinion = { years = 2",
            "opinion = { years = 1",
            "fi",
            "kyselyihin: 1 vuosi vastauksesta",
        ),
        (
            "opinion = { years = 2",
            "opinion = { years = 9",
            "en",
            "surveys: 9 years from the answer",
        ),
        ("opinion = { years = 2", "opinion = { years = 9", "sv", "enkäter: 9 år från svaret"),
        ('fi = "luottotiedot"', 'fi = "velat"', "fi", "- velat: muu asiallinen yhteys"),
        ('"Genano Solutions Oy:n asiakas', '"Keino Oy:n asiakas', "fi", "Keino Oy:n asiakasrek"),
        ('web = "https://tietosuoja.fi"', 'web = "https://a.example"', "sv", "https://a.example"),
        ("valid_from = 2026-01-01", "valid_from = 2026-02-03", "fi", "voimassa 3.2.2026 alkaen"),
        ('fi = "sähköpostilla"', 'fi = "kirjeellä"', "fi", "- kirjeellä"),
        ('law = "GDPR 17"', 'law = "GDPR 17(1)"', "sv", "raderade (dataskyddsförordningen 17(1))"),
    ],
)
def test_the_text_is_made_from_the_notice(  # noqa: PLR0913, PLR0917
    change: Callable[[str, str], Notice],
    terms: Notice,
    old: str,
    new: str,
    language: str,
    said: str,
) -> None:
    assert said not in write_notice(terms, language)
    assert said in write_notice(change(old, new), language)


@pytest.mark.parametrize(
    ("switch", "said"), [("q2", "koskee myös tekstiviestejä"), ("q3", "tyytyväisyyskyselyjä")]
)
def test_a_prohibition_is_told_as_far_as_it_reaches(
    change: Callable[[str, str], Notice], terms: Notice, switch: str, said: str
) -> None:
    assert said in write_notice(terms, "fi")
    assert said not in write_notice(change(f"{switch} = true", f"{switch} = false"), "fi")


@pytest.mark.parametrize("write", [write_notice, write_record])
def test_no_english_is_left_in_finnish_and_swedish(
    terms: Notice, write: Callable[[Notice, str], str]
) -> None:
    words = {
        language: ENGLISH.findall(write(terms, language).replace(terms.contact.name, ""))
        for language in LANGUAGES
    }
    assert (words["fi"], words["sv"]) == ([], [])
    assert len(words["en"]) > 50


@pytest.mark.parametrize("write", [write_notice, write_record])
def test_the_languages_say_the_same_in_the_same_order(
    terms: Notice, write: Callable[[Notice, str], str]
) -> None:
    """Headings, items of lists and rows of tables; no sentence is missing in one of them."""
    shapes = []
    for language in LANGUAGES:
        lines = write(terms, language).splitlines()
        shapes.append([line[:2].strip() and re.sub(r"\w.*", "", line[:2]) for line in lines])
    assert shapes[0] == shapes[1] == shapes[2]


@pytest.mark.notice("N0.1", "N3.1")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_record_holds_what_article_30_asks(terms: Notice, language: str) -> None:
    record = write_record(terms, language)
    assert [f"({letter})" in record for letter in "abcdefg"] == [True] * 7
    sections = (
        *(terms.subjects, terms.purposes, terms.categories),
        *(terms.recipients, terms.protection),
    )
    entries = [getattr(one, language) for section in sections for one in section.values()]
    assert [words for words in entries if words not in record] == []
    for name in ("name", "street"):
        assert getattr(terms.controller, name) in record
    assert terms.contact.email in record
    assert terms.reference in record


@pytest.mark.notice("N8.1", "N8.2")
def test_paper_is_listed_with_place_lock_and_entrants(
    terms: Notice, change: Callable[[str, str], Notice], capsys: pytest.CaptureFixture[str]
) -> None:
    [paper] = terms.paper
    assert run(["notice", "show"]) == 0
    for shown in (write_record(terms, "en"), capsys.readouterr().out):
        for word in (paper.content.en, paper.place.en, paper.lock.en):
            assert word in shown
        for one in paper.entrants:
            assert one.who in shown
            assert one.granted_by in shown


def test_a_company_without_paper_says_so(change: Callable[[str, str], Notice]) -> None:
    entry = TEXT[TEXT.index("[[paper]]") : TEXT.index("[messages]")]
    bare = tomllib.loads(TEXT.replace(entry, "")) | {"paper": []}
    terms = notice.build(bare)
    assert list(terms.faults()) == []
    assert "No paper is kept." in write_record(terms, "en")
    assert "Paper" not in write_notice(terms, "fi")


@pytest.mark.notice("N5.8")
def test_every_gap_is_told_with_its_law_and_what_to_write(
    terms: Notice, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["notice", "gaps"]) == 0
    shown = capsys.readouterr().out
    assert shown == write_gaps(terms)
    for gap in terms.gaps.values():
        assert [word for word in vars(gap).values() if word not in shown] == []


@pytest.mark.notice("N4.5")
@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            '"customer.phone", ',
            "",
            "categories: customer.phone is in none; name it or its table in one",
        ),
        (
            '"customer.phone", ',
            '"customer.shoe_size", "customer.phone", ',
            "categories.contact: the catalogue has no customer.shoe_size",
        ),
        (
            'columns = ["invoice"]',
            'columns = ["invoice", "company"]',
            "categories.billing: company is in another category too",
        ),
        (
            'grounds = ["ASSIGNMENT"], en = "billing"',
            'en = "billing"',
            "purposes.billing: no ground",
        ),
        (
            'after = "the answer"',
            'after = "the question"',
            "retention.opinion.after: no Finnish and Swedish words",
        ),
        ('fi = "luottotiedot"', 'fi = " "', "purposes.credit.fi is empty"),
        ('reader = "reports"', 'reader = "all"', "levels.reader: no Finnish and Swedish words"),
    ],
)
def test_what_cannot_be_told_is_a_fault(  # noqa: PLR0913, PLR0917
    change: Callable[[str, str], Notice],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    fault: str,
) -> None:
    terms = change(old, new)
    assert any(one.startswith(fault) for one in find_wording_faults(terms))
    with pytest.raises(NoticeError):
        write_notice(terms, "en")
    monkeypatch.setenv("GENLIB_NOTICE", str(tmp_path / "notice.toml"))
    assert run(["notice", "check"]) == 4
    assert f"fault: {fault}" in capsys.readouterr().out


def test_every_translation_is_used(terms: Notice) -> None:
    assert set(terms.translations) == {text for _, text in list_english(terms)}


def test_a_page_says_its_language_and_shows_html_as_text(
    change: Callable[[str, str], Notice],
) -> None:
    terms = change('name = "Genano Solutions Oy"', 'name = "<b>Keino</b>"')
    page = write_page(write_notice(terms, "sv"), "sv")
    assert '<html lang="sv">' in page
    assert "<title>Dataskyddsbeskrivning</title>" in page
    assert "&lt;b&gt;Keino" in page
    assert '<th scope="col">' in write_page(write_record(terms, "sv"), "sv")


def test_the_command_writes_a_page_or_markdown(
    tmp_path: Path, terms: Notice, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, write in (("text", write_notice), ("record", write_record)):
        page, plain = tmp_path / f"{kind}.html", tmp_path / f"{kind}.md"
        for path in (page, plain):
            assert run(["notice", kind, "--language", "fi", "--out", str(path)]) == 0
        said = write(terms, "fi")
        assert plain.read_text(encoding="utf-8") == said
        assert page.read_text(encoding="utf-8") == write_page(said, "fi")
        capsys.readouterr()
        assert run(["notice", kind, "--language", "fi"]) == 0
        assert capsys.readouterr().out == said


def test_another_language_is_wrong_usage(terms: Notice) -> None:
    with pytest.raises(UsageError, match="language is one of en, fi, sv"):
        write_notice(terms, "de")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("write", [write_notice, write_record])
def test_a_page_is_whole_and_breaks_no_rule_of_wcag(
    terms: Notice, tmp_path: Path, write: Callable[[Notice, str], str]
) -> None:
    html = tmp_path / "page.html"
    html.write_text(write_page(write(terms, "fi"), "fi"), encoding="utf-8")
    assert find_faults(html) == []
