"""The notice obeys itself: what contradicts it stops the start, in one line."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genlib import notice
from genlib.cli import run
from genlib.errors import NoticeError, Refused, UsageError
from genlib.register.columns import SOURCES
from genlib.register.schema import Base

TABLES = {
    table.name: [column.name for column in table.columns] for table in Base.metadata.tables.values()
}
TEXT = notice.DEFAULT.read_text(encoding="utf-8")


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert old in TEXT
    path = tmp_path / "notice.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.notice("N5.7")
def test_the_catalogue_and_the_register_name_the_same_columns() -> None:
    notice.load().check_schema(TABLES)


@pytest.mark.notice(
    "N4.6",
    "N4.7",
    "N4.8",
    "N4.9",
    "N4.10",
    "N4.11",
    "N4.12",
    "N4.13",
    "N4.14",
    "N4.15",
    "N4.16",
    "N4.17",
    "N4.18",
    "N4.19",
    "N4.20",
    "N4.21",
    "N4.22",
    "N4.23",
    "N6.1",
    "N6.2",
    "N6.3",
    "N6.4",
    "N6.5",
    "N6.6",
    "N6.7",
    "N6.8",
    "N6.9",
    "N6.10",
)
def test_every_use_and_source_of_the_notice_is_there() -> None:
    terms = notice.load()
    clauses = {clause for use in terms.purposes.values() for clause in use.requirements}
    assert clauses >= {f"N4.{number}" for number in range(6, 24)}
    assert tuple(terms.sources) == SOURCES


@pytest.mark.notice("N5.2")
def test_secrets_are_classed_as_such_and_granted_to_nobody_but_redacted() -> None:
    terms = notice.load()
    secret = [
        terms.columns[t.name][c.name]
        for t in Base.metadata.tables.values()
        for c in t.columns
        if c.info.get("secret")
    ]
    assert {column.sensitivity for column in secret} == {"direct", "restricted"}
    assert {way for column in secret for ways in column.grants.values() for way in ways} == {
        "redacted"
    }


@pytest.mark.notice("N1.1", "N2.1", "N4.5", "N4.25", "N5.6", "N5.9")
@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('name = "Genano Solutions Oy"', 'name = " "', "controller.name is empty"),
        ('street = "Vesuritie 6"\n', "", "controller: street is missing"),
        ('role = "Data protection officer"', 'role = ""', "contact.role is empty"),
        ('email = "dataprotection@controller.example"', "", "contact: email is missing"),
        (
            'grounds = ["ASSIGNMENT"], en = "billing"',
            'grounds = ["WHIM"], en = "billing"',
            "purposes.billing: unknown ground WHIM",
        ),
        (
            'purposes = ["billing", "credit"]',
            'purposes = ["fun"]',
            r"customer\.personal_id: unknown purpose fun; the list of uses is closed",
        ),
        (
            'purposes = ["analysis", "segmentation"',
            'purposes = ["fun", "segmentation"',
            "releases.customer_analysis: unknown purpose fun",
        ),
        (
            'ground = "CUSTOMER_RELATIONSHIP"',
            'ground = "WHIM"',
            "releases.customer_analysis: unknown ground WHIM",
        ),
        (
            'ca = "age_band"',
            'ca = "age_in_dog_years"',
            "customer.birth_year: unknown coarsening age_in_dog_years for customer_analysis",
        ),
        (
            'ca = "age_band"',
            'xx = "age_band"',
            "customer.birth_year: unknown grant xx; releases have the codes ca, sa, ch",
        ),
        (
            'phone = { class = "direct"',
            'phone = { class = "direct", ch = "keep"',
            "customer.phone: class direct may not be granted to campaign",
        ),
        (
            'comment = { class = "restricted", sa = "redacted"',
            'comment = { class = "restricted", sa = "keep"',
            "class restricted may not be",
        ),
        (
            'company_id = { class = "key", ca = "keyed", sa = "keyed", ch = "keyed" }',
            'company_id = { class = "key", ca = "keyed", sa = "keyed", ch = "keyed" }\n'
            'religion = { class = "attribute" }',
            "special categories",
        ),
        (
            'company_id = { class = "key", ca = "keyed", sa = "keyed", ch = "keyed" }',
            'company_id = { class = "health" }',
            "class health and this name are not announced",
        ),
        ('retention = "relationship"', 'retention = "for ever"', "unknown retention for ever"),
        (
            'purposes = ["customer_relationship", "billing"]',
            "purposes = []",
            "company.id: no purpose",
        ),
        ("k = 5", "k = 1", "anonymity.k must be at least 2"),
        ("min_count = 5", "min_count = 2", "disclosure.min_count must never be below 3"),
        ("flag_base = 30", "flag_base = 30\nwhim = 1", "disclosure: unknown entry whim"),
        ("keep_months = 36", "keep_months = 0", "reports.keep_months must be at least 1"),
        ("keep_months = 36\n", "", "reports: keep_months is missing"),
        (
            "four_eyes = false",
            'four_eyes = "perhaps"',
            r"reports.four_eyes: not a true or false \(line \d+\)",
        ),
        ("keep_months = 36", 'keep_months = "long"', "reports.keep_months: not a whole number"),
        (
            'history = { years = 3, after = "the event"',
            "event = 3 #",
            "retention.event: not a table",
        ),
        ('fi = "yhtiön johto"', 'fi = " "', "reports.recipients.fi is empty"),
        ('fi = "yhtiön johto", ', "", "reports.recipients: fi is missing"),
        ('version = "2026-5"', "version = ", "the notice is not TOML"),
    ],
)
def test_a_notice_that_contradicts_itself_is_refused(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    with pytest.raises(NoticeError, match=fault) as error:
        notice.load(changed(tmp_path, old, new))
    assert "\n" not in str(error.value)


def test_a_report_knows_its_readers_and_its_end() -> None:
    reports = notice.load().reports
    assert (reports.recipients.fi, reports.keep_months) == ("yhtiön johto", 36)
    assert not reports.four_eyes


def test_a_notice_that_says_nothing_of_four_eyes_wants_none(tmp_path: Path) -> None:
    older = changed(tmp_path, "four_eyes = false\n", "")
    assert not notice.load(older).reports.four_eyes


def test_a_notice_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError,
        match=r"no notice can be read at .*none.toml \(No such file or directory\); name it with "
        r"GENLIB_NOTICE",
    ):
        notice.load(tmp_path / "none.toml")


@pytest.mark.notice("N5.6", "N5.7")
def test_a_column_without_an_entry_is_refused() -> None:
    with pytest.raises(
        NoticeError, match=r"customer\.shoe_size is in the register but not in the catalogue"
    ):
        notice.load().check_schema({**TABLES, "customer": [*TABLES["customer"], "shoe_size"]})


@pytest.mark.notice("N5.7")
def test_an_entry_without_a_column_is_refused() -> None:
    with pytest.raises(
        NoticeError,
        match=r"feedback\.channel is in the catalogue but not.*and 8 more: genlib notice check",
    ):
        notice.load().check_schema(
            {name: columns for name, columns in TABLES.items() if name != "feedback"}
        )


def test_what_is_not_granted_is_denied() -> None:
    terms = notice.load()
    assert set(terms.granted("customer_analysis")) == {"customer", "invoice", "interaction"}
    assert "due_on" not in terms.granted("customer_analysis")["invoice"]


def test_an_unknown_release_purpose_is_a_wrong_use() -> None:
    with pytest.raises(
        UsageError, match="no such release purpose; the notice has customer_analysis"
    ):
        notice.load().granted("fun")


@pytest.mark.notice("N5.9")
def test_special_categories_are_told_by_their_names() -> None:
    names = (
        "health_status",
        "religion",
        "ethnicity",
        "trade_union",
        "sexual_orientation",
        "biometric_hash",
        "criminal_record",
        "uskonto",
    )
    assert all(notice.SPECIAL.search(name) for name in names)
    assert not any(
        notice.SPECIAL.search(column) for columns in TABLES.values() for column in columns
    )


def test_the_notice_reads_a_line_a_column() -> None:
    lines = re.findall(r"^(\w+) = \{ class", TEXT, flags=re.M)
    assert len(lines) == sum(len(columns) for columns in TABLES.values())


# -- any file may lie where the notice should ------------------------------------------------------

PARSED = tomllib.loads(TEXT)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every entry of the notice."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in entries:
        yield (*path, name)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, name))


STRANGE = st.one_of(
    st.sampled_from([None, True, 0, -1, 10**30, 1.5, "", " ", "../..", "a\nb", "class", [], {}]),
    st.sampled_from([[1], ["x", 1], {"x": 1}, {"x": {}}, date(2026, 1, 1), [[]], "keep", "drop"]),
    st.text(max_size=5),
    st.integers(),
)


@settings(deadline=None, max_examples=300)
@given(way=st.sampled_from(list(places(PARSED))), value=STRANGE, rename=st.booleans())
def test_anything_in_any_place_is_taken_or_refused_in_one_line(
    way: tuple[Any, ...], value: Any, rename: bool
) -> None:
    raw = copy.deepcopy(PARSED)
    *above, name = way
    place = raw
    for step in above:
        place = place[step]
    if rename and isinstance(value, str) and isinstance(place, dict):
        place[value] = place.pop(name)
    else:
        place[name] = value
    try:
        terms = notice.build(raw)
        assert list(terms.faults()) == list(terms.faults())
        terms.check_schema(TABLES)
        for purpose in terms.releases:
            terms.granted(purpose)
    except NoticeError as refusal:
        assert "\n" not in str(refusal)  # noqa: PT017 - some values are good


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("k = 5", "k = true", "anonymity.k: not a whole number"),
        ("valid_from = 2026-01-01", "valid_from = 2026-01-01T00:00:00Z", "valid_from: not a date"),
        ('q1 = "sms" ', "q1 = 7 ", "permission.q1: not a text or true or false|permission.q1: not"),
        ('q1 = "sms" ', 'q1 = "letters" ', "permission switch q1: choose one of sms, calls"),
        ('q1 = "sms" ', 'q99 = "sms" ', "permission: no switch q99"),
        ("internal = 3", 'internal = "three"', "disclosure.profiles.internal: not a whole number"),
        ("internal = 3", "internal = 2", "disclosure.min_count must never be below 3"),
        ("days = 400", "days = 0", "releases.customer_analysis.days must be at least 1"),
        ("days = 400", "days = 10000000", "releases.customer_analysis.days must be at most 36,525"),
        ('code = "ca"', 'code = "sa"', "unknown grant ca"),
        ('code = "ca"', 'code = "class"', "unknown grant ca|code is two to four small letters"),
        ("customer_analysis = {", '"../customer" = {', "a release is named in small letters"),
        ('derived = ["profile"]', 'derived = ["shoes"]', "nothing derived is called shoes"),
        ('marketing = ["profile"]', "marketing = []", "a profile is marketing"),
        ('marketing = ["profile"]', 'marketing = ["shoes"]', "marketing names shoes"),
        ("min_base = 10", "min_base = 4", "min_base must not be below disclosure.min_count"),
        ('version = "2026-5"', 'version = " "', "version is a text of 1 to 40 characters"),
        ('version = "2026-5"', 'digest = "00"\nversion = "2026-4"', "unknown entry digest"),
        ("[controller]", "[tables]\ncustomer = 7\n[controller]", "not TOML|tables.customer: not a"),
        ('ca = "age_band"', "ca = 7", "customer.birth_year.ca: not a list of texts"),
    ],
)
def test_values_of_another_kind_are_refused(tmp_path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(NoticeError, match=fault) as error:
        notice.load(changed(tmp_path, old, new))
    assert "\n" not in str(error.value)


def test_two_releases_with_one_code_are_refused() -> None:
    raw = copy.deepcopy(PARSED)
    raw["releases"]["other"] = raw["releases"]["customer_analysis"]
    assert "releases.other.code is another release's too" in list(notice.build(raw).faults())


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = " + b"[" * 50_000, b"a = " + b"9" * 5_000])
def test_what_is_no_notice_at_all_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notice.toml").write_bytes(content)
    with pytest.raises(NoticeError):
        notice.load(tmp_path / "notice.toml")


# -- what identifies a notice ----------------------------------------------------------------------


def test_the_digest_is_of_what_the_notice_says_and_not_of_its_layout(tmp_path: Path) -> None:
    commented = changed(tmp_path, "k = 5", "# as few as may be\nk   =   5")
    assert notice.load(commented).digest == notice.load().digest
    assert notice.load(changed(tmp_path, "k = 5", "k = 6")).digest != notice.load().digest


@pytest.mark.notice("N0.1")
def test_a_notice_is_cited_by_version_and_digest() -> None:
    terms = notice.load()
    assert terms.reference == f"{terms.version} ({terms.digest[:12]}…)"


def test_the_same_version_with_another_digest_is_refused() -> None:
    terms = notice.load()
    terms.check_unchanged(terms.version, terms.digest)
    terms.check_unchanged("2025-9", "00" * 32)
    with pytest.raises(Refused, match="raise `version`"):
        terms.check_unchanged(terms.version, "00" * 32)


# -- from when it rules, and where its faults are --------------------------------------------------


def test_a_notice_is_in_force_from_its_first_day(tmp_path: Path) -> None:
    terms = notice.load()
    terms.check_in_force(terms.valid_from)
    with pytest.raises(Refused, match=r"in force from 2026-01-01 only.*GENLIB_NOTICE"):
        terms.check_in_force(date(2025, 12, 31))


def test_a_notice_to_come_is_read_and_checked_and_said_to_be_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    coming = changed(tmp_path, "valid_from = 2026-01-01", "valid_from = 2999-01-01")
    monkeypatch.setenv("GENLIB_NOTICE", str(coming))
    for command in ("show", "check"):
        assert run(["notice", command]) == 0
        assert "not in force yet: from 2999-01-01" in capsys.readouterr().out


def test_no_report_is_made_under_a_notice_to_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    coming = changed(tmp_path, "valid_from = 2026-01-01", "valid_from = 2999-01-01")
    monkeypatch.setenv("GENLIB_NOTICE", str(coming))
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path))
    assert run(["report", "run", "customer_analysis"]) == 3
    assert "is in force from 2999-01-01 only" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("k = 5", "k = 1", "k = 1"),
        ('fi = "yhtiön johto"', 'fi = " "', "recipients ="),
        ('ca = "age_band"', 'ca = "age_in_dog_years"', "birth_year ="),
        ('ca = "age_band"', "ca = 7", "birth_year ="),
        ("days = 400", "days = 0", "customer_analysis ="),
        ('retention = "relationship"', 'retention = "ever"', "id ="),
        ('street = "Vesuritie 6"\n', "", "[controller]"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(NoticeError) as error:
        notice.load(path)
    said = re.search(r"\(line (\d+)\)", str(error.value))
    assert said
    assert path.read_text(encoding="utf-8").splitlines()[int(said[1]) - 1].startswith(line)


def test_a_faulty_notice_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for old, new in [("k = 5", "k = 1"), ("k = 5", "k ="), ("k = 5", 'k = "five"')]:
        monkeypatch.setenv("GENLIB_NOTICE", str(changed(tmp_path, old, new)))
        assert run(["notice", "check"]) == 4
        assert "line " in "".join(capsys.readouterr())
