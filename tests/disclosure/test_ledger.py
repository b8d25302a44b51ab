"""The ledger: what it keeps, for whom, and what becomes of a run that fails."""

from __future__ import annotations

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import genlib
from genlib import settings
from genlib.disclosure import Cells, Dimension, Ledger, Population, Protected, tabulate
from genlib.disclosure.protect import standing_policy
from genlib.disclosure.sketch import draw_sketches, numbers, people_in, words
from genlib.errors import Refused

People = dict[str, tuple[str, str]]
REGION, AGE = Dimension("region"), Dimension("age")


def cells(
    people: People, *by: Dimension, population: str | Population = "customers", **options: Any
) -> Cells:
    rows = pl.DataFrame(
        [(p, *where) for p, where in people.items()],
        schema=["pseudonym", "region", "age"],
        orient="row",
    )
    return tabulate(
        rows.lazy(), person="pseudonym", by=by or (REGION, AGE), population=population, **options
    )


def crowd(count: int, where: tuple[str, str], start: int = 0) -> People:
    return {f"ca1-{start + n:026d}": where for n in range(count)}


def sketch(people: pl.Series) -> pl.Series:
    """The sketch of people in one cell, by their numbers."""
    rows = pl.DataFrame({"_number": people, "_cell": 0, "people": 1})
    return draw_sketches(rows, 1).pack()["people"]


def publish(folder: Path, month: int, *, run: str = "", **tables: Cells) -> Protected:
    ledger = Ledger(folder, date(2026, month, 1), run or f"run-{month:02d}")
    return genlib.protect(ledger=ledger, **tables)


START = (
    crowd(20, ("01", "young")) | crowd(30, ("02", "young"), 100) | crowd(40, ("03", "young"), 200)
)
LESS = {person: where for n, (person, where) in enumerate(START.items()) if n >= 2}


def is_told(protected: Protected, region: str) -> bool:
    return protected.table.value("people", region=region).value is not None


def test_a_run_that_failed_binds_nobody(tmp_path: Path) -> None:
    publish(tmp_path, 10, run="draft", table=cells(START, REGION))
    loyal = cells(LESS, REGION, population="loyal")
    assert not is_told(publish(tmp_path, 11, run="beside", table=loyal), "01")
    assert Ledger(tmp_path).forget("draft") == 1
    assert Ledger(tmp_path).forget("beside") == 1
    assert is_told(publish(tmp_path, 11, table=loyal), "01")


@pytest.mark.parametrize("is_last", [True, False])
def test_of_saved_tables_of_one_name_each_is_held_against_the_past(
    tmp_path: Path, is_last: bool
) -> None:
    publish(tmp_path, 10, table=cells(START, REGION))
    near = genlib.protect(table=cells(LESS, REGION, population="loyal")).table
    others = crowd(400, ("09", "young"), 1_000)
    far = genlib.protect(table=cells(others, REGION, population="others")).table
    tables = [far, near] if is_last else [near, far]
    ledger = Ledger(tmp_path, date(2026, 11, 1), "saved")
    with pytest.raises(Refused, match="of nearly the same people as figures that were told"):
        ledger.enter_saved(tables, standing_policy())
    assert ledger.published("saved") == []


def test_a_run_enters_the_ledger_with_its_report(tmp_path: Path) -> None:
    publish(tmp_path, 10, run="good", table=cells(START, REGION))
    assert [file.name for file in tmp_path.glob("*.parquet")] == ["good_0.pending.parquet"]
    Ledger(tmp_path).enter("good")
    assert [file.name for file in tmp_path.glob("*.parquet")] == ["good_0.parquet"]


def test_what_a_killed_run_left_pending_goes_after_a_day(tmp_path: Path) -> None:
    for run in ("good", "killed"):
        publish(tmp_path, 10, run=run, table=cells(START, REGION))
    Ledger(tmp_path).enter("good")
    Ledger(tmp_path).sweep(older_than=time.time() - 86_400)
    assert len(list(tmp_path.glob("*.parquet"))) == 2
    Ledger(tmp_path).sweep(older_than=time.time() + 1)
    assert [file.name for file in tmp_path.glob("*.parquet")] == ["good_0.parquet"]


def test_the_ledger_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    publish(folder, 10, table=cells(START, REGION))
    Ledger(folder).withdraw("run-10", by="aino", reason="wrong release")
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    content = b"".join(file.read_bytes() for file in folder.iterdir())
    assert b"ca1-" not in content


def test_a_run_that_publishes_finds_its_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path))
    monkeypatch.setenv("GENLIB_PUBLICATION", "2026-11-01 2026-11-01T040000Z-5f2c91")
    genlib.protect(table=cells(START, REGION))
    ledger = Ledger.standing(settings.load())
    assert ledger is not None
    assert ledger.day == date(2026, 11, 1)
    assert [file.name for file in ledger.published("2026-11-01T040000Z-5f2c91")] == [
        "2026-11-01T040000Z-5f2c91_0.pending.parquet"
    ]


