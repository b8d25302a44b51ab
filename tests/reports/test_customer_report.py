"""The report of customers says what the register says, counted here a second time from its
plaintext tables."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from here import read, run_report
from polars.testing import assert_frame_equal
from sentences import sentences
from small import IDENTITY, KEY, NOW, ZONE, Small
from workbench import ROOT

from genlib import notice as notices
from genlib.disclosure.slices import take_slice
from genlib.errors import PeriodNotCovered
from genlib.metrics import customers
from genlib.present.words import Words
from genlib.publish.writer import publish
from genlib.register.database import create_register, open_register
from genlib.release import open_release
from genlib.settings import Settings, load
from genlib.synthetic import synthesise

NOTEBOOK = ROOT / "notebooks" / "customer_analysis.ipynb"
FI = Words("fi")
EN = Words("en")
KINDS = ("consumer", "company_contact")
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
        common=home,
        now=NOW,
        time_zone=ZONE,
    )
    register.engine.dispose()
    return replace(
        load(), home=home, releases=home / "releases", reports=home / "reports", user="aino"
    )


def html(settings: Settings, **parameters: Any) -> str:
    return run_report("customer_analysis", parameters=parameters, settings=settings).html.read_text(
        encoding="utf-8"
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
    """Who came and left within October is neither."""
    left = pl.col("left_on").fill_null(dt.date.max)
    people = register["customer"]
    came = people.filter(pl.col("joined_on").is_between(FIRST, END, closed="left"), left >= END)
    gone = people.filter(pl.col("joined_on") < FIRST, left.is_between(FIRST, END, closed="left"))
    assert f"{came.height} asiakasta tuli ja {gone.height} lähti" in read(finnish)


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
        pl.col("issued_on").is_between(dt.date(2024, 11, 1), END, closed="left"),
        pl.col("amount_cents") > 0,
    )
    assert f"Yhteensä {told(active['customer_id'].n_unique())} 100,0 " in read(finnish)


def willing(register: Frames) -> pl.DataFrame:
    """The purchases of those who may be profiled, the dead not; rental is none."""
    unwilling = register["permission"].filter(
        pl.col("act") == "prohibition",
        pl.col("scope") == "marketing_use",
        pl.col("ended_at").is_null(),
    )
    bought = register["invoice"].filter(
        pl.col("amount_cents") > 0, pl.col("product_line") != "rental"
    )
    dead = register["customer"].filter(pl.col("deceased_on") <= NOW.date()).select(customer_id="id")
    living = bought.join(dead, on="customer_id", how="anti")
    return living.join(unwilling, on="customer_id", how="anti")


def test_how_many_came_back(finnish: str, register: Frames) -> None:
    year = pl.col("issued_on").is_between(dt.date(2025, 11, 1), END, closed="left")
    bought = willing(register).filter(year)
    days = bought.group_by("customer_id").agg(pl.col("issued_on").n_unique())["issued_on"]
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


@pytest.fixture(scope="module")
def companies(large: Settings) -> str:
    return read(html(large, kind="company_contact", language="en"))


def test_a_narrowed_report_leads_with_its_own_customers(companies: str, register: Frames) -> None:
    """Not with the number of all."""
    lead = companies[companies.index("Only:") :][:200]
    active = register["invoice"].filter(
        pl.col("issued_on").is_between(dt.date(2024, 11, 1), END, closed="left"),
        pl.col("amount_cents") > 0,
    )
    companies_only = register["customer"].filter(pl.col("kind") == "company_contact")
    count = active.join(companies_only, left_on="customer_id", right_on="id", how="semi")
    number = EN.number(count["customer_id"].n_unique())
    assert f"There were {number} active customers" in lead
    assert "The number of customers" not in lead


@pytest.mark.parametrize(
    "said",
    [
        "customers in the whole register",
        "left in the whole register",
        "The number of customers in the whole register",
        "Churn in the whole register",
        "customers came and",
    ],
)
def test_what_a_narrowed_report_tells_of_the_whole_register_is_named_so(
    companies: str, said: str
) -> None:
    assert said in companies
    assert not re.search(
        r"The number of customers (?!in the whole register|is the number)", companies
    )
    assert not re.search(r"Churn (?=\d)", companies)
    assert not re.search(r"customers came and \d+ left (?!in the whole register)", companies)


def test_a_narrowed_reports_cohorts_are_of_its_customers(large: Settings) -> None:
    release = open_release("customer_analysis", settings=large)
    october = release.period("2026-10")
    one, other = (take_slice(customers.cohorts(release, october, kind=kind)) for kind in KINDS)
    whole = customers.cohorts(release, october)
    both = one.frame.join(other.frame, on=["cohort", "later"], how="full", coalesce=True)
    counts = both.select("cohort", "later", n=pl.sum_horizontal("people", "people_right"))
    expected = whole.frame.select("cohort", "later", n="people")
    assert_frame_equal(counts.sort(pl.all()), expected.sort(pl.all()), check_dtypes=False)


@pytest.fixture(scope="module")
def so_far(large: Settings) -> str:
    parameters = {"period": "2026", "language": "en", "unfinished": True}
    return read(html(large, **parameters))


def test_a_period_that_is_not_over_says_until_which_day_it_is_told(so_far: str) -> None:
    assert "The period is not over: it is told up to 31 Oct 2026." in so_far


def test_a_period_that_is_not_over_is_compared_with_the_same_days(
    so_far: str, register: Frames
) -> None:
    this, last = (
        register["invoice"]
        .filter(pl.col("issued_on").is_between(dt.date(y, 1, 1), dt.date(y, 10, 31)))[
            "amount_cents"
        ]
        .sum()
        for y in (2026, 2025)
    )
    change = EN.figure(this / last - 1, "change").replace("\u00a0", " ")
    assert f"{change} from the same days of the previous year" in so_far
    assert "from the previous year" not in so_far.replace("of the previous year", "")


def test_who_came_in_a_period_that_is_not_over(so_far: str, register: Frames) -> None:
    start = dt.date(2026, 1, 1)
    people = register["customer"].filter(pl.col("joined_on") < END)
    left = pl.col("left_on").fill_null(dt.date.max)
    came = people.filter(pl.col("joined_on") >= start, left >= END).height
    gone = people.filter(pl.col("joined_on") < start, left >= start, left < END).height
    assert f"{came} customers came and {gone} left" in so_far


def test_a_period_that_is_not_over_is_refused_without_a_word(large: Settings) -> None:
    with pytest.raises(PeriodNotCovered, match="covers years up to 2025; a running one"):
        html(large, period="2026")


def test_last_years_forecast_stands_beside_what_came(finnish: str, register: Frames) -> None:
    """What came in the 52 weeks of those who had bought before; rental is no purchase."""
    bought = willing(register).filter(pl.col("issued_on") < END)
    begin = END - dt.timedelta(weeks=52)
    before = bought.filter(pl.col("issued_on") < begin)
    came = bought.filter(pl.col("issued_on") >= begin).join(before, on="customer_id", how="semi")
    euros = FI.figure(came["amount_cents"].sum(), "money").replace("\u00a0", " ")
    assert f"toteutui {euros}" in read(finnish)


def test_a_year_is_compared_with_the_year_before_once(large: Settings, finnish: str) -> None:
    """The year before and a year ago are one year."""
    yearly = html(large, period="2025")
    assert "vuoden takaisesta" in finnish
    assert "vuoden takaisesta" not in read(yearly).rpartition("Näin luet raporttia")[0]


def test_a_register_of_customers_alone_is_a_report_too(tmp_path: Path) -> None:
    Small(tmp_path).people(
        12, postal_code=None, birth_year=None, language=None
    ).register.engine.dispose()
    assert " 12 asiakasta " in read(html(published(tmp_path)))
