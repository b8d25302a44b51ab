"""Campaigns told alone, each in a report of its own, beside all of their month: whichever was told
first, what they leave of the whole is nobody or enough people."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

import genlib
from genlib.disclosure import (
    Cells,
    Dimension,
    Ledger,
    Measure,
    Population,
    ProtectedTable,
    tabulate,
)
from genlib.period import Period

OCTOBER = Period.parse("2026-10")
LEFT = [(0, True), (2, False), (4, False), (5, True)]


def draw(buyers: dict[str, int]) -> pl.DataFrame:
    """Sixty people of each campaign, of whom so many bought."""
    rows = [
        (f"ca1-{code}{number:025d}", code, "yes" if number < count else "no")
        for code, count in buyers.items()
        for number in range(60)
    ]
    schema = ["pseudonym", "campaign", "bought"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def count(drawn: pl.DataFrame, *by: Dimension, **cut: str) -> Cells:
    return tabulate(
        drawn,
        person="pseudonym",
        by=[*by, Dimension("bought")],
        measures=[Measure("people", "people")],
        population=Population.of("drawn", OCTOBER, **cut),
    )


def tell(folder: Path, day: int, cells: Cells) -> ProtectedTable:
    ledger = Ledger(folder, date(2026, 11, day), f"run-{day}")
    return genlib.protect(ledger=ledger, steps=cells).steps


def tell_alone(folder: Path, day: int, drawn: pl.DataFrame, code: str) -> ProtectedTable:
    return tell(folder, day, count(drawn.filter(campaign=code), campaign=code))


def is_told(table: ProtectedTable, **place: str) -> bool:
    return table.value("people", bought="yes", **place).value is not None


@pytest.mark.parametrize(("left", "is_safe"), LEFT)
def test_one_campaign_told_after_all_of_its_month(tmp_path: Path, left: int, is_safe: bool) -> None:
    """Of two campaigns the other had few buyers."""
    drawn = draw({"autumn": 9, "spring": left})
    assert is_told(tell(tmp_path, 1, count(drawn)))
    assert is_told(tell_alone(tmp_path, 2, drawn, "autumn")) == is_safe


@pytest.mark.parametrize(("left", "is_safe"), LEFT)
def test_the_last_of_several_campaigns_told_after_all_of_their_month(
    tmp_path: Path, left: int, is_safe: bool
) -> None:
    """Of four campaigns the one that is not told had few buyers."""
    drawn = draw({"autumn": 9, "spring": 9, "summer": 9, "winter": left})
    assert is_told(tell(tmp_path, 1, count(drawn)))
    assert is_told(tell_alone(tmp_path, 2, drawn, "autumn"))
    assert is_told(tell_alone(tmp_path, 3, drawn, "spring"))
    assert is_told(tell_alone(tmp_path, 4, drawn, "summer")) == is_safe


@pytest.mark.parametrize(("left", "is_safe"), LEFT)
def test_all_of_a_month_told_after_its_campaigns(tmp_path: Path, left: int, is_safe: bool) -> None:
    drawn = draw({"autumn": 9, "spring": 9, "winter": left})
    assert is_told(tell_alone(tmp_path, 1, drawn, "autumn"))
    assert is_told(tell_alone(tmp_path, 2, drawn, "spring"))
    assert is_told(tell(tmp_path, 3, count(drawn))) == is_safe


@pytest.mark.parametrize(("left", "is_safe"), LEFT)
def test_a_campaign_of_a_later_list_leaves_no_few_people_of_an_earlier_whole(
    tmp_path: Path, left: int, is_safe: bool
) -> None:
    """All of the month were told with a list of one campaign, a later list has another."""
    drawn = draw({"autumn": 9, "spring": 9, "winter": left})
    listed = Dimension("campaign", total=False, is_page=True)
    first = Ledger(tmp_path, date(2026, 11, 1), "first")
    autumn = count(drawn.filter(campaign="autumn"), listed)
    genlib.protect(ledger=first, steps=count(drawn), each=autumn)
    later = Ledger(tmp_path, date(2026, 11, 2), "later")
    spring = count(drawn.filter(campaign="spring"), listed)
    shown = genlib.protect(ledger=later, each=spring)
    assert is_told(shown.each, campaign="spring") == is_safe


@pytest.mark.parametrize(("left", "is_safe"), LEFT)
def test_a_month_told_late_leaves_no_few_people_of_a_quarter(
    tmp_path: Path, left: int, is_safe: bool
) -> None:
    """The quarter was told, and two of its months after it; those of November are few."""
    drawn = draw({"10": 9, "11": left, "12": 9})
    quarter = Population.of("drawn", Period.parse("2026-Q4"))
    by = [Dimension("bought")]
    whole = tabulate(drawn, person="pseudonym", by=by, population=quarter)
    ledger = Ledger(tmp_path, date(2027, 1, 1), "quarter")
    assert is_told(genlib.protect(ledger=ledger, steps=whole).steps)
    told = []
    for month in ("10", "12"):
        of_month = Population.of("drawn", Period.parse(f"2026-{month}"))
        those = drawn.filter(campaign=month)
        cells = tabulate(those, person="pseudonym", by=by, population=of_month)
        ledger = Ledger(tmp_path, date(2027, 1, int(month)), month)
        told.append(is_told(genlib.protect(ledger=ledger, steps=cells).steps))
    assert told == [True, is_safe]
