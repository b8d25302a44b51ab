"""A whole and its parts in different reports, sums and stocks: what anybody could reckon from
several figures is protected with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import genlib
from genlib.disclosure import Cells, Dimension, Ledger, Measure, Protected, tabulate, verify

EVENTS = (Measure("contacts"),)
MONEY = (Measure("people", "people"), Measure("cents", "money"))
Rows = list[tuple[int, str, int]]
"""Person, channel, and events or cents."""


def crowd(start: int, count: int, channel: str = "email", each: int = 1) -> Rows:
    return [(start + n, channel, each) for n in range(count)]


def cells(
    rows: Rows, population: str, measures: tuple[Measure, ...] = EVENTS, **options: Dimension
) -> Cells:
    named = [(f"ca1-{person:026d}", channel, each) for person, channel, each in rows]
    frame = pl.DataFrame(named, schema=["pseudonym", "channel", measures[-1].name], orient="row")
    by = tuple(options.values()) or (Dimension("channel"),)
    return tabulate(
        frame.lazy(), person="pseudonym", by=by, measures=measures, population=population
    )


def publish(folder: Path, run: str, **tables: Cells) -> Protected:
    return genlib.protect(ledger=Ledger(folder, run, date(2026, 11, 1), run), **tables)


def told(
    protected: Protected, column: str = "contacts", table: str = "table", **where: str
) -> int | None:
    return protected[table].value(column, **where).value


@pytest.mark.parametrize(("september", "seen"), [(3, False), (4, False), (5, True), (40, True)])
def test_a_quarter_less_two_months_is_the_third(tmp_path: Path, september: int, seen: bool) -> None:
    """The month itself is not published."""
    july, august, rest = (
        crowd(0, 30) + crowd(0, 30, "sms"),
        crowd(100, 40) + crowd(100, 30, "sms"),
        crowd(200, september),
    )
    publish(tmp_path, "july", table=cells(july, "contacts 2026-07-01 2026-08-01"))
    publish(tmp_path, "august", table=cells(august, "contacts 2026-08-01 2026-09-01"))
    quarter = publish(
        tmp_path,
        "quarter",
        table=cells(july + august + rest + crowd(300, 30, "sms"), "contacts 2026-07-01 2026-10-01"),
    )
    assert (told(quarter, channel="email") is not None) == seen


@pytest.mark.parametrize(("september", "seen"), [(3, False), (9, True)])
def test_two_months_less_the_quarter_published_before(
    tmp_path: Path, september: int, seen: bool
) -> None:
    july, august = crowd(0, 30) + crowd(0, 30, "sms"), crowd(100, 40) + crowd(100, 30, "sms")
    both = july + august + crowd(200, september) + crowd(300, 30, "sms")
    publish(tmp_path, "quarter", table=cells(both, "contacts 2026-07-01 2026-10-01"))
    publish(tmp_path, "july", table=cells(july, "contacts 2026-07-01 2026-08-01"))
    last = publish(tmp_path, "august", table=cells(august, "contacts 2026-08-01 2026-09-01"))
    assert (told(last, channel="email") is not None) == seen


def test_a_part_whose_money_one_customer_dominates_is_not_the_whole_less_the_other_part(
    tmp_path: Path,
) -> None:
    """All less consumers are companies, of which one brought nearly everything: that many consumers
    are not told."""
    others = [(500 + n, channel, 1000) for n, channel in enumerate(("sms", "post", "call") * 40)]
    consumers = crowd(0, 40, each=1000) + others[:60]
    companies = [*crowd(100, 9, each=100), (109, "email", 90_000), *others[60:]]
    publish(tmp_path, "all", table=cells(consumers + companies, "payers", MONEY))
    left = cells(companies, "payers kind=company_contact", MONEY)
    part = replace(cells(consumers, "payers kind=consumer", MONEY), rest=(left,))
    assert (
        told(publish(tmp_path / "alone", "consumers", table=part), "cents", channel="email")
        == 40_000
    )
    protected = publish(tmp_path, "consumers", table=part)
    assert told(protected, "cents", channel="email") is None
    assert verify(protected.pattern) == []


@pytest.mark.parametrize(("missed", "all_"), [(0, True), (1, False), (4, False), (5, True)])
def test_those_drawn_less_those_held_out_beside_their_messages(
    tmp_path: Path, missed: int, all_: bool
) -> None:
    """Three figures of two tables: 100 drawn, of them 30 held out, and the messages of all others
    but a few."""
    drawn = cells(
        [(n, "held out" if n < 30 else "drawn", 1) for n in range(100)],
        "drawn",
        (Measure("people", "people"),),
    )
    sent = cells(crowd(30, 70 - missed), "messages")
    shown = publish(tmp_path, "report", drawn=drawn, sent=sent)
    seen = [
        told(shown, "people", "drawn"),
        told(shown, "people", "drawn", channel="held out"),
        told(shown, table="sent", channel="email"),
    ]
    assert (None not in seen) == all_


def movements(opening: int, start: str, *flows: tuple[str, int, int]) -> Cells:
    """A stock at the beginning of the month after `start`, and who joined and left in each month
    since."""
    rows = [(date.fromisoformat(start), "opening")] * opening
    rows += [
        (date.fromisoformat(month), kind)
        for month, *both in flows
        for kind, n in zip(("joined", "left"), both, strict=True)
        for _ in range(n)
    ]
    frame = pl.DataFrame(rows, schema=["month", "movement"], orient="row").with_row_index("member")
    population = f"members {flows[0][0]} {flows[-1][0]}"
    return tabulate(
        frame.lazy(),
        person="member",
        by=[Dimension("month", total=False), Dimension("movement")],
        population=population,
    )


@pytest.mark.parametrize(("joined", "seen"), [(3, False), (9, True)])
def test_two_stocks_do_not_tell_who_came_in_between(
    tmp_path: Path, joined: int, seen: bool
) -> None:
    """Who left is known from another report, so that the second stock would tell who joined."""
    later = [(f"2026-{month:02}-01", 20 + month, 10 + month) for month in range(2, 6)]
    january = ("2026-01-01", joined, 12)
    publish(
        tmp_path,
        "leavers",
        table=movements(
            0, "2025-12-01", *[(month, 0, left) for month, _, left in (january, *later[:3])]
        ),
    )
    publish(tmp_path, "first", table=movements(500, "2025-12-01", january, *later[:3]))
    second = publish(tmp_path, "second", table=movements(500 + joined - 12, "2026-01-01", *later))
    assert (
        second["table"].rows("month", "movement", movement="opening")["people"].item() is not None
    ) == seen


@pytest.mark.parametrize(("erased", "stock"), [(0, 508), (1, 508), (4, 508), (5, 503), (20, 488)])
def test_a_stock_that_few_were_erased_from_stays_the_one_that_was_told(
    tmp_path: Path, erased: int, stock: int
) -> None:
    """It follows from the report before; a new one would tell how few they are, and none would
    leave the report without its stock."""
    flows = [(f"2026-{month:02}-01", 20, 12) for month in range(1, 6)]
    publish(tmp_path, "first", table=movements(500, "2025-12-01", *flows[:4]))
    second = publish(tmp_path, "second", table=movements(508 - erased, "2026-01-01", *flows[1:]))[
        "table"
    ]
    opening = second.rows("month", "movement", movement="opening")
    assert opening.select("people", "reason").row(0) == (stock, "time" if 0 < erased < 5 else None)
    assert (
        second.earlier is None
        or second.earlier["published_on"].to_list() == [date(2026, 11, 1)] * second.earlier.height
    )


@pytest.mark.parametrize("left", [6, 30])
def test_the_manifest_holds_the_tables_of_the_report_alone(tmp_path: Path, left: int) -> None:
    """Neither what it leaves of the whole, nor what ties it to earlier reports."""
    consumers, companies = (
        crowd(0, 40) + crowd(50, 40, "sms") + crowd(600, 40, "post"),
        crowd(100, left) + crowd(200, left, "sms"),
    )
    publish(tmp_path, "all", table=cells(consumers + companies, "messages"))
    part = cells(consumers, "messages kind=consumer")
    beside = publish(
        tmp_path,
        "part",
        table=replace(part, rest=(cells(companies, "messages kind=company_contact"),)),
    )
    alone = genlib.protect(table=part)
    assert beside.manifest() == alone.manifest()
