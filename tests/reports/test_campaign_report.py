"""The report of campaigns says what the register says, counted here a second time from its
plaintext tables and from what was planted."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from here import read, run_report
from small import IDENTITY, KEY, NOW, ZONE
from workbench import ROOT, Bench

from genlib import notice as notices
from genlib.disclosure.promises import NOT_PROMISED, PROMISES
from genlib.errors import UsageError
from genlib.metrics import intervals
from genlib.present.words import Words
from genlib.publish.writer import publish
from genlib.register.database import create_register, open_register
from genlib.register.vault import PseudonymKey
from genlib.release import Release
from genlib.reports import prose
from genlib.reports import run as kernels
from genlib.reports.catalogue import Run
from genlib.settings import Settings, load
from genlib.synthetic import Truth, collect, synthesise

NOTEBOOK = ROOT / "notebooks" / "campaign_history.ipynb"
BIG, NAME = "2026-10-SUODATIN", "Suodattimen vaihtomuistutus"
PEOPLE, SEED = 6000, 5


@dataclass(frozen=True)
class World:
    """A synthetic register in plaintext, what was planted in it, and its release; those whose
    processing is restricted are in none."""

    frames: dict[str, pl.DataFrame]
    truth: Truth
    settings: Settings
    release: Release

    @property
    def sent(self) -> pl.DataFrame:
        free = (
            self.frames["customer"]
            .filter(pl.col("restricted_from").is_null() | (pl.col("restricted_from") > NOW))
            .select(customer_id="id")
        )
        campaigns = self.frames["campaign"].select("code", "starts_on", campaign_id="id")
        sent = self.frames["campaign_contact"].with_columns(
            lawful=~pl.col("id").is_in(list(self.truth.unlawful_contacts))
        )
        return sent.join(free, on="customer_id").join(campaigns, on="campaign_id")

    @property
    def october(self) -> pl.DataFrame:
        return self.sent.filter(
            pl.col("arm") == "contacted",
            pl.col("sent_at") >= dt.datetime(2026, 9, 30, 21, tzinfo=dt.UTC),
        )


def published(home: Path, key: PseudonymKey = KEY) -> tuple[Settings, Release]:
    register = open_register(f"sqlite:///{home}/register.sqlite")
    made = publish(
        "campaign_history",
        register,
        key,
        notice=notices.load(),
        releases=home / "releases",
        common=home,
        now=NOW,
        time_zone=ZONE,
    )
    register.engine.dispose()
    settings = replace(
        load(), home=home, releases=home / "releases", reports=home / "reports", user="aino"
    )
    return settings, Release(home / "releases" / "campaign_history" / made.release_id, made)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    home = tmp_path_factory.mktemp("campaigns")
    register = create_register(f"sqlite:///{home}/register.sqlite")
    synthesise(register, IDENTITY, customers=PEOPLE, seed=SEED)
    register.engine.dispose()
    return World(*collect(PEOPLE, SEED), *published(home))


def made(settings: Settings, **parameters: Any) -> Run:
    return run_report("campaign_history", parameters=parameters, settings=settings)


def page(settings: Settings, **parameters: Any) -> str:
    """What a reader reads: the report's text without tags, spaces as they come."""
    return read(made(settings, **parameters).html.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def first(world: World) -> Run:
    """The first report of the workbench."""
    return made(world.settings)


@pytest.fixture(scope="module")
def finnish(first: Run) -> str:
    return read(first.html.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def year(world: World, first: Run) -> str:
    """The page of a year that is not over, after that of October."""
    parameters = {"period": "2026", "comparison": "year_ago", "language": "en"}
    return page(world.settings, unfinished=True, **parameters)


def written(value: float, digits: int = 0) -> str:
    return f"{value:,.{digits}f}".replace(",", " ").replace(".", ",")


def test_the_contacts_are_those_of_the_register(world: World, finnish: str) -> None:
    assert f" {written(world.october.height)} yhteydenottoa" in finnish


def test_planted_contacts_against_the_rules_are_found_all_and_no_other(world: World) -> None:
    key = ["code", "channel", "sent_at"]
    codes = world.release["campaign"].select("campaign", "code")
    found = (
        world.release["campaign_contact"]
        .filter(~pl.col("allowed"))
        .join(codes, on="campaign")
        .select(key)
        .collect()
    )
    assert sorted(found.rows()) == sorted(world.sent.filter(~pl.col("lawful")).select(key).rows())


def test_their_rate_is_told_first_and_then_their_number(world: World, finnish: str) -> None:
    unlawful = world.october.filter(~pl.col("lawful")).height
    share = 100 * unlawful / world.october.height
    rate = f"{written(share, 2 if share < 1 else 1)} %"
    lead = finnish[: finnish.index(f" {rate} yhteydenotoista oli luvattomia ")]
    count = f"{world.october.height:,} yhteydenotosta {unlawful} oli luvattomia".replace(",", " ")
    assert re.search(rf"Luvattomien yhteydenottojen osuus [^.]*{rate}.*{count}", lead)
    assert "luvattomien yhteydenottojen määrä" not in finnish.lower()


def test_the_uplift_is_as_assigned_and_holds_the_planted_one(world: World, finnish: str) -> None:
    drawn = world.sent.filter(pl.col("code") == BIG)
    assert not drawn["lawful"].all()
    window = (dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    bought = world.frames["invoice"].filter(
        pl.col("amount_cents") > 0, pl.col("issued_on").is_between(*window)
    )["customer_id"]
    arms = (
        drawn.group_by("arm")
        .agg(n=pl.len(), bought=pl.col("customer_id").is_in(bought.implode()).sum())
        .sort("arm")
    )
    (n, x), (m, y) = arms.select("n", "bought").rows()
    found = intervals.difference(x, n, y, m)
    assert found.low <= world.truth.uplift[BIG] <= found.high
    told = f"{written(100 * x / n, 1)} {written(100 * y / m, 1)} +{written(100 * found.value, 1)}"
    assert f"{NAME} {written(n + m)} {told} " in finnish


def test_responses_are_of_delivered_messages(world: World, finnish: str) -> None:
    began = world.sent.filter(
        pl.col("starts_on") >= dt.date(2026, 10, 1), pl.col("delivered_at").is_not_null()
    )
    mails, came = began.filter(pl.col("channel") == "email"), pl.col("responded_at").is_not_null()
    rate = mails.filter(came)["customer_id"].n_unique() / mails["customer_id"].n_unique()
    assert (
        f" Sähköposti {written(100 * rate, 1)} "
        in finnish[finnish.index("Vastanneiden osuus viestin saaneista asiakkaista") :]
    )
    largest = began.filter(pl.col("code") == BIG)
    assert (
        f"{NAME} {written(largest.height)} {written(largest['responded_at'].count())} " in finnish
    )


def furthest(world: World) -> pl.DataFrame:
    """Those drawn for October's campaigns who answered, each once, in the channel of the answer."""
    began = world.sent.filter(pl.col("starts_on") >= dt.date(2026, 10, 1))
    answered = began.filter(pl.col("responded_at").is_not_null())
    return answered.unique("customer_id", keep="any")


def test_machines_are_not_people(world: World, finnish: str) -> None:
    """Clicks within five seconds of delivery stand at a stage of their own."""
    mails = world.sent.filter(
        pl.col("starts_on") >= dt.date(2026, 10, 1), pl.col("channel") == "email"
    )
    human = mails.filter((pl.col("clicked_at") - pl.col("delivered_at")).dt.total_seconds() > 5)
    assert human["id"].is_in(list(world.truth.machine_clicks)).sum() == 0
    human = pl.concat([human, mails.filter(pl.col("responded_at").is_not_null())])
    clicked = int(way("Klikanneet", finnish)[0])
    assert 0.9 * human["customer_id"].n_unique() <= clicked <= human["customer_id"].n_unique()


def test_the_way_by_channel_ends_with_those_who_answered(world: World, finnish: str) -> None:
    """Who got messages in several channels stands in the one that went furthest."""
    told = [int(figure.replace(" ", "")) for figure in way("Vastanneet", finnish)]
    assert sum(told) == furthest(world).height
    assert way("Avanneet", finnish)[1:] == ["–"] * (len(told) - 1)


def way(stage: str, text: str) -> list[str]:
    """The figures of a stage by channel: e-mail first, then the channels that fewer use."""
    row = re.search(
        rf" {stage} ((?:(?:\d+(?: \d{{3}})*|–|\.\.) ){{2,4}})",
        text[text.index("Viestien eteneminen kanavittain") :],
    )
    assert row
    return re.findall(r"\d+(?: \d{3})*|–|\.\.", row[1])


@pytest.mark.parametrize("promise", [*PROMISES, NOT_PROMISED])
def test_the_conditions_say_what_is_promised(finnish: str, promise: str) -> None:
    assert Words("fi").translate(promise) in finnish[finnish.index("Raportin ehdot") :]


def test_the_answers_to_the_open_questions_are_told(finnish: str) -> None:
    assert "Poikkeus nykyisille asiakkaille ei käytössä" in finnish
    assert "Suostumus ja kielto eri aikoina uusin tahdonilmaus voittaa" in finnish


def book() -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return notebook


def sources() -> list[str]:
    """The code of each cell."""
    return ["".join(cell["source"]) for cell in book()["cells"] if cell["cell_type"] == "code"]


def test_nothing_english_and_no_code_is_left(world: World, finnish: str) -> None:
    said = {
        *prose.messages(book()),
        *re.findall(
            r'"([A-Z%][^"{}]{6,})"', "".join("".join(cell["source"]) for cell in book()["cells"])
        ),
    }
    assert [text for text in said if text in finnish] == []
    assert (
        re.findall(
            r"\b(?:the|of|and|holdout|others|unknown|email|sms|clicked|bounced|consent\w*)\b",
            finnish,
        )
        == []
    )
    assert [code for code in world.frames["campaign"]["code"] if code in finnish] == []


def test_one_campaign_has_a_page_of_its_own(world: World) -> None:
    run = made(world.settings, campaign=BIG)
    assert BIG in str(run.html)
    said = (
        unescape(run.html.read_text(encoding="utf-8")).replace("\u00a0", " ").replace("\u2060", "")
    )
    assert f"Rajaus: {NAME}." in said
    assert "Lämmityskauden" not in said
    assert "Kampanjan yhteydenotot kanavittain" in said
    assert re.findall(r"Jakson \w*\s?yhteydenot\w*|Edellisen jakson", said) == []
    contacted = world.sent.filter(pl.col("code") == BIG, pl.col("arm") == "contacted")
    count = f"{contacted.height:,}".replace(",", " ")
    assert f"{count} yhteydenottoa koko kampanjassa" in read(said)


def test_what_nobody_was_sent_is_not_called_allowed(world: World) -> None:
    """Of the year before the first campaign."""
    assert world.frames["campaign"]["starts_on"].min() >= dt.date(2025, 1, 1)  # type: ignore[operator]
    said = page(world.settings, period="2025", language="en")
    assert "Nobody was contacted in the period before." in said
    assert "All contacts of the period before were allowed" not in said


def test_the_same_release_and_parameters_give_the_same_report_byte_for_byte(
    world: World, first: Run, tmp_path: Path
) -> None:
    """In two workbenches, each of which has published nothing before; in a kernel and without."""
    shutil.copytree(world.settings.releases, tmp_path / "releases")
    places = {"home": tmp_path, "releases": tmp_path / "releases", "reports": tmp_path / "reports"}
    other = kernels.run_report("campaign_history", settings=replace(world.settings, **places))
    for file in ("report.html", "disclosure.json"):
        assert (other.folder / file).read_bytes() == (first.folder / file).read_bytes()


def test_a_campaign_that_is_not_there_makes_no_report(world: World) -> None:
    with pytest.raises(UsageError, match="one of the"):
        made(world.settings, campaign="2031-01-NONE")


def test_a_year_against_the_year_before(year: str) -> None:
    share = "The share of contacts that were not allowed"
    assert re.search(rf"{share} (?:rose|fell|was) [^.]*from the same days a year ago", year)
    assert "The period is not over: it is told up to 31 Oct 2026" in year


def test_a_report_of_a_year_judges_the_campaigns_of_the_year(year: str) -> None:
    assert re.search(r"campaigns? of the year", year)
    assert "six months" not in year


def test_a_register_of_few_still_makes_a_page(with_sample: Callable[[str], Bench]) -> None:
    bench = with_sample("few")
    settings, _ = published(bench.home, bench.pseudonym_key)
    said = page(settings, language="sv")
    assert "Ingen enskild kampanj kan jämföras: kontrollgrupp saknades, eller för få" in said
    assert "{" not in said
