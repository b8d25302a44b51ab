"""Opening a release: what an analyst sees, and what is refused in one line."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from small import Small

import genlib
from genlib import notice
from genlib import settings as configuration
from genlib.access_log import find_log
from genlib.errors import PeriodNotCovered, Refused, ReleaseNotFound, UsageError
from genlib.release import Manifest, Release, open_release, read_manifest
from genlib.settings import Settings

ID, OLDER = "2026-11-01T0400Z-5f2c91", "2026-10-01T0400Z-aaaaaa"
COLUMN = {"type": "UInt32", "coarsening": "number"}
MANIFEST = Manifest(
    release_id=ID,
    purpose="customer_analysis",
    published_at="2026-11-01T04:00:00Z",
    notice_version="2026-1",
    notice_digest=notice.load().digest,
    genlib_version="0.1.0",
    schema={
        "profile": {"customer": COLUMN},
        "customer": {"customer": COLUMN, "age_band": {"type": "String", "coarsening": "age_band"}},
    },
    rows={"profile": 2, "customer": 3},
    people=3,
    left_out={"restricted": 1, "too_rare": 0},
    k={"required": 5, "reached": 6, "rows_coarsened": 1234},
    key_epoch=1,
    digest="5f2c91",
    time_zone="Europe/Helsinki",
)


@pytest.fixture
def places(tmp_path: Path) -> Settings:
    home = tmp_path / "customer_analysis"
    for release in (OLDER, ID):
        for table in MANIFEST.schema:
            (home / release / table).mkdir(parents=True)
            pl.DataFrame({"customer": [0, 1]}, schema={"customer": pl.UInt32}).write_parquet(
                home / release / table / "part-000.parquet"
            )
        (home / release / "manifest.json").write_text(
            replace(MANIFEST, release_id=release).to_json()
        )
    (home / "current").write_text(f"{ID}\n")
    return replace(configuration.load(), releases=tmp_path, home=tmp_path / "home")


def test_the_newest_release_and_an_older_one(places: Settings) -> None:
    assert open_release("customer_analysis", settings=places).id == ID
    assert open_release("customer_analysis", OLDER, settings=places).id == OLDER


def read_log(settings: Settings) -> list[dict[str, str]]:
    path = find_log(settings)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_an_opening_is_recorded_and_a_look_at_the_manifest_is_none(places: Settings) -> None:
    assert read_manifest("customer_analysis", settings=places).release_id == ID
    assert read_log(places) == []
    settings = replace(places, user="somebody else")
    open_release("customer_analysis", settings=settings)
    open_release("customer_analysis", OLDER, settings=settings)
    first, second = read_log(places)
    login = pwd.getpwuid(os.geteuid()).pw_name
    assert (first["user"], first["named"]) == (login, "somebody else")
    assert (first["purpose"], first["release"], second["release"]) == (
        "customer_analysis",
        ID,
        OLDER,
    )
    assert datetime.fromisoformat(first["at"]).utcoffset() == timedelta()
    assert stat.S_IMODE(find_log(places).stat().st_mode) == 0o600


def test_what_cannot_be_opened_is_not_recorded(places: Settings) -> None:
    with pytest.raises(ReleaseNotFound):
        open_release("satisfaction", settings=places)
    assert read_log(places) == []


@pytest.mark.parametrize("obstacle", ["folder", "link", "file above"])
def test_an_opening_that_cannot_be_recorded_is_refused(
    places: Settings, tmp_path: Path, obstacle: str
) -> None:
    log = tmp_path / "shared" / "access.jsonl"
    log.parent.mkdir()
    if obstacle == "folder":
        log.mkdir()
    elif obstacle == "link":
        log.symlink_to(tmp_path / "elsewhere")
    else:
        log.parent.rmdir()
        log.parent.write_text("")
    with pytest.raises(Refused, match="cannot be recorded in") as refusal:
        open_release("customer_analysis", settings=replace(places, access_log=log))
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "elsewhere").exists()


def test_a_table_is_a_lazy_frame(places: Settings) -> None:
    frame = open_release("customer_analysis", settings=places)["profile"]
    assert isinstance(frame, pl.LazyFrame)
    assert frame.collect()["customer"].to_list() == [0, 1]


def test_its_tables_are_listed_and_asked_for_by_name(places: Settings) -> None:
    release = open_release("customer_analysis", settings=places)
    assert list(release) == list(release.tables)
    assert ("profile" in release, "profiles" in release) == (True, False)


def test_a_manifest_survives_writing(places: Settings) -> None:
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST


@pytest.mark.parametrize(
    ("purpose", "release", "refusal"),
    [
        (
            "marketing",
            "current",
            "no such release purpose; the notice has customer_analysis, satisfaction, "
            "campaign_history",
        ),
        (
            "satisfaction",
            "current",
            "satisfaction has not been published here; do it with: genlib publish satisfaction",
        ),
        (
            "customer_analysis",
            "2025-01-01T0000Z-000000",
            "is not here; make one with: genlib publish customer_analysis",
        ),
        ("customer_analysis", "../../etc", "that is no release id"),
        ("customer_analysis", f"../customer_analysis/{ID}", "that is no release id"),
    ],
)
def test_what_is_not_there_is_refused(
    places: Settings, purpose: str, release: str, refusal: str
) -> None:
    with pytest.raises(UsageError, match=refusal) as error:
        open_release(purpose, release, settings=places)
    assert "\n" not in str(error.value)


def test_an_unknown_table_is_refused(places: Settings) -> None:
    with pytest.raises(ReleaseNotFound, match="holds no such table; it holds profile, customer"):
        open_release("customer_analysis", settings=places)["invoice"]


def test_a_release_that_vanished_is_refused(places: Settings) -> None:
    release = open_release("customer_analysis", settings=places)
    shutil.rmtree(release.path)
    with pytest.raises(
        ReleaseNotFound,
        match="is gone; open another, or make one: genlib publish customer_analysis",
    ):
        release["profile"]


@pytest.mark.parametrize("folder", [True, False])
def test_a_table_without_files_is_refused(places: Settings, folder: bool) -> None:
    release = open_release("customer_analysis", settings=places)
    shutil.rmtree(release.path / "profile")
    if folder:
        (release.path / "profile").mkdir()
    with pytest.raises(
        ReleaseNotFound,
        match="has lost table profile; open another, or make one: genlib publish customer_analysis",
    ):
        release["profile"]


@pytest.mark.parametrize("pointer", [b"nonsense\n", b"", b"\xff\xfe", b"../../etc"])
def test_a_pointer_that_names_no_release_is_refused(places: Settings, pointer: bytes) -> None:
    (places.releases / "customer_analysis" / "current").write_bytes(pointer)
    with pytest.raises(
        ReleaseNotFound,
        match="current names no release; publish again: genlib publish customer_analysis",
    ):
        open_release("customer_analysis", settings=places)


def test_a_damaged_manifest_is_refused(places: Settings) -> None:
    (places.releases / "customer_analysis" / ID / "manifest.json").write_text("{}")
    with pytest.raises(ReleaseNotFound, match="has no readable manifest"):
        open_release("customer_analysis", settings=places)


@pytest.mark.parametrize(
    ("published_at", "time_zone", "day"),
    [
        ("2026-10-31T21:59:59Z", "Europe/Helsinki", date(2026, 10, 31)),
        ("2026-10-31T22:00:00Z", "Europe/Helsinki", date(2026, 11, 1)),
        ("2026-11-01T03:59:59Z", "America/New_York", date(2026, 10, 31)),
    ],
)
def test_it_was_published_on_a_day_of_the_company(
    published_at: str, time_zone: str, day: date
) -> None:
    manifest = replace(MANIFEST, published_at=published_at, time_zone=time_zone)
    assert manifest.published_on == day


def test_a_release_from_before_there_was_a_time_zone_is_refused(places: Settings) -> None:
    path = places.releases / "customer_analysis" / ID / "manifest.json"
    older = {name: value for name, value in asdict(MANIFEST).items() if name != "time_zone"}
    path.write_text(json.dumps(older))
    with pytest.raises(ReleaseNotFound, match="make a new one: genlib publish customer_analysis"):
        open_release("customer_analysis", settings=places)


def test_it_shows_itself(places: Settings) -> None:
    html = open_release("customer_analysis", settings=places)._repr_html_()
    told = (
        "customer_analysis",
        ID,
        "3</td>",
        "1 restricted",
        "6 (5 required; 1,234 people coarsened further)",
        "notice 2026-1",
        "age_band",
        "days and months are those of Europe/Helsinki",
    )
    assert [word for word in told if word not in html] == []
    assert "time_unit" not in html
    assert "too rare" not in html


def test_its_short_form() -> None:
    assert (
        repr(Release(Path(), MANIFEST))
        == f"Release(customer_analysis {ID}: 3 people, tables profile, customer)"
    )


def published(instant: str) -> Release:
    return Release(Path("unused"), replace(MANIFEST, published_at=instant))


@pytest.mark.parametrize("text", ["2026-10", "2026-Q3", "2025", "2020-01"])
def test_a_release_covers_what_was_over_on_its_day(text: str) -> None:
    period = published("2026-11-01T04:00:00Z").period(text)
    assert (period.label, period.is_over) == (text, True)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("2026-11", "covers months up to 2026-10; a running one"),
        ("2026-Q4", "covers quarters up to 2026-Q3; a running one"),
        ("2026", "covers years up to 2025; a running one"),
        ("2026-12", "covers months up to 2026-10; publish"),
        ("2027-03", "covers months up to 2026-10; publish"),
        ("2027", "covers years up to 2025; publish"),
    ],
)
def test_a_period_that_was_not_over_is_refused_with_the_last_that_was(text: str, last: str) -> None:
    with pytest.raises(PeriodNotCovered, match=f"the release of 14 November 2026 {last}"):
        published("2026-11-14T09:30:00Z").period(text)


@pytest.fixture
def begun(tmp_path: Path) -> Release:
    """Invoices since 15 March 2024, visits since half past midnight of 1 March in Helsinki."""
    tables = {
        "invoice": pl.DataFrame({"issued_on": [date(2024, 3, 15), date(2026, 1, 2)]}),
        "visit": pl.DataFrame(
            {"seen_at": [datetime(2024, 2, 29, 22, 30, tzinfo=UTC), None]},
            schema={"seen_at": pl.Datetime("us", "UTC")},
        ),
        "empty": pl.DataFrame(schema={"paid_on": pl.Date}),
        "note": pl.DataFrame({"text": ["a"]}),
    }
    schema = {}
    for name, frame in tables.items():
        (tmp_path / name).mkdir()
        frame.write_parquet(tmp_path / name / "part-000.parquet")
        schema[name] = {
            column: {"type": str(kind), "coarsening": "keep"}
            for column, kind in frame.schema.items()
        }
    return Release(tmp_path, replace(MANIFEST, schema=schema))


def test_a_release_begins_with_the_companys_first_day_in_any_table(begun: Release) -> None:
    assert begun.first_day == date(2024, 3, 1)
    assert published("2026-11-01T04:00:00Z").first_day is None


@pytest.mark.parametrize("text", ["2024-03", "2024-Q1", "2024", "2026-10"])
def test_a_period_in_which_the_release_begins_is_covered(text: str, begun: Release) -> None:
    assert begun.period(text).label == text


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2024-02", "nothing of months before 2024-03; it covers 2024-03 to 2026-10"),
        ("1990-01", "nothing of months before 2024-03; it covers 2024-03 to 2026-10"),
        ("2023-Q4", "nothing of quarters before 2024-Q1; it covers 2024-Q1 to 2026-Q3"),
        ("2023", "nothing of years before 2024; it covers 2024 to 2025"),
    ],
)
@pytest.mark.parametrize("unfinished", [False, True])
def test_a_period_before_the_release_begins_is_refused_with_the_first_that_there_is(
    text: str, first: str, unfinished: bool, begun: Release
) -> None:
    with pytest.raises(PeriodNotCovered, match=f"1 November 2026 tells {first}$"):
        begun.period(text, unfinished=unfinished)


def test_the_day_of_a_release_is_the_companys() -> None:
    """Half past ten at night in UTC is half past midnight in Helsinki."""
    release = published("2026-10-31T22:30:00Z")
    assert release.manifest.published_on == date(2026, 11, 1)
    assert release.period("2026-10").is_over
    with pytest.raises(PeriodNotCovered):
        published("2026-10-31T21:30:00Z").period("2026-10")


def test_an_unfinished_period_ends_the_day_before_the_release() -> None:
    release = published("2026-11-14T09:30:00Z")
    for text in ("2026-11", "2026-Q4", "2026"):
        assert release.period(text, unfinished=True).last_day == date(2026, 11, 13)
    assert release.period("2026-10", unfinished=True).is_over


@pytest.mark.parametrize("text", ["2026-12", "2027", "2026-11"])
def test_a_period_of_which_no_day_is_over_is_refused_unfinished_too(text: str) -> None:
    with pytest.raises(PeriodNotCovered, match="covers"):
        published("2026-11-01T04:00:00Z").period(text, unfinished=True)


def test_what_is_no_period_is_refused_as_everywhere() -> None:
    with pytest.raises(UsageError, match="a period is a month"):
        published("2026-11-01T04:00:00Z").period("October")


def test_the_data_reach_as_far_as_the_feed_that_is_furthest_behind() -> None:
    feeds = {
        "billing": {"run": "3", "refreshed_on": "2026-11-01", "newest": "2026-10-30"},
        "crm": {"run": "4", "refreshed_on": "2026-11-01", "newest": "2026-09-30"},
    }
    assert replace(MANIFEST, feeds=feeds).data_until == date(2026, 9, 30)
    silent = {"run": "5", "refreshed_on": "2026-11-01", "newest": ""}
    assert replace(MANIFEST, feeds=feeds | {"new": silent}).data_until is None
    assert MANIFEST.data_until is None


def test_a_release_of_an_earlier_version_says_nothing_of_feeds() -> None:
    raw = json.loads(MANIFEST.to_json())
    del raw["feeds"]
    assert Manifest.from_json(json.dumps(raw)) == MANIFEST


def test_all_releases_of_this_machine_are_listed_the_newest_first(tmp_path: Path) -> None:
    made = Small(tmp_path).people(6)
    older = made.publish("satisfaction", now=datetime(2026, 10, 1, 4, tzinfo=UTC))
    newer = made.publish("satisfaction")
    places = replace(configuration.load(), releases=tmp_path / "releases")
    (tmp_path / "releases" / "satisfaction" / "notes").mkdir()
    found = genlib.releases(settings=places)
    listed = found.select("purpose", "release", "is_current", "people").rows()
    assert listed == [
        ("satisfaction", newer.id, True, 6),
        ("satisfaction", older.id, False, 6),
    ]


def test_of_no_release_there_is_an_empty_list(tmp_path: Path) -> None:
    places = replace(configuration.load(), releases=tmp_path)
    assert genlib.releases(settings=places).is_empty()


def test_a_mistake_in_a_cell_is_one_line() -> None:
    shell = InteractiveShell()
    shell.run_cell("import genlib; genlib.open_release('nothing')")
    with capture_output() as told:
        shell.run_cell("genlib.open_release('nothing')")
    lines = told.stdout.strip().splitlines()
    assert len(lines) == 1
    assert "ReleaseNotFound: no such release purpose; the notice has customer_analysis" in lines[0]
