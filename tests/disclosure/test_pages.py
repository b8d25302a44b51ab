"""Over time: what is over is told once, and a table in which few have come or gone is told again as
a whole, with its day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import genlib
from genlib.disclosure import Cells, Dimension, Ledger, Population, Protected, tabulate
from genlib.disclosure.figures import list_figures
from genlib.disclosure.pages import Page, Past, ToldPage

People = dict[str, str]
REGION = Dimension("region")


def crowd(count: int, where: str, start: int = 0) -> People:
    return {f"ca1-{start + n:026d}": where for n in range(count)}


START = crowd(20, "01") | crowd(30, "02", 100) | crowd(40, "03", 200)


def stock(people: People, month: int) -> Cells:
    """Customers by region as they were before the first of the month."""
    frame = pl.DataFrame([*people.items()], schema=["pseudonym", "region"], orient="row").lazy()
    population = Population("customers", None, date(2026, month, 1))
    return tabulate(frame, person="pseudonym", by=[REGION], population=population)


def contacted(months: dict[int, int], told: int) -> Cells:
    """So many people contacted in each month, told in the report of one month."""
    rows = [
        (f"ca1-{1000 * month + n:026d}", date(2026, month, 1))
        for month, count in months.items()
        for n in range(count)
    ]
    frame = pl.DataFrame(rows, schema=["pseudonym", "month"], orient="row").lazy()
    population = Population("contacts", date(2026, 1, 1), date(2026, told + 1, 1))
    by = [Dimension("month", total=False, is_page=True)]
    return tabulate(frame, person="pseudonym", by=by, population=population)


def publish(folder: Path, month: int, table: Cells, *, name: str = "") -> Protected:
    run = name or f"run-{month:02d}"
    return genlib.protect(ledger=Ledger(folder, date(2026, month, 1), run), table=table)


def people_of(protected: Protected) -> dict[str | None, int | None]:
    column = protected.table.dimensions[0]
    return dict(protected.table.frame.select(column, "people").rows())


@pytest.mark.parametrize("joined", [0, 5, 9])
def test_a_table_is_told_anew_if_nobody_or_enough_people_came(tmp_path: Path, joined: int) -> None:
    publish(tmp_path, 10, stock(START, 10))
    shown = publish(tmp_path, 11, stock(START | crowd(joined, "01", 900), 11))
    assert people_of(shown)["01"] == 20 + joined
    assert shown.table.told_on == {}


@pytest.mark.parametrize("joined", [1, 4])
def test_a_table_is_told_again_as_a_whole_if_few_came(tmp_path: Path, joined: int) -> None:
    """Of region 02 too, where twenty came: its total less 02 would tell of 01."""
    publish(tmp_path, 10, stock(START, 10))
    later = START | crowd(joined, "01", 900) | crowd(20, "02", 800)
    shown = publish(tmp_path, 11, stock(later, 11))
    assert people_of(shown) == {"01": 20, "02": 30, "03": 40, None: 90}
    assert shown.table.told_on == {"": date(2026, 10, 1)}
    assert shown.conditions["repeated"] == 1


def test_leaving_and_joining_count_both(tmp_path: Path) -> None:
    """20 people stay 20, but three others: six changed, which is enough; with one other it would be
    two, which is not."""
    publish(tmp_path, 10, stock(START, 10))
    three = {p: w for n, (p, w) in enumerate(START.items()) if n >= 3} | crowd(3, "01", 900)
    assert publish(tmp_path, 11, stock(three, 11)).table.told_on == {}
    one = {p: w for n, (p, w) in enumerate(three.items()) if n >= 1} | crowd(1, "01", 950)
    assert publish(tmp_path, 12, stock(one, 12)).table.told_on == {"": date(2026, 11, 1)}


def test_a_month_that_is_over_is_told_once(tmp_path: Path) -> None:
    """What was found out about September later stays out of the report of October."""
    publish(tmp_path, 10, contacted({8: 20, 9: 30}, 9))
    shown = publish(tmp_path, 11, contacted({8: 27, 9: 50, 10: 40}, 10))
    assert [*people_of(shown).values()] == [20, 30, 40]
    assert shown.table.told_on == {}


def test_the_same_report_in_another_language_is_the_same(tmp_path: Path) -> None:
    first, second = (
        publish(tmp_path, 11, contacted({9: 30, 10: 40}, 10), name=name) for name in ("fi", "sv")
    )
    assert first.table.frame.equals(second.table.frame)


def test_what_was_withdrawn_is_told_anew(tmp_path: Path) -> None:
    publish(tmp_path, 10, contacted({9: 30}, 9))
    ledger = Ledger(tmp_path)
    assert ledger.withdraw("run-10", by="aino", reason="a file came twice") == 1
    assert people_of(publish(tmp_path, 11, contacted({9: 28}, 9))) == {date(2026, 9, 1): 28}


def test_what_was_withdrawn_still_stands_against_other_figures(tmp_path: Path) -> None:
    """Readers know it: the same people but two are not told in another table."""
    publish(tmp_path, 10, stock(START, 10))
    Ledger(tmp_path).withdraw("run-10", by="aino", reason="wrong release")
    fewer = {p: w for n, (p, w) in enumerate(START.items()) if n >= 2}
    loyal = pl.DataFrame([*fewer.items()], schema=["pseudonym", "region"], orient="row").lazy()
    cells = tabulate(loyal, person="pseudonym", by=[REGION], population="loyal")
    assert people_of(publish(tmp_path, 11, cells))["01"] is None


def test_of_people_who_are_not_known_a_small_change_is_held_back(tmp_path: Path) -> None:
    def count(n: int, month: int) -> Cells:
        rows = pl.DataFrame({"person": range(n + 50), "region": ["01"] * n + ["02"] * 50})
        population = Population("customers", None, date(2026, month, 1))
        return tabulate(rows.lazy(), person="person", by=[REGION], population=population)

    publish(tmp_path, 10, count(20, 10))
    assert people_of(publish(tmp_path, 11, count(22, 11)))["01"] == 20
    assert people_of(publish(tmp_path, 12, count(29, 12)))["01"] == 29


@pytest.mark.parametrize(
    ("start", "end", "is_closed"),
    [
        (date(2026, 10, 1), date(2026, 11, 1), True),
        (date(2026, 7, 1), date(2026, 10, 1), True),
        (date(2026, 1, 1), date(2027, 1, 1), False),
        (date(2025, 11, 1), date(2026, 11, 1), False),
        (date(2026, 10, 1), date(2026, 10, 15), False),
        (None, date(2026, 11, 1), False),
    ],
)
def test_what_is_over(start: date | None, end: date, is_closed: bool) -> None:
    assert Page("customers", "{}", "", start, end).is_closed(date(2026, 11, 1)) == is_closed


def test_months_do_not_overlap_and_windows_do() -> None:
    october = Page("contacts", "{}", "", date(2026, 10, 1), date(2026, 11, 1))
    november = Page("contacts", "{}", "", date(2026, 11, 1), date(2026, 12, 1))
    year = Page("contacts", "{}", "", date(2025, 12, 1), date(2026, 12, 1))
    assert not october.overlaps(november)
    assert october.overlaps(year)
    assert not Page("waves", "{}", "A").overlaps(Page("waves", "{}", "B"))


def test_a_table_keeps_its_steps_for_a_year() -> None:
    page = Page("customers", '{"region": 2}', "", None, date(2026, 11, 1))
    told = ToldPage(page, date(2026, 11, 1), "run", b"", pl.DataFrame())
    assert Past([told]).find_steps("customers", date(2026, 12, 1)) == {"region": 2}
    assert Past([told]).find_steps("customers", date(2027, 1, 1)) == {}


def test_a_year_of_pages_is_compared_without_reading_its_rows(tmp_path: Path) -> None:
    """Only a page that is told again is taken apart; the others are known by their figures."""
    ledger = Ledger(tmp_path, date(2026, 11, 1), "run")
    shown = genlib.protect(ledger=ledger, customers=stock(START, 11))
    (page,) = ledger.read_past().pages
    assert_frame_equal(shown.customers.frame, page.frame)
    unreadable = replace(page, content=b"no rows")
    figures = Past([unreadable, replace(page, is_withdrawn=True)]).list_figures()
    assert figures["withdrawn"].to_list() == [False] * 4 + [True] * 4


def test_the_people_of_a_table_are_drawn_once() -> None:
    """However often its figures are held against others."""
    table = stock(START, 11)
    draws: list[int] = []

    def draw() -> pl.DataFrame:
        draws.append(1)
        assert table.draw is not None
        return table.draw()

    counted = replace(table, draw=draw)
    assert list_figures(counted).height == list_figures(counted).height == 4
    assert draws == [1]
