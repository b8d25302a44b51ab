"""The report of customers says what the register says, counted here a second time from its
plaintext tables."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import polars as pl
import pytest
from sentences import sentences
from small import IDENTITY, KEY, NOW, ZONE, Small
from workbench import ROOT

from genlib import notice as notices
from genlib.present.words import Words
from genlib.publish.writer import publish
from genlib.register.database import create_register, open_register
from genlib.register.synthetic import synthesise
from genlib.reports.run import run_report
from genlib.settings import Settings, load

NOTEBOOK = ROOT / "notebooks" / "customer_analysis.ipynb"
FI = Words("fi")
FIRST, END = dt.date(2026, 10, 1), dt.date(2026, 11, 1)
Frames = dict[str, pl.DataFrame]


def published(home: Path) -> Settings:
    """The settings of a workbench with a release of what is in its register."""
    register = open_register(f"sqlite:///{home}/register.sqlite")
    publish(
        "customer_analysis",
        register,
        KEY,
        notice=notices.load(),
        releases=home / "releases",
        now=NOW,
        time_zone=ZONE,
    )
    register.engine.dispose()
    return replace(
        load(), home=home, releases=home / "releases", reports=home / "reports", user="aino"
    )


def html(settings: Settings, **parameters: str) -> str:
    return run_report("customer_analysis", parameters=parameters, settings=settings).html.read_text(
        encoding="utf-8"
    )


def read(page: str) -> str:
    """What a reader reads: the text without tags, spaces as they come."""
    body = re.sub(r"(?s)<style.*?</style>|<svg.*?</svg>", "", page)
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
    return html(large)


@pytest.fixture(scope="module")
def register(large: Settings) -> Frames:
    """The plaintext columns of everybody whose data may be processed."""
    opened = open_register(f"sqlite:///{large.home}/register.sqlite")
    found = {name: pl.concat(opened.scan(name)) for name in ("customer", "invoice", "permission")}
    opened.engine.dispose()
    people = found["customer"].filter(pl.col("restricted_from").is_null())
    return found | {
        "customer": people,
        "invoice": found["invoice"].join(people, left_on="customer_id", right_on="id", how="semi"),
    }


def told(number: float, digits: int = 0) -> str:
    return FI.number(number, digits).replace("\u00a0", " ")


def test_the_number_of_customers(finnish: str, register: Frames) -> None:
    there = register["customer"].filter(
        pl.col("joined_on") < END, pl.col("left_on").is_null() | (pl.col("left_on") >= END)
    )
    assert f" {told(there.height)} asiakasta " in read(finnish)


def test_who_came_and_who_left(finnish: str, register: Frames) -> None:
    came, left = (
        register["customer"].filter(pl.col(c).is_between(FIRST, END, closed="left")).height
        for c in ("joined_on", "left_on")
    )
    assert f"{came} asiakasta tuli ja {left} lähti" in read(finnish)


def test_what_was_billed(finnish: str, register: Frames) -> None:
    billed = register["invoice"].filter(pl.col("issued_on").is_between(FIRST, END, closed="left"))
    payers = billed["customer_id"].n_unique()
    assert f" {told(billed['amount_cents'].sum() / 100)} € laskutettu " in read(finnish)
    assert (
        f" {told(billed['amount_cents'].sum() / 100 / payers, 2)} € laskutettu maksajaa kohti"
        in read(finnish)
    )


def test_how_many_are_active(finnish: str, register: Frames) -> None:
    active = register["invoice"].filter(
        pl.col("issued_on").is_between(dt.date(2024, 11, 1), END, closed="left")
    )
    assert f"Yhteensä {told(active['customer_id'].n_unique())} 100,0 " in read(finnish)


def test_how_many_came_back(finnish: str, register: Frames) -> None:
    """Of those who may be profiled; rental is no purchase."""
    unwilling = register["permission"].filter(
        pl.col("act") == "prohibition",
        pl.col("scope") == "marketing_use",
        pl.col("ended_at").is_null(),
    )
    bought = register["invoice"].filter(
        pl.col("amount_cents") > 0, pl.col("product_line") != "rental"
    )
    bought = bought.filter(pl.col("issued_on").is_between(dt.date(2025, 11, 1), END, closed="left"))
    days = (
        bought.join(unwilling, on="customer_id", how="anti")
        .group_by("customer_id")
        .agg(pl.col("issued_on").n_unique())["issued_on"]
    )
    assert f"{told(100 * (days > 1).mean(), 1)} % 12 kuukauden ostajista" in read(finnish)


def test_every_chart_is_a_picture_with_its_figures_behind_it(finnish: str) -> None:
    names = re.findall(r'<svg[^>]*aria-label="(\w+)', finnish)
    assert {"Pylväskuvio", "Viivakuvio", "Palkkikuvio", "Suomen"} <= set(names)
    assert finnish.count("<details>") >= 9


def test_no_english_is_left_in_finnish(finnish: str) -> None:
    pieces = {
        piece.strip(" ,.:;()…–")
        for message in sentences("customer_analysis")
        for piece in re.split(r"\{\w+\}", message)
    }
    assert [piece for piece in sorted(pieces) if len(piece) > 8 and piece in read(finnish)] == []


def test_no_code_is_left_in_finnish(finnish: str) -> None:
    assert (
        re.findall(
            r"\b[a-z]+_[a-z_]+\b|\b(?:champions|lapsed|consumer|rental|joined|once)\b",
            read(finnish),
        )
        == []
    )


def test_one_region_tells_its_municipalities_and_what_is_of_the_whole_register(
    large: Settings,
) -> None:
    page = read(html(large, region="06", period="2026-Q3", comparison="year_ago"))
    assert "Rajaus: Pirkanmaa." in page
    assert "Tampere" in page
    assert "asiakasta koko rekisterissä" in page


def test_a_period_that_is_not_over_says_so(large: Settings) -> None:
    assert "The period is not over: the data is of 1 Nov 2026" in read(
        html(large, period="2026", language="en")
    )


def test_a_register_of_customers_alone_is_a_report_too(tmp_path: Path) -> None:
    Small(tmp_path).people(
        12, postal_code=None, birth_year=None, language=None
    ).register.engine.dispose()
    assert " 12 asiakasta " in read(html(published(tmp_path)))
