"""The report of satisfaction says what the register says, counted here a second time from its
plaintext tables."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from here import read, run_report
from sentences import sentences
from small import IDENTITY, KEY, NOW, ZONE
from sqlalchemy import delete, select, update
from workbench import ROOT, Bench

from genlib import notice as notices
from genlib.disclosure.cells import Dimension
from genlib.disclosure.counting import tabulate
from genlib.metrics.satisfaction import Balanced
from genlib.publish.writer import publish
from genlib.register.database import create_register, open_register
from genlib.register.schema import Base
from genlib.register.vault import PseudonymKey
from genlib.settings import Settings, load
from genlib.synthetic import synthesise

NOTEBOOK = ROOT / "notebooks" / "satisfaction_survey.ipynb"
TABLES = ("customer", "survey", "survey_question", "survey_invitation", "survey_answer")
Frames = dict[str, pl.DataFrame]
"""Values of a dimension in two words."""
SECOND_DAY = dt.datetime(2026, 10, 7, 4, tzinfo=dt.UTC)


def published(home: Path, now: dt.datetime = NOW, key: PseudonymKey = KEY) -> Settings:
    """The settings of a workbench with a release of what is in its register."""
    register = open_register(f"sqlite:///{home}/register.sqlite")
    publish(
        "satisfaction",
        register,
        key,
        notice=notices.load(),
        releases=home / "releases",
        common=home,
        now=now,
        time_zone=ZONE,
    )
    register.engine.dispose()
    return replace(
        load(), home=home, releases=home / "releases", reports=home / "reports", user="aino"
    )


def page(settings: Settings, **parameters: Any) -> str:
    """What a reader reads: the report's text without tags, spaces as they come."""
    run = run_report("satisfaction_survey", parameters=parameters, settings=settings)
    return read(run.html.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A synthetic register of 3,000 customers."""
    home = tmp_path_factory.mktemp("large")
    register = create_register(f"sqlite:///{home}/register.sqlite")
    synthesise(register, IDENTITY, customers=3000, seed=7)
    register.engine.dispose()
    return published(home)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same register on the second day of a survey."""
    home = tmp_path_factory.mktemp("opened")
    register = create_register(f"sqlite:///{home}/register.sqlite")
    synthesise(register, IDENTITY, customers=3000, seed=7)
    invited = Base.metadata.tables["survey_invitation"]
    is_late = invited.c.responded_at >= SECOND_DAY
    late = select(invited.c.id).where(is_late)
    answers = Base.metadata.tables["survey_answer"]
    with register.engine.begin() as connection:
        connection.execute(delete(answers).where(answers.c.invitation_id.in_(late)))
        connection.execute(update(invited).where(is_late).values(responded_at=None))
    register.engine.dispose()
    return published(home, SECOND_DAY)


@pytest.fixture(scope="module")
def finnish(large: Settings) -> str:
    return page(large)


@pytest.fixture(scope="module")
def sample(with_sample: Callable[[str], Bench]) -> Settings:
    """The sample register of 300 customers, loaded as a person would."""
    bench = with_sample("sample")
    return published(bench.home, key=bench.pseudonym_key)


def frames(settings: Settings) -> Frames:
    register = open_register(f"sqlite:///{settings.home}/register.sqlite")
    found = {table: pl.concat(register.scan(table)) for table in TABLES}
    register.engine.dispose()
    return found


def asked(tables: Frames) -> pl.DataFrame:
    """Invitations of people who are not restricted to surveys on satisfaction, with the score if
    one was given."""
    free = (
        tables["customer"]
        .filter(pl.col("restricted_from").is_null() | (pl.col("restricted_from") > NOW))
        .select(customer_id="id")
    )
    surveys = (
        tables["survey"]
        .filter(pl.col("kind") == "satisfaction")
        .select("opened_on", survey_id="id")
    )
    questions = (
        tables["survey_question"].filter(pl.col("code") == "recommend").select(question_id="id")
    )
    scores = (
        tables["survey_answer"]
        .join(questions, on="question_id")
        .filter(pl.col("score").is_between(0, 10))
    )
    invited = tables["survey_invitation"].join(free, on="customer_id").join(surveys, on="survey_id")
    return invited.join(scores.select("score", id="invitation_id"), on="id", how="left")


def net_promoters(scores: pl.Series) -> str:
    points = 100 * ((scores >= 9).sum() - (scores <= 6).sum()) / len(scores)
    return f"{points:+.0f}".replace("-", "−")


def per_cent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".", ",")