def test_two_publications_at_once_see_each_other(tmp_path: Path) -> None:
    """Of a cell and of the same less two people, published at the same time, only one is told."""
    both = {"one": cells(START, REGION), "other": cells(LESS, REGION, population="loyal")}
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda name: publish(tmp_path, 10, run=name, table=both[name]), both)
        told = [is_told(protected, "01") for protected in made]
    assert sorted(told) == [False, True]


def test_a_file_of_a_version_that_sketched_otherwise_counts_its_people_as_unknown(
    tmp_path: Path,
) -> None:
    stock = Population("customers", None, date(2026, 10, 1))
    publish(tmp_path, 10, table=cells(START, REGION, population=stock))
    (file,) = tmp_path.glob("*.parquet")
    written = pl.read_parquet(file)
    fields = pl.element().struct.with_fields(pl.field("sketch").bin.head(256))
    written.with_columns(pl.col("figures").list.eval(fields)).write_parquet(file)
    later = Population("customers", None, date(2026, 11, 1))
    changed = START | crowd(2, ("01", "young"), 900)
    shown = publish(tmp_path, 11, table=cells(changed, REGION, population=later))
    assert shown.table.told_on == {"": date(2026, 10, 1)}


def test_a_small_difference_is_never_taken_for_a_large_one() -> None:
    random = np.random.default_rng(3)
    for apart in range(1, 5):
        people = numbers(
            pl.Series([f"ca1-{n:026d}" for n in random.choice(10**6, 200, replace=False)])
        )
        both = [words(sketch(part)) for part in (people, people[apart:])]
        assert people_in(both[0] - both[1])[0] <= apart


def test_numbers_do_not_change_between_versions() -> None:
    assert numbers(pl.Series(["ca1-00000000000000000000000001", "no pseudonym"])).to_list() == [
        1,
        None,
    ]


MONTHS = range(1, 13)
REGIONS, AGES = ("01", "02", "03", "04"), ("a", "b", "c")


def _before(month: int) -> Population:
    return Population("customers", None, date(2026, month, 1))


def twelve(folder: Path, seed: int) -> tuple[list[People], list[Protected]]:
    """A register of some 150 people in which a few come, go and move every month, reported every
    month."""
    random = np.random.default_rng(seed)
    places = list(product(REGIONS, AGES))
    weights = random.dirichlet(np.ones(len(places)))
    register: People = {}
    history, reports = [], []
    for month in MONTHS:
        register = {p: w for p, w in register.items() if random.random() > 0.03}
        arrivals = 150 if month == 1 else int(random.integers(0, 9))
        register |= {
            f"ca1-{month:014d}{n:012d}": places[random.choice(len(places), p=weights)]
            for n in range(arrivals)
        }
        history.append(dict(register))
        reports.append(
            publish(
                folder,
                month,
                table=cells(register, population=_before(month)),
                ages=cells(register, AGE, population=_before(month)),
            )
        )
    return history, reports


def sets(people: People, region: str | None, age: str | None) -> frozenset[str]:
    return frozenset(p for p, (r, a) in people.items() if region in (None, r) and age in (None, a))


@pytest.fixture(scope="module", params=range(4))
def year(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[People], list[Protected]]:
    return twelve(tmp_path_factory.mktemp("year"), request.param)


def test_no_two_figures_of_a_year_are_of_groups_that_few_people_part(
    year: tuple[list[People], list[Protected]],
) -> None:
    """The groups are compared person by person: as they were in the month when each was told."""
    history, reports = year
    shown = []
    for month, report in enumerate(reports):
        for table in report.values():
            told_on = table.told_on.get("")
            then = history[told_on.month - 1 if told_on else month]
            for row in table.frame.filter(pl.col("reason").is_null()).rows(named=True):
                members = sets(then, row.get("region"), row.get("age"))
                assert len(members) == row["people"]
                shown.append(members)
    groups = {members for members in shown if members}
    assert [(a, b) for a, b in combinations(groups, 2) if len(a ^ b) < 5] == []
    assert sum(bool(table.told_on) for report in reports for table in report.values()) > 0


def test_the_sketch_of_a_whole_is_the_sum_of_its_parts_where_nobody_stands_twice() -> None:
    people = START | crowd(9, ("01", "old"), 700)
    drawn = cells(people, REGION, AGE).draw
    assert drawn is not None
    whole = drawn().filter(pl.col("region").is_null(), pl.col("age").is_null())["people"]
    alone = sketch(numbers(pl.Series([*people])))
    assert whole.to_list() == alone.to_list()


def test_who_stands_in_two_parts_is_once_in_the_whole() -> None:
    rows = pl.DataFrame(
        {"pseudonym": [f"ca1-{n:026d}" for n in (1, 1, 2)], "line": ["a", "b", "b"]}
    )
    twice = tabulate(rows.lazy(), person="pseudonym", by=[Dimension("line")], population="payers")
    assert twice.draw is not None
    whole = twice.draw().filter(pl.col("line").is_null())["people"]
    names = pl.Series([f"ca1-{n:026d}" for n in (1, 2)])
    alone = sketch(numbers(names))
    assert whole.to_list() == alone.to_list()
