"""A person's answer holds everything of the person and nothing of anybody else."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from answering import NOW, Desk, make_desk
from asking import read_rows
from erasing import YEARS
from everything import MARKS, MOVED, OTHER, OWN, TWIN
from lab import CHROMIUM
from opening import find_faults
from small import IDENTITY, KEY

from genlib import notice as notices
from genlib.errors import Refused, UsageError
from genlib.present import words as spoken
from genlib.present.words import Words
from genlib.publish.writer import publish
from genlib.register.database import create_register
from genlib.register.schema import Base, table
from genlib.register.store import plain_schema
from genlib.register.vault import PseudonymKey
from genlib.reports import catalogue
from genlib.rights import codes
from genlib.rights.erasure import Workplace, enter_untold
from genlib.rights.gathering import (
    BY_DIGEST,
    BY_ROW,
    BY_SUBJECT,
    OF_EMPLOYEES,
    OF_NOBODY,
    find_ways,
)
from genlib.rights.handing import RECEIPT
from genlib.rights.inspection import DATA, PAGE, Manner
from genlib.rights.requests import Case, find_request
from genlib.rights.sections import BY_FIELD, WITHIN, is_number
from genlib.rights.sections import BY_ROW as ROW_SECTIONS
from genlib.rights.writing import find_context


@pytest.fixture(scope="module")
def answers(filled: Desk) -> dict[str, tuple[str, dict[str, Any]]]:
    """The answer to one person in each language."""
    return {one: filled.answer(filled.ask(), language=one) for one in ("fi", "sv", "en")}


class Reader(HTMLParser):
    """What stands on a page: its texts, and the tags around them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(re.sub(r"(?s)<style>.*?</style>", "", page))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.texts)


def test_no_table_of_the_register_is_forgotten() -> None:
    ways = set(find_ways())
    others = [set(BY_DIGEST), set(BY_ROW), set(BY_SUBJECT), set(OF_NOBODY)]
    assert ways | set.union(*others) == set(Base.metadata.tables)
    assert ways & set.union(*others[1:]) == set()


@pytest.mark.notice("N8.9")
def test_each_table_of_people_has_its_place_on_the_page() -> None:
    told = {*BY_FIELD, *ROW_SECTIONS, *WITHIN}
    assert told == set(Base.metadata.tables) - set(OF_NOBODY)


@pytest.mark.notice("N9.1")
def test_the_person_has_rows_in_every_table(answers: dict[str, Any]) -> None:
    tables = answers["fi"][1]["tables"]
    empty = {name for name, rows in tables.items() if not rows}
    assert empty == {"held_identifier"}
    assert set(tables) == set(Base.metadata.tables) - set(OF_NOBODY) - set(BY_SUBJECT)
    assert [row["id"] for row in tables["customer"]] == [OWN, TWIN]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_nothing_of_another_is_told(answers: dict[str, Any], language: str) -> None:
    page, data = answers[language]
    for text in (page, json.dumps(data, ensure_ascii=False)):
        assert MARKS[OTHER] not in text
        assert "020280-901H" not in text
        assert "123479" not in text
        assert "1 234,79" not in text.replace("\u00a0", " ")


@pytest.mark.notice("N9.1")
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_text_of_the_person_is_on_the_page(answers: dict[str, Any], language: str) -> None:
    page, data = answers[language]
    shown = Reader(page).text
    hidden = {"campaign", "survey", "survey_question", "source_key", "missing_row", "refresh_row"}
    for name, rows in data["tables"].items():
        for row in rows if name not in hidden else []:
            texts = [value for value in row.values() if MARKS[OWN] in str(value)]
            assert [text for text in texts if text not in shown] == []
    for text in ("010180-900T", "Kevätkirje", "Kevätkysely", f"{MARKS[OWN]}shop"):
        assert text in shown
    assert f"{MARKS[OWN]}aihe" in shown


def test_what_a_housemate_forbade_is_not_told(filled: Desk, answers: dict[str, Any]) -> None:
    entries = read_rows(filled.officer.register, "suppression")
    assert MOVED in {entry["since"] for entry in entries}
    assert [row["identifier"] for row in answers["fi"][1]["tables"]["suppression"]] == ["address"]
    assert f"{MOVED:%Y-%m-%d}" not in json.dumps(answers["fi"][1])


def test_amounts_are_told_to_the_cent(answers: dict[str, Any]) -> None:
    assert "1 234,73 €" in Reader(answers["fi"][0]).text.replace("\u00a0", " ")


def test_a_message_comes_with_its_verdict(answers: dict[str, Any]) -> None:
    [contact] = answers["en"][1]["tables"]["campaign_contact"]
    assert (contact["allowed"], contact["reason"]) == (False, "channel_prohibition")
    assert Words("fi").label("why", "channel_prohibition") in Reader(answers["fi"][0]).text


def test_look_ups_are_told_without_the_employee(answers: dict[str, Any]) -> None:
    page, data = answers["fi"]
    assert "customer_service" in {one["purpose"] for one in data["lookups"]}
    assert "billing" not in {one["purpose"] for one in data["lookups"]}
    assert "asiakaspalvelu" in Reader(page).text
    for text in (page, json.dumps(data)):
        assert "Virkailija" not in text
        assert "privacy officer" not in text


