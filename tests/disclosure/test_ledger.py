"""Over time: what was published before stays published, and nobody is found by subtracting one
report from another."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

import genlib
from genlib.disclosure import Cells, Dimension, Ledger, Measure, Population, Protected, tabulate
from genlib.disclosure.sketch import numbers, people_in, sketches, words
from genlib.errors import NearlyWhole, Refused

People = dict[str, tuple[str, str]]
REGION, AGE = Dimension("region"), Dimension("age")


def cells(
    people: People,
    *by: Dimension,
    population: str | Population = "customers 2026-10",
    **options: Any,
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


def publish(
    folder: Path, month: int, *, report: str = "customer_analysis", **tables: Cells
) -> Protected:
    return genlib.protect(
        ledger=Ledger(
            folder, report, date(2026, month, 1), f"{report}-2026-{month:02d}".replace(" ", "-")
        ),
        **tables,
    )


def value(
    protected: Protected, region: str | None, age: str | None = None
) -> tuple[int | None, str | None]:
    level = [
        pl.col(c).is_null() if v is None else pl.col(c) == v
        for c, v in (("region", region), ("age", age))
        if c in protected.table.frame.columns
    ]
    return protected.table.frame.filter(*level).select("people", "reason").row(0)


START = (
    crowd(20, ("01", "young")) | crowd(30, ("02", "young"), 100) | crowd(40, ("03", "young"), 200)
)


@pytest.mark.parametrize(("joined", "seen"), [(0, 20), (1, 20), (4, 20), (5, 25), (9, 29)])
def test_a_cell_is_told_anew_only_if_nobody_or_enough_people_changed(
    tmp_path: Path, joined: int, seen: int
) -> None:
    publish(tmp_path, 10, table=cells(START, REGION))
    later = START | crowd(joined, ("01", "young"), 900) | crowd(20, ("02", "young"), 800)
    shown = value(
        publish(tmp_path, 11, table=cells(later, REGION, population="customers 2026-11")), "01"
    )
    assert shown == (seen, "time" if joined in {1, 4} else None)


def test_leaving_and_joining_count_both(tmp_path: Path) -> None:
    """20 people stay 20, but three others: six changed, which is enough; with one other it would be
    two, which is not."""
    publish(tmp_path, 10, table=cells(START, REGION))
    three = {p: w for n, (p, w) in enumerate(START.items()) if n >= 3} | crowd(
        3, ("01", "young"), 900
    )
    assert value(publish(tmp_path, 11, table=cells(three, REGION)), "01") == (20, None)
    one = {p: w for n, (p, w) in enumerate(three.items()) if n >= 1} | crowd(
        1, ("01", "young"), 950
    )
    assert value(publish(tmp_path, 12, table=cells(one, REGION)), "01")[1] == "time"


def test_the_earlier_figure_is_repeated_with_its_date(tmp_path: Path) -> None:
    publish(tmp_path, 10, table=cells(START, REGION))
    later = START | crowd(2, ("01", "young"), 900) | crowd(20, ("02", "young"), 800)
    earlier = publish(tmp_path, 11, table=cells(later, REGION)).table.earlier
    assert earlier is not None
    assert earlier.filter(region="01").row(0, named=True) == {
        "region": "01",
        "published_on": date(2026, 10, 1),
        "people": 20,
    }


def test_a_part_and_the_whole_cannot_be_subtracted(tmp_path: Path) -> None:
    """All customers, and a report narrowed by a parameter to all but two of them."""
    publish(tmp_path, 10, table=cells(START, REGION))
    most = {p: w for n, (p, w) in enumerate(START.items()) if n >= 2}
    narrowed = publish(
        tmp_path,
        10,
        report="customer_analysis segment",
        table=cells(most, REGION, population="customers loyal 2026-10"),
    )
    assert value(narrowed, None) == (None, "time")
    assert value(narrowed, "02") == (30, None)


def test_the_same_report_again_is_the_same(tmp_path: Path) -> None:
    first, second = (publish(tmp_path, 10, table=cells(START, REGION)) for _ in range(2))
    assert first.table.frame.equals(second.table.frame)
    assert len(list(tmp_path.glob("*.parquet"))) <= 2


def test_what_was_hidden_stays_hidden_while_its_people_stay(tmp_path: Path) -> None:
    """Another report of the same people may not show what the first had to hide."""
    small = (
        START
        | crowd(3, ("03", "old"), 700)
        | crowd(30, ("01", "old"), 500)
        | crowd(30, ("02", "old"), 600)
    )
    first = publish(tmp_path, 10, table=cells(small))
    unseen = first.table.frame.filter(pl.col("people").is_null()).select("region", "age").rows()
    second = publish(
        tmp_path,
        11,
        report="other",
        table=cells(small, Dimension("region"), Dimension("age", total=False)),
    )
    again = second.table.frame.filter(pl.col("people").is_null()).select("region", "age").rows()
    assert set(unseen) & set(second.table.frame.select("region", "age").rows()) <= set(again)


def test_relations_of_earlier_reports_bind_the_next(tmp_path: Path) -> None:
    """October hides two parts of a sum; a later table may not show that sum's other half so that
    they come out."""
    small = (
        crowd(3, ("01", "a"), 0)
        | crowd(9, ("01", "b"), 100)
        | crowd(8, ("01", "c"), 200)
        | crowd(50, ("02", "a"), 300)
    )
    small |= crowd(50, ("02", "b"), 400) | crowd(50, ("02", "c"), 500)
    publish(tmp_path, 10, table=cells(small))
    pair = {p: (r, "a or b" if a in "ab" else a) for p, (r, a) in small.items()}
    merged = publish(
        tmp_path, 11, report="other", table=cells(pair, population="customers merged 2026-10")
    )
    shown = {(r, a): n for r, a, n in merged.table.frame.select("region", "age", "people").rows()}
    assert shown["01", "a or b"] is None or shown["01", None] is None or shown["01", "c"] is None


def test_without_pseudonyms_a_small_change_of_the_count_is_held_back(tmp_path: Path) -> None:
    def counted(n: int) -> Cells:
        rows = pl.DataFrame({"person": range(n + 50), "region": ["01"] * n + ["02"] * 50})
        return tabulate(rows.lazy(), person="person", by=[REGION], population="customers")

    publish(tmp_path, 10, table=counted(20))
    assert value(publish(tmp_path, 11, table=counted(22)), "01") == (20, "time")
    assert value(publish(tmp_path, 12, table=counted(29)), "01") == (29, None)


def test_a_page_of_a_version_that_sketched_otherwise_counts_its_people_as_unknown(
    tmp_path: Path,
) -> None:
    publish(tmp_path, 10, table=cells(START, REGION))
    page = next(tmp_path.glob("*.parquet"))
    written = pl.read_parquet(page)
    old = (
        written.explode("variables")
        .unnest("variables")
        .with_columns(pl.col("sketch").bin.head(256))
    )
    told = [column for column in old.columns if column not in written.columns]
    old.select(variables=pl.struct(told).implode()).hstack(written.drop("variables")).write_parquet(
        page
    )
    changed = START | crowd(2, ("01", "young"), 900)
    assert value(publish(tmp_path, 11, table=cells(changed, REGION)), "01")[1] == "time"


def test_an_experiment_can_be_forgotten(tmp_path: Path) -> None:
    publish(tmp_path, 10, report="draft", table=cells(START, REGION))
    later = START | crowd(1, ("01", "young"), 900)
    assert value(publish(tmp_path, 11, table=cells(later, REGION)), "01")[1] == "time"
    assert Ledger(tmp_path).forget("draft-2026-10") == 1
    assert Ledger(tmp_path).forget("draft-2026-10") == 0


def test_the_ledger_is_private(tmp_path: Path) -> None:
    publish(tmp_path / "ledger", 10, table=cells(START, REGION))
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "ledger").iterdir()} == {
        0o600
    }
    assert stat.S_IMODE((tmp_path / "ledger").stat().st_mode) == 0o700
    content = b"".join(file.read_bytes() for file in (tmp_path / "ledger").iterdir())
    assert b"ca1-" not in content


def test_a_run_that_publishes_finds_its_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path))
    monkeypatch.setenv(
        "GENLIB_PUBLICATION", "2026-11-01 customer_analysis/2026-10/fi 2026-11-01T040000Z-5f2c91"
    )
    genlib.protect(table=cells(START, REGION))
    ledger = Ledger.standing()
    assert ledger is not None
    assert (ledger.report, ledger.day) == ("customer_analysis/2026-10/fi", date(2026, 11, 1))
    assert [file.stem.partition("_")[2] for file in ledger.folder.glob("*.parquet")] == [ledger.run]


def test_a_small_difference_is_never_taken_for_a_large_one() -> None:
    random = np.random.default_rng(3)
    for apart in range(1, 5):
        people = numbers(
            pl.Series([f"ca1-{n:026d}" for n in random.choice(10**6, 200, replace=False)])
        )
        both = [
            words(sketches(pl.DataFrame({"_number": part}), [])["people"])
            for part in (people, people[apart:])
        ]
        assert people_in(both[0] - both[1])[0] <= apart


def test_numbers_do_not_change_between_versions() -> None:
    assert numbers(pl.Series(["ca1-00000000000000000000000001", "no pseudonym"])).to_list() == [
        1,
        None,
    ]


MONTHS = range(1, 13)
REGIONS, AGES = ("01", "02", "03", "04"), ("a", "b", "c")


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
                table=cells(register, population=f"customers 2026-{month:02d}"),
                ages=cells(register, AGE, population=f"customers 2026-{month:02d}"),
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


def test_twelve_months_together_expose_nobody(year: tuple[list[People], list[Protected]]) -> None:
    """All that was published in a year: no two shown cells differ by fewer than five people, within
    or across months, unless a relation between them was proven safe within a month."""
    history, reports = year
    shown = [
        (month, sets(history[month], region, age), n)
        for month, report in enumerate(reports)
        for region, age, n, why in report.table.frame.select(
            "region", "age", "people", "reason"
        ).rows()
        if n is not None and why is None
    ]
    assert all(len(members) == n for _, members, n in shown)
    close = [
        (a, b) for a, one, _ in shown for b, two, _ in shown if a < b and 0 < len(one ^ two) < 5
    ]
    assert close == []
    assert sum(report.table.hidden for report in reports) > 0


def new(column: str) -> pl.Expr:
    """Without what was only repeated."""
    return pl.when(pl.col("reason").is_null()).then(column)


def attacked(history: list[People], reports: list[Protected]) -> list[tuple[int, float, float]]:
    """Size, least and greatest possible size of every small group, to one who holds all reports and
    knows which groups are the same."""
    names: dict[frozenset[str], int] = {}
    rows, shown = [], {}
    for people, report in zip(history, reports, strict=True):
        group = {
            (r, a): names.setdefault(sets(people, r, a), len(names))
            for r in (None, *REGIONS)
            for a in (None, *AGES)
        }
        rows += [([group[r, a] for a in AGES], group[r, None]) for r in (None, *REGIONS)]
        rows += [([group[r, a] for r in REGIONS], group[None, a]) for a in (None, *AGES)]
        told = {
            (r, a): n
            for r, a, n in report.table.frame.select("region", "age", new("people")).rows()
        }
        told |= {
            (None, a): n
            for a, n in report.ages.frame.select("age", new("people")).rows()
            if n is not None
        }
        shown |= {
            place: told.get(where, 0)
            for where, place in group.items()
            if told.get(where, 0) is not None
        }
    matrix = np.zeros((len(rows), len(names)))
    for line, (parts, whole) in zip(matrix, rows, strict=True):
        np.add.at(line, parts, 1)
        line[whole] -= 1
    bounds = [(shown[place],) * 2 if place in shown else (0, None) for place in range(len(names))]
    small = [(len(group), place) for group, place in names.items() if 0 < len(group) < 5]
    found = []
    for size, place in small:
        cost = np.eye(len(names))[place]
        low, high = (
            linprog(sign * cost, A_eq=matrix, b_eq=np.zeros(len(rows)), bounds=bounds)
            for sign in (1, -1)
        )
        found.append((size, low.fun, np.inf if high.status == 3 else -high.fun))
    return found


def test_a_year_of_reports_as_one_system_pins_no_small_group(
    year: tuple[list[People], list[Protected]],
) -> None:
    found = attacked(*year)
    assert found
    assert [(n, low, high) for n, low, high in found if low > n - 1 + 1e-6 or high < 5 - 1e-6] == []


def test_two_publications_at_once_see_each_other(tmp_path: Path) -> None:
    """Of a cell and of the same less two people, published at the same time, only one is told."""
    less = {p: w for n, (p, w) in enumerate(START.items()) if n >= 2}
    both = [
        ("one", cells(START, REGION)),
        ("other", cells(less, REGION, population="customers loyal")),
    ]
    with ThreadPoolExecutor(2) as pool:
        made = list(
            pool.map(lambda report: publish(tmp_path, 10, report=report[0], table=report[1]), both)
        )
    assert sorted(value(protected, "01")[1] or "" for protected in made) == ["", "time"]


def test_money_that_was_told_is_known_afterwards(tmp_path: Path) -> None:
    """A figure of money that stands in an earlier report cannot be hidden any more to protect
    another."""
    people = (
        crowd(20, ("01", "a"))
        | crowd(20, ("01", "b"), 100)
        | crowd(20, ("02", "a"), 200)
        | crowd(20, ("02", "b"), 300)
    )
    rows = pl.DataFrame(
        [(p, *w, 1000) for p, w in people.items()],
        schema=["pseudonym", "region", "age", "cents"],
        orient="row",
    )
    rich = rows.with_columns(
        cents=pl.when(pl.int_range(pl.len()) == 0).then(900_000).otherwise("cents")
    )
    measures = (Measure("people", "people"), Measure("cents", "money"))

    def told(frame: pl.DataFrame, *by: Dimension) -> Cells:
        return tabulate(
            frame.lazy(), person="pseudonym", by=by, measures=measures, population="buyers"
        )

    publish(tmp_path, 10, table=told(rows.filter(pl.col("region") == "02"), AGE))
    later = publish(tmp_path, 11, table=told(rich, REGION, AGE))
    assert value(later, "02", "b")[0] == 20
    assert value(later, "01", "a")[1] == "dominance"


def test_a_report_in_another_language_is_the_same_report(tmp_path: Path) -> None:
    small = (
        START
        | crowd(3, ("03", "old"), 700)
        | crowd(30, ("01", "old"), 500)
        | crowd(30, ("02", "old"), 600)
    )
    first, second = (
        publish(tmp_path, 10, report=f"report {language}", table=cells(small))
        for language in ("fi", "en")
    )
    assert first.table.frame.equals(second.table.frame)
    assert first.table.hidden > 0


def test_what_the_past_leaves_no_room_for_is_refused_with_what_would_be_allowed(
    tmp_path: Path,
) -> None:
    """That region 01 has five is known: whoever is the one young person there would know that the
    others are four."""
    people = crowd(1, ("01", "young")) | crowd(4, ("01", "old"), 10) | crowd(20, ("02", "old"), 100)
    publish(tmp_path, 10, table=cells(people, REGION))
    with pytest.raises(
        Refused, match=r"no protection could be proven .*; allowed would be: table without region"
    ):
        publish(tmp_path, 11, table=cells(people, REGION, AGE))


def of_kind(people: People, kind: str, month: int) -> Cells:
    """A report of one kind alone: the people are narrowed before they are counted."""
    chosen = {person: where for person, where in people.items() if where[0] == kind}
    whose = Population(f"customers 2026-{month:02d}", cut=(("kind", kind),))
    return cells(chosen, AGE, population=whose)


def everybody(people: People, month: int) -> Cells:
    return cells(people, AGE, population=f"customers 2026-{month:02d}")


MIXED = (
    crowd(40, ("consumer", "young"))
    | crowd(30, ("company", "young"), 100)
    | crowd(50, ("consumer", "old"), 200)
)


@pytest.mark.parametrize(("joined", "told"), [(0, True), (3, False), (7, True)])
def test_two_parts_of_last_month_and_the_whole_of_this_one_do_not_tell_who_joined(
    tmp_path: Path, joined: int, told: bool
) -> None:
    for kind in ("consumer", "company"):
        publish(tmp_path, 10, report=kind, table=of_kind(MIXED, kind, 10))
    later = MIXED | crowd(joined, ("company", "young"), 900)
    shown = publish(tmp_path, 11, table=everybody(later, 11)).table.frame
    assert (shown.filter(age="young")["people"].item() is not None) == told


def whole_and_consumers(folder: Path) -> None:
    publish(folder, 10, report="whole", table=everybody(MIXED, 10))
    publish(folder, 10, report="consumer", table=of_kind(MIXED, "consumer", 10))


def test_the_whole_less_one_part_and_the_other_part_later_do_not_tell_who_joined(
    tmp_path: Path,
) -> None:
    """Nearly nothing can be told of the part then: it is refused, and takes nothing from the
    reports to come."""
    whole_and_consumers(tmp_path)
    three = MIXED | crowd(3, ("company", "young"), 900)
    with pytest.raises(NearlyWhole, match="more than half of this part would have to be hidden"):
        publish(tmp_path, 11, table=of_kind(three, "company", 11))
    assert len(list(tmp_path.glob("*.parquet"))) == 2


def test_enough_who_joined_are_told(tmp_path: Path) -> None:
    whole_and_consumers(tmp_path)
    seven = MIXED | crowd(7, ("company", "young"), 900)
    shown = publish(tmp_path, 11, table=of_kind(seven, "company", 11)).table.frame
    assert shown.filter(age="young")["people"].item() == 37