def test_score_and_response_rate_are_those_of_the_register(large: Settings, finnish: str) -> None:
    wave = asked(frames(large)).filter(pl.col("opened_on") >= dt.date(2026, 10, 1))
    scored = wave["score"].count()
    tiles = finnish[: finnish.rindex("Kuinka mielellään")]
    assert f" {net_promoters(wave['score'].drop_nulls())} nettosuositteluindeksi (NPS)" in tiles
    assert f" {per_cent(scored / wave.height)} kaikista kutsutuista antoi arvosanan" in tiles
    assert f" {wave['score'].count()} antoi arvosanan Kutsuttuja {wave.height}" in tiles


def test_of_those_reached_nothing_is_said_where_few_of_some_survey_were_not(
    large: Settings, finnish: str
) -> None:
    """They stand with those who gave no score, so whom the invitations reached is not known."""
    invited = asked(frames(large)).filter(~pl.col("delivered"), pl.col("score").is_null())
    missed = invited.filter(pl.col("opened_on") >= dt.date(2024, 11, 1)).group_by("opened_on").len()
    assert 0 < missed["len"].min() < 5  # type: ignore[operator]
    assert "Kutsun tavoittamista" not in finnish[: finnish.rindex("Kuinka mielellään")]


def test_of_few_the_score_of_the_year_is_told(sample: Settings) -> None:
    """Groups of the 26 who gave a score are too small for any table, but their score is not."""
    score = net_promoters(scores_of_the_year(sample))
    said = page(sample)
    assert f"Nettosuositteluindeksi (NPS) 12 kuukauden aikana oli {score}." in said


def scores_of_the_year(settings: Settings) -> pl.Series:
    """The latest score of each person invited in the twelve months up to October 2026."""
    beginning = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)
    year = asked(frames(settings)).filter(pl.col("sent_at") >= beginning)
    return year.sort("sent_at").unique("customer_id", keep="last")["score"].drop_nulls()


def test_the_year_is_told_beside_an_open_survey(opened: Settings, tmp_path: Path) -> None:
    alone = replace(opened, home=tmp_path, reports=tmp_path / "reports")
    score = net_promoters(scores_of_the_year(opened))
    said = page(alone, unfinished=True)
    assert f"Nettosuositteluindeksi (NPS) 12 kuukauden aikana oli {score}." in said
    assert "päiviä tähän mennessä: 2" in said


def test_a_year_tells_all_its_surveys_together(large: Settings, tmp_path: Path) -> None:
    alone = replace(large, home=tmp_path, reports=tmp_path / "reports")
    year = asked(frames(large)).filter(pl.col("opened_on").dt.year() == 2025)
    latest = year.sort("sent_at").unique("customer_id", keep="last")
    rate = latest["score"].count() / latest.height
    said = page(alone, period="2025")
    tiles = said[: said.rindex("Kuinka mielellään")]
    assert f" {net_promoters(latest['score'].drop_nulls())} nettosuositteluindeksi (NPS)" in tiles
    assert f" {per_cent(rate)} kaikista kutsutuista antoi arvosanan" in tiles
    assert f"({latest.height:,} ".replace(",", " ").rstrip() in said
    assert "12 kuukau" not in said.replace("viimeiset 12 kuukautta, sillä", "")


def test_a_quarter_tells_its_survey_and_no_other(large: Settings, tmp_path: Path) -> None:
    alone = replace(large, home=tmp_path, reports=tmp_path / "reports")
    wave = asked(frames(large)).filter(pl.col("opened_on") == dt.date(2026, 4, 7))
    said = page(alone, period="2026-Q2", language="en")
    assert f"gave a score Of {wave.height} invited" in said
    assert f"of the {wave.height} invited in the period" in said
    assert "in twelve months" not in said