@pytest.mark.notice("N6.12")
def test_sources_are_the_persons_own(answers: dict[str, Any]) -> None:
    assert answers["fi"][1]["sources"] == ["DATA_SUBJECT"]
    assert "luottotietopalvelu" not in Reader(answers["fi"][0]).text


def test_the_companys_own_business_is_not_told(answers: dict[str, Any]) -> None:
    assert "987654" not in json.dumps(answers["fi"][1])


@pytest.mark.notice("N9.7")
def test_figures_for_segments_are_the_persons_own(answers: dict[str, Any]) -> None:
    figures = answers["fi"][1]["figures_for_segments"]
    assert figures["frequency"] == 0
    assert figures["monetary"] is None


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_the_page_speaks_one_language(answers: dict[str, Any], language: str) -> None:
    english = {text.strip() for text in Reader(answers["en"][0]).texts}
    shown = {text.strip() for text in Reader(answers[language][0]).texts}
    values = json.dumps(answers["en"][1], ensure_ascii=False)
    plain = {text for text in english & shown if re.search(r"[A-Za-z]{3}", text)}
    contact = notices.load().contact
    named = {f"{Words(language).translate(contact.role)}, {contact.name}, {contact.email}", "Form"}
    controller = notices.load().controller.street
    assert {one for one in plain - named if one not in values and controller not in one} == set()


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_table_field_and_code_has_words(language: str) -> None:
    known = spoken.catalogue(language)
    wanted = {("table", name) for name in Base.metadata.tables.keys() - OF_NOBODY.keys()}
    for name in (*BY_FIELD, *ROW_SECTIONS):
        columns = [one for one in plain_schema(name) if not is_number(name, one)]
        untold = {*OF_EMPLOYEES.get(name, ()), "digest"}
        wanted |= {("field", one) for one in columns if one not in untold}
        for column in table(name).columns:
            if isinstance(column.type, sa.Enum) and column.name != "source":
                context = find_context(name, column.name)
                wanted |= {(context, code) for code in column.type.enums}
    wanted |= {("way", form) for form in codes.FORMS}
    wanted |= {("identity_check", method) for method in codes.IDENTITY_METHODS}
    grounds = (*codes.REFUSAL_GROUNDS, *codes.CORRECTION_GROUNDS, *codes.RESTRICTION_GROUNDS)
    wanted |= {("request_ground", ground) for ground in (*grounds, *codes.OBJECTIONS)}
    wanted |= {("extension", reason) for reason in codes.EXTENSIONS}
    assert {one for one in wanted - known.keys() if ("code", one[1]) not in known} == set()


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_retention_has_words(language: str) -> None:
    rules = notices.load().retention.values()
    assert Words(language).missing(one.after for one in rules) == []


def test_the_page_has_one_title_named_tables_and_heads(answers: dict[str, Any]) -> None:
    tags = Reader(answers["sv"][0]).tags
    names = [tag for tag, _ in tags]
    assert names.count("h1") == 1
    assert ("html", {"lang": "sv"}) in tags
    assert all(given.get("aria-label") for tag, given in tags if tag == "table")
    assert all(given.get("scope") in {"col", "row"} for tag, given in tags if tag == "th")
    assert not {"script", "img", "link", "iframe"} & set(names)
    linked = {given["href"] for tag, given in tags if tag == "a"}
    assert linked <= {f"#{given['id']}" for tag, given in tags if "id" in given}


def test_what_a_person_wrote_is_no_markup(answers: dict[str, Any]) -> None:
    assert "<moittii>" not in answers["fi"][0]
    assert "&lt;moittii&gt; &amp; kysyy" in answers["fi"][0]


@pytest.fixture(scope="module")
def released(filled: Desk) -> Desk:
    """The same register with a release, reports of it and of two that are gone, and contact lists;
    answered by somebody who holds the pseudonym key."""
    office = replace(filled.office, pseudonym=KEY)
    register = filled.officer.register
    enter_untold(filled.officer, Workplace(IDENTITY, office.home, YEARS))
    terms = {"notice": office.notice, "releases": office.releases, "common": office.home}
    made = publish(
        "customer_analysis", register, KEY, now=NOW, time_zone="Europe/Helsinki", **terms
    )
    gone = {"2019-10-01T0400Z-aaaaaa": "2019-09", "2026-08-01T0400Z-bbbbbb": "2026-07"}
    for release, period in {**gone, made.release_id: "2026-10"}.items():
        slot = catalogue.Slot("customer_analysis", period, "fi")
        manifest = {
            "run_id": f"{release[:15]}00Z-cccccc",
            "status": "good",
            "slot": vars(slot),
            "release": {"purpose": "customer_analysis", "id": release},
        }
        catalogue.keep(office.reports, slot, {}, manifest)
    (office.home / "audiences").mkdir()
    for number, name in ((OWN, "K1-post"), (OTHER, "K2-post")):
        (office.home / "audiences" / f"{name}.csv").write_text(f"contact,name\n{number},x\n")
    return Desk(filled.officer, office)


