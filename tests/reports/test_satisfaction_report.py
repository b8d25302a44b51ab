"""The report of satisfaction says what the register says, counted here a second time from its
plaintext tables."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import polars as pl
import pytest
from small import IDENTITY, KEY, NOW
from workbench import ROOT, Bench

from genlib import notice as notices
from genlib.disclosure.cells import Dimension, tabulate
from genlib.metrics.satisfaction import Balanced, _folded
from genlib.present.words import Words
from genlib.publish.writer import publish
from genlib.register.database import create_register, open_register
from genlib.register.synthetic import synthesise
from genlib.reports import prose
from genlib.reports.run import run_report
from genlib.settings import Settings, load

NOTEBOOK = ROOT / "notebooks" / "satisfaction_survey.ipynb"
TABLES = ("customer", "survey", "survey_question", "survey_invitation", "survey_answer")
Frames = dict[str, pl.DataFrame]


def published(home: Path) -> Settings:
    """The settings of a workbench with a release of what is in its register."""
    register = open_register(f"sqlite:///{home}/register.sqlite")
    publish(
        "satisfaction", register, KEY, notice=notices.load(), releases=home / "releases", now=NOW
    )
    register.engine.dispose()
    return replace(
        load(), home=home, releases=home / "releases", reports=home / "reports", user="aino"
    )


def page(settings: Settings, **parameters: str) -> str:
    """What a reader reads: the report's text without tags, spaces as they come."""
    run = run_report("satisfaction_survey", parameters=parameters, settings=settings)
    body = re.sub(r"(?s)<style.*?</style>|<svg.*?</svg>", "", run.html.read_text(encoding="utf-8"))
    return re.sub(
        r"\s+",
        " ",
        unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").replace("\u2060", ""),
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A synthetic register of 3,000 customers."""
    home = tmp_path_factory.mktemp("large")
    register = create_register(f"sqlite:///{home}/register.sqlite")
    synthesise(register, IDENTITY, customers=3000, seed=7)
    register.engine.dispose()
    return published(home)


@pytest.fixture(scope="module")
def finnish(large: Settings) -> str:
    return page(large)


@pytest.fixture(scope="module")
def sample(with_sample: Callable[[str], Bench]) -> Settings:
    """The sample register of 300 customers, loaded as a person would."""
    return published(with_sample("sample").home)


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
    return invited.join(scores.select("score", id="invitation_id"), on="id", how="left").filter(
        "delivered"
    )


def net_promoters(scores: pl.Series) -> str:
    points = 100 * ((scores >= 9).sum() - (scores <= 6).sum()) / len(scores)
    return f"{points:+.0f}".replace("-", "−")


def test_score_and_response_rate_are_those_of_the_register(large: Settings, finnish: str) -> None:
    wave = asked(frames(large)).filter(pl.col("opened_on") >= dt.date(2026, 10, 1))
    rate = f"{100 * wave['responded_at'].count() / wave.height:.1f}".replace(".", ",")
    tiles = finnish[: finnish.index("Kuinka mielellään")]
    assert f" {net_promoters(wave['score'].drop_nulls())} nettosuositteluindeksi" in tiles
    assert f" {rate} % tavoitetuista vastasi" in tiles
    assert f" {wave['score'].count()} vastaajaa" in tiles


def test_of_few_the_year_is_told(sample: Settings) -> None:
    year = asked(frames(sample)).filter(
        pl.col("sent_at") >= dt.datetime(2025, 11, 1, tzinfo=dt.UTC), pl.col("score").is_not_null()
    )
    latest = year.sort("sent_at").unique("customer_id", keep="last")
    assert f"12 kuukauden nettosuositteluindeksi oli {net_promoters(latest['score'])}." in page(
        sample
    )


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
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    said = {
        *prose.messages(book),
        *re.findall(r'="([A-Z%][^"{}]{6,})"', str([cell["source"] for cell in book["cells"]])),
    }
    assert [text for text in said if text in finnish] == []
    assert (
        re.findall(
            r"\b(?:the|of|and|customers|survey|promoter|detractor|complaint|unknown|others)\b",
            finnish,
        )
        == []
    )


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_message_has_its_translation(language: str) -> None:
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = "".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code")
    whole = re.sub(r'"\n\s*"', "", code)  # a message over two lines
    shown = re.findall(r'(?:title|subtitle|note|label|message)="([^"]+)"', whole)
    assert Words(language).missing([*prose.messages(book), *shown]) == []


def test_a_period_without_a_survey_says_so(large: Settings) -> None:
    assert (
        "Jaksolla ei tehty kyselyä: luvut ovat sitä edeltävästä kyselystä, heinäkuu 2026."
        in page(large, period="2026-09")
    )


def test_a_time_before_all_surveys_makes_a_page(large: Settings) -> None:
    assert "Kyselyjä ei ole vielä tehty." in page(large, period="2023-05", language="fi")


def test_consumers_alone_a_year_ago_in_english(large: Settings, tmp_path: Path) -> None:
    said = page(
        replace(large, home=tmp_path), kind="consumer", comparison="year_ago", language="en"
    )  # nothing was published there before
    assert "Only: consumers." in said
    assert "from a year ago" in said


def test_a_part_says_what_it_is_of(large: Settings, tmp_path: Path) -> None:
    alone = replace(large, home=tmp_path, reports=tmp_path / "reports")
    assert "Only: consumers." in page(alone, kind="consumer", comparison="year_ago", language="en")


def test_a_part_that_is_nearly_all_is_told_beside_the_whole_with_gaps(
    large: Settings, finnish: str
) -> None:
    assert finnish  # the whole was published
    told = page(large, kind="consumer", language="en")
    hidden = re.search(r"Hidden cells (\d+) of (\d+)", told)
    assert hidden
    assert 0 < int(hidden[1]) < int(hidden[2]) / 2
    assert ".. hidden to protect small groups" in told


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


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ({"01": 70, "02": 80, "03": 9}, ["02", "others"]),
        ({"01": 40, "02": 80}, ["all"]),
        ({"01": 60, "02": 61}, ["01", "02"]),
    ],
)
def test_small_groups_are_together_and_not_small(sizes: dict[str, int], groups: list[str]) -> None:
    asked = pl.DataFrame({"region": [code for code, size in sizes.items() for _ in range(size)]})
    assert _folded(asked, "region")["region"].unique().sort().to_list() == groups