@pytest.mark.parametrize("period", ["2026-10", "2026-Q4"])
def test_an_open_survey_is_marked_and_not_compared(
    opened: Settings, tmp_path: Path, period: str
) -> None:
    alone = replace(opened, home=tmp_path, reports=tmp_path / "reports")
    said = page(alone, period=period, unfinished=True, language="en")
    told = re.split("The NPS tells of those who answer|What cannot be told(?= No)", said)[0]
    assert "The latest survey is still open (days so far: 2)" in told
    assert not re.search(r"rose|fell|\bfrom the previous\b|→|not more than chance", told)


def test_those_who_may_not_be_asked_are_counted(large: Settings, finnish: str) -> None:
    left = json.loads(
        next((large.releases / "satisfaction").glob("*/manifest.json")).read_text(encoding="utf-8")
    )["left_out"]
    assert re.search(
        rf"\b{left['satisfaction_prohibition']} asiakasta \([\d,]+ %\) on kieltänyt "
        r"markkinatutkimukset",
        finnish,
    )


def test_nothing_english_is_left(finnish: str) -> None:
    said = [text for text in sentences("satisfaction_survey") if "{" not in text]
    assert [text for text in said if text in finnish] == []
    assert (
        re.findall(
            r"\b(?:the|of|and|customers|survey|promoter|detractor|complaint|unknown|others)\b",
            finnish,
        )
        == []
    )


def test_a_period_without_a_survey_says_so(large: Settings) -> None:
    assert (
        "Jaksolla ei tehty kyselyä: luvut ovat sitä edeltävästä kyselystä, heinäkuu 2026."
        in page(large, period="2026-09")
    )


def test_a_time_before_all_surveys_makes_a_page(large: Settings) -> None:
    assert "Kyselyjä ei ole vielä tehty." in page(large, period="2023-05", language="fi")


def test_a_quarter_without_a_survey_says_so(large: Settings, tmp_path: Path) -> None:
    """It tells no figure of another quarter."""
    shutil.copy(large.home / "register.sqlite", tmp_path / "register.sqlite")
    shutil.copy(large.home / "register.sqlite.audit", tmp_path / "register.sqlite.audit")
    register = open_register(f"sqlite:///{tmp_path}/register.sqlite")
    surveys = Base.metadata.tables["survey"]
    july = surveys.c.opened_on == dt.date(2026, 7, 6)
    with register.engine.begin() as connection:
        connection.execute(update(surveys).where(july).values(kind="opinion"))
    register.engine.dispose()
    said = page(published(tmp_path), period="2026-Q3", language="sv")
    assert "Ingen enkät gjordes under perioden." in said
    untold = said[said.rindex("Vad som inte kan redovisas") :]
    assert "Hur gärna rekommenderar kunderna oss?" in untold


def test_consumers_alone_a_year_ago_in_english(large: Settings, tmp_path: Path) -> None:
    said = page(
        replace(large, home=tmp_path), kind="consumer", comparison="year_ago", language="en"
    )  # nothing was published there before
    assert "Only: consumers." in said
    assert "from a year ago" in said


def test_a_part_beside_the_whole_is_told(large: Settings, finnish: str) -> None:
    """It is a slice of what was told."""
    assert finnish  # the whole was published
    assert "Only: consumers." in page(large, kind="consumer", language="en")


def test_the_balanced_score_weighs_groups_by_those_asked() -> None:
    """20 young asked, 10 answered, all detractors; 60 old asked, 40 answered, all promoters: −1 ·
    20/80 + 1 · 60/80."""
    cells = [
        ("young", "detractor", 10),
        ("young", "silent", 10),
        ("old", "promoter", 40),
        ("old", "silent", 20),
    ]
    told = [
        {"person": n, "age_band": age, "group": group}
        for age, group, many in cells
        for n in range(many)
    ]
    people = (
        pl.DataFrame(told)
        .with_row_index("person_id")
        .with_columns(
            outcome=pl.when(pl.col("group") == "silent")
            .then(pl.lit("silent"))
            .otherwise(pl.lit("complete"))
        )
    )
    by = (Dimension("age_band"), Dimension("group", parents=("outcome",)))
    made = Balanced("age_band")(tabulate(people, person="person_id", by=by, population="p").frame)
    assert made.drop_nulls("nps_balanced")["nps_balanced"].to_list() == [0.5]