@pytest.mark.notice("N9.7")
def test_coded_copies_are_linked_with_the_key(released: Desk) -> None:
    page, data = released.answer(released.ask())
    [first, second] = sorted(data["coded_copies"], key=lambda copy: copy["rows"]["invoice"])
    assert (first["rows"]["invoice"], second["rows"]["invoice"]) == (0, 1)
    assert second["values"]["age_band"] == "45-54"
    assert second["groups"]["alive"] == "once"
    assert Words("fi").label("segment", second["groups"]["segment"]) in Reader(page).text
    assert "ca1-" not in page


def test_reports_are_told_of_releases_that_hold_the_person_or_are_gone(released: Desk) -> None:
    page, data = released.answer(released.ask())
    periods = [one["period"] for one in data["reports_that_may_count_the_person"]]
    assert periods == ["2026-10", "2026-07"]
    assert "lokakuu\u00a02026" in Reader(page).text


def test_contact_lists_are_told(released: Desk) -> None:
    page, data = released.answer(released.ask())
    assert data["contact_lists"] == ["K1-post"]
    assert "K1-post" in Reader(page).text


def test_without_the_key_it_is_said_that_copies_were_not_searched(
    answers: dict[str, Any],
) -> None:
    assert answers["en"][1]["coded_copies"] is None
    assert "were not searched" in Reader(answers["en"][0]).text


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_page_is_whole_and_breaks_no_rule_of_wcag(released: Desk) -> None:
    number = released.ask()
    released.answer(number)
    assert find_faults(released.office.find_folder(number) / PAGE) == []


def test_another_pseudonym_key_is_refused(released: Desk) -> None:
    number = released.ask()
    other = replace(released.office, pseudonym=PseudonymKey(bytes(32)))
    with pytest.raises(Refused, match="pseudonym key"):
        Desk(released.officer, other).answer(number)


def test_a_receipt_names_the_decision_and_the_files(filled: Desk) -> None:
    number = filled.ask()
    filled.answer(number)
    folder = filled.office.find_folder(number)
    receipt = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
    assert (receipt["decision"], receipt["law"]) == ("granted", ["GDPR 15"])
    for name, digest in receipt["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert set(receipt["files"]) == {PAGE, DATA}
    assert MARKS[OWN] not in json.dumps(receipt)


def test_files_are_for_their_owner_only(filled: Desk) -> None:
    number = filled.ask()
    filled.answer(number)
    folder = filled.office.find_folder(number)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}


def test_nothing_is_given_before_the_identity_check(filled: Desk) -> None:
    number = filled.ask(confirmed=False)
    with pytest.raises(Refused, match="identity check"):
        filled.answer(number)
    assert not filled.office.find_folder(number).exists()


def test_somebody_unknown_is_told_that_there_is_nothing(filled: Desk) -> None:
    number = filled.ask(customer=None, confirmed=False)
    page, data = filled.answer(number, language="en")
    assert "has no personal data about you" in Reader(page).text
    assert data["is_processed"] is False
    assert MARKS[OWN] not in page
    assert find_request(filled.officer.register, number).decision == "granted"


def test_columns_are_left_out_on_a_ground(filled: Desk) -> None:
    number = filled.ask()
    page, data = filled.answer(
        number, withheld=("feedback.topic", "feedback.comment"), ground="rights_of_others"
    )
    assert "moittii" not in page + json.dumps(data)
    assert f"{MARKS[OWN]}aihe" not in page + json.dumps(data)
    assert "Palautteet: Kommentti" in Reader(page).text
    done = find_request(filled.officer.register, number)
    assert (done.decision, done.ground) == ("partly", "rights_of_others")


@pytest.mark.parametrize(
    ("manner", "match"),
    [
        ({"language": "de"}, "fi, sv, en"),
        ({"withheld": ("feedback.comment",)}, "needs a ground"),
        ({"ground": "rights_of_others"}, "something left out"),
        ({"withheld": ("feedback.id",), "ground": "rights_of_others"}, "no such column"),
        ({"withheld": ("feedback.comment",), "ground": "claims"}, "no such ground"),
    ],
)
def test_a_manner_is_of_the_laws_lists(manner: dict[str, Any], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        Manner(**manner)


def test_who_is_stopped_before_the_decision_finishes_with_the_same_command(
    filled: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = filled.ask()

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Case, "decide", stop)
        with pytest.raises(KeyboardInterrupt):
            filled.answer(number)
    assert MARKS[OWN] in filled.read(number)[0]
    assert find_request(filled.officer.register, number).decided_at is None
    filled.answer(number)
    with pytest.raises(UsageError, match="decided before"):
        filled.answer(number)


def test_a_server_gives_the_same_answer(
    postgresql_url: str, tmp_path: Path, answers: dict[str, Any]
) -> None:
    register = create_register(postgresql_url)
    desk = make_desk(register, tmp_path)
    _, data = desk.answer(desk.ask())
    _, expected = answers["fi"]
    for name in expected["tables"].keys() - {"subject_request", "suppression"}:
        assert data["tables"][name] == expected["tables"][name]
    register.engine.dispose()
