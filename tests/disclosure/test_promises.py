"""The four promises of door 2: said in the same words everywhere, each kept against an attacker of
its own (that of the second is in `test_slices.py`). Sizes and histories are drawn at random; the
people are compared one by one."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workbench import ROOT

import genlib
from genlib.disclosure import Cells, Dimension, Ledger, Population, Protected, intervals, tabulate
from genlib.disclosure.promises import NOT_PROMISED, PROMISES
from genlib.present import page
from genlib.present.words import Words

T = 5
People = dict[int, str]
SIZES = st.lists(st.integers(0, 12), min_size=3, max_size=4)
FEW = settings(max_examples=30, deadline=None)


def crowd(sizes: list[int]) -> People:
    """So many people in each region."""
    places = [region for region, size in enumerate(sizes) for _ in range(size)]
    return {number: f"{region:02}" for number, region in enumerate(places)}


def cells(people: People, day: date | None = None, *, what: str = "customers") -> Cells:
    rows = pl.DataFrame(
        {"pseudonym": [f"ca1-{n:026d}" for n in people], "region": [*people.values()]},
        schema={"pseudonym": pl.String, "region": pl.String},
    )
    population = Population(what, None, day)
    by = [Dimension("region")]
    return tabulate(rows.lazy(), person="pseudonym", by=by, population=population)


def publish(folder: Path, month: int, **tables: Cells) -> Protected:
    return genlib.protect(ledger=Ledger(folder, date(2026, month, 1), f"run-{month}"), **tables)


@pytest.mark.parametrize("promise", [*PROMISES, NOT_PROMISED])
def test_the_readme_says_every_promise(promise: str) -> None:
    assert promise in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_conditions_of_a_report_say_every_promise(language: str) -> None:
    words = Words(language)
    said = page.describe_promises(words)
    for promise in (*PROMISES, NOT_PROMISED):
        assert words.translate(promise) in said
        assert language == "en" or words.translate(promise) != promise


@FEW
@given(SIZES)
def test_1_nothing_hidden_can_be_worked_out(sizes: list[int]) -> None:
    """Everything that is hidden may be nobody's, or enough people's."""
    if not sum(sizes):
        return
    shown = genlib.protect(table=cells(crowd(sizes)))
    assert shown.pattern is not None
    found = intervals(shown.pattern.manifest())
    assert found.filter(pl.col("high") - pl.col("low") < T - 1).is_empty()


@FEW
@given(SIZES, st.sets(st.integers(0, 47), max_size=8), st.integers(0, 8))
def test_3_and_4_over_time_no_two_figures_are_of_nearly_the_same_people(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], gone: set[int], came: int
) -> None:
    """October's customers, November's, and those of November who are loyal; each figure with the
    people whom it counts."""
    october = crowd(sizes)
    november = {n: region for n, region in october.items() if n not in gone}
    november |= {1000 + n: "00" for n in range(came)}
    loyal = {n: region for n, region in november.items() if n % 7}
    folder = tmp_path_factory.mktemp("ledger")
    then = publish(folder, 10, table=cells(october, date(2026, 10, 1)))
    now = publish(
        folder,
        11,
        table=cells(november, date(2026, 11, 1)),
        loyal=cells(loyal, date(2026, 11, 1), what="loyal"),
    )
    is_repeated = bool(now["table"].told_on)
    told = [*list_groups(then, "table", october)]
    told += list_groups(now, "table", october if is_repeated else november)
    told += list_groups(now, "loyal", loyal)
    groups = {group for group in told if group}
    assert [pair for pair in combinations(groups, 2) if len(pair[0] ^ pair[1]) < T] == []
    if is_repeated:
        assert now["table"].frame.equals(then["table"].frame)
        assert now["table"].told_on == {"": date(2026, 10, 1)}


def list_groups(shown: Protected, name: str, people: People) -> list[frozenset[int]]:
    """Whom each figure that was told counts."""
    rows = shown[name].frame.filter(pl.col("people").is_not_null()).select("region", "people")
    groups = []
    for region, count in rows.rows():
        group = frozenset(n for n, place in people.items() if region in {None, place})
        assert len(group) == count
        groups.append(group)
    return groups
